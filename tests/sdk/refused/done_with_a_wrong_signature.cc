// SPDX-License-Identifier: Apache-2.0
//
// An optional member with a wrong signature is a mistake, not an absent member.
// expect: ResultBatch
#include <myelin/myelin.hpp>

namespace {

using namespace myelin::sdk;

struct Policy {
  AdmitVerdict Admit(const CallView&) const { return AdmitVerdict::Admit(); }
#ifdef CORRECT
  void Done(const ResultBatch&) const {}
#else
  void Done(uint64_t) const {}
#endif
};

}  // namespace

MYELIN_PLUGIN("mistake", "1.0.0", "tests", Limiter<Policy>("mistake", "Refused."));
