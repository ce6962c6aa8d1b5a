// Columns that grow value by value, and the Parquet file that they make: for logs, whose texts are
// seldom equal and whose rows must cost little. data::Table, which holds a text once, is for tables
// to compute with.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.h"
#include "data/types.h"

namespace slipway::data {

enum class PackedType : uint8_t {
  kDouble,    // `doubles`; NaN is missing.
  kFloat,     // `floats`; NaN is missing.
  kInteger,   // `integers`.
  kTime,      // `integers`: microseconds since 1970, UTC; kMissingTime is missing.
  kText,      // `texts` and `offsets`; `missing` says which have none.
  kCategory,  // `codes` into `categories`; kMissingCode is missing.
  kBoolean,   // `codes`: 0 or 1; kMissingCode is missing.
};

inline constexpr int64_t kMissingTime = std::numeric_limits<int64_t>::min();

// One column; what its type does not name stays empty.
struct PackedColumn {
  std::string name;
  PackedType type = PackedType::kDouble;
  bool repeats = false;  // Few values, each many times: worth a dictionary in the file.
  std::vector<double> doubles = {};
  std::vector<float> floats = {};
  std::vector<int64_t> integers = {};
  std::vector<int32_t> codes = {};
  std::vector<std::string> categories = {};
  std::string texts = {};  // UTF-8, one behind the other.
  // Where each text begins, and behind them where the last one ends.
  std::vector<int32_t> offsets = {0};
  std::vector<uint8_t> missing = {};  // One a text: 1 for none.

  void AddText(std::string_view text) {
    texts += text;
    offsets.push_back(static_cast<int32_t>(texts.size()));
    missing.push_back(0);
  }
  void AddMissingText() {
    offsets.push_back(static_cast<int32_t>(texts.size()));
    missing.push_back(1);
  }
  // Empty again; keeps its room, and the categories.
  void Clear() {
    doubles.clear();
    floats.clear();
    integers.clear();
    codes.clear();
    texts.clear();
    offsets.assign(1, 0);
    missing.clear();
  }
  int64_t size() const {
    switch (type) {
      case PackedType::kDouble: return std::ssize(doubles);
      case PackedType::kFloat: return std::ssize(floats);
      case PackedType::kInteger:
      case PackedType::kTime: return std::ssize(integers);
      case PackedType::kText: return std::ssize(missing);
      case PackedType::kCategory:
      case PackedType::kBoolean: return std::ssize(codes);
    }
    return 0;
  }
};

// Keys and values for a file's own metadata.
using FileMetadata = std::vector<std::pair<std::string, std::string>>;

// The bytes of a Parquet file, written a group of rows at a time, so that what is held of rows
// stays small; compressed by zstd. Readers see double, float, int64, timestamp[us, UTC], string and
// bool; missing values are null. Used from one thread.
class PackedFile {
 public:
  virtual ~PackedFile() = default;
  // One group: `rows` rows of columns that have the same names, types and categories in all calls.
  // kInternal for columns that don't fit together or 2 GB of text in one.
  virtual Status Add(std::span<const PackedColumn> columns, int64_t rows) = 0;
  // The whole file, after one Add at least. Once.
  virtual Result<std::string> Finish(const FileMetadata& metadata) = 0;
};

// The first call opens the plug-in that has Parquet: kUnavailable where it is missing. Thread-safe.
Result<std::unique_ptr<PackedFile>> MakePackedFile();

}  // namespace slipway::data
