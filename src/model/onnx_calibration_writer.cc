#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "model/onnx_calibration_internal.h"
#include "model/score_link_internal.h"

namespace slipway::model {
namespace {

std::string AddSigmoid(GraphBuilder& builder, const std::vector<SigmoidCurve>& curves,
                       const std::string& scores) {
  std::vector<double> slopes, intercepts;
  for (const SigmoidCurve& curve : curves) {
    slopes.push_back(curve.slope);
    intercepts.push_back(curve.intercept);
  }
  const std::string scaled = builder.Internal("scaled_scores");
  const std::string odds = builder.Internal("calibrated_odds");
  builder.AddNode("Mul", {scores, builder.SharedDoubles("slopes", slopes)}, scaled);
  builder.AddNode("Add", {scaled, builder.SharedDoubles("shifts", intercepts)}, odds);
  builder.AddNode("Sigmoid", {odds}, builder.Internal("calibrated"));
  return builder.Internal("calibrated");
}

// All curves' knots in one list, each filled up to `size` by its last one, which a search over
// powers of two needs and nobody is led astray by.
struct Knots {
  int64_t size = 1;
  std::vector<double> scores, probabilities, slopes;
};

void Append(std::vector<double>* list, std::vector<double> values, int64_t size) {
  const double last = values.back();
  values.resize(static_cast<size_t>(size), last);
  list->insert(list->end(), values.begin(), values.end());
}

Knots JoinKnots(const std::vector<IsotonicCurve>& curves) {
  Knots knots;
  for (const IsotonicCurve& curve : curves) {
    knots.size = std::max(knots.size, static_cast<int64_t>(std::bit_ceil(curve.scores.size())));
  }
  for (const IsotonicCurve& curve : curves) {
    const IsotonicTable table(curve);
    Append(&knots.scores, table.scores, knots.size);
    Append(&knots.probabilities, table.probabilities, knots.size);
    Append(&knots.slopes, table.slopes, knots.size);
  }
  return knots;
}

// The last knot of each curve that is not above the score: half as long a step each time. Memory
// and time are those of a few columns, however many knots there are.
std::string AddSearch(GraphBuilder& builder, const Knots& knots, int64_t curves,
                      const std::string& scores) {
  std::vector<int64_t> first;
  for (int64_t curve = 0; curve < curves; ++curve) first.push_back(curve * knots.size);
  builder.AddInts("first_knots", first, true);
  std::string knot = builder.Internal("first_knots");
  for (int64_t step = knots.size / 2; step > 0; step /= 2) {
    const auto named = [&](const char* what) {
      return builder.Internal(fmt::format("{}_{}", what, step));
    };
    builder.AddNode("Add", {knot, builder.SharedInt(step)}, named("next_knot"));
    builder.AddNode("Gather", {builder.Internal("knot_scores"), named("next_knot")},
                    named("next_score"));
    builder.AddNode("GreaterOrEqual", {scores, named("next_score")}, named("reaches"));
    builder.AddNode("Where", {named("reaches"), named("next_knot"), knot}, named("knot"));
    knot = named("knot");
  }
  return knot;
}

std::string AddIsotonic(GraphBuilder& builder, const std::vector<IsotonicCurve>& curves,
                        const std::string& raw) {
  const Knots knots = JoinKnots(curves);
  std::vector<double> lowest;
  for (const IsotonicCurve& curve : curves) lowest.push_back(curve.scores.front());
  const std::string scores = builder.Internal("scores_from_lowest");
  builder.AddNode("Max", {raw, builder.SharedDoubles("lowest_scores", lowest)}, scores);
  builder.SharedDoubles("knot_scores", knots.scores);
  const std::string knot = AddSearch(builder, knots, std::ssize(curves), scores);
  const auto gather = [&](const char* list, const std::vector<double>& values) {
    const std::string found = builder.Internal(std::string(list) + "_here");
    builder.AddNode("Gather", {builder.SharedDoubles(list, values), knot}, found);
    return found;
  };
  const std::string from = gather("knot_scores", knots.scores);
  const std::string slope = gather("knot_slopes", knots.slopes);
  const std::string start = gather("knot_probabilities", knots.probabilities);
  builder.AddNode("Sub", {scores, from}, builder.Internal("past_knot"));
  builder.AddNode("Mul", {builder.Internal("past_knot"), slope}, builder.Internal("rise"));
  builder.AddNode("Add", {start, builder.Internal("rise")}, builder.Internal("calibrated"));
  return builder.Internal("calibrated");
}

// Divided by their sum; equal where that is 0.
std::string AddShares(GraphBuilder& builder, const std::string& calibrated, int classes) {
  const std::string total = builder.Internal("total"), none = builder.Internal("none");
  onnx::NodeProto& sum =
      builder.AddNode("ReduceSum", {calibrated, builder.Internal("axis_1")}, total);
  GraphBuilder::SetInt(sum, "keepdims", 1);
  builder.AddNode("Equal", {total, builder.SharedDouble("zero", 0)}, none);
  builder.AddNode("Div", {calibrated, total}, builder.Internal("shares"));
  const std::string equal = builder.SharedDouble("equal_share", 1 / static_cast<double>(classes));
  builder.AddNode("Where", {none, equal, builder.Internal("shares")},
                  builder.Internal("probabilities"));
  return builder.Internal("probabilities");
}

}  // namespace

void AddBothClasses(GraphBuilder& builder, const std::string& second, const std::string& output) {
  const std::string first = builder.Internal("first");
  builder.AddNode("Sub", {builder.SharedDouble("one", 1), second}, first);
  GraphBuilder::SetInt(builder.AddNode("Concat", {first, second}, output), "axis", 1);
}

std::string AddCalibration(GraphBuilder& builder, const Calibration& calibration, int outputs,
                           const std::string& raw) {
  const bool two = calibration.size() == 1;
  std::string scores = raw;
  if (two && outputs == 2) {
    builder.AddInts("second_class", {1}, true);
    scores = builder.Internal("second_score");
    GraphBuilder::SetInt(builder.AddNode("Gather", {raw, builder.Internal("second_class")}, scores),
                         "axis", 1);
  }
  const auto* sigmoids = std::get_if<std::vector<SigmoidCurve>>(&calibration.curves);
  const std::string calibrated =
      sigmoids != nullptr
          ? AddSigmoid(builder, *sigmoids, scores)
          : AddIsotonic(builder, std::get<std::vector<IsotonicCurve>>(calibration.curves), scores);
  if (!two) return AddShares(builder, calibrated, outputs);
  AddBothClasses(builder, calibrated, builder.Internal("probabilities"));
  return builder.Internal("probabilities");
}

}  // namespace slipway::model
