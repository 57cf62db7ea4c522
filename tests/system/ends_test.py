# SPDX-License-Identifier: Apache-2.0
#
# Cancels and deadlines between grpcio peers: who hears of the end, and how soon.
import statistics
import threading
import time

import grpc

import harness
from harness import WAIT_S, failure, proxy_only, stream, wait_until

CANCEL_S = 0.1
# grpcio rounds what it sends as grpc-timeout up to a tenth of a second.
ROUNDED_S = 0.1


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
        self.assertTrue(8 < self.handler.remaining <= 10 + ROUNDED_S, self.handler.remaining)

    def test_deadline_without_an_answer_is_deadline_exceeded(self):
        """Rule 16: in time, and the upstream is let go."""
        channel = self.serve()
        since = time.monotonic()
        call = self.hang(channel, timeout=0.5)
        error = failure(call.result, WAIT_S)
        self.assert_status(grpc.StatusCode.DEADLINE_EXCEEDED, error)
        self.assertTrue(0.4 < time.monotonic() - since < 3)
        self.assertTrue(self.handler.ended.acquire(timeout=WAIT_S))


if __name__ == "__main__":
    harness.main()
