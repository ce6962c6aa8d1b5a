// Which bytes a part of a text may hold, and those of names and values of HTTP headers.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace slipway {

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

}  // namespace slipway
