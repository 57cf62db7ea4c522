# SPDX-License-Identifier: Apache-2.0
#
# Compressed messages: what they say always arrives; that they were compressed, a raw peer sees.
import gzip

import grpc

import harness  # puts tests/peers on the path
import h2peer
from harness import unary

TEXT = b"compress me " * 10000


class CompressionTest(harness.ProxyTest):
    def test_compressed_calls_between_libraries_pass(self):
        """Rule 10: gzip and deflate, requested by the client and by the server."""
        def handler(requests, context):
            context.set_compression(grpc.Compression.Gzip)
            yield from requests
        channel = self.channel(self.start([self.upstream(Call=handler)]))
        for compression in (grpc.Compression.NoCompression, grpc.Compression.Gzip, grpc.Compression.Deflate):
            for method in ("Echo", "Call"):
                with self.subTest(f"{compression} {method}"):
                    self.assertEqual(unary(channel, method, TEXT, compression=compression)[0], TEXT)

    def exchange(self, headers, sent, answer_headers, answer):
        """One raw call; what the server and what the client then got."""
        def script(stream):
            stream.wait_closed()
            stream.send_headers([*h2peer.Server.RESPONSE, *answer_headers])
            stream.send_data(answer)
            stream.send_headers([(b"grpc-status", b"0")], end=True)
        server = self.own(h2peer.Server(script))
        connection = h2peer.connect(self.start([server]).address)
        self.addCleanup(connection.close)
        stream = connection.request("/test.Service/Echo", headers)
        stream.send_data(sent, end=True)
        stream.wait_closed()
        return server.streams[0], stream

    def test_flag_and_payload_pass_untouched(self):
        """Rule 10: the flag, the very bytes, and grpc-encoding."""
        packed = gzip.compress(TEXT, 3, mtime=7)
        frame = h2peer.frame(packed, compressed=True)
        encoding = [(b"grpc-encoding", b"gzip"), (b"grpc-accept-encoding", b"identity,gzip")]
        server, client = self.exchange(encoding, frame, encoding[:1], frame)
        self.assert_kept("compressed_request", (server.data, server.header("grpc-encoding")) == (frame, [b"gzip"]),
                         f"{len(server.data)} bytes, {server.headers}")
        self.assert_kept("compressed_response", (client.data, client.header("grpc-encoding")) == (frame, [b"gzip"]),
                         f"{len(client.data)} bytes, {client.headers}")

    def test_uncompressed_message_of_a_compressing_peer_stays_so(self):
        """Rule 10: the flag is per message."""
        frame = h2peer.frame(TEXT)
        server, client = self.exchange([(b"grpc-encoding", b"gzip")], frame, [(b"grpc-encoding", b"gzip")], frame)
        self.assert_kept("uncompressed_request", server.data == frame, len(server.data))
        self.assert_kept("uncompressed_response", client.data == frame, len(client.data))

    def test_unknown_encoding_passes(self):
        """Rule 10: the proxy need not know it."""
        frame = h2peer.frame(b"\x28\xb5\x2f\xfd not really", compressed=True)
        encoding = [(b"grpc-encoding", b"zstd")]
        server, client = self.exchange(encoding, frame, encoding, frame)
        self.assert_kept("unknown_encoding", (server.data, client.data) == (frame, frame), (server.data, client.blocks))


if __name__ == "__main__":
    harness.main()
