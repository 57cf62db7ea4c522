# SPDX-License-Identifier: Apache-2.0
#
# A configuration that changes while calls are under way: applied whole or not at all, and no call notices.
import copy
import os
import pathlib
import signal
import subprocess
import threading

import grpc

import harness
from harness import BINARY, WAIT_S, failure, proxy_only, stream, unary, wait_until

FIXTURES = pathlib.Path(os.environ.get("MYELIN_FIXTURES", harness.ROOT / "build" / "tests" / "fixtures"))


class Requests:
    """An iterator of messages that the test ends."""

    def __init__(self, held):
        self.held = held

    def __iter__(self):
        yield b"first"
        self.held.wait(WAIT_S)


class ReloadTest(harness.ProxyTest):
    def command(self, target, name, *arguments, expect=0):
        done = subprocess.run([BINARY, name, "--admin", target.admin, *arguments], capture_output=True, text=True,
                              timeout=60)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def named(self, name):
        return self.upstream(Name=lambda requests, _: (list(requests), iter([name.encode()]))[1])

    def config(self, target):
        """The configuration as started, to be changed and written."""
        return copy.deepcopy(target.config)

    def reload(self, target, config, **expect):
        target.write(config)
        return self.command(target, "reload", **expect)

    def open_stream(self, channel, method="Echo"):
        """A stream that has had its first answer; `done()` ends it well."""
        held = threading.Event()
        self.addCleanup(held.set)
        call = stream(channel, Requests(held), method, timeout=60)
        self.assertEqual(next(call), b"first")
        def done():
            held.set()
            self.assertEqual(list(call), [])
            self.assertEqual(call.code(), grpc.StatusCode.OK)
        return done

    def names(self, channel, calls=40):
        return {unary(channel, "Name")[0].decode() for _ in range(calls)}


@proxy_only
class ReloadsTest(ReloadTest):
    def test_endpoints_come_and_go(self):
        """A removed endpoint gets no more calls, and its stream finishes."""
        a, b, c = (self.named(name) for name in "abc")
        target = self.start([a])
        channel = self.channel(target)
        done = self.open_stream(channel)
        config = self.config(target)
        config["proxies"][0]["endpoints"] = [b.address, c.address]
        self.assertIn("endpoints +2 -1", self.reload(target, config))
        wait_until(lambda: self.names(channel) == {"b", "c"}, "calls to go to the new endpoints")
        done()
        wait_until(lambda: len(target.stats()["endpoints"]) == 2, lambda: f"the old one to go: {target.stats()}")

    def test_guards_hold_for_policies_that_stay_in_the_file(self):
        target = self.start([self.named("a"), self.named("b")], balancer=f"{FIXTURES / 'bad_index'}.so",
                            guards={"quarantine": False})
        self.names(self.channel(target))
        self.assertNotIn("is quarantined", target.log())
        config = self.config(target)
        config["proxies"][0]["guards"] = {"quarantine": True, "strikes": 3}
        self.assertIn("guards", self.reload(target, config))
        self.names(self.channel(target))
        wait_until(lambda: "is quarantined: 3 invalid answers" in target.log(), "the quarantine")

    def test_a_refused_reload_changes_nothing_and_says_where(self):
        a = self.named("a")
        target = self.start([a])
        config = self.config(target)
        config["proxies"][0]["endpoints"] = ["127.0.0.1:1"]
        config["proxies"][0]["balancer"] = "no_such_balancer"
        text = self.reload(target, config, expect=1)
        self.assertIn("myelin.yaml:", text)
        self.assertIn("no_such_balancer", text)
        self.assertIn("nothing has changed", text)
        self.assertEqual(self.names(self.channel(target)), {"a"})
        target.file.write_text("proxies: [")
        self.assertRegex(self.command(target, "reload", expect=1), r"myelin\.yaml:\d+:\d+")
        self.assertIn('"reloads_failed": 2', target.get("/stats"))

    def test_a_plugin_that_crashes_is_tried_elsewhere_first(self):
        target = self.start([self.named("a")])
        config = self.config(target)
        for fixture in ("crashing_create", "crashing"):
            config["proxies"][0]["balancer"] = f"{FIXTURES / fixture}.so"
            text = self.reload(target, config, expect=1)
            self.assertRegex(text, r"myelin\.yaml:\d+:\d+: error: .*failed when it was tried in a process of its own: ")
        self.assertEqual(self.names(self.channel(target)), {"a"})

    def test_a_reload_that_changes_nothing_leaves_what_a_rollback_brings_back(self):
        a, b = self.named("a"), self.named("b")
        target = self.start([a])
        config = self.config(target)
        config["proxies"][0]["endpoints"] = [b.address]
        self.reload(target, config)
        self.assertIn("nothing has changed", self.command(target, "reload"))
        self.command(target, "rollback")
        channel = self.channel(target)
        wait_until(lambda: self.names(channel, 5) == {"a"}, "a")

    def test_a_removed_proxys_calls_do_not_hold_up_the_end(self):
        target = self.start([self.named("a")], drain_timeout="60s",
                            others=[{"name": "other", "listen": "127.0.0.1:0", "endpoints": [self.upstream().address]}])
        self.open_stream(self.channel(target.listen("other")))
        config = self.config(target)
        config["proxies"].pop()
        self.reload(target, config)
        config["drain_timeout"] = "1s"
        self.assertIn("drain_timeout", self.reload(target, config))
        target.drain()
        self.assertEqual(target.wait(10), 0)

    def test_what_cannot_change_is_named(self):
        target = self.start([self.named("a")])
        for key, value in (("workers", 1), ("admin", {"listen": "127.0.0.1:1"})):
            config = self.config(target)
            config[key] = value
            self.assertIn(f"{key}", self.reload(target, config, expect=1))
        config = self.config(target)
        config["pump"] = "generic" if harness.PUMP == "frame" else "frame"
        self.assertIn("proxies.main.pump cannot change", self.reload(target, config, expect=1))

    def test_timeouts_limiters_and_log_level_change(self):
        target = self.start([self.named("a")])
        channel = self.channel(target)
        unary(channel, "Name")
        config = self.config(target)
        config["log"] = {"level": "debug"}
        config["proxies"][0]["limiters"] = [{"token_bucket": {"rate": 0.001, "burst": 1}}]
        text = self.reload(target, config)
        self.assertIn("limiters token_bucket", text)
        self.assertIn("log level debug", text)
        unary(channel, "Name")
        self.assert_status(grpc.StatusCode.RESOURCE_EXHAUSTED, failure(unary, channel, "Name"))
        config["proxies"][0]["limiters"] = []
        self.reload(target, config)
        wait_until(lambda: self.names(channel, 1) == {"a"}, "calls to pass")

    def test_a_bucket_keeps_its_debt(self):
        """Another rate is no way to a full bucket."""
        target = self.start([self.named("a")], limiters=[{"token_bucket": {"rate": 0.001, "burst": 1}}])
        channel = self.channel(target)
        unary(channel, "Name")
        config = self.config(target)
        config["proxies"][0]["limiters"] = [{"token_bucket": {"rate": 0.002, "burst": 1}}]
        self.reload(target, config)
        self.assert_status(grpc.StatusCode.RESOURCE_EXHAUSTED, failure(unary, channel, "Name"))

    def test_proxies_come_and_go(self):
        """A removed one finishes its calls; its address is free afterwards; routes lead where the file says."""
        a, b = self.named("a"), self.named("b")
        target = self.start([a])
        config = self.config(target)
        second = {**config["proxies"][0], "name": "second", "endpoints": [b.address]}
        config["proxies"] = [{**config["proxies"][0], "routes": [{"metadata": {"proxy": "second"}, "to": "second"}]},
                             second]
        self.assertIn("proxy second added", self.reload(target, config))
        channel = self.channel(target)
        routed = lambda: unary(channel, "Name", metadata=[("proxy", "second")])[0]
        self.assertEqual(routed(), b"b")
        address = target.stats("second")["listen"][0]
        done = self.open_stream(self.channel(address))
        target.write(target.config)
        self.assertIn("proxy second removed", self.command(target, "reload"))
        self.assertEqual(routed(), b"a")
        failure(unary, self.channel(address), timeout=2)
        done()
        target.wait_line('proxy "second" has ended')
        config["proxies"][1]["listen"] = address
        self.reload(target, config)
        self.assertEqual(unary(self.channel(address), "Name")[0], b"b")

    def test_an_address_that_is_taken_refuses_the_whole(self):
        a, b = self.named("a"), self.named("b")
        target = self.start([a])
        config = self.config(target)
        config["proxies"][0]["endpoints"] = [b.address]
        config["proxies"].append({**config["proxies"][0], "name": "second", "listen": b.address})
        self.assertIn("cannot listen on " + b.address, self.reload(target, config, expect=1))
        self.assertEqual(self.names(self.channel(target)), {"a"})
        config["proxies"].pop()
        self.reload(target, config)
        wait_until(lambda: self.names(self.channel(target), 5) == {"b"}, "the reload to work afterwards")

    def test_rollback_brings_back_what_was(self):
        a, b = self.named("a"), self.named("b")
        target = self.start([a])
        self.assertIn("no previous configuration", self.command(target, "rollback", expect=1))
        config = self.config(target)
        config["proxies"][0]["endpoints"] = [b.address]
        self.reload(target, config)
        channel = self.channel(target)
        wait_until(lambda: self.names(channel, 5) == {"b"}, "b")
        self.command(target, "rollback")
        wait_until(lambda: self.names(channel, 5) == {"a"}, "a")

    def test_sighup_reloads(self):
        a, b = self.named("a"), self.named("b")
        target = self.start([a])
        config = self.config(target)
        config["proxies"][0]["endpoints"] = [b.address]
        target.write(config)
        target.signal(signal.SIGHUP)
        target.wait_line("reload applied")
        channel = self.channel(target)
        wait_until(lambda: self.names(channel, 5) == {"b"}, "b")

    def test_the_watch_sees_writes_renames_and_swapped_links(self):
        """The last is how Kubernetes changes a mounted ConfigMap."""
        upstreams = {name: self.named(name) for name in "abcd"}
        target = self.start([upstreams["a"]], arguments=["--watch"])
        channel = self.channel(target)
        def expect(name):
            wait_until(lambda: self.names(channel, 3) == {name}, name)
        def config_of(name):
            config = self.config(target)
            config["proxies"][0]["endpoints"] = [upstreams[name].address]
            return harness.yaml.safe_dump(config)
        expect("a")
        target.file.write_text(config_of("b"))
        expect("b")
        beside = target.file.with_suffix(".new")
        beside.write_text(config_of("c"))
        beside.rename(target.file)
        expect("c")
        folder = pathlib.Path(target.folder.name)
        for name in "ad":
            (folder / name).mkdir()
            (folder / name / "myelin.yaml").write_text(config_of(name))
        def link(name):
            os.symlink(name, folder / "..tmp")
            os.rename(folder / "..tmp", folder / "..data")
        link("a")
        os.symlink("..data/myelin.yaml", folder / "link.tmp")
        os.rename(folder / "link.tmp", target.file)
        expect("a")
        link("d")
        expect("d")


if __name__ == "__main__":
    harness.main()
