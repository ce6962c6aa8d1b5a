// A project's expectations of its model: what is read asks for something that can be checked.
#include <cmath>
#include <set>

#include "config/expectations.h"
#include "core/fuzzing.h"

namespace slipway::config {
namespace {

using slipway::testing::Require;
using slipway::testing::RequireGoodError;

bool IsShare(double value) { return value >= 0 && value <= 1; }

void RequireNew(std::set<std::string>* names, const std::string& kind, const std::string& name) {
  Require(!name.empty(), "a test has a name", kind);
  Require(names->insert(kind + "::" + name).second, "a test's name is its own", kind, name);
}

void RequireValue(const PlacedValue& value) {
  const bool finite = !value.number || std::isfinite(*value.number);
  Require(finite && !(value.missing && value.number), "a value is finite", value.text);
}

void RequireChange(const ColumnChange& change) {
  for (const PlacedValue& value : change.values) RequireValue(value);
  Require(std::isfinite(change.amount), "an amount is finite", change.column.text);
  const bool set = change.kind == ColumnChange::Kind::kSet;
  Require(set == !change.values.empty(), "values are set, or an amount", change.column.text);
  const bool moves = set || change.kind == ColumnChange::Kind::kShuffle || change.amount != 0;
  Require(moves, "a change changes something", change.column.text);
}

void RequireRows(const ChangedRows& rows) {
  Require(!rows.changes.empty(), "something is changed", rows.name);
  Require(rows.sample >= 1, "some row is asked", rows.name);
  Require(rows.share > 0 && rows.share <= 1, "some row must hold", rows.name);
  Require(rows.rows.empty() || rows.where.text.empty(), "rows come from one place", rows.name);
  size_t most = 1;
  for (const ColumnChange& change : rows.changes) {
    RequireChange(change);
    most = std::max(most, change.values.size());
  }
  for (const ColumnChange& change : rows.changes) {
    const size_t count = change.values.size();
    Require(count <= 1 || count == most, "lists of values go together", rows.name);
  }
}

void RequireRow(const RowExpectation& row) {
  Require(row.label || row.prediction || !row.probabilities.empty(), "a row asks for something",
          row.name);
  Require(!row.label || !row.label->missing, "a label is one", row.name);
  for (const PlacedCell& cell : row.features) RequireValue(cell.value);
  Require(!row.prediction || std::isfinite(*row.prediction), "a prediction is finite", row.name);
  Require(row.tolerance >= 0 && std::isfinite(row.tolerance), "a tolerance is finite", row.name);
  for (const ProbabilityRange& range : row.probabilities) {
    const bool inside = IsShare(range.min) && IsShare(range.max) && range.min <= range.max;
    Require(inside && (range.min > 0 || range.max < 1), "a range can be missed", row.name);
  }
}

void CheckExpectations(const std::string& text) {
  const Result<Expectations> read = ParseExpectations(text, "expectations.yaml");
  if (!read.ok()) return RequireGoodError(read.error());
  const bool empty = read->rows.empty() && read->invariance.empty() && read->directional.empty() &&
                     read->metrics.empty();
  Require(!empty, "a file expects something", text);
  std::set<std::string> names;
  for (const RowExpectation& one : read->rows) {
    RequireNew(&names, "rows", one.name);
    RequireRow(one);
  }
  for (const InvarianceExpectation& one : read->invariance) {
    RequireNew(&names, "invariance", one.rows.name);
    RequireRows(one.rows);
    const double tolerance = one.tolerance.value_or(0);
    Require(tolerance >= 0 && std::isfinite(tolerance), "a tolerance is finite", one.rows.name);
  }
  for (const DirectionalExpectation& one : read->directional) {
    RequireNew(&names, "directional", one.rows.name);
    RequireRows(one.rows);
    const bool finite = one.tolerance >= 0 && std::isfinite(one.tolerance);
    Require(finite, "a tolerance is finite", one.rows.name);
  }
  for (const MetricExpectation& one : read->metrics) {
    RequireNew(&names, "metrics", one.name + ": " + one.metric);
    Require(std::isfinite(one.limit), "a limit is finite", one.name);
  }
}

}  // namespace
}  // namespace slipway::config

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  slipway::config::CheckExpectations(std::string(slipway::testing::TextOf(data, size)));
  return 0;
}
