// Patterns of paths: a wildcard stands for a part of one name, "**" for any number of folders.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace slipway::data {

bool HasWildcard(std::string_view text);

// The parts between slashes.
std::vector<std::string> SplitPath(std::string_view path);

class PathPattern {
 public:
  // Relative, as the paths that it is compared with are.
  explicit PathPattern(std::string_view pattern) : parts_(SplitPath(pattern)) {}

  bool Matches(const std::vector<std::string>& path) const;
  // Whether something below this folder could match.
  bool MayHold(const std::vector<std::string>& folder) const;

 private:
  std::vector<std::string> parts_;
};

}  // namespace slipway::data
