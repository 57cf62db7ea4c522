# SPDX-License-Identifier: Apache-2.0
#
# What is bounded, and by what (ADR 0010): bytes on their way by windows, connections and slow peers by limits. A bound
# stops reading and loses nothing; only who keeps a full worker full is cut.
import json
import socket
import time
import unittest

import hpack
from h2.settings import SettingCodes
from hyperframe.frame import HeadersFrame, PingFrame

import harness  # puts tests/peers on the path
import h2peer
from harness import wait_until

ENHANCE_YOUR_CALM = 11
KIB = 1024
MIB = 1024 * KIB
STALLED = {SettingCodes.INITIAL_WINDOW_SIZE: 0}
CALL = "/test.Service/Call"


@unittest.skipIf(harness.DIRECT or harness.PUMP != "frame", "is about the frame pump's bounds")
class BoundsTest(harness.ProxyTest):
    def serve(self, script, settings=None, **limits):
        """One worker and one upstream connection, so that all share them."""
        self.server = self.own(h2peer.Server(script, settings))
        self.target = self.start([self.server], workers=1, limits=limits, pool={"strict": {"size": 1}})

    def connect(self, settings=None):
        connection = h2peer.connect(self.target.address, settings)
        self.addCleanup(connection.close)
        return connection

    def host_stats(self):
        return json.loads(self.target.get("/stats"))

    def buffered(self):
        return sum(worker["bytes"] for worker in self.host_stats()["buffered_bytes"])

    def assert_served(self):
        stream = self.connect().request("/test.Service/Empty", end=True).wait_closed()
        self.assertEqual(stream.header("grpc-status", -1), [b"0"])

    def assert_counted(self, kind):
        wait_until(lambda: self.host_stats()["abuse"][kind] == 1, f"one peer counted as {kind}")

    @staticmethod
    def answer(size):
        """A script: `size` bytes as one message, except for Empty."""
        def script(stream):
            stream.wait(lambda s: s.ended)
            empty = dict(stream.headers)[b":path"].endswith(b"Empty")
            h2peer.reply(stream, [b"" if empty else b"x" * size])
        return script

    def test_a_flooder_that_does_not_read_is_cut(self):
        self.serve(self.answer(1))
        peer = socket.create_connection(tuple(self.target.address.rsplit(":", 1)))
        self.addCleanup(peer.close)
        peer.settimeout(harness.WAIT_S)
        peer.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0")
        pings = PingFrame(0, b"12345678").serialize() * 1_000
        with self.assertRaises(OSError):  # what comes late is thrown away for a moment, then the connection is gone
            until = time.monotonic() + 10
            while time.monotonic() < until:
                peer.sendall(pings)
        self.assert_counted("ping")
        wait_until(lambda: sum(self.target.stats()["downstream_connections"]) == 0, "the connection to be gone", 5)

    def open_window(self, stream, size):
        stream.connection.act(lambda h: h.increment_flow_control_window(size, stream.id))

    def test_a_slow_reader_costs_little_and_loses_nothing(self):
        size = 8 * MIB
        self.serve(self.answer(size))
        self.assert_served()
        client = self.connect(STALLED)
        client.h2.acknowledge_received_data = lambda *_: None  # it gives windows back only where the test does
        before = self.target.rss_kib()
        stream = client.request(CALL, end=True)
        self.open_window(stream, 512 * KIB)
        stream.wait(lambda s: len(s.data) >= 512 * KIB, "what the window allows")
        upstream = self.server.streams[-1]
        wait_until(lambda: upstream.connection.window(upstream.id) == 0, "the upstream to be stopped")
        self.assertLess(self.target.rss_kib() - before, 2 * KIB)
        self.assertLess(self.buffered(), MIB)
        client.act(lambda h: h.increment_flow_control_window(size))
        self.open_window(stream, size)
        stream.wait_closed(6 * harness.WAIT_S)
        self.assertEqual(len(stream.data), size + 5)
        wait_until(lambda: self.buffered() == 0, "nothing to be held any more")

    def test_stalled_streams_do_not_stall_their_neighbours(self):
        """Ninety stand still for one client; another goes on over the same upstream connection, whose window they would
        have filled many times."""
        self.serve(self.answer(MIB))
        client = self.connect(STALLED)
        stalled = [client.request(CALL, end=True) for _ in range(90)]
        wait_until(lambda: self.buffered() >= 90 * 64 * KIB, lambda: f"all to be full, not {self.buffered()}")
        self.assertEqual(len(self.server.connections), 1)
        other = self.connect().request(CALL, end=True).wait_closed()
        self.assertEqual(len(other.data), MIB + 5)
        self.assertLess(self.buffered(), 90 * 65 * KIB)
        for stream in stalled[::30]:
            self.open_window(stream, 2 * MIB)
            self.assertEqual(len(stream.wait_closed().data), MIB + 5)

    def test_an_upload_waits_for_the_upstream_and_loses_nothing(self):
        size = 8 * MIB
        def count(stream):
            stream.wait(lambda s: s.ended)
            h2peer.reply(stream, [b"%d" % len(stream.data)])
        self.serve(count, STALLED, connection_buffer="1MiB")
        client = self.connect()
        stream = client.request(CALL)
        wait_until(lambda: client.window(stream.id) == 256 * KIB, "the proxy's SETTINGS")
        part, sent = b"x" * (16 * KIB), 0
        while client.window(stream.id) >= len(part):  # the stream's window, which nobody gives back
            stream.send_data(part)
            sent += len(part)
        wait_until(lambda: self.buffered() > 0, "bytes to wait")
        self.assertEqual(sent, 256 * KIB)
        wait_until(lambda: self.server.streams, "the request upstream")
        self.open_window(self.server.streams[0], 2 * size)
        stream.send_data(b"x" * (size - sent), end=True)
        self.assertEqual(stream.wait_closed().data[5:], b"%d" % size)

    def test_a_full_worker_cuts_who_keeps_it_full(self):
        self.serve(self.answer(MIB), worker_buffer="2MiB", connection_buffer="1MiB")
        hoarder = self.connect(STALLED)
        for _ in range(100):
            hoarder.request(CALL, end=True)
        wait_until(lambda: hoarder.goaway or hoarder.closed, "the end of the hoarder")
        self.assertEqual(int(hoarder.goaway.error_code), ENHANCE_YOUR_CALM)
        self.assert_counted("hoarding")
        wait_until(lambda: self.buffered() == 0, "room")
        other = self.connect().request(CALL, end=True).wait_closed()
        self.assertEqual(len(other.data), MIB + 5)

    def test_a_client_without_preface_is_told_to_calm_down(self):
        self.serve(self.answer(0), header_timeout="300ms")
        host, port = self.target.address.rsplit(":", 1)
        with socket.create_connection((host, int(port)), harness.WAIT_S) as silent:
            said = b""
            while part := silent.recv(4096):
                said += part
        self.assertIn(ENHANCE_YOUR_CALM.to_bytes(4, "big"), said[-8:])
        self.assert_counted("slow_preface")
        self.assert_served()

    def test_headers_without_end_are_told_to_calm_down(self):
        self.serve(self.answer(0), header_timeout="300ms")
        client = self.connect()
        client.request(CALL, end=True).wait_closed()  # nothing else comes in between now
        client.send_raw(HeadersFrame(3, hpack.Encoder().encode([(":method", "POST")]), flags=[]).serialize())
        wait_until(lambda: client.goaway, "GOAWAY")
        self.assertEqual(int(client.goaway.error_code), ENHANCE_YOUR_CALM)
        self.assert_counted("slow_headers")
        self.assert_served()

    def test_connections_above_the_limit_are_closed_at_once(self):
        self.serve(self.answer(0), max_connections=3)
        clients = [self.connect() for _ in range(3)]
        wait_until(lambda: self.target.stats()["downstream_connections"][0] == 3, "three connections")
        host, port = self.target.address.rsplit(":", 1)
        with socket.create_connection((host, int(port)), harness.WAIT_S) as fourth:
            self.assertEqual(fourth.recv(1), b"")
        stream = clients[0].request(CALL, end=True).wait_closed()
        self.assertEqual(stream.header("grpc-status", -1), [b"0"])
        clients[1].close()
        wait_until(lambda: self.target.stats()["downstream_connections"][0] == 2, "one to be gone")
        self.assert_served()
        connections = self.target.stats()["connections"]
        self.assertEqual(connections["refused"], 1)
        self.assertEqual(connections["accepted"], 4)

    def test_an_upstream_that_floods_loses_its_connection(self):
        def answer(stream):
            stream.wait(lambda s: s.ended)
            if dict(stream.headers)[b":path"].endswith(b"Flood"):
                stream.connection.send_raw(PingFrame(0, b"12345678").serialize() * 15000)
            else:
                h2peer.reply(stream)
        self.serve(answer)
        stream = self.connect().request("/test.Service/Flood", end=True).wait_closed()
        self.assertEqual(stream.header("grpc-status", -1), [b"14"])
        self.target.wait_line("told to calm down: ping from " + self.server.address)
        self.assert_counted("ping")
        self.assert_served()

    def test_headers_of_a_client_are_bounded_together(self):
        """Each request is small enough; those that are under way together are not."""
        def hang(stream):
            stream.wait_closed()
        self.serve(hang, connection_buffer="256KiB")
        client = self.connect()
        large = [(b"x-large-%d" % i, b"v" * 8000) for i in range(8)]
        streams = [client.request(CALL, large) for _ in range(5)]
        wait_until(lambda: any(s.blocks for s in streams), "a refusal")
        refused = [s for s in streams if s.blocks]
        self.assertEqual([s.header("grpc-status") for s in refused], [[b"8"]] * len(refused))
        self.assertLess(len(refused), 4)

    def test_fields_are_limited_by_number_too(self):
        self.serve(self.answer(0), max_header_fields=50)
        client = self.connect()
        many = [(b"x-%d" % i, b"") for i in range(60)]
        self.assertEqual(client.request(CALL, many, end=True).wait_closed().header("grpc-status"), [b"8"])
        self.assertEqual(client.request(CALL, many[:20], end=True).wait_closed().header("grpc-status", -1), [b"0"])


if __name__ == "__main__":
    harness.main()
