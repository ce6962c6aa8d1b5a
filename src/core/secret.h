// A secret that callers must know, such as a bearer token: kept as its SHA-256, so that none stays
// in clear, and compared in constant time, so that how long it takes tells nothing of how much of a
// guess was right.
#pragma once

#include <array>
#include <string_view>

namespace slipway {

class SecretDigest {
 public:
  // Aborts where OpenSSL fails, as Sha256 does.
  explicit SecretDigest(std::string_view secret);

  // Always looks at all bytes.
  bool Equals(const SecretDigest& other) const;

 private:
  std::array<unsigned char, 32> bytes_{};
};

}  // namespace slipway
