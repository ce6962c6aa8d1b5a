// Expectations on what becomes of answers when rows are changed.
#include <fmt/format.h>

#include <algorithm>

#include "config/expectation_values_internal.h"
#include "core/text.h"

namespace slipway::config {
namespace {

const std::vector<std::string>& DirectionNames() {
  static const std::vector<std::string> names = {"rise", "fall", "not_rise", "not_fall"};
  return names;
}

constexpr const char* kChangeExpected =
    "a value, a list of values, or one of {add: …}, {add_deviations: …}, {noise: …} and "
    "{shuffle: true}";

// A mapping of one way to change: {add: 100}.
void ReadWay(ExpectationValues& values, const YamlNode& node, const std::string& field,
             ColumnChange* change) {
  static const std::vector<std::string> ways = {"add", "add_deviations", "noise", "shuffle"};
  if (node.entries.size() != 1) {
    return values.Tell(node.at, field, Plural(std::ssize(node.entries), "way", "ways"),
                       kChangeExpected);
  }
  const Entry& entry = node.entries.front();
  const std::string inner = FieldOf(field, entry.key);
  const auto way = std::ranges::find(ways, entry.key);
  if (way == ways.end()) return values.UnknownKey(entry, field, ways);
  constexpr ColumnChange::Kind kKinds[] = {
      ColumnChange::Kind::kAdd, ColumnChange::Kind::kAddDeviations, ColumnChange::Kind::kNoise,
      ColumnChange::Kind::kShuffle};
  change->kind = kKinds[way - ways.begin()];
  if (change->kind == ColumnChange::Kind::kShuffle) {
    const auto shuffled = values.Boolean(entry.value, inner);
    if (shuffled == false) values.Tell(entry.value.at, inner, "no change", "shuffle: true");
    return;
  }
  const bool noise = change->kind == ColumnChange::Kind::kNoise;
  const auto amount = noise ? values.Amount(entry.value, inner) : values.Number(entry.value, inner);
  if (amount == 0) values.Tell(entry.value.at, inner, "0 changes nothing", "another number");
  Set(&change->amount, amount);
}

void ReadChange(ExpectationValues& values, const Entry& entry, const std::string& field,
                std::vector<ColumnChange>* changes) {
  const std::string inner = FieldOf(field, entry.key);
  ColumnChange change;
  change.column = {entry.key, LocationAt(entry.at, inner)};
  const YamlNode& node = entry.value;
  if (node.kind == YamlNode::Kind::kMap) {
    ReadWay(values, node, inner, &change);
  } else if (node.kind == YamlNode::Kind::kList) {
    if (node.items.empty()) values.Tell(node.at, inner, "an empty list", kChangeExpected);
    for (const YamlNode& item : node.items) {
      if (auto value = values.Value(item, inner)) change.values.push_back(*std::move(value));
    }
  } else if (auto value = values.Value(node, inner)) {
    change.values.push_back(*std::move(value));
  }
  changes->push_back(std::move(change));
}

void ReadChanges(ExpectationValues& values, const YamlNode& node, const std::string& field,
                 std::vector<ColumnChange>* changes) {
  if (!values.Mapping(node, field, "a mapping of columns to changes, such as {age: {add: 1}}"))
    return;
  for (const Entry& entry : node.entries) ReadChange(values, entry, field, changes);
  size_t most = 0;
  for (const ColumnChange& change : *changes) most = std::max(most, change.values.size());
  for (const ColumnChange& change : *changes) {
    const size_t count = change.values.size();
    if (count > 1 && count < most) {
      values.Tell(node.at, field,
                  fmt::format("lists of {} and {} values", FormatCount(static_cast<int64_t>(count)),
                              FormatCount(static_cast<int64_t>(most))),
                  "lists of one length, whose values go together");
      return;
    }
  }
}

void ReadNames(ExpectationValues& values, const YamlNode& node, const std::string& field,
               std::vector<PlacedText>* names) {
  if (node.kind != YamlNode::Kind::kList || node.items.empty()) {
    values.Tell(node.at, field, "no list of names", "names of rows of this file, such as [basic]");
    return;
  }
  for (const YamlNode& item : node.items) {
    if (auto name = values.Placed(item, field)) names->push_back(*std::move(name));
  }
}

// False for a key that is none of these.
bool ReadRowsKey(ExpectationValues& values, const Entry& entry, const std::string& field,
                 ChangedRows* rows) {
  const std::string inner = FieldOf(field, entry.key);
  const YamlNode& node = entry.value;
  if (entry.key == "name") {
    Set(&rows->name, values.Text(node, inner));
  } else if (entry.key == "change") {
    ReadChanges(values, node, inner, &rows->changes);
  } else if (entry.key == "where") {
    Set(&rows->where, values.Placed(node, inner));
  } else if (entry.key == "sample") {
    const auto count = values.Count(node, inner);
    if (count == 0) values.Tell(node.at, inner, "no rows", "a whole number, 1 or more");
    Set(&rows->sample, count);
  } else if (entry.key == "rows") {
    ReadNames(values, node, inner, &rows->rows);
  } else if (entry.key == "share") {
    const auto share = values.Share(node, inner);
    if (share == 0) {
      values.Tell(node.at, inner, "a share of 0 asks for nothing", "a share above 0, up to 1");
    }
    Set(&rows->share, share);
  } else {
    return false;
  }
  return true;
}

void CheckRows(ExpectationValues& values, const YamlNode& node, const std::string& field,
               ChangedRows* rows) {
  rows->at = LocationAt(node.at, field);
  if (node.Find("change") == nullptr) {
    values.Tell(node.at, field, "no change",
                "change: a mapping of columns to changes, such as {age: {add: 1}}");
  } else if (rows->changes.empty() && node.Find("change")->value.entries.empty() &&
             node.Find("change")->value.kind == YamlNode::Kind::kMap) {
    values.Tell(node.Find("change")->at, field, "no column is changed", "at least one column");
  }
  for (const char* key : {"where", "sample"}) {
    if (!rows->rows.empty() && node.Find(key) != nullptr) {
      values.Tell(node.Find(key)->at, field,
                  fmt::format("{} chooses rows of the table, rows those of this file", key),
                  "one of them");
    }
  }
  if (!rows->name.empty()) return;
  std::vector<std::string> columns;
  for (const ColumnChange& change : rows->changes) columns.push_back(change.column.text);
  rows->name = Join(columns, ", ");
}

}  // namespace

const char* ToString(Direction direction) {
  return DirectionNames()[static_cast<size_t>(direction)].c_str();
}

InvarianceExpectation ReadInvariance(ExpectationValues& values, const YamlNode& node,
                                     const std::string& field) {
  InvarianceExpectation expectation;
  for (const Entry& entry : node.entries) {
    if (ReadRowsKey(values, entry, field, &expectation.rows)) continue;
    if (entry.key == "tolerance") {
      expectation.tolerance = values.Amount(entry.value, FieldOf(field, entry.key));
    } else {
      values.UnknownKey(entry, field,
                        {"name", "change", "where", "sample", "rows", "share", "tolerance"});
    }
  }
  CheckRows(values, node, field, &expectation.rows);
  return expectation;
}

DirectionalExpectation ReadDirectional(ExpectationValues& values, const YamlNode& node,
                                       const std::string& field) {
  DirectionalExpectation expectation;
  for (const Entry& entry : node.entries) {
    if (ReadRowsKey(values, entry, field, &expectation.rows)) continue;
    const std::string inner = FieldOf(field, entry.key);
    if (entry.key == "probability") {
      Set(&expectation.label, values.Placed(entry.value, inner));
    } else if (entry.key == "must") {
      const auto choice = values.Choice(entry.value, inner, DirectionNames());
      if (choice) expectation.direction = static_cast<Direction>(*choice);
    } else if (entry.key == "tolerance") {
      Set(&expectation.tolerance, values.Amount(entry.value, inner));
    } else {
      values.UnknownKey(entry, field,
                        {"name", "change", "probability", "must", "where", "sample", "rows",
                         "share", "tolerance"});
    }
  }
  if (node.Find("must") == nullptr) {
    values.Tell(node.at, field, "no direction", "must: rise, fall, not_rise or not_fall");
  }
  CheckRows(values, node, field, &expectation.rows);
  for (const ColumnChange& change : expectation.rows.changes) {
    const bool random =
        change.kind == ColumnChange::Kind::kNoise || change.kind == ColumnChange::Kind::kShuffle;
    if (!random) continue;
    Location at = change.column.at;
    values.Tell({at.file, at.line, at.column}, at.field, "a change without a direction",
                "a value, {add: …} or {add_deviations: …}");
  }
  return expectation;
}

}  // namespace slipway::config
