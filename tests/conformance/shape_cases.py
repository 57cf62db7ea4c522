# SPDX-License-Identifier: Apache-2.0
#
# Rules 1 to 4: the shape of a response, and what is said about how a call ended.
import h2peer
from suite import Case, answer, rule, seen, shape

OWN_ENCODING = b"caf%c3%a9 %41 100%"


class ShapeCases(Case):
    def ends_with(self, block, headers=None):
        """An upstream that answers with `headers`, if any, and ends with `block`; returns what the client saw."""
        def script(stream):
            stream.wait_closed()
            if headers is not None:
                stream.send_headers(headers)
            stream.send_headers(block, end=True)
        return self.call(self.serve(script))

    @rule(1)
    def test_response_headers_leave_before_the_first_message(self):
        """A tunnel whose both ends wait for the other's headers must not deadlock."""
        def script(stream):
            stream.send_headers(h2peer.Server.RESPONSE)
            stream.wait_closed()
            stream.send_data(stream.data)
            stream.send_headers([(b"grpc-status", b"0")], end=True)
        stream = self.open(self.serve(script))
        stream.wait(lambda s: s.blocks, "response headers")
        stream.send_data(h2peer.frame(b"only now"), end=True)
        self.assert_ok(stream.wait_closed())
        self.assertEqual(stream.messages, [b"only now"])

    @rule(1)
    def test_request_headers_leave_before_the_first_message(self):
        """The upstream hears of the call while the client has nothing to say yet."""
        stream = self.open(self.serve())
        self.upstream_stream()
        stream.send_data(h2peer.frame(b"x"), end=True)
        self.assert_ok(stream.wait_closed())

    @rule(2)
    def test_response_has_the_shape_of_a_response(self):
        """Headers, data, trailers; never an empty DATA that ends the stream."""
        stream = self.call(self.serve())
        self.assertEqual((stream.order[0], stream.order[-1]), ("headers", "headers+end"))
        self.assertEqual(set(stream.order[1:-1]), {"data"})
        self.assert_ok(stream)

    @rule(2)
    def test_trailers_only_stays_trailers_only(self):
        """One block with END_STREAM: a client may repeat the call on it."""
        stream = self.ends_with([*h2peer.Server.RESPONSE, (b"grpc-status", b"5"), (b"grpc-message", b"none")])
        self.assertEqual((stream.header("grpc-status", -1), stream.header("grpc-message", -1)), ([b"5"], [b"none"]))
        self.assertEqual(shape(stream), ["headers+end"])

    @rule(2)
    def test_headers_and_trailers_without_a_message_stay_two_blocks(self):
        """Not joined into Trailers-Only: the upstream has begun its answer."""
        stream = self.ends_with([(b"grpc-status", b"5")], h2peer.Server.RESPONSE)
        self.assertEqual(shape(stream), ["headers", "headers+end"], seen(stream))

    @rule(3)
    def test_initial_metadata_and_error_both_arrive(self):
        stream = self.ends_with([(b"grpc-status", b"5"), (b"x-trailing", b"kept")],
                                [*h2peer.Server.RESPONSE, (b"x-initial", b"kept")])
        self.assertEqual((stream.header("x-initial"), stream.header("x-trailing", -1)), ([b"kept"], [b"kept"]))
        self.assert_ends_with(stream, b"5")

    @rule(4)
    def test_every_status_code_passes(self):
        """Those of gRPC, and one that gRPC does not know yet."""
        def script(stream):
            stream.wait_closed()
            h2peer.reply(stream, [], int(stream.header("x-status")[0]))
        connection = self.serve(script)
        for code in (*range(17), 42):
            with self.subTest(code):
                self.assert_ends_with(self.call(connection, [(b"x-status", b"%d" % code)]), b"%d" % code)

    @rule(4)
    def test_grpc_message_passes_byte_for_byte(self):
        """An unusual percent-encoding is not re-encoded."""
        stream = self.ends_with([(b"grpc-status", b"3"), (b"grpc-message", OWN_ENCODING)], h2peer.Server.RESPONSE)
        self.assertEqual(stream.header("grpc-message", -1), [OWN_ENCODING])

    @rule(4)
    def test_grpc_message_of_trailers_only_passes_byte_for_byte(self):
        stream = self.ends_with([*h2peer.Server.RESPONSE, (b"grpc-status", b"3"), (b"grpc-message", OWN_ENCODING)])
        self.assertEqual(stream.header("grpc-message", -1), [OWN_ENCODING])

    @rule(4)
    def test_status_details_pass_once(self):
        """grpc-status-details-bin, without its padding as gRPC sends it."""
        details = b"CAUSBHRleHQAAQID/w"
        stream = self.ends_with([(b"grpc-status", b"9"), (b"grpc-status-details-bin", details)], h2peer.Server.RESPONSE)
        self.assertEqual([v.rstrip(b"=") for v in stream.header("grpc-status-details-bin", -1)], [details])

    @rule(4)
    def test_http_error_of_an_upstream_is_no_success(self):
        """An answer without grpc-status keeps its HTTP status, or becomes what gRPC's table makes of it."""
        def script(stream):
            stream.wait_closed()
            stream.send_headers([(b":status", b"503"), (b"content-type", b"text/html")])
            stream.send_data(b"<html>", end=True)
        stream = self.call(self.serve(script))
        http = [v for k, v in stream.headers if k == b":status"]
        self.assertTrue(http == [b"503"] or stream.header("grpc-status", -1) == [b"14"], seen(stream))

    @rule(1, 12)
    def test_each_message_is_passed_on_by_itself(self):
        """In both directions, at once, while both sides stay open."""
        def script(stream):
            stream.send_headers(h2peer.Server.RESPONSE)
            for index in range(100):
                stream.send_data(h2peer.frame(stream.wait_messages(index + 1)[index]))
            stream.wait_closed()
            stream.send_headers([(b"grpc-status", b"0")], end=True)
        stream = self.open(self.serve(script))
        for index in range(100):
            stream.send_data(h2peer.frame(b"%d" % index))
            self.assertEqual(stream.wait_messages(index + 1)[index], b"%d" % index)
        stream.send_data(b"", end=True)
        self.assert_ok(stream.wait_closed())

    @rule(2)
    def test_empty_answer_of_a_call_is_an_answer(self):
        """A message of no bytes is five bytes of DATA."""
        stream = self.call(self.serve(answer), message=b"")
        self.assertEqual(stream.data, h2peer.frame(b""))
        self.assert_ok(stream)
