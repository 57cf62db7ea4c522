# SPDX-License-Identifier: Apache-2.0
#
# Other relays under the same cases, so that a failure means something: how each is configured to keep as much as it
# can, how it drains, and what it calls its version. Debian 12 has all but Envoy, which is looked for in $MYELIN_ENVOY.
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import urllib.request

from processes import Child, wait_until

NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr crit;
events {{ worker_connections 1024; }}
http {{
  access_log off; client_max_body_size 0; client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi; large_client_header_buffers 16 64k; keepalive_requests 1000000;
  upstream up {{ server 127.0.0.1:{upstream}; keepalive 64; }}
  server {{
    listen 127.0.0.1:{listen} http2; http2_max_concurrent_streams 1000; grpc_buffer_size 128k;
    location / {{ grpc_pass grpc://up; grpc_set_header Host $http_host; }}
  }}
}}
"""

HAPROXY = """
global
  nbthread 1
  tune.bufsize 131072
  tune.http.maxhdr 1000
  tune.h2.max-concurrent-streams 1000
defaults
  mode http
  retry-on conn-failure
  timeout connect 5s
  timeout client 1h
  timeout server 1h
frontend main
  bind 127.0.0.1:{listen} proto h2
  default_backend up
backend up
  http-reuse always
  server up 127.0.0.1:{upstream} proto h2
"""

NGHTTPX = """
frontend=127.0.0.1,{listen};no-tls
backend=127.0.0.1,{upstream};;proto=h2
workers=1
single-process=yes
no-via=yes
no-server-rewrite=yes
request-header-field-buffer=256K
max-request-header-fields=1000
response-header-field-buffer=256K
max-response-header-fields=1000
accesslog-file=/dev/null
"""

ENVOY = """
admin: {{address: {{socket_address: {{address: 127.0.0.1, port_value: {admin}}}}}}}
static_resources:
  listeners:
  - address: {{socket_address: {{address: 127.0.0.1, port_value: {listen}}}}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: main
          codec_type: HTTP2
          stream_idle_timeout: 0s
          max_request_headers_kb: 256
          common_http_protocol_options: {{max_headers_count: 1000}}
          generate_request_id: false
          route_config:
            virtual_hosts:
            - name: all
              domains: ["*"]
              routes:
              - match: {{prefix: "/"}}
                route:
                  cluster: up
                  timeout: 0s
                  max_stream_duration: {{grpc_timeout_header_max: 0s}}
                  retry_policy: {{retry_on: "refused-stream,connect-failure", num_retries: 1}}
          http_filters:
          - name: envoy.filters.http.router
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
              suppress_envoy_headers: true
  clusters:
  - name: up
    type: STATIC
    connect_timeout: 5s
    typed_extension_protocol_options:
      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
        "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
        common_http_protocol_options: {{max_headers_count: 1000}}
        explicit_http_config: {{http2_protocol_options: {{}}}}
    load_assignment:
      cluster_name: up
      endpoints:
      - lb_endpoints:
        - endpoint: {{address: {{socket_address: {{address: 127.0.0.1, port_value: {upstream}}}}}}}
"""

# The binary, its configuration, its arguments, the signal that drains it, and the arguments that print its version.
PEERS = {
    "nginx": ("nginx", NGINX, ("-p", "{folder}", "-c", "{config}", "-e", "stderr"), signal.SIGQUIT, "-v"),
    "haproxy": ("haproxy", HAPROXY, ("-db", "-f", "{config}"), signal.SIGUSR1, "-v"),
    "nghttpx": ("nghttpx", NGHTTPX, ("--conf={config}",), signal.SIGQUIT, "--version"),
    "envoy": ("envoy", ENVOY, ("-c", "{config}", "-l", "error", "--concurrency", "1", "--use-dynamic-base-id",
                               "--drain-time-s", "1"), None, "--version"),
}
NAMES = {"nginx": "nginx", "haproxy": "HAProxy", "nghttpx": "nghttpx", "envoy": "Envoy"}


def binary(name):
    """Where a peer's binary is, or None."""
    if name == "envoy" and os.environ.get("MYELIN_ENVOY"):
        return os.environ["MYELIN_ENVOY"]
    return shutil.which(PEERS[name][0], path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def version(name):
    """Its name and version, as a heading of the table says it."""
    printed = subprocess.run([binary(name), PEERS[name][4]], capture_output=True, text=True, check=True)
    return f"{NAMES[name]} {re.search(r'[0-9]+[.][0-9]+[.][0-9]+', printed.stdout + printed.stderr)[0]}"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Peer(Child):
    """A running peer before one upstream; `address` is where it listens."""

    def __init__(self, name, upstream):
        _, config, arguments, self.drain_signal, _ = PEERS[name]
        self.folder = tempfile.TemporaryDirectory(prefix="myelin-peer-", ignore_cleanup_errors=True)
        folder = pathlib.Path(self.folder.name)
        self.port, self.admin = free_port(), free_port()
        self.address = f"127.0.0.1:{self.port}"
        values = dict(folder=folder, config=folder / "config.yaml", listen=self.port, admin=self.admin,
                      upstream=upstream.rsplit(":", 1)[1])
        values["config"].write_text(config.format(**values))
        super().__init__([binary(name), *(word.format(**values) for word in arguments)])
        wait_until(self._accepts, lambda: f"{name} listens:\n{self.log()}")

    def _accepts(self):
        if not self.running():
            self.wait()
            raise SystemExit(f"{self.process.args[0]} does not start:\n{self.log()}")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def _pids(self):
        pids = [self.pid]
        for pid in pids:
            pids.extend(int(p) for p in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
        return pids

    def rss_kib(self):
        status = "".join(pathlib.Path(f"/proc/{pid}/status").read_text() for pid in self._pids())
        return sum(int(kib) for kib in re.findall(r"VmRSS:\s+(\d+)", status))

    def drain(self):
        if self.drain_signal is not None:
            self.signal(self.drain_signal)
            return
        order = urllib.request.Request(f"http://127.0.0.1:{self.admin}/drain_listeners?graceful", method="POST")
        urllib.request.urlopen(order, timeout=10).close()

    def stop(self):
        self.signal(signal.SIGTERM)
        try:
            self.wait(5)
        except subprocess.TimeoutExpired:
            self.kill()
        self.folder.cleanup()
