// Columns that are the same in every row of a file, put between those that the file has.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "data/table_file_internal.h"

namespace slipway::data {

class ConstantColumns : public PieceSink {
 public:
  // By plan: `sources`, its place among the file's pieces or -1 for a constant, and `values`, what
  // that is (nothing for missing). All must outlive it.
  ConstantColumns(const std::vector<ColumnPlan>& plans, const ValueRules& rules,
                  const std::vector<int>& sources,
                  const std::vector<std::optional<std::string>>& values, PieceSink& sink)
      : plans_(plans), rules_(rules), sources_(sources), values_(values), sink_(sink) {}

  Status Take(size_t index, std::vector<ColumnPiece> pieces, int threads) override {
    const int64_t rows = pieces.front().rows();
    std::vector<ColumnPiece> all;
    all.reserve(plans_.size());
    for (size_t i = 0; i < plans_.size(); ++i) {
      if (sources_[i] >= 0) {
        all.push_back(std::move(pieces[static_cast<size_t>(sources_[i])]));
        continue;
      }
      all.emplace_back(plans_[i], rules_);
      for (int64_t row = 0; row < rows; ++row) {
        values_[i] ? all.back().AddText(*values_[i]) : all.back().AddMissing();
      }
    }
    return sink_.Take(index, std::move(all), threads);
  }

  void Abandon() override { sink_.Abandon(); }

 private:
  const std::vector<ColumnPlan>& plans_;
  const ValueRules& rules_;
  const std::vector<int>& sources_;
  const std::vector<std::optional<std::string>>& values_;
  PieceSink& sink_;
};

}  // namespace slipway::data
