// SPDX-License-Identifier: Apache-2.0
//
// Plugins of every SDK ever frozen, of today's and of a future one, at work in this host. They check all that they are
// shown (plugins/probe.h): a fault of theirs is a strike. Also built as abi_future_test, with a host whose structs have
// all grown: what plugins of today will meet.
#include "abi/probe_world.h"

namespace myelin::test {
namespace {

#ifdef MYELIN_FUTURE_HOST
static_assert(MYELIN_ABI_MINOR == 99, "compiled with the headers that grow.py makes");
#endif

using ::testing::ValuesIn;

/// The files of a set of probes: those in C, one per policy, or the one made with the wrapper.
struct Probes {
  std::string name;
  std::string balancer;
  std::string pool;
  std::string limiter;
};

void PrintTo(const Probes& probes, std::ostream* out) { *out << probes.name; }

std::vector<Probes> AllProbes() {
  std::vector<Probes> all;
  for (const ProbeFolder& folder : ProbeFolders()) {
    const std::string prefix = folder.path + "/myelin_probe_";
    all.push_back({folder.name + "_c", prefix + "balancer.so", prefix + "pool.so", prefix + "limiter.so"});
    const std::string cpp = prefix + "cpp.so";
    all.push_back({folder.name + "_cpp", cpp, cpp, cpp});
  }
  return all;
}

class OldPluginsTest : public ::testing::TestWithParam<Probes>, protected ProbeWorld {
 protected:
  void SetUp() override { Use(GetParam().balancer, GetParam().pool, GetParam().limiter); }
  void TearDown() override {
    proxy.shard->FlushResults();
    EXPECT_EQ(Strikes(), 0u);
    EXPECT_EQ(Metric("probe_faults"), 0u);
    EXPECT_EQ(proxy.InFlight(), 0u);
    if (HasFailure()) ADD_FAILURE() << "the log, in which a probe names what it found:\n" << LogAtTheEnd();
  }
  // The call fails with what the policy answered.
  void ExpectRefusal(const std::string& asked, uint32_t status) {
    const FakeRelay& relay = StartCall(asked);
    ASSERT_TRUE(relay.refusal) << "nothing was refused";
    EXPECT_EQ(relay.refusal->grpc_status, status);
    EXPECT_EQ(relay.refusal->message, "the " + asked + " was asked to");
  }
};

TEST_P(OldPluginsTest, CallsAreServedAndResultsTold) {
  for (int i = 0; i < 250; ++i) {
    FakeRelay& relay = StartCall();
    ASSERT_NE(relay.stream, nullptr) << i << (relay.refusal ? relay.refusal->message : "");
    End(relay, i % 7 == 0 ? MYELIN_GRPC_UNAVAILABLE : MYELIN_GRPC_OK);
    proxy.shard->FlushResults();
    Pass(20ms);
    AllReady();
  }
  EXPECT_GT(Metric("probe_checks") + Metric("probe_cpp_calls"), 500u);
  // In turns over three endpoints; connections are noted, drained after a hundred calls, and replaced.
  for (const auto& endpoint : proxy.parts.endpoints) EXPECT_GT(endpoint->Abi().cell->picked_total, 80u);
}

TEST_P(OldPluginsTest, ManyCallsAtOnce) {
  std::vector<FakeRelay*> started;
  for (int i = 0; i < 60; ++i) started.push_back(&StartCall());
  Pass(5ms);
  for (FakeRelay* relay : started) {
    ASSERT_NE(relay->stream, nullptr);
    End(*relay);
  }
}

TEST_P(OldPluginsTest, WhatTheyRefuseIsRefused) {
  ExpectRefusal("limiter", MYELIN_GRPC_PERMISSION_DENIED);
  EXPECT_EQ(relays.back().refusal->pushback_ms, MYELIN_PUSHBACK_STOP);
  ExpectRefusal("balancer", MYELIN_GRPC_ABORTED);
  ExpectRefusal("pool", MYELIN_GRPC_OUT_OF_RANGE);
}

TEST_P(OldPluginsTest, WhatTheyDelayIsDelayed) {
  FakeRelay& relay = StartCall("delay");
  EXPECT_TRUE(relay.waits());
  Pass(3ms);
  AllReady();
  ASSERT_NE(relay.stream, nullptr);
  End(relay);
}

TEST_P(OldPluginsTest, SnapshotsComeAndGo) {
  const auto all = proxy.parts.endpoints;
  for (size_t count : {1u, 3u, 2u, 3u}) {
    Publish({all.begin(), all.begin() + static_cast<ptrdiff_t>(count)});
    FakeRelay& relay = StartCall();
    ASSERT_NE(relay.stream, nullptr);
    End(relay);
  }
}

TEST_P(OldPluginsTest, StateIsSavedAndLoaded) {
  const auto& balancer = *proxy.parts.balancer;
  const myelin_balancer& table = balancer.functions();
  uint64_t size = 0;
  EXPECT_EQ(table.save(balancer.instance(), nullptr, 0, &size), MYELIN_ERROR_NO_SPACE);
  std::vector<char> bytes(size);
  ASSERT_EQ(table.save(balancer.instance(), bytes.data(), size, &size), MYELIN_OK);
  std::array<char, 256> text{};
  myelin_error error{};
  error.struct_size = sizeof(error);
  error.message = text.data();
  error.capacity = text.size();
  const auto other = policies.Load<myelin_balancer>(GetParam().balancer, ProbeOptions());
  EXPECT_EQ(table.load(other->instance(), bytes.data(), size, &error), MYELIN_OK) << text.data();
}

TEST_P(OldPluginsTest, WrongOptionsAreRefusedWithoutThem) {
  Diagnostics diagnostics;
  CheckedOptions checked;
  Node wrong = OptionsOf({{"name", "probe"}, {"count", "1000"}, {"wait", "soon"}, {"nane", "x"}});
  EXPECT_FALSE(CheckOptions(proxy.parts.balancer->handle().options, wrong, diagnostics, checked));
  EXPECT_EQ(diagnostics.all().size(), 3u);
}

INSTANTIATE_TEST_SUITE_P(Sdk, OldPluginsTest, ValuesIn(AllProbes()),
                         [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace myelin::test
