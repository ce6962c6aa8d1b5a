#include <algorithm>
#include <numeric>
#include <utility>

#include "serve/category_codes_internal.h"
#include "serve/quick_hash_internal.h"

namespace slipway::serve {
namespace {

constexpr size_t kMostSpare = 1024;
constexpr size_t kMostSpareBytes = 128;   // Of a text: a longer one is too rare to keep.
constexpr unsigned kPlaceShift = 64 - 8;  // Into the 256 places of recent ones.

}  // namespace

void CategoryCodes::Begin(data::Column* column) {
  for (std::string& text : column->categories) {
    if (spare_.size() == kMostSpare) break;
    if (text.capacity() > kMostSpareBytes) continue;
    spare_.push_back(std::move(text));
  }
  column->categories.clear();
  column->codes.clear();
  texts_.clear();
  first_rows_.clear();
  ++call_;
}

void CategoryCodes::Add(std::string_view text, data::Column* column) {
  Recent& recent = recent_[QuickHash(text) >> kPlaceShift];
  const bool known = recent.call == call_ && texts_[static_cast<size_t>(recent.code)].text == text;
  if (!known) {
    recent = {call_, static_cast<int32_t>(texts_.size())};
    texts_.push_back({text, std::ssize(column->codes)});
  }
  column->codes.push_back(recent.code);
}

void CategoryCodes::Finish(data::Column* column) {
  if (texts_.size() > 1) return Sort(column);
  for (const Text& one : texts_) {
    Keep(one.text, column);
    first_rows_.push_back(one.row);
  }
}

size_t CategoryCodes::bytes() const {
  return texts_.capacity() * sizeof(Text) +
         (order_.capacity() + ranks_.capacity()) * sizeof(int32_t) +
         first_rows_.capacity() * sizeof(int64_t);
}

void CategoryCodes::Keep(std::string_view text, data::Column* column) {
  if (spare_.empty()) {
    column->categories.emplace_back(text);
    return;
  }
  column->categories.push_back(std::move(spare_.back()));
  column->categories.back() = text;
  spare_.pop_back();
}

void CategoryCodes::Sort(data::Column* column) {
  order_.resize(texts_.size());
  ranks_.resize(texts_.size());
  std::iota(order_.begin(), order_.end(), 0);
  std::ranges::sort(order_, [&](int32_t a, int32_t b) {
    const Text& left = texts_[static_cast<size_t>(a)];
    const Text& right = texts_[static_cast<size_t>(b)];
    const int compared = left.text.compare(right.text);
    return compared != 0 ? compared < 0 : left.row < right.row;
  });
  for (const int32_t code : order_) {
    const Text& one = texts_[static_cast<size_t>(code)];
    if (column->categories.empty() || column->categories.back() != one.text) {
      Keep(one.text, column);
      first_rows_.push_back(one.row);
    }
    ranks_[static_cast<size_t>(code)] = static_cast<int32_t>(column->categories.size()) - 1;
  }
  for (int32_t& code : column->codes) {
    if (code != data::kMissingCode) code = ranks_[static_cast<size_t>(code)];
  }
}

}  // namespace slipway::serve
