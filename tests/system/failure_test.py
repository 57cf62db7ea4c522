# SPDX-License-Identifier: Apache-2.0
#
# Endpoints that fail in every way a network has: the caller gets UNAVAILABLE with the endpoint's name and the
# reason, nothing leaks, and calls to live endpoints are fine.
import contextlib
import socket
import threading
import time

import grpc

import harness  # puts tests/peers on the path
import h2peer
from harness import WAIT_S, Upstream, failure, proxy_only, stream, unary, wait_until

UNAVAILABLE = grpc.StatusCode.UNAVAILABLE


class Listener:
    """A TCP listener that runs `serve(socket)` for each connection; `accepted` counts them."""

    def __init__(self, serve):
        self.accepted, self.sockets = 0, []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.socket.getsockname()[1]
        threading.Thread(target=self._run, args=(serve,), daemon=True).start()

    def _run(self, serve):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.socket.accept()
                self.accepted += 1
                self.sockets.append(connection)
                with contextlib.suppress(OSError):
                    serve(connection)

    def stop(self):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        for each in (self.socket, *self.sockets):
            each.close()


class Blackhole:
    """A listener whose backlog is full: further connects get no answer at all."""

    def __init__(self):
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.socket.listen(0)
        self.address = "127.0.0.1:%d" % self.socket.getsockname()[1]
        self.fillers = []
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(self.socket.getsockname())
            self.fillers.append(filler)

    def stop(self):
        for each in (self.socket, *self.fillers):
            each.close()


def refused_address():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return "127.0.0.1:%d" % probe.getsockname()[1]


@proxy_only
class FailureTest(harness.ProxyTest):
    def assert_unavailable(self, address, *fragments, within=5, **config):
        """One call to a bad endpoint alone."""
        target = self.start([address], **config)
        since = time.monotonic()
        error = failure(unary, self.channel(target), timeout=WAIT_S)
        self.assert_status(UNAVAILABLE, error, address, *fragments)
        self.assertLess(time.monotonic() - since, within)
        target.wait_idle(2)
        return target

    def assert_others_serve(self, bad, **config):
        """Beside a live endpoint: the caller notices at most the first calls, and soon none."""
        live = self.upstream()
        target = self.start([bad, live], **config)
        channel = self.channel(target)
        def twenty_fine():
            for _ in range(20):
                try:
                    unary(channel)
                except grpc.RpcError as error:
                    self.assert_status(UNAVAILABLE, error, bad)
                    return False
            return True
        wait_until(twenty_fine, "twenty calls in a row that reach the live endpoint")

    def test_refusing_endpoint_is_unavailable_by_name(self):
        """Rule 15."""
        self.assert_unavailable(refused_address(), "refused")

    def test_refusing_endpoint_is_left_aside(self):
        self.assert_others_serve(refused_address())

    def test_hanging_connect_ends_with_the_connect_timeout(self):
        """timeouts.connect: seen on the clock."""
        hole = self.own(Blackhole())
        since = time.monotonic()
        self.assert_unavailable(hole.address, timeouts={"connect": "400ms", "queue": "10s"})
        self.assertGreater(time.monotonic() - since, 0.35)

    def test_hanging_endpoint_is_left_aside(self):
        hole = self.own(Blackhole())
        self.assert_others_serve(hole.address, timeouts={"connect": "300ms"})

    def test_endpoint_that_accepts_and_says_nothing_is_unavailable(self):
        """No SETTINGS frame within timeouts.connect is no connection."""
        silent = self.own(Listener(lambda connection: None))
        self.assert_unavailable(silent.address, timeouts={"connect": "400ms", "queue": "10s"})

    def test_endpoint_that_closes_at_once_is_unavailable(self):
        closing = self.own(Listener(lambda connection: connection.close()))
        self.assert_unavailable(closing.address)

    def test_endpoint_that_speaks_http1_is_unavailable(self):
        http1 = self.own(Listener(lambda connection: connection.sendall(
            b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")))
        self.assert_unavailable(http1.address)

    def test_endpoint_that_speaks_http1_is_left_aside(self):
        http1 = self.own(Listener(lambda connection: (connection.sendall(b"HTTP/1.1 400 Bad\r\n\r\n"),
                                                      connection.close())))
        self.assert_others_serve(http1.address)

    def test_unknown_host_name_is_unavailable_by_name(self):
        self.assert_unavailable("no-such-host.invalid:50051", within=15)

    def test_connection_lost_mid_call_is_unavailable_by_name(self):
        """Rule 15: before headers and after a message."""
        for messages in (0, 1):
            with self.subTest(messages=messages):
                def script(stream):
                    stream.wait_messages(1)
                    if messages:
                        stream.send_headers(h2peer.Server.RESPONSE)
                        stream.send_data(h2peer.frame(b"before"))
                        stream.wait_messages(2)
                    stream.connection.close()
                server = self.own(h2peer.Server(script))
                target = self.start([server])
                seen = threading.Event()
                def requests():
                    yield b"one"
                    seen.wait(WAIT_S)
                    yield b"two"
                call = stream(self.channel(target), requests())
                if messages:
                    self.assertEqual(next(call), b"before")
                seen.set()
                error = failure(next, call)
                self.assert_status(UNAVAILABLE, error, server.address)

    def test_words_of_an_upstream_are_not_taken_for_a_lost_connection(self):
        """grpc++ says the same of a connection that broke."""
        target = self.start([self.upstream(Say=lambda _, context: context.abort(UNAVAILABLE, "Socket closed"))])
        self.assertEqual(failure(unary, self.channel(target), "Say").details(), "Socket closed")

    def test_call_after_a_lost_connection_is_fine(self):
        first = Upstream()
        port = int(first.address.split(":")[1])
        target = self.start([first], backoff={"base": "10ms", "max": "50ms"})
        channel = self.channel(target)
        unary(channel)
        first.stop()
        self.assert_status(UNAVAILABLE, failure(unary, channel), first.address)
        self.own(Upstream(port=port))
        def served():
            with contextlib.suppress(grpc.RpcError):
                return unary(channel)
        wait_until(served, "the endpoint served again")

    def test_http_error_of_an_upstream_becomes_a_status(self):
        """gRPC's table of HTTP codes, for answers without grpc-status."""
        def script(stream):
            stream.wait_closed()
            stream.send_headers([(b":status", stream.header("x-code")[0]), (b"content-type", b"text/html")])
            stream.send_data(b"<html>", end=True)
        server = self.own(h2peer.Server(script))
        channel = self.channel(self.start([server]))
        for code, status in ((b"503", UNAVAILABLE), (b"401", grpc.StatusCode.UNAUTHENTICATED),
                             (b"403", grpc.StatusCode.PERMISSION_DENIED), (b"404", grpc.StatusCode.UNIMPLEMENTED)):
            with self.subTest(code):
                self.assertEqual(failure(unary, channel, metadata=(("x-code", code.decode()),)).code(), status)

    def test_attempts_to_connect_back_off(self):
        """backoff: a dead endpoint is not hammered, however many calls want it."""
        closing = self.own(Listener(lambda connection: connection.close()))
        target = self.start([closing], workers=1, backoff={"base": "200ms", "max": "400ms", "jitter": 0},
                            pool={"loose": {"size": 1, "max_size": 1}})
        channel = self.channel(target)
        until = time.monotonic() + 2
        calls = 0
        while time.monotonic() < until:
            failure(unary, channel)
            calls += 1
        self.assertGreater(calls, 20, "calls during backoff fail at once")
        self.assertLess(closing.accepted, 15)

    def test_dead_connection_is_found_by_keepalive(self):
        """keepalive: a peer that answers no PING is given up after time and timeout."""
        server = self.own(h2peer.Server(lambda stream: stream.wait_closed(60)))
        target = self.start([server], keepalive={"time": "1s", "timeout": "500ms"})
        call = self.channel(target).unary_unary("/test.Service/Hang").future(b"x", timeout=60)
        wait_until(lambda: server.streams, "the call upstream")
        connection = server.streams[0].connection
        connection.changed.acquire()  # its reader can no longer answer
        try:
            error = failure(call.result, 30)
        finally:
            connection.changed.release()
        self.assert_status(UNAVAILABLE, error, server.address)


if __name__ == "__main__":
    harness.main()
