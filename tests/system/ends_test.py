# SPDX-License-Identifier: Apache-2.0
#
# Cancels, deadlines and resets: who hears of the end, how soon, and with what code.
import statistics
import threading
import time

import grpc

import harness  # puts tests/peers on the path
import h2peer
from harness import WAIT_S, failure, proxy_only, stream, unary, wait_until

CANCEL_S = 0.1
EXCLUSIVE = {"strict": {"size": 1, "streams": 1}}

# RFC 9113 error codes and what gRPC makes of them.
RESETS = {0x2: grpc.StatusCode.INTERNAL, 0x3: grpc.StatusCode.INTERNAL, 0x6: grpc.StatusCode.INTERNAL,
          0x7: grpc.StatusCode.UNAVAILABLE, 0x8: grpc.StatusCode.CANCELLED, 0xB: grpc.StatusCode.RESOURCE_EXHAUSTED,
          0xC: grpc.StatusCode.PERMISSION_DENIED}


class Hanging:
    """A handler that never answers, and tells when it was called and when it was let go. `release` ends it."""

    def __init__(self):
        self.called, self.ended, self.release = threading.Semaphore(0), threading.Semaphore(0), threading.Event()
        self.calls, self.ended_at, self.remaining = 0, 0.0, None

    def __call__(self, requests, context):
        self.calls += 1
        self.remaining = context.time_remaining()
        gone = threading.Event()

        def end():
            self.ended_at = time.monotonic()
            self.ended.release()
            gone.set()
        context.add_callback(end)
        self.called.release()
        while not gone.wait(0.01) and not self.release.is_set():
            pass
        yield b"late"


class EndsTest(harness.ProxyTest):
    def serve(self, **config):
        self.handler = Hanging()
        self.addCleanup(self.handler.release.set)
        self.target = self.start([self.upstream(Hang=self.handler)], **config)
        return self.channel(self.target)

    def hang(self, channel, **arguments):
        """A call that the upstream has and does not answer."""
        call = channel.unary_unary("/test.Service/Hang").future(b"x", **arguments)
        self.assertTrue(self.handler.called.acquire(timeout=WAIT_S))
        return call

    def test_cancel_reaches_the_upstream_within_100_ms(self):
        """Rule 14: median of 21 calls."""
        channel = self.serve()
        delays = []
        for _ in range(21):
            call = self.hang(channel)
            since = time.monotonic()
            call.cancel()
            self.assertTrue(self.handler.ended.acquire(timeout=WAIT_S))
            delays.append(self.handler.ended_at - since)
        self.assertLess(statistics.median(delays), CANCEL_S, delays)

    def test_cancel_of_a_stream_under_way_reaches_the_upstream(self):
        """Rule 14: after messages both ways."""
        ended = threading.Event()
        def handler(requests, context):
            context.add_callback(ended.set)
            yield from requests
        self.target = self.start([self.upstream(Call=handler)])
        go_on = threading.Event()
        self.addCleanup(go_on.set)
        def requests():
            yield b"one"
            go_on.wait(WAIT_S)
        call = stream(self.channel(self.target), requests(), "Call")
        self.assertEqual(next(call), b"one")
        call.cancel()
        self.assertTrue(ended.wait(WAIT_S))

    def test_server_cancelling_is_cancelled_for_the_client(self):
        """Rule 14, the other way."""
        def handler(_, context):
            yield b"one"
            context.cancel()
        self.target = self.start([self.upstream(Call=handler)])
        call = stream(self.channel(self.target), [b"x"], "Call")
        with self.assertRaises(grpc.RpcError) as caught:
            list(call)
        self.assertIn(caught.exception.code(), (grpc.StatusCode.CANCELLED, grpc.StatusCode.UNKNOWN))

    @proxy_only
    def test_cancel_while_queued_leaves_the_queue(self):
        """Rules 14 and 25: the upstream never hears of the call, and the slot goes to nobody else."""
        channel = self.serve(pool=EXCLUSIVE, workers=1, timeouts={"queue": "60s"})
        first = self.hang(channel)
        second = channel.unary_unary("/test.Service/Hang").future(b"x")
        wait_until(lambda: self.target.stats()["in_flight"] == 2, "the second call in the queue")
        second.cancel()
        wait_until(lambda: self.target.stats()["in_flight"] == 1, "the second call gone")
        self.handler.release.set()
        self.assertEqual(first.result(WAIT_S), b"late")
        self.assertEqual(unary(channel)[0], b"x")
        self.assertEqual(self.handler.calls, 1)

    @proxy_only
    def test_cancel_while_connecting_leaves_nothing(self):
        """Rules 14 and 25."""
        import socket
        with socket.socket() as dead:
            dead.bind(("127.0.0.1", 0))
            dead.listen(0)
            address = "127.0.0.1:%d" % dead.getsockname()[1]
            self.target = self.start([address], timeouts={"connect": "60s"})
            call = self.channel(self.target).unary_unary("/test.Service/Echo").future(b"x")
            wait_until(lambda: self.target.stats()["in_flight"] == 1, "the call")
            call.cancel()
            self.target.wait_idle(2)

    def test_deadline_reaches_the_upstream_shrunk(self):
        """Rule 16."""
        channel = self.serve()
        self.hang(channel, timeout=10).cancel()
        self.assertTrue(8 < self.handler.remaining <= 10, self.handler.remaining)

    @proxy_only
    def test_deadline_shrinks_by_the_time_in_the_queue(self):
        """Rule 16."""
        channel = self.serve(pool=EXCLUSIVE, workers=1, timeouts={"queue": "60s"})
        first = self.hang(channel)
        second = channel.unary_unary("/test.Service/Hang").future(b"x", timeout=20)
        since = time.monotonic()
        wait_until(lambda: self.target.stats()["in_flight"] == 2, "the second call in the queue")
        wait_until(lambda: time.monotonic() - since > 1, "a second to pass")
        first.cancel()
        self.assertTrue(self.handler.called.acquire(timeout=WAIT_S))
        waited = time.monotonic() - since
        self.assertLess(self.handler.remaining, 20 - 0.9)
        self.assertGreater(self.handler.remaining, 20 - waited - 1)
        second.cancel()

    def test_deadline_without_an_answer_is_deadline_exceeded(self):
        """Rule 16: in time, and the upstream is let go."""
        channel = self.serve()
        since = time.monotonic()
        call = self.hang(channel, timeout=0.5)
        error = failure(call.result, WAIT_S)
        self.assert_status(grpc.StatusCode.DEADLINE_EXCEEDED, error)
        self.assertTrue(0.4 < time.monotonic() - since < 3)
        self.assertTrue(self.handler.ended.acquire(timeout=WAIT_S))

    @proxy_only
    def test_deadline_is_enforced_by_the_proxy_too(self):
        """Rules 15 and 16: for a client that does not watch its own clock, and an upstream that does not either."""
        self.server = self.own(h2peer.Server(lambda stream: stream.wait_closed(60)))
        self.target = self.start([self.server])
        connection = h2peer.connect(self.target.address)
        self.addCleanup(connection.close)
        hung = connection.request("/test.Service/Hang", [(b"grpc-timeout", b"300m")])
        hung.send_data(h2peer.frame(b"x"), end=True)
        since = time.monotonic()
        hung.wait_closed()
        self.assertLess(time.monotonic() - since, 3)
        self.assertEqual(hung.header("grpc-status", -1), [b"4"])
        self.server.streams[0].wait_closed()
        self.server.streams[0].wait_reset()

    def test_reset_before_headers_becomes_its_status(self):
        """Rule 14: for each code."""
        server = self.own(h2peer.Server(lambda stream: stream.reset(int(stream.header("x-code")[0]))))
        self.target = self.start([server])
        channel = self.channel(self.target)
        for code, status in RESETS.items():
            with self.subTest(hex(code)):
                error = failure(unary, channel, metadata=(("x-code", str(code)),))
                self.assertEqual(error.code(), status, error.details())

    def test_reset_after_a_message_delivers_the_message_first(self):
        """Rule 14: what came before the reset is not lost with it."""
        def script(stream):
            stream.send_headers(h2peer.Server.RESPONSE)
            stream.send_data(h2peer.frame(b"before"))
            stream.wait_messages(2)
            stream.reset(int(stream.header("x-code")[0]))
        server = self.own(h2peer.Server(script))
        self.target = self.start([server])
        channel = self.channel(self.target)
        for code in (0x2, 0x8, 0xB):
            with self.subTest(hex(code)):
                got = threading.Event()
                self.addCleanup(got.set)
                def requests():
                    yield b"one"
                    got.wait(WAIT_S)
                    yield b"two"
                call = stream(channel, requests(), metadata=(("x-code", str(code)),))
                self.assertEqual(next(call), b"before")
                got.set()
                with self.assertRaises(grpc.RpcError) as caught:
                    next(call)
                self.assertEqual(caught.exception.code(), RESETS[code])


if __name__ == "__main__":
    harness.main()
