// The classes that a graph of others tells apart.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "onnx/onnx.pb.h"

namespace slipway::model {

struct ClassList {
  std::vector<std::string> names;
  bool integers = false;
};

// A list of texts in the graph's metadata, as JSON; nothing where the key is absent.
Result<std::optional<std::vector<std::string>>> MetadataList(const onnx::ModelProto& model,
                                                             const std::string& key);

// The classes that `node` carries in its attributes (a ZipMap or a classifier of ai.onnx.ml).
std::optional<ClassList> ClassesOfNode(const onnx::NodeProto& node);

// The classes of what makes the output `label`, from it back: a classifier's own, or the list that
// labels are taken from.
std::optional<ClassList> ClassesBehind(const onnx::GraphProto& graph, const std::string& label);

}  // namespace slipway::model
