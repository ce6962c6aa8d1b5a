// What listings of files and of objects share.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "data/source_files.h"

namespace slipway::data {

// The folders of a path that are named KEY=VALUE; its last part is the file's name.
std::vector<std::pair<std::string, std::optional<std::string>>> ReadPartitions(
    const std::vector<std::string>& parts);

// The folder before the first part with a wildcard ("" for none), and the rest.
std::pair<std::string, std::string> SplitPattern(const std::string& path);

// What ListSourceFiles does with an s3:// URI, in which "?" begins its options and is no wildcard.
Result<SourceFiles> ListSourceObjects(const std::string& uri);
// The same in a store; `pattern` is a key, a prefix, or a pattern.
Result<SourceFiles> ListObjectsIn(const std::shared_ptr<ObjectStore>& store,
                                  const std::string& pattern);

}  // namespace slipway::data
