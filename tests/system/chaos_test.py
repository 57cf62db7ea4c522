# SPDX-License-Identifier: Apache-2.0
#
# Many bad things in a row, and then nothing must be left of them: no call counted, no descriptor, no memory.
# A default run is a fraction; MYELIN_FULL=1 makes it 10,000 cancels, 1,000 kills, 100 storms and a minute of
# restarts.
import contextlib
import random
import socket
import threading
import time

import grpc

import harness  # puts tests/peers on the path
import h2peer
from harness import WAIT_S, Upstream, proxy_only, unary, wait_until

CANCELS = 10000 if harness.FULL else 500  # tests/conformance makes 10,000 of an upstream that costs less
KILLS = 1000 if harness.FULL else 60
STORMS = 100 if harness.FULL else 15
RESTARTS_S = 60 if harness.FULL else 5
CLIENTS = 50
MEMORY_KIB = 48 * 1024


@proxy_only
class ChaosTest(harness.ProxyTest):
    def warm(self, target):
        """Grows what grows once: connections, threads' arenas. Returns descriptors and KiB."""
        for _ in range(8):
            channel = self.channel(target)
            futures = [channel.unary_unary("/t.S/Whoami").future(b"x" * 1000, timeout=0.5) for _ in range(200)]
            for future in futures:
                future.exception()
            channel.close()
        target.wait_idle()
        return target.fds(), target.rss_kib()

    def assert_nothing_left(self, target, before, spare=4):
        """`before` is warm()'s. `spare` descriptors are those of connections that the pool may have more now."""
        target.wait_idle()
        wait_until(lambda: target.fds() <= before[0] + spare,
                   lambda: f"descriptors: {before[0]} before, {target.fds()} after")
        self.assertLess(target.rss_kib() - before[1], MEMORY_KIB, "KiB grown")

    def test_cancels_leave_nothing_and_lose_no_connection(self):
        """Rules 14, 25 and 26: before, while and after the answer's first message."""
        upstream = self.own(harness.EchoProcess())
        target = self.start([upstream], pool={"strict": {"size": 2, "streams": 0}})
        before = self.warm(target)
        connection = h2peer.connect(target.address)
        self.addCleanup(connection.close)
        rng = random.Random(4)
        for index in range(CANCELS):
            stream = connection.request("/test.Service/" + ("Hang" if index % 2 else "Bidi"))
            moment = rng.randrange(4)
            if moment > 0:
                stream.send_data(h2peer.frame(b"x"))
            if moment > 1:
                stream.wait(lambda s: s.blocks, "headers")
            if moment > 2 and index % 2 == 0:
                stream.wait_messages(1)
            stream.reset(8)
            connection.streams.pop(stream.id)
        self.assertFalse(connection.closed)
        self.assertIsNone(connection.goaway)
        connection.close()
        self.assert_nothing_left(target, before)

    def test_cancels_by_a_library_leave_nothing(self):
        """Rule 25."""
        upstream = self.own(harness.EchoProcess())
        target = self.start([upstream], pool={"strict": {"size": 2, "streams": 0}})
        before = self.warm(target)
        with contextlib.closing(grpc.insecure_channel(target.address, harness.OPTIONS)) as channel:
            hang = channel.unary_unary("/test.Service/Hang")
            for turn in range(CANCELS // 50):
                calls = [hang.future(b"x", timeout=None if i % 3 else 0.02) for i in range(50)]
                if turn % 2:
                    time.sleep(0.002)
                for call in calls:
                    call.cancel()
        self.assert_nothing_left(target, before)

    def test_killed_upstreams_leave_nothing(self):
        """Rule 25: connections cut under calls in every state; the other endpoint serves on."""
        def script(stream):
            if rng.random() < 0.5:
                stream.send_headers(h2peer.Server.RESPONSE)
            stream.wait_closed(60)
        rng = random.Random(5)
        mortal = self.own(h2peer.Server(script))
        steady = self.own(harness.EchoProcess())
        target = self.start([mortal, steady], backoff={"base": "5ms", "max": "10ms"},
                            pool={"loose": {"size": 1, "max_size": 4}})
        before = self.warm(target)
        channel = self.channel(target)
        hang = channel.unary_unary("/test.Service/Hang")
        served = 0
        for _ in range(KILLS):
            count = len(mortal.streams)
            calls = [hang.future(b"x") for _ in range(8)]
            with contextlib.suppress(AssertionError):
                wait_until(lambda: len(mortal.streams) > count, "a call on the mortal one", 0.3)
            for connection in mortal.connections:
                connection.close()
            mortal.connections.clear()
            mortal.streams.clear()
            for call in calls:
                call.cancel()
            with contextlib.suppress(grpc.RpcError):
                served += unary(channel, "Whoami", timeout=0.2)[0] != b""
        self.assertGreater(served, 0)
        mortal.stop()
        self.assert_nothing_left(target, before, spare=8)

    def test_reconnect_storms_leave_nothing(self):
        """Many clients connect at once, some call, all go, some in the middle of a frame."""
        upstream = self.own(harness.EchoProcess())
        target = self.start([upstream], pool={"strict": {"size": 2, "streams": 0}})
        before = self.warm(target)
        host, port = target.address.split(":")
        for _ in range(STORMS):
            connections = [h2peer.connect(target.address) for _ in range(CLIENTS // 2)]
            for connection in connections:
                connection.request("/test.Service/Hang").send_data(h2peer.frame(b"x"))
            silent = [socket.create_connection((host, int(port))) for _ in range(CLIENTS // 2)]
            for index, each in enumerate(silent):
                if index % 2:
                    each.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\x12\4"[:5 + index])
            for each in (*connections, *silent):
                each.close()
        self.assert_nothing_left(target, before)

    def test_upstream_that_restarts_every_100_ms_fails_only_its_own_calls(self):
        """Rules 15, 17 and 25: under load on it and on another, each failure is UNAVAILABLE and names it."""
        def script(stream):
            stream.wait_messages(1)
            h2peer.reply(stream, [b"x"])
        steady, mortal = self.own(h2peer.Server(script)), h2peer.Server(script)
        port = int(mortal.address.split(":")[1])
        target = self.start([mortal, steady], backoff={"base": "5ms", "max": "20ms"},
                            pool={"loose": {"size": 1, "max_size": 4}})
        before = self.warm(target)
        stop, served, errors = threading.Event(), [], []
        def load():
            channel = self.channel(target)
            while not stop.is_set():
                try:
                    served.append(unary(channel, timeout=WAIT_S))
                except grpc.RpcError as error:
                    errors.append(error)
        clients = [threading.Thread(target=load) for _ in range(4)]
        for client in clients:
            client.start()
        until = time.monotonic() + RESTARTS_S
        while time.monotonic() < until:
            time.sleep(0.05)  # the pace is the test
            mortal.stop()
            time.sleep(0.05)
            mortal = h2peer.Server(script, port=port)
        stop.set()
        for client in clients:
            client.join()
        for error in errors:
            self.assertEqual(error.code(), grpc.StatusCode.UNAVAILABLE, error.details())
            if harness.PUMP == "frame":  # grpc++ has words of its own
                self.assertIn(mortal.address, error.details())
        self.assertGreater(len(served), 10 * len(errors) + 100)
        def is_up():
            return target.stats()["endpoints"][0]["state"] == "up"
        wait_until(is_up, "the endpoint up")
        self.own(mortal)
        self.assert_nothing_left(target, before, spare=8)

    def test_upstream_that_restarts_is_found_again(self):
        """Each time; calls in between fail fast or wait, and none hangs."""
        first = Upstream()
        port = int(first.address.split(":")[1])
        target = self.start([first], backoff={"base": "5ms", "max": "20ms"})
        channel = self.channel(target)
        unary(channel)
        for _ in range(max(5, KILLS // 10)):
            first.stop()
            with contextlib.suppress(grpc.RpcError):
                unary(channel, timeout=5)
            first = Upstream(port=port)
            def served():
                with contextlib.suppress(grpc.RpcError):
                    return unary(channel, timeout=5)
            wait_until(served, "the upstream found again")
        first.stop()
        target.wait_idle()


if __name__ == "__main__":
    harness.main()
