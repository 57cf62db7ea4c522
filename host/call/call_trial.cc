// SPDX-License-Identifier: Apache-2.0
//
// The part of Call that asks policies on trial: a shadow besides the policy that decides, of the same call with the
// same random bits; a canary in its place, for its share of the calls.
#include "call/call.h"
#include "call/failure.h"

namespace myelin {

uint32_t Call::AskBalancerOnTrial(const Snapshot& snapshot, myelin_pick& answer, PinnedShard<BalancerShard>*& asked) {
  const TrialPointer<BalancerShard> trial = proxy_->balancer_trial_;
  BalancerShard& candidate = *trial->candidate->get();
  if (tried_.shadowed) TellBalancer(MYELIN_OUTCOME_REFUSED, MYELIN_GRPC_UNAVAILABLE, 0, 0, 0);  // it is asked again
  asked = proxy_->balancer_.get();
  if (trial->trial->is_canary()) {
    if (tried_.trial != trial) tried_.canary = trial->trial->Takes(proxy_->worker().random.Next());
    tried_.trial = trial;
    if (!tried_.canary) return asked->get()->Pick(snapshot.abi(), FillCall(), answer);
    asked = trial->candidate.get();
    const uint32_t verdict = candidate.Pick(snapshot.candidate_abi(), FillCall(), answer);
    if (verdict == kHostDecides) trial->trial->OnStrike();
    return verdict;
  }
  const myelin_call& call = FillCall();
  const uint32_t verdict = asked->get()->Pick(snapshot.abi(), call, answer);
  myelin_pick other{};
  other.struct_size = sizeof(myelin_pick);
  const uint32_t opinion = candidate.Pick(snapshot.candidate_abi(), call, other);
  if (opinion == MYELIN_PICK) tried_ = {trial, other.token, true, false};
  if (opinion == kHostDecides || verdict == kHostDecides) return verdict;
  trial->counters.asked.Add();
  const bool same = opinion == verdict && (verdict != MYELIN_PICK || other.index == answer.index);
  if (!same) trial->counters.diverged.Add();
  return verdict;
}

uint32_t Call::AskLimiterOnTrial(const Terms::Limiter& limiter, myelin_admit& answer, Admission& admission) {
  TrialShard<LimiterShard>& trial = *limiter.trial;
  LimiterShard& candidate = *trial.candidate->get();
  admission.by = Admission::kLimiter;
  if (trial.trial->is_canary()) {
    admission.judged = true;
    admission.canary = trial.trial->Takes(proxy_->worker().random.Next());
    if (!admission.canary) return limiter.shard->get()->Admit(FillCall(), answer);
    admission.by = Admission::kCanary;
    const uint64_t strikes = candidate.instance().guard().strikes();
    const uint32_t verdict = candidate.Admit(FillCall(), answer);
    if (candidate.instance().guard().strikes() != strikes) trial.trial->OnStrike();
    return verdict;
  }
  const myelin_call& call = FillCall();
  const uint32_t verdict = limiter.shard->get()->Admit(call, answer);
  myelin_admit other{};
  other.struct_size = sizeof(myelin_admit);
  const uint32_t opinion = candidate.Admit(call, other);
  admission.shadowed = opinion == MYELIN_ADMIT || opinion == MYELIN_ADMIT_DELAY;
  admission.shadow_token = other.token;
  if (opinion == kHostDecides || verdict == kHostDecides) return verdict;
  trial.counters.asked.Add();
  if (opinion != verdict) trial.counters.diverged.Add();
  return verdict;
}

// Its own token, and the endpoint that the other balancer took: what a shadow sees is what happened.
void Call::TellShadow(const myelin_call_result& result) {
  tried_.shadowed = false;
  myelin_call_result own = result;
  own.token = tried_.shadow_token;
  tried_.trial->candidate->Tell(own);
}

// A canary is judged by the calls that it decided. A refusal of a limiter's own counts against it.
void Call::CountTrials(uint32_t outcome, uint32_t grpc_status) {
  const auto count = [](TrialCounters& counters, bool canary, bool failed) {
    TrialCounters::Side& side = canary ? counters.canary : counters.beside;
    side.calls.Add();
    if (failed) side.failed.Add();
  };
  const bool failed = CountsAsFailure(grpc_status);
  if (tried_.trial && tried_.trial->trial->is_canary()) {
    count(tried_.trial->counters, tried_.canary, failed || outcome == MYELIN_OUTCOME_REFUSED);
  }
  for (size_t i = 0; i < admissions_.size(); ++i) {
    if (!admissions_[i].judged) continue;
    count(terms_->limiters[i].trial->counters, admissions_[i].canary, failed || admissions_[i].rejected);
  }
}

}  // namespace myelin
