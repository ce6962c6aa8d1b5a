// JSON in and out. Objects keep the order in which their keys were set, so that output is stable.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "core/file_system.h"
#include "core/result.h"

namespace slipway {

using Json = nlohmann::ordered_json;

// Parses text that came from `file` (named in the error, with line and column).
Result<Json> ParseJson(std::string_view text, const std::string& file);
Result<Json> ReadJsonFile(FileSystem& files, const std::string& path);

// One line, no blanks; doubles in their shortest form that reads back the same; NaN and infinities
// as null; invalid UTF-8 replaced, so that it cannot fail.
std::string CompactJson(const Json& value);
// Two blanks of indentation and a newline at the end.
std::string PrettyJson(const Json& value);

// The member if it is there and has the type, else `fallback`: for files of ours that may be older.
std::string GetString(const Json& object, const char* key, std::string fallback = "");
double GetNumber(const Json& object, const char* key, double fallback = 0.0);
int64_t GetInteger(const Json& object, const char* key, int64_t fallback = 0);
bool GetBool(const Json& object, const char* key, bool fallback = false);

}  // namespace slipway
