# SPDX-License-Identifier: Apache-2.0
#
# What the cases stand on: a raw HTTP/2 client, a raw HTTP/2 upstream, and between them the relay under test, which is
# `direct` (none), a pump of myelin's, or a peer of peers.py. The runner (run.py) calls `use` before it runs a case.
import contextlib
import pathlib
import sys

import h2.exceptions

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "system"))
import harness  # noqa: E402  puts tests/peers on the path
import h2peer  # noqa: E402
import peers  # noqa: E402

DIRECT, PUMPS = "direct", ("frame", "generic")
RELAYS = (DIRECT, *PUMPS, *peers.PEERS)

# Error codes of RFC 9113.
NO_ERROR, INTERNAL_ERROR, REFUSED_STREAM, CANCEL, ENHANCE_YOUR_CALM = 0x0, 0x2, 0x7, 0x8, 0xB
# What sending fails with when the stream has been reset.
RESET_BEFORE = (BrokenPipeError, h2.exceptions.StreamClosedError)
# All calls on one upstream connection.
SINGLE = {"workers": 1, "pool": {"loose": {"size": 1, "max_size": 1}}}
ECHO = "/test.Service/Echo"

relay_under_test = DIRECT


def use(relay):
    global relay_under_test
    relay_under_test = relay
    harness.DIRECT = relay == DIRECT
    if relay in PUMPS:
        harness.PUMP = relay


def rule(*numbers):
    """Which rules a case shows."""
    def mark(case):
        case.rules = numbers
        return case
    return mark


def relay_only(case):
    """Is about what a relay does in its own name."""
    case.relays = RELAYS[1:]
    return case


def myelin_only(case):
    """Needs a configuration that only myelin has, or looks into it."""
    case.relays = PUMPS
    return case


def answer(stream):
    """The upstream's script of most cases: the request's messages, once it has ended."""
    stream.wait_closed()
    h2peer.reply(stream, stream.messages)


def hang(stream):
    stream.wait_closed(60)


class Case(harness.ProxyTest):
    def setUp(self):
        if relay_under_test not in getattr(getattr(self, self._testMethodName), "relays", RELAYS):
            self.skipTest("not about this relay")

    def start(self, endpoints, arguments=(), others=(), **settings):
        """The relay before the upstreams. A peer takes the first, and none of the settings."""
        if relay_under_test not in peers.PEERS:
            return super().start(endpoints, arguments, others, **settings)
        address = endpoints[0] if isinstance(endpoints[0], str) else endpoints[0].address
        return self.own(peers.Peer(relay_under_test, address))

    def serve(self, script=answer, settings=None, gate=None, **config):
        """A raw upstream with its script, the relay before it, and a client's connection to that."""
        self.server = self.own(h2peer.Server(script, settings, gate))
        self.target = self.start([self.server], **config)
        return self.connect()

    def connect(self, settings=None):
        connection = h2peer.connect(self.target.address, settings)
        self.addCleanup(connection.close)
        return connection

    def open(self, connection, headers=(), message=None, path=ECHO, **arguments):
        """A call whose request goes on."""
        stream = connection.request(path, headers, **arguments)
        if message is not None:
            with contextlib.suppress(*RESET_BEFORE):
                stream.send_data(h2peer.frame(message))
        return stream

    def call(self, connection, headers=(), message=b"x", path=ECHO, **arguments):
        """A whole call, or as much of it as was sent before it was reset."""
        stream = connection.request(path, headers, **arguments)
        with contextlib.suppress(*RESET_BEFORE):
            stream.send_data(h2peer.frame(message), end=True)
        return stream.wait_closed()

    def upstream_stream(self, index=0):
        """The upstream's side of the call that reached it as number `index`."""
        harness.wait_until(lambda: len(self.server.streams) > index, f"call {index} upstream", h2peer.WAIT_S)
        return self.server.streams[index]

    def assert_ok(self, stream):
        self.assert_ends_with(stream, b"0")

    def assert_ends_with(self, stream, status):
        self.assertEqual((status_of(stream), stream.ended), (status, True), (stream.order, stream.blocks))

    def assert_alive(self):
        """A new client is served."""
        self.assert_ok(self.call(self.connect()))


def status_of(stream):
    """The grpc-status that a client reads, or None."""
    return next(iter(stream.header("grpc-status", -1)), None) if stream.blocks else None


def shape(stream):
    """What came, in order; less the reset that says that nobody needs the rest of a request."""
    return stream.order[:-1] if stream.ended and stream.reset_code == NO_ERROR else stream.order


def seen(stream):
    """What a failing case says of a stream."""
    return f"{stream.order}, reset {stream.reset_code}, {stream.blocks}"
