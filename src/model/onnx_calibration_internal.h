// Calibration as operators: written, and read back.
#pragma once

#include <optional>
#include <string>

#include "core/result.h"
#include "model/onnx_builder_internal.h"
#include "model/onnx_graph_internal.h"
#include "model/types.h"

namespace slipway::model {

// From raw scores (double, [N, outputs]) to the probabilities of the classes (double, [N,
// classes]); returns their name.
std::string AddCalibration(GraphBuilder& builder, const Calibration& calibration, int outputs,
                           const std::string& raw);

// Of `second`, the probability of the second of two classes (double, [N, 1]), both, as `output`.
void AddBothClasses(GraphBuilder& builder, const std::string& second, const std::string& output);
// The `second` that AddBothClasses made `probabilities` of.
Result<std::string> ReadBothClasses(const GraphView& view, const std::string& probabilities);

struct ReadCalibrated {
  Calibration calibration;
  std::string raw;
  // kLogit or kProbability; of more than two classes kProbability, whatever the raw scores are
  // without their calibration.
  Link link = Link::kProbability;
};
// nullopt where `probabilities` are those of a link.
Result<std::optional<ReadCalibrated>> ReadCalibration(const GraphView& view,
                                                      const std::string& probabilities);

}  // namespace slipway::model
