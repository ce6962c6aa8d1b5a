// How sketches are stored: one letter for the kind, one byte for the version, little-endian fields,
// and a checksum of all before it.
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.h"

namespace slipway::data {

class SketchWriter {
 public:
  SketchWriter(char kind, uint8_t version);

  void Byte(uint8_t value) { bytes_.push_back(static_cast<char>(value)); }
  void Word(uint64_t value);
  void Number(double value) { Word(std::bit_cast<uint64_t>(value)); }
  // Seven bits a byte, the lowest first: a small number takes one byte. `value` is not negative.
  void Count(int64_t value);
  // Its length as a Count, then its bytes.
  void Text(std::string_view text);
  // The bytes with their checksum. May be called once.
  std::string Finish();

 private:
  std::string bytes_;
};

// Reads what SketchWriter wrote, from bytes that anybody may have changed. Reading past the end
// or a malformed number gives 0 and makes `ok` false for good; it never reads outside. The bytes
// must outlive the reader.
class SketchReader {
 public:
  // kInvalidInput where kind, version or checksum are others; `name` is told in the message.
  static Result<SketchReader> Open(std::string_view bytes, char kind, uint8_t version,
                                   std::string name);

  uint8_t Byte() {
    const std::string_view byte = Take(1);
    return ok_ ? static_cast<uint8_t>(byte[0]) : 0;
  }
  uint64_t Word();
  double Number() { return std::bit_cast<double>(Word()); }
  int64_t Count();
  std::string_view Text();
  // The next `count` bytes; none where there are fewer.
  std::string_view Take(size_t count) {
    if (!ok_ || count > bytes_.size()) {
      ok_ = false;
      return {};
    }
    const std::string_view taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }

  bool ok() const { return ok_; }
  bool at_end() const { return bytes_.empty(); }
  size_t remaining() const { return bytes_.size(); }
  // kInvalidInput: "a stored … is damaged: `what`".
  Error Damaged(std::string_view what) const;

 private:
  SketchReader(std::string_view bytes, std::string name) : bytes_(bytes), name_(std::move(name)) {}

  std::string_view bytes_;  // What is still to be read, without the checksum.
  std::string name_;
  bool ok_ = true;
};

}  // namespace slipway::data
