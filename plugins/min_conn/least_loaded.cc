// SPDX-License-Identifier: Apache-2.0
//
// The pick of min_conn. Loads are compared by cross-multiplication in integers; doubles are only for the slow start.
#include "min_conn/least_loaded.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace myelin {
namespace {

constexpr double kFirstShare = 0.1;  // of the fair share, at the moment of joining

}  // namespace

double SlowStartShare(uint64_t age_ns, uint64_t slow_start_ns, double fair) {
  if (age_ns / 2 >= slow_start_ns) return 1.0;
  const double time = static_cast<double>(age_ns) / static_cast<double>(slow_start_ns);
  if (time < 1.0) return fair * (kFirstShare + (1.0 - kFirstShare) * time);
  return fair + (1.0 - fair) * std::min(time - 1.0, 1.0);
}

// Keeps the least loaded of those that enter; of equals each with the same chance.
class LeastLoaded::Contest {
 public:
  explicit Contest(RandomStream& random) : random_(random) {}

  void Enter(const Member& member) {
    const uint64_t load = std::min<uint64_t>(myelin_load_u64(&member.cell->in_flight), UINT32_MAX - 1) + 1;
    const uint64_t mine = load * (best_ != nullptr ? best_->weight : 1);
    const uint64_t least = best_load_ * member.weight;
    if (best_ == nullptr || mine < least) {
      ties_ = 1;
    } else if (mine > least || random_.Below(++ties_) != 0) {
      return;
    }
    best_ = &member;
    best_load_ = load;
  }

  const Member* best() const { return best_; }

 private:
  RandomStream& random_;
  const Member* best_ = nullptr;
  uint64_t best_load_ = 0;  // in-flight + 1
  uint32_t ties_ = 0;
};

LeastLoaded::LeastLoaded(const sdk::SnapshotView& snapshot, const LeastLoadedSettings& settings) : settings_(settings) {
  for (const Candidate& candidate : CandidatesOf(snapshot)) {
    const myelin_endpoint* endpoint = snapshot[candidate.index].raw();
    members_.push_back({endpoint->cell, endpoint->joined_ns, candidate.index, candidate.weight});
    total_weight_ += candidate.weight;
    newest_ns_ = std::max(newest_ns_, endpoint->joined_ns);
  }
}

uint32_t LeastLoaded::Pick(uint64_t now_ns, uint64_t random) const {
  RandomStream stream(random);
  const size_t count = members_.size();
  if (count <= settings_.scan_limit || count <= settings_.choices) return BestOf(members_, now_ns, 1.0, stream).index;
  std::array<Member, LeastLoadedSettings::kMaxChoices> room;
  const double seen = static_cast<double>(settings_.choices) / static_cast<double>(count);
  return BestOf(Draw(room, stream), now_ns, seen, stream).index;
}

bool LeastLoaded::AnyJoining(uint64_t now_ns) const {
  if (newest_ns_ == 0 || settings_.slow_start_ns == 0) return false;
  return now_ns < newest_ns_ || (now_ns - newest_ns_) / 2 < settings_.slow_start_ns;
}

// Against the longest-standing of its group, which always takes part: where all have just joined, nobody is held back.
// `seen` is the part of the picks that look at a member at all.
bool LeastLoaded::Admits(const Member& member, uint64_t oldest_ns, uint64_t now_ns, double seen,
                         RandomStream& random) const {
  if (member.joined_ns <= oldest_ns) return true;
  const double fair = static_cast<double>(member.weight) / static_cast<double>(total_weight_);
  const auto share = [&](uint64_t joined_ns) {
    if (joined_ns == 0) return 1.0;
    return SlowStartShare(now_ns > joined_ns ? now_ns - joined_ns : 0, settings_.slow_start_ns, fair);
  };
  return random.Chance(share(member.joined_ns) / share(oldest_ns) / seen);
}

const LeastLoaded::Member& LeastLoaded::BestOf(std::span<const Member> group, uint64_t now_ns, double seen,
                                               RandomStream& random) const {
  Contest contest(random);
  if (!AnyJoining(now_ns)) {
    for (const Member& member : group) contest.Enter(member);
    return *contest.best();
  }
  uint64_t oldest_ns = UINT64_MAX;
  for (const Member& member : group) oldest_ns = std::min(oldest_ns, member.joined_ns);
  for (const Member& member : group) {
    if (Admits(member, oldest_ns, now_ns, seen, random)) contest.Enter(member);
  }
  return *contest.best();
}

// `choices` different members, each set equally likely: Floyd's sampling (J. Bentley and R. Floyd, "A sample of
// brilliance", Communications of the ACM 30(9), 1987).
std::span<const LeastLoaded::Member> LeastLoaded::Draw(std::span<Member> room, RandomStream& random) const {
  const auto count = static_cast<uint32_t>(members_.size());
  for (uint32_t i = 0; i < settings_.choices; ++i) {
    const uint32_t last = count - settings_.choices + i;
    const Member& guess = members_[random.Below(last + 1)];
    const bool taken = std::any_of(room.begin(), room.begin() + i,
                                   [&guess](const Member& drawn) { return drawn.index == guess.index; });
    room[i] = taken ? members_[last] : guess;
  }
  return room.first(settings_.choices);
}

}  // namespace myelin
