// SPDX-License-Identifier: Apache-2.0
#include "policy/host_services.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/clock.h"

namespace myelin {
namespace {

LogLevel FromAbi(uint32_t level) {
  switch (level) {
    case MYELIN_LOG_DEBUG:
      return LogLevel::kDebug;
    case MYELIN_LOG_WARNING:
      return LogLevel::kWarning;
    case MYELIN_LOG_ERROR:
      return LogLevel::kError;
    default:
      return LogLevel::kInfo;
  }
}

}  // namespace

HostServices::HostServices(PolicyEnvironment environment, PolicyGuard& guard)
    : environment_(std::move(environment)),
      guard_(guard),
      timer_site_(guard.AddSite(Hook::kTimer)),
      control_(std::this_thread::get_id()) {
  context_->services = this;
  context_->proxy = environment_.proxy;
  myelin_host& abi = context_->abi;
  abi.struct_size = sizeof(myelin_host);
  abi.abi_minor = MYELIN_ABI_MINOR;
  abi.context = context_.get();
  abi.proxy = {context_->proxy.data(), context_->proxy.size()};
  abi.worker_count = environment_.worker_count;
  abi.log = &Log;
  abi.now_ns = &NowNs;
  abi.want_metadata = &WantMetadata;
  abi.start_timer = &StartTimer;
  abi.stop_timer = &StopTimer;
  abi.add_metric = &AddMetric;
}

HostServices::~HostServices() {
  for (uint64_t timer : timers_) environment_.control->Cancel(timer);
  {
    std::lock_guard lock(context_->mutex);
    context_->services = nullptr;
  }
  environment_.metrics->Keep(context_);
}

HostServices::Use::Use(void* context)
    : lock_(static_cast<Context*>(context)->mutex), services_(static_cast<Context*>(context)->services) {}

void HostServices::Log(void* context, uint32_t level, const char* message, uint64_t size) {
  const Use self(context);
  constexpr uint64_t kMaxLine = 4096;
  if (!self || message == nullptr) return;
  self->log_limit_.Write(*self->environment_.log, FromAbi(level), self->guard_.component(),
                         std::string_view(message, std::min(size, kMaxLine)));
}

bool HostServices::MayControl(const char* what) {
  if (std::this_thread::get_id() == control_) return true;
  guard_.Strike(std::string(what) + " was called on another thread than the control thread, and refused");
  return false;
}

uint64_t HostServices::NowNs(void*) { return MonotonicNow(); }

int32_t HostServices::WantMetadata(void* context, const char* key, uint64_t key_size, uint32_t* slot) {
  const Use self(context);
  if (!self || !self->MayControl("want_metadata")) return MYELIN_ERROR_UNSUPPORTED;
  if (!self->creating_ || key == nullptr || slot == nullptr) return MYELIN_ERROR_UNSUPPORTED;
  const uint32_t found = self->environment_.keys->Want(std::string_view(key, key_size));
  if (found == MetadataKeys::kMax) return MYELIN_ERROR_INVALID;
  self->metadata_slots_.push_back(found);
  *slot = found;
  return MYELIN_OK;
}

int32_t HostServices::StartTimer(void* context, uint64_t interval_ns, void (*fire)(void*), void* argument,
                                 uint64_t* timer) {
  const Use self(context);
  constexpr uint64_t kMinInterval = 1'000'000;
  constexpr size_t kMaxTimers = 64;
  if (!self || !self->MayControl("start_timer")) return MYELIN_ERROR_UNSUPPORTED;
  if (fire == nullptr || timer == nullptr || interval_ns < kMinInterval || interval_ns > INT64_MAX) {
    return MYELIN_ERROR_INVALID;
  }
  if (self->timers_.size() >= kMaxTimers) return MYELIN_ERROR_NO_SPACE;
  *timer = self->environment_.control->Every(
      std::chrono::nanoseconds(interval_ns),
      [services = self.operator->(), fire, argument] { services->Fire(fire, argument); });
  self->timers_.push_back(*timer);
  return MYELIN_OK;
}

void HostServices::StopTimer(void* context, uint64_t timer) {
  const Use self(context);
  if (!self || !self->MayControl("stop_timer")) return;
  if (std::erase(self->timers_, timer) > 0) self->environment_.control->Cancel(timer);
}

void HostServices::Fire(void (*fire)(void*), void* argument) {
  if (guard_.quarantined()) return;
  const bool threw = EnterHook(timer_site_, true, [&] {
    fire(argument);
    return false;
  });
  if (threw) guard_.Strike("a timer threw an exception");
}

int32_t HostServices::AddMetric(void* context, uint32_t kind, const char* name, const char* doc, uint64_t** cell) {
  const Use self(context);
  constexpr std::string_view kLegal = "abcdefghijklmnopqrstuvwxyz0123456789_";
  if (!self || !self->MayControl("add_metric") || !self->creating_) return MYELIN_ERROR_UNSUPPORTED;
  const std::string_view text = name == nullptr ? std::string_view() : std::string_view(name);
  if (cell == nullptr || text.empty() || text.find_first_not_of(kLegal) != text.npos) return MYELIN_ERROR_INVALID;
  PluginMetric metric;
  metric.name = name;
  metric.doc = doc == nullptr ? "" : doc;
  metric.counter = kind != MYELIN_METRIC_GAUGE;
  metric.proxy = self->environment_.proxy;
  metric.policy = self->guard_.identity().policy;
  *cell = self->environment_.metrics->Add(std::move(metric));
  return MYELIN_OK;
}

}  // namespace myelin
