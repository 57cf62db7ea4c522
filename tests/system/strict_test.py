# SPDX-License-Identifier: Apache-2.0
#
# Malformed messages and frames out of place, from either side (RFC 9113): what breaks one stream's rules ends that
# stream, what breaks the connection's ends the connection, and neither is passed on.
import unittest

import hpack
from hyperframe.frame import (DataFrame, GoAwayFrame, HeadersFrame, PingFrame, PriorityFrame,
                              PushPromiseFrame, RstStreamFrame, SettingsFrame, WindowUpdateFrame)

import harness  # puts tests/peers on the path
import h2peer
from harness import wait_until

PROTOCOL_ERROR, FLOW_CONTROL_ERROR, STREAM_CLOSED, FRAME_SIZE_ERROR = 1, 3, 5, 6
REQUEST = [(b":method", b"POST"), (b":scheme", b"http"), (b":path", b"/test.Service/Echo"), (b":authority", b"x"),
           (b"content-type", b"application/grpc"), (b"te", b"trailers")]
RESPONSE = [(b":status", b"200"), (b"content-type", b"application/grpc")]
TRAILERS = [(b"grpc-status", b"0")]

# Malformed in a request as in a response (8.2, 8.2.1, 8.2.2, 8.3).
BAD_FIELDS = [(b"X-Upper", b"1"), (b"", b"x"), (b"x y", b"1"), (b"x:y", b"1"), (b"x\0y", b"1"), (b"x-\xe9", b"1"),
              (b"x", b"a\0b"), (b"x", b"a\rb"), (b"x", b"a\nb"), (b"x", b" a"), (b"x", b"a "), (b"x", b"\ta"),
              (b"connection", b"close"), (b"keep-alive", b"5"), (b"proxy-connection", b"close"),
              (b"transfer-encoding", b"chunked"), (b"upgrade", b"h2c"), (b":unknown", b"1"), (b":path", b"/after"),
              (b"content-length", b"-1"), (b"content-length", b"1 1")]


def without(block, name):
    return [field for field in block if field[0] != name]


def replaced(block, name, value):
    return [(n, value if n == name else v) for n, v in block]


BAD_REQUESTS = [
    *([*REQUEST, field] for field in [*BAD_FIELDS, (b"te", b"gzip"), (b":status", b"200")]),
    *(without(REQUEST, name) for name in (b":method", b":scheme", b":path")),
    *([field, *REQUEST] for field in REQUEST[:3]),
    [(b"x", b"before"), *REQUEST],
    replaced(REQUEST, b":path", b""), replaced(REQUEST, b":path", b"no slash"), replaced(REQUEST, b":path", b"/a\0b"),
    replaced(REQUEST, b":authority", b"a b"), replaced(REQUEST, b":scheme", b"1http"),
    replaced(REQUEST, b":method", b"PO ST"),
    [*REQUEST, (b"content-length", b"6"), (b"content-length", b"6")],
    [*REQUEST, (b"content-length", b"5")],  # six bytes follow
    [*REQUEST, (b"content-length", b"7")],
]
BAD_RESPONSES = [
    *([*RESPONSE, field] for field in [*BAD_FIELDS, (b":status", b"200"), (b":method", b"POST")]),
    RESPONSE[1:], [(b"x", b"before"), *RESPONSE], [(b":status", b"20"), RESPONSE[1]], [(b":status", b"101"), RESPONSE[1]],
]
BAD_TRAILERS = [*([*TRAILERS, field] for field in [*BAD_FIELDS, (b":status", b"200")])]


class StrictTest(harness.ProxyTest):
    def connect(self):
        connection = h2peer.connect(self.target.address)
        self.addCleanup(connection.close)
        return connection

    def call(self, connection, block=REQUEST, trailers=None):
        """One message, on a stream of its own."""
        with connection.changed:
            stream = h2peer.Stream(connection, connection.h2.get_next_available_stream_id())
            connection.streams[stream.id] = stream
        try:
            stream.send_headers(block)
            stream.send_data(h2peer.frame(b"x"), end=trailers is None)
            if trailers is not None:
                stream.send_headers(trailers, end=True)
        except BrokenPipeError:
            pass  # it was reset before all was sent
        return stream.wait_closed()

    def assert_fine(self, connection):
        stream = self.call(connection)
        self.assertTrue(stream.blocks, (stream.order, stream.reset_code, connection.goaway, connection.closed))
        self.assertEqual(stream.header("grpc-status", -1), [b"0"])


@unittest.skipIf(harness.DIRECT or harness.PUMP != "frame", "grpc++ checks less: what is malformed may pass or be dropped")
class ClientTest(StrictTest):
    def setUp(self):
        def answer(stream):
            stream.wait_closed()
            if stream.ended:
                h2peer.reply(stream)
        self.server = self.own(h2peer.Server(answer))
        self.target = self.start([self.server], workers=1)
        self.connection = self.connect()
        self.encoder = hpack.Encoder()

    def headers(self, stream_id, *flags, block=REQUEST):
        return HeadersFrame(stream_id, self.encoder.encode(block), flags=["END_HEADERS", *flags])

    def send(self, *frames):
        self.connection.send_raw(b"".join(f if isinstance(f, bytes) else f.serialize() for f in frames))

    def assert_ended(self, code, *frames):
        """A connection of its own ends with `code` after `frames`; the next one is served."""
        self.connection, self.encoder = self.connect(), hpack.Encoder()
        self.send(*frames)
        wait_until(lambda: self.connection.goaway or self.connection.closed, "the end of the connection")
        self.assertEqual(int(self.connection.goaway.error_code), code)
        self.assert_fine(self.connect())

    def test_malformed_request_is_reset_and_goes_nowhere(self):
        for block in BAD_REQUESTS:
            with self.subTest(block):
                stream = self.call(self.connection, block)
                self.assertEqual((stream.order, stream.reset_code), (["reset"], PROTOCOL_ERROR))
        self.assert_fine(self.connection)
        whole = [stream for stream in self.server.streams if stream.ended]
        self.assertEqual(len(whole), 1, [stream.blocks for stream in whole])

    def test_malformed_trailers_reset_the_call_on_both_sides(self):
        for trailers in BAD_TRAILERS:
            with self.subTest(trailers):
                stream = self.call(self.connection, trailers=trailers)
                self.assertEqual((stream.order, stream.reset_code), (["reset"], PROTOCOL_ERROR))
        self.assert_fine(self.connection)
        self.assertEqual(len([stream for stream in self.server.streams if stream.ended]), 1)

    def test_second_headers_without_an_end_are_malformed(self):
        stream = self.connection.request("/test.Service/Echo")
        self.send(self.headers(stream.id, block=TRAILERS))
        self.assertEqual(stream.wait_reset(), PROTOCOL_ERROR)

    def test_identifier_that_was_passed_over_is_not_opened(self):
        self.assert_ended(PROTOCOL_ERROR, self.headers(5, "END_STREAM"), self.headers(3, "END_STREAM"))
        self.assert_ended(PROTOCOL_ERROR, self.headers(2, "END_STREAM"))
        self.assert_ended(PROTOCOL_ERROR, b"\x00\x00\x01\x01\x05\x00\x00\x00\x00" + b"\x82")

    def test_nothing_follows_the_end_of_a_stream(self):
        self.assert_ended(STREAM_CLOSED, self.headers(1, "END_STREAM"), DataFrame(1, b"x"))
        self.assert_ended(STREAM_CLOSED, self.headers(1, "END_STREAM"), self.headers(1, "END_STREAM"))
        self.assert_ended(STREAM_CLOSED, self.headers(1), DataFrame(1, b"", flags=["END_STREAM"]), DataFrame(1, b""))

    def test_nothing_follows_the_end_of_a_stream_that_was_answered(self):
        for late in (DataFrame(1, b"x"), HeadersFrame(1, b"\x82", flags=["END_HEADERS", "END_STREAM"])):
            self.connection = self.connect()
            self.assert_fine(self.connection)
            self.send(late)
            wait_until(lambda: self.connection.goaway or self.connection.closed, "the end of the connection")
            self.assertEqual(int(self.connection.goaway.error_code), STREAM_CLOSED)

    def test_data_after_the_clients_own_reset_is_an_error_of_that_stream(self):
        stream = self.connection.request("/test.Service/Echo")
        stream.reset(8)
        self.send(DataFrame(stream.id, b"x"))
        self.assert_fine(self.connection)

    def test_frames_of_idle_streams_end_the_connection(self):
        for frame in (DataFrame(1, b"x"), RstStreamFrame(1, error_code=8), WindowUpdateFrame(1, window_increment=1)):
            self.assert_ended(PROTOCOL_ERROR, frame)

    def test_frames_of_a_wrong_size_end_the_connection(self):
        head = lambda length, kind, stream=0: length.to_bytes(3, "big") + bytes([kind, 0]) + stream.to_bytes(4, "big")
        for frame in (head(16385, 0, 1), head(7, 6) + b"x" * 7, head(5, 4) + b"x" * 5, head(3, 8) + b"x" * 3,
                      head(3, 3, 1) + b"x" * 3):
            self.assert_ended(FRAME_SIZE_ERROR, self.headers(1), frame)

    def test_padding_beyond_the_frame_ends_the_connection(self):
        data = b"\x00\x00\x05\x00\x08\x00\x00\x00\x01" + b"\x05hell"
        block = b"\x00\x00\x03\x01\x0c\x00\x00\x00\x01" + b"\x03\x82\x82"
        self.assert_ended(PROTOCOL_ERROR, self.headers(1), data)
        self.assert_ended(PROTOCOL_ERROR, block)

    def test_settings_out_of_range_end_the_connection(self):
        codes = SettingsFrame
        for code, key, value in ((PROTOCOL_ERROR, codes.ENABLE_PUSH, 2), (PROTOCOL_ERROR, codes.MAX_FRAME_SIZE, 1),
                                 (PROTOCOL_ERROR, codes.MAX_FRAME_SIZE, 1 << 24),
                                 (FLOW_CONTROL_ERROR, codes.INITIAL_WINDOW_SIZE, 1 << 31)):
            self.assert_ended(code, SettingsFrame(0, settings={key: value}))

    def test_window_updates_out_of_range(self):
        most = 2**31 - 1
        self.assert_ended(PROTOCOL_ERROR, WindowUpdateFrame(0, window_increment=1).serialize()[:-1] + b"\0")
        self.assert_ended(FLOW_CONTROL_ERROR, WindowUpdateFrame(0, window_increment=most))

    def test_priorities_are_checked_and_have_no_effect(self):
        self.assert_ended(PROTOCOL_ERROR, b"\x00\x00\x05\x02\x00\x00\x00\x00\x00" + b"\0" * 5)
        self.assert_ended(PROTOCOL_ERROR, PriorityFrame(3, depends_on=3))
        self.connection = self.connect()
        self.send(PriorityFrame(3, depends_on=1, stream_weight=7))
        self.assert_fine(self.connection)

    def test_a_client_promises_nothing(self):
        push = PushPromiseFrame(1, promised_stream_id=2, data=self.encoder.encode(REQUEST), flags=["END_HEADERS"])
        self.encoder = hpack.Encoder()
        self.assert_ended(PROTOCOL_ERROR, self.headers(1), push)

    def test_unknown_frames_and_flags_are_ignored(self):
        self.send(b"\x00\x00\x04\xbe\xff\x00\x00\x00\x00what", b"\x00\x00\x07\xbe\x00\x00\x00\x00\x63is this")
        self.send(b"\x00\x00\x08\x06\xfe\x00\x00\x00\x00" + b"12345678")  # PING with flags that nobody knows
        self.assert_fine(self.connection)

    def test_ping_after_goaway_is_answered_or_the_connection_is_over(self):
        self.assert_fine(self.connection)
        self.send(GoAwayFrame(0, last_stream_id=0), PingFrame(0, b"12345678"))
        wait_until(lambda: self.connection.closed, "the end of the connection")

    def test_call_under_way_at_the_clients_goaway_is_answered(self):
        stream = self.connection.request("/test.Service/Echo")
        self.send(GoAwayFrame(0, last_stream_id=0))
        stream.send_data(h2peer.frame(b"x"), end=True)
        self.assertEqual(stream.wait_closed().header("grpc-status", -1), [b"0"])

    def test_content_that_is_not_grpc_is_refused_with_a_text(self):
        stream = self.call(self.connection, replaced(REQUEST, b"content-type", b"text/html"))
        self.assertEqual((stream.header(":status"), stream.header("content-type")), ([b"415"], [b"text/plain"]))
        self.assertIn(b"application/grpc", stream.data)
        stream = self.call(self.connection, replaced(REQUEST, b":method", b"GET"))
        self.assertEqual(stream.header(":status"), [b"405"])
        stream = self.call(self.connection, replaced(REQUEST, b":method", b"HEAD"))
        self.assertEqual((stream.header(":status"), stream.order), ([b"405"], ["headers+end"]))

    def test_body_of_what_is_refused_is_taken(self):
        stream = self.connection.request("/upload", content_type=b"text/html")
        for _ in range(20):
            stream.send_data(b"x" * 100_000)
        stream.send_data(b"", end=True)
        stream.wait_closed()
        self.assertEqual((stream.header(":status"), stream.reset_code), ([b"415"], None))

    def test_client_that_goes_on_after_the_refusal_is_reset(self):
        stream = self.connection.request("/upload", content_type=b"text/html")
        self.assertEqual(stream.wait_reset(), 0)
        self.assertTrue(stream.ended)


@unittest.skipIf(harness.DIRECT or harness.PUMP != "frame", "grpc++ checks less: what is malformed may pass or be dropped")
class UpstreamTest(StrictTest):
    """Whatever the upstream does wrong, the client gets a whole answer, and nothing of what was wrong."""

    def serve(self, script):
        def run(stream):
            stream.wait_closed()
            if stream.header("x-good"):
                h2peer.reply(stream)
            else:
                script(stream)
        self.server = self.own(h2peer.Server(run))
        self.target = self.start([self.server], workers=1, pool={"loose": {"size": 1, "max_size": 1}})
        self.connection = self.connect()

    def assert_fine(self):
        self.assertEqual(self.call(self.connection, [*REQUEST, (b"x-good", b"1")]).header("grpc-status", -1), [b"0"])

    def test_malformed_response_fails_one_call_with_internal(self):
        blocks = iter(BAD_RESPONSES)
        self.serve(lambda stream: stream.send_headers(next(blocks)))
        for block in BAD_RESPONSES:
            with self.subTest(block):
                stream = self.call(self.connection)
                self.assertEqual(stream.order, ["headers+end"])
                self.assertEqual([name for name, _ in stream.headers],
                                 [b":status", b"content-type", b"grpc-status", b"grpc-message"])
                self.assertEqual(stream.header("grpc-status"), [b"13"])
                self.assertEqual(self.server.streams[-1].wait_reset(), PROTOCOL_ERROR)
        self.assert_fine()
        self.assertEqual(len(self.server.connections), 1)

    def test_malformed_trailers_fail_one_call_with_internal(self):
        blocks = iter(BAD_TRAILERS)
        def script(stream):
            stream.send_headers(RESPONSE)
            stream.send_data(h2peer.frame(b"answer"))
            stream.send_headers(next(blocks), end=True)
        self.serve(script)
        for block in BAD_TRAILERS:
            with self.subTest(block):
                stream = self.call(self.connection)
                self.assertEqual(stream.data, h2peer.frame(b"answer"))
                self.assertEqual([name for name, _ in stream.blocks[-1]], [b"grpc-status", b"grpc-message"])
                self.assertEqual(stream.header("grpc-status", -1), [b"13"])
        self.assert_fine()
        self.assertEqual(len(self.server.connections), 1)

    def test_length_that_is_not_kept_fails_one_call(self):
        lengths = [b"1", b"100"]
        remaining = iter(lengths)
        def script(stream):
            stream.send_headers([*RESPONSE, (b"content-length", next(remaining))])
            stream.send_data(h2peer.frame(b"answer"))
            stream.send_headers(TRAILERS, end=True)
        self.serve(script)
        for length in lengths:
            with self.subTest(length):
                stream = self.call(self.connection)
                failed = stream.reset_code is not None or stream.header("grpc-status", -1) == [b"13"]
                self.assertTrue(failed, (stream.order, stream.blocks))
        self.assert_fine()
        self.assertEqual(len(self.server.connections), 1)

    def test_interim_responses_are_skipped(self):
        def script(stream):
            raw = hpack.Encoder()
            interim = HeadersFrame(stream.id, raw.encode([(b":status", b"103"), (b"link", b"</x>")]), flags=["END_HEADERS"])
            stream.connection.send_raw(interim.serialize() * 3)
            h2peer.reply(stream, [b"x"])
        self.serve(script)
        stream = self.call(self.connection)
        self.assertEqual(stream.header(":status"), [b"200"])
        self.assertEqual(stream.order[0], "headers")

    def raw(self, *frames):
        """Frames instead of an answer; `0` in place of a stream stands for the connection."""
        def script(stream):
            stream.connection.send_raw(b"".join(f(stream.id) for f in frames))
        self.serve(script)
        stream = self.call(self.connection)
        self.assertIn(stream.header("grpc-status", -1), ([b"13"], [b"14"]), stream.order)
        self.assert_fine()

    def test_a_promise_ends_the_upstreams_connection(self):
        block = hpack.Encoder().encode(REQUEST[:4])
        self.raw(lambda i: PushPromiseFrame(i, promised_stream_id=2, data=block, flags=["END_HEADERS"]).serialize())

    def test_frames_of_idle_streams_end_the_upstreams_connection(self):
        self.raw(lambda i: DataFrame(i + 100, b"x").serialize())

    def test_settings_out_of_range_end_the_upstreams_connection(self):
        self.raw(lambda _: SettingsFrame(0, settings={SettingsFrame.INITIAL_WINDOW_SIZE: 1 << 31}).serialize())

    def test_padding_beyond_the_frame_ends_the_upstreams_connection(self):
        self.raw(lambda i: b"\x00\x00\x05\x00\x08" + i.to_bytes(4, "big") + b"\x05hell")

    def test_frame_of_a_wrong_size_ends_the_upstreams_connection(self):
        self.raw(lambda i: b"\x00\x40\x01\x00\x00" + i.to_bytes(4, "big"))


if __name__ == "__main__":
    harness.main()
