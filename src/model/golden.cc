#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "model/artifact.h"
#include "model/columns_internal.h"
#include "model/golden_rows.h"

namespace slipway::model {
namespace {

constexpr const char* kGoldenFile = "golden.jsonl";

Json LabelAsJson(const std::string& label, bool integer_labels) {
  int64_t value = 0;
  const char* end = label.data() + label.size();
  if (integer_labels && std::from_chars(label.data(), end, value).ptr == end) return value;
  return label;
}

Json ValueAt(const data::Column& column, int64_t row) {
  if (column.IsMissing(row)) return nullptr;
  if (column.type == data::ColumnType::kCategory) return column.TextAt(row);
  const double number = column.numbers[static_cast<size_t>(row)];
  if (column.integral) return static_cast<int64_t>(number);
  return number;
}

Error GoldenError(int64_t line, const std::string& field, std::string message) {
  Location location;
  location.file = kGoldenFile;
  location.line = line;
  location.field = field;
  return Error(ErrorCode::kInvalidInput, std::move(message)).At(std::move(location));
}

struct GoldenRow {
  Json input;
  std::string label;
  Json probabilities;
  double prediction = 0;  // Of a regression.
};

Result<GoldenRow> ParseRow(std::string_view text, int64_t line, bool regression) {
  SLIPWAY_ASSIGN_OR_RETURN(Json json, ParseJson(text, kGoldenFile));
  if (!json.is_object()) return GoldenError(line, "", "not an object");
  const auto member = [&](const char* key) { return json.contains(key) ? json[key] : Json(); };
  GoldenRow row{member("input"), "", member("probabilities")};
  if (regression) {
    const Json prediction = member("prediction");
    if (!row.input.is_object() || !prediction.is_number())
      return GoldenError(line, "", "not a golden row").Expected("\"input\" and \"prediction\"");
    row.prediction = prediction;
    return row;
  }
  const Json label = member("label");
  if (!row.input.is_object() || !row.probabilities.is_object() ||
      !(label.is_string() || label.is_number_integer())) {
    return GoldenError(line, "", "not a golden row")
        .Expected("\"input\", \"label\" and \"probabilities\"");
  }
  row.label = label.is_string() ? label.get<std::string>() : std::to_string(label.get<int64_t>());
  return row;
}

Result<std::vector<GoldenRow>> ParseRows(std::string_view golden, bool regression) {
  std::vector<GoldenRow> rows;
  for (int64_t line = 1; !golden.empty(); ++line) {
    const size_t end = std::min(golden.find('\n'), golden.size());
    SLIPWAY_ASSIGN_OR_RETURN(GoldenRow row, ParseRow(golden.substr(0, end), line, regression));
    rows.push_back(std::move(row));
    golden.remove_prefix(std::min(end + 1, golden.size()));
  }
  return rows;
}

// The member, or null; `near` is where it is if the file has the order of the schema.
const Json& MemberOf(const Json& object, const std::string& name, size_t near) {
  static const Json null;
  const auto& members = object.get_ref<const Json::object_t&>();
  if (near < members.size() && members.begin()[static_cast<std::ptrdiff_t>(near)].first == name)
    return members.begin()[static_cast<std::ptrdiff_t>(near)].second;
  const auto found = object.find(name);
  return found == object.end() ? null : *found;
}

Result<data::Column> ReadColumn(const std::vector<GoldenRow>& rows, const InputField& field,
                                size_t place) {
  data::Column numbers;
  numbers.name = field.name;
  numbers.type = field.type;
  std::vector<std::string> texts;
  const bool category = field.type == data::ColumnType::kCategory;
  for (size_t i = 0; i < rows.size(); ++i) {
    const Json& value = MemberOf(rows[i].input, field.name, place);
    const bool missing = value.is_null();
    if (!missing && !(category ? value.is_string() : value.is_number())) {
      return GoldenError(static_cast<int64_t>(i) + 1, field.name, "wrong type")
          .Expected(category ? "text or null" : "a number or null");
    }
    if (category) {
      texts.push_back(missing ? "" : value.get<std::string>());
    } else {
      numbers.numbers.push_back(missing ? data::kMissingNumber : value.get<double>());
    }
  }
  return category ? MakeCategoryColumn(field.name, texts) : numbers;
}

Result<data::Table> ReadInputs(const std::vector<GoldenRow>& rows,
                               const std::vector<InputField>& inputs) {
  data::Table table;
  table.rows = static_cast<int64_t>(rows.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    SLIPWAY_ASSIGN_OR_RETURN(data::Column column, ReadColumn(rows, inputs[i], i));
    table.columns.push_back(std::move(column));
  }
  return table;
}

// {"label":…,"probabilities":{…}}, or {"prediction":…}.
Json AnswerAt(const Predictions& predictions, int64_t row, const ModelSchema& schema) {
  if (predictions.regression())
    return {{"prediction", predictions.values[static_cast<size_t>(row)]}};
  // Names are distinct: appended without a look at those that are there.
  Json::object_t probabilities;
  for (int cls = 0; cls < predictions.classes; ++cls) {
    probabilities.emplace_back(schema.classes[static_cast<size_t>(cls)],
                               ShortestNumber(predictions.Score(row, cls)));
  }
  const auto label = static_cast<size_t>(predictions.labels[static_cast<size_t>(row)]);
  return {{"label", LabelAsJson(schema.classes[label], schema.integer_labels)},
          {"probabilities", std::move(probabilities)}};
}

// What differs by more than anything before.
void Note(double difference, int64_t row, ParityReport* report) {
  // What is no number differs from any.
  if (std::isnan(difference)) difference = std::numeric_limits<double>::infinity();
  if (difference <= report->largest_difference) return;
  report->largest_difference = difference;
  if (report->label_mismatches == 0) report->worst_row = row + 1;
}

// Rounding is relative to what is estimated: 1e-6 of a million is as little as 1e-6 of one.
ParityReport CompareEstimates(const std::vector<GoldenRow>& rows, const Predictions& predictions) {
  double scale = 0;
  for (const GoldenRow& row : rows) scale = std::max(scale, std::abs(row.prediction));
  if (scale == 0) scale = 1;
  ParityReport report;
  report.rows = predictions.rows;
  for (int64_t row = 0; row < predictions.rows; ++row) {
    const double wanted = rows[static_cast<size_t>(row)].prediction;
    const double given = predictions.values[static_cast<size_t>(row)];
    Note(std::abs(given - wanted) / scale, row, &report);
  }
  return report;
}

Result<ParityReport> CompareScores(const std::vector<GoldenRow>& rows,
                                   const Predictions& predictions,
                                   const std::vector<std::string>& classes) {
  ParityReport report;
  report.rows = predictions.rows;
  for (int64_t row = 0; row < predictions.rows; ++row) {
    const GoldenRow& golden_row = rows[static_cast<size_t>(row)];
    const auto label = static_cast<size_t>(predictions.labels[static_cast<size_t>(row)]);
    if (classes[label] != golden_row.label && report.label_mismatches++ == 0)
      report.worst_row = row + 1;
    for (int cls = 0; cls < predictions.classes; ++cls) {
      const std::string& name = classes[static_cast<size_t>(cls)];
      const auto it = golden_row.probabilities.find(name);
      if (it == golden_row.probabilities.end() || !it->is_number()) {
        return GoldenError(row + 1, name, "no probability of this class");
      }
      Note(std::abs(it->get<float>() - static_cast<double>(predictions.Score(row, cls))), row,
           &report);
    }
  }
  return report;
}

}  // namespace

std::string WriteGolden(const data::Table& rows, const std::vector<InputField>& inputs,
                        const Predictions& predictions, const ModelSchema& schema) {
  std::vector<const data::Column*> columns;
  for (size_t i = 0; i < inputs.size(); ++i) columns.push_back(rows.Find(inputs[i].name, i));
  std::string lines;
  for (int64_t row = 0; row < rows.rows; ++row) {
    // Names are distinct: appended without a look at those that are there.
    Json::object_t input;
    for (size_t i = 0; i < inputs.size(); ++i) {
      const data::Column* column = columns[i];
      input.emplace_back(inputs[i].name, column == nullptr ? Json() : ValueAt(*column, row));
    }
    Json line = {{"input", std::move(input)}};
    line.update(AnswerAt(predictions, row, schema));
    lines += CompactJson(line) + '\n';
  }
  return lines;
}

Result<data::Table> GoldenInputs(std::string_view golden, const ModelSchema& schema) {
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<GoldenRow> rows,
                           ParseRows(golden, schema.classes.empty()));
  return ReadInputs(rows, schema.inputs);
}

Result<ParityReport> CheckGolden(std::string_view golden, const ModelSchema& schema,
                                 const Predictor& predictor) {
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<GoldenRow> rows,
                           ParseRows(golden, predictor.classes().empty()));
  SLIPWAY_ASSIGN_OR_RETURN(const data::Table table, ReadInputs(rows, schema.inputs));
  SLIPWAY_ASSIGN_OR_RETURN(const Predictions predictions, predictor.Predict(table));
  if (predictions.regression()) return CompareEstimates(rows, predictions);
  return CompareScores(rows, predictions, predictor.classes());
}

}  // namespace slipway::model
