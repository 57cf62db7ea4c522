# SPDX-License-Identifier: Apache-2.0
#
# The relays that bench/relay puts side by side: how each is configured for one thread, and what it runs as. All listen
# on 127.0.0.1, keep their connections, and write no access log.
import os
import pathlib
import socket
import subprocess
import time

MYELIN = """
workers: 1
log: {{level: warning}}
proxies:
  - name: bench
    listen: 127.0.0.1:{listen}
    endpoints: [127.0.0.1:{upstream}]
    pump: {pump}
    balancer: random_weight
    pool: {{loose: {{size: 4}}}}
    limiters: [{{token_bucket: {{rate: 1000000000}}}}]
"""

NGINX = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr crit;
events {{ worker_connections 8192; }}
http {{
  access_log off;
  client_max_body_size 0;
  keepalive_requests 1000000000;
  upstream echo {{ server 127.0.0.1:{upstream}; keepalive 1024; keepalive_requests 1000000000; keepalive_timeout 1h; }}
  server {{
    listen 127.0.0.1:{listen} http2;
    http2_max_concurrent_streams 1000;
    location / {{ grpc_pass grpc://echo; }}
  }}
}}
"""

HAPROXY = """
global
  nbthread 1
  maxconn 8192
  tune.h2.max-concurrent-streams 1000
defaults
  mode http
  timeout connect 5s
  timeout client 1h
  timeout server 1h
frontend bench
  bind 127.0.0.1:{listen} proto h2
  default_backend echo
backend echo
  http-reuse always
  server echo 127.0.0.1:{upstream} proto h2
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Relay:
    """A running relay. `command` may name {config}, {listen}, {upstream} and {folder}."""

    def __init__(self, name, command, config, folder, upstream, **more):
        self.name, self.port = name, free_port()
        folder = pathlib.Path(folder) / name.replace(" ", "-")
        folder.mkdir()
        values = dict(folder=folder, listen=self.port, upstream=upstream, config=folder / "config", **more)
        values["config"].write_text(config.format(**values))
        self.log = open(folder / "log", "w+")
        self.process = subprocess.Popen([word.format(**values) for word in command], stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=subprocess.STDOUT, cwd=folder)
        self._wait()

    def _wait(self):
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and self.process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        self.log.seek(0)
        raise SystemExit(f"relay: {self.name} does not listen:\n{self.log.read()}")

    def _pids(self):
        pids = [self.process.pid]
        for pid in pids:
            children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text()
            pids.extend(int(child) for child in children.split())
        return pids

    def cpu_s(self):
        """User and system time of all its processes and threads, those that have ended included."""
        ticks = 0
        for pid in self._pids():
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


def start(name, build, folder, upstream):
    """Starts the relay called `name`: "bare", "nginx", "haproxy", "nghttpx", or a pump of myelin's."""
    if name == "bare":
        command = [f"{build}/bench/bare_relay", "127.0.0.1:{listen}", "127.0.0.1:{upstream}"]
        return Relay("bare grpc++", command, "", folder, upstream)
    if name == "nginx":
        return Relay(name, ["nginx", "-p", "{folder}", "-c", "{config}"], NGINX, folder, upstream)
    if name == "haproxy":
        return Relay(name, ["haproxy", "-db", "-f", "{config}"], HAPROXY, folder, upstream)
    if name == "nghttpx":
        command = ["nghttpx", "--conf={config}", "--frontend=127.0.0.1,{listen};no-tls",
                   "--backend=127.0.0.1,{upstream};;proto=h2", "--workers=1", "--single-process"]
        return Relay(name, command, "accesslog-file=/dev/null\n", folder, upstream)
    return Relay(f"myelin {name}", [f"{build}/bin/myelin", "--config", "{config}"], MYELIN, folder, upstream, pump=name)
