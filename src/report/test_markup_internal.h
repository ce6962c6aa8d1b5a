// What the tests of the reports ask of a document.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "core/file_system.h"
#include "core/source_folder.h"

namespace slipway::report {

// Compares with tests/golden/report/`name`; SLIPWAY_UPDATE_GOLDEN=1 writes it.
inline void ExpectGolden(const std::string& name, const std::string& text) {
  const std::string path = SourceFolder() + "/tests/golden/report/" + name;
  if (std::getenv("SLIPWAY_UPDATE_GOLDEN") != nullptr) {
    ASSERT_TRUE(WriteFileAtomically(LocalFileSystem(), path, text).ok());
    return;
  }
  const Result<std::string> golden = LocalFileSystem().ReadFile(path);
  ASSERT_TRUE(golden.ok()) << golden.error().ToString();
  EXPECT_EQ(text, *golden) << "run with SLIPWAY_UPDATE_GOLDEN=1 if the change is meant";
}

// The names of elements that are opened and closed in turn; void ones and those closed in place are
// skipped. Fails on the first that does not match.
inline void ExpectBalanced(const std::string& markup) {
  std::vector<std::string> open;
  size_t at = 0;
  while ((at = markup.find('<', at)) != std::string::npos) {
    const size_t end = markup.find('>', at);
    ASSERT_NE(end, std::string::npos);
    const std::string tag = markup.substr(at + 1, end - at - 1);
    at = end;
    if (tag[0] == '!' || tag[0] == '?' || tag.back() == '/' || tag.starts_with("meta ") ||
        tag == "wbr") {
      continue;
    }
    if (tag[0] != '/') {
      open.push_back(tag.substr(0, tag.find_first_of(" \n")));
      continue;
    }
    ASSERT_FALSE(open.empty()) << tag;
    ASSERT_EQ(open.back(), tag.substr(1)) << "near " << markup.substr(at > 200 ? at - 200 : 0, 220);
    open.pop_back();
  }
  EXPECT_TRUE(open.empty());
}

inline size_t Count(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

}  // namespace slipway::report
