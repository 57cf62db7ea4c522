// SPDX-License-Identifier: Apache-2.0
//
// The part of FrameWorker that bounds what all its connections hold together. See ADR 0010.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "pump/frame/worker.h"

namespace myelin::frame {
namespace {

constexpr uint64_t kReliefNs = 1'000'000'000;
// Whoever takes so slowly that what waits would last for longer than so many periods is a hoarder.
constexpr size_t kPatience = 20;

}  // namespace

void FrameWorker::Hold(size_t bytes) {
  bytes_.Add(bytes);
  if (!bytes_.full() || relief_timer_.active()) return;
  for (Taker& taker : takers_) taker.TakenSince();
  context_.timers.Start(relief_timer_, context_.now_ns + kReliefNs);
}

void FrameWorker::LetGo(size_t bytes) {
  if (!bytes_.Remove(bytes)) return;
  for (auto it = withheld_.begin(); it != withheld_.end();) (it++)->GiveWindowBack();
}

// The worker has been full for a while. Windows alone cannot help when clients take nothing at all; so those who hold
// the most of what nobody takes are cut, and no more than needed.
void FrameWorker::Relieve() {
  if (!bytes_.full()) return;
  std::vector<Taker*> hoarders;
  for (Taker& taker : takers_) {
    if (taker.TakenSince() * kPatience < taker.Waiting()) hoarders.push_back(&taker);
  }
  std::sort(hoarders.begin(), hoarders.end(),
            [](const Taker* a, const Taker* b) { return a->Waiting() > b->Waiting(); });
  for (Taker* hoarder : hoarders) {
    if (!bytes_.full()) return;
    hoarder->CutForHoarding();
  }
  if (bytes_.full()) context_.timers.Start(relief_timer_, context_.now_ns + kReliefNs);
}

void FrameWorker::CountAbuse(AbuseKind kind, std::string_view peer) {
  const auto index = static_cast<size_t>(kind);
  abuse_[index].Add();
  const std::string message = "a peer is told to calm down: " + std::string(kAbuseNames[index]) + " from ";
  abuse_limit_.Write(context_.log, LogLevel::kWarning, "pump", message + std::string(peer));
}

void FrameWorker::AddStats(HostStats& stats) const {
  stats.buffered_bytes.push_back({context_.index, bytes_.held()});
  for (size_t i = 0; i < abuse_.size(); ++i) stats.abuse[i] += abuse_[i].Get();
}

}  // namespace myelin::frame
