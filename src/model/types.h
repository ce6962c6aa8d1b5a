// What a trained model is, apart from any file format.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "core/json.h"
#include "core/result.h"
#include "data/types.h"

namespace slipway::model {

// A node of a binary decision tree. `feature` -1 marks a leaf; then `left` is the index of its
// values: leaf_values[left * outputs + output]. Else a row goes left when its float32 value <=
// threshold.
struct TreeNode {
  int32_t feature = -1;
  float threshold = 0;
  int32_t left = 0;
  int32_t right = 0;
};

struct Tree {
  std::vector<TreeNode> nodes;     // nodes[0] is the root; children follow their parents.
  std::vector<float> leaf_values;  // leaves × outputs.
};

// The raw score of output k is base[k] plus the sum over trees of their leaf's value k. All of
// these are multiples of one power of two, small enough that a float32 holds every partial sum: a
// sum is exact in any order, and every engine gets the same bits.
struct TreeEnsemble {
  int outputs = 0;
  int features = 0;
  std::vector<Tree> trees;
  std::vector<float> base;  // One an output; empty for 0.
};

// The raw score of output k is the sum over features of weights[k * features + i] times the
// feature, plus intercepts[k], in double.
struct LinearScorer {
  int outputs = 0;
  int features = 0;
  std::vector<double> weights;     // outputs × features.
  std::vector<double> intercepts;  // outputs.
};

// What raw scores say.
enum class Link {
  kProbability,  // One a class: its probability.
  kLogit,        // One: the log odds of the second of two classes.
  kSoftmax,      // One a class: its log probability, but for what all of a row have in common.
  kIdentity,     // One: the number to estimate, less `offset`.
};

// A probability by a raw score: 1 / (1 + exp(-(slope * score + intercept))).
struct SigmoidCurve {
  double slope = 0;
  double intercept = 0;
};

// A probability by a raw score: straight between knots, whose scores rise, and flat outside.
struct IsotonicCurve {
  std::vector<double> scores;
  std::vector<double> probabilities;
};

// What stands in the place of the link: a curve for the raw score of the second of two classes, or
// one a class, whose probabilities are then divided by their sum (Zadrozny and Elkan 2002); where
// all are 0, classes are equally probable. In double.
struct Calibration {
  std::variant<std::vector<SigmoidCurve>, std::vector<IsotonicCurve>> curves;

  size_t size() const;
};

// Of two classes, `positive` is the label where its probability, as the model answers it, is at
// least `least`.
struct DecisionThreshold {
  int positive = 1;
  float least = 0.5F;
};

// From prepared features to the probabilities of classes, or to a number.
struct Scorer {
  std::variant<TreeEnsemble, LinearScorer> body;
  Link link = Link::kProbability;
  // Added in double under kIdentity, so that float32 sums of trees are of what differs between rows
  // only.
  double offset = 0;
  std::optional<Calibration> calibration = {};
  std::optional<DecisionThreshold> threshold = {};  // Else the class with the highest score.

  int outputs() const;   // Raw scores a row.
  int features() const;  // Matrix columns.
  int classes() const;   // 0 of a regression.
};

struct InputField {
  std::string name;
  data::ColumnType type = data::ColumnType::kNumeric;
  bool integral = false;
  bool nullable = false;                // Training had missing values here.
  std::vector<std::string> categories;  // Category fields: those of training.
  double min = 0, max = 0;              // Numeric fields: range of training.
  // Category fields: the graph does not say which it knows. Not part of schema.json.
  bool any_category = false;
};

// schema.json: what a model takes and gives.
struct ModelSchema {
  std::vector<InputField> inputs;
  std::string task;  // "classification", "regression"
  std::string target;
  std::vector<std::string> classes;  // In order of the model's scores; none of a regression.
  bool integer_labels = false;
  std::string positive_class;  // "" unless there are two classes.
  std::string calibration;     // "sigmoid", "isotonic"; "" for none.
  // The positive class's probability from which on it is the label.
  std::optional<float> decision_threshold;
  // What counts as missing in files of rows to predict: what did in training's.
  std::vector<std::string> missing_values = {"", "NA", "NaN", "null", "?"};
};

// A column that the model answers with.
struct OutputField {
  std::string name;
  std::string type;  // "string", "int64", "float" (32 bits) or "double".
};
// "label", then one "probability_<class>" a class; of a regression, which has none, "prediction".
std::vector<OutputField> OutputFields(const std::vector<std::string>& classes, bool integer_labels);
std::vector<std::string> OutputNames(const std::vector<std::string>& classes);

// A float32 in its shortest form: 0.1, not 0.10000000149011612. Reading it back gives the same
// float32.
Json ShortestNumber(float value);

Json ToJson(const ModelSchema& schema);
Result<ModelSchema> ModelSchemaFromJson(const Json& json);

// Answers for a batch of rows: labels and scores, or values.
struct Predictions {
  int64_t rows = 0;
  int classes = 0;              // 0 of a regression.
  std::vector<int32_t> labels;  // Class index a row.
  std::vector<float> scores;    // rows × classes, row-major.
  std::vector<double> values;   // Of a regression: the estimate, one a row.

  // Empty answers for `rows` rows.
  static Predictions Make(int64_t rows, int classes);
  bool regression() const { return classes == 0; }
  float Score(int64_t row, int cls) const {
    return scores[static_cast<size_t>(row * classes + cls)];
  }
};

// The answers to these rows, in their order.
Predictions SelectRows(const Predictions& predictions, std::span<const int64_t> rows);

}  // namespace slipway::model
