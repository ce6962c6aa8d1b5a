#include "data/source_files.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/hash.h"
#include "core/interrupt.h"
#include "core/text.h"
#include "core/uri.h"
#include "data/object_store.h"
#include "data/path_pattern_internal.h"
#include "data/source_files_internal.h"

namespace slipway::data {
namespace {

constexpr std::string_view kDefaultPartition = "__HIVE_DEFAULT_PARTITION__";
// Deeper folders are a loop of links.
constexpr size_t kMaxDepth = 32;

Error ErrorAt(ErrorCode code, const std::string& path, std::string message) {
  Location location;
  location.file = path;
  return Error(code, std::move(message)).At(std::move(location));
}

// Collects files below a folder.
class Walk {
 public:
  Walk(FileSystem& files, const PathPattern& pattern) : files_(files), pattern_(pattern) {}

  Status Enter(const std::string& folder, std::vector<std::string>& parts) {
    SLIPWAY_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                             files_.List(folder.empty() ? "." : folder));
    for (const std::string& name : names) {
      parts.push_back(name);
      SLIPWAY_RETURN_IF_ERROR(Visit(JoinPath(folder, name), parts));
      parts.pop_back();
    }
    return {};
  }

  std::vector<SourceFileName> found;
  std::vector<std::string> folders;  // That match, where files should.

 private:
  Status Visit(const std::string& path, std::vector<std::string>& parts) {
    const bool matches = pattern_.Matches(parts);
    const bool holds = pattern_.MayHold(parts);
    if (!matches && !holds) return {};
    const Result<FileStat> stat = files_.Stat(path);
    if (!stat.ok()) {
      // A link that leads nowhere is a part of the table that is missing.
      if (matches) return stat.error();
      return {};
    }
    if (!stat->is_directory) {
      if (matches) found.push_back({path, Join(parts, "/"), ReadPartitions(parts), {}});
      return {};
    }
    if (matches) folders.push_back(path);
    if (!holds) return {};
    if (parts.size() >= kMaxDepth) {
      return ErrorAt(ErrorCode::kInvalidInput, path,
                     "folders are nested too deep, or links make a loop");
    }
    return Enter(path, parts);
  }

  FileSystem& files_;
  const PathPattern& pattern_;
};

Error NothingMatches(FileSystem& files, const std::string& path, const std::string& base,
                     const std::string& pattern) {
  const Result<std::vector<std::string>> names = files.List(base);
  if (!names.ok()) {
    Error error = ErrorAt(ErrorCode::kNotFound, path, fmt::format("there is no folder {}", base));
    const std::string above = DirectoryOf(base);
    const auto siblings = files.List(above);
    const std::string nearest =
        siblings.ok() ? NearestName(BaseName(base), *siblings) : std::string();
    return nearest.empty()
               ? error
               : std::move(error).Try(above == "." ? nearest : JoinPath(above, nearest));
  }
  Error error = ErrorAt(ErrorCode::kNotFound, path, "no file matches");
  const std::string first = SplitPath(pattern).front();
  const std::string nearest = NearestName(first, *names);
  if (!nearest.empty()) return std::move(error).Try(JoinPath(base, nearest));
  std::vector<std::string> some;
  for (const std::string& name : *names) {
    if (some.size() < 3 && !name.starts_with('.')) some.push_back(JoinPath(base, name));
  }
  if (!some.empty()) return std::move(error).Try(JoinOr(some));
  return ErrorAt(ErrorCode::kNotFound, path, "the directory is empty");
}

Result<SourceFiles> ListBelow(FileSystem& files, const std::string& path, const std::string& base,
                              const std::string& pattern) {
  const PathPattern parsed(pattern);
  Walk walk(files, parsed);
  std::vector<std::string> parts;
  const Status walked = walk.Enter(base, parts);
  if (!walked.ok() && walked.error().code() != ErrorCode::kNotFound) return walked.error();
  if (!walk.found.empty()) {
    if (!walked.ok()) return walked.error();
    std::ranges::sort(walk.found, {}, &SourceFileName::name);
    return SourceFiles{false, std::move(walk.found), nullptr};
  }
  if (walk.folders.empty() || pattern == "**") {
    return NothingMatches(files, path, base.empty() ? "." : base, pattern);
  }
  return ErrorAt(ErrorCode::kInvalidInput, path, "only folders match")
      .Try(fmt::format("{}/**", path));
}

}  // namespace

std::vector<std::pair<std::string, std::optional<std::string>>> ReadPartitions(
    const std::vector<std::string>& parts) {
  std::vector<std::pair<std::string, std::optional<std::string>>> partitions;
  for (size_t i = 0; i + 1 < parts.size(); ++i) {
    const size_t equals = parts[i].find('=');
    if (equals == std::string::npos || equals == 0) continue;
    const std::string_view value = std::string_view(parts[i]).substr(equals + 1);
    partitions.emplace_back(DecodePercent(parts[i].substr(0, equals)), std::nullopt);
    if (value != kDefaultPartition) partitions.back().second = DecodePercent(value);
  }
  return partitions;
}

std::pair<std::string, std::string> SplitPattern(const std::string& path) {
  const size_t wildcard = path.find_first_of("*?[");
  const size_t slash = path.rfind('/', wildcard);
  if (slash == std::string::npos) return {"", path};
  return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

Result<SourceFiles> ListSourceFiles(const std::string& path, FileSystem& files) {
  if (path.empty()) {
    return Error(ErrorCode::kInvalidInput, "no table was named")
        .Expected("the path of a file or folder, a pattern, or a URI");
  }
  if (IsObjectUri(path)) return ListSourceObjects(path);
  const Result<FileStat> stat = files.Stat(path);
  if (stat.ok() && stat->is_directory) return ListBelow(files, path, path, "**");
  if (stat.ok() || !HasWildcard(path)) {
    return SourceFiles{true, {{path, BaseName(path), {}, {}}}, nullptr};
  }
  const auto [base, pattern] = SplitPattern(path);
  return ListBelow(files, path, base, pattern);
}

Result<std::string> DigestOfSourceFile(const SourceFiles& source, const SourceFileName& file) {
  if (source.objects == nullptr) return DigestOfFile(file.path);
  constexpr int64_t kBlock = int64_t{8} << 20U;
  std::string block(static_cast<size_t>(std::min(kBlock, file.object.size)), '\0');
  Sha256 hash;
  for (int64_t at = 0; at < file.object.size;) {
    SLIPWAY_RETURN_IF_ERROR(CheckInterrupted());
    SLIPWAY_ASSIGN_OR_RETURN(const size_t count,
                             source.objects->ReadAt(file.object, at, block.data(), block.size()));
    if (count == 0) {
      return ErrorAt(ErrorCode::kConflict, source.objects->UriOf(file.object.key),
                     "the object is shorter than it was");
    }
    hash.Update(std::string_view(block).substr(0, count));
    at += static_cast<int64_t>(count);
  }
  return "sha256:" + hash.FinishHex();
}

}  // namespace slipway::data
