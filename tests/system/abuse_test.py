# SPDX-License-Identifier: Apache-2.0
#
# Rule 26: clients that do what costs the proxy and not them are told to calm down, and the next client is served.
import unittest

import hpack
from hyperframe.frame import (ContinuationFrame, DataFrame, HeadersFrame, PingFrame, PriorityFrame, RstStreamFrame,
                              SettingsFrame, WindowUpdateFrame)

import harness  # puts tests/peers on the path
import h2peer
from harness import wait_until

ENHANCE_YOUR_CALM = 11
REQUEST = [(":method", "POST"), (":scheme", "http"), (":path", "/test.Service/Echo"), (":authority", "x"),
           ("content-type", "application/grpc"), ("te", "trailers")]
MEMORY_KIB = 16 * 1024


@unittest.skipIf(harness.DIRECT or harness.PUMP != "frame", "grpc++ has limits of its own")
class AbuseTest(harness.ProxyTest):
    def setUp(self):
        def answer(stream):
            stream.wait_closed()
            h2peer.reply(stream)
        self.target = self.start([self.own(h2peer.Server(answer))], workers=1)
        self.connection = self.connect()
        self.encoder = hpack.Encoder()

    def connect(self):
        connection = h2peer.connect(self.target.address)
        self.addCleanup(connection.close)
        return connection

    def assert_calmed(self, make, times):
        """Sends what `make(index)` gives until the connection ends; the proxy goes on with others."""
        before = self.target.rss_kib()
        try:
            for index in range(times):
                self.connection.send_raw(make(index))
        except OSError:
            pass
        wait_until(lambda: self.connection.closed or self.connection.goaway, "the end of the connection")
        self.target.wait_line("told to calm down")
        if self.connection.goaway:  # a client that goes on sending may lose it to the reset that follows
            self.assertEqual(int(self.connection.goaway.error_code), ENHANCE_YOUR_CALM)
        self.assertLess(self.target.rss_kib() - before, MEMORY_KIB)
        stream = self.connect().request("/test.Service/Echo", end=True).wait_closed()
        self.assertEqual(stream.header("grpc-status", -1), [b"0"])

    def requests(self, index, after):
        """Fifty requests, each followed by the frame `after(stream_id)`."""
        ids = [1 + 2 * (index * 50 + k) for k in range(50)]
        return b"".join(HeadersFrame(i, self.encoder.encode(REQUEST), flags=["END_HEADERS"]).serialize() +
                        after(i).serialize() for i in ids)

    def test_pings(self):
        self.assert_calmed(lambda _: PingFrame(0, b"12345678").serialize() * 100, 2000)

    def test_settings(self):
        self.assert_calmed(lambda _: SettingsFrame(0).serialize() * 100, 2000)

    def test_priorities(self):
        self.assert_calmed(lambda _: PriorityFrame(1, depends_on=0, stream_weight=3).serialize() * 100, 2000)

    def test_window_updates(self):
        self.assert_calmed(lambda _: WindowUpdateFrame(0, window_increment=1).serialize() * 100, 5000)

    def test_empty_data(self):
        self.connection.request("/test.Service/Echo")
        self.assert_calmed(lambda _: DataFrame(1, b"").serialize() * 100, 2000)

    def test_rapid_resets(self):
        self.assert_calmed(lambda index: self.requests(index, lambda i: RstStreamFrame(i, error_code=8)), 1000)

    def test_provoked_resets(self):
        """MadeYouReset: a window that overflows makes the server reset."""
        overflow = lambda i: WindowUpdateFrame(i, window_increment=2**31 - 1)
        self.assert_calmed(lambda index: self.requests(index, overflow), 1000)

    def test_continuations(self):
        self.connection.request("/test.Service/Echo", end=True).wait_closed()  # nothing else comes in between now
        self.connection.send_raw(HeadersFrame(3, b"\x82", flags=[]).serialize())
        self.assert_calmed(lambda _: ContinuationFrame(3, b"").serialize() * 10, 2000)

    def test_header_bomb(self):
        """A long value in the dynamic table, and then a byte for each time it is meant again."""
        first = self.encoder.encode([*REQUEST, ("x-bomb", "y" * 3900)])
        def bomb(index):
            return HeadersFrame(1 + 2 * index, (first if index == 0 else b"") + b"\xbe" * 12000,
                                flags=["END_HEADERS"]).serialize()
        self.assert_calmed(bomb, 50)

    def test_oversized_headers_fail_one_call(self):
        """Rule 22."""
        large = [(b"x-large-%d" % i, b"v" * 8000) for i in range(17)]
        stream = self.connection.request("/test.Service/Echo", large, end=True).wait_closed()
        self.assertEqual((stream.order, stream.header("grpc-status")), (["headers+end"], [b"8"]))
        stream = self.connection.request("/test.Service/Echo", end=True).wait_closed()
        self.assertEqual(stream.header("grpc-status", -1), [b"0"])


if __name__ == "__main__":
    harness.main()
