# SPDX-License-Identifier: Apache-2.0
#
# What bench/run measures and what it demands: a load is who takes part, how it is measured, and which ratios or
# amounts must not be exceeded. Nothing here runs anything; kinds.py says how.
from dataclasses import dataclass, field

HTTP2 = ("haproxy", "nghttpx")
DEBIANS = ("haproxy", "haproxy-tcp", "nghttpx", "nginx", "bare")
ALL = DEBIANS + ("envoy",)  # which Debian has not
ONE_WORKER = "one worker"
KIB, MIB = 1024, 1024 * 1024


@dataclass(frozen=True)
class Demand:
    """`metric` of myelin over the lowest of `against`, or as it is when that is empty, is at most `limit`. ONE_WORKER
    is myelin with one."""

    metric: str
    limit: float
    against: tuple = ()
    unit: str = ""  # of a metric as it is

    def text(self):
        if self.against:
            return f"<= {self.limit:g} x {' or '.join(self.against) if len(self.against) < 4 else 'the cheapest'}"
        return f"<= {amount(self.limit, self.unit)}"


@dataclass(frozen=True)
class Load:
    name: str
    title: str
    kind: str  # a class of kinds.py
    peers: tuple = ()
    demands: tuple = ()
    shown: str = "cpu_us"  # the metric of the progress
    variant: str = ""  # of myelin, see relays.start
    settings: dict = field(default_factory=dict)


def amount(value, unit):
    if unit == "B":
        return f"{value / KIB:.1f} KiB" if value < MIB else f"{value / MIB:.1f} MiB"
    return f"{value:.2f}" if not unit else f"{value:.0f} {unit}"


def unary(connections, streams, peers, limit):
    return Load(f"unary-{connections}x{streams}", f"32-byte unary, {connections:,} connections x {streams}", "ClosedLoop",
                peers, (Demand("cpu_us", limit, HTTP2),),
                settings={"mode": "unary", "connections": connections, "streams": streams, "bytes": 32})


def large(mode, name, size, streams, demands):
    in_flight = {"in_flight": 2} if mode == "stream" else {}
    what = "streaming" if mode == "stream" else "unary"
    return Load(f"{mode}-{name}", f"{name.replace('k', ' KiB').replace('m', ' MiB')} messages, {what}, 4 x {streams}",
                "ClosedLoop", ALL, demands,
                settings={"mode": mode, "connections": 4, "streams": streams, "bytes": size, **in_flight})


MEDIUM = (Demand("cpu_us", 1.1, ("haproxy-tcp",)), Demand("cpu_us", 0.6, ("nghttpx",)))
LARGE = (Demand("cpu_us", 1.0, ALL),)

LOADS = (
    unary(4, 25, ALL, 0.9),
    unary(1, 1, HTTP2, 1.0),
    unary(1, 100, HTTP2, 1.0),
    unary(100, 10, HTTP2, 1.0),
    unary(1000, 1, HTTP2, 1.0),
    large("unary", "16k", 16 * KIB, 25, MEDIUM),
    large("stream", "16k", 16 * KIB, 25, MEDIUM),
    large("unary", "1m", MIB, 4, LARGE),
    large("stream", "1m", MIB, 4, LARGE),
    Load("ping-pong", "ping-pong on 1 stream, 32 bytes", "ClosedLoop", ALL, (Demand("p50_us", 1.0, ("haproxy",)),),
         "p50_us", settings={"mode": "stream", "connections": 1, "streams": 1, "bytes": 32}),
    Load("latency", "added latency at half of the slowest peer's peak", "OpenLoop", ("direct",) + ALL,
         (Demand("added_p50_us", 1.0, ("haproxy",)), Demand("added_p99_us", 1.0, ("haproxy",))), "p50_us",
         settings={"connections": 4, "bytes": 32}),
    Load("idle-streams", "10,000 idle streams on 100 connections", "Idle", HTTP2,
         (Demand("bytes_each", 8 * KIB, unit="B"),), "bytes_each", settings={"connections": 100, "streams": 100}),
    Load("idle-connections", "10,000 idle connections", "Idle", HTTP2, (Demand("bytes_each", 16 * KIB, unit="B"),),
         "bytes_each", settings={"connections": 10_000, "streams": 0}),
    Load("slow-reader", "a slow reader of a 1 GiB stream", "SlowReader", HTTP2, (Demand("grown", 2 * MIB, unit="B"),),
         "grown", settings={"megabytes": 1024, "rate": 250_000_000}),
    Load("workers", "32-byte unary, 64 connections x 4, two workers", "Workers", (),
         (Demand("cpu_us", 1.15, (ONE_WORKER,)), Demand("imbalance", 2.0)), variant=" x2",
         settings={"connections": 64, "streams": 4, "bytes": 32}),
    Load("policies", "the policy layer, the dearest of policy_bench's", "Policies", (),
         (Demand("ns", 200, unit="ns"), Demand("allocations", 0)), "ns"),
    Load("hooks", "a hook through the ABI, and its guard", "Hooks", (),
         (Demand("min_conn_ratio", 1.2), Demand("random_weight_more_ns", 5, unit="ns"), Demand("guard_ns", 15, unit="ns")),
         "guard_ns"),
    Load("swaps", "10 swaps a second while calls run", "Swaps", (),
         (Demand("p99_ratio", 1.5), Demand("first_pick_ms", 100, unit="ms")), "p99_ratio",
         settings={"mode": "unary", "connections": 4, "streams": 25, "bytes": 32}),
    Load("generations", "plugin files not loaded before", "Generations", (), (Demand("bytes_each", MIB, unit="B"),),
         "bytes_each"),
    Load("killed-upstream", "upstream killed every 100 ms", "KilledUpstream", (),
         (Demand("other_statuses", 0), Demand("left_in_flight", 0), Demand("left_descriptors", 0)), "calls",
         settings={"connections": 4, "streams": 25, "bytes": 32}),
)
