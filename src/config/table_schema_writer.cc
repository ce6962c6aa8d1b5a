#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "config/config.h"
#include "config/table_schema.h"
#include "core/text.h"
#include "core/time_text.h"

namespace slipway::config {
namespace {

constexpr const char* kHeader =
    "# slipway table schema: what the data must look like. Edit it freely.\n"
    "# A rule that is not written is not checked; columns must be there unless `required: "
    "false`.\n";
constexpr size_t kMostWidth = 100;

// Plain where that reads back as the same text in every YAML, else quoted.
std::string Text(const std::string& text) {
  std::string line = JsonToYaml(Json(text));
  line.pop_back();
  return line;
}

// In single quotes, which keep backslashes as they are, where the text is printable ASCII.
std::string SingleQuoted(const std::string& text) {
  const bool printable = std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
  if (!printable) return Text(text);
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? "''" : std::string(1, c);
  return quoted + "'";
}

std::string Number(double value) {
  constexpr double kExactIntegers = 9007199254740992.0;  // 2^53.
  if (value == std::floor(value) && std::fabs(value) <= kExactIntegers) {
    return fmt::format("{:.0f}", value + 0.0);
  }
  return fmt::format("{}", value);
}

std::string Bound(const SchemaBound& bound, SchemaType type) {
  if (bound.now) return "now";
  return type == SchemaType::kTimestamp ? FormatIsoTime(bound.value) : Number(bound.value);
}

std::string Range(const CountRange& range) {
  std::vector<std::string> parts;
  if (range.min) parts.push_back(fmt::format("min: {}", *range.min));
  if (range.max) parts.push_back(fmt::format("max: {}", *range.max));
  return "{" + Join(parts, ", ") + "}";
}
bool IsSet(const CountRange& range) { return range.min || range.max; }

const char* Word(bool value) { return value ? "true" : "false"; }
const char* Word(SchemaSeverity severity) {
  return severity == SchemaSeverity::kError ? "error" : "warning";
}

// "key: [a, b]", broken between items where the line would be too long.
std::string TextList(const std::string& key, const std::vector<std::string>& items) {
  std::string text = key + ": [";
  const std::string indent(text.size(), ' ');
  size_t width = text.size();
  for (size_t i = 0; i < items.size(); ++i) {
    const std::string item = Text(items[i]) + (i + 1 < items.size() ? "," : "]");
    const size_t wide = TextWidth(item) + 1;
    if (i > 0 && width + wide > kMostWidth) {
      text += "\n" + indent;
      width = indent.size();
    } else if (i > 0) {
      text += ' ';
    }
    text += item;
    width += wide;
  }
  return text + "\n";
}

class SchemaWriter {
 public:
  explicit SchemaWriter(const TableSchema& schema) : schema_(schema) {}
  std::string Write();

 private:
  void Line(int depth, const std::string& key, const std::string& value) {
    text_ += std::string(2 * static_cast<size_t>(depth), ' ') + key + ": " + value + "\n";
  }
  void WriteTable();
  void WriteColumn(const ColumnSchema& column);
  void WriteRules(const ColumnSchema& column);
  void WriteCheck(const RowCheck& check);

  const TableSchema& schema_;
  std::string text_ = kHeader;
};

void SchemaWriter::WriteTable() {
  Line(0, "version", "1");
  Line(0, "allow_extra_columns", Word(schema_.allow_extra_columns));
  Line(0, "ordered", Word(schema_.ordered));
  if (IsSet(schema_.rows)) Line(0, "rows", Range(schema_.rows));
  if (schema_.severity != SchemaSeverity::kError) Line(0, "severity", Word(schema_.severity));
}

void SchemaWriter::WriteRules(const ColumnSchema& column) {
  if (column.min) Line(2, "min", Bound(*column.min, column.type));
  if (column.max) Line(2, "max", Bound(*column.max, column.type));
  if (column.max_age) Line(2, "max_age", FormatDuration(*column.max_age));
  if (!column.categories.empty()) text_ += TextList("    categories", column.categories);
  if (!column.pattern.empty()) Line(2, "pattern", SingleQuoted(column.pattern));
  if (IsSet(column.length)) Line(2, "length", Range(column.length));
  if (column.unique) Line(2, "unique", Word(column.unique));
  if (column.max_unexpected > 0) Line(2, "max_unexpected", Number(column.max_unexpected));
  if (column.severity != schema_.severity) Line(2, "severity", Word(column.severity));
}

void SchemaWriter::WriteColumn(const ColumnSchema& column) {
  text_ += "  " + Text(column.name) + ":";
  if (!column.note.empty()) text_ += "  # " + Printable(column.note);
  text_ += '\n';
  Line(2, "type", ToString(column.type));
  if (!column.required) Line(2, "required", Word(false));
  if (column.max_missing == 0 || column.max_missing == 1) {
    Line(2, "nullable", Word(column.max_missing == 1));
  } else {
    Line(2, "max_missing", Number(column.max_missing));
  }
  WriteRules(column);
}

void SchemaWriter::WriteCheck(const RowCheck& check) {
  const std::string expression = SingleQuoted(check.expression);
  const bool named = check.name != check.expression;
  const bool severe = check.severity != schema_.severity;
  if (!named && !severe && check.max_failing == 0) {
    text_ += "  - " + expression + "\n";
    return;
  }
  text_ += "  - check: " + expression + "\n";
  if (named) Line(2, "name", Text(check.name));
  if (check.max_failing > 0) Line(2, "max_failing", Number(check.max_failing));
  if (severe) Line(2, "severity", Word(check.severity));
}

std::string SchemaWriter::Write() {
  WriteTable();
  text_ += schema_.columns.empty() ? "columns: {}\n" : "columns:\n";
  for (const ColumnSchema& column : schema_.columns) WriteColumn(column);
  if (schema_.checks.empty()) {
    text_ +=
        "# checks:  # Expressions that each row must fulfil; one with a missing value counts as "
        "fulfilled.\n"
        "#   - end >= start\n"
        "#   - {name: total_adds_up, check: total == price * quantity, severity: warning}\n";
    return std::move(text_);
  }
  text_ += "checks:\n";
  for (const RowCheck& check : schema_.checks) WriteCheck(check);
  return std::move(text_);
}

}  // namespace

std::string WriteTableSchema(const TableSchema& schema) { return SchemaWriter(schema).Write(); }

}  // namespace slipway::config
