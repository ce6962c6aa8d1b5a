// The texts of one category column of a request, as the codes of data::Column. Cheap for one row;
// of many it is a sort at worst, whatever texts a client makes up.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "data/types.h"

namespace slipway::serve {

class CategoryCodes {
 public:
  // Empties the column, whose room is used again.
  void Begin(data::Column* column);
  // `text` must live until Finish.
  void Add(std::string_view text, data::Column* column);
  // Fills column->categories, and makes its codes what data::Column promises.
  void Finish(data::Column* column);

  // What it takes beside the column.
  size_t bytes() const;

  // One a category, after Finish: the first row that has it.
  const std::vector<int64_t>& first_rows() const { return first_rows_; }

 private:
  struct Text {
    std::string_view text;
    int64_t row = 0;  // The first.
  };
  struct Recent {
    uint64_t call = 0;
    int32_t code = 0;
  };

  void Keep(std::string_view text, data::Column* column);
  void Sort(data::Column* column);

  // By the order of arrival. A text may be there twice: the table of recent ones forgets.
  std::vector<Text> texts_;
  std::array<Recent, 256> recent_{};  // By hash.
  uint64_t call_ = 0;
  std::vector<int32_t> order_, ranks_;
  std::vector<int64_t> first_rows_;
  std::vector<std::string> spare_;  // For their room.
};

}  // namespace slipway::serve
