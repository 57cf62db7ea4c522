# SPDX-License-Identifier: Apache-2.0
#
# Rule 26: clients that do what costs the relay and not them are told to calm down, and the next client is served;
# clients that cancel often are not.
import hpack
from hyperframe.frame import (ContinuationFrame, DataFrame, HeadersFrame, PingFrame, PriorityFrame, RstStreamFrame,
                              SettingsFrame, WindowUpdateFrame)

import h2peer
from harness import wait_until
from suite import CANCEL, Case, ENHANCE_YOUR_CALM, answer, relay_only, rule

REQUEST = [(":method", "POST"), (":scheme", "http"), (":path", "/test.Service/Echo"), (":authority", "x"),
           ("content-type", "application/grpc"), ("te", "trailers")]
MEMORY_KIB = 16 * 1024


class AbuseCases(Case):
    def setUp(self):
        super().setUp()
        self.connection = self.serve(workers=1)
        self.encoder = hpack.Encoder()

    def assert_calmed(self, make, times):
        """Sends what `make(index)` gives until the connection ends; the relay goes on with others."""
        before = self.target.rss_kib()
        try:
            for index in range(times):
                self.connection.send_raw(make(index))
        except OSError:
            pass
        wait_until(lambda: self.connection.closed or self.connection.goaway, "the end of the connection", h2peer.WAIT_S)
        if self.connection.goaway:  # a client that goes on sending may lose it to the reset that follows
            self.assertEqual(int(self.connection.goaway.error_code), ENHANCE_YOUR_CALM)
        self.assertLess(self.target.rss_kib() - before, MEMORY_KIB)
        self.assert_alive()

    def requests(self, index, after):
        """Fifty requests, each followed by the frame `after(stream_id)`."""
        ids = [1 + 2 * (index * 50 + k) for k in range(50)]
        return b"".join(HeadersFrame(i, self.encoder.encode(REQUEST), flags=["END_HEADERS"]).serialize() +
                        after(i).serialize() for i in ids)

    @rule(26)
    @relay_only
    def test_flood_of_pings_is_told_to_calm_down(self):
        self.assert_calmed(lambda _: PingFrame(0, b"12345678").serialize() * 100, 2000)

    @rule(26)
    @relay_only
    def test_flood_of_settings_is_told_to_calm_down(self):
        self.assert_calmed(lambda _: SettingsFrame(0).serialize() * 100, 2000)

    @rule(26)
    @relay_only
    def test_flood_of_priorities_is_told_to_calm_down(self):
        self.assert_calmed(lambda _: PriorityFrame(1, depends_on=0, stream_weight=3).serialize() * 100, 2000)

    @rule(26)
    @relay_only
    def test_flood_of_window_updates_is_told_to_calm_down(self):
        self.assert_calmed(lambda _: WindowUpdateFrame(0, window_increment=1).serialize() * 100, 5000)

    @rule(26)
    @relay_only
    def test_flood_of_empty_data_is_told_to_calm_down(self):
        self.connection.request("/test.Service/Echo")
        self.assert_calmed(lambda _: DataFrame(1, b"").serialize() * 100, 2000)

    @rule(26)
    @relay_only
    def test_flood_of_rapid_resets_is_told_to_calm_down(self):
        self.assert_calmed(lambda index: self.requests(index, lambda i: RstStreamFrame(i, error_code=8)), 1000)

    @rule(26)
    @relay_only
    def test_flood_of_provoked_resets_is_told_to_calm_down(self):
        """MadeYouReset: a window that overflows makes the server reset."""
        overflow = lambda i: WindowUpdateFrame(i, window_increment=2**31 - 1)
        self.assert_calmed(lambda index: self.requests(index, overflow), 1000)

    @rule(26)
    @relay_only
    def test_flood_of_continuations_is_told_to_calm_down(self):
        self.connection.request("/test.Service/Echo", end=True).wait_closed()  # nothing else comes in between now
        self.connection.send_raw(HeadersFrame(3, b"\x82", flags=[]).serialize())
        self.assert_calmed(lambda _: ContinuationFrame(3, b"").serialize() * 10, 2000)

    @rule(26)
    @relay_only
    def test_header_bomb_is_told_to_calm_down(self):
        """A long value in the dynamic table, and then a byte for each time it is meant again."""
        first = self.encoder.encode([*REQUEST, ("x-bomb", "y" * 3900)])
        def bomb(index):
            return HeadersFrame(1 + 2 * index, (first if index == 0 else b"") + b"\xbe" * 12000,
                                flags=["END_HEADERS"]).serialize()
        self.assert_calmed(bomb, 50)

    @rule(26)
    def test_10000_cancels_in_a_row_keep_the_connection(self):
        """Of calls that have been answered to: a client that has heard enough is no attacker."""
        def script(stream):
            stream.send_headers(h2peer.Server.RESPONSE)
            stream.wait_closed(60)
        self.server.script = script
        for _ in range(200):
            streams = [self.open(self.connection) for _ in range(50)]
            for stream in streams:
                stream.wait(lambda s: s.blocks or s.reset_code is not None, "headers")
                stream.reset(CANCEL)
                self.connection.streams.pop(stream.id)
        self.server.script = answer
        self.assert_ok(self.call(self.connection))
        self.assertEqual(self.connection.goaways, [])
