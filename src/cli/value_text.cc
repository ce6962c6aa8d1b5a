#include "cli/value_text.h"

#include <fmt/format.h>

#include "core/hash.h"

namespace slipway::cli {

std::string ShortDigest(const std::string& digest) {
  return std::string(HexOf(digest).substr(0, 12));
}

std::string ValueText(const Json& value) {
  if (value.is_number_float()) return fmt::format("{:.4g}", value.get<double>());
  if (value.is_null()) return "–";
  return value.is_string() ? value.get<std::string>() : CompactJson(value);
}

std::string ChangeText(const Json& left, const Json& right) {
  if (!left.is_number() || !right.is_number()) return "";
  return fmt::format("{:+.4g}", right.get<double>() - left.get<double>());
}

}  // namespace slipway::cli
