# SPDX-License-Identifier: Apache-2.0
#
# Rules 16 and 24: time, on the wire and on the clock.
import time

import h2peer
from h2peer import frame
from harness import wait_until
from suite import Case, myelin_only, relay_only, rule, seen, shape, status_of

UNITS = {"H": 3600, "M": 60, "S": 1, "m": 1e-3, "u": 1e-6, "n": 1e-9}
SOON = [(b"grpc-timeout", b"300m")]


def seconds(stream):
    """What is left of the call's time, as the upstream reads it."""
    text = stream.header("grpc-timeout")[0].decode()
    assert 2 <= len(text) <= 9, text
    return int(text[:-1]) * UNITS[text[-1]]


class DeadlineCases(Case):
    @rule(16)
    def test_timeout_is_forwarded_and_not_longer(self):
        self.call(self.serve(), [(b"grpc-timeout", b"20S")])
        self.assertTrue(18 < seconds(self.server.streams[0]) <= 20, self.server.streams[0].headers)

    @rule(16)
    def test_longest_timeout_passes(self):
        """Eight digits of hours are more nanoseconds than 64 bits hold."""
        self.assert_ok(self.call(self.serve(), [(b"grpc-timeout", b"99999999H")]))
        self.assertGreater(seconds(self.server.streams[0]), 86400 * 365)

    @rule(16, 24)
    def test_no_timeout_stays_none(self):
        self.assert_ok(self.call(self.serve()))
        self.assertEqual(self.server.streams[0].header("grpc-timeout"), [])

    @rule(16)
    @myelin_only
    def test_timeout_shrinks_by_the_time_in_the_queue(self):
        def script(stream):
            stream.wait_closed()
            h2peer.reply(stream)
        connection = self.serve(script, workers=1, pool={"strict": {"size": 1, "streams": 1}},
                                timeouts={"queue": "60s"})
        first = self.open(connection, message=b"x")
        self.upstream_stream()
        second = self.open(connection, [(b"grpc-timeout", b"20S")], end=True)
        since = time.monotonic()
        wait_until(lambda: self.target.stats()["in_flight"] == 2, "the second call in the queue")
        wait_until(lambda: time.monotonic() - since > 0.5, "half a second to pass")
        first.send_data(b"", end=True)
        self.assert_ok(second.wait_closed())
        self.assertTrue(18 < seconds(self.server.streams[1]) < 19.8, self.server.streams[1].headers)

    @rule(16)
    def test_answer_of_the_server_to_its_deadline_wins(self):
        """A small grace, so that its own DEADLINE_EXCEEDED arrives."""
        def script(stream):
            with stream.connection.changed:
                stream.connection.changed.wait_for(lambda: stream.reset_code is not None, 0.31)
            h2peer.reply(stream, [], 4, [(b"grpc-message", b"from the server itself")])
        connection = self.serve(script)
        for _ in range(5):  # on a busy machine the upstream itself may be late
            stream = self.call(connection, SOON)
            if stream.blocks and stream.header("grpc-message", -1) == [b"from the server itself"]:
                return
        self.fail(seen(stream))

    # The relay's own deadline, for a client and a server that do not watch their clocks

    def expire(self, script, **arguments):
        since = time.monotonic()
        stream = self.call(self.serve(script), SOON, **arguments)
        self.assertTrue(0.25 < time.monotonic() - since < 3, "in time")
        self.upstream_stream().wait_reset()
        return stream

    @rule(16, 15)
    @relay_only
    def test_deadline_before_headers_is_trailers_only(self):
        """In the request's content type: some clients refuse another."""
        stream = self.expire(hang_open, content_type=b"application/grpc+json")
        self.assertEqual((shape(stream), status_of(stream)), (["headers+end"], b"4"), seen(stream))
        self.assertEqual((stream.header(":status"), stream.header("content-type")),
                         ([b"200"], [b"application/grpc+json"]))

    @rule(16)
    @relay_only
    def test_deadline_after_a_message_is_trailers(self):
        def script(stream):
            stream.send_headers(h2peer.Server.RESPONSE)
            stream.send_data(frame(b"before"))
            hang_open(stream)
        stream = self.expire(script)
        self.assertEqual((stream.messages, status_of(stream), stream.ended), ([b"before"], b"4", True), seen(stream))

    @rule(16)
    @relay_only
    def test_deadline_inside_a_message_is_a_reset(self):
        def script(stream):
            stream.send_headers(h2peer.Server.RESPONSE)
            stream.send_data(frame(b"whole") + frame(b"half of this")[:9])
            hang_open(stream)
        stream = self.expire(script)
        self.assertEqual((stream.messages, stream.ended), ([b"whole"], False), seen(stream))

    @rule(16)
    @myelin_only
    def test_configured_deadline_is_enforced(self):
        """timeouts.request, for a call that brings none."""
        stream = self.call(self.serve(hang_open, timeouts={"request": "300ms"}))
        self.assertEqual(status_of(stream), b"4", seen(stream))
        self.upstream_stream().wait_reset()

    # Idle

    @rule(24)
    @myelin_only
    def test_idle_stream_is_ended_and_a_lively_one_is_not(self):
        """timeouts.stream_idle counts from the last message, not from the start."""
        def script(stream):
            stream.send_headers(h2peer.Server.RESPONSE)
            for index in range(1000):
                stream.send_data(frame(stream.wait_messages(index + 1)[index]))
        stream = self.open(self.serve(script, timeouts={"stream_idle": "600ms"}))
        since = last = time.monotonic()
        count = 0
        while time.monotonic() - since < 1.5:
            stream.send_data(frame(b"tick"))
            count += 1
            stream.wait_messages(count)
            last = time.monotonic()
            wait_until(lambda: time.monotonic() - last > 0.1, "a tenth of a second")
        stream.wait_closed()
        self.assertTrue(0.4 < time.monotonic() - last < 4)
        self.assertEqual(status_of(stream), b"4", seen(stream))

    @rule(24)
    def test_silent_stream_is_left_alone(self):
        """For longer than a timeout for headers or bodies of requests would be noticed late."""
        def script(stream):
            stream.send_headers(h2peer.Server.RESPONSE)
            stream.wait_closed(60)
            stream.send_headers([(b"grpc-status", b"0")], end=True)
        stream = self.open(self.serve(script), message=b"x")
        stream.wait(lambda s: s.blocks, "headers")
        with stream.connection.changed:
            stream.connection.changed.wait_for(lambda: stream.ended or stream.reset_code is not None, 3)
        stream.send_data(b"", end=True)
        self.assert_ok(stream.wait_closed())


def hang_open(stream):
    """Says nothing until the call is reset, whatever the client has ended."""
    stream.wait_reset(60)
