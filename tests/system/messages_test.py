# SPDX-License-Identifier: Apache-2.0
#
# Messages by size and number: large ones, many streams at once, many calls in a row.
import asyncio
import hashlib
import os

import grpc

import harness
from harness import OPTIONS, WAIT_S, stream, unary

MIB = 1 << 20
TEXT = b"compress me " * 10000
LARGE = 64 * MIB


class MessagesTest(harness.ProxyTest):
    def test_message_of_64_MiB_passes_each_way(self):
        """Rule 11: no message limit by default."""
        message = os.urandom(MIB) * 64
        def handler(requests, _):
            got = next(requests)
            yield hashlib.sha256(got).digest()
            yield got
        target = self.start([self.upstream(Call=handler)])
        call = stream(self.channel(target), [message], "Call", timeout=120)
        self.assertEqual(next(call), hashlib.sha256(message).digest())
        self.assertTrue(next(call) == message)
        self.assertEqual(list(call), [])

    def test_many_large_messages_leave_no_memory(self):
        """Rule 11: what a large message took is given back or used again."""
        target = self.start([self.upstream()], workers=1)
        channel = self.channel(target)
        message = os.urandom(MIB) * 16
        unary(channel, request=message)
        before = 0 if harness.DIRECT else target.rss_kib()
        for _ in range(8):
            self.assertTrue(unary(channel, request=message)[0] == message)
        if not harness.DIRECT:
            self.assertLess(target.rss_kib() - before, 64 * 1024)

    def test_every_size_around_the_edges_passes(self):
        """Rule 9: sizes beside frame, window and power-of-two borders."""
        edges = (0, 1, 5, 16384, 65535, 65536, MIB, 4 * MIB)
        sizes = sorted({max(0, edge + by) for edge in edges for by in (-6, -5, -1, 0, 1)})
        channel = self.channel(self.start([self.upstream()]))
        noise = os.urandom(max(sizes))
        for size in sizes:
            self.assertTrue(unary(channel, request=noise[:size])[0] == noise[:size], size)

    def test_1000_concurrent_streams_each_get_their_own(self):
        """Over ten connections, all open at once before any ends."""
        upstream = self.own(harness.EchoProcess())
        target = self.start([upstream], pool={"loose": {"size": 2, "max_size": 32}}, timeouts={"queue": "30s"})
        asyncio.run(asyncio.wait_for(self.thousand(target.address), 120))

    async def thousand(self, address):
        options = [*OPTIONS, ("grpc.use_local_subchannel_pool", 1)]
        channels = [grpc.aio.insecure_channel(address, options) for _ in range(10)]
        calls = [channels[i % 10].stream_stream("/test.Service/Bidi")() for i in range(1000)]
        for turn in range(3):
            texts = [b"%d of %d" % (turn, i) for i in range(1000)]
            await asyncio.gather(*(call.write(text) for call, text in zip(calls, texts)))
            answers = await asyncio.gather(*(call.read() for call in calls))
            self.assertEqual(answers, texts)
        await asyncio.gather(*(call.done_writing() for call in calls))
        ends = await asyncio.gather(*(call.code() for call in calls))
        self.assertEqual(set(ends), {grpc.StatusCode.OK})
        for channel in channels:
            await channel.close()

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

    def test_10000_sequential_calls(self):
        upstream = self.own(harness.EchoProcess())
        target = self.start([upstream])
        call = self.channel(target).unary_unary("/test.Service/Echo")
        for index in range(10000):
            text = b"%d" % index
            self.assertEqual(call(text, timeout=WAIT_S), text)
        if not harness.DIRECT:
            target.wait_idle()
            self.assertEqual(sum(target.stats()["endpoints"][0]["calls"].values()), 10000)


if __name__ == "__main__":
    harness.main()
