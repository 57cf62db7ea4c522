# SPDX-License-Identifier: Apache-2.0
#
# What every measurement stands on: the upstream (upstream.cc), the load (load.cc), and that no reply may be wrong.
import json
import subprocess

import relays


class Failed(Exception):
    """A relay that did not answer every call as it should."""


class Upstream:
    def __init__(self, build, port=0):
        self.process = subprocess.Popen([f"{build}/bench/upstream", str(port)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, bufsize=1)
        self.port = int(self.process.stdout.readline())

    def answer(self, how):
        """"unary", "stream" or "pour N", see upstream.cc."""
        self.process.stdin.write(how + "\n")
        if self.process.stdout.readline().strip() != how:
            raise SystemExit("bench: the upstream does not do as it is told")

    def kill(self):
        self.process.kill()
        self.process.communicate()

    def stop(self):
        self.process.communicate("", 5)


class Direct:
    """No relay at all: the upstream itself."""

    name = "direct"

    def __init__(self, port):
        self.port = port

    def pids(self):
        return []

    def stop(self):
        pass


class Bench:
    """What a measurement needs: where the build is, the upstream, and how long to measure."""

    def __init__(self, build, folder, quick):
        self.build, self.folder, self.quick = build, folder, quick
        self.seconds = 0.25 if quick else 1.0
        self.warm_up = 0.1 if quick else 0.25
        self.upstream = Upstream(build)

    def start(self, name):
        return Direct(self.upstream.port) if name == "direct" else relays.start(name, self.build, self.folder, self.upstream.port)

    def command(self, port, mode, pids=(), **options):
        command = [f"{self.build}/bench/load", mode, "--port", str(port)]
        for key, value in options.items():
            command += ["--" + key.replace("_", "-"), str(value)]
        for pid in pids:
            command += ["--watch", str(pid)]
        return command

    def load(self, port, mode, pids=(), **options):
        options = {"seconds": self.seconds, "warm_up": self.warm_up, **options}
        done = subprocess.run(self.command(port, mode, pids, **options), capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            raise Failed(done.stderr.strip())
        return json.loads(done.stdout)

    def hold(self, port, **options):
        """Connections and streams that are open and idle, until its stdin is closed."""
        process = subprocess.Popen(self.command(port, "idle", **options), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   text=True)
        line = process.stdout.readline()
        opened = json.loads(line) if line else {"open": 0, "wanted": 1}
        if opened["open"] < opened["wanted"]:
            self.release(process)
            raise Failed(f"{opened['open']} of {opened['wanted']} open")
        return process

    @staticmethod
    def release(process):
        process.stdin.close()
        process.wait(30)


def check(result):
    """Every reply came, with grpc-status 0 and its message."""
    if set(result["statuses"]) - {"0"} or result["wrong"] or result["unfinished"] or not result["calls"]:
        raise Failed(f"statuses {result['statuses']}, {result['wrong']} wrong, {result['unfinished']} unfinished")
    return result
