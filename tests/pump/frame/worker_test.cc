// SPDX-License-Identifier: Apache-2.0
#include "pump/frame/worker.h"

#include <gtest/gtest.h>

#include <memory>

#include "policy/policy_world.h"

namespace myelin::frame {
namespace {

// Control work that is late may still post to a worker that has ended.
TEST(FrameWorker, WhatIsPostedAfterItsEndIsDropped) {
  ControlThread control;
  test::TestLog log;
  FrameWorker worker(0, control, log.get(), HostLimits());
  const auto runs = std::make_shared<int>(0);
  worker.Post([runs] { ++*runs; });
  worker.Start();
  worker.Stop();
  EXPECT_EQ(*runs, 1);
  worker.Post([runs] { ++*runs; });
  EXPECT_EQ(*runs, 1);
  EXPECT_EQ(runs.use_count(), 1) << "nothing keeps what it holds";
}

}  // namespace
}  // namespace myelin::frame
