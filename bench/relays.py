# SPDX-License-Identifier: Apache-2.0
#
# The relays that bench/run puts side by side: how each is configured for one thread, and what it runs as. All listen
# on 127.0.0.1, keep their connections, and write no access log. HTTP/2 windows are myelin's where they can be set:
# 256 KiB for a stream, 4 MiB for a connection.
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request

MYELIN = """
workers: {workers}
admin: 127.0.0.1:{admin}
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
worker_rlimit_nofile 20000;
events {{ worker_connections 20000; }}
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

HAPROXY_GLOBAL = """
global
  nbthread 1
  maxconn 15000
  no strict-limits
  tune.h2.max-concurrent-streams 1000
  tune.h2.initial-window-size 262144
defaults
  timeout connect 5s
  timeout client 1h
  timeout server 1h
"""

HAPROXY = HAPROXY_GLOBAL + """
frontend bench
  mode http
  bind 127.0.0.1:{listen} proto h2
  default_backend echo
backend echo
  mode http
  http-reuse always
  server echo 127.0.0.1:{upstream} proto h2
"""

HAPROXY_TCP = HAPROXY_GLOBAL + """
listen bench
  mode tcp
  bind 127.0.0.1:{listen}
  server echo 127.0.0.1:{upstream}
"""

NGHTTPX = """
accesslog-file=/dev/null
frontend-http2-window-size=262144
frontend-http2-connection-window-size=4194304
backend-http2-window-size=262144
backend-http2-connection-window-size=4194304
frontend-http2-max-concurrent-streams=1000
worker-frontend-connections=0
"""


ENVOY = """
static_resources:
  listeners:
    - address: {{socket_address: {{address: 127.0.0.1, port_value: {listen}}}}}
      filter_chains:
        - filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: bench
                codec_type: HTTP2
                http2_protocol_options: &http2 {{max_concurrent_streams: 1000, initial_stream_window_size: 262144, initial_connection_window_size: 4194304}}
                stream_idle_timeout: 0s
                route_config:
                  virtual_hosts:
                    - {{name: echo, domains: ["*"], routes: [{{match: {{prefix: /}}, route: {{cluster: echo, timeout: 0s}}}}]}}
                http_filters:
                  - name: envoy.filters.http.router
                    typed_config: {{"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}
  clusters:
    - name: echo
      connect_timeout: 5s
      load_assignment:
        cluster_name: echo
        endpoints: [{{lb_endpoints: [{{endpoint: {{address: {{socket_address: {{address: 127.0.0.1, port_value: {upstream}}}}}}}}}]}}]
      circuit_breakers: {{thresholds: [{{max_connections: 100000, max_pending_requests: 100000, max_requests: 100000}}]}}
      typed_extension_protocol_options:
        envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
          "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
          explicit_http_config: {{http2_protocol_options: *http2}}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Relay:
    """A running relay. `command` may name {config}, {listen}, {upstream} and {folder}."""

    def __init__(self, name, command, config, folder, upstream, **more):
        self.name, self.port = name, free_port()
        folder = pathlib.Path(tempfile.mkdtemp(prefix=name.replace(" ", "-"), dir=folder))
        values = dict(folder=folder, listen=self.port, upstream=upstream, config=folder / "config.yaml", **more)
        values["config"].write_text(config.format(**values))
        self.log = open(folder / "log", "w+")
        self.process = subprocess.Popen([word.format(**values) for word in command], stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=subprocess.STDOUT, cwd=folder)
        self._wait()

    def ports(self):
        return [self.port]

    def _wait(self):
        deadline = time.monotonic() + 20
        waited_for = self.ports()
        while time.monotonic() < deadline and self.process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", waited_for[0])) == 0:
                    waited_for.pop(0)
                    if not waited_for:
                        return
                    continue
            time.sleep(0.02)
        self.log.seek(0)
        raise SystemExit(f"bench: {self.name} does not listen:\n{self.log.read()}")

    def pids(self):
        """Of all its processes."""
        pids = [self.process.pid]
        for pid in pids:
            children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text()
            pids.extend(int(child) for child in children.split())
        return pids

    def descriptors(self):
        return sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in self.pids())

    def memory(self, field):
        """In bytes, of /proc/PID/status: VmRSS is what it holds now, VmHWM the most since `forget_peak`."""
        texts = [pathlib.Path(f"/proc/{pid}/status").read_text() for pid in self.pids()]
        return sum(int(re.search(rf"{field}:\s*(\d+) kB", text)[1]) for text in texts) * 1024

    def forget_peak(self):
        for pid in self.pids():
            pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


class Myelin(Relay):
    def __init__(self, name, build, folder, upstream, pump, workers):
        self.admin = free_port()
        super().__init__(name, [f"{build}/bin/myelin", "--config", "{config}"], MYELIN, folder, upstream, pump=pump,
                         workers=workers, admin=self.admin)

    def ports(self):
        return [self.port, self.admin]

    def stats(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/stats", timeout=5) as answer:
            return json.load(answer)

    def post(self, path, body):
        request = urllib.request.Request(f"http://127.0.0.1:{self.admin}{path}", json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)


PEERS = ("haproxy", "haproxy-tcp", "nghttpx", "nginx", "bare", "envoy")


def available(name):
    """Whether this machine has the peer."""
    return name == "bare" or shutil.which(name.removesuffix("-tcp")) is not None


def start(name, build, folder, upstream):
    """Starts one of PEERS, or "myelin PUMP", or "myelin PUMP xWORKERS"."""
    if name.startswith("myelin "):
        _, pump, *workers = name.split()
        return Myelin(name, build, folder, upstream, pump, int(workers[0][1:]) if workers else 1)
    command, config = {
        "bare": ([f"{build}/bench/bare_relay", "127.0.0.1:{listen}", "127.0.0.1:{upstream}"], ""),
        "nginx": (["nginx", "-p", "{folder}", "-c", "{config}"], NGINX),
        "haproxy": (["haproxy", "-db", "-f", "{config}"], HAPROXY),
        "haproxy-tcp": (["haproxy", "-db", "-f", "{config}"], HAPROXY_TCP),
        "nghttpx": (["nghttpx", "--conf={config}", "--frontend=127.0.0.1,{listen};no-tls",
                     "--backend=127.0.0.1,{upstream};;proto=h2", "--workers=1", "--single-process"], NGHTTPX),
        "envoy": (["envoy", "--config-path", "{config}", "--concurrency", "1", "--disable-hot-restart",
                   "--log-level", "error"], ENVOY),
    }[name]
    return Relay(name, command, config, folder, upstream)
