# SPDX-License-Identifier: Apache-2.0
#
# Rules 12 to 15: who ends a call, who hears of it, what still arrives, and with what code.
import socket

from hyperframe.frame import DataFrame, RstStreamFrame, WindowUpdateFrame

import h2peer
from h2peer import frame
from suite import (CANCEL, Case, ENHANCE_YOUR_CALM, INTERNAL_ERROR, NO_ERROR, REFUSED_STREAM, answer, hang, relay_only,
                   rule, seen, shape, status_of)

# RFC 9113 error codes and what gRPC makes of them.
RESETS = {0x1: b"13", 0x2: b"13", 0x3: b"13", 0x6: b"13", REFUSED_STREAM: b"14", CANCEL: b"1",
          ENHANCE_YOUR_CALM: b"8", 0xC: b"7"}


def means(stream, code):
    """Whether the client saw an upstream's reset with `code`: the reset itself, or the status that it stands for."""
    return stream.reset_code == code or (stream.ended and status_of(stream) == RESETS[code])


class EndCases(Case):
    @rule(12)
    def test_half_close_reaches_the_upstream_while_it_still_sends(self):
        def script(stream):
            stream.send_headers(h2peer.Server.RESPONSE)
            stream.send_data(frame(b"before"))
            stream.wait_closed()
            stream.send_data(frame(b"after the half-close"))
            stream.send_headers([(b"grpc-status", b"0")], end=True)
        stream = self.open(self.serve(script))
        stream.wait_messages(1)
        stream.send_data(b"", end=True)
        self.assert_ok(stream.wait_closed())
        self.assertEqual(stream.messages, [b"before", b"after the half-close"])

    @rule(12)
    def test_request_trailers_do_no_harm(self):
        """They are legal HTTP/2, and end the request."""
        stream = self.open(self.serve(), message=b"x")
        stream.send_headers([(b"x-request-trailer", b"1")], end=True)
        self.assert_ok(stream.wait_closed())
        self.assertEqual(stream.messages, [b"x"])

    @rule(12)
    def test_request_trailers_reach_the_upstream(self):
        stream = self.open(self.serve(), message=b"x")
        stream.send_headers([(b"x-request-trailer", b"1")], end=True)
        stream.wait_closed()
        self.assertEqual(self.server.streams[0].header("x-request-trailer", -1), [b"1"])

    # The server finishes first

    @rule(13)
    def test_server_that_finishes_first_is_heard_to_the_end(self):
        """Its answer is larger than any window, the client takes it bit by bit and never ends its request."""
        def script(stream):
            h2peer.reply(stream, [b"m" * 10000] * 60, trailers=[(b"x-last", b"word")])
        stream = self.open(self.serve(script), message=b"x").wait_closed()
        self.assert_ok(stream)
        self.assertEqual((len(stream.messages), stream.header("x-last", -1)), (60, [b"word"]))

    @rule(13)
    @relay_only
    def test_client_need_not_go_on_when_the_server_has_finished(self):
        """After the trailers, RST_STREAM(NO_ERROR)."""
        stream = self.open(self.serve(h2peer.reply), message=b"x").wait_closed()
        self.assertEqual((stream.wait_reset(), status_of(stream)), (NO_ERROR, b"0"))

    @rule(13)
    def test_reset_without_error_after_the_end_is_a_success(self):
        def script(stream):
            h2peer.reply(stream)
            stream.reset(NO_ERROR)
        stream = self.open(self.serve(script), message=b"x").wait_closed()
        self.assert_ok(stream)

    @rule(13)
    def test_reset_without_error_before_the_trailers_is_none(self):
        """It must not look finished."""
        def script(stream):
            stream.send_headers(h2peer.Server.RESPONSE)
            stream.send_data(frame(b"before"))
            stream.reset(NO_ERROR)
        stream = self.open(self.serve(script), message=b"x").wait_closed()
        self.assertTrue(stream.reset_code is not None or status_of(stream) == b"13", seen(stream))

    @rule(13)
    def test_error_after_messages_arrives_after_them(self):
        stream = self.call(self.serve(lambda s: h2peer.reply(s, [b"%d" % i for i in range(50)], 15)))
        self.assertEqual((len(stream.messages), status_of(stream)), (50, b"15"))

    # Cancels

    @rule(14)
    def test_cancel_reaches_the_upstream(self):
        connection = self.serve(hang)
        stream = self.open(connection)
        upstream = self.upstream_stream()
        stream.reset(CANCEL)
        self.assertIn(upstream.wait_reset(), (CANCEL, None), "a reset, or the loss of a connection of its own")

    @rule(14)
    def test_cancel_after_messages_both_ways_reaches_the_upstream(self):
        def script(stream):
            stream.send_headers(h2peer.Server.RESPONSE)
            stream.send_data(frame(b"one"))
            stream.wait_reset(60)
        stream = self.open(self.serve(script), message=b"x")
        stream.wait_messages(1)
        stream.reset(CANCEL)
        self.assertIn(self.upstream_stream().wait_reset(), (CANCEL, None))

    @rule(14)
    def test_lost_connection_of_the_client_cancels_upstream(self):
        connection = self.serve(hang)
        self.open(connection)
        upstream = self.upstream_stream()
        connection.close()
        upstream.wait_reset()

    @rule(14)
    def test_cancel_of_one_call_leaves_the_others(self):
        def script(stream):
            hang(stream) if stream.header("x-hang") else answer(stream)
        connection = self.serve(script)
        other = self.open(connection, message=b"stays")
        for index in range(20):
            stream = self.open(connection, [(b"x-hang", b"1")])
            self.upstream_stream(index + 1)
            stream.reset(CANCEL)
        other.send_data(b"", end=True)
        self.assert_ok(other.wait_closed())

    # Resets

    def reset_with(self, code, script):
        stream = self.open(self.serve(script), [(b"x-code", b"%d" % code)], b"x")
        stream.send_data(b"", end=True)
        return stream.wait_closed()

    @rule(14)
    def test_reset_before_headers_means_the_same_to_the_client(self):
        """For each code: the reset itself, or the status that gRPC makes of it."""
        connection = self.serve(lambda s: s.wait_closed().reset(int(s.header("x-code")[0])))
        for code in RESETS:
            with self.subTest(hex(code)):
                stream = self.call(connection, [(b"x-code", b"%d" % code)])
                self.assertTrue(means(stream, code), seen(stream))

    @rule(14)
    def test_reset_before_headers_keeps_its_code(self):
        stream = self.reset_with(INTERNAL_ERROR, lambda s: s.wait_closed().reset(INTERNAL_ERROR))
        self.assertEqual((shape(stream), stream.reset_code), (["reset"], INTERNAL_ERROR), seen(stream))

    def reset_after_data(self, code):
        def script(stream):
            stream.wait_closed()
            stream.send_headers(h2peer.Server.RESPONSE)
            stream.send_data(frame(b"before") + frame(b"the end"))
            stream.reset(code)
        return self.reset_with(code, script)

    @rule(14)
    def test_what_came_before_a_reset_is_delivered(self):
        stream = self.reset_after_data(INTERNAL_ERROR)
        self.assertEqual(stream.messages, [b"before", b"the end"], seen(stream))

    @rule(14)
    def test_reset_after_a_message_means_the_same_to_the_client(self):
        for code in (INTERNAL_ERROR, CANCEL, ENHANCE_YOUR_CALM):
            with self.subTest(hex(code)):
                stream = self.reset_after_data(code)
                self.assertTrue(means(stream, code), seen(stream))

    @rule(14)
    def test_reset_after_a_message_keeps_its_code(self):
        self.assertEqual(self.reset_after_data(CANCEL).reset_code, CANCEL)

    @rule(14)
    def test_reset_inside_a_message_is_a_reset(self):
        """Half a message and then a status would be a message to nobody."""
        def script(stream):
            stream.wait_closed()
            stream.send_headers(h2peer.Server.RESPONSE)
            stream.send_data(frame(b"whole") + frame(b"cut in the middle")[:9])
            stream.reset(INTERNAL_ERROR)
        stream = self.reset_with(INTERNAL_ERROR, script)
        self.assertEqual((stream.reset_code, stream.messages), (INTERNAL_ERROR, [b"whole"]), seen(stream))

    @rule(14)
    def test_late_frames_of_a_reset_call_do_not_harm_the_next(self):
        """On the connection that is kept."""
        def script(stream):
            if not stream.header("x-hang"):
                answer(stream)
                return
            stream.send_headers(h2peer.Server.RESPONSE)
            stream.wait_reset()
            late = [DataFrame(stream.id, frame(b"late")), WindowUpdateFrame(stream.id, window_increment=9),
                    RstStreamFrame(stream.id, error_code=INTERNAL_ERROR)]
            stream.connection.send_raw(b"".join(f.serialize() for f in late))
        connection = self.serve(script)
        for _ in range(10):
            stream = self.open(connection, [(b"x-hang", b"1")], b"x")
            stream.wait(lambda s: s.blocks, "headers")
            stream.reset(CANCEL)
            later = self.call(connection)
            self.assert_ok(later)
            self.assertEqual(later.messages, [b"x"])

    # The relay's own failures

    @rule(15)
    @relay_only
    def test_refusing_endpoint_is_unavailable_as_trailers_only(self):
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            self.target = self.start(["127.0.0.1:%d" % nobody.getsockname()[1]])
            stream = self.call(self.connect())
        self.assertEqual((shape(stream), stream.header(":status")), (["headers+end"], [b"200"]), seen(stream))
        self.assert_ends_with(stream, b"14")

    @rule(15)
    @relay_only
    def test_own_failure_has_the_content_type_of_the_request(self):
        """Some clients refuse another."""
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            self.target = self.start(["127.0.0.1:%d" % nobody.getsockname()[1]])
            stream = self.call(self.connect(), content_type=b"application/grpc+json")
        self.assertEqual(stream.header("content-type"), [b"application/grpc+json"], seen(stream))

    @rule(15)
    @relay_only
    def test_connection_lost_before_headers_is_unavailable(self):
        def script(stream):
            stream.wait_closed()
            stream.connection.close()
        stream = self.call(self.serve(script))
        self.assertEqual((shape(stream), status_of(stream)), (["headers+end"], b"14"), seen(stream))

    @rule(15)
    @relay_only
    def test_connection_lost_after_a_message_is_unavailable_after_it(self):
        def script(stream):
            stream.wait_closed()
            stream.send_headers(h2peer.Server.RESPONSE)
            stream.send_data(frame(b"before"))
            stream.connection.close()
        stream = self.call(self.serve(script))
        self.assertEqual((stream.messages, status_of(stream)), ([b"before"], b"14"), seen(stream))

    @rule(15)
    @relay_only
    def test_connection_lost_inside_a_message_is_no_clean_end(self):
        """UNAVAILABLE where the client has no part of the message yet, else a reset."""
        def script(stream):
            stream.wait_closed()
            stream.send_headers(h2peer.Server.RESPONSE)
            stream.send_data(frame(b"whole") + frame(b"cut in the middle")[:9])
            stream.connection.close()
        stream = self.call(self.serve(script))
        self.assertEqual(stream.messages, [b"whole"], seen(stream))
        self.assertTrue(stream.reset_code is not None or status_of(stream) == b"14", seen(stream))
