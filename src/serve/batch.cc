#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "serve/batch_internal.h"

namespace slipway::serve {
namespace {

bool IsWhole(const data::Table& table) {
  return std::ranges::all_of(
      table.columns, [&](const data::Column& column) { return column.size() == table.rows; });
}

bool CanJoin(const std::list<Waiting>& requests) {
  const data::Table& first = requests.front().rows;
  const auto same = [](const data::Column& a, const data::Column& b) {
    return a.type == b.type && a.name == b.name;
  };
  return std::ranges::all_of(requests, [&](const Waiting& one) {
    return IsWhole(one.rows) && std::ranges::equal(first.columns, one.rows.columns, same);
  });
}

// Each request has a dictionary of its own: the joined one has the texts of all.
void JoinCategories(const std::list<Waiting>& requests, size_t place, data::Column* joined) {
  struct Text {
    std::string_view text;
    size_t number = 0;  // Among those of all requests.
  };
  std::vector<Text> texts;
  for (const Waiting& one : requests) {
    for (const std::string& text : one.rows.columns[place].categories)
      texts.push_back({text, texts.size()});
  }
  std::ranges::sort(texts, {}, &Text::text);
  std::vector<int32_t> codes(texts.size());
  for (const Text& one : texts) {
    if (joined->categories.empty() || joined->categories.back() != one.text)
      joined->categories.emplace_back(one.text);
    codes[one.number] = static_cast<int32_t>(joined->categories.size()) - 1;
  }
  size_t first = 0;
  for (const Waiting& one : requests) {
    const data::Column& column = one.rows.columns[place];
    for (const int32_t code : column.codes) {
      joined->codes.push_back(
          code == data::kMissingCode ? code : codes[first + static_cast<size_t>(code)]);
    }
    first += column.categories.size();
  }
}

}  // namespace

std::optional<data::Table> JoinRows(const Batch& batch) {
  const std::list<Waiting>& requests = batch.requests;
  if (!CanJoin(requests)) return std::nullopt;
  data::Table joined;
  joined.rows = batch.rows;
  for (size_t place = 0; place < requests.front().rows.columns.size(); ++place) {
    const data::Column& first = requests.front().rows.columns[place];
    data::Column& column = joined.columns.emplace_back();
    column.name = first.name;
    column.type = first.type;
    column.integral = std::ranges::all_of(
        requests, [&](const Waiting& one) { return one.rows.columns[place].integral; });
    if (first.type == data::ColumnType::kCategory) {
      column.codes.reserve(static_cast<size_t>(batch.rows));
      JoinCategories(requests, place, &column);
      continue;
    }
    column.numbers.reserve(static_cast<size_t>(batch.rows));
    for (const Waiting& one : requests) {
      const std::vector<double>& numbers = one.rows.columns[place].numbers;
      column.numbers.insert(column.numbers.end(), numbers.begin(), numbers.end());
    }
  }
  return joined;
}

model::Predictions SliceOf(const model::Predictions& all, int64_t begin, int64_t rows) {
  model::Predictions part = model::Predictions::Make(rows, all.classes);
  if (all.regression()) {
    std::copy_n(all.values.begin() + begin, rows, part.values.begin());
    return part;
  }
  std::copy_n(all.labels.begin() + begin, rows, part.labels.begin());
  std::copy_n(all.scores.begin() + begin * all.classes, rows * all.classes, part.scores.begin());
  return part;
}

}  // namespace slipway::serve
