#include <fmt/format.h>

#include "data/sketch_bytes_internal.h"
#include "data/value_hash.h"

namespace slipway::data {
namespace {

constexpr size_t kHeaderBytes = 2;
constexpr size_t kWordBytes = 8;
constexpr unsigned kGroupBits = 7;
constexpr uint8_t kMore = 0x80;

uint64_t WordOf(std::string_view bytes) {
  uint64_t word = 0;
  for (size_t i = 0; i < kWordBytes; ++i) {
    word |= static_cast<uint64_t>(static_cast<uint8_t>(bytes[i])) << (8 * i);
  }
  return word;
}

Error DamagedSketch(std::string_view name, std::string_view what) {
  return Error(ErrorCode::kInvalidInput, fmt::format("a stored {} is damaged: {}", name, what))
      .Try("make the profile again");
}

}  // namespace

SketchWriter::SketchWriter(char kind, uint8_t version) {
  bytes_.push_back(kind);
  Byte(version);
}

void SketchWriter::Word(uint64_t value) {
  for (size_t i = 0; i < kWordBytes; ++i) Byte(static_cast<uint8_t>(value >> (8 * i)));
}

void SketchWriter::Count(int64_t value) {
  auto rest = static_cast<uint64_t>(value);
  for (; rest >= kMore; rest >>= kGroupBits) Byte(static_cast<uint8_t>(rest | kMore));
  Byte(static_cast<uint8_t>(rest));
}

void SketchWriter::Text(std::string_view text) {
  Count(static_cast<int64_t>(text.size()));
  bytes_.append(text);
}

std::string SketchWriter::Finish() {
  Word(HashOf(std::string_view(bytes_)));
  return std::move(bytes_);
}

Result<SketchReader> SketchReader::Open(std::string_view bytes, char kind, uint8_t version,
                                        std::string name) {
  if (bytes.size() < kHeaderBytes + kWordBytes) return DamagedSketch(name, "it is cut short");
  const std::string_view body = bytes.substr(0, bytes.size() - kWordBytes);
  if (WordOf(bytes.substr(body.size())) != HashOf(body)) {
    return DamagedSketch(name, "its checksum does not match");
  }
  if (body[0] != kind) return DamagedSketch(name, "it is a sketch of another kind");
  if (static_cast<uint8_t>(body[1]) != version) {
    return Error(ErrorCode::kInvalidInput,
                 fmt::format("a stored {} has version {}", name, static_cast<uint8_t>(body[1])))
        .Expected(fmt::format("version {}", version))
        .Try("make the profile again");
  }
  return SketchReader(body.substr(kHeaderBytes), std::move(name));
}

uint64_t SketchReader::Word() {
  const std::string_view bytes = Take(kWordBytes);
  return ok_ ? WordOf(bytes) : 0;
}

int64_t SketchReader::Count() {
  uint64_t value = 0;
  // Nine groups are 63 bits: never negative.
  for (unsigned shift = 0; shift < 9 * kGroupBits; shift += kGroupBits) {
    const uint8_t byte = Byte();
    value |= static_cast<uint64_t>(byte & ~kMore) << shift;
    if (ok_ && (byte & kMore) == 0) return static_cast<int64_t>(value);
  }
  ok_ = false;
  return 0;
}

std::string_view SketchReader::Text() { return Take(static_cast<size_t>(Count())); }

Error SketchReader::Damaged(std::string_view what) const { return DamagedSketch(name_, what); }

}  // namespace slipway::data
