// SPDX-License-Identifier: Apache-2.0
//
// The host's services: log, clock, metadata keys, timers, metrics. A Host is one pointer; copy it freely and keep it
// as long as the policy lives. A service that the running host does not have yet throws
// Error(MYELIN_ERROR_UNSUPPORTED).
#ifndef MYELIN_CPP_HOST_HPP
#define MYELIN_CPP_HOST_HPP

#include <myelin/host.h>
#include <myelin/cpp/error.hpp>
#include <myelin/cpp/range.hpp>

#include <chrono>
#include <functional>
#include <utility>

namespace myelin::sdk {

/// A metric of a policy; the host's memory. [any]
class Metric {
 public:
  /// A metric that is written to nowhere.
  Metric() noexcept = default;
  explicit Metric(uint64_t* cell) noexcept : cell_(cell) {}

  /// Adds to a counter or gauge.
  void Add(uint64_t amount = 1) const noexcept {
    if (cell_ != nullptr) myelin_count(cell_, amount);
  }
  /// Sets a gauge.
  void Set(uint64_t value) const noexcept {
    if (cell_ != nullptr) __atomic_store_n(cell_, value, __ATOMIC_RELAXED);
  }

 private:
  uint64_t* cell_ = nullptr;
};

class Host {
 public:
  explicit Host(const myelin_host* host) noexcept : host_(host) {}

  /// The name of the proxy that this instance serves. [any]
  std::string_view Proxy() const noexcept { return ToView(host_->proxy); }
  /// Shards that will be made, at least 1. [any]
  uint32_t WorkerCount() const noexcept { return host_->worker_count; }
  /// Monotonic time, the clock of every *_ns. [any]
  uint64_t NowNs() const noexcept { return host_->now_ns(host_->context); }

  /// Writes a log line at MYELIN_LOG_…, tagged with plugin and proxy, rate-limited. [any]
  void Log(uint32_t level, std::string_view message) const noexcept {
    host_->log(host_->context, level, message.data(), message.size());
  }

  /// Asks for a metadata key of every call; CallView::Metadata takes the slot this answers. In the constructor only.
  uint32_t WantMetadata(std::string_view key) const {
    uint32_t slot = 0;
    Expect(host_->want_metadata(host_->context, key.data(), key.size(), &slot), "metadata key", key);
    return slot;
  }

  /// A number that only grows, shown as myelin_plugin_<name>. In the constructor only.
  Metric AddCounter(const char* name, const char* doc) const { return AddMetric(MYELIN_METRIC_COUNTER, name, doc); }
  /// A number that rises and falls. In the constructor only.
  Metric AddGauge(const char* name, const char* doc) const { return AddMetric(MYELIN_METRIC_GAUGE, name, doc); }

  const myelin_host* raw() const noexcept { return host_; }

 private:
  static void Expect(int32_t code, const char* what, std::string_view which) {
    if (code == MYELIN_OK) return;
    throw Error(code, std::string("the host refused the ") + what + " '" + std::string(which) + "'");
  }

  Metric AddMetric(uint32_t kind, const char* name, const char* doc) const {
    uint64_t* cell = nullptr;
    Expect(host_->add_metric(host_->context, kind, name, doc, &cell), "metric", name);
    return Metric(cell);
  }

  const myelin_host* host_;
};

/// Calls a function every so often on the control thread, as long as the Timer lives. A member of a policy, made in its
/// constructor; it does not move. [control]
class Timer {
 public:
  /// `interval` is at least a millisecond. What `fire` throws is logged, and the timer goes on.
  Timer(const Host& host, std::chrono::nanoseconds interval, std::function<void()> fire)
      : host_(host), fire_(std::move(fire)) {
    const myelin_host* raw = host_.raw();
    const auto interval_ns = static_cast<uint64_t>(interval.count());
    if (const int32_t code = raw->start_timer(raw->context, interval_ns, &Timer::Fire, this, &id_); code != MYELIN_OK) {
      throw Error(code, "the host refused a timer of " + std::to_string(interval_ns) + " ns");
    }
  }
  ~Timer() { host_.raw()->stop_timer(host_.raw()->context, id_); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

 private:
  static void Fire(void* self) noexcept {
    const Timer& timer = *static_cast<const Timer*>(self);
    char text[256];
    myelin_error error{sizeof(error), 0, text, sizeof(text), 0};
    if (detail::Guard(&error, timer.fire_) != MYELIN_OK) {
      timer.host_.Log(MYELIN_LOG_ERROR, {text, static_cast<size_t>(error.size)});
    }
  }

  Host host_;
  std::function<void()> fire_;
  uint64_t id_ = 0;
};

}  // namespace myelin::sdk

#endif
