// SHA-256 digests, by OpenSSL. A digest in text is "sha256:" and 64 lower-case hex digits.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/result.h"

namespace slipway {

// Accumulates bytes; not thread-safe. Finish may be called once. Aborts where OpenSSL fails.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void Update(std::string_view bytes);
  // Adds `field` with its length before it, so that ("ab", "c") and ("a", "bc") differ.
  void UpdateField(std::string_view field);
  // 64 lower-case hex digits.
  std::string FinishHex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// HMAC-SHA256 (RFC 2104) of a message, as 64 lower-case hex digits. Aborts where OpenSSL fails.
std::string HmacSha256Hex(std::string_view key, std::string_view message);

// "sha256:…" of the bytes.
std::string DigestOf(std::string_view bytes);
// "sha256:…" of a file's bytes, read in blocks. kInvalidInput for what is no regular file: a pipe
// or a device may have no end.
Result<std::string> DigestOfFile(const std::string& path);

// True for "sha256:" and exactly 64 lower-case hex digits.
bool IsDigest(std::string_view text);
// The hex digits of a digest.
std::string_view HexOf(std::string_view digest);

}  // namespace slipway
