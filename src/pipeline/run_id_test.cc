#include <gtest/gtest.h>

#include "core/testing.h"
#include "pipeline/run_state_internal.h"

namespace slipway::pipeline {
namespace {

TEST(ClaimRunId, NeverGivesTheDirectoryOfAnotherRun) {
  const testing::TemporaryDirectory directory;
  FileSystem& files = LocalFileSystem();
  const std::string runs = directory.File("runs");
  int asked = 0;
  const auto make = [&] { return "run" + std::to_string(asked++ / 2); };
  EXPECT_EQ(ClaimRunId(files, runs, make).value(), "run0");
  EXPECT_EQ(ClaimRunId(files, runs, make).value(), "run1") << "run0 is taken";
  EXPECT_EQ(files.List(runs).value(), (std::vector<std::string>{"run0", "run1"}));
  EXPECT_FALSE(ClaimRunId(files, runs, [] { return std::string("run0"); }).ok());
}

}  // namespace
}  // namespace slipway::pipeline
