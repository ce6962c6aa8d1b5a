#include "model/onnx_writer.h"

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <set>

#include "core/text.h"
#include "model/onnx_names_internal.h"
#include "onnx/onnx.pb.h"

namespace slipway::model {
namespace {

using onnx_names::kMlDomain;

Error Unwritable(const std::string& field, std::string message) {
  Location location;
  location.field = field;
  return Error(ErrorCode::kInvalidInput, std::move(message)).At(std::move(location));
}

// Builds the graph. Values between nodes are named with a prefix that no column's name starts with.
class GraphWriter {
 public:
  GraphWriter(onnx::GraphProto* graph, const data::PreprocessingPlan& plan,
              const data::Target& target)
      : graph_(*graph), plan_(plan), target_(target) {}

  Status Run(const TreeEnsemble& ensemble) {
    SLIPWAY_RETURN_IF_ERROR(ChooseNames());
    AddInputs();
    AddInts("axis_1", {1}, true);
    SLIPWAY_RETURN_IF_ERROR(AddLabels());
    std::vector<std::string> blocks = AddNumericBlock();
    for (const data::FeaturePlan& feature : plan_.features) {
      // A feature without a category has no column: its input stands unused.
      if (feature.encoding == data::Encoding::kNumeric || feature.categories.empty()) continue;
      blocks.push_back(feature.encoding == data::Encoding::kOneHot ? AddOneHot(feature)
                                                                   : AddRank(feature));
    }
    AddTrees(Concat(blocks, "features"), ensemble);
    AddOutputs();
    return {};
  }

 private:
  Status ChooseNames() {
    std::set<std::string> taken;
    for (const std::string& output : OutputNames(target_.labels)) {
      if (!taken.insert(output).second) return Unwritable(output, "two classes have the same name");
    }
    for (const data::FeaturePlan& feature : plan_.features) {
      if (feature.name.empty()) return Unwritable("", "a feature without a name");
      if (taken.insert(feature.name).second) continue;
      return Unwritable(feature.name,
                        "this feature has the name of another feature or of an output of the model")
          .Expected("names other than " + JoinOr(OutputNames(target_.labels)))
          .Try("renaming the column, or data.exclude_columns");
    }
    const auto collides = [&](const std::string& name) { return name.starts_with(prefix_); };
    while (std::ranges::any_of(taken, collides)) prefix_.insert(prefix_.begin(), '_');
    return {};
  }

  std::string Internal(const std::string& name) const { return prefix_ + name; }

  onnx::NodeProto& AddNode(const char* op, std::initializer_list<std::string> inputs,
                           const std::string& output) {
    onnx::NodeProto& node = *graph_.add_node();
    node.set_name(fmt::format("{}_{}", op, graph_.node_size()));
    node.set_op_type(op);
    for (const std::string& input : inputs) node.add_input(input);
    node.add_output(output);
    return node;
  }

  static onnx::AttributeProto& AddAttribute(onnx::NodeProto& node, const char* name,
                                            onnx::AttributeProto::AttributeType type) {
    onnx::AttributeProto& attribute = *node.add_attribute();
    attribute.set_name(name);
    attribute.set_type(type);
    return attribute;
  }
  static void SetInt(onnx::NodeProto& node, const char* name, int64_t value) {
    AddAttribute(node, name, onnx::AttributeProto::INT).set_i(value);
  }
  static void SetText(onnx::NodeProto& node, const char* name, const char* value) {
    AddAttribute(node, name, onnx::AttributeProto::STRING).set_s(value);
  }

  onnx::TensorProto& AddTensor(const std::string& name, onnx::TensorProto::DataType type) {
    onnx::TensorProto& tensor = *graph_.add_initializer();
    tensor.set_name(Internal(name));
    tensor.set_data_type(type);
    return tensor;
  }
  // A tensor of rank 1, or one number of rank 0.
  void AddInts(const std::string& name, const std::vector<int64_t>& values, bool ranked) {
    onnx::TensorProto& tensor = AddTensor(name, onnx::TensorProto::INT64);
    if (ranked) tensor.add_dims(static_cast<int64_t>(values.size()));
    for (const int64_t value : values) tensor.add_int64_data(value);
  }

  static void SetType(onnx::ValueInfoProto& value, const std::string& name,
                      onnx::TensorProto::DataType type) {
    value.set_name(name);
    onnx::TypeProto::Tensor& tensor = *value.mutable_type()->mutable_tensor_type();
    tensor.set_elem_type(type);
    tensor.mutable_shape()->add_dim()->set_dim_param("N");
  }

  void AddInputs() {
    for (const data::FeaturePlan& feature : plan_.features) {
      const bool numeric = feature.encoding == data::Encoding::kNumeric;
      SetType(*graph_.add_input(), feature.name,
              numeric ? onnx::TensorProto::DOUBLE : onnx::TensorProto::STRING);
    }
  }

  Status AddLabels() {
    const auto count = static_cast<int64_t>(target_.labels.size());
    if (!target_.integer_labels) {
      onnx::TensorProto& tensor = AddTensor("labels", onnx::TensorProto::STRING);
      tensor.add_dims(count);
      for (const std::string& label : target_.labels) tensor.add_string_data(label);
      return {};
    }
    std::vector<int64_t> values;
    for (const std::string& label : target_.labels) {
      int64_t value = 0;
      const char* end = label.data() + label.size();
      const auto [rest, failure] = std::from_chars(label.data(), end, value);
      if (failure != std::errc() || rest != end) {
        return Unwritable(target_.column, fmt::format("class '{}' is not a whole number", label));
      }
      values.push_back(value);
    }
    AddInts("labels", values, true);
    return {};
  }

  std::string AsColumn(const std::string& value, const std::string& name) {
    AddNode("Unsqueeze", {value, Internal("axis_1")}, Internal(name));
    return Internal(name);
  }

  std::string Concat(const std::vector<std::string>& values, const std::string& name) {
    onnx::NodeProto& node = AddNode("Concat", {}, Internal(name));
    for (const std::string& value : values) node.add_input(value);
    SetInt(node, "axis", 1);
    return Internal(name);
  }

  // All numeric features in one chain over a [N, k] matrix of doubles; nothing where there are
  // none.
  std::vector<std::string> AddNumericBlock() {
    std::vector<std::string> columns;
    std::vector<const data::FeaturePlan*> features;
    for (const data::FeaturePlan& feature : plan_.features) {
      if (feature.encoding != data::Encoding::kNumeric) continue;
      columns.push_back(AsColumn(feature.name, fmt::format("column_{}", columns.size())));
      features.push_back(&feature);
    }
    if (features.empty()) return {};
    const auto constant = [&](const char* name, double data::FeaturePlan::* member) {
      onnx::TensorProto& tensor = AddTensor(name, onnx::TensorProto::DOUBLE);
      tensor.add_dims(static_cast<int64_t>(features.size()));
      for (const data::FeaturePlan* feature : features) tensor.add_double_data(feature->*member);
      return Internal(name);
    };
    const std::string numbers = Concat(columns, "numbers");
    AddNode("IsNaN", {numbers}, Internal("missing"));
    AddNode("Where", {Internal("missing"), constant("fill", &data::FeaturePlan::fill), numbers},
            Internal("filled"));
    AddNode("Sub", {Internal("filled"), constant("shift", &data::FeaturePlan::shift)},
            Internal("shifted"));
    AddNode("Div", {Internal("shifted"), constant("scale", &data::FeaturePlan::scale)},
            Internal("scaled"));
    SetInt(AddNode("Cast", {Internal("scaled")}, Internal("prepared")), "to",
           onnx::TensorProto::FLOAT);
    return {Internal("prepared")};
  }

  static onnx::AttributeProto& AddTexts(onnx::NodeProto& node, const char* name,
                                        const std::vector<std::string>& texts) {
    onnx::AttributeProto& attribute = AddAttribute(node, name, onnx::AttributeProto::STRINGS);
    for (const std::string& text : texts) attribute.add_strings(text);
    return attribute;
  }

  // The feature's input, with what fills missing values in their place. The encoder maps each known
  // category to itself; an unknown one becomes "", which then is no category.
  std::string AddFilledText(const data::FeaturePlan& feature) {
    if (feature.fill_category.empty()) return feature.name;
    const std::string output = Internal(fmt::format("filled_{}", graph_.node_size()));
    onnx::NodeProto& node = AddNode("LabelEncoder", {feature.name}, output);
    node.set_domain(kMlDomain);
    AddTexts(node, "keys_strings", feature.categories).add_strings("");
    AddTexts(node, "values_strings", feature.categories).add_strings(feature.fill_category);
    AddAttribute(node, "default_string", onnx::AttributeProto::STRING).set_s("");
    return output;
  }

  std::string AddOneHot(const data::FeaturePlan& feature) {
    const std::string text = AddFilledText(feature);
    const std::string output = Internal(fmt::format("one_hot_{}", graph_.node_size()));
    onnx::NodeProto& node = AddNode("OneHotEncoder", {text}, output);
    node.set_domain(kMlDomain);
    AddTexts(node, "cats_strings", feature.categories);
    SetInt(node, "zeros", 1);  // An unknown category is all zeros, not an error.
    return output;
  }

  std::string AddRank(const data::FeaturePlan& feature) {
    const std::string text = AddFilledText(feature);
    const std::string rank = fmt::format("rank_{}", graph_.node_size());
    onnx::NodeProto& node = AddNode("LabelEncoder", {text}, Internal(rank));
    node.set_domain(kMlDomain);
    AddTexts(node, "keys_strings", feature.categories);
    auto& values = AddAttribute(node, "values_floats", onnx::AttributeProto::FLOATS);
    for (size_t i = 0; i < feature.categories.size(); ++i) {
      values.add_floats(static_cast<float>(i + 1));
    }
    AddAttribute(node, "default_float", onnx::AttributeProto::FLOAT).set_f(0);
    return AsColumn(Internal(rank), rank + "_column");
  }

  void AddTrees(const std::string& features, const TreeEnsemble& ensemble);
  void AddOutputs();

  onnx::GraphProto& graph_;
  const data::PreprocessingPlan& plan_;
  const data::Target& target_;
  std::string prefix_ = "slipway/";
};

// The attributes of TreeEnsembleRegressor: parallel arrays over the nodes of all trees, and over
// leaf values.
class TreeAttributes {
 public:
  explicit TreeAttributes(onnx::NodeProto* node)
      : target_ids_(Ints(node, "target_ids")),
        target_nodeids_(Ints(node, "target_nodeids")),
        target_treeids_(Ints(node, "target_treeids")),
        nodeids_(Ints(node, "nodes_nodeids")),
        treeids_(Ints(node, "nodes_treeids")),
        featureids_(Ints(node, "nodes_featureids")),
        true_ids_(Ints(node, "nodes_truenodeids")),
        false_ids_(Ints(node, "nodes_falsenodeids")),
        weights_(Add(node, "target_weights", onnx::AttributeProto::FLOATS)),
        thresholds_(Add(node, "nodes_values", onnx::AttributeProto::FLOATS)),
        modes_(Add(node, "nodes_modes", onnx::AttributeProto::STRINGS)) {}

  void AddTree(int64_t id, const Tree& tree, int outputs) {
    for (size_t i = 0; i < tree.nodes.size(); ++i) {
      const TreeNode& node = tree.nodes[i];
      const bool leaf = node.feature < 0;
      treeids_->add_ints(id);
      nodeids_->add_ints(static_cast<int64_t>(i));
      modes_->add_strings(leaf ? onnx_names::kLeaf : onnx_names::kBranch);
      featureids_->add_ints(leaf ? 0 : node.feature);
      thresholds_->add_floats(leaf ? 0 : node.threshold);
      true_ids_->add_ints(leaf ? 0 : node.left);
      false_ids_->add_ints(leaf ? 0 : node.right);
      if (!leaf) continue;
      const float* values =
          tree.leaf_values.data() + static_cast<size_t>(node.left) * static_cast<size_t>(outputs);
      for (int output = 0; output < outputs; ++output) {
        // Zeros add nothing: most leaves of a deep tree know only one class.
        if (values[output] != 0) AddWeight(id, static_cast<int64_t>(i), output, values[output]);
      }
    }
  }

 private:
  static onnx::AttributeProto* Add(onnx::NodeProto* node, const char* name,
                                   onnx::AttributeProto::AttributeType type) {
    onnx::AttributeProto* attribute = node->add_attribute();
    attribute->set_name(name);
    attribute->set_type(type);
    return attribute;
  }
  static onnx::AttributeProto* Ints(onnx::NodeProto* node, const char* name) {
    return Add(node, name, onnx::AttributeProto::INTS);
  }

  void AddWeight(int64_t tree, int64_t node, int output, float weight) {
    target_treeids_->add_ints(tree);
    target_nodeids_->add_ints(node);
    target_ids_->add_ints(output);
    weights_->add_floats(weight);
  }

  onnx::AttributeProto* target_ids_;
  onnx::AttributeProto* target_nodeids_;
  onnx::AttributeProto* target_treeids_;
  onnx::AttributeProto* nodeids_;
  onnx::AttributeProto* treeids_;
  onnx::AttributeProto* featureids_;
  onnx::AttributeProto* true_ids_;
  onnx::AttributeProto* false_ids_;
  onnx::AttributeProto* weights_;
  onnx::AttributeProto* thresholds_;
  onnx::AttributeProto* modes_;
};

void GraphWriter::AddTrees(const std::string& features, const TreeEnsemble& ensemble) {
  onnx::NodeProto& node = AddNode("TreeEnsembleRegressor", {features}, Internal("scores"));
  node.set_domain(kMlDomain);
  SetInt(node, "n_targets", ensemble.outputs);
  SetText(node, "aggregate_function", "SUM");
  SetText(node, "post_transform", "NONE");
  TreeAttributes attributes(&node);
  int64_t id = 0;
  for (const Tree& tree : ensemble.trees) attributes.AddTree(id++, tree, ensemble.outputs);
}

void GraphWriter::AddOutputs() {
  const std::vector<std::string> names = OutputNames(target_.labels);
  onnx::NodeProto& best = AddNode("ArgMax", {Internal("scores")}, Internal("class"));
  SetInt(best, "axis", 1);
  SetInt(best, "keepdims", 0);
  SetInt(AddNode("Gather", {Internal("labels"), Internal("class")}, names[0]), "axis", 0);
  SetType(*graph_.add_output(), names[0],
          target_.integer_labels ? onnx::TensorProto::INT64 : onnx::TensorProto::STRING);
  for (size_t i = 1; i < names.size(); ++i) {
    const std::string index = fmt::format("index_{}", i - 1);
    AddInts(index, {static_cast<int64_t>(i) - 1}, false);
    SetInt(AddNode("Gather", {Internal("scores"), Internal(index)}, names[i]), "axis", 1);
    SetType(*graph_.add_output(), names[i], onnx::TensorProto::FLOAT);
  }
}

Status CheckParts(const data::PreprocessingPlan& plan, const TreeEnsemble& ensemble,
                  const data::Target& target) {
  if (target.task != data::Task::kClassification) {
    return Unwritable(target.column,
                      "the target has no classes that a forest's scores could stand for");
  }
  if (ensemble.outputs != target.class_count() || ensemble.features != plan.output_columns()) {
    return Error(ErrorCode::kInternal, fmt::format("the ensemble has {} features and {} outputs, "
                                                   "its plan {} columns and its target {} classes",
                                                   ensemble.features, ensemble.outputs,
                                                   plan.output_columns(), target.class_count()));
  }
  return {};
}

// A category's fill must be a category, and "" then none: that is how the graph tells them apart.
Status CheckFill(const data::FeaturePlan& feature) {
  if (feature.fill_category.empty()) return {};
  const auto has = [&](const std::string& category) {
    return std::ranges::find(feature.categories, category) != feature.categories.end();
  };
  if (has(feature.fill_category) && !has("")) return {};
  return Error(ErrorCode::kInternal,
               fmt::format("the plan fills '{}' with '{}', which is no category of it",
                           feature.name, feature.fill_category));
}

Result<std::string> Serialize(const onnx::ModelProto& model) {
  const size_t size = model.ByteSizeLong();
  if (size > static_cast<size_t>(std::numeric_limits<int32_t>::max())) {
    return Error(ErrorCode::kInvalidInput,
                 fmt::format("the model takes {}", FormatBytes(static_cast<int64_t>(size))))
        .Expected("at most 2 GB, the limit of an ONNX file")
        .Try("fewer trees (n_estimators) or less depth (max_depth)");
  }
  std::string bytes;
  bytes.reserve(size);
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    model.SerializeWithCachedSizes(&coded);
  }
  return bytes;
}

}  // namespace

Result<std::string> WriteOnnx(const data::PreprocessingPlan& plan, const TreeEnsemble& ensemble,
                              const data::Target& target) {
  SLIPWAY_RETURN_IF_ERROR(CheckParts(plan, ensemble, target));
  for (const data::FeaturePlan& feature : plan.features) {
    SLIPWAY_RETURN_IF_ERROR(CheckFill(feature));
  }
  onnx::ModelProto model;
  model.set_ir_version(onnx_names::kIrVersion);
  model.set_producer_name("slipway");
  model.add_opset_import()->set_version(onnx_names::kOpset);
  onnx::OperatorSetIdProto& ml = *model.add_opset_import();
  ml.set_domain(kMlDomain);
  ml.set_version(onnx_names::kMlOpset);
  // The same for all: a model's name is the registry's, and the same fit has the same digest.
  model.mutable_graph()->set_name("slipway");
  SLIPWAY_RETURN_IF_ERROR(GraphWriter(model.mutable_graph(), plan, target).Run(ensemble));
  return Serialize(model);
}

}  // namespace slipway::model
