// The table of a request, filled value by value as the reader of files would fill it: the same
// texts count as missing, booleans become the same categories, texts the same numbers and times.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "data/value_parser.h"
#include "model/types.h"
#include "serve/category_codes_internal.h"
#include "serve/types.h"

namespace slipway::serve {

// `schema` outlives it.
class InputColumns {
 public:
  explicit InputColumns(const model::ModelSchema& schema);

  // Empties the table and gives it the inputs' columns; their room is kept, unless the last request
  // took unusually much. The table must live until Finish.
  void Begin(data::Table* table);

  // Of a numeric input.
  void AddNumber(size_t input, double value) {
    Numbers(input).push_back(missing_.ContainsNumber(value) ? data::kMissingNumber : value);
  }
  // The same for a text; false for one that is no number.
  [[nodiscard]] bool AddNumberText(size_t input, std::string_view text);
  // Of a category input. `text` must live until Finish.
  void AddText(size_t input, std::string_view text);
  // Of a timestamp input: seconds since 1970, and how they were written.
  void AddSeconds(size_t input, double seconds, std::string_view written) {
    Numbers(input).push_back(missing_.Contains(written) ? data::kMissingNumber : seconds);
  }
  // The same for a text; false for one that is neither a time nor a number.
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
  bool Fits(const data::Table& table) const;
  void GiveBackRoom(data::Table* table);

  const model::ModelSchema& schema_;
  const data::MissingValues missing_;
  std::vector<std::vector<std::string_view>> known_;  // By input, sorted: categories of training.
  std::vector<std::unique_ptr<CategoryCodes>> categories_;  // By input; null for numbers.
  data::Table* table_ = nullptr;
};

}  // namespace slipway::serve
