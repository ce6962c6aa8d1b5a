#include <fmt/compile.h>
#include <fmt/format.h>

#include <cstdlib>
#include <iterator>

#include "core/text.h"
#include "pipeline/csv_text.h"
#include "pipeline/predict_text_internal.h"

namespace slipway::pipeline {
namespace {

Json LabelJson(const std::string& label, const model::ModelSchema& schema) {
  if (schema.integer_labels) return std::strtoll(label.c_str(), nullptr, 10);
  return label;
}

// A float32 with the digits that tell it from its neighbours, and not those of its double.
double ShortestDouble(float value) {
  return std::strtod(fmt::format("{}", value).c_str(), nullptr);
}

const std::string& LabelAt(const PredictedRows& rows, const model::ModelSchema& schema,
                           int64_t row) {
  const auto index = static_cast<size_t>(rows.predictions.labels[static_cast<size_t>(row)]);
  return schema.classes[index];
}

// The label, or the number.
Json AnswerJson(const PredictedRows& rows, const model::ModelSchema& schema, int64_t row) {
  if (rows.predictions.regression()) return rows.predictions.values[static_cast<size_t>(row)];
  return LabelJson(LabelAt(rows, schema, row), schema);
}

std::string CsvLines(const PredictedRows& rows, const model::ModelSchema& schema) {
  std::vector<std::string> labels;
  for (const std::string& label : schema.classes) labels.push_back(CsvField(label));
  std::string text;
  auto out = std::back_inserter(text);
  for (int64_t row = 0; row < rows.predictions.rows; ++row) {
    for (const data::Column& id : rows.ids.columns) {
      text += CsvField(id.TextAt(row));
      text += ',';
    }
    if (rows.predictions.regression()) {
      fmt::format_to(out, FMT_COMPILE("{}\n"), rows.predictions.values[static_cast<size_t>(row)]);
      continue;
    }
    text += labels[static_cast<size_t>(rows.predictions.labels[static_cast<size_t>(row)])];
    for (int cls = 0; cls < rows.predictions.classes; ++cls) {
      fmt::format_to(out, FMT_COMPILE(",{}"), rows.predictions.Score(row, cls));
    }
    text += '\n';
  }
  return text;
}

std::string JsonLines(const PredictedRows& rows, const model::ModelSchema& schema) {
  const std::vector<std::string> names = model::OutputNames(schema.classes);
  std::string text;
  for (int64_t row = 0; row < rows.predictions.rows; ++row) {
    Json line = Json::object();
    for (const data::Column& id : rows.ids.columns) {
      line[id.name] = id.IsMissing(row) ? Json() : Json(id.TextAt(row));
    }
    line[names[0]] = AnswerJson(rows, schema, row);
    for (int cls = 0; cls < rows.predictions.classes; ++cls) {
      line[names[static_cast<size_t>(cls) + 1]] = ShortestDouble(rows.predictions.Score(row, cls));
    }
    text += CompactJson(line) + "\n";
  }
  return text;
}

}  // namespace

std::string HeaderOf(PredictionText form, const std::vector<std::string>& ids,
                     const model::ModelSchema& schema) {
  if (form != PredictionText::kCsv) return "";
  std::vector<std::string> header;
  for (const std::string& id : ids) header.push_back(CsvField(id));
  for (const std::string& name : model::OutputNames(schema.classes)) {
    header.push_back(CsvField(name));
  }
  return Join(header, ",") + "\n";
}

std::string LinesOf(PredictionText form, const PredictedRows& rows,
                    const model::ModelSchema& schema) {
  return form == PredictionText::kCsv ? CsvLines(rows, schema) : JsonLines(rows, schema);
}

Json ToJson(const std::vector<UnknownCategories>& unknown) {
  Json json = Json::array();
  for (const UnknownCategories& one : unknown) {
    json.push_back({{"column", one.column},
                    {"rows", one.rows},
                    {"categories", one.categories},
                    {"example", one.example},
                    {"row", one.row}});
  }
  return json;
}

Json ToJson(const PredictedRows& rows, const ChosenModel& chosen) {
  const model::ModelSchema& schema = chosen.model.schema;
  Json predictions = Json::array();
  Json probabilities = Json::array();
  for (int64_t row = 0; row < rows.predictions.rows; ++row) {
    predictions.push_back(AnswerJson(rows, schema, row));
    Json scores = Json::object();
    for (int cls = 0; cls < rows.predictions.classes; ++cls) {
      scores[schema.classes[static_cast<size_t>(cls)]] =
          ShortestDouble(rows.predictions.Score(row, cls));
    }
    probabilities.push_back(std::move(scores));
  }
  Json json = {{"predictions", std::move(predictions)}};
  if (!rows.predictions.regression()) json["probabilities"] = std::move(probabilities);
  json["model"] = chosen.name;
  json["version"] = chosen.version;
  for (const data::Column& id : rows.ids.columns) {
    Json values = Json::array();
    for (int64_t row = 0; row < rows.ids.rows; ++row) {
      values.push_back(id.IsMissing(row) ? Json() : Json(id.TextAt(row)));
    }
    json["ids"][id.name] = std::move(values);
  }
  if (!rows.unknown.empty()) json["unknown_categories"] = ToJson(rows.unknown);
  return json;
}

}  // namespace slipway::pipeline
