# SPDX-License-Identifier: Apache-2.0
#
# Metadata and statuses, both ways, between grpcio peers.
import grpc

import harness
from harness import failure, unary

BINARY = bytes(range(256))
SENT = (("x-text", "one"), ("x-raw-bin", BINARY), ("x-text", "two"), ("x-raw-bin", b""), ("x-raw-bin", b"a,b"),
        ("x-comma", "a, b,c"), ("x-text", "three"), ("x-space", "inner  spaces stay"), ("x-raw-bin", b"\0\xff\0"))


def pairs(metadata, *names):
    """The entries of these names, in order, values as bytes."""
    as_bytes = lambda v: v if isinstance(v, bytes) else v.encode()
    return [(k, as_bytes(v)) for k, v in metadata if k in names]


def grouped(metadata, names):
    """gRPC keeps the order among equal names; between different ones it promises nothing."""
    return {name: [v for _, v in pairs(metadata, name)] for name in names}


NAMES = {name for name, _ in SENT}


class MetadataTest(harness.ProxyTest):
    def serve(self, handler):
        self.target = self.start([self.upstream(Call=handler)])
        return self.channel(self.target)

    def test_request_metadata_arrives_byte_for_byte(self):
        """Rule 5: binary values whole, duplicates in order."""
        seen = []
        channel = self.serve(lambda _, context: (seen.extend(context.invocation_metadata()), iter([b""]))[1])
        unary(channel, "Call", metadata=SENT)
        self.assertEqual(grouped(seen, NAMES), grouped(SENT, NAMES))

    def test_initial_and_trailing_metadata_arrive_byte_for_byte(self):
        """Rule 5, on the way back."""
        def handler(_, context):
            context.send_initial_metadata(SENT)
            context.set_trailing_metadata(tuple(reversed(SENT)))
            yield b""
        _, call = unary(self.serve(handler), "Call")
        self.assertEqual(grouped(call.initial_metadata(), NAMES), grouped(SENT, NAMES))
        self.assertEqual(grouped(call.trailing_metadata(), NAMES), grouped(tuple(reversed(SENT)), NAMES))

    def test_the_proxy_adds_no_metadata(self):
        """What the application sees is what the peer sent."""
        seen = []
        def handler(_, context):
            seen.extend(k for k, _ in context.invocation_metadata())
            yield b""
        _, call = unary(self.serve(handler), "Call", metadata=(("x-one", "1"),))
        self.assertEqual(set(seen), {"x-one", "user-agent"})
        self.assertEqual([k for k, _ in call.initial_metadata()], [])
        self.assertEqual([k for k, _ in call.trailing_metadata()], [])

    def test_metadata_of_64_KiB_passes(self):
        """Rule 22: lists of 16 KB and more, in all three blocks."""
        large = tuple((f"x-large-{i}", "v" * 4096) for i in range(16))
        names = {k for k, _ in large}
        seen = []
        def handler(_, context):
            seen.extend(context.invocation_metadata())
            context.send_initial_metadata(large)
            context.set_trailing_metadata(large)
            yield b""
        _, call = unary(self.serve(handler), "Call", metadata=large)
        for block in (seen, call.initial_metadata(), call.trailing_metadata()):
            self.assertEqual(grouped(block, names), grouped(large, names))

    def test_status_message_and_details_arrive_once(self):
        """Rule 4: unicode and control characters in the message; the binary details exactly once."""
        message = "naïve ☃ 100% %41 \t\n\x7f ende"
        details = b"\x08\x05\x12\x04text" + BINARY
        def handler(_, context):
            context.set_trailing_metadata((("grpc-status-details-bin", details), ("x-after", "1")))
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, message)
            yield b""
        error = failure(unary, self.serve(handler), "Call")
        self.assertEqual((error.code(), error.details()), (grpc.StatusCode.FAILED_PRECONDITION, message))
        self.assertEqual(pairs(error.trailing_metadata(), "grpc-status-details-bin", "x-after"),
                         [("grpc-status-details-bin", details), ("x-after", b"1")])

    def test_every_status_code_passes(self):
        """Rule 4."""
        codes = [code for code in grpc.StatusCode if code is not grpc.StatusCode.OK]
        def handler(requests, context):
            context.abort(codes[next(requests)[0]], "told")
            yield b""
        channel = self.serve(handler)
        for index, code in enumerate(codes):
            self.assert_status(code, failure(unary, channel, "Call", bytes([index])), "told")

    def test_unknown_method_stays_unimplemented(self):
        """The upstream's own answer, not the proxy's."""
        channel = self.serve(harness.echo)
        self.assert_status(grpc.StatusCode.UNIMPLEMENTED, failure(unary, channel, "NoSuchMethod"))


if __name__ == "__main__":
    harness.main()
