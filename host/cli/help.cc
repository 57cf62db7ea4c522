// SPDX-License-Identifier: Apache-2.0
#include "cli/help.h"

#include <array>
#include <utility>

namespace myelin {
namespace {

constexpr std::string_view kGeneral = R"(myelin: a gRPC reverse proxy whose policies are shared objects

Try it, without a file: two endpoints with weights 10 and 1, fewest calls in flight wins
  myelin --listen :30880 --endpoint 127.0.0.1:50051#10 --endpoint 127.0.0.1:50052 --balancer min_conn

Serve a configuration, and override some of it
  myelin --config orders.yaml
  myelin --config orders.yaml --balancer min_conn --set proxies.orders.timeouts.queue=2s

See what is wrong with it, or what it comes to
  myelin check --config orders.yaml
  myelin dump --config orders.yaml

Move from the Go gateway
  myelin --config ProxyConfig.yaml --config Config.yaml
  myelin convert --config ProxyConfig.yaml --config Config.yaml > orders.yaml

Commands (`myelin COMMAND --help` says more)
  run       serve; what myelin does when no command is given
  check     validate a configuration, plugins' options included, and print every error
  dump      print the effective configuration, each value with where it came from
  convert   legacy YAML in, native YAML out
  plugins   list | describe NAME | check FILE.so | status
  reload    have the running myelin read its configuration again
  rollback  bring the running myelin's previous configuration back
  swap      replace a policy of the running myelin
  drain     have the running myelin finish its calls and stop

Configuration
  -c, --config FILE       native YAML, or the Go gateway's ProxyConfig.yaml; given twice, its Config.yaml too
  --watch                 apply the file again by itself whenever it changes; SIGHUP and `myelin reload` always do
  --set KEY=VALUE         one value: log.level=debug, proxies.orders.pool.loose.size=8, proxies[0].listen=:8080
  --workers N|auto        threads on the data path
  --plugin-dir DIR        searched for plugins first; may be repeated
  --admin ADDRESS         health, metrics and commands: 127.0.0.1:9850; `:9850` is this machine only
  --log-level LEVEL       trace, debug, info, warning, error, critical, off
  --drain-timeout TIME    how long calls in flight may take to finish after SIGTERM: 30s

One proxy: its whole configuration without a file, overrides with a file of one proxy
  --listen ADDRESS        host:port, :port, [v6]:port, unix:/path; may be repeated
  --endpoint ADDRESS      host:port#weight; may be repeated; without a weight it is 1
  --balancer POLICY       a policy is NAME, NAME=key:value,key:value or NAME={yaml map}:
  --pool POLICY             loose=size:4,idle:10s
  --limiter POLICY          'token_bucket={rate: 1000, key: "metadata:x-tenant"}'; may be repeated
  --pump PUMP             frame, generic

  -h, --help              this
  --version               the version

Exit codes: 0 fine, 1 configuration or start-up error, 2 usage
)";

constexpr std::string_view kCheck = R"(myelin check: validate a configuration, plugins' own options included

  myelin check --config orders.yaml
  myelin check --config ProxyConfig.yaml --config Config.yaml
  myelin check --config orders.yaml --set proxies.orders.balancer=min_conn
  myelin check --config orders.yaml --output json

Prints every error, not only the first, as file:line:col: what, the value, what is accepted. Exits with 0 when
there is none and with 1 when there is. Takes all the options of `myelin run`; `myelin --check …` is the same.

  -c, --config FILE       the configuration
  --set KEY=VALUE         override one value
  --plugin-dir DIR        searched for plugins first; may be repeated
  -o, --output text|json  how to print
)";

constexpr std::string_view kDump = R"(myelin dump: print the effective configuration

  myelin dump --config orders.yaml
  myelin dump --config orders.yaml --log-level debug --output json
  myelin dump --listen :30880 --endpoint 127.0.0.1:50051

Defaults are filled in, and behind each value stands where it came from: a line of a file, a flag, or `default`.
The YAML can be served as it stands. Takes all the options of `myelin run`.

  -c, --config FILE       the configuration
  --set KEY=VALUE         override one value
  -o, --output text|json  how to print
)";

constexpr std::string_view kConvert = R"(myelin convert: legacy YAML in, native YAML out

  myelin convert --config ProxyConfig.yaml > orders.yaml
  myelin convert --config ProxyConfig.yaml --config Config.yaml > orders.yaml

On standard error it says which keys had no effect in the original gateway and now have.

  -c, --config FILE       ProxyConfig.yaml; given twice, its sibling Config.yaml too
  --set KEY=VALUE         override one value of the result
  -o, --output text|json  how to print
)";

constexpr std::string_view kPlugins = R"(myelin plugins: look at policies, on disk or at work

  myelin plugins list                                 every policy that can be named, and its file
  myelin plugins describe token_bucket                its options: type, default, range, meaning
  myelin plugins describe ./build/plugins/my.so
  myelin plugins check ./build/plugins/my.so          whether this myelin would load it, and if not, why
  myelin plugins status --admin 127.0.0.1:9850        those that the running myelin uses: strikes, quarantine, time

  --admin ADDRESS         status: the running myelin's admin address; 127.0.0.1:9850 when left out
  --plugin-dir DIR        searched first; may be repeated
  -c, --config FILE       take plugin_dirs from a configuration
  -o, --output text|json  how to print
)";

constexpr std::string_view kReload = R"(myelin reload: have the running myelin read its configuration again

  myelin reload
  myelin reload --admin 127.0.0.1:9850

The answer comes when the configuration is applied (exit code 0) or refused (1, and nothing has changed). Calls in
flight finish on what admitted them; listeners, connections and policies that stay the same are not touched. workers,
admin, pump and a proxy's own addresses cannot change at run time. SIGHUP does the same without an answer.

  --admin ADDRESS         the running myelin's admin address; 127.0.0.1:9850 when left out
  -o, --output text|json  how to print
)";

constexpr std::string_view kRollback = R"(myelin rollback: bring the running myelin's previous configuration back

  myelin rollback
  myelin rollback --admin 127.0.0.1:9850

Undoes the latest reload or swap; a second rollback undoes the first. The file stays as it is, so the next reload
applies it again.

  --admin ADDRESS         the running myelin's admin address; 127.0.0.1:9850 when left out
  -o, --output text|json  how to print
)";

constexpr std::string_view kSwap = R"(myelin swap: replace a policy of the running myelin

  myelin swap --admin 127.0.0.1:9850 --proxy orders --balancer min_conn
  myelin swap --admin 127.0.0.1:9850 --proxy orders --pool loose=size:8,idle:30s
  myelin swap --admin 127.0.0.1:9850 --proxy orders --balancer min_conn --pool 'strict={size: 4}'
  myelin swap --admin 127.0.0.1:9850 --proxy orders --limiter token_bucket=rate:500
  myelin swap --admin 127.0.0.1:9850 --proxy orders --balancer ./build/my_balancer.so
  myelin swap --admin 127.0.0.1:9850 --proxy orders --balancer ./build/my_balancer.so --shadow
  myelin swap --admin 127.0.0.1:9850 --proxy orders --balancer ./build/my_balancer.so --canary 5%

The plugin is first tried in a process of its own, with these options. Calls in flight finish on the policy that admitted
them. A swap that fails changes nothing. It lasts until the next reload, which goes back to the file.

  --admin ADDRESS         the running myelin's admin address
  --proxy NAME            the proxy
  --balancer POLICY       NAME, NAME=key:value,key:value or NAME={yaml map}
  --pool POLICY           likewise
  --limiter POLICY        likewise, in place of the proxy's limiter with the same name; may be repeated
  --shadow                the one policy given does not act: it is asked beside the one that runs, and compared
  --canary SHARE          it decides for this share of the calls, and is rolled back when it does worse
  -o, --output text|json  how to print
)";

constexpr std::string_view kDrain = R"(myelin drain: have the running myelin finish its calls and stop

  myelin drain --admin 127.0.0.1:9850

It takes no new connection, tells clients so, and exits when its calls are done or its drain timeout is over.

  --admin ADDRESS         the running myelin's admin address
  -o, --output text|json  how to print
)";

}  // namespace

std::string_view HelpText(std::string_view command) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kTexts{{{"check", kCheck},
                                                                                 {"dump", kDump},
                                                                                 {"convert", kConvert},
                                                                                 {"plugins", kPlugins},
                                                                                 {"reload", kReload},
                                                                                 {"rollback", kRollback},
                                                                                 {"swap", kSwap},
                                                                                 {"drain", kDrain}}};
  for (const auto& [name, text] : kTexts) {
    if (name == command) return text;
  }
  return kGeneral;
}

std::string VersionText() { return "myelin " MYELIN_VERSION " (pumps: frame, generic)\n"; }

}  // namespace myelin
