// A directory of configuration files for one test, removed with it.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "config/config.h"
#include "core/source_folder.h"

namespace slipway::config {

class TestDirectory {
 public:
  TestDirectory() {
    static std::atomic<int> count = 0;
    path_ = testing::TempDir() + "slipway-config-" + std::to_string(getpid()) + "-" +
            std::to_string(count++);
    std::filesystem::create_directories(path_);
  }
  ~TestDirectory() { std::filesystem::remove_all(path_); }
  TestDirectory(const TestDirectory&) = delete;
  TestDirectory& operator=(const TestDirectory&) = delete;

  const std::string& path() const { return path_; }
  std::string Write(const std::string& name, const std::string& text) const {
    const std::filesystem::path file = std::filesystem::path(path_) / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
    return file.string();
  }
  // Messages as they would be inside the directory.
  std::string WithoutPath(std::string text) const {
    const std::string prefix = path_ + "/";
    for (size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix, at)) {
      text.erase(at, prefix.size());
    }
    return text;
  }

 private:
  std::string path_;
};

inline std::string ExamplePath() { return SourceFolder() + "/examples/configs/config.yaml"; }

// The least that a configuration says, each line at a known place.
inline const char* const kMinimal =
    "development:\n"
    "  project_name: churn\n"
    "  data:\n"
    "    source_path: data/train.csv\n"
    "    target_column: target\n"
    "  model:\n"
    "    model_type: random_forest\n";

inline LoadedConfig LoadOk(const LoadOptions& options) {
  Result<LoadedConfig> loaded = LoadConfig(options);
  EXPECT_TRUE(loaded.ok()) << loaded.error().Render();
  return loaded.ok() ? *std::move(loaded) : LoadedConfig();
}

// Of a resolved value; "none" where there is none.
inline std::string SourceOf(const LoadedConfig& loaded, const std::string& key) {
  for (const Origin& origin : loaded.origins) {
    if (origin.key == key) return origin.source;
  }
  return "none";
}

// What is said of a configuration; "" where nothing is.
inline std::string ErrorsOf(const std::string& yaml, std::vector<std::string> overrides = {}) {
  const TestDirectory directory;
  LoadOptions options;
  options.path = directory.Write("c.yaml", yaml);
  options.overrides = std::move(overrides);
  const auto loaded = LoadConfig(options);
  if (loaded.ok()) return "";
  EXPECT_EQ(ExitCodeFor(loaded.error().code()), 2);
  return directory.WithoutPath(loaded.error().Render());
}

// Errors of the minimal configuration with `data`, `model` and `rest` lines put into their
// sections.
inline std::string ErrorsWith(const std::string& data, const std::string& model = "",
                              const std::string& rest = "") {
  return ErrorsOf(
      "development:\n"
      "  project_name: churn\n"
      "  data:\n"
      "    source_path: data/train.csv\n"
      "    target_column: target\n" +
      data +
      "  model:\n"
      "    model_type: random_forest\n" +
      model + rest);
}

}  // namespace slipway::config
