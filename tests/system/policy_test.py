# SPDX-License-Identifier: Apache-2.0
#
# Policies by their effect on calls: shares, queues, limits, permissions, routes.
import collections
import tempfile
import threading
import time

import grpc

import harness
from harness import WAIT_S, failure, proxy_only, unary, wait_until


@proxy_only
class PolicyTest(harness.ProxyTest):
    def named(self, name, **handlers):
        """An upstream whose method Name answers its name."""
        return self.upstream(Name=lambda requests, _: (list(requests), iter([name.encode()]))[1], **handlers)

    def shares(self, channel, calls):
        return collections.Counter(unary(channel, "Name")[0].decode() for _ in range(calls))

    # Balancers

    def test_random_weight_honours_weights(self):
        """10 : 5 : 1, and weight 0 gets nothing; bounds are about five standard deviations."""
        upstreams = {name: self.named(name) for name in "abcd"}
        weights = {"a": 10, "b": 5, "c": 1, "d": 0}
        target = self.start([f"{upstreams[n].address}#{w}" for n, w in weights.items()])
        got = self.shares(self.channel(target), 3200)
        self.assertEqual(got["d"], 0)
        for name, expected, bound in (("a", 2000, 140), ("b", 1000, 130), ("c", 200, 70)):
            self.assertAlmostEqual(got[name], expected, delta=bound, msg=got)

    def test_min_conn_avoids_the_busy_endpoint(self):
        """Calls that hang on one endpoint send the next ones to the other."""
        go_on, entered = threading.Event(), threading.Semaphore(0)
        self.addCleanup(go_on.set)
        def hang(_, __):
            entered.release()
            go_on.wait(WAIT_S)
            yield b""
        a, b = self.named("a", Hang=hang), self.named("b")
        target = self.start([a, b], balancer="min_conn")
        channel = self.channel(target)
        for _ in range(50):  # b has no Hang and answers at once, so that in the end one hangs on a
            held = channel.unary_unary("/test.Service/Hang").future(b"x")
            wait_until(lambda: held.done() or entered.acquire(blocking=False), "the call to arrive")
            if not held.done():
                break
        self.assertEqual(self.shares(channel, 100), {"b": 100})
        go_on.set()
        self.assertEqual(held.result(WAIT_S), b"")

    # Pools

    def test_strict_pool_queues_then_fails(self):
        """timeouts.queue: a full strict pool of one exclusive connection."""
        go_on, entered = threading.Event(), threading.Semaphore(0)
        self.addCleanup(go_on.set)
        def hang(_, __):
            entered.release()
            go_on.wait(WAIT_S)
            yield b"held"
        up = self.named("a", Hang=hang)
        target = self.start([up], workers=1, pool={"strict": {"size": 1, "streams": 1}}, timeouts={"queue": "500ms"})
        channel = self.channel(target)
        held = channel.unary_unary("/test.Service/Hang").future(b"x")
        self.assertTrue(entered.acquire(timeout=WAIT_S))
        since = time.monotonic()
        error = failure(unary, channel, "Name")
        self.assertIn(error.code(), (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED))
        self.assertTrue(0.45 < time.monotonic() - since < 3)
        self.assertEqual(target.stats()["queue_timeouts"], 1)
        queued = channel.unary_unary("/test.Service/Name").future(b"x")
        wait_until(lambda: target.stats()["endpoints"][0]["queued"] == 1, "the call in the queue")
        go_on.set()
        self.assertEqual((held.result(WAIT_S), queued.result(WAIT_S)), (b"held", b"a"))
        self.assertEqual(target.stats()["endpoints"][0]["connections"]["opened"], 1)

    def test_loose_pool_grows_under_load_and_shrinks_when_idle(self):
        go_on, entered = threading.Event(), threading.Semaphore(0)
        self.addCleanup(go_on.set)
        def hang(_, __):
            entered.release()
            go_on.wait(WAIT_S)
            yield b""
        target = self.start([self.named("a", Hang=hang)], workers=1,
                            pool={"loose": {"size": 1, "max_size": 4, "streams": 1, "idle": "500ms"}})
        channel = self.channel(target)
        calls = [channel.unary_unary("/test.Service/Hang").future(b"x") for _ in range(4)]
        for _ in calls:
            self.assertTrue(entered.acquire(timeout=WAIT_S))
        ready = lambda: target.stats()["endpoints"][0]["connections"]["ready"]
        self.assertEqual(ready(), 4)
        go_on.set()
        for call in calls:
            call.result(WAIT_S)
        wait_until(lambda: ready() <= 1, lambda: f"idle connections closed; {ready()} are left")

    def test_max_life_replaces_connections_without_a_failed_call(self):
        target = self.start([self.named("a")], workers=1, pool={"loose": {"size": 1, "max_size": 2, "max_life": "1s"}})
        channel = self.channel(target)
        opened = lambda: target.stats()["endpoints"][0]["connections"]["opened"]
        wait_until(lambda: unary(channel, "Name") and opened() >= 3, lambda: f"three connections; {opened()}")

    # Limiters

    def test_token_bucket_refuses_beyond_the_burst(self):
        """Rule 15: RESOURCE_EXHAUSTED, with a message that says the limit."""
        up = self.named("a")
        target = self.start([up], limiters=[{"token_bucket": {"rate": 0.01, "burst": 5}}])
        channel = self.channel(target)
        self.assertEqual(self.shares(channel, 5), {"a": 5})
        error = failure(unary, channel, "Name")
        self.assert_status(grpc.StatusCode.RESOURCE_EXHAUSTED, error, "0.01")
        limiter = target.stats()["limiters"][0]
        self.assertEqual((limiter["name"], limiter["admitted"], limiter["rejected"]), ("token_bucket", 5, 1))

    def test_token_bucket_counts_by_metadata(self):
        target = self.start([self.named("a")], limiters=[{"token_bucket": {"rate": 0.01, "burst": 2,
                                                                            "key": "metadata:x-tenant"}}])
        channel = self.channel(target)
        for tenant in ("one", "two"):
            for _ in range(2):
                unary(channel, "Name", metadata=(("x-tenant", tenant),))
            error = failure(unary, channel, "Name", metadata=(("x-tenant", tenant),))
            self.assertEqual(error.code(), grpc.StatusCode.RESOURCE_EXHAUSTED)

    def test_token_bucket_delays_up_to_its_bound(self):
        target = self.start([self.named("a")], workers=1,
                            limiters=[{"token_bucket": {"rate": 10, "burst": 1, "delay": "10s"}}])
        channel = self.channel(target)
        since = time.monotonic()
        self.assertEqual(self.shares(channel, 11), {"a": 11})
        self.assertGreater(time.monotonic() - since, 0.9)

    def test_first_limiter_that_refuses_answers(self):
        target = self.start([self.named("a")], limiters=[{"token_bucket": {"rate": 0.01, "burst": 2}},
                                                         {"token_bucket": {"rate": 0.02, "burst": 1}}])
        channel = self.channel(target)
        unary(channel, "Name")
        self.assertIn("0.02", failure(unary, channel, "Name").details())
        self.assertIn("0.01", failure(unary, channel, "Name").details())

    def test_access_admits_by_key_and_rule(self):
        """UNAUTHENTICATED without credentials, PERMISSION_DENIED where a rule denies."""
        with tempfile.NamedTemporaryFile("w", prefix="myelin-test-") as keys:
            keys.write("alice 9f2c1e0c5b7a4d61\nbob 4f0e77aa91b3c2d8\n")
            keys.flush()
            rules = [{"action": "deny", "method": "/test.Service/Admin*", "key": "bob"},
                     {"action": "deny", "metadata": {"x-zone": "guest*"}},
                     {"action": "allow", "peer": "127.0.0.0/8"}]
            up = self.named("a", AdminName=lambda requests, _: (list(requests), iter([b"admin"]))[1])
            target = self.start([up], limiters=[{"access": {"api_keys_file": keys.name, "rules": rules}}])
        channel = self.channel(target)
        alice, bob = ("x-api-key", "9f2c1e0c5b7a4d61"), ("x-api-key", "4f0e77aa91b3c2d8")
        code = lambda method, *metadata: failure(unary, channel, method, metadata=metadata).code()
        self.assertEqual(unary(channel, "AdminName", metadata=(alice,))[0], b"admin")
        self.assertEqual(unary(channel, "Name", metadata=(bob,))[0], b"a")
        self.assertEqual(code("Name"), grpc.StatusCode.UNAUTHENTICATED)
        self.assertEqual(code("Name", ("x-api-key", "wrong")), grpc.StatusCode.UNAUTHENTICATED)
        self.assertEqual(code("AdminName", bob), grpc.StatusCode.PERMISSION_DENIED)
        self.assertEqual(code("Name", alice, ("x-zone", "guest-7")), grpc.StatusCode.PERMISSION_DENIED)

    # Routes

    def routed(self):
        others = [{"name": name, "listen": "127.0.0.1:0", "endpoints": [self.named(name).address]}
                  for name in ("payments", "carts", "gets")]
        routes = [{"metadata": {"proxy": "payments"}, "to": "payments"},
                  {"service": "test.Service", "method": "Name", "metadata": {"x-kind": "get"}, "to": "gets"},
                  {"service": "shop.v1.Cart", "to": "carts"}]
        return self.start([self.named("main")], others=others, routes=routes)

    def test_calls_are_routed_by_metadata_service_and_method(self):
        target = self.routed()
        channel = self.channel(target)
        ask = lambda service="test.Service", *metadata: channel.unary_unary(f"/{service}/Name")(
            b"", timeout=WAIT_S, metadata=metadata).decode()
        self.assertEqual(ask(), "main")
        self.assertEqual(ask("test.Service", ("proxy", "payments")), "payments")
        self.assertEqual(ask("test.Service", ("proxy", "unknown")), "main")
        self.assertEqual(ask("shop.v1.Cart"), "carts")
        self.assertEqual(ask("shop.v1.Cart", ("proxy", "payments")), "payments")
        self.assertEqual(ask("test.Service", ("x-kind", "get")), "gets")

    def test_each_proxy_has_its_own_port(self):
        target = self.routed()
        self.assertEqual(unary(self.channel(target.listen("carts")), "Name")[0], b"carts")


if __name__ == "__main__":
    harness.main()
