# SPDX-License-Identifier: Apache-2.0
#
# Rules 17 to 20: connections that go away, stream limits, PINGs, and calls that are made again.
import threading

import h2.settings
from hyperframe.frame import GoAwayFrame

import h2peer
from h2peer import frame
from harness import wait_until
from suite import (CANCEL, Case, INTERNAL_ERROR, NO_ERROR, REFUSED_STREAM, SINGLE, hang, myelin_only, relay_only, rule,
                   seen, status_of)

LIMIT = h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS
LAST_STREAM = 2**31 - 1


class RetryCases(Case):
    def failing_once(self, fail):
        """An upstream that answers all calls but the first, with which it does `fail(stream)`."""
        def script(stream):
            if stream is self.server.streams[0]:
                fail(stream)
            else:
                stream.wait_closed()
                h2peer.reply(stream, stream.messages)
        return script

    @rule(17)
    @relay_only
    def test_refused_stream_is_made_again(self):
        """The upstream says that it has not touched it."""
        stream = self.call(self.serve(self.failing_once(lambda s: s.wait_closed().reset(REFUSED_STREAM))))
        self.assert_ok(stream)
        self.assertEqual((len(self.server.streams), stream.messages), (2, [b"x"]))

    @rule(17)
    @relay_only
    def test_call_beyond_the_goaways_last_stream_is_made_again(self):
        """The upstream has provably not touched it."""
        def script(stream):
            if stream.id > min(stream.connection.streams):
                stream.connection.send_goaway(min(stream.connection.streams))
                return
            stream.wait_closed()
            h2peer.reply(stream)
        connection = self.serve(script, **SINGLE)
        first = self.open(connection, message=b"x")
        self.upstream_stream()
        second = self.call(connection)
        first.send_data(b"", end=True)
        self.assertEqual((status_of(first.wait_closed()), status_of(second)), (b"0", b"0"), seen(second))

    def assert_made_once(self, fail):
        stream = self.call(self.serve(self.failing_once(fail)))
        self.assertNotEqual(status_of(stream), b"0")
        self.assert_alive()
        self.assertEqual(len(self.server.streams), 2, "the failed call and the next one")
        return stream

    @rule(17)
    @relay_only
    def test_reset_call_that_may_have_run_is_not_made_again(self):
        for code in (NO_ERROR, INTERNAL_ERROR, CANCEL):
            with self.subTest(hex(code)):
                self.assert_made_once(lambda s: s.wait_closed().reset(code))

    @rule(17)
    @relay_only
    def test_lost_call_that_may_have_run_is_not_made_again(self):
        self.assert_made_once(lambda s: s.wait_closed().connection.close())

    @rule(17)
    @relay_only
    def test_reset_that_forbids_a_repetition_does_not_become_one_that_allows_it(self):
        """A client makes a call again on REFUSED_STREAM."""
        stream = self.assert_made_once(lambda s: s.wait_closed().reset(INTERNAL_ERROR))
        self.assertNotEqual(stream.reset_code, REFUSED_STREAM)
        self.assertNotEqual(status_of(stream), b"14")

    @rule(17)
    @relay_only
    def test_call_that_is_always_refused_ends(self):
        stream = self.call(self.serve(lambda s: s.reset(REFUSED_STREAM)))
        self.assertTrue(stream.reset_code == REFUSED_STREAM or status_of(stream) == b"14", seen(stream))
        self.assertLess(len(self.server.streams), 10)


class GoawayCases(Case):
    @rule(18)
    @relay_only
    def test_goaway_of_the_upstream_moves_new_calls_to_a_new_connection(self):
        """The old call finishes, the next one opens a replacement."""
        def script(stream):
            stream.wait_messages(1)
            if stream is self.server.streams[0]:
                stream.connection.send_goaway(stream.id)
            stream.wait_closed(60)
            h2peer.reply(stream)
        connection = self.serve(script, **SINGLE)
        first = self.open(connection, message=b"x")
        self.upstream_stream().wait_messages(1)
        self.server.connections[0].ping()
        second = self.call(connection)
        first.send_data(b"", end=True)
        self.assertEqual((status_of(first.wait_closed()), status_of(second)), (b"0", b"0"))
        self.assertEqual(len(self.server.connections), 2)

    @rule(18)
    @relay_only
    def test_upstream_that_announces_goaway_first_is_left_in_peace(self):
        """The first step names the last id there is; what was under way is served, nothing is made again."""
        def script(stream):
            if stream is self.server.streams[0]:
                stream.connection.send_goaway(LAST_STREAM)
            stream.wait_closed()
            h2peer.reply(stream)
        connection = self.serve(script, **SINGLE)
        first = self.open(connection, message=b"x")
        self.upstream_stream().wait_messages(1)
        self.server.connections[0].ping()
        second = self.call(connection)
        first.send_data(b"", end=True)
        self.assertEqual((status_of(first.wait_closed()), status_of(second)), (b"0", b"0"))
        self.assertEqual([len(c.streams) for c in self.server.connections], [1, 1])

    def drain_one(self, on_goaway=None):
        """A call that is under way when the relay begins to drain."""
        connection = self.serve()
        connection.on_goaway = on_goaway
        stream = self.open(connection, message=b"x")
        self.upstream_stream()
        self.target.drain()
        connection.wait(lambda c: c.goaways, "a GOAWAY")
        return connection, stream

    @rule(18)
    @relay_only
    def test_drain_tells_clients_at_once_and_serves_their_calls(self):
        connection, stream = self.drain_one()
        self.assertEqual(int(connection.goaway.error_code), NO_ERROR)
        stream.send_data(b"", end=True)
        self.assert_ok(stream.wait_closed())

    @rule(18)
    @relay_only
    def test_drain_tells_clients_in_two_steps(self):
        """So that a call which the first one crosses is served, and not lost."""
        crossing = []
        def cross(connection):
            if not crossing:  # before anything that would tell the relay that the GOAWAY is here
                answers = connection.h2.data_to_send()
                crossing.append(self.open(connection, end=True))
                connection.send_raw(answers)
        connection, stream = self.drain_one(cross)
        self.assertEqual(connection.goaways[0].last_stream_id, LAST_STREAM)
        self.assert_ok(crossing[0].wait_closed())
        connection.wait(lambda c: len(c.goaways) > 1, "the second GOAWAY")
        self.assertEqual(connection.goaway.last_stream_id, crossing[0].id)
        stream.send_data(b"", end=True)
        self.assert_ok(stream.wait_closed())

    @rule(18)
    @relay_only
    def test_goaway_of_a_client_ends_nothing(self):
        """It makes no new calls; the old one is served, and a PING is still answered."""
        connection = self.serve()
        stream = self.open(connection, message=b"x")
        self.upstream_stream()
        connection.send_raw(GoAwayFrame(0, last_stream_id=0).serialize())
        connection.ping()
        stream.send_data(b"", end=True)
        self.assert_ok(stream.wait_closed())

    @rule(18)
    @myelin_only
    def test_drain_that_takes_too_long_ends_calls_as_unavailable(self):
        self.server = self.own(h2peer.Server(hang))
        self.target = self.start([self.server], arguments=("--drain-timeout", "500ms"))
        stream = self.open(self.connect(), message=b"x")
        self.upstream_stream()
        self.target.drain()
        self.assertEqual(status_of(stream.wait_closed()), b"14", seen(stream))
        self.target.wait()


class LimitCases(Case):
    def counting(self):
        """An upstream that answers when the request ends, and counts what is open at once on a connection."""
        self.most, lock, live = 0, threading.Lock(), {}
        def script(stream):
            with lock:
                live[stream.connection] = live.get(stream.connection, 0) + 1
                self.most = max(self.most, live[stream.connection])
            stream.wait_closed()
            with lock:
                live[stream.connection] -= 1
            h2peer.reply(stream)
        return script

    def assert_burst_is_served(self, connection, count=50):
        streams = [self.open(connection) for _ in range(count)]
        for stream in streams:
            stream.send_data(frame(b"x"), end=True)
        self.assertEqual([status_of(s.wait_closed()) for s in streams], [b"0"] * count)

    @rule(19)
    @relay_only
    def test_stream_limit_of_the_upstream_is_kept(self):
        """More calls than the peer allows wait, or go elsewhere; all of them are answered."""
        connection = self.serve(self.counting(), {LIMIT: 2}, timeouts={"queue": "15s"}, **SINGLE)
        self.assert_burst_is_served(connection)
        self.assertLessEqual(self.most, 2)

    @rule(19)
    @relay_only
    def test_burst_before_the_upstreams_settings_loses_no_call(self):
        """What goes out before the limit is known must not be more than a peer takes."""
        gate = threading.Event()
        connection = self.serve(self.counting(), {LIMIT: 2}, gate, timeouts={"queue": "15s"}, **SINGLE)
        streams = [self.open(connection, end=True) for _ in range(30)]
        connection.ping()
        gate.set()
        self.assertEqual([status_of(s.wait_closed()) for s in streams], [b"0"] * 30)

    @rule(19)
    @relay_only
    def test_lowered_stream_limit_is_kept(self):
        """From the SETTINGS on that lower it."""
        connection = self.serve(self.counting(), {LIMIT: 100}, timeouts={"queue": "15s"}, **SINGLE)
        self.assert_ok(self.call(connection))
        for upstream in self.server.connections:
            upstream.act(lambda h: h.update_settings({LIMIT: 2}))
            upstream.ping()
        self.most = 0
        self.assert_burst_is_served(connection)
        self.assertLessEqual(self.most, 2)

    @rule(19)
    @relay_only
    def test_lowered_stream_limit_ends_no_call(self):
        connection = self.serve(self.counting(), {LIMIT: 100}, timeouts={"queue": "15s"}, **SINGLE)
        streams = [self.open(connection, message=b"x") for _ in range(10)]
        self.upstream_stream(9)
        self.server.connections[0].act(lambda h: h.update_settings({LIMIT: 1}))
        self.server.connections[0].ping()
        for stream in streams:
            stream.send_data(b"", end=True)
        self.assertEqual([status_of(s.wait_closed()) for s in streams], [b"0"] * 10)
        self.assert_ok(self.call(connection))


class PingCases(Case):
    @rule(20)
    def test_relay_sends_no_ping_by_itself(self):
        """gRPC servers end connections of peers that PING more often than every five minutes."""
        connection = self.serve()
        stream = self.open(connection, message=b"x")
        upstream = self.upstream_stream().connection
        with upstream.changed:
            upstream.changed.wait_for(lambda: upstream.pings > 1, 3)
        self.assertLessEqual(upstream.pings, 1, "one may measure a window")
        stream.send_data(b"", end=True)
        self.assert_ok(stream.wait_closed())

    @rule(20)
    def test_client_that_pings_is_served(self):
        """Keepalive of a client without calls; gRPC's own servers end it after two."""
        connection = self.serve()
        for _ in range(30):
            connection.ping()
        self.assert_ok(self.call(connection))
