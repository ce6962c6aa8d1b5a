// Comparing and classing the bytes of a request's head.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

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

// Which bytes a part of a request may hold.
class ByteSet {
 public:
  constexpr explicit ByteSet(std::string_view bytes) {
    for (const char c : bytes) has_[static_cast<unsigned char>(c)] = true;
  }
  constexpr ByteSet With(unsigned char first, unsigned char last) const {
    ByteSet wider = *this;
    for (size_t c = first; c <= last; ++c) wider.has_[c] = true;
    return wider;
  }
  constexpr ByteSet WithAlphanumeric() const {
    return With('a', 'z').With('A', 'Z').With('0', '9');
  }
  constexpr bool Has(char c) const { return has_[static_cast<unsigned char>(c)]; }
  constexpr bool HasAll(std::string_view text) const {
    for (const char c : text) {
      if (!Has(c)) return false;
    }
    return true;
  }

 private:
  std::array<bool, 256> has_{};
};

// RFC 9110, 5.6.2: names of methods and headers.
inline constexpr ByteSet kTokenBytes = ByteSet("!#$%&'*+-.^_`|~").WithAlphanumeric();
// RFC 9110, 5.5: values of headers; no control characters but the tab.
inline constexpr ByteSet kValueBytes = ByteSet("\t").With(' ', '~').With(0x80, 0xff);
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
