#include <fmt/format.h>

#include <cstdint>
#include <cstring>
#include <deque>
#include <map>
#include <set>

#include "core/json.h"
#include "model/foreign_classes_internal.h"
#include "model/onnx_graph_internal.h"

namespace slipway::model {
namespace {

// Names of values to the nodes and constants that make them.
struct Makers {
  explicit Makers(const onnx::GraphProto& graph) {
    for (const onnx::TensorProto& tensor : graph.initializer()) constants[tensor.name()] = &tensor;
    for (const onnx::NodeProto& node : graph.node()) {
      for (const std::string& output : node.output()) nodes[output] = &node;
      const onnx::AttributeProto* value =
          node.op_type() == "Constant" ? Attributes(node).Find("value") : nullptr;
      if (value != nullptr && node.output_size() == 1) constants[node.output(0)] = &value->t();
    }
  }

  std::map<std::string, const onnx::NodeProto*> nodes;
  std::map<std::string, const onnx::TensorProto*> constants;
};

// Labels in a constant: [C] or [1, C] of texts or whole numbers.
std::optional<ClassList> ClassesOfConstant(const onnx::TensorProto& tensor) {
  ClassList classes;
  if (tensor.data_type() == onnx::TensorProto::STRING) {
    classes.names.assign(tensor.string_data().begin(), tensor.string_data().end());
    return classes;
  }
  classes.integers = true;
  const auto add = [&](auto first, auto end) {
    for (; first != end; ++first) classes.names.push_back(std::to_string(*first));
  };
  const auto add_raw = [&]<typename T>(T value) {
    const std::string& raw = tensor.raw_data();
    for (size_t at = 0; at + sizeof(T) <= raw.size(); at += sizeof(T)) {
      std::memcpy(&value, raw.data() + at, sizeof(T));
      classes.names.push_back(std::to_string(value));
    }
  };
  if (tensor.data_type() == onnx::TensorProto::INT64) {
    add(tensor.int64_data().begin(), tensor.int64_data().end());
    add_raw(int64_t{0});
  } else if (tensor.data_type() == onnx::TensorProto::INT32) {
    add(tensor.int32_data().begin(), tensor.int32_data().end());
    add_raw(int32_t{0});
  } else {
    return std::nullopt;
  }
  return classes;
}

bool TakesFromList(const onnx::NodeProto& node) {
  return (node.op_type() == "ArrayFeatureExtractor" || node.op_type() == "Gather") &&
         node.input_size() == 2;
}

}  // namespace

Result<std::optional<std::vector<std::string>>> MetadataList(const onnx::ModelProto& model,
                                                             const std::string& key) {
  for (const onnx::StringStringEntryProto& entry : model.metadata_props()) {
    if (entry.key() != key) continue;
    const auto wrong = [&] {
      return Error(ErrorCode::kInvalidInput,
                   fmt::format("the graph's metadata '{}' is '{}'", key, entry.value()))
          .Expected(R"(a list of texts as JSON, such as ["no", "yes"])");
    };
    const auto json = ParseJson(entry.value(), key);
    if (!json.ok() || !json->is_array()) return wrong();
    std::vector<std::string> texts;
    for (const Json& item : *json) {
      if (!item.is_string() && !item.is_number_integer()) return wrong();
      texts.push_back(item.is_string() ? item.get<std::string>() : item.dump());
    }
    return std::optional(std::move(texts));
  }
  return std::optional<std::vector<std::string>>();
}

std::optional<ClassList> ClassesOfNode(const onnx::NodeProto& node) {
  const Attributes attributes(node);
  ClassList classes;
  const onnx::AttributeProto* texts = attributes.Find("classlabels_strings");
  if (texts != nullptr && !texts->strings().empty()) {
    classes.names.assign(texts->strings().begin(), texts->strings().end());
    return classes;
  }
  for (const char* name : {"classlabels_int64s", "classlabels_ints"}) {
    const onnx::AttributeProto* numbers = attributes.Find(name);
    if (numbers == nullptr || numbers->ints().empty()) continue;
    classes.integers = true;
    for (const int64_t number : numbers->ints()) classes.names.push_back(std::to_string(number));
    return classes;
  }
  return std::nullopt;
}

std::optional<ClassList> ClassesBehind(const onnx::GraphProto& graph, const std::string& label) {
  const Makers makers(graph);
  std::deque<std::string> open = {label};
  std::set<std::string> seen;
  while (!open.empty()) {
    const std::string value = open.front();
    open.pop_front();
    const auto made = makers.nodes.find(value);
    if (!seen.insert(value).second || made == makers.nodes.end()) continue;
    const onnx::NodeProto& node = *made->second;
    if (std::optional<ClassList> own = ClassesOfNode(node)) return own;
    const auto list =
        TakesFromList(node) ? makers.constants.find(node.input(0)) : makers.constants.end();
    if (list != makers.constants.end()) {
      std::optional<ClassList> classes = ClassesOfConstant(*list->second);
      if (classes && !classes->names.empty()) return classes;
    }
    open.insert(open.end(), node.input().begin(), node.input().end());
  }
  return std::nullopt;
}

}  // namespace slipway::model
