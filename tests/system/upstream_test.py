# SPDX-License-Identifier: Apache-2.0
#
# Upstream connections in raw frames: how they end and what the client sees of it, what they say when they go, and what
# one worker's trouble means for the others.
import contextlib
import threading
import time

from h2.settings import SettingCodes

import harness  # puts tests/peers on the path
import h2peer
from h2peer import frame
from harness import proxy_only, wait_until

NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, ENHANCE_YOUR_CALM = 0x0, 0x1, 0x2, 0xB


def inside_a_message(stream):
    stream.send_headers(h2peer.Server.RESPONSE)
    stream.send_data(frame(b"whole") + frame(b"cut in the middle")[:9])


def between_messages(stream):
    stream.send_headers(h2peer.Server.RESPONSE)
    stream.send_data(frame(b"whole"))


@proxy_only
class UpstreamTest(harness.ProxyTest):
    def serve(self, script, **config):
        self.server = self.own(h2peer.Server(script))
        self.target = self.start([self.server], **config)
        return self.connect()

    def connect(self):
        connection = h2peer.connect(self.target.address)
        self.addCleanup(connection.close)
        return connection

    def call(self, connection, end=True):
        stream = connection.request("/test.Service/Echo")
        stream.send_data(frame(b"x"), end=end)
        return stream

    def wait_passed(self, stream, size):
        stream.wait(lambda s: len(s.data) == size, "what came before")

    def lose(self, begin, size):
        """What the client sees when the connection is cut after `begin`, of which `size` bytes have passed."""
        cut = threading.Event()
        self.addCleanup(cut.set)
        def script(stream):
            begin(stream)
            cut.wait(harness.WAIT_S)
            stream.connection.close()
        stream = self.call(self.serve(script), end=False)
        self.wait_passed(stream, size)
        cut.set()
        return stream.wait_closed()

    def test_connection_lost_between_messages_ends_with_trailers(self):
        """Rule 15."""
        stream = self.lose(between_messages, 10)
        self.assertEqual(stream.header("grpc-status", -1), [b"14"])
        self.assertIn(self.server.address.encode(), stream.header("grpc-message", -1)[0])
        self.assertEqual(stream.data, frame(b"whole"))

    def test_connection_lost_inside_a_message_is_a_reset(self):
        """Rule 15: trailers would make a cut message look whole."""
        if harness.PUMP != "frame":
            self.skipTest("grpc++ gives whole messages only")
        stream = self.lose(inside_a_message, 19)
        self.assertEqual((stream.wait_reset(), len(stream.blocks)), (INTERNAL_ERROR, 1))

    def test_connection_lost_before_headers_is_trailers_only(self):
        """Rule 15."""
        stream = self.call(self.serve(lambda stream: stream.connection.close())).wait_closed()
        self.assertEqual(stream.header("grpc-status", -1), [b"14"])
        self.assertEqual(len(stream.blocks), 1)

    def test_reset_without_error_before_trailers_is_internal(self):
        """Rule 13: for the upstream had more to say."""
        for begin in (lambda stream: stream.wait_messages(1), between_messages):
            def script(stream):
                begin(stream)
                stream.reset(NO_ERROR)
            stream = self.call(self.serve(script), end=False).wait_closed()
            if stream.reset_code is None:
                self.assertEqual(stream.header("grpc-status", -1), [b"13"])
            else:
                self.assertEqual(stream.reset_code, INTERNAL_ERROR)

    def test_reset_without_error_after_trailers_is_success(self):
        """Rule 13: the upstream has said all, and needs no more of the request."""
        def script(stream):
            h2peer.reply(stream, [b"early"])
            stream.reset(NO_ERROR)
        stream = self.call(self.serve(script), end=False)
        stream.wait(lambda s: s.ended, "the end")
        self.assertEqual(stream.header("grpc-status", -1), [b"0"])
        self.assertEqual(stream.wait_messages(1), [b"early"])

    def test_resets_of_one_client_cost_no_other_its_connection(self):
        """Rule 26: their code is passed on, and it is not the upstream that broke the rules; nor is it the client, when the
        upstream resets."""
        if harness.PUMP != "frame":
            self.skipTest("grpc++ has limits of its own")
        self.served = 0
        def script(stream):
            with stream.connection.changed:
                self.served += 1
                stream.connection.changed.notify_all()
            if stream.header("x-reset"):
                stream.reset(PROTOCOL_ERROR)
            elif not stream.header("x-hang"):
                stream.wait_closed()
                h2peer.reply(stream, [b"x"])
        hostile = self.serve(script, workers=1, pool={"strict": {"size": 1}})
        bystander = self.connect()
        self.assertEqual(self.call(bystander).wait_closed().header("grpc-status", -1), [b"0"])
        seen = 1
        for _ in range(1_100):
            stream = hostile.request("/test.Service/Echo", [(b"x-hang", b"1")])
            seen += 1
            self.server.connections[0].wait(lambda _: self.served == seen, "the call at the upstream")
            stream.reset(PROTOCOL_ERROR)
        for _ in range(1_100):
            bystander.request("/test.Service/Echo", [(b"x-reset", b"1")]).wait_closed()
        for client in (hostile, bystander):
            self.assertEqual(self.call(client).wait_closed().header("grpc-status", -1), [b"0"])
        self.assertEqual(len(self.server.connections), 1)
        self.assertNotIn("calm down", self.target.log())

    def test_a_goaway_is_acted_on_at_once_when_calls_wait(self):
        """Rule 18: the replacement opens, and not only when somebody looks."""
        if harness.PUMP != "frame":
            self.skipTest("grpc++ has one connection for all")
        go_on = threading.Event()
        self.addCleanup(go_on.set)
        def script(stream):
            if stream.header("x-long"):
                go_on.wait(harness.WAIT_S)
            stream.wait_closed()
            h2peer.reply(stream, [b"x"])
        self.server = self.own(h2peer.Server(script, {SettingCodes.MAX_CONCURRENT_STREAMS: 1}))
        self.target = self.start([self.server], workers=1, pool={"strict": {"size": 1}}, timeouts={"queue": "10s"})
        client = self.connect()
        long = client.request("/test.Service/Echo", [(b"x-long", b"1")])
        long.send_data(frame(b"x"), end=True)
        wait_until(lambda: self.server.connections and self.server.connections[0].streams, "the first call")
        waiting = self.call(client)
        wait_until(lambda: self.target.stats()["endpoints"][0]["queued"] == 1, "a call that waits")
        since = time.monotonic()
        self.server.connections[0].send_goaway(1)
        self.assertEqual(waiting.wait_closed().header("grpc-status", -1), [b"0"])
        self.assertLess(time.monotonic() - since, 0.4)
        go_on.set()
        self.assertEqual(long.wait_closed().header("grpc-status", -1), [b"0"])

    def test_too_many_pings_counts_also_without_a_call(self):
        """Rule 20: the interval doubles for the endpoint, whose connection had no call by then."""
        if harness.PUMP != "frame":
            self.skipTest("grpc++ does not tell")
        connection = self.serve(h2peer.reply, keepalive={"time": "60s"})
        self.call(connection).wait_closed()
        self.target.wait_idle()
        for upstream in self.server.connections:
            upstream.send_goaway(1, ENHANCE_YOUR_CALM, b"too_many_pings")
        wait_until(lambda: "complains of too many pings; keepalive time is now 2m" in self.target.log(), "the warning")

    def test_too_many_pings_in_a_status_is_the_upstreams_own_word(self):
        """Rule 20: only a GOAWAY complains."""
        def script(stream):
            stream.wait_closed()
            h2peer.reply(stream, [], 14, [(b"grpc-message", b"GOAWAY received: too_many_pings")])
        stream = self.call(self.serve(script)).wait_closed()
        self.assertEqual(stream.header("grpc-status", -1), [b"14"])
        self.target.wait_idle()
        self.assertNotIn("complains", self.target.log())

    def test_calls_around_a_goaway_are_all_served(self):
        """Rules 17 and 18: an upstream that says goodbye every few calls loses none of them."""
        last = 25
        def script(stream):
            stream.wait_closed()
            if stream.id == last:
                stream.connection.send_goaway(last)
            if stream.id <= last:  # what is beyond it is never looked at
                h2peer.reply(stream, [b"x"])
        connection = self.serve(script, workers=1, pool={"loose": {"size": 1, "max_size": 8}},
                                timeouts={"queue": "15s"})
        for _ in range(8):
            streams = [self.call(connection) for _ in range(25)]
            codes = [stream.wait_closed().header("grpc-status", -1) for stream in streams]
            self.assertEqual(codes, [[b"0"]] * 25)
        self.assertGreater(len(self.server.connections), 5)

    def test_a_worker_that_cannot_connect_takes_the_endpoint_from_no_other(self):
        """An upstream that takes no more connections serves on those that it has."""
        used = set()
        def script(stream):
            stream.wait_closed()
            used.add(stream.connection)
            h2peer.reply(stream, [b"x"])
        first = self.serve(script, workers=2, pool={"loose": {"size": 2, "max_size": 2}},
                           backoff={"base": "50ms", "max": "50ms"})
        self.assertEqual(self.call(first).wait_closed().header("grpc-status", -1), [b"0"])
        self.server.listener.shutdown(2)
        self.server.listener.close()
        for upstream in set(self.server.connections) - used:
            upstream.close()
        failures = lambda: self.target.stats()["endpoints"][0]["connections"]["connect_failures"]
        def other_worker_has_failed():
            with contextlib.suppress(BrokenPipeError):  # refused before the message is sent
                self.call(self.connect()).wait_closed()
            return failures() > 2
        wait_until(other_worker_has_failed, "failed connects of the other worker")
        for _ in range(20):
            self.assertEqual(self.call(first).wait_closed().header("grpc-status", -1), [b"0"])
        self.assertEqual(self.target.stats()["endpoints"][0]["state"], "up")


if __name__ == "__main__":
    harness.main()
