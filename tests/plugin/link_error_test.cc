// SPDX-License-Identifier: Apache-2.0
#include "plugin/link_error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace myelin {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(LinkErrorTest, ExplainsANewerLibc) {
  EXPECT_THAT(ExplainLinkError("load failed (dlerror system message: /lib/libc.so.6: version `GLIBC_2.99' not found "
                               "(required by /run/copy.so)): Bad file descriptor",
                               "/run/copy.so"),
              StartsWith("it needs GLIBC_2.99, which is newer than this system"));
}

TEST(LinkErrorTest, ExplainsNoexec) {
  EXPECT_THAT(ExplainLinkError("x (dlerror system message: /run/copy.so: failed to map segment from shared object): y",
                               "/run/copy.so"),
              HasSubstr("mounted noexec: set XDG_RUNTIME_DIR"));
}

TEST(LinkErrorTest, PassesOnWhatItDoesNotKnowWithoutTheCopysName) {
  EXPECT_EQ(ExplainLinkError("x (dlerror system message: /run/copy.so: the moon is full): y", "/run/copy.so"),
            "the moon is full");
}

}  // namespace
}  // namespace myelin
