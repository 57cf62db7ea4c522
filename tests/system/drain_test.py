# SPDX-License-Identifier: Apache-2.0
#
# The end of the process: SIGTERM drains, a second signal cuts, and the exit code says which.
import signal
import socket
import threading
import time

import grpc

import harness  # puts tests/peers on the path
import h2peer
from harness import WAIT_S, failure, proxy_only, unary, wait_until


@proxy_only
class DrainTest(harness.ProxyTest):
    def serve(self, *arguments):
        self.go_on, self.entered = threading.Event(), threading.Semaphore(0)
        self.addCleanup(self.go_on.set)
        def hang(_, __):
            self.entered.release()
            self.go_on.wait(WAIT_S)
            yield b"finished"
        self.target = self.start([self.upstream(Hang=hang)], arguments)
        self.host, port = self.target.address.split(":")
        self.port = int(port)
        return self.channel(self.target)

    def hang(self, channel):
        call = channel.unary_unary("/test.Service/Hang").future(b"x", timeout=60)
        self.assertTrue(self.entered.acquire(timeout=WAIT_S))
        return call

    def refuses(self):
        with socket.socket() as probe:
            return probe.connect_ex((self.host, self.port)) != 0

    def test_calls_in_flight_finish_and_new_connections_are_refused(self):
        call = self.hang(self.serve())
        self.target.signal(signal.SIGTERM)
        wait_until(self.refuses, "the port closed")
        self.assertTrue(self.target.running())
        self.go_on.set()
        self.assertEqual(call.result(WAIT_S), b"finished")
        self.assertEqual(self.target.wait(), 0)

    def test_idle_process_ends_at_once(self):
        unary(self.serve())
        since = time.monotonic()
        self.target.signal(signal.SIGTERM)
        self.assertEqual(self.target.wait(), 0)
        self.assertLess(time.monotonic() - since, 3)

    def test_interrupt_drains_too(self):
        call = self.hang(self.serve())
        self.target.signal(signal.SIGINT)
        wait_until(self.refuses, "the port closed")
        self.go_on.set()
        self.assertEqual(call.result(WAIT_S), b"finished")
        self.assertEqual(self.target.wait(), 0)

    def test_clients_are_not_all_told_at_the_same_moment(self):
        """Rule 18: they would all connect elsewhere at the same moment, too."""
        if harness.PUMP != "frame":
            self.skipTest("grpc++ tells all at once")
        self.serve()
        connections = [h2peer.connect(self.target.address) for _ in range(200)]
        for connection in connections:
            self.addCleanup(connection.close)
        wait_until(lambda: all(c.h2.remote_settings.max_concurrent_streams < 2**31 for c in connections), "SETTINGS")
        self.target.signal(signal.SIGTERM)
        wait_until(lambda: all(c.goaway_at or c.closed for c in connections), "all GOAWAYs")
        told = [c.goaway_at for c in connections if c.goaway_at]
        self.assertEqual(len(told), 200)
        self.assertTrue(0.02 < max(told) - min(told) < 5, max(told) - min(told))

    def test_drain_timeout_ends_what_is_left(self):
        """Rule 18: UNAVAILABLE, and an upstream that is let go."""
        call = self.hang(self.serve("--drain-timeout", "700ms"))
        since = time.monotonic()
        self.target.signal(signal.SIGTERM)
        error = failure(call.result, WAIT_S)
        self.assertEqual(error.code(), grpc.StatusCode.UNAVAILABLE)
        self.target.wait()
        self.assertTrue(0.6 < time.monotonic() - since < 5)

    def test_second_signal_cuts(self):
        call = self.hang(self.serve())
        since = time.monotonic()
        self.target.signal(signal.SIGTERM)
        wait_until(self.refuses, "the port closed")
        self.target.signal(signal.SIGTERM)
        failure(call.result, WAIT_S)
        self.target.wait()
        self.assertLess(time.monotonic() - since, 5)

    def test_drain_command_drains(self):
        call = self.hang(self.serve())
        command = harness.Child([harness.BINARY, "drain", "--admin", self.target.admin])
        wait_until(self.refuses, "the port closed")
        self.go_on.set()
        self.assertEqual(call.result(WAIT_S), b"finished")
        self.assertEqual((self.target.wait(), command.wait()), (0, 0))


if __name__ == "__main__":
    harness.main()
