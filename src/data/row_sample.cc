#include <algorithm>
#include <cmath>

#include "data/row_sample_internal.h"
#include "data/value_hash.h"

namespace slipway::data {
namespace {

// Whether all that are present are whole, and some are.
bool AreWhole(const std::vector<double>& numbers) {
  bool any = false;
  for (const double number : numbers) {
    if (std::isnan(number)) continue;
    if (!IsWholeNumber(number)) return false;
    any = true;
  }
  return any;
}

}  // namespace

void RowSample::Begin(const std::vector<ColumnHeader>& columns) {
  columns_ = columns;
  texts_.assign(columns.size(), {});
  heap_.clear();
  threshold_ = ~uint64_t{0};
}

RowSample::Candidates RowSample::Choose(const Block& block,
                                        std::span<const uint64_t> hashes) const {
  Candidates chosen;
  const uint64_t threshold = threshold_.load(std::memory_order_relaxed);
  for (size_t row = 0; row < hashes.size(); ++row) {
    const uint64_t priority = MixBits(hashes[row] ^ MixBits(seed_ + row));
    if (priority >= threshold) continue;
    chosen.priorities.push_back(priority);
    chosen.rows.push_back(static_cast<int64_t>(row));
  }
  // A first block may be larger than the sample.
  if (std::ssize(chosen.rows) > size_) {
    std::vector<uint64_t> sorted = chosen.priorities;
    std::ranges::nth_element(sorted, sorted.begin() + size_);
    const uint64_t limit = sorted[static_cast<size_t>(size_)];
    size_t kept = 0;
    for (size_t i = 0; i < chosen.rows.size(); ++i) {
      if (chosen.priorities[i] > limit) continue;
      chosen.priorities[kept] = chosen.priorities[i];
      chosen.rows[kept++] = chosen.rows[i];
    }
    chosen.priorities.resize(kept);
    chosen.rows.resize(kept);
  }
  chosen.texts.resize(block.columns.size());
  chosen.values.resize(chosen.rows.size() * block.columns.size());
  for (size_t column = 0; column < block.columns.size(); ++column) {
    const ColumnView& view = block.columns[column];
    for (size_t i = 0; i < chosen.rows.size(); ++i) {
      const auto row = static_cast<size_t>(chosen.rows[i]);
      double& value = chosen.values[i * block.columns.size() + column];
      if (view.type != ColumnType::kCategory) {
        value = view.numbers[row];
        continue;
      }
      const int32_t code = view.codes[row];
      value = code < 0 ? -1 : static_cast<double>(chosen.texts[column].size());
      if (code >= 0) {
        chosen.texts[column].push_back((*view.categories)[static_cast<size_t>(code)]);
      }
    }
  }
  return chosen;
}

void RowSample::Add(const Candidates& candidates, int64_t first_row) {
  for (size_t i = 0; i < candidates.rows.size(); ++i) {
    Row row{candidates.priorities[i], first_row + candidates.rows[i], {}};
    if (std::ssize(heap_) == size_) {
      if (size_ == 0 || !(row < heap_.front())) continue;
      std::pop_heap(heap_.begin(), heap_.end());
      heap_.pop_back();
    }
    for (size_t column = 0; column < columns_.size(); ++column) {
      double value = candidates.values[i * columns_.size() + column];
      if (columns_[column].type == ColumnType::kCategory && value >= 0) {
        value = texts_[column].CodeOf(candidates.texts[column][static_cast<size_t>(value)]);
      }
      row.values.push_back(value);
    }
    heap_.push_back(std::move(row));
    std::push_heap(heap_.begin(), heap_.end());
  }
  if (size_ > 0 && std::ssize(heap_) == size_) threshold_ = heap_.front().priority + 1;
}

Column RowSample::CategoriesOf(size_t index) const {
  Column column;
  column.type = ColumnType::kCategory;
  const Dictionary& texts = texts_[index];
  std::vector<int32_t> rank(static_cast<size_t>(texts.size()), kMissingCode);
  std::vector<int32_t> used;
  for (const Row& row : heap_) {
    const auto code = static_cast<int32_t>(row.values[index]);
    if (code < 0 || rank[static_cast<size_t>(code)] >= 0) continue;
    rank[static_cast<size_t>(code)] = 0;
    used.push_back(code);
  }
  std::ranges::sort(used, {}, [&](int32_t code) { return texts.TextOf(code); });
  for (const int32_t code : used) {
    rank[static_cast<size_t>(code)] = static_cast<int32_t>(column.categories.size());
    column.categories.emplace_back(texts.TextOf(code));
  }
  for (const Row& row : heap_) {
    const auto code = static_cast<int32_t>(row.values[index]);
    column.codes.push_back(code < 0 ? kMissingCode : rank[static_cast<size_t>(code)]);
  }
  return column;
}

Table RowSample::Finish() {
  std::ranges::sort(heap_, {}, &Row::row);
  Table table;
  table.rows = std::ssize(heap_);
  for (size_t i = 0; i < columns_.size(); ++i) {
    Column column;
    if (columns_[i].type == ColumnType::kCategory) {
      column = CategoriesOf(i);
    } else {
      for (const Row& row : heap_) column.numbers.push_back(row.values[i]);
      column.integral = AreWhole(column.numbers);
    }
    column.name = columns_[i].name;
    column.type = columns_[i].type;
    table.columns.push_back(std::move(column));
  }
  return table;
}

}  // namespace slipway::data
