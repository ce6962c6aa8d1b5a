#include "config/table_schema.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/table_schema_values_internal.h"
#include "core/text.h"

namespace slipway::config {
namespace {

// Each is compiled against all columns.
constexpr size_t kMostChecks = 1000;

bool IsNumeric(SchemaType type) {
  return type == SchemaType::kInteger || type == SchemaType::kNumber;
}
bool IsText(SchemaType type) { return type == SchemaType::kText || type == SchemaType::kCategory; }
bool IsTime(SchemaType type) { return type == SchemaType::kTimestamp; }
bool IsRanged(SchemaType type) { return IsNumeric(type) || IsTime(type); }
bool IsAny(SchemaType /*type*/) { return true; }

// Reads the mapping of one column.
class ColumnReader {
 public:
  ColumnReader(SchemaValues* values, std::string field, ColumnSchema* column)
      : values_(*values), field_(std::move(field)), column_(*column) {}

  void Read(const YamlNode& node);

 private:
  struct Key {
    const char* name;
    bool (*fits)(SchemaType);
    const char* fitting;  // Types, in words.
    void (ColumnReader::*read)(const YamlNode&, const std::string&);
  };
  static const std::vector<Key>& Keys();
  static std::vector<std::string> KeyNames();

  bool ReadType(const YamlNode& node);
  void ReadEntry(const Entry& entry);
  void CheckTogether(const YamlNode& node);

  void Nothing(const YamlNode& /*node*/, const std::string& /*field*/) {}
  void Required(const YamlNode& node, const std::string& field) {
    Set(&column_.required, values_.Boolean(node, field));
  }
  void Nullable(const YamlNode& node, const std::string& field) {
    const auto nullable = values_.Boolean(node, field);
    if (nullable) column_.max_missing = *nullable ? 1 : 0;
  }
  void MaxMissing(const YamlNode& node, const std::string& field) {
    Set(&column_.max_missing, values_.Share(node, field));
  }
  void Min(const YamlNode& node, const std::string& field) { column_.min = Bound(node, field); }
  void Max(const YamlNode& node, const std::string& field) { column_.max = Bound(node, field); }
  void MaxAge(const YamlNode& node, const std::string& field) {
    column_.max_age = values_.Duration(node, field);
  }
  void Categories(const YamlNode& node, const std::string& field) {
    Set(&column_.categories, values_.Texts(node, field));
  }
  void ReadPattern(const YamlNode& node, const std::string& field) {
    Set(&column_.pattern, values_.Regex(node, field));
  }
  void Length(const YamlNode& node, const std::string& field) {
    Set(&column_.length, values_.Counts(node, field));
  }
  void Unique(const YamlNode& node, const std::string& field) {
    Set(&column_.unique, values_.Boolean(node, field));
  }
  void MaxUnexpected(const YamlNode& node, const std::string& field) {
    Set(&column_.max_unexpected, values_.Share(node, field));
  }
  void Severity(const YamlNode& node, const std::string& field) {
    Set(&column_.severity, values_.Severity(node, field));
  }
  std::optional<SchemaBound> Bound(const YamlNode& node, const std::string& field) {
    if (IsTime(column_.type)) return values_.Time(node, field);
    const auto number = values_.Number(node, field);
    if (!number) return std::nullopt;
    return SchemaBound{.value = *number};
  }

  SchemaValues& values_;
  std::string field_;
  ColumnSchema& column_;
};

const std::vector<ColumnReader::Key>& ColumnReader::Keys() {
  constexpr const char* kAny = "any type";
  constexpr const char* kText = "text and category";
  static const std::vector<Key> keys = {
      {"type", IsAny, kAny, &ColumnReader::Nothing},
      {"required", IsAny, kAny, &ColumnReader::Required},
      {"nullable", IsAny, kAny, &ColumnReader::Nullable},
      {"max_missing", IsAny, kAny, &ColumnReader::MaxMissing},
      {"min", IsRanged, "integer, number and timestamp", &ColumnReader::Min},
      {"max", IsRanged, "integer, number and timestamp", &ColumnReader::Max},
      {"max_age", IsTime, "timestamp", &ColumnReader::MaxAge},
      {"categories", IsText, kText, &ColumnReader::Categories},
      {"pattern", IsText, kText, &ColumnReader::ReadPattern},
      {"length", IsText, kText, &ColumnReader::Length},
      {"unique", IsAny, kAny, &ColumnReader::Unique},
      {"max_unexpected", IsAny, kAny, &ColumnReader::MaxUnexpected},
      {"severity", IsAny, kAny, &ColumnReader::Severity}};
  return keys;
}

std::vector<std::string> ColumnReader::KeyNames() {
  std::vector<std::string> names;
  for (const Key& key : Keys()) names.emplace_back(key.name);
  return names;
}

// True where it is known, so that the other keys can be judged by it.
bool ColumnReader::ReadType(const YamlNode& node) {
  const Entry* entry = node.Find("type");
  if (entry == nullptr) {
    values_.Tell(node.at, field_, "no type",
                 "type: integer, number, text, category, timestamp or boolean");
    return false;
  }
  const auto type = values_.Type(entry->value, FieldOf(field_, "type"));
  Set(&column_.type, type);
  return type.has_value();
}

void ColumnReader::ReadEntry(const Entry& entry) {
  const auto key = std::ranges::find(Keys(), entry.key, &Key::name);
  if (key == Keys().end()) return values_.UnknownKey(entry, field_, KeyNames());
  if (!key->fits(column_.type)) {
    return values_.Tell(
        entry.at, field_,
        fmt::format("{} is no rule for a {} column", key->name, ToString(column_.type)),
        fmt::format("it for {} only", key->fitting));
  }
  (this->*key->read)(entry.value, FieldOf(field_, entry.key));
}

void ColumnReader::CheckTogether(const YamlNode& node) {
  if (node.Find("nullable") != nullptr && node.Find("max_missing") != nullptr) {
    values_.Tell(node.Find("max_missing")->at, field_, "nullable and max_missing at once",
                 "one of them");
  }
  const bool known = column_.min && column_.max && !column_.min->now && !column_.max->now;
  if (known && column_.min->value > column_.max->value) {
    values_.Tell(node.Find("min")->at, field_, "min is above max", "min at most max");
  }
}

void ColumnReader::Read(const YamlNode& node) {
  if (node.kind == YamlNode::Kind::kScalar) {  // "age: integer" for "age: {type: integer}".
    Set(&column_.type, values_.Type(node, field_));
    return;
  }
  if (!values_.Mapping(node, field_, "a type, or a mapping with a type and rules")) return;
  const bool typed = ReadType(node);
  for (const Entry& entry : node.entries) {
    const bool known = std::ranges::find(Keys(), entry.key, &Key::name) != Keys().end();
    if (typed || !known) ReadEntry(entry);
  }
  if (typed) CheckTogether(node);
}

class SchemaReader {
 public:
  explicit SchemaReader(Problems* problems) : values_(problems) {}

  TableSchema Read(const YamlNode& root);

 private:
  void ReadEntry(const Entry& entry);
  void ReadVersion(const Entry& entry);
  void ReadColumns(const YamlNode& node);
  void ReadChecks(const YamlNode& node);
  void ReadCheck(const YamlNode& node, const std::string& field);

  SchemaValues values_;
  TableSchema schema_;
};

constexpr const char* kSchemaExpected =
    "version, columns and checks, as `slipway data schema` writes them";

void SchemaReader::ReadVersion(const Entry& entry) {
  const auto version = values_.Number(entry.value, "version");
  if (version && *version != 1) {
    values_.Tell(entry.value.at, "version",
                 fmt::format("version {} is not read by this build", entry.value.text), "1");
  }
}

void SchemaReader::ReadColumns(const YamlNode& node) {
  if (!values_.Mapping(node, "columns", "a mapping of names to types and rules")) return;
  for (const Entry& entry : node.entries) {
    ColumnSchema column;
    column.name = entry.key;
    column.severity = schema_.severity;
    const std::string field = FieldOf("columns", entry.key);
    column.at = LocationAt(entry.at, field);
    ColumnReader(&values_, field, &column).Read(entry.value);
    schema_.columns.push_back(std::move(column));
  }
}

void SchemaReader::ReadCheck(const YamlNode& node, const std::string& field) {
  RowCheck check;
  check.severity = schema_.severity;
  const YamlNode* expression = &node;
  if (node.kind == YamlNode::Kind::kMap) {
    const Entry* entry = node.Find("check");
    if (entry == nullptr) {
      values_.Tell(node.at, field, "no check", "check: an expression, such as end >= start");
      return;
    }
    expression = &entry->value;
  }
  for (const Entry& entry : node.entries) {
    const std::string inner = FieldOf(field, entry.key);
    if (entry.key == "name") {
      Set(&check.name, values_.Text(entry.value, inner));
    } else if (entry.key == "max_failing") {
      Set(&check.max_failing, values_.Share(entry.value, inner));
    } else if (entry.key == "severity") {
      Set(&check.severity, values_.Severity(entry.value, inner));
    } else if (entry.key != "check") {
      values_.UnknownKey(entry, field, {"name", "check", "severity", "max_failing"});
    }
  }
  check.at = LocationAt(expression->at, field);
  Set(&check.expression, values_.Text(*expression, field));
  if (check.name.empty()) check.name = check.expression;
  schema_.checks.push_back(std::move(check));
}

void SchemaReader::ReadChecks(const YamlNode& node) {
  constexpr const char* kExpected = "a list of expressions, or of {name, check, severity}";
  if (node.kind != YamlNode::Kind::kList) {
    return values_.Tell(node.at, "checks", "not a list", kExpected);
  }
  if (node.items.size() > kMostChecks) {
    values_.Tell(node.at, "checks",
                 Plural(static_cast<int64_t>(node.items.size()), "check", "checks"),
                 "at most " + FormatCount(kMostChecks));
  }
  for (size_t i = 0; i < std::min(node.items.size(), kMostChecks); ++i) {
    ReadCheck(node.items[i], fmt::format("checks[{}]", i));
  }
}

void SchemaReader::ReadEntry(const Entry& entry) {
  if (entry.key == "version") {
    ReadVersion(entry);
  } else if (entry.key == "allow_extra_columns") {
    Set(&schema_.allow_extra_columns, values_.Boolean(entry.value, entry.key));
  } else if (entry.key == "ordered") {
    Set(&schema_.ordered, values_.Boolean(entry.value, entry.key));
  } else if (entry.key == "rows") {
    Set(&schema_.rows, values_.Counts(entry.value, entry.key));
  } else if (entry.key == "columns") {
    ReadColumns(entry.value);
  } else if (entry.key == "checks") {
    ReadChecks(entry.value);
  } else if (entry.key != "severity") {
    values_.UnknownKey(
        entry, "",
        {"version", "allow_extra_columns", "ordered", "rows", "severity", "columns", "checks"});
  }
}

TableSchema SchemaReader::Read(const YamlNode& root) {
  if (root.kind != YamlNode::Kind::kMap) {
    values_.Tell(root.at, "", "no table schema", kSchemaExpected);
    return {};
  }
  // Columns and checks start from it, wherever it stands.
  if (const Entry* severity = root.Find("severity")) {
    Set(&schema_.severity, values_.Severity(severity->value, "severity"));
  }
  for (const Entry& entry : root.entries) ReadEntry(entry);
  if (root.Find("columns") == nullptr) {
    values_.Tell(root.at, "columns", "missing key", "a mapping of names to types and rules");
  }
  return std::move(schema_);
}

}  // namespace

Result<TableSchema> ParseTableSchema(const std::string& text, const std::string& file) {
  Problems problems;
  const auto root = ParseYaml(text, file, &problems, kMaxSchemaNodes);
  TableSchema schema;
  if (root && root->kind == YamlNode::Kind::kNull) {
    problems.Add(Error(ErrorCode::kInvalidInput, "an empty file")
                     .At(LocationAt({file}))
                     .Expected(kSchemaExpected));
  } else if (root) {
    schema = SchemaReader(&problems).Read(*root);
  }
  if (!problems.empty()) return problems.Join({file});
  return schema;
}

Result<TableSchema> LoadTableSchema(const std::string& path) {
  SLIPWAY_ASSIGN_OR_RETURN(const std::string text, ReadPlainFile(path, "a schema"));
  return ParseTableSchema(text, path);
}

}  // namespace slipway::config
