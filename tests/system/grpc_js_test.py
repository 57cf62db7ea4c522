# SPDX-License-Identifier: Apache-2.0
#
# npm's @grpc/grpc-js, a stack in JavaScript alone, as client and as server against python3-grpcio. It is installed
# beside the proxy under test; without node, npm or their registry the tests are skipped.
import os
import pathlib
import shutil
import subprocess
import threading

import grpc

import harness  # puts tests/peers on the path
from harness import PEERS, failure, stream, unary, wait_until

SCRIPTS = PEERS / "grpc_js"
FOLDER = pathlib.Path(harness.BINARY).resolve().parent.parent / "grpc_js"
CASES = ("unary", "client_streaming", "server_streaming", "bidirectional_streaming", "metadata", "error_with_details",
         "unknown_method", "deadline", "cancel", "large_messages", "compression", "many_at_once")
MESSAGE, DETAILS = "naïve ☃ 100% %41", b"\x08\x09\x12\x04text\x00\xff"
BINARY = bytes(range(256))


def install():
    """Installs the package once; says why not, or None."""
    if not shutil.which("node") or not shutil.which("npm"):
        return "@grpc/grpc-js needs node and npm, which are not here"
    if (FOLDER / "node_modules" / "@grpc" / "grpc-js").exists():
        return None
    FOLDER.mkdir(parents=True, exist_ok=True)
    shutil.copy(SCRIPTS / "package.json", FOLDER)
    command = ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", "--prefix", FOLDER]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=120, cwd=FOLDER)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        return f"npm could not install @grpc/grpc-js: {error}"
    return None


class Node(harness.Child):
    """A script of tests/peers/grpc_js."""

    def __init__(self, script, *arguments):
        super().__init__(["node", SCRIPTS / script, *arguments],
                         env={**os.environ, "NODE_PATH": str(FOLDER / "node_modules")})

    def stop(self):
        self.kill()


class PythonService:
    """The service of service.js, by python3-grpcio."""

    def __init__(self):
        self.cancels = 0

    def handlers(self):
        return {"Unary": self.unary, "Collect": lambda requests, _: iter([b"".join(requests)]),
                "Count": lambda requests, _: (b"%d" % i for i in range(int(next(requests)))), "Chat": harness.echo,
                "Fail": self.fail, "Hang": self.hang, "Cancels": lambda *_: iter([b"%d" % self.cancels])}

    def unary(self, requests, context):
        returned = tuple((k, v) for k, v in context.invocation_metadata() if k.startswith("x-"))
        context.send_initial_metadata(returned)
        context.set_trailing_metadata(returned)
        yield from requests

    def fail(self, _, context):
        context.set_trailing_metadata((("grpc-status-details-bin", DETAILS),))
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, MESSAGE)
        yield b""

    def hang(self, _, context):
        gone = threading.Event()
        context.add_callback(gone.set)
        context.send_initial_metadata(())
        gone.wait(harness.WAIT_S)
        self.cancels += 1
        yield b""


class GrpcJsTest(harness.ProxyTest):
    def setUp(self):
        if why := install():
            self.skipTest(why)


class ClientTest(GrpcJsTest):
    def test_every_case_passes(self):
        target = self.start([self.upstream(**PythonService().handlers())])
        client = Node("client.js", target.address)
        self.addCleanup(client.kill)
        self.assertEqual(client.wait(120), 0, client.log())
        self.assertEqual(client.lines, [f"ok {name}" for name in CASES])


class ServerTest(GrpcJsTest):
    def setUp(self):
        super().setUp()
        server = self.own(Node("server.js"))
        server.address = "127.0.0.1:" + server.wait_line(r"listening (\d+)")[1]
        self.target = self.start([server])
        self.channel_to = self.channel(self.target)

    def cancels(self):
        return int(unary(self.channel_to, "Cancels")[0])

    def test_calls_of_every_kind(self):
        numbers = [b"%d" % i for i in range(100)]
        self.assertEqual(unary(self.channel_to, "Unary", b"hello")[0], b"hello")
        self.assertEqual(list(stream(self.channel_to, numbers, "Collect")), [b"".join(numbers)])
        self.assertEqual(list(stream(self.channel_to, [b"100"], "Count")), numbers)
        self.assertEqual(list(stream(self.channel_to, numbers, "Chat")), numbers)

    def test_metadata_both_ways(self):
        sent = (("x-text", "one"), ("x-raw-bin", BINARY))
        _, call = unary(self.channel_to, "Unary", metadata=sent)
        for metadata in (call.initial_metadata(), call.trailing_metadata()):
            self.assertEqual({k: v for k, v in metadata if k.startswith("x-")}, dict(sent))

    def test_error_with_details(self):
        error = failure(unary, self.channel_to, "Fail")
        self.assertEqual((error.code(), error.details()), (grpc.StatusCode.FAILED_PRECONDITION, MESSAGE))
        self.assertIn(("grpc-status-details-bin", DETAILS), error.trailing_metadata())

    def test_unknown_method(self):
        self.assert_status(grpc.StatusCode.UNIMPLEMENTED, failure(unary, self.channel_to, "None"))

    def test_deadline_and_cancel_reach_the_server(self):
        before = self.cancels()
        error = failure(list, stream(self.channel_to, [b"x"], "Hang", timeout=0.3))
        self.assert_status(grpc.StatusCode.DEADLINE_EXCEEDED, error)
        wait_until(lambda: self.cancels() == before + 1, "the end of the first call")
        call = stream(self.channel_to, [b"x"], "Hang")
        call.initial_metadata()
        call.cancel()
        wait_until(lambda: self.cancels() == before + 2, "the end of the second call")

    def test_large_and_compressed_messages(self):
        large = b"large " * (8 << 18)
        for compression in (grpc.Compression.NoCompression, grpc.Compression.Gzip, grpc.Compression.Deflate):
            with self.subTest(compression):
                self.assertTrue(unary(self.channel_to, "Unary", large, compression=compression)[0] == large)


if __name__ == "__main__":
    harness.main()
