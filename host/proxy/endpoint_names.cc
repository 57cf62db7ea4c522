// SPDX-License-Identifier: Apache-2.0
#include "proxy/endpoint_names.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "base/clock.h"
#include "config/address.h"
#include "proxy/weight_share.h"

namespace myelin {
namespace {

constexpr Duration kFirstRetry = 1s;
constexpr Duration kLongestRetry = 30s;
// So that many proxies' lookups do not all come at the same time for ever.
constexpr double kJitter = 0.2;

bool IsName(const EndpointConfig& endpoint) {
  std::string problem;
  const auto address = ParseAddress(endpoint.address, AddressUse::kConnect, problem);
  return address && address->NeedsLookup();
}

std::string Join(const std::vector<std::string>& texts) {
  std::string joined;
  for (const std::string& text : texts) joined += (joined.empty() ? "" : ", ") + text;
  return joined;
}

}  // namespace

EndpointNames::EndpointNames(const Environment& environment, std::function<void()> changed)
    : environment_(environment), changed_(std::move(changed)), random_(MonotonicNow()) {}

EndpointNames::~EndpointNames() {
  for (const auto& [text, name] : names_) environment_.control.Cancel(name.timer);
}

void EndpointNames::Begin(std::vector<EndpointConfig> endpoints) {
  std::vector<std::string> added;
  {
    std::lock_guard lock(mutex_);
    endpoints_ = std::move(endpoints);
    for (const EndpointConfig& endpoint : endpoints_) {
      if (IsName(endpoint) && names_.try_emplace(endpoint.address).second) added.push_back(endpoint.address);
    }
  }
  for (const std::string& text : added) LookUp(text);
}

void EndpointNames::DropUnused() {
  std::set<std::string_view> used;
  for (const EndpointConfig& endpoint : endpoints_) used.insert(endpoint.address);
  std::lock_guard lock(mutex_);
  std::erase_if(names_, [&](const auto& item) {
    if (used.count(item.first) != 0) return false;
    environment_.control.Cancel(item.second.timer);
    return true;
  });
}

void EndpointNames::LookUp(const std::string& name) {
  environment_.resolver.LookUp(
      name, [this, name, inbox = inbox_, alive = std::weak_ptr(alive_), &control = environment_.control](
                std::vector<std::string> addresses, const std::string& why) {
        {
          std::lock_guard lock(inbox->mutex);
          inbox->answers.push_back({name, std::move(addresses), why});
        }
        inbox->arrived.notify_all();
        control.Post([this, alive] {
          if (!alive.expired() && TakeAnswers()) changed_();
        });
      });
}

void EndpointNames::Await() {
  const auto until = std::chrono::steady_clock::now() + environment_.patience;
  bool in_time = true;
  while (!AllAnswered() && in_time) {
    {
      std::unique_lock lock(inbox_->mutex);
      in_time = inbox_->arrived.wait_until(lock, until, [this] { return !inbox_->answers.empty(); });
    }
    TakeAnswers();
  }
}

bool EndpointNames::AllAnswered() const {
  return std::all_of(names_.begin(), names_.end(), [](const auto& item) { return item.second.answered; });
}

// Answers whether any addresses have changed.
bool EndpointNames::TakeAnswers() {
  std::vector<Answered> answers;
  {
    std::lock_guard lock(inbox_->mutex);
    answers.swap(inbox_->answers);
  }
  bool changed = false;
  for (const Answered& answered : answers) changed = Take(answered) || changed;
  return changed;
}

bool EndpointNames::Take(const Answered& answered) {
  const auto found = names_.find(answered.name);
  if (found == names_.end()) return false;
  Name& name = found->second;
  Report(answered.name, name, answered);
  std::lock_guard lock(mutex_);
  name.answered = true;
  name.why = answered.why;
  const bool failed = answered.addresses.empty();
  name.failures = failed ? name.failures + 1 : 0;
  LookUpLater(answered.name, name);
  if (failed || name.addresses == answered.addresses) return false;
  name.addresses = answered.addresses;
  return true;
}

void EndpointNames::Report(const std::string& text, Name& name, const Answered& answered) {
  const std::string endpoint = "endpoint " + text;
  if (answered.addresses.empty()) {
    if (name.failures > 0) return;
    environment_.log.Warning(environment_.proxy,
                             name.addresses.empty()
                                 ? endpoint + " is down: its name was not found: " + answered.why
                                 : endpoint + " keeps its addresses: its name was not found again: " + answered.why);
  } else if (name.addresses != answered.addresses) {
    environment_.log.Info(environment_.proxy, endpoint + " is at " + Join(answered.addresses));
  }
}

void EndpointNames::LookUpLater(const std::string& text, Name& name) {
  Duration delay = environment_.refresh;
  if (name.failures > 0) {
    const Duration retry = std::min(kFirstRetry * (1 << std::min(name.failures - 1, 10u)), kLongestRetry);
    delay = delay > Duration::zero() ? std::min(delay, retry) : retry;
  }
  if (delay == Duration::zero()) return;
  const double jitter = 1.0 + kJitter * (2.0 * random_.NextDouble() - 1.0);
  const Duration jittered(static_cast<int64_t>(static_cast<double>(delay.count()) * jitter));
  environment_.control.Cancel(name.timer);
  name.timer = environment_.control.After(jittered, [this, text] { LookUp(text); });
}

std::vector<Endpoint::Spec> EndpointNames::Specs() const {
  const std::vector<std::string> alone(1);
  std::vector<const std::vector<std::string>*> found;
  std::vector<WeightedGroup> groups;
  for (const EndpointConfig& endpoint : endpoints_) {
    const auto name = names_.find(endpoint.address);
    found.push_back(name == names_.end() ? &alone : &name->second.addresses);
    groups.push_back({endpoint.weight, static_cast<uint32_t>(found.back()->size())});
  }
  const std::vector<uint32_t> shares = ShareWeights(groups);
  std::vector<Endpoint::Spec> specs;
  for (size_t i = 0; i < endpoints_.size(); ++i) {
    const EndpointConfig& endpoint = endpoints_[i];
    for (const std::string& address : *found[i]) {
      const bool named = !address.empty();
      specs.push_back({named ? address : endpoint.address, shares[i], endpoint.priority, endpoint.locality,
                       endpoint.metadata, named ? endpoint.address : ""});
    }
  }
  return specs;
}

std::vector<EndpointNames::Missing> EndpointNames::Unfound() const {
  std::lock_guard lock(mutex_);
  std::vector<Missing> missing;
  for (const EndpointConfig& endpoint : endpoints_) {
    const auto name = names_.find(endpoint.address);
    if (name == names_.end() || !name->second.addresses.empty()) continue;
    missing.push_back({endpoint.address, endpoint.weight, name->second.why});
  }
  return missing;
}

}  // namespace myelin
