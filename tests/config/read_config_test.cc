// SPDX-License-Identifier: Apache-2.0
//
// Dump and convert: what is printed reads back as the same configuration; and every example in config/ loads.
#include "config/read_config.h"

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "loading.h"

namespace myelin {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

std::string Text(const PolicyConfig& policy) { return policy.name + " " + WriteYaml(policy.options); }

// Everything but the origins.
std::string Text(const ProxyConfig& proxy) {
  std::ostringstream out;
  out << proxy.name << '\n';
  for (const ListenConfig& listen : proxy.listen) out << "listen " << listen.address << '\n';
  for (const EndpointConfig& endpoint : proxy.endpoints) {
    out << endpoint.address << '#' << endpoint.weight << ' ' << endpoint.priority << ' ' << endpoint.locality;
    for (const auto& [key, value] : endpoint.metadata) out << ' ' << key << '=' << value;
    out << '\n';
  }
  out << Text(proxy.balancer) << Text(proxy.pool);
  for (const PolicyConfig& limiter : proxy.limiters) out << Text(limiter);
  for (const Duration time :
       {proxy.timeouts.connect, proxy.timeouts.request, proxy.timeouts.stream_idle, proxy.timeouts.queue,
        proxy.backoff.base, proxy.backoff.max, proxy.keepalive.time, proxy.keepalive.timeout}) {
    out << time.count() << ' ';
  }
  out << proxy.backoff.jitter << ' ' << static_cast<int>(proxy.pump) << proxy.access_log << '\n';
  for (const RouteConfig& route : proxy.routes) {
    out << "route";
    for (const auto& [key, value] : route.metadata) out << ' ' << key << '=' << value;
    out << ' ' << route.service << '/' << route.method << " -> " << route.to << '\n';
  }
  return out.str();
}

std::string Text(const Config& config) {
  std::ostringstream out;
  out << config.workers << ' ' << config.admin_listen << ' ' << config.drain_timeout.count() << '\n';
  for (const std::string& folder : config.plugin_dirs) out << folder << '\n';
  const LogConfig& log = config.log;
  out << log.level << log.format << log.file << log.rotate.count() << ' ' << log.keep.count() << ' ' << log.max_size;
  for (const ProxyConfig& proxy : config.proxies) out << '\n' << Text(proxy);
  return out.str();
}

const std::string kFull = R"(
workers: 3
plugin_dirs: [a, "b # c"]
admin: :9850
access_log: true
log: {level: debug, format: json, file: "123", rotate: 90m, keep: 0, max_size: 1MB}
drain_timeout: 1.5s
proxies:
  - name: "o: 1"
    listen: [":30880", "[::1]:1", "unix:/run/a b.sock"]
    endpoints:
      - 10.0.0.1:50051#10
      - {address: b:1, weight: 5, priority: 1, locality: "null", metadata: {rack: r7, "x: y": "true"}}
    balancer: ./min.so
    pool: {loose: {size: 4, idle: 10s, name: "5"}}
    limiters:
      - access
      - token_bucket: {rate: 1000, key: "metadata:x-tenant", list: [a, {b: c}, []], nothing: ~}
    timeouts: {connect: 0, request: 250ms}
    backoff: {jitter: 0.333}
    routes: [{metadata: {proxy: p}, to: p}, {service: s, method: m, to: p}]
  - {name: p, endpoints: [c:1]}
)";

using RoundTrip = Loading;

TEST_F(RoundTrip, ADumpReadsBackAsTheSameConfiguration) {
  const std::string before = Text(Good(kFull));
  const std::string dump = DumpYaml(loaded_);
  EXPECT_EQ(Text(Good(dump)), before) << dump;
  // With every default written out, nothing is a default any more, and the dump is stable.
  EXPECT_EQ(WriteYaml(loaded_.effective), WriteYaml(loaded_.native));
}

TEST_F(RoundTrip, AConversionReadsBackAsTheSameConfiguration) {
  const std::string before = Text(Good(kFull));
  EXPECT_EQ(Text(Good(ConvertToNative(loaded_))), before);
}

// JSON has all text in quotes, so the quotes in policies' options are the one thing that differs.
TEST_F(RoundTrip, JsonIsYamlToo) {
  auto without_quotes = [](std::string text) {
    std::erase(text, '"');
    return text;
  };
  const std::string before = without_quotes(Text(Good(kFull)));
  EXPECT_EQ(without_quotes(Text(Good(ConvertToNativeJson(loaded_)))), before);
}

TEST_F(RoundTrip, ADumpSaysWhereEachValueCameFrom) {
  Load(WithProxyKeys("timeouts: {queue: 2s}"), {{"--log-level", "debug"}, {"--set", "proxies.orders.pump=frame"}});
  const std::string dump = DumpYaml(loaded_);
  EXPECT_THAT(dump, testing::ContainsRegex("  level: debug +# --log-level\n"));
  EXPECT_THAT(dump, testing::ContainsRegex("      queue: 2s +# c.yaml:5:23\n"));
  EXPECT_THAT(dump, testing::ContainsRegex("      connect: 5s +# default\n"));
  EXPECT_THAT(dump, testing::ContainsRegex("    pump: frame +# --set proxies.orders.pump\n"));
  EXPECT_THAT(dump, testing::ContainsRegex("        weight: 1 +# default\n"));
  for (std::istringstream lines(dump); !lines.eof();) {
    std::string line;
    std::getline(lines, line);
    const bool has_value = !line.empty() && line.back() != ':';
    EXPECT_TRUE(!has_value || line.find(" # ") != std::string::npos) << line;
  }
  EXPECT_THAT(DumpJson(loaded_), HasSubstr("\"proxies[0].timeouts.queue\": \"c.yaml:5:23\""));
}

class Examples : public testing::TestWithParam<std::vector<std::string>> {
 protected:
  static LoadedConfig Read(Diagnostics& diagnostics) {
    ConfigInput input;
    for (const std::string& file : GetParam()) input.files.push_back(MYELIN_SOURCE_DIR "/config/" + file);
    return ReadConfig(input, diagnostics);
  }
};

TEST_P(Examples, LoadsAndConvertsWithoutAnError) {
  Diagnostics diagnostics;
  const LoadedConfig loaded = Read(diagnostics);
  EXPECT_THAT(Messages(diagnostics, Diagnostic::Severity::kError), IsEmpty());
  const std::string path = testing::TempDir() + "myelin-example-" + std::to_string(getpid()) + ".yaml";
  for (const std::string& text : {ConvertToNative(loaded), DumpYaml(loaded)}) {
    std::ofstream(path) << text;
    Diagnostics again;
    EXPECT_EQ(Text(ReadConfig({{path}, {}}, again).config), Text(loaded.config)) << text;
    EXPECT_THAT(Messages(again, Diagnostic::Severity::kError), IsEmpty());
  }
  std::filesystem::remove(path);
}

// Whatever is in the folder, so that a new example is tested too. Config.yaml is half a configuration.
std::vector<std::vector<std::string>> AllExamples() {
  const std::filesystem::path folder = MYELIN_SOURCE_DIR "/config";
  std::vector<std::vector<std::string>> all{{"legacy/ProxyConfig.yaml", "legacy/Config.yaml"}};
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    const bool is_example = entry.path().extension() == ".yaml" && entry.path().filename() != "Config.yaml";
    if (is_example) all.push_back({entry.path().lexically_relative(folder).string()});
  }
  std::sort(all.begin(), all.end());
  return all;
}

INSTANTIATE_TEST_SUITE_P(All, Examples, testing::ValuesIn(AllExamples()));

TEST(ExampleFolder, HasTheExamplesThatTheGuideNames) { EXPECT_GE(AllExamples().size(), 5u); }

TEST(ExampleFolder, OrdersShowsEveryKey) {
  Diagnostics diagnostics;
  const LoadedConfig loaded = ReadConfig({{MYELIN_SOURCE_DIR "/config/orders.yaml"}, {}}, diagnostics);
  const Node& written = loaded.native;
  for (const Entry& entry : loaded.effective.entries) EXPECT_NE(written.Find(entry.key), nullptr) << entry.key;
  for (const Entry& entry : loaded.effective.Find("log")->entries) {
    EXPECT_NE(written.Find("log")->Find(entry.key), nullptr) << entry.key;
  }
  const Node& proxy = written.Find("proxies")->items.at(0);
  for (const Entry& entry : loaded.effective.Find("proxies")->items.at(0).entries) {
    ASSERT_NE(proxy.Find(entry.key), nullptr) << entry.key;
    if (entry.key == "balancer" || entry.key == "pool") continue;
    for (const Entry& field : entry.value.entries)
      EXPECT_NE(proxy.Find(entry.key)->Find(field.key), nullptr) << field.key;
  }
}

}  // namespace
}  // namespace myelin
