# SPDX-License-Identifier: Apache-2.0
#
# How each kind of load is measured. An object serves all rounds of one load; `measure` measures one relay once and
# answers its figures by metric.
import itertools
import json
import pathlib
import statistics
import subprocess
import threading
import time

import measure
import relays


class Kind:
    fresh = False  # whether each measurement needs a relay that has done nothing before
    rounds = None  # how many, whatever is asked for

    def __init__(self, bench, load):
        self.bench, self.settings = bench, dict(load.settings)

    def start(self, name):
        return self.bench.start(name)

    def prepare(self, running):
        """Before the first round."""

    def end(self, rounds):
        """After the last: what can be said of a relay only beside the others."""


class ClosedLoop(Kind):
    """CPU time of the relay for each call, or each message of a stream, and how many there are a second."""

    def __init__(self, bench, load):
        super().__init__(bench, load)
        self.mode = self.settings.pop("mode", "unary")

    def measure(self, relay):
        self.bench.upstream.answer(self.mode)
        result = self.bench.load(relay.port, self.mode, relay.pids(), **self.settings)
        if not result["calls"]:  # of the large ones all may have begun before and ended after
            result = self.bench.load(relay.port, self.mode, relay.pids(), **{**self.settings, "seconds": 5})
        measure.check(result)
        return {"cpu_us": result["cpu_s"] / result["calls"] * 1e6, "rate": result["calls"] / result["seconds"],
                "p50_us": result["p50_us"], "p99_us": result["p99_us"]}


class OpenLoop(Kind):
    """Latency at a rate that all of them can serve, and how much more it is than without a relay."""

    def prepare(self, running):
        self.bench.upstream.answer("unary")
        peaks = {}
        for relay in running:
            result = measure.check(self.bench.load(relay.port, "unary", connections=4, streams=25))
            peaks[relay.name] = result["calls"] / result["seconds"]
        slowest = min(peaks, key=peaks.get)
        self.settings["rate"] = peaks[slowest] / 2
        print(f"  {self.settings['rate']:.0f} calls a second, half of what {slowest} serves at most", flush=True)

    def measure(self, relay):
        seconds = 3 * self.bench.seconds  # for the 99th percentile's sake
        result = measure.check(self.bench.load(relay.port, "open", relay.pids(), **{**self.settings, "seconds": seconds}))
        return {"p50_us": result["p50_us"], "p99_us": result["p99_us"],
                "cpu_us": result["cpu_s"] / result["calls"] * 1e6}

    def end(self, rounds):
        direct = [figures["direct"] for figures in rounds if "direct" in figures]
        for quantile in ("p50_us", "p99_us") if direct else ():
            base = statistics.median(figures[quantile] for figures in direct)
            for figures in rounds:
                for name in figures.keys() - {"direct"}:
                    added = figures[name][quantile] - base
                    figures[name]["added_" + quantile] = max(added, 1.0)  # below a microsecond it is noise


class Memory(Kind):
    """What is measured in bytes hardly varies, so that one quick round says enough."""

    fresh = True

    def __init__(self, bench, load):
        super().__init__(bench, load)
        self.rounds = 1 if bench.quick else None


class Idle(Memory):
    """Memory that connections, or the streams on them, take when nothing happens on them."""

    def measure(self, relay):
        self.bench.upstream.answer("stream")
        measure.check(self.bench.load(relay.port, "unary", connections=1, streams=4, seconds=0.1))
        before = relay.memory("VmRSS")
        held = self.bench.hold(relay.port, **self.settings)
        after = relay.memory("VmRSS")
        self.bench.release(held)
        return {"bytes_each": (after - before) / (self.settings["connections"] * max(self.settings["streams"], 1))}


class SlowReader(Memory):
    """How much the relay's memory grows, at its peak, when an upstream has a lot to say to someone who reads slowly."""

    def measure(self, relay):
        self.bench.upstream.answer("unary")
        measure.check(self.bench.load(relay.port, "unary", connections=1, streams=4, seconds=0.1))
        relay.forget_peak()
        before = relay.memory("VmRSS")
        self.bench.upstream.answer(f"pour {self.settings['megabytes'] * 16}")  # messages of 64 KiB
        measure.check(self.bench.load(relay.port, "slow", rate=self.settings["rate"]))
        return {"grown": relay.memory("VmHWM") - before}


class Workers(ClosedLoop):
    """CPU time for each call, and how unevenly connections are shared out among workers."""

    def measure(self, relay):
        figures = super().measure(relay)
        held = self.bench.hold(relay.port, connections=self.settings["connections"], streams=0)
        by_worker = relay.stats()["proxies"][0]["downstream_connections"]
        self.bench.release(held)
        return {**figures, "imbalance": max(by_worker) / max(min(by_worker), 1)}


class GoogleBenchmark(Kind):
    """A program of Google Benchmark's, each of its benchmarks taken at the best of its repetitions."""

    rounds = 1

    def best(self, program, *arguments):
        command = [f"{self.bench.build}/bench/{program}", "--benchmark_format=json", *arguments]
        if self.bench.quick:
            command.append("--benchmark_min_time=0.05")
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
        if done.returncode != 0:
            raise measure.Failed(done.stderr.strip())
        runs = [run for run in json.loads(done.stdout)["benchmarks"] if run["run_type"] == "iteration"]
        best = {}
        for run in runs:
            best[run["run_name"]] = min(run["cpu_time"], best.get(run["run_name"], run["cpu_time"]))
        return runs, best


class Policies(GoogleBenchmark):
    """policy_bench: its dearest benchmark."""

    def measure(self, _):
        runs, best = self.best("policy_bench", "--benchmark_repetitions=3")
        return {"ns": max(best.values()), "allocations": max(run["allocs/call"] for run in runs), **best}


class Hooks(GoogleBenchmark):
    """hook_bench: a pick through the ABI over the same linked in, and what the host's guard adds to it."""

    def measure(self, _):
        _, best = self.best("hook_bench", "--benchmark_repetitions=9", "--benchmark_enable_random_interleaving=true")
        def of(policy, how):
            return next(ns for name, ns in best.items() if name.startswith(f"{policy}/{how}/"))
        return {"min_conn_ratio": of("min_conn", "table") / of("min_conn", "linked"),
                "random_weight_more_ns": of("random_weight", "table") - of("random_weight", "linked"),
                "guard_ns": max(of(policy, "guarded") - of(policy, "table") for policy in ("min_conn", "random_weight")),
                **best}


class Swaps(ClosedLoop):
    """Policies replaced while calls run: latency beside that without, and how soon a new one picks."""

    EVERY_S = 0.1

    def prepare(self, running):
        for relay in running:  # each plugin is tried before it is loaded; here once
            for policy in ({"balancer": "min_conn"}, {"balancer": "random_weight"}):
                relay.post("/swap", {"proxy": "bench", **policy})

    def measure(self, relay):
        self.settings["seconds"] = 4 * self.bench.seconds
        quiet = super().measure(relay)
        busy, swaps = self.while_swapping(relay, wait_for_pick=False)
        self.settings["seconds"] = self.bench.seconds
        _, latencies = self.while_swapping(relay, wait_for_pick=True)
        return {"swaps": len(swaps), "p99_ratio": busy["p99_us"] / quiet["p99_us"],
                "first_pick_ms": statistics.median(latencies) * 1e3, "p99_us": busy["p99_us"],
                "quiet_p99_us": quiet["p99_us"]}

    def while_swapping(self, relay, wait_for_pick):
        seconds, stop = [], threading.Event()
        swapper = threading.Thread(target=self.swap_until, args=(relay, stop, seconds, wait_for_pick))
        swapper.start()
        try:
            return super().measure(relay), seconds
        finally:
            stop.set()
            swapper.join()

    def swap_until(self, relay, stop, seconds, wait_for_pick):
        for number in itertools.count():
            if stop.wait(self.EVERY_S):
                return
            began = time.monotonic()
            relay.post("/swap", {"proxy": "bench", "balancer": ("min_conn", "random_weight")[number % 2]})
            while wait_for_pick and not self.picks(relay):  # asking costs more than swapping
                if stop.is_set():
                    return
            seconds.append(time.monotonic() - began)

    @staticmethod
    def picks(relay):
        balancer = relay.stats()["proxies"][0]["policies"][0]
        return any(hook["hook"] == "pick" and hook["calls"] for hook in balancer["hooks"])


class Generations(Kind):
    """Memory that each plugin file takes that was not loaded before, for it is never unloaded."""

    fresh = True
    rounds = 1
    FILES = 10

    def measure(self, relay):
        self.bench.upstream.answer("unary")
        source = pathlib.Path(self.bench.build, "plugins", "myelin_min_conn.so").read_bytes()
        def swap(number):
            path = pathlib.Path(self.bench.folder, f"generation-{number}.so")
            path.write_bytes(source + b"%d" % number)
            relay.post("/swap", {"proxy": "bench", "balancer": str(path)})
            measure.check(self.bench.load(relay.port, "unary", connections=1, streams=4, seconds=0.1))
        for number in range(2):
            swap(number)
        before = relay.memory("VmRSS")
        for number in range(2, 2 + self.FILES):
            swap(number)
        return {"bytes_each": (relay.memory("VmRSS") - before) / self.FILES}


class KilledUpstream(Kind):
    """What callers see of an upstream that dies and comes back all the time, and what is left of it in the relay."""

    fresh = True
    rounds = 1
    EVERY_S = 0.1
    PATIENCE_S = 10

    def __init__(self, bench, load):
        super().__init__(bench, load)
        self.victim = None

    def start(self, name):
        self.victim = measure.Upstream(self.bench.build)
        return relays.start(name, self.bench.build, self.bench.folder, self.victim.port)

    def measure(self, relay):
        seconds = 5 if self.bench.quick else 60
        try:
            measure.check(self.bench.load(relay.port, "unary", **self.settings))
            descriptors = relay.descriptors()
            result = self.load_and_kill(relay, seconds)
            self.wait_until_served(relay)
            left = self.what_is_left(relay, descriptors)
        finally:
            self.victim.stop()
        wrong = {status: count for status, count in result["statuses"].items() if status not in ("0", "14")}
        return {"calls": result["calls"], "unavailable": result["statuses"].get("14", 0),
                "other_statuses": sum(wrong.values()) + result["wrong"] + result["unfinished"], **left}

    def load_and_kill(self, relay, seconds):
        command = self.bench.command(relay.port, "unary", seconds=seconds, warm_up=0, **self.settings)
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as load:
            while load.poll() is None:
                time.sleep(self.EVERY_S)
                self.victim.kill()
                self.victim = measure.Upstream(self.bench.build, self.victim.port)
            output, errors = load.communicate()
        if load.returncode != 0:
            raise measure.Failed(errors.strip())
        return json.loads(output)

    def wait_until_served(self, relay):
        """Connections are made again after a pause that has grown."""
        give_up = time.monotonic() + self.PATIENCE_S
        while True:
            result = self.bench.load(relay.port, "unary", **self.settings)
            if set(result["statuses"]) == {"0"}:
                return
            if time.monotonic() > give_up:
                measure.check(result)

    def what_is_left(self, relay, descriptors):
        """Once nothing is left, or when that takes too long."""
        give_up = time.monotonic() + self.PATIENCE_S
        while True:
            in_flight, more = relay.stats()["proxies"][0]["in_flight"], relay.descriptors() - descriptors
            if (in_flight == 0 and more <= 0) or time.monotonic() > give_up:
                return {"left_in_flight": in_flight, "left_descriptors": max(more, 0)}
            time.sleep(0.1)
