// Predictions for a file of rows: what `slipway predict` does.
#pragma once

#include <string>
#include <vector>

#include "core/progress.h"
#include "core/result.h"
#include "data/profile.h"
#include "data/types.h"
#include "model/artifact.h"

namespace slipway::pipeline {

// A model as a reference named it.
struct ChosenModel {
  model::Model model;
  std::string name;     // Of the registered model, else of the file or directory.
  std::string version;  // The registry's counter; "" for a path.
};

// Resolves `reference` as the contract writes them and loads it, verified. `registry` is a .slipway
// directory or one that holds it, "" for the nearest one from here upwards. A path needs none.
// `features` are LoadModel's, for an ONNX file.
Result<ChosenModel> ChooseModel(const std::string& reference, const std::string& registry,
                                const std::vector<std::string>& features = {});

struct PredictOptions {
  std::string input_path;
  std::vector<std::string> id_columns;  // Copied through, as text, before the predictions.
  int threads = 0;                      // 0 for all available cores.
};

// Texts of one input that training did not have: the model answers, as it does for a value that it
// knows nothing of (docs/preprocessing.md).
struct UnknownCategories {
  std::string column;
  int64_t rows = 0;
  int64_t categories = 0;  // Different ones.
  std::string example;     // That of the first such row.
  int64_t row = 0;         // From 1.
};

struct PredictedRows {
  data::Table ids;
  std::vector<UnknownCategories> unknown;  // In the order of the inputs.
  model::Predictions predictions;
};

// Reads the file with the types of the model's schema and predicts each row, in order.
// kInvalidInput names file, row and column of a value that can't be read, or a column that is not
// there. Unknown categories are a warning, one a column.
Result<PredictedRows> PredictFile(const model::Model& model, const PredictOptions& options,
                                  ProgressSink& progress = SilentProgress());

// The profile of predicted classes or numbers (`prediction`) and scores (`probability_<class>`).
data::TableProfile ProfilePredictions(model::Predictions predictions,
                                      const model::ModelSchema& schema, int threads = 0);

// The columns of the output: ids, `label`, one `probability_<class>` a class; or `prediction`.
data::Table ToTable(const PredictedRows& rows, const model::ModelSchema& schema);

// What is left of predictions that went elsewhere.
struct PredictedFile {
  int64_t rows = 0;
  std::vector<UnknownCategories> unknown;  // In the order of the inputs.
};
// Predicts as PredictFile does and writes these columns to `path`, by its ending; floats in their
// shortest form. The file appears whole or not at all. CSV and JSON Lines (an object a row) are
// written block by block in bounded memory; Parquet takes that of all rows.
Result<PredictedFile> PredictToFile(const model::Model& model, const PredictOptions& options,
                                    const std::string& path,
                                    ProgressSink& progress = SilentProgress());
// The text of that CSV.
Result<std::string> PredictToCsv(const model::Model& model, const PredictOptions& options,
                                 ProgressSink& progress = SilentProgress());

// {"predictions":[…],"probabilities":[{…}],"model":…,"version":…}, as POST /predict answers (a
// regression has no probabilities); with
// "unknown_categories" where there are some.
Json ToJson(const PredictedRows& rows, const ChosenModel& chosen);
// [{"column":…,"rows":…,"categories":…,"example":…,"row":…}].
Json ToJson(const std::vector<UnknownCategories>& unknown);

// kInvalidInput unless `path` ends in .csv, .parquet or .jsonl.
Status CheckOutputPath(const std::string& path);

}  // namespace slipway::pipeline
