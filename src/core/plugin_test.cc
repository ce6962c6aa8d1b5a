#include "core/plugin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace slipway {
namespace {

using ::testing::HasSubstr;

TEST(Plugin, WhatIsMissingIsNamedWithThePlacesSearched) {
  const auto plugin = LoadPlugin("libslipway_nothing.so", {"/nowhere/a", "/nowhere/b"});
  ASSERT_FALSE(plugin.ok());
  EXPECT_EQ(plugin.error().code(), ErrorCode::kUnavailable);
  EXPECT_THAT(plugin.error().ToString(),
              HasSubstr("libslipway_nothing.so is missing; looked in /nowhere/a, /nowhere/b"));
}

TEST(Plugin, AFileThatIsNoLibraryIsAnError) {
  const std::string folder = ::testing::TempDir();
  std::ofstream(folder + "/libslipway_text.so") << "not a library";
  const auto plugin = LoadPlugin("libslipway_text.so", {folder});
  ASSERT_FALSE(plugin.ok());
  EXPECT_EQ(plugin.error().code(), ErrorCode::kUnavailable);
  EXPECT_THAT(plugin.error().ToString(), HasSubstr("can't be used"));
}

TEST(Plugin, ALibraryThatIsNoneOfOursIsAnError) {
  const std::string folder = ::testing::TempDir() + "/foreign";
  std::filesystem::create_directories(folder);
  std::filesystem::remove(folder + "/libslipway_other.so");
  std::filesystem::create_symlink("/usr/lib/x86_64-linux-gnu/libm.so.6",
                                  folder + "/libslipway_other.so");
  const auto plugin = LoadPlugin("libslipway_other.so", {folder});
  ASSERT_FALSE(plugin.ok());
  EXPECT_THAT(plugin.error().ToString(), HasSubstr("it has no slipway_plugin_v1"));
}

TEST(Plugin, TheVariableGoesFirst) {
  ::setenv("SLIPWAY_PLUGIN_PATH", "/first::/second", 1);
  const std::vector<std::string> folders = PluginFolders();
  ::unsetenv("SLIPWAY_PLUGIN_PATH");
  ASSERT_EQ(folders.size(), 4U);
  EXPECT_EQ(folders[0], "/first");
  EXPECT_EQ(folders[1], "/second");
  EXPECT_THAT(folders[2], HasSubstr("/../lib/slipway"));
}

}  // namespace
}  // namespace slipway
