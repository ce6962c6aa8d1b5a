// Files for the reader's tests.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "data/read_description_internal.h"
#include "data/reader_internal.h"

namespace slipway::data {

// A directory of its own for each test, gone afterwards.
class ReaderTestFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "slipway-reader-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string PathOf(const std::string& name) const { return directory_ + "/" + name; }

  std::string Write(const std::string& name, const std::string& bytes) const {
    std::ofstream(PathOf(name), std::ios::binary) << bytes;
    return PathOf(name);
  }

  static std::string Read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  // Reads `bytes` as a CSV file; fails the test where that fails.
  ReadResult ReadCsvText(const std::string& bytes, const ReadOptions& options = {}) const {
    Result<ReadResult> result = ReadTable(Write("table.csv", bytes), options);
    if (!result.ok()) {
      ADD_FAILURE() << result.error().ToString();
      return {};
    }
    return *std::move(result);
  }

  // The error of reading `bytes`, without the directory.
  std::string ErrorOf(const std::string& bytes, const ReadOptions& options = {},
                      const std::string& name = "table.csv") const {
    const Result<ReadResult> result = ReadTable(Write(name, bytes), options);
    if (result.ok()) return "no error";
    EXPECT_EQ(result.error().code(), ErrorCode::kInvalidInput);
    std::string text = result.error().ToString();
    for (size_t at; (at = text.find(directory_ + "/")) != std::string::npos;) {
      text.erase(at, directory_.size() + 1);
    }
    return text;
  }

  std::string directory_;
};

}  // namespace slipway::data
