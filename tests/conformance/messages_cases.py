# SPDX-License-Identifier: Apache-2.0
#
# Rules 9 to 11 and 21: messages, wherever frames split them and however large they are, and who waits for whom.
import gzip
import os
import time

import h2.settings
from hyperframe.frame import DataFrame

import h2peer
from h2peer import frame
from harness import wait_until
from suite import CANCEL, Case, SINGLE, answer, hang, relay_only, rule

MIB = 1 << 20
WINDOW = h2.settings.SettingCodes.INITIAL_WINDOW_SIZE
TEXT = b"compress me " * 10000
# More than this for one call whose receiver has stopped is no back-pressure.
MOST_HELD = 8 * MIB


class MessageCases(Case):
    @rule(9)
    def test_prefix_split_into_single_bytes_is_one_message(self):
        stream = self.open(self.serve())
        for byte in frame(b"hello") + frame(b"") + frame(b"again"):
            stream.send_data(bytes([byte]))
        stream.send_data(b"", end=True)
        self.assertEqual(stream.wait_closed().messages, [b"hello", b"", b"again"])

    @rule(9)
    def test_many_messages_in_one_data_frame_are_many(self):
        sent = [b"%d" % i for i in range(500)]
        stream = self.open(self.serve())
        stream.send_data(b"".join(frame(m) for m in sent), end=True)
        self.assertEqual(stream.wait_closed().messages, sent)

    @rule(9)
    def test_zero_length_messages_are_messages(self):
        sent = [b"", b"a", b"", b"", b"b", b""]
        stream = self.open(self.serve())
        for message in sent:
            stream.send_data(frame(message))
        stream.send_data(b"", end=True)
        self.assertEqual(stream.wait_closed().messages, sent)

    @rule(9)
    def test_request_that_ends_with_its_headers_is_a_request(self):
        stream = self.open(self.serve(), end=True).wait_closed()
        self.assert_ok(stream)
        self.assertEqual((stream.messages, self.server.streams[0].data), ([], b""))

    @rule(9)
    def test_padding_is_not_data(self):
        """And is credited to the sender: the padding of these frames is more than the window."""
        connection = self.serve()
        stream = self.open(connection)
        for _ in range(1200):
            connection.wait(lambda c: c.window(stream.id) > 300, "a window")
            connection.act(lambda h: h.send_data(stream.id, frame(b"z"), pad_length=255))
        stream.send_data(b"", end=True)
        self.assertEqual(self.upstream_stream().wait_closed().messages, [b"z"] * 1200)

    # Compression

    def exchange(self, headers, sent):
        """One call that answers what was asked, under the same grpc-encoding; what the server and the client got."""
        def script(stream):
            stream.wait_closed()
            stream.send_headers([*h2peer.Server.RESPONSE, *headers])
            stream.send_data(sent)
            stream.send_headers([(b"grpc-status", b"0")], end=True)
        stream = self.open(self.serve(script), headers)
        stream.send_data(sent, end=True)
        stream.wait_closed()
        return [(side.data, side.header("grpc-encoding")) for side in (self.upstream_stream(), stream) if side.blocks]

    @rule(10)
    def test_compressed_request_passes_untouched(self):
        """The flag, the very bytes, and grpc-encoding."""
        sent = frame(gzip.compress(TEXT, 3, mtime=7), compressed=True)
        self.assertEqual(self.exchange([(b"grpc-encoding", b"gzip")], sent)[0], (sent, [b"gzip"]))

    @rule(10)
    def test_compressed_response_passes_untouched(self):
        sent = frame(gzip.compress(TEXT, 3, mtime=7), compressed=True)
        self.assertEqual(self.exchange([(b"grpc-encoding", b"gzip")], sent)[1], (sent, [b"gzip"]))

    @rule(10)
    def test_uncompressed_message_of_a_compressing_peer_stays_so(self):
        """The flag is per message."""
        sent = frame(TEXT)
        self.assertEqual([data for data, _ in self.exchange([(b"grpc-encoding", b"gzip")], sent)], [sent, sent])

    @rule(10)
    def test_unknown_encoding_passes(self):
        """The relay need not know it."""
        sent = frame(b"\x28\xb5\x2f\xfd not really", compressed=True)
        self.assertEqual(self.exchange([(b"grpc-encoding", b"zstd")], sent), [(sent, [b"zstd"])] * 2)

    # Size

    @rule(11)
    def test_message_of_8_MiB_passes_each_way(self):
        """gRPC's own limit of 4 MiB is between its peers, not the relay's."""
        message = os.urandom(8 * MIB)
        stream = self.call(self.serve(), message=message)
        self.assert_ok(stream)
        self.assertTrue(stream.messages == [message])

    @rule(11)
    @relay_only
    def test_memory_does_not_grow_with_a_message(self):
        """A message that goes on and on, to an upstream that reads it: nothing of it stays."""
        stream = self.open(self.serve(hang))
        stream.send_data(frame(b"")[:1] + (64 * MIB).to_bytes(4, "big"))
        self.upstream_stream()
        before = self.target.rss_kib()
        for _ in range(24):
            stream.send_data(bytes(MIB))
        wait_until(lambda: len(self.server.streams[0].data) > 12 * MIB, "half of it upstream")
        self.assertLess(self.target.rss_kib() - before, 10 * 1024)

    # Back-pressure

    def plateau(self, count):
        """Waits until `count()` does not change for half a second, and returns it."""
        last, since = None, 0.0
        def still():
            nonlocal last, since
            now = count()
            if now != last:
                last, since = now, time.monotonic()
            return now and time.monotonic() - since > 0.5
        wait_until(still, lambda: f"a plateau; at {last}")
        return last

    def pour(self, stream, most=32 * MIB):
        """Sends as long as there is room, in a thread of the upstream's."""
        stream.poured = 0
        while stream.poured < most and stream.reset_code is None:
            stream.send_data(frame(bytes(16000)))
            stream.poured += 16005

    def pouring(self, stream):
        if stream.header(":path") == [b"/test.Service/Pour"]:
            stream.send_headers(h2peer.Server.RESPONSE)
            self.pour(stream)
        else:
            answer(stream)

    @rule(21)
    def test_reader_that_stops_stops_the_upstream(self):
        connection = self.serve(self.pouring)
        connection.taking = False
        stream = self.open(connection, end=True, path="/test.Service/Pour")
        upstream = self.upstream_stream()
        self.assertLess(self.plateau(lambda: getattr(upstream, "poured", 0)), MOST_HELD)
        stream.reset(CANCEL)

    @rule(21)
    def test_upstream_that_stops_stops_the_client(self):
        connection = self.serve(hang)
        stream = self.open(connection)
        upstream = self.upstream_stream()
        upstream.connection.taking = False
        sent = 0
        def send():
            nonlocal sent
            while connection.window(stream.id) >= 16000 and sent < 2 * MOST_HELD:
                stream.send_data(bytes(16000))
                sent += 16000
            return sent
        self.assertLess(self.plateau(send), MOST_HELD)
        stream.reset(CANCEL)

    @rule(21)
    def test_slow_reader_does_not_stall_others_of_a_shared_upstream_connection(self):
        slow = self.serve(self.pouring, **SINGLE)
        slow.taking = False
        for _ in range(4):
            self.open(slow, end=True, path="/test.Service/Pour")
        poured = lambda: sum(getattr(s, "poured", 0) for s in self.server.streams[:4])
        wait_until(lambda: len(self.server.streams) == 4, "four calls upstream")
        self.plateau(poured)
        other = self.connect()
        for _ in range(50):
            stream = self.call(other, message=b"e" * 10000)
            self.assert_ok(stream)
        slow.close()

    @rule(21)
    def test_stalled_uploads_do_not_stall_others_of_the_same_client(self):
        """A connection window as small as a stream's lets one stalled upload block all."""
        def script(stream):
            if stream.header("x-stall"):
                stream.wait_closed(60)
            else:
                answer(stream)
        connection = self.serve(script, {WINDOW: 1000})
        for index in range(10):
            stream = self.open(connection, [(b"x-stall", b"1")])
            self.upstream_stream(index).taking = False
            self.fill(connection, stream)
        for _ in range(10):
            stream = self.call(connection, message=b"e" * 500)
            self.assert_ok(stream)

    def fill(self, connection, stream):
        """Sends until the relay takes no more of this stream for a while."""
        def send():
            while 0 < connection.window(stream.id):
                size = min(connection.window(stream.id), 16000)
                connection.act(lambda h: h.send_data(stream.id, bytes(size)))
                return False
            return True
        wait_until(send, "the stream's window spent")

    @rule(21)
    def test_data_of_a_reset_call_is_credited(self):
        """What was under way when a client cancelled must not be lost to the connection's window."""
        connection = self.serve(hang)
        for index in range(80):
            stream = self.open(connection)
            self.upstream_stream(index)
            stream.reset(CANCEL)
            for _ in range(4):
                connection.wait(lambda c: c.h2.outbound_flow_control_window >= 16000, "the connection's window")
                with connection.changed:
                    connection.h2.outbound_flow_control_window -= 16000
                    connection.send_raw(DataFrame(stream.id, bytes(16000)).serialize())
        stream = self.open(connection)
        stream.send_data(frame(bytes(MIB)))
        self.upstream_stream(80).wait_messages(1)
