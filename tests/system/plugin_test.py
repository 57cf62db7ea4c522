# SPDX-License-Identifier: Apache-2.0
#
# Plugins in the running proxy: the SDK's examples as third parties build them, and fixtures that answer nonsense.
import collections
import os
import pathlib
import shutil
import tempfile
import unittest

import grpc

import harness
from harness import failure, proxy_only, unary

EXAMPLES = pathlib.Path(os.environ.get("MYELIN_SDK_PLUGINS", harness.ROOT / "build" / "installed-sdk" / "plugins"))
FIXTURES = pathlib.Path(os.environ.get("MYELIN_FIXTURES", harness.ROOT / "build" / "tests" / "fixtures"))


@proxy_only
class PluginTest(harness.ProxyTest):
    def named(self, count):
        def handler(index):
            return lambda requests, _: (list(requests), iter([b"%d" % index]))[1]
        return [self.upstream(Name=handler(index)) for index in range(count)]

    def shares(self, target, calls):
        channel = self.channel(target)
        return collections.Counter(int(unary(channel, "Name")[0]) for _ in range(calls))


@unittest.skipUnless(EXAMPLES.is_dir(), "the SDK's examples are not built")
class ExampleTest(PluginTest):
    def test_balancer_in_c_spreads_calls(self):
        got = self.shares(self.start(self.named(3), balancer=str(EXAMPLES / "myelin_first_pick_c.so")), 300)
        self.assertTrue(all(60 < got[i] < 140 for i in range(3)), got)

    def test_balancer_in_cpp_takes_turns(self):
        target = self.start(self.named(3), balancer=str(EXAMPLES / "myelin_round_robin_cpp.so"), workers=1)
        self.assertEqual(self.shares(target, 300), {0: 100, 1: 100, 2: 100})

    def test_plugin_is_found_by_name_in_a_folder(self):
        target = self.start(self.named(2), balancer="round_robin_cpp", plugin_dirs=[harness.PLUGINS, str(EXAMPLES)])
        self.assertEqual(sum(self.shares(target, 50).values()), 50)

    def test_limiter_in_c_refuses_with_its_option(self):
        limiter = {str(EXAMPLES / "myelin_maintenance_c.so"): {"message": "back at noon"}}
        target = self.start(self.named(1), limiters=[limiter])
        self.assert_status(grpc.StatusCode.UNAVAILABLE, failure(unary, self.channel(target)), "back at noon")


class HostileTest(PluginTest):
    """Calls complete whatever a policy answers; each bad answer is counted."""

    def serve_with(self, **policies):
        target = self.start(self.named(2), **policies)
        self.assertEqual(sum(self.shares(target, 50).values()), 50)
        self.assertGreater(sum(p["strikes"] for p in target.stats()["policies"]), 0)

    def fixture(self, name):
        return str(FIXTURES / f"{name}.so")

    def test_balancer_that_picks_nonsense(self):
        for name in ("bad_index", "bad_verdict"):
            with self.subTest(name):
                self.serve_with(balancer=self.fixture(name))

    def test_balancer_that_throws(self):
        """By name, as this file holds two balancers."""
        with tempfile.TemporaryDirectory(prefix="myelin-test-") as folder:
            shutil.copy(self.fixture("throwing"), f"{folder}/myelin_throwing.so")
            self.serve_with(balancer="throwing", plugin_dirs=[harness.PLUGINS, folder])

    def test_pool_that_acquires_nonsense(self):
        for name in ("bad_index", "bad_verdict", "throwing"):
            with self.subTest(name):
                self.serve_with(pool=self.fixture(name))

    def test_limiter_that_admits_nonsense(self):
        self.serve_with(limiters=[self.fixture("bad_verdict")])


if __name__ == "__main__":
    harness.main()
