#include "cli/value_text.h"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>

#include "core/hash.h"

namespace slipway::cli {

std::string ShortDigest(const std::string& digest) {
  return std::string(HexOf(digest).substr(0, 12));
}

std::string ValueText(const Json& value) {
  if (value.is_number_float()) return fmt::format("{:.4g}", value.get<double>());
  if (value.is_null()) return "–";
  if (!value.is_string()) return CompactJson(value);
  const std::string text = value.get<std::string>();
  return IsDigest(text) ? ShortDigest(text) : text;
}

std::string ChangeText(const Json& left, const Json& right) {
  if (!left.is_number() || !right.is_number()) return "";
  return fmt::format("{:+.4g}", right.get<double>() - left.get<double>());
}

std::string ShortPath(const std::string& path) {
  std::error_code error;
  const std::string relative = std::filesystem::relative(path, error).string();
  return error || relative.empty() || relative.size() > path.size() ? path : relative;
}

std::string PlainPath(const std::string& path) {
  return std::filesystem::path(path).lexically_normal().string();
}

}  // namespace slipway::cli
