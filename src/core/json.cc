#include "core/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace slipway {

Result<Json> ParseJson(std::string_view text, const std::string& file) {
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    const std::string_view before = text.substr(0, std::min(error.byte, text.size()));
    const size_t newline = before.rfind('\n');
    Location location;
    location.file = file;
    location.line = 1 + std::ranges::count(before, '\n');
    location.column = static_cast<int64_t>(
        newline == std::string_view::npos ? before.size() : before.size() - newline - 1);
    return Error(ErrorCode::kInvalidInput, "not valid JSON").At(std::move(location));
  } catch (const Json::exception&) {
    // Only 1e999 and its like are well-formed and still refused.
    Location location;
    location.file = file;
    return Error(ErrorCode::kInvalidInput, "a number in the JSON is too large")
        .At(std::move(location));
  }
}

Result<Json> ReadJsonFile(FileSystem& files, const std::string& path) {
  SLIPWAY_ASSIGN_OR_RETURN(const std::string text, files.ReadFile(path));
  return ParseJson(text, path);
}

std::string CompactJson(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string PrettyJson(const Json& value) {
  return value.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string GetString(const Json& object, const char* key, std::string fallback) {
  const auto it = object.find(key);
  return it != object.end() && it->is_string() ? it->get<std::string>() : std::move(fallback);
}

double GetNumber(const Json& object, const char* key, double fallback) {
  const auto it = object.find(key);
  return it != object.end() && it->is_number() ? it->get<double>() : fallback;
}

int64_t GetInteger(const Json& object, const char* key, int64_t fallback) {
  const auto it = object.find(key);
  if (it == object.end() || !it->is_number()) return fallback;
  if (it->is_number_float()) {
    // 2^63 and more are no int64_t, and casting them is undefined.
    constexpr double kEnd = 9223372036854775808.0;
    const double number = it->get<double>();
    return number >= -kEnd && number < kEnd ? static_cast<int64_t>(number) : fallback;
  }
  if (it->is_number_unsigned() &&
      it->get<uint64_t>() > uint64_t{std::numeric_limits<int64_t>::max()}) {
    return fallback;
  }
  return it->get<int64_t>();
}

bool GetBool(const Json& object, const char* key, bool fallback) {
  const auto it = object.find(key);
  return it != object.end() && it->is_boolean() ? it->get<bool>() : fallback;
}

}  // namespace slipway
