// SPDX-License-Identifier: Apache-2.0
//
// From a configuration to a generation: what is wrong with it, all at once, before anything listens.
#include "policy/policy_world.h"
#include "proxy/generation.h"
#include "pump/host.h"

namespace myelin::test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class BuildTest : public ::testing::Test {
 protected:
  std::unique_ptr<Generation> Build(std::vector<ProxyConfig> proxies) {
    config_.workers = 4;
    config_.proxies = std::move(proxies);
    auto made = Generation::Build(config_, {catalog_, world_.control, world_.metrics, world_.log.get()}, diagnostics_);
    for (const Diagnostic& diagnostic : diagnostics_.all()) texts_.push_back(diagnostic.ToString());
    return made;
  }
  static PolicyConfig At(PolicyConfig policy, int line) {
    policy.origin = {"o.yaml", line, 3};
    return policy;
  }
  std::string StartError(Generation& generation) {
    try {
      generation.Start();
    } catch (const StartupError& error) {
      return error.diagnostics().at(0).message;
    }
    return "it started";
  }

  PolicyWorld world_;
  Catalog catalog_{{std::string(MYELIN_BUILD_DIR) + "/plugins"}};
  Config config_;
  Diagnostics diagnostics_;
  std::vector<std::string> texts_;
};

TEST_F(BuildTest, CollectsTheErrorsOfAllProxies) {
  ProxyConfig orders = ProxyTo("orders", {"127.0.0.1:1"});
  orders.balancer = At(Policy("random_wait"), 4);
  orders.pool = At(Policy("strict", {{"sise", "4"}}), 5);
  ProxyConfig payments = ProxyTo("payments", {"127.0.0.1:1"});
  payments.pool = At(Policy("loose", {{"size", "8"}, {"max_size", "4"}}), 9);
  payments.limiters = {At(Policy("token_bucket", {{"rate", "-1"}}), 10)};
  EXPECT_EQ(Build({orders, payments}), nullptr);
  EXPECT_THAT(texts_,
              ElementsAre(AllOf(HasSubstr("o.yaml:4:3: error"), HasSubstr("random_wait")),
                          AllOf(HasSubstr("sise"), HasSubstr("size")),
                          AllOf(HasSubstr("o.yaml:9:3: error"), HasSubstr("max_size is 4")), HasSubstr("rate")));
}

TEST_F(BuildTest, APolicyOfAnotherKindIsNoPolicy) {
  ProxyConfig proxy = ProxyTo("orders", {"127.0.0.1:1"});
  proxy.balancer = At(Policy("strict"), 4);
  EXPECT_EQ(Build({proxy}), nullptr);
  ASSERT_EQ(texts_.size(), 1u);
  EXPECT_THAT(texts_[0], HasSubstr("strict"));
}

TEST_F(BuildTest, AConstructorThatThrowsIsQuoted) {
  ProxyConfig proxy = ProxyTo("orders", {"127.0.0.1:1"});
  proxy.balancer = At(Policy(std::string(MYELIN_BUILD_DIR) + "/tests/fixtures/throwing.so:throwing_constructor"), 4);
  EXPECT_EQ(Build({proxy}), nullptr);
  EXPECT_THAT(texts_, ElementsAre(HasSubstr("thrown by the constructor")));
}

TEST_F(BuildTest, ABuiltGenerationThatNeverStartsEnds) {
  EXPECT_NE(Build({ProxyTo("orders", {"127.0.0.1:1"}), ProxyTo("payments", {"127.0.0.1:1"})}), nullptr);
}

TEST_F(BuildTest, AnAddressThatIsTakenIsNamedAndNothingStaysBehind) {
  Host other(ProxyTo("other", {"127.0.0.1:1"}));
  other.Start();
  ProxyConfig payments = ProxyTo("payments", {"127.0.0.1:1"});
  payments.listen = {{other.address(), Origin{"test"}}};
  const auto generation = Build({ProxyTo("orders", {"127.0.0.1:1"}), payments});
  ASSERT_NE(generation, nullptr);
  EXPECT_THAT(StartError(*generation), AllOf(HasSubstr(other.address()), HasSubstr("in use")));
}

}  // namespace
}  // namespace myelin::test
