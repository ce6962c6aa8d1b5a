#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string_view>

#include "data/select_rows.h"
#include "gate/robustness_internal.h"

namespace slipway::gate {
namespace {

struct Extreme {
  const char* name;
  double value;
};

// Infinite numbers are none of them: no source of rows lets them in.
constexpr Extreme kExtremes[] = {
    {"largest numbers", std::numeric_limits<double>::max()},
    {"least numbers", std::numeric_limits<double>::lowest()},
    {"huge numbers", 1e30},
    {"huge negative numbers", -1e30},
    {"tiny numbers", std::numeric_limits<double>::denorm_min()},
};

struct OddText {
  const char* name;
  std::string text;
};

std::vector<OddText> OddTexts() {
  constexpr size_t kLong = 100'000;
  return {{"unseen categories", "a category that training did not have"},
          {"empty text", ""},
          {"very long text", std::string(kLong, 'x')},
          {"text beyond ASCII", "Ünïcødé 東京 🚢"}};
}

bool IsText(const data::Column& column) { return column.type == data::ColumnType::kCategory; }

void SetText(data::Column* column, const std::string& text) {
  column->categories = {text};
  std::ranges::fill(column->codes, 0);
}

// The rows with every column for which `change` is true of its place changed by it.
template <typename Change>
data::Table Changed(const data::Table& rows, const Change& change) {
  data::Table changed = rows;
  for (size_t i = 0; i < changed.columns.size(); ++i) change(i, &changed.columns[i]);
  return changed;
}

bool MayBeMissing(const model::Model& model, const std::string& name) {
  if (IsOurs(model)) return true;
  const auto field = std::ranges::find(model.schema.inputs, name, &model::InputField::name);
  return field != model.schema.inputs.end() && field->nullable;
}

void AddMissing(const model::Model& model, const data::Table& rows,
                std::vector<RobustnessCheck>* checks) {
  std::vector<bool> may_miss;
  for (const data::Column& column : rows.columns) {
    may_miss.push_back(MayBeMissing(model, column.name));
  }
  for (size_t missing = 0; missing < rows.columns.size(); ++missing) {
    if (!may_miss[missing]) continue;
    data::Table without = rows;
    SetMissing(&without.columns[missing]);
    checks->push_back({"missing " + rows.columns[missing].name, std::move(without)});
  }
  const auto count = std::ranges::count(may_miss, true);
  if (count < 2) return;
  const bool all = count == std::ssize(may_miss);
  checks->push_back({all ? "all values missing" : "all that may be missing",
                     Changed(rows, [&](size_t i, data::Column* column) {
                       if (may_miss[i]) SetMissing(column);
                     })});
}

}  // namespace

bool IsOurs(const model::Model& model) {
  return std::string_view(model.predictor->engine()) == "native";
}

void SetMissing(data::Column* column) {
  std::ranges::fill(column->numbers, data::kMissingNumber);
  std::ranges::fill(column->codes, data::kMissingCode);
}

data::Table InputRows(const data::Table& table, const std::vector<model::InputField>& inputs,
                      std::span<const int64_t> rows) {
  data::Table selected = data::SelectRows(table, rows);
  data::Table narrow;
  narrow.rows = selected.rows;
  for (const model::InputField& input : inputs) {
    data::Column* column = selected.Find(input.name);
    if (column != nullptr) narrow.columns.push_back(std::move(*column));
  }
  return narrow;
}

std::vector<RobustnessCheck> MakeRobustnessChecks(const model::Model& model,
                                                  const data::Table& rows) {
  std::vector<RobustnessCheck> checks;
  data::Table reversed = rows;
  std::ranges::reverse(reversed.columns);
  checks.push_back({"columns in another order", std::move(reversed), Expected::kSame});
  AddMissing(model, rows, &checks);
  const bool numbers = std::ranges::any_of(rows.columns, [](const auto& c) { return !IsText(c); });
  const bool texts = std::ranges::any_of(rows.columns, IsText);
  for (const Extreme& extreme : kExtremes) {
    if (!numbers) break;
    checks.push_back({extreme.name,
                      Changed(rows,
                              [&](size_t, data::Column* column) {
                                std::ranges::fill(column->numbers, extreme.value);
                              }),
                      Expected::kOrRefused});
  }
  for (const OddText& odd : OddTexts()) {
    if (!texts) break;
    checks.push_back({odd.name,
                      Changed(rows,
                              [&](size_t, data::Column* column) {
                                if (IsText(*column)) SetText(column, odd.text);
                              }),
                      Expected::kOrRefused});
  }
  return checks;
}

}  // namespace slipway::gate
