# SPDX-License-Identifier: Apache-2.0
#
# The demo's processes: three Python upstreams and myelin before them. Everything ends with the stage.
import json
import pathlib
import signal
import socket
import subprocess
import sys
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "peers"))
from processes import Child, EchoProcess  # noqa: E402

CONFIG = "config/demo/demo.yaml"
WEIGHTS = (10, 5, 1)
NAMES = ("a", "b", "c")
UPSTREAM_PORTS = (50051, 50052, 50053)
LISTEN = "127.0.0.1:30880"
ADMIN = "127.0.0.1:9850"


def free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return probe.connect_ex(("127.0.0.1", port)) != 0


class Stage:
    def __init__(self):
        self.proxy = None
        self.upstreams = [EchoProcess("--name", name, "--port", port if free(port) else 0)
                          for name, port in zip(NAMES, UPSTREAM_PORTS)]

    @property
    def names(self):
        return dict(zip((u.address for u in self.upstreams), NAMES))

    @property
    def weights(self):
        return dict(zip((u.address for u in self.upstreams), WEIGHTS))

    def make_slow(self, index, delay_ms):
        """Replaces an upstream by a slow one at the same address."""
        port = self.upstreams[index].address.split(":")[1]
        self.upstreams[index].stop()
        self.upstreams[index] = EchoProcess("--name", NAMES[index], "--port", port, "--delay-ms", delay_ms)

    def start(self, *flags):
        """myelin with the demo's file; ports that are taken on this machine are replaced by flags."""
        self.stop_proxy()
        arguments = list(flags)
        if tuple(int(u.address.split(":")[1]) for u in self.upstreams) != UPSTREAM_PORTS:
            for upstream, weight in zip(self.upstreams, WEIGHTS):
                arguments += ["--endpoint", f"{upstream.address}#{weight}"]
        for flag, address in (("--listen", LISTEN), ("--admin", ADMIN)):
            if not free(int(address.split(":")[1])):
                arguments += [flag, "127.0.0.1:0"]
        command = ["build/bin/myelin", "--config", CONFIG, *arguments]
        print("  $ " + " ".join(command), flush=True)
        self.proxy = Child(command)
        self.address = self.proxy.wait_line(r'proxy "demo" listens on (\S+)')[1]
        self.admin = self.proxy.wait_line(r"admin listens on (\S+)")[1]

    def run(self, *command):
        """Runs a command to its end, shown as typed; returns its exit code and its last line."""
        print("  $ " + " ".join(map(str, command)), flush=True)
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)
        lines = (done.stdout + done.stderr).strip().splitlines()
        for line in lines:
            print(f"  {line}", flush=True)
        return done.returncode, lines[-1] if lines else ""

    def swap(self, *policy):
        return self.run("build/bin/myelin", "swap", "--admin", self.admin, "--proxy", "demo", *policy)

    def stats(self):
        with urllib.request.urlopen(f"http://{self.admin}/stats", timeout=10) as answer:
            return json.load(answer)["proxies"][0]

    def stop_proxy(self):
        """Drains it; returns its exit code."""
        if self.proxy is None:
            return None
        proxy, self.proxy = self.proxy, None
        proxy.signal(signal.SIGTERM)
        try:
            return proxy.wait(15)
        finally:
            proxy.kill()

    def close(self):
        try:
            self.stop_proxy()
        finally:
            for upstream in self.upstreams:
                upstream.stop()
