// What listings of files and of objects share.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace slipway::data {

std::string DecodePercent(std::string_view text);

// The folders of a path that are named KEY=VALUE; its last part is the file's name.
std::vector<std::pair<std::string, std::optional<std::string>>> ReadPartitions(
    const std::vector<std::string>& parts);

// The folder before the first part with a wildcard ("" for none), and the rest.
std::pair<std::string, std::string> SplitPattern(const std::string& path);

}  // namespace slipway::data
