// Learners behind one interface. They live in plug-in libraries, so that what serves never carries
// them.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/result.h"
#include "data/target.h"
#include "data/types.h"
#include "model/types.h"

namespace slipway::train {

// One documented hyper-parameter of a trainer, for `--help`, the JSON Schema and error messages.
struct HyperparameterDoc {
  std::string name;      // scikit-learn's.
  std::string type;      // "int", "float", "int, float or text", …
  std::string fallback;  // Default, as written in YAML.
  std::string meaning;
};

// What hyper-parameters depend on.
struct TrainingShape {
  int64_t rows = 0;
  int64_t columns = 0;
  bool regression = false;
};

// Rows to learn from, of classes or of numbers. All referenced memory outlives the call.
struct TrainingSet {
  const data::Matrix& features;
  std::span<const int32_t> classes;  // features.rows class indices.
  int class_count = 0;
  std::span<const double> class_weights;  // One a class, from 0; empty for all 1.
  // features.rows numbers to estimate, where class_count is 0.
  std::span<const double> values = {};
  // How much each row counts, from 0, besides its class's weight; empty for all alike.
  std::span<const double> row_weights = {};

  bool regression() const { return class_count == 0; }
  TrainingShape shape() const { return {features.rows, features.columns, regression()}; }
  double WeightOf(size_t row) const {
    const double own = row_weights.empty() ? 1 : row_weights[row];
    if (class_weights.empty()) return own;
    return own * class_weights[static_cast<size_t>(classes[row])];
  }
  double TotalWeight() const {
    double total = 0;
    for (size_t row = 0; row < static_cast<size_t>(features.rows); ++row) total += WeightOf(row);
    return total;
  }
  // Raw scores of models that add up log odds, one for two classes, else one a class, or the number
  // to estimate; and what they say then.
  int raw_scores() const { return class_count <= 2 ? 1 : class_count; }
  model::Link raw_link() const {
    if (regression()) return model::Link::kIdentity;
    return class_count == 2 ? model::Link::kLogit : model::Link::kSoftmax;
  }
};

// How a fit goes, besides its hyper-parameters.
struct FitSettings {
  uint64_t seed = 0;
  int threads = 0;              // 0 for all available cores.
  bool early_stopping = false;  // Ends a fit that makes no more progress, where the trainer can.
};

struct FittedModel {
  model::Scorer scorer;
  // One a matrix column, its share of what the trainer measures importance by (each says what in
  // its documentation); all 0 where no column mattered.
  std::vector<double> importances;
  std::vector<std::string> notes;  // What a person should know, as that a search was cut short.
};

// Stateless; Fit may run on several threads at once.
class Trainer {
 public:
  virtual ~Trainer() = default;
  virtual std::string name() const = 0;
  virtual bool Learns(data::Task task) const = 0;
  virtual std::vector<HyperparameterDoc> hyperparameters() const = 0;
  // What a search tries where nobody says, as `model.search_space` writes it; empty where there is
  // nothing that is worth a search.
  virtual Json search_space() const = 0;
  // kInvalidInput for each unknown name (with the nearest valid one) and each unusable value, all
  // at once.
  virtual Status CheckHyperparameters(const Json& hyperparameters) const = 0;
  // The same model for the same input, seed and build, on any number of threads.
  virtual Result<FittedModel> Fit(const TrainingSet& set, const Json& hyperparameters,
                                  const FitSettings& settings) const = 0;
};

// kInvalidInput where the trainer does not learn this task; names those that do.
Status CheckLearns(const Trainer& trainer, data::Task task);

// Trainers by `model_type`: one table. Documentation and checks of hyper-parameters need no
// plug-in.
std::vector<std::string> TrainerNames();
Result<std::unique_ptr<Trainer>> MakeTrainer(const std::string& model_type);

}  // namespace slipway::train
