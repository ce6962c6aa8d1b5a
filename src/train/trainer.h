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
#include "data/types.h"
#include "model/tree_ensemble.h"

namespace slipway::train {

// One documented hyper-parameter of a trainer, for `--help`, the JSON Schema and error messages.
struct HyperparameterDoc {
  std::string name;      // scikit-learn's.
  std::string type;      // "int", "float", "int, float or text", …
  std::string fallback;  // Default, as written in YAML.
  std::string meaning;
};

// Rows to learn from. All referenced memory outlives the call.
struct TrainingSet {
  const data::Matrix& features;
  std::span<const int32_t> classes;  // features.rows class indices.
  int class_count = 0;
  std::span<const double> class_weights;  // One a class, from 0; empty for all 1.
};

struct FittedForest {
  std::vector<model::ProbabilityTree> trees;
  std::vector<double>
      importances;  // One a matrix column, mean decrease in impurity, sum 1 (all 0 for stumps).
};

// Stateless; Fit may run on several threads at once.
class Trainer {
 public:
  virtual ~Trainer() = default;
  virtual std::string name() const = 0;
  virtual std::vector<HyperparameterDoc> hyperparameters() const = 0;
  // kInvalidInput for each unknown name (with the nearest valid one) and each unusable value, all
  // at once.
  virtual Status CheckHyperparameters(const Json& hyperparameters) const = 0;
  // The same forest for the same input, seed and build, on any number of threads.
  virtual Result<FittedForest> Fit(const TrainingSet& set, const Json& hyperparameters,
                                   uint64_t seed, int threads) const = 0;
};

// Trainers by `model_type`: one table. Documentation and checks of hyper-parameters need no
// plug-in.
std::vector<std::string> TrainerNames();
Result<std::unique_ptr<Trainer>> MakeTrainer(const std::string& model_type);

}  // namespace slipway::train
