// SPDX-License-Identifier: Apache-2.0
//
// The load of bench/run: calls to a relay's port, every reply checked, and the CPU time that the watched processes
// spent meanwhile. Prints one line of JSON. One thread; its own time is in no figure.
//   load MODE --port P [--connections N] [--streams N] [--bytes N] [--in-flight N] [--warm-up S] [--seconds S]
//             [--rate N] [--watch PID]...
// unary    closed loop: `streams` calls in flight on each connection
// stream   the same with calls that last: `in-flight` messages on each, the next when one is echoed
// open     calls begin when a clock says so, `rate` a second at random moments, whether or not others have ended;
//          latency counts from when a call should have begun
// idle     opens all streams (or, with --streams 0, connections), says so with a line, and holds them until stdin ends
// slow     one call whose reply is read from the socket at `rate` bytes a second, in a window that never fills
#include <getopt.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "load_connection.h"

namespace myelin::bench {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;

struct Options {
  std::string mode;
  uint16_t port = 0;
  size_t connections = 1, streams = 1, bytes = 32;
  uint32_t in_flight = 1;
  double warm_up_s = 0.1, seconds = 1, rate = 0;
  std::vector<pid_t> watched;
};

// User and system time of all threads, those that have ended included.
uint64_t CpuNs(const std::vector<pid_t>& processes) {
  uint64_t sum = 0;
  for (const pid_t process : processes) {
    clockid_t clock;
    timespec spent{};
    if (::clock_getcpuclockid(process, &clock) == 0) ::clock_gettime(clock, &spent);
    sum += static_cast<uint64_t>(spent.tv_sec) * kSecond + static_cast<uint64_t>(spent.tv_nsec);
  }
  return sum;
}

std::string MakeMessage(size_t bytes) {
  std::string message(5 + bytes, '\0');
  for (int i = 0; i < 4; ++i) message[static_cast<size_t>(1 + i)] = static_cast<char>(bytes >> (24 - 8 * i));
  std::mt19937 random(1);
  for (size_t i = 5; i < message.size(); ++i) message[i] = static_cast<char>(random());
  return message;
}

class Load {
 public:
  explicit Load(const Options& options) : options_(options), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    plan_.stream = options.mode == "stream" || options.mode == "idle";
    plan_.closed_loop = options.mode == "unary" || options.mode == "stream";
    plan_.check_echo = options.mode != "slow";
    plan_.message = MakeMessage(options.bytes);
    plan_.in_flight = options.mode == "idle" ? 0 : options.in_flight;
    for (size_t i = 0; i < options.connections; ++i) Open();
  }
  ~Load() { ::close(epoll_); }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  int Run() {
    if (options_.mode == "idle") return Idle();
    if (options_.mode == "slow") return Slow();
    if (options_.mode != "open") StartAll();
    const uint64_t begin = NowNs() + static_cast<uint64_t>(options_.warm_up_s * 1e9);
    if (options_.mode == "open") next_ns_ = NowNs();
    RunUntil(begin);
    const uint64_t answered = tally_.answered, cpu_ns = CpuNs(options_.watched), began = NowNs();
    tally_.measuring = true;
    RunUntil(began + static_cast<uint64_t>(options_.seconds * 1e9));
    const uint64_t count = tally_.answered - answered, spent = CpuNs(options_.watched) - cpu_ns, end = NowNs();
    const size_t unfinished = Finish();
    Report(count, end - began, spent, unfinished);
    return 0;
  }

 private:
  void Open() {
    connections_.push_back(std::make_unique<Connection>(plan_, tally_, options_.port));
    Connection& connection = *connections_.back();
    Watch(connection, EPOLL_CTL_ADD);
    connection.Flush();
  }

  void StartAll() {
    for (const auto& connection : connections_) {
      for (size_t i = 0; i < options_.streams; ++i) connection->Start(NowNs());
      connection->Flush();
    }
  }

  void Watch(Connection& connection, int operation) {
    epoll_event event{};
    event.events = EPOLLIN | (connection.blocked() ? static_cast<uint32_t>(EPOLLOUT) : 0u);
    event.data.ptr = &connection;
    ::epoll_ctl(epoll_, operation, connection.fd(), &event);
  }

  // Events until `end_ns`; in between, calls of an open loop as they become due.
  void RunUntil(uint64_t end_ns) {
    for (uint64_t now = NowNs(); now < end_ns; now = NowNs()) {
      if (next_ns_ != 0) StartDue(now);
      Turn(next_ns_ == 0 ? end_ns : std::min(end_ns, next_ns_));
    }
  }

  void Turn(uint64_t until_ns) {
    std::vector<epoll_event> events(256);
    const uint64_t now = NowNs();
    const uint64_t left = until_ns > now ? until_ns - now : 0;
    const timespec timeout{static_cast<time_t>(left / kSecond), static_cast<long>(left % kSecond)};
    const int count = ::epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &timeout, nullptr);
    for (int i = 0; i < count; ++i) Serve(*static_cast<Connection*>(events[static_cast<size_t>(i)].data.ptr));
  }

  void Serve(Connection& connection) {
    const bool was_blocked = connection.blocked();
    if (!connection.Receive() || !connection.Flush()) {
      std::fprintf(stderr, "load: a connection is lost\n");
      std::exit(1);
    }
    if (was_blocked != connection.blocked()) Watch(connection, EPOLL_CTL_MOD);
  }

  void StartDue(uint64_t now) {
    for (; next_ns_ <= now; next_ns_ += static_cast<uint64_t>(gap_(random_) * 1e9 / options_.rate)) {
      Connection& connection = *connections_[next_connection_++ % connections_.size()];
      connection.Start(next_ns_);
      connection.Flush();
    }
  }

  // Lets what has begun end, for every call's status counts. The number of calls that do not.
  size_t Finish() {
    plan_.closed_loop = false;
    next_ns_ = 0;
    size_t open = 0;
    const uint64_t give_up = NowNs() + 10 * kSecond;
    for (const auto& connection : connections_) {
      if (plan_.stream) connection->EndStreams();
      connection->Flush();
    }
    do {
      open = 0;
      for (const auto& connection : connections_) open += connection->open();
      if (open > 0) Turn(NowNs() + kSecond / 10);
    } while (open > 0 && NowNs() < give_up);
    return open;
  }

  int Idle() {
    StartAll();
    const uint64_t give_up = NowNs() + 60 * kSecond;
    const bool streams = options_.streams > 0;
    const size_t wanted = options_.connections * std::max<size_t>(options_.streams, 1);
    while ((streams ? tally_.headers : tally_.settled) < wanted && NowNs() < give_up) Turn(NowNs() + kSecond / 10);
    std::printf("{\"open\": %zu, \"wanted\": %zu}\n", static_cast<size_t>(streams ? tally_.headers : tally_.settled),
                wanted);
    std::fflush(stdout);
    char byte;
    while (::read(STDIN_FILENO, &byte, 1) > 0) continue;
    return 0;
  }

  int Slow() {
    constexpr size_t kPiece = 64 * 1024;
    Connection& connection = *connections_.front();
    connection.Start(NowNs());
    connection.Flush();
    const uint64_t began = NowNs();
    tally_.measuring = true;
    for (uint64_t i = 1; connection.open() > 0; ++i) {
      const uint64_t due = began + static_cast<uint64_t>(static_cast<double>(i * kPiece) / options_.rate * 1e9);
      const timespec when{static_cast<time_t>(due / kSecond), static_cast<long>(due % kSecond)};
      ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, nullptr);
      if (!connection.Receive(kPiece) || !connection.Flush()) return 1;
    }
    Report(1, NowNs() - began, 0, connection.open());
    return 0;
  }

  double LatencyUs(double quantile) {
    auto& all = tally_.latencies_ns;
    if (all.empty()) return 0;
    const auto at = all.begin() + static_cast<ptrdiff_t>(quantile * static_cast<double>(all.size() - 1));
    std::nth_element(all.begin(), at, all.end());
    return static_cast<double>(*at) / 1e3;
  }

  void Report(uint64_t answered, uint64_t elapsed_ns, uint64_t cpu_ns, size_t unfinished) {
    std::printf("{\"calls\": %llu, \"seconds\": %.6f, \"cpu_s\": %.9f, \"wrong\": %llu, \"received_bytes\": %llu, ",
                static_cast<unsigned long long>(answered), static_cast<double>(elapsed_ns) / 1e9,
                static_cast<double>(cpu_ns) / 1e9, static_cast<unsigned long long>(tally_.wrong),
                static_cast<unsigned long long>(tally_.received_bytes));
    std::printf("\"p50_us\": %.3f, \"p99_us\": %.3f, \"unfinished\": %zu, \"statuses\": {", LatencyUs(0.5),
                LatencyUs(0.99), unfinished);
    const char* comma = "";
    for (const auto& [status, count] : tally_.statuses) {
      const std::string name = status == Tally::kReset  ? "reset"
                               : status == Tally::kLost ? "lost"
                                                        : std::to_string(status);
      std::printf("%s\"%s\": %llu", comma, name.c_str(), static_cast<unsigned long long>(count));
      comma = ", ";
    }
    std::printf("}}\n");
  }

  const Options& options_;
  const int epoll_;
  Plan plan_;
  Tally tally_;
  std::vector<std::unique_ptr<Connection>> connections_;
  size_t next_connection_ = 0;
  uint64_t next_ns_ = 0;  // when the next call of an open loop is due
  std::mt19937_64 random_{1};
  std::exponential_distribution<double> gap_{1.0};
};

Options Parse(int argc, char** argv) {
  static const option kKnown[] = {{"port", 1, nullptr, 'p'},      {"connections", 1, nullptr, 'c'},
                                  {"streams", 1, nullptr, 's'},   {"bytes", 1, nullptr, 'b'},
                                  {"in-flight", 1, nullptr, 'f'}, {"warm-up", 1, nullptr, 'u'},
                                  {"seconds", 1, nullptr, 't'},   {"rate", 1, nullptr, 'r'},
                                  {"watch", 1, nullptr, 'w'},     {nullptr, 0, nullptr, 0}};
  Options options;
  for (int key; (key = ::getopt_long(argc, argv, "", kKnown, nullptr)) != -1;) {
    if (key == '?') std::exit(2);
    const double value = std::atof(optarg);
    if (key == 'p') options.port = static_cast<uint16_t>(value);
    if (key == 'c') options.connections = static_cast<size_t>(value);
    if (key == 's') options.streams = static_cast<size_t>(value);
    if (key == 'b') options.bytes = static_cast<size_t>(value);
    if (key == 'f') options.in_flight = static_cast<uint32_t>(value);
    if (key == 'u') options.warm_up_s = value;
    if (key == 't') options.seconds = value;
    if (key == 'r') options.rate = value;
    if (key == 'w') options.watched.push_back(static_cast<pid_t>(value));
  }
  options.mode = optind < argc ? argv[optind] : "";
  return options;
}

}  // namespace
}  // namespace myelin::bench

int main(int argc, char** argv) {
  using namespace myelin::bench;
  const Options options = Parse(argc, argv);
  constexpr std::string_view kModes = " unary stream open idle slow ";
  if (options.port == 0 || kModes.find(" " + options.mode + " ") == kModes.npos) {
    std::fputs("usage: load unary|stream|open|idle|slow --port P …, see load.cc\n", stderr);
    return 2;
  }
  return Load(options).Run();
}
