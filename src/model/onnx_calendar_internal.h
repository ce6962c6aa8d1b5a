// The parts of a time as nodes of an ONNX graph, from epoch seconds in double: what
// data::TimeValue computes, by the same whole-number arithmetic.
#pragma once

#include <optional>
#include <string>

#include "data/calendar.h"
#include "model/onnx_builder_internal.h"
#include "model/onnx_graph_internal.h"

namespace slipway::model {

// Adds what is still missing of it for the part of the graph's input `input`, and returns the name
// of the value, a double of rank 1. `number` tells the inputs apart in the names of what is
// between.
std::string AddTimeFeature(GraphBuilder& builder, const std::string& input, int number,
                           data::TimeFeature feature);

struct TimeOfInput {
  std::string input;
  data::TimeFeature feature;
};

// The part of a time that `value` is, if the nodes that make it are those that AddTimeFeature adds
// for one, with the same constants; nothing for any other value.
std::optional<TimeOfInput> ReadTimeFeature(const GraphView& view, const std::string& value);

}  // namespace slipway::model
