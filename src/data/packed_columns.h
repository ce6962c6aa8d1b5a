// Columns that grow value by value, and the Parquet file that they make: for logs, whose texts are
// seldom equal and whose rows must cost little. data::Table, which holds a text once, is for tables
// to compute with.
#pragma once

#include <cstdint>
#include <limits>
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
  // Room for so many rows, with texts of `text_bytes` together.
  void Reserve(size_t rows, size_t text_bytes) {
    switch (type) {
      case PackedType::kDouble: return doubles.reserve(rows);
      case PackedType::kFloat: return floats.reserve(rows);
      case PackedType::kInteger:
      case PackedType::kTime: return integers.reserve(rows);
      case PackedType::kText:
        texts.reserve(text_bytes);
        offsets.reserve(rows + 1);
        return missing.reserve(rows);
      case PackedType::kCategory:
      case PackedType::kBoolean: return codes.reserve(rows);
    }
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

// The bytes of a Parquet file of `rows` rows, which all columns have, compressed by zstd. Readers
// see double, float, int64, timestamp[us, UTC], string and bool; missing values are null.
// kInternal for columns that don't fit together or 2 GB of text in one, kUnavailable where the
// plug-in that has Parquet is missing. Thread-safe; the first call opens the plug-in.
Result<std::string> EncodeParquet(std::span<const PackedColumn> columns, int64_t rows,
                                  const FileMetadata& metadata = {});

}  // namespace slipway::data
