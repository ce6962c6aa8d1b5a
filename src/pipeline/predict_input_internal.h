// What predicting asks of its input and says of it.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "core/progress.h"
#include "data/reader.h"
#include "model/artifact.h"
#include "pipeline/predict.h"

namespace slipway::pipeline {

// kInvalidInput for a column that is named twice or has the name of an output.
Status CheckIds(const std::vector<std::string>& ids, const model::ModelSchema& schema);

// Has the model's inputs read as what training had.
void AddInputTypes(const model::ModelSchema& schema, data::ReadOptions* read);
data::ReadOptions ReadOptionsFor(const model::ModelSchema& schema, const PredictOptions& options);

// All values that can't be read at once, each with its first row. A warning stops nothing.
Status CheckReadable(const std::vector<data::Issue>& issues, const std::string& path,
                     ProgressSink& progress);

// Texts that training did not have, over stretches of rows. Not thread-safe.
class UnknownTally {
 public:
  // Those of one table.
  UnknownTally(const data::Table& table, const model::ModelSchema& schema);
  UnknownTally() = default;

  // Adds those of the rows from `first_row` on.
  void Add(const UnknownTally& later, int64_t first_row);
  // In the order of the inputs.
  std::vector<UnknownCategories> Finish() const;

 private:
  struct OfInput {
    UnknownCategories told;
    std::set<std::string> different;
  };
  std::vector<OfInput> inputs_;  // One an input of the model, or none.
};

void WarnOfUnknown(const std::vector<UnknownCategories>& unknown, const std::string& path,
                   ProgressSink& progress);

}  // namespace slipway::pipeline
