# SPDX-License-Identifier: Apache-2.0
#
# The shape of calls in time: what must go through before what, who may end first, and what a reader that
# stopped must not cost.
import itertools
import threading
import time

import grpc

import harness
from harness import WAIT_S, stream, unary, wait_until


class Requests:
    """A request stream that the test feeds; `close()` half-closes it."""

    def __init__(self):
        self._items, self._changed, self._closed = [], threading.Condition(), False

    def send(self, message):
        with self._changed:
            self._items.append(message)
            self._changed.notify()

    def close(self):
        with self._changed:
            self._closed = True
            self._changed.notify()

    def __iter__(self):
        return self

    def __next__(self):
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._closed)
            if self._items:
                return self._items.pop(0)
        raise StopIteration


class StreamingTest(harness.ProxyTest):
    def serve(self, handler):
        self.target = self.start([self.upstream(Call=handler)])
        return self.channel(self.target)

    def requests(self):
        requests = Requests()
        self.addCleanup(requests.close)
        return requests

    def test_response_headers_arrive_before_the_first_message(self):
        """Rule 1: a tunnel whose both ends wait for the other's headers must not deadlock."""
        def handler(requests, context):
            context.send_initial_metadata((("x-ready", "yes"),))
            yield from requests
        requests = self.requests()
        call = stream(self.serve(handler), requests, "Call")
        self.assertIn(("x-ready", "yes"), call.initial_metadata())
        requests.send(b"only now")
        self.assertEqual(next(call), b"only now")
        requests.close()
        self.assertEqual(list(call), [])

    def test_request_headers_arrive_before_the_first_message(self):
        """Rule 1, the other way: the upstream hears of the call while the client has nothing to say yet."""
        called = threading.Event()
        def handler(requests, _):
            called.set()
            yield from requests
        requests = self.requests()
        call = stream(self.serve(handler), requests, "Call")
        self.assertTrue(called.wait(WAIT_S))
        requests.close()
        self.assertEqual(list(call), [])

    def test_half_close_reaches_the_upstream_while_it_still_sends(self):
        """Rule 12."""
        half_closed, go_on = threading.Event(), threading.Event()
        self.addCleanup(go_on.set)
        def handler(requests, _):
            yield next(requests)
            self.assertEqual(list(requests), [])
            half_closed.set()
            go_on.wait(WAIT_S)
            yield b"after the half-close"
        call = stream(self.serve(handler), [b"one"], "Call")
        self.assertEqual(next(call), b"one")
        self.assertTrue(half_closed.wait(WAIT_S))
        go_on.set()
        self.assertEqual(list(call), [b"after the half-close"])

    def test_messages_flow_to_the_client_while_its_side_stays_open(self):
        """Rule 12: each message is passed on by itself, in both directions, at once."""
        requests = self.requests()
        call = stream(self.serve(harness.echo), requests, "Call")
        for index in range(200):
            requests.send(b"%d" % index)
            self.assertEqual(next(call), b"%d" % index)
        requests.close()
        self.assertEqual(list(call), [])
        self.assertEqual(call.code(), grpc.StatusCode.OK)

    def test_server_that_finishes_first_is_heard_to_the_end(self):
        """Rule 13: all messages and the trailers arrive although the client never stops sending."""
        def handler(requests, context):
            next(requests)
            for index in range(100):
                yield b"%d" % index
            context.set_trailing_metadata((("x-last", "word"),))
        endless = itertools.repeat(b"z" * 1024)
        call = stream(self.serve(handler), endless, "Call")
        self.assertEqual(list(call), [b"%d" % i for i in range(100)])
        self.assertEqual(call.code(), grpc.StatusCode.OK)
        self.assertIn(("x-last", "word"), call.trailing_metadata())

    def test_error_after_messages_arrives_after_them(self):
        """Rule 13: nothing buffered is dropped for the status."""
        def handler(_, context):
            for index in range(50):
                yield b"%d" % index
            context.abort(grpc.StatusCode.DATA_LOSS, "the rest is gone")
        call = stream(self.serve(handler), [b"x"], "Call")
        got = []
        with self.assertRaises(grpc.RpcError) as caught:
            for message in call:
                got.append(message)
        self.assertEqual(len(got), 50)
        self.assert_status(grpc.StatusCode.DATA_LOSS, caught.exception, "the rest is gone")

    def stalled_sender(self):
        """A handler that sends without end, and what it has sent so far."""
        sent = [0]
        def handler(_, context):
            while context.is_active() and sent[0] < 4096:
                sent[0] += 1
                yield b"m" * 65536
        return handler, sent

    def wait_plateau(self, sent):
        """Waits until nothing more is taken for half a second; returns how much was."""
        last, since = sent[0], time.monotonic()
        def still():
            nonlocal last, since
            if sent[0] != last or sent[0] == 0:
                last, since = sent[0], time.monotonic()
            return time.monotonic() - since > 0.5
        wait_until(still, lambda: f"the sender stalls; it sent {sent[0]} messages")
        return sent[0]

    def test_reader_that_stops_stops_the_sender(self):
        """Rules 11 and 21: back-pressure reaches the upstream, and the proxy buffers little."""
        handler, sent = self.stalled_sender()
        channel = self.serve(handler)
        unary(channel)
        before = 0 if harness.DIRECT else self.target.rss_kib()
        call = stream(channel, [b"x"], "Call")
        next(call)
        taken = self.wait_plateau(sent)
        self.assertLess(taken, 1024, "64 MiB were taken from a sender whose receiver has stopped")
        if not harness.DIRECT:
            self.assertLess(self.target.rss_kib() - before, 65536)
        call.cancel()

    def test_slow_reader_does_not_stall_other_calls(self):
        """Rule 21: on one shared upstream connection."""
        handler, sent = self.stalled_sender()
        self.target = self.start([self.upstream(Call=handler)], pool={"loose": {"size": 1, "max_size": 1}}, workers=1)
        stalled = stream(self.channel(self.target), [b"x"], "Call")
        next(stalled)
        self.wait_plateau(sent)
        other = self.channel(self.target)
        for _ in range(100):
            self.assertEqual(unary(other, request=b"e" * 10000)[0], b"e" * 10000)
        stalled.cancel()


if __name__ == "__main__":
    harness.main()
