#include "data/slices.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>

#include "core/time_text.h"
#include "data/calendar.h"
#include "data/profile.h"

namespace slipway::data {
namespace {

// So few different numbers are values of their own rather than a scale.
constexpr size_t kMostNumbers = 10;
constexpr const char* kMissingPart = "missing";
constexpr const char* kOtherPart = "any other";

// Keeps the parts that have a row, in their order. `codes` index `names`.
SlicedColumn Used(const Column& column, std::vector<std::string> names,
                  std::vector<int32_t> codes) {
  std::vector<int32_t> place(names.size(), -1);
  for (const int32_t code : codes) place[static_cast<size_t>(code)] = 0;
  SlicedColumn sliced;
  sliced.column = column.name;
  for (size_t i = 0; i < names.size(); ++i) {
    if (place[i] < 0) continue;
    place[i] = static_cast<int32_t>(sliced.parts.size());
    sliced.parts.push_back(std::move(names[i]));
  }
  for (int32_t& code : codes) code = place[static_cast<size_t>(code)];
  sliced.codes = std::move(codes);
  return sliced;
}

// Codes of these rows: `code_of(row)`, and behind `names` one for other values (nullopt) and one
// for missing ones.
template <typename CodeOf>
SlicedColumn Cut(const Column& column, std::span<const int64_t> rows,
                 std::vector<std::string> names, const CodeOf& code_of) {
  const auto other = static_cast<int32_t>(names.size());
  names.emplace_back(kOtherPart);
  names.emplace_back(kMissingPart);
  std::vector<int32_t> codes;
  codes.reserve(rows.size());
  for (const int64_t row : rows) {
    const std::optional<int32_t> code =
        column.IsMissing(row) ? other + 1 : std::optional<int32_t>(code_of(row));
    codes.push_back(code.value_or(other));
  }
  return Used(column, std::move(names), std::move(codes));
}

SlicedColumn ByCategory(const Column& column, const ColumnProfile& training,
                        std::span<const int64_t> rows, size_t most) {
  std::vector<std::string> names;
  std::vector<int32_t> of_category(column.categories.size(), -1);
  for (size_t i = 0; i < std::min(most, training.top.size()); ++i) {
    const std::string& value = training.top[i].value;
    const auto found = std::ranges::lower_bound(column.categories, value);
    if (found == column.categories.end() || *found != value) continue;
    of_category[static_cast<size_t>(found - column.categories.begin())] =
        static_cast<int32_t>(names.size());
    names.push_back("= " + value);
  }
  return Cut(column, rows, std::move(names), [&](int64_t row) -> std::optional<int32_t> {
    const int32_t code = of_category[static_cast<size_t>(column.codes[static_cast<size_t>(row)])];
    return code < 0 ? std::nullopt : std::optional(code);
  });
}

// The numbers that training has, ascending; none where they are many.
std::vector<double> FewNumbers(const ColumnProfile& training) {
  if (training.distinct > static_cast<int64_t>(kMostNumbers)) return {};
  std::vector<double> numbers;
  for (const CategoryCount& item : training.top) {
    double number = 0;
    const char* end = item.value.data() + item.value.size();
    const auto read = std::from_chars(item.value.data(), end, number);
    if (read.ec != std::errc() || read.ptr != end) return {};
    numbers.push_back(number);
  }
  if (numbers.size() > kMostNumbers) return {};
  std::ranges::sort(numbers);
  return numbers;
}

SlicedColumn ByNumber(const Column& column, std::span<const int64_t> rows,
                      const std::vector<double>& numbers) {
  std::vector<std::string> names;
  names.reserve(numbers.size());
  for (const double number : numbers) names.push_back(fmt::format("= {}", number));
  return Cut(column, rows, std::move(names), [&](int64_t row) -> std::optional<int32_t> {
    const double value = column.numbers[static_cast<size_t>(row)];
    const auto found = std::ranges::lower_bound(numbers, value);
    if (found == numbers.end() || *found != value) return std::nullopt;
    return static_cast<int32_t>(found - numbers.begin());
  });
}

// The quartiles of the training rows, each once.
std::vector<double> Edges(const ColumnProfile& training) {
  std::vector<double> edges;
  for (size_t i = 0; i < training.quantiles.size(); ++i) {
    const double share = i < kQuantileProbabilities.size() ? kQuantileProbabilities[i] : 0;
    if (share != 0.25 && share != 0.5 && share != 0.75) continue;
    if (edges.empty() || training.quantiles[i] > edges.back()) {
      edges.push_back(training.quantiles[i]);
    }
  }
  return edges;
}

SlicedColumn ByRange(const Column& column, const ColumnProfile& training,
                     std::span<const int64_t> rows) {
  const std::vector<double> edges = Edges(training);
  const auto text = [&](double edge) {
    return column.type == ColumnType::kTimestamp ? FormatIsoTime(edge)
                                                 : fmt::format("{:.6g}", edge);
  };
  std::vector<std::string> names;
  for (size_t i = 0; i < edges.size(); ++i) {
    names.push_back(i == 0 ? "≤ " + text(edges[0])
                           : fmt::format("in ({}, {}]", text(edges[i - 1]), text(edges[i])));
  }
  names.push_back(edges.empty() ? "present" : "> " + text(edges.back()));
  return Cut(column, rows, std::move(names), [&](int64_t row) -> std::optional<int32_t> {
    const double value = column.numbers[static_cast<size_t>(row)];
    return static_cast<int32_t>(std::ranges::lower_bound(edges, value) - edges.begin());
  });
}

// "2023", "2023 Q1", "2023-05", "2023-05-17": which of them grows finer with `level`.
std::string CalendarText(double seconds, int level) {
  const auto part = [&](TimePart which) {
    return static_cast<int>(TimeValue({which, TimeForm::kPlain}, seconds));
  };
  const int year = part(TimePart::kYear);
  if (level == 0) return fmt::format("{:04}", year);
  if (level == 1) return fmt::format("{:04} Q{}", year, part(TimePart::kQuarter));
  const int month = part(TimePart::kMonth);
  if (level == 2) return fmt::format("{:04}-{:02}", year, month);
  return fmt::format("{:04}-{:02}-{:02}", year, month, part(TimePart::kDayOfMonth));
}

bool IsTime(double seconds) { return seconds >= kFirstTime && seconds < kFirstTimeAfter; }

SlicedColumn ByCalendar(const Column& column, const ColumnProfile& training,
                        std::span<const int64_t> rows, size_t most) {
  constexpr int kLevels = 4;
  for (int level = 0; level < kLevels; ++level) {
    std::map<std::string, int32_t> units;
    for (const int64_t row : rows) {
      const double seconds = column.numbers[static_cast<size_t>(row)];
      if (IsTime(seconds)) units.emplace(CalendarText(seconds, level), 0);
      if (units.size() > most) break;
    }
    if (units.size() > most) break;
    if (units.size() < 2) continue;
    std::vector<std::string> names;
    for (auto& [text, code] : units) {
      code = static_cast<int32_t>(names.size());
      names.push_back("in " + text);
    }
    return Cut(column, rows, std::move(names), [&](int64_t row) -> std::optional<int32_t> {
      const double seconds = column.numbers[static_cast<size_t>(row)];
      if (!IsTime(seconds)) return std::nullopt;
      return units.at(CalendarText(seconds, level));
    });
  }
  return ByRange(column, training, rows);
}

}  // namespace

SlicedColumn SliceColumn(const Column& column, const ColumnProfile& training,
                         std::span<const int64_t> rows, size_t most_values) {
  if (column.type == ColumnType::kCategory) return ByCategory(column, training, rows, most_values);
  if (column.type == ColumnType::kTimestamp) return ByCalendar(column, training, rows, most_values);
  const std::vector<double> numbers = FewNumbers(training);
  return numbers.empty() ? ByRange(column, training, rows) : ByNumber(column, rows, numbers);
}

}  // namespace slipway::data
