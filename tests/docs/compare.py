#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
#
# What myelin, nginx and HAProxy make of the same exchange between two raw HTTP/2 peers, beside what the peers do
# without a relay: the facts of the README's table. Run by hand: it wants Debian's nginx and haproxy.
# usage: compare.py [MYELIN]
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tests" / "peers"), str(ROOT / "bench")]
import h2peer  # noqa: E402
import relays  # noqa: E402

INTERNAL_ERROR = 2
SENT = [(b"user-agent", b"shop/1.0"), (b"x-a-bin", b"AAEC")]
MYELIN = sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "build" / "bin" / "myelin")
RELAYS = {"myelin generic": ([MYELIN, "--config", "{config}"], relays.MYELIN),
          "nginx": (["nginx", "-c", "{config}", "-p", "{folder}", "-e", "stderr"], relays.NGINX),
          "haproxy": (["haproxy", "-f", "{config}"], relays.HAPROXY)}


def trailers_only(stream):
    stream.wait_closed()
    stream.send_headers([*h2peer.Server.RESPONSE, (b"grpc-status", b"5")], end=True)


def reset_before_headers(stream):
    stream.wait_closed()
    stream.reset(INTERNAL_ERROR)


def reset_after_a_message(stream):
    stream.wait_closed()
    stream.send_headers(h2peer.Server.RESPONSE)
    stream.send_data(h2peer.frame(b"hello"))
    stream.reset(INTERNAL_ERROR)


def plain_answer(stream):
    stream.wait_closed()
    h2peer.reply(stream, [b"hello"])


def describe(stream):
    """What the client saw."""
    status = [value.decode() for block in range(len(stream.blocks)) for value in stream.header("grpc-status", block)]
    http = stream.header(":status")[0].decode() if stream.blocks else "none"
    message = "message" if b"hello" in stream.data else "no message"
    return f"{' '.join(stream.order)}; http {http}, grpc-status {status or 'none'}, reset {stream.reset_code}, {message}"


def exchange(address, server):
    connection = h2peer.connect(address)
    try:
        stream = connection.request("/test.Service/Echo", SENT, content_type=b"application/grpc+proto")
        stream.send_data(h2peer.frame(b"x"), end=True)
        stream.wait_closed()
        seen = server.streams[0] if server.streams else None
        names = ("user-agent", "content-type", "x-a-bin")
        return describe(stream), seen and ", ".join(seen.header(name)[0].decode() for name in names)
    finally:
        connection.close()


def through(name, script, folder):
    server = h2peer.Server(script)
    relay = None
    try:
        address = server.address
        if name in RELAYS:
            command, config = RELAYS[name]
            relay = relays.Relay(name, command, config, folder, int(address.rsplit(":", 1)[1]), pump="generic")
            address = f"127.0.0.1:{relay.port}"
        return exchange(address, server)
    finally:
        if relay:
            relay.stop()
        server.stop()


def main():
    for script in (trailers_only, reset_before_headers, reset_after_a_message, plain_answer):
        print(script.__name__.replace("_", " "))
        for name in ("no relay", *RELAYS):
            with tempfile.TemporaryDirectory() as folder:
                client, upstream = through(name, script, folder)
            print(f"  {name:15} {client}")
            if script is plain_answer:
                print(f"  {'':15} upstream saw {upstream}")


if __name__ == "__main__":
    main()
