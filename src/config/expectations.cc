#include "config/expectations.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "config/expectation_values_internal.h"
#include "config/names_internal.h"
#include "config/scalar_internal.h"
#include "core/text.h"

namespace slipway::config {
namespace {

constexpr const char* kExpected = "rows, invariance, directional or metrics, each a list";
constexpr const char* kLimitsExpected = "a mapping of metrics to limits, such as {accuracy: 0.8}";

class ExpectationsReader {
 public:
  explicit ExpectationsReader(Problems* problems) : problems_(problems), values_(problems) {}

  Expectations Read(const YamlNode& root);

 private:
  void ReadEntry(const Entry& entry);
  void ReadRow(const YamlNode& node, const std::string& field);
  void ReadRowKey(const Entry& entry, const std::string& field, RowExpectation* row);
  void ReadFeatures(const YamlNode& node, const std::string& field, RowExpectation* row);
  void ReadProbabilities(const YamlNode& node, const std::string& field, RowExpectation* row);
  void CheckRow(const YamlNode& node, const std::string& field);
  void ReadMetrics(const YamlNode& node, const std::string& field);
  void ReadLimits(const YamlNode& node, const std::string& field, const MetricExpectation& common);
  void CheckNames();

  Problems* problems_;
  ExpectationValues values_;
  Expectations read_;
};

void ExpectationsReader::ReadFeatures(const YamlNode& node, const std::string& field,
                                      RowExpectation* row) {
  if (!values_.Mapping(node, field, "a mapping of columns to values, such as {age: 41}")) return;
  for (const Entry& entry : node.entries) {
    const std::string inner = FieldOf(field, entry.key);
    auto value = values_.Value(entry.value, inner);
    if (!value) continue;
    row->features.push_back({{entry.key, LocationAt(entry.at, inner)}, *std::move(value)});
  }
}

void ExpectationsReader::ReadProbabilities(const YamlNode& node, const std::string& field,
                                           RowExpectation* row) {
  constexpr const char* kOfClasses = "a mapping of classes to {min: …, max: …}";
  if (!values_.Mapping(node, field, kOfClasses)) return;
  if (node.entries.empty()) values_.Tell(node.at, field, "of no class", kOfClasses);
  for (const Entry& entry : node.entries) {
    const std::string inner = FieldOf(field, entry.key);
    ProbabilityRange range;
    range.label = {entry.key, LocationAt(entry.at, inner)};
    if (!values_.Mapping(entry.value, inner, "{min: …, max: …}")) continue;
    for (const Entry& end : entry.value.entries) {
      if (end.key == "min") {
        Set(&range.min, values_.Share(end.value, FieldOf(inner, end.key)));
      } else if (end.key == "max") {
        Set(&range.max, values_.Share(end.value, FieldOf(inner, end.key)));
      } else {
        values_.UnknownKey(end, inner, {"min", "max"});
      }
    }
    if (range.min > range.max) {
      values_.Tell(entry.value.at, inner, "min is above max", "min at most max");
    }
    if (range.min == 0 && range.max == 1) {
      values_.Tell(entry.value.at, inner, "every probability is from 0 to 1",
                   "a min above 0, or a max below 1");
    }
    row->probabilities.push_back(std::move(range));
  }
}

void ExpectationsReader::ReadRowKey(const Entry& entry, const std::string& field,
                                    RowExpectation* row) {
  const std::string inner = FieldOf(field, entry.key);
  if (entry.key == "name") {
    Set(&row->name, values_.Text(entry.value, inner));
  } else if (entry.key == "features") {
    ReadFeatures(entry.value, inner, row);
  } else if (entry.key == "label") {
    row->label = values_.Value(entry.value, inner);
    if (row->label && row->label->missing) {
      values_.Tell(entry.value.at, inner, "no label", "one of the model's classes");
    }
  } else if (entry.key == "probability") {
    ReadProbabilities(entry.value, inner, row);
  } else if (entry.key == "prediction") {
    row->prediction = values_.Number(entry.value, inner);
    row->prediction_at = LocationAt(entry.value.at, inner);
  } else if (entry.key == "tolerance") {
    Set(&row->tolerance, values_.Amount(entry.value, inner));
  } else {
    values_.UnknownKey(entry, field,
                       {"name", "features", "label", "probability", "prediction", "tolerance"});
  }
}

void ExpectationsReader::CheckRow(const YamlNode& node, const std::string& field) {
  if (node.Find("features") == nullptr) {
    values_.Tell(node.at, field, "no features",
                 "features: a mapping of columns to values, such as {age: 41}");
  }
  const bool expects = node.Find("label") != nullptr || node.Find("probability") != nullptr ||
                       node.Find("prediction") != nullptr;
  if (!expects) {
    values_.Tell(node.at, field, "nothing is expected of this row",
                 "label, probability or prediction");
  }
  const Entry* tolerance = node.Find("tolerance");
  if (tolerance != nullptr && node.Find("prediction") == nullptr) {
    values_.Tell(tolerance->at, field, "a tolerance of nothing", "it beside prediction");
  }
}

void ExpectationsReader::ReadRow(const YamlNode& node, const std::string& field) {
  RowExpectation row;
  row.at = LocationAt(node.at, field);
  for (const Entry& entry : node.entries) ReadRowKey(entry, field, &row);
  CheckRow(node, field);
  if (row.name.empty()) row.name = fmt::format("row {}", read_.rows.size() + 1);
  read_.rows.push_back(std::move(row));
}

void ExpectationsReader::ReadLimits(const YamlNode& node, const std::string& field,
                                    const MetricExpectation& common) {
  if (!values_.Mapping(node, field, kLimitsExpected)) return;
  if (node.entries.empty()) values_.Tell(node.at, field, "no metric", kLimitsExpected);
  for (const Entry& entry : node.entries) {
    const std::string inner = FieldOf(field, entry.key);
    if (!Accepts(Metrics(), entry.key)) {
      TellUnknownName(Metrics(), entry.key, entry.at, inner, "metric", problems_);
      continue;
    }
    const auto limit = values_.Number(entry.value, inner);
    if (!limit) continue;
    const Range range = MetricRange(entry.key);
    if (!range.Holds(*limit)) {
      values_.Tell(entry.value.at, inner, entry.value.text + " is out of range",
                   std::isfinite(range.max)
                       ? fmt::format("a number from {} to {}", range.min, range.max)
                       : fmt::format("a number of at least {}", range.min));
    }
    MetricExpectation expectation = common;
    expectation.metric = entry.key;
    expectation.limit = *limit;
    expectation.limit_at = LocationAt(entry.value.at, inner);
    read_.metrics.push_back(std::move(expectation));
  }
}

void ExpectationsReader::ReadMetrics(const YamlNode& node, const std::string& field) {
  MetricExpectation common;
  common.at = LocationAt(node.at, field);
  for (const Entry& entry : node.entries) {
    const std::string inner = FieldOf(field, entry.key);
    if (entry.key == "name") {
      Set(&common.name, values_.Text(entry.value, inner));
    } else if (entry.key == "where") {
      Set(&common.where, values_.Placed(entry.value, inner));
    } else if (entry.key == "on") {
      const auto choice = values_.Choice(entry.value, inner, {"test", "all"});
      common.all_rows = choice == 1;
    } else if (entry.key != "metrics") {
      values_.UnknownKey(entry, field, {"name", "where", "on", "metrics"});
    }
  }
  if (common.name.empty()) {
    common.name = common.where.text.empty() ? "all rows" : common.where.text;
  }
  if (const Entry* metrics = node.Find("metrics")) {
    ReadLimits(metrics->value, FieldOf(field, "metrics"), common);
  } else {
    values_.Tell(node.at, field, "no metrics", fmt::format("metrics: {}", kLimitsExpected));
  }
}

void ExpectationsReader::ReadEntry(const Entry& entry) {
  if (entry.key == "seed") {
    const auto seed = values_.Count(entry.value, entry.key);
    if (seed) read_.seed = static_cast<uint64_t>(*seed);
  } else if (entry.key == "rows") {
    ReadMappings(values_, entry.value, entry.key, "{name, features, label}",
                 [&](const YamlNode& node, const std::string& field) { ReadRow(node, field); });
  } else if (entry.key == "invariance") {
    ReadMappings(values_, entry.value, entry.key, "{name, change}",
                 [&](const YamlNode& node, const std::string& field) {
                   read_.invariance.push_back(ReadInvariance(values_, node, field));
                 });
  } else if (entry.key == "directional") {
    ReadMappings(values_, entry.value, entry.key, "{name, change, probability, must}",
                 [&](const YamlNode& node, const std::string& field) {
                   read_.directional.push_back(ReadDirectional(values_, node, field));
                 });
  } else if (entry.key == "metrics") {
    ReadMappings(values_, entry.value, entry.key, "{name, where, metrics}",
                 [&](const YamlNode& node, const std::string& field) { ReadMetrics(node, field); });
  } else {
    values_.UnknownKey(entry, "", {"rows", "invariance", "directional", "metrics", "seed"});
  }
}

// Tests are chosen by name, so that each has its own.
void ExpectationsReader::CheckNames() {
  std::set<std::string> seen;
  const auto check = [&](const std::string& kind, const std::string& name, const Location& at) {
    if (seen.insert(kind + "::" + name).second) return;
    values_.Tell({at.file, at.line, at.column}, at.field,
                 fmt::format("'{}' is the name of an earlier one", Printable(name)),
                 "name: another one");
  };
  for (const RowExpectation& one : read_.rows) check("rows", one.name, one.at);
  for (const InvarianceExpectation& one : read_.invariance)
    check("invariance", one.rows.name, one.rows.at);
  for (const DirectionalExpectation& one : read_.directional)
    check("directional", one.rows.name, one.rows.at);
  for (const MetricExpectation& one : read_.metrics)
    check("metrics", one.name + ": " + one.metric, one.at);
}

Expectations ExpectationsReader::Read(const YamlNode& root) {
  if (!values_.Mapping(root, "", kExpected)) return {};
  for (const Entry& entry : root.entries) ReadEntry(entry);
  if (root.entries.empty() || (root.entries.size() == 1 && root.Find("seed") != nullptr)) {
    values_.Tell(root.at, "", "nothing is expected", kExpected);
  }
  CheckNames();
  return std::move(read_);
}

}  // namespace

std::optional<PlacedText> ExpectationValues::Placed(const YamlNode& node,
                                                    const std::string& field) {
  auto text = Text(node, field);
  if (!text) return std::nullopt;
  return PlacedText{*std::move(text), LocationAt(node.at, field)};
}

std::optional<PlacedValue> ExpectationValues::Value(const YamlNode& node,
                                                    const std::string& field) {
  PlacedValue value;
  value.at = LocationAt(node.at, field);
  if (node.kind == YamlNode::Kind::kNull) {
    value.missing = true;
    return value;
  }
  if (node.kind != YamlNode::Kind::kScalar) return WrongType(node, field, "a value, or null");
  value.text = node.text;
  const Json plain = node.plain ? PlainValue(node.text) : Json();
  if (!plain.is_number()) return value;
  value.number = plain.get<double>();
  if (std::isfinite(*value.number)) return value;
  Tell(node.at, field, DescribeNode(node) + " is not finite", "a finite number, or null");
  return std::nullopt;
}

std::optional<double> ExpectationValues::Amount(const YamlNode& node, const std::string& field) {
  const auto value = Number(node, field);
  if (!value || *value >= 0) return value;
  Tell(node.at, field, node.text + " is negative", "0 or more");
  return std::nullopt;
}

Result<Expectations> ParseExpectations(const std::string& text, const std::string& file) {
  Problems problems;
  const auto root = ParseYaml(text, file, &problems, kMaxSchemaNodes);
  Expectations expectations;
  if (root && root->kind == YamlNode::Kind::kNull) {
    problems.Add(Error(ErrorCode::kInvalidInput, "an empty file")
                     .At(LocationAt({file}))
                     .Expected(kExpected));
  } else if (root) {
    expectations = ExpectationsReader(&problems).Read(*root);
  }
  if (!problems.empty()) return problems.Join({file});
  expectations.file = file;
  return expectations;
}

Result<Expectations> LoadExpectations(const std::string& path) {
  SLIPWAY_ASSIGN_OR_RETURN(const std::string text, ReadPlainFile(path, "expectations"));
  return ParseExpectations(text, path);
}

}  // namespace slipway::config
