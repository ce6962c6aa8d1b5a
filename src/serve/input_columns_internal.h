// The table of a request, filled value by value as the reader of files would fill it: the same
// texts count as missing, booleans become the same categories.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/types.h"
#include "serve/category_codes_internal.h"
#include "serve/types.h"

namespace slipway::serve {

// `schema` outlives it.
class InputColumns {
 public:
  explicit InputColumns(const model::ModelSchema& schema);

  // Empties the table and gives it the inputs' columns. It must live until Finish.
  void Begin(data::Table* table);

  // Of a numeric or timestamp input.
  void AddNumber(size_t input, double value) {
    Numbers(input).push_back(IsMissing(value) ? data::kMissingNumber : value);
  }
  // Of a category input. `text` must live until Finish.
  void AddText(size_t input, std::string_view text);
  // Of a timestamp input; false for a text that is no time.
  [[nodiscard]] bool AddTime(size_t input, std::string_view text);
  void AddMissing(size_t input);
  // Missing values up to `rows` of them.
  void FillMissing(size_t input, int64_t rows);

  // All columns have `rows` values.
  void Finish(int64_t rows);

  // The first row with a category that training did not have; after Finish.
  struct Unknown {
    size_t input = 0;
    int64_t row = 0;
    std::string_view text;
  };
  std::optional<Unknown> FindUnknown() const;

 private:
  std::vector<double>& Numbers(size_t input) { return table_->columns[input].numbers; }
  bool IsMissing(std::string_view text) const;
  bool IsMissing(double value) const {
    return !missing_numbers_.empty() &&
           std::ranges::find(missing_numbers_, value) != missing_numbers_.end();
  }
  bool Fits(const data::Table& table) const;

  const model::ModelSchema& schema_;
  std::vector<std::string> missing_texts_;
  std::vector<double> missing_numbers_;    // Those of the texts that are numbers.
  std::array<bool, 256> missing_first_{};  // By first byte: whether a missing text begins with it.

  std::vector<std::vector<std::string_view>> known_;  // By input, sorted: categories of training.
  std::vector<std::unique_ptr<CategoryCodes>> categories_;  // By input; null for numbers.
  data::Table* table_ = nullptr;
};

}  // namespace slipway::serve
