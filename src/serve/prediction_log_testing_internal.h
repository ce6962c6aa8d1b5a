// Models, requests and segments for the tests of the prediction log.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/testing.h"
#include "data/reader.h"
#include "serve/model_host.h"
#include "serve/prediction_log.h"

namespace slipway::serve {

// Nobody asks it.
class SilentPredictor : public model::Predictor {
 public:
  Result<model::Predictions> Predict(const data::Table& /*table*/, int /*threads*/) const override {
    return Error(ErrorCode::kInternal, "nobody asks it");
  }
  const std::vector<model::InputField>& inputs() const override { return inputs_; }
  const std::vector<std::string>& classes() const override { return classes_; }
  const char* engine() const override { return "none"; }

 private:
  std::vector<model::InputField> inputs_;
  std::vector<std::string> classes_;
};

// Two classes, a number, a text and a time; or a regression of one number.
inline ServedModel ModelOf(const std::string& name, const std::string& version,
                           std::vector<std::string> classes = {"no", "yes"}) {
  LoadedModel loaded;
  loaded.name = name;
  loaded.version = version;
  loaded.model.digest = "sha256:" + name + version;
  model::ModelSchema& schema = loaded.model.schema;
  schema.classes = std::move(classes);
  schema.task = schema.classes.empty() ? "regression" : "classification";
  const std::vector<std::pair<const char*, data::ColumnType>> inputs = {
      {"age", data::ColumnType::kNumeric},
      {"city", data::ColumnType::kCategory},
      {"since", data::ColumnType::kTimestamp}};
  for (const auto& [input, type] : inputs) {
    model::InputField& field = schema.inputs.emplace_back();
    field.name = input;
    field.type = type;
    if (schema.classes.empty()) break;
  }
  loaded.model.predictor = std::make_unique<SilentPredictor>();
  return ServedModel(std::move(loaded));
}

// What a loop has in hand when it has answered `rows` rows. Row r of the request has the age
// `first + r`, whose parity is the class and whose half is the estimate.
class Answered {
 public:
  Answered(const ServedModel& model, std::string id, int64_t rows = 1, int64_t first = 0)
      : id_(std::move(id)) {
    const model::ModelSchema& schema = model.model.schema;
    const auto classes = static_cast<int>(schema.classes.size());
    predictions_ = model::Predictions::Make(rows, classes);
    table_.rows = rows;
    for (const model::InputField& field : schema.inputs) {
      data::Column& column = table_.columns.emplace_back();
      column.name = field.name;
      column.type = field.type;
      if (field.type == data::ColumnType::kCategory) column.categories = {"Bern", "Genf"};
      for (int64_t row = 0; row < rows; ++row) Add(first + row, &column);
    }
    for (int64_t row = 0; row < rows; ++row) {
      const auto place = static_cast<size_t>(row);
      if (classes == 0) predictions_.values[place] = 0.5 * static_cast<double>(first + row);
      if (classes == 0) continue;
      const auto label = static_cast<int32_t>((first + row) % classes);
      predictions_.labels[place] = label;
      predictions_.scores[place * static_cast<size_t>(classes) + static_cast<size_t>(label)] =
          0.75F;
    }
  }

  Observation Of(const LoggedModel* model, int64_t begun_ns = 0,
                 int64_t took_ns = 2'000'000) const {
    return {.model = model,
            .rows = &table_,
            .predictions = &predictions_,
            .request_id = id_,
            .trace_id = id_.size() % 2 == 0 ? "" : "0af7651916cd43dd8448eb211c80319c",
            .begun_ns = begun_ns,
            .made_ns = begun_ns + took_ns};
  }

 private:
  // Every seventh value is missing.
  static void Add(int64_t value, data::Column* column) {
    const bool missing = value % 7 == 6;
    if (column->type == data::ColumnType::kCategory) {
      column->codes.push_back(missing ? data::kMissingCode : static_cast<int32_t>(value % 2));
    } else {
      column->numbers.push_back(missing ? data::kMissingNumber : static_cast<double>(value));
    }
  }

  std::string id_;
  data::Table table_;
  model::Predictions predictions_;
};

// Paths of the segments under `place` whose path contains `part`, sorted.
inline std::vector<std::string> SegmentsIn(const std::string& place, std::string_view part = "") {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(place)) {
    const std::string path = entry.path().string();
    if (path.ends_with(".parquet") && path.find(part) != std::string::npos) paths.push_back(path);
  }
  std::ranges::sort(paths);
  return paths;
}

inline data::Table ReadSegment(const std::string& path) {
  data::ReadOptions options;
  options.missing_values.clear();
  options.categorical_columns = {"request_id", "version", "label", "predicted"};
  Result<data::ReadResult> read = data::ReadTable(path, options);
  EXPECT_TRUE(read.ok()) << read.error().ToString();
  return read.ok() ? std::move(read->table) : data::Table{};
}

inline std::string ValueAt(const data::Table& table, const std::string& name, int64_t row) {
  const data::Column* const column = table.Find(name);
  if (column == nullptr) return "?";
  return column->IsMissing(row) ? "-" : column->TextAt(row);
}

// The values of `names` of all rows of all segments, with blanks between them, sorted.
inline std::vector<std::string> RowsIn(const std::string& place, const std::string& part,
                                       const std::vector<std::string>& names) {
  std::vector<std::string> rows;
  for (const std::string& path : SegmentsIn(place, part)) {
    const data::Table table = ReadSegment(path);
    for (int64_t row = 0; row < table.rows; ++row) {
      std::string shown;
      for (const std::string& name : names)
        shown += (shown.empty() ? "" : " ") + ValueAt(table, name, row);
      rows.push_back(std::move(shown));
    }
  }
  std::ranges::sort(rows);
  return rows;
}

// Files that wait to become segments.
inline std::vector<std::string> SpoolsIn(const std::string& place) {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(place)) {
    if (entry.path().extension() == ".spool" && entry.is_regular_file())
      paths.push_back(entry.path().string());
  }
  std::ranges::sort(paths);
  return paths;
}

}  // namespace slipway::serve
