# SPDX-License-Identifier: Apache-2.0
#
# Rules 15, 25 and 27 where policies decide: refusals on the wire, slots that come back, endpoints that come and go.
import h2peer
from h2peer import frame
from harness import wait_until
from suite import CANCEL, Case, INTERNAL_ERROR, answer, hang, myelin_only, rule, seen, shape, status_of

# One call at a time, and no queue worth the name: a slot that is not given back is seen by the next call.
ONE_SLOT = {"workers": 1, "pool": {"strict": {"size": 1, "streams": 1}}, "timeouts": {"queue": "5s"}}


class PolicyCases(Case):
    @rule(15)
    @myelin_only
    def test_refusal_of_a_limiter_is_resource_exhausted(self):
        """With the time after which a client may try again."""
        connection = self.serve(limiters=[{"token_bucket": {"rate": 0.001, "burst": 1}}], workers=1)
        self.assert_ok(self.call(connection))
        stream = self.call(connection)
        self.assertEqual((shape(stream), status_of(stream)), (["headers+end"], b"8"), seen(stream))
        self.assertEqual(len(self.server.streams), 1)

    @rule(15, 19)
    @myelin_only
    def test_wait_for_a_connection_is_bounded(self):
        """timeouts.queue."""
        connection = self.serve(hang, workers=1, pool=ONE_SLOT["pool"], timeouts={"queue": "200ms"})
        first = self.open(connection)
        self.upstream_stream()
        self.assertIn(status_of(self.call(connection)), (b"14", b"8"))
        first.reset(CANCEL)

    @rule(14, 25)
    @myelin_only
    def test_cancel_while_queued_reaches_no_upstream(self):
        """The upstream never hears of the call, and the slot goes to the next."""
        connection = self.serve(**ONE_SLOT)
        first = self.open(connection, message=b"x")
        self.upstream_stream()
        second = self.open(connection, message=b"queued")
        wait_until(lambda: self.target.stats()["in_flight"] == 2, "the second call in the queue")
        second.reset(CANCEL)
        wait_until(lambda: self.target.stats()["in_flight"] == 1, "the second call gone")
        first.send_data(b"", end=True)
        self.assert_ok(first.wait_closed())
        self.assert_ok(self.call(connection))
        self.assertEqual(len(self.server.streams), 2)

    @rule(25)
    @myelin_only
    def test_every_exit_gives_its_slot_back(self):
        """Exactly once: the pool allows one call, and after each kind of end the next one gets through."""
        def script(stream):
            name = stream.header("x-end")[0].decode() if stream.header("x-end") else "answer"
            SCRIPTS.get(name, answer)(stream)
        connection = self.serve(script, **ONE_SLOT)
        for name in (*SCRIPTS, "cancel", "deadline"):
            with self.subTest(name):
                headers = [(b"x-end", name.encode())]
                if name == "deadline":
                    headers = [(b"x-end", b"hang"), (b"grpc-timeout", b"100m")]
                stream = self.open(connection, headers, b"x")
                if name in ("cancel", "hang"):
                    self.upstream_stream(len(self.server.streams) - 1 if self.server.streams else 0)
                    stream.reset(CANCEL)
                else:
                    stream.send_data(b"", end=True)
                    stream.wait_closed()
                self.assert_ok(self.call(connection))
        wait_until(lambda: self.target.in_flight() == 0, "nothing in flight")

    @rule(27)
    @myelin_only
    def test_open_call_outlives_changes_of_the_endpoints(self):
        """One endpoint goes and comes back; calls follow, and the one that began before knows nothing of it."""
        servers = [self.own(h2peer.Server(answer)), self.own(h2peer.Server(answer))]
        self.target = self.start(servers, workers=1, backoff={"base": "10ms", "max": "50ms"})
        connection = self.connect()
        old = self.open(connection, message=b"begun before")
        wait_until(lambda: servers[0].streams or servers[1].streams, "the call upstream")
        leaving = servers[0] if servers[1].streams else servers[1]
        leaving.stop()
        wait_until(lambda: all(status_of(self.call(connection)) == b"0" for _ in range(10)), "calls around it")
        back = self.own(h2peer.Server(answer, port=int(leaving.address.split(":")[1])))
        def used():
            self.assert_ok(self.call(connection))
            return back.streams
        wait_until(used, "calls to the endpoint that is back")
        old.send_data(b"", end=True)
        self.assert_ok(old.wait_closed())
        self.assertEqual(old.messages, [b"begun before"])


def lose(stream):
    stream.wait_closed().connection.close()


def error(stream):
    h2peer.reply(stream.wait_closed(), [], 13)


def reset(stream):
    stream.wait_closed().reset(INTERNAL_ERROR)


def cut(stream):
    stream.wait_closed()
    stream.send_headers(h2peer.Server.RESPONSE)
    stream.send_data(frame(b"half")[:6])
    stream.reset(CANCEL)


SCRIPTS = {"answer": answer, "error": error, "reset": reset, "cut": cut, "lose": lose, "hang": hang}
