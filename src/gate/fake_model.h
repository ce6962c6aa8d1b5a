// A predictor that answers as told and moves a hand-held clock: for the tests of this folder.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "gate/gate_internal.h"

namespace slipway::gate {

class FakeClock : public Clock {
 public:
  WallTime Now() const override { return {}; }
  SteadyTime SteadyNow() const override { return now_; }
  void Move(double seconds) const {
    now_ +=
        std::chrono::duration_cast<SteadyTime::duration>(std::chrono::duration<double>(seconds));
  }

 private:
  mutable SteadyTime now_;
};

// Two classes, "no" and "yes", from one input "x": yes where x is at least `cut`. Each call takes
// `seconds_a_call` and `seconds_a_row` of the clock.
class FakePredictor : public model::Predictor {
 public:
  double cut = 0.5;
  double seconds_a_call = 0;
  double seconds_a_row = 0;
  const FakeClock* clock = nullptr;
  std::vector<double>* calls = nullptr;  // Rows of each call, where a test counts them.

  FakePredictor() : inputs_(1) { inputs_[0].name = "x"; }

  Result<model::Predictions> Predict(const data::Table& table, int) const override {
    const data::Column* x = table.Find("x");
    if (x == nullptr) return Error(ErrorCode::kInvalidInput, "the input x is missing");
    model::Predictions predictions;
    predictions.rows = table.rows;
    predictions.classes = 2;
    for (const double value : x->numbers) {
      const bool yes = value >= cut;
      predictions.labels.push_back(yes ? 1 : 0);
      predictions.scores.push_back(yes ? 0.25F : 0.75F);
      predictions.scores.push_back(yes ? 0.75F : 0.25F);
    }
    if (clock != nullptr)
      clock->Move(seconds_a_call + seconds_a_row * static_cast<double>(table.rows));
    if (calls != nullptr) calls->push_back(static_cast<double>(table.rows));
    return predictions;
  }
  const std::vector<model::InputField>& inputs() const override { return inputs_; }
  const std::vector<std::string>& classes() const override { return classes_; }
  const char* engine() const override { return "fake"; }

 private:
  std::vector<model::InputField> inputs_;
  std::vector<std::string> classes_ = {"no", "yes"};
};

inline model::ModelSchema FakeSchema() {
  model::ModelSchema schema;
  schema.inputs.resize(1);
  schema.inputs[0].name = "x";
  schema.task = "classification";
  schema.target = "y";
  schema.classes = {"no", "yes"};
  schema.positive_class = "yes";
  return schema;
}

inline model::Model FakeModel(const FakePredictor& predictor, std::string digest) {
  model::Model model;
  model.digest = std::move(digest);
  model.schema = FakeSchema();
  model.predictor = std::make_unique<FakePredictor>(predictor);
  return model;
}

// Everything a GateInput refers to: 100 rows with x from 0 to 0.99, truth yes from 0.5 on.
struct GateCase {
  config::ModelConfig config;
  train::Metrics metrics = {{"accuracy", 0.9}, {"f1", 0.88}, {"auc", 0.95}, {"log_loss", 0.3}};
  train::Metrics train_metrics = {{"accuracy", 0.97}};
  train::Intervals intervals = {{"accuracy", {0.84, 0.95}}};
  train::SliceReport slices;
  LeakageFacts leakage;
  std::string directory;
  data::Table rows;
  data::Target target;
  std::vector<int32_t> groups;

  explicit GateCase(int64_t count = 100) {
    rows.rows = count;
    data::Column x;
    x.name = "x";
    for (int64_t i = 0; i < count; ++i) {
      x.numbers.push_back(static_cast<double>(i) / static_cast<double>(count));
      target.classes.push_back(2 * i >= count ? 1 : 0);
    }
    rows.columns.push_back(std::move(x));
    target.column = "y";
    target.labels = {"no", "yes"};
    target.positive = 1;
  }

  GateInput Input(ProductionModel* production = nullptr) const {
    return GateInput{.config = config,
                     .metrics = metrics,
                     .train_metrics = train_metrics,
                     .intervals = intervals,
                     .slices = slices,
                     .leakage = leakage,
                     .artifact_directory = directory,
                     .test_rows = rows,
                     .truth = target,
                     .majority_share = 0.5,
                     .production = production,
                     .groups = groups};
  }
};

}  // namespace slipway::gate
