// Comparing and classing the bytes of a request's head.
#pragma once

#include <cstddef>
#include <string_view>

#include "core/byte_set.h"

namespace slipway::http {

constexpr char LowerOf(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

// `lower` is in lower case.
inline bool EqualsIgnoringCase(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (LowerOf(text[i]) != lower[i]) return false;
  }
  return true;
}

using slipway::ByteSet;
using slipway::kTokenBytes;
using slipway::kValueBytes;

// RFC 3986: all that stands somewhere in a target without a fragment.
inline constexpr ByteSet kTargetBytes = ByteSet("-._~%!$&'()*+,;=:@/?[]").WithAlphanumeric();
// RFC 3986, 3.2: a host and its port.
inline constexpr ByteSet kHostBytes = ByteSet("-._~%!$&'()*+,;=:[]").WithAlphanumeric();

// -1 where it is no hexadecimal digit.
constexpr int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = LowerOf(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

constexpr bool IsBlank(char c) { return c == ' ' || c == '\t'; }

constexpr std::string_view WithoutBlanks(std::string_view text) {
  while (!text.empty() && IsBlank(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsBlank(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace slipway::http
