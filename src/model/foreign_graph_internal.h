// What an ONNX graph of others takes and gives, as docs/models.md describes ("Graphs of others"):
// the shapes that skl2onnx and PyTorch export, and the contract's own.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "model/types.h"

namespace slipway::model {

// A tensor that the graph takes: [N] or [N, 1] for one feature, [N, k] for all of them.
struct ForeignInput {
  std::string name;
  int element = 0;  // TensorProto.DataType.
  int rank = 1;
  size_t first_field = 0;  // Of ForeignGraph::fields.
  size_t fields = 1;
};

enum class ScoreForm { kProbability, kLogits };

struct ForeignGraph {
  std::string onnx;  // To be run: the graph without what only repacks its answer.
  std::vector<ForeignInput> inputs;
  std::vector<InputField> fields;
  bool one_row = false;  // It takes one row at a time.

  // A regression has `value` alone.
  std::string value;
  std::string label;                // Output with the label, "" where the highest score says it.
  std::vector<std::string> scores;  // One output with all classes, or one a class.
  ScoreForm form = ScoreForm::kProbability;
  std::vector<std::string> classes;  // In the order of the scores.
  bool integer_labels = false;

  bool regression() const { return !value.empty(); }
};

// `features` are the columns of a matrix, for a graph that takes one and does not name them.
// kInvalidInput says what of the graph can't be used as a model of a table.
Result<ForeignGraph> ReadForeignGraph(std::string_view onnx,
                                      const std::vector<std::string>& features);

}  // namespace slipway::model
