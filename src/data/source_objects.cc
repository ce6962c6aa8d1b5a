// Listings of objects, as those of files are.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/parallel.h"
#include "core/text.h"
#include "data/path_pattern_internal.h"
#include "data/source_files_internal.h"

namespace slipway::data {
namespace {

// Requests at once.
constexpr int kRequests = 8;

SourceFileName NameOf(const ObjectStore& store, ObjectInfo object, const std::string& base) {
  SourceFileName file;
  file.path = store.UriOf(object.key);
  file.name = base.empty() ? object.key : object.key.substr(base.size() + 1);
  file.partitions = ReadPartitions(SplitPath(file.name));
  file.object = std::move(object);
  return file;
}

Error NothingMatches(const ObjectStore& store, const std::string& pattern,
                     const std::vector<ObjectInfo>& listed) {
  Location location;
  location.file = store.UriOf(pattern);
  Error error = Error(ErrorCode::kNotFound, "no object matches").At(std::move(location));
  std::vector<std::string> some;
  for (const ObjectInfo& object : listed) {
    if (some.size() < 3) some.push_back(store.UriOf(object.key));
  }
  return some.empty() ? error : std::move(error).Try(JoinOr(some));
}

// Gives each the etag that a listing may not have told.
Status KnowVersions(ObjectStore& store, std::vector<SourceFileName>& files) {
  return ParallelFor(files.size(), kRequests, [&](size_t i) -> Status {
    if (!files[i].object.etag.empty()) return {};
    SLIPWAY_ASSIGN_OR_RETURN(files[i].object, store.Head(files[i].object.key));
    return {};
  });
}

}  // namespace

Result<SourceFiles> ListObjectsIn(const std::shared_ptr<ObjectStore>& store,
                                  const std::string& pattern) {
  const bool wildcard = HasWildcard(pattern);
  SourceFiles source;
  source.objects = store;
  if (!pattern.empty() && !pattern.ends_with('/')) {
    SLIPWAY_ASSIGN_OR_RETURN(std::optional<ObjectInfo> object, store->Find(pattern));
    if (object) {
      source.one = true;
      source.files.push_back(NameOf(*store, *std::move(object), ""));
      source.files.front().name = BaseName(pattern);
      source.files.front().partitions.clear();
      return source;
    }
  }
  auto [base, rest] = wildcard ? SplitPattern(pattern) : std::pair(pattern, std::string("**"));
  while (base.ends_with('/')) base.pop_back();
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<ObjectInfo> listed, store->List(base));
  const PathPattern matching(rest);
  for (const ObjectInfo& object : listed) {
    SourceFileName file = NameOf(*store, object, base);
    if (!matching.Matches(SplitPath(file.name))) continue;
    // Of those that no file could have either.
    if (Status key = CheckObjectKey(object.key); !key.ok()) {
      return std::move(key).error().Try("a pattern that leaves it out, or another key for it");
    }
    source.files.push_back(std::move(file));
  }
  if (source.files.empty() && !wildcard && !pattern.empty() && !pattern.ends_with('/')) {
    // What the store says of an object that is not there, with near names.
    SLIPWAY_ASSIGN_OR_RETURN(const ObjectInfo object, store->Head(pattern));
  }
  if (source.files.empty()) return NothingMatches(*store, pattern, listed);
  SLIPWAY_RETURN_IF_ERROR(KnowVersions(*store, source.files));
  std::ranges::sort(source.files, {}, &SourceFileName::name);
  return source;
}

Result<SourceFiles> ListSourceObjects(const std::string& uri) {
  constexpr std::string_view kSeparator = "://";
  const size_t bucket = uri.find(kSeparator) + kSeparator.size();
  const size_t question = std::min(uri.find('?'), uri.size());
  const size_t slash = std::min(uri.find('/', bucket), question);
  const std::string options = uri.substr(question);
  SLIPWAY_ASSIGN_OR_RETURN(const std::shared_ptr<ObjectStore> store,
                           OpenObjectStore(uri.substr(0, slash) + options));
  const std::string pattern =
      slash < question ? uri.substr(slash + 1, question - slash - 1) : std::string();
  SLIPWAY_ASSIGN_OR_RETURN(SourceFiles source, ListObjectsIn(store, pattern));
  for (SourceFileName& file : source.files) file.path += options;
  return source;
}

}  // namespace slipway::data
