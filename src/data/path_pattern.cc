#include <fnmatch.h>

#include <algorithm>
#include <span>

#include "data/path_pattern_internal.h"

namespace slipway::data {
namespace {

using Parts = std::span<const std::string>;

constexpr std::string_view kFolders = "**";

// Names that nobody means by a wildcard.
bool IsSetApart(std::string_view name) {
  if (name.starts_with('.')) return true;
  return name.starts_with('_') && name.find('=') == std::string_view::npos;
}

bool MatchesName(const std::string& pattern, const std::string& name) {
  if (IsSetApart(name) && pattern.front() != name.front()) return false;
  return ::fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
}

// Whether the pattern matches the path, or with `beginning` whether it could match a longer one.
bool MatchesParts(Parts pattern, Parts path, bool beginning) {
  if (path.empty()) {
    if (beginning) return !pattern.empty();
    return std::ranges::all_of(pattern, [](const std::string& part) { return part == kFolders; });
  }
  if (pattern.empty()) return false;
  if (pattern.front() == kFolders) {
    if (MatchesParts(pattern.subspan(1), path, beginning)) return true;
    return !IsSetApart(path.front()) && MatchesParts(pattern, path.subspan(1), beginning);
  }
  return MatchesName(pattern.front(), path.front()) &&
         MatchesParts(pattern.subspan(1), path.subspan(1), beginning);
}

}  // namespace

bool HasWildcard(std::string_view text) { return text.find_first_of("*?[") != text.npos; }

std::vector<std::string> SplitPath(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const size_t end = std::min(path.find('/'), path.size());
    if (end > 0) parts.emplace_back(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return parts;
}

bool PathPattern::Matches(const std::vector<std::string>& path) const {
  return MatchesParts(parts_, path, false);
}

bool PathPattern::MayHold(const std::vector<std::string>& folder) const {
  return MatchesParts(parts_, folder, true);
}

}  // namespace slipway::data
