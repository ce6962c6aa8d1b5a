#include "core/uri.h"

#include <fmt/format.h>

namespace slipway {
namespace {

constexpr std::string_view kFileScheme = "file://";

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string DecodePercent(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool pair = text[i] == '%' && i + 2 < text.size() && HexDigit(text[i + 1]) >= 0 &&
                      HexDigit(text[i + 2]) >= 0;
    if (!pair) {
      decoded += text[i];
      continue;
    }
    decoded += static_cast<char>(16 * HexDigit(text[i + 1]) + HexDigit(text[i + 2]));
    i += 2;
  }
  return decoded;
}

std::string EncodePercent(std::string_view text) {
  constexpr std::string_view kUnreserved =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  std::string encoded;
  for (const char c : text) {
    if (kUnreserved.contains(c)) {
      encoded += c;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

bool IsFileUri(std::string_view text) { return text.starts_with(kFileScheme); }

std::optional<std::string> PathOfFileUri(std::string_view uri) {
  std::string_view path = uri.substr(kFileScheme.size());
  constexpr std::string_view kHere = "localhost/";
  if (path.starts_with(kHere)) path.remove_prefix(kHere.size() - 1);
  if (!path.starts_with('/')) return std::nullopt;
  return DecodePercent(path);
}

}  // namespace slipway
