#include "model/onnx_writer.h"

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <set>

#include "core/text.h"
#include "model/onnx_calendar_internal.h"
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

// A prefix that no name of an input or an output starts with.
Result<std::string> ChoosePrefix(const data::PreprocessingPlan& plan, const data::Target& target) {
  std::set<std::string> taken;
  const std::vector<std::string> outputs = OutputNames(target.labels);
  for (const std::string& output : outputs) {
    if (!taken.insert(output).second) return Unwritable(output, "two classes have the same name");
  }
  for (const size_t index : plan.InputFeatures()) {
    const data::FeaturePlan& feature = plan.features[index];
    if (feature.name.empty()) return Unwritable("", "a feature without a name");
    if (taken.insert(feature.name).second) continue;
    return Unwritable(feature.name,
                      "this feature has the name of another feature or of an output of the model")
        .Expected("names other than " + JoinOr(outputs))
        .Try("renaming the column, or data.exclude_columns");
  }
  std::string prefix = "slipway/";
  const auto collides = [&](const std::string& name) { return name.starts_with(prefix); };
  while (std::ranges::any_of(taken, collides)) prefix.insert(prefix.begin(), '_');
  return prefix;
}

// Builds the graph.
class GraphWriter {
 public:
  GraphWriter(onnx::GraphProto* graph, const data::PreprocessingPlan& plan,
              const data::Target& target, const std::string& prefix)
      : builder_(graph, prefix), plan_(plan), target_(target) {}

  Status Run(const Scorer& scorer) {
    AddInputs();
    builder_.AddColumnAxis();
    SLIPWAY_RETURN_IF_ERROR(AddLabels());
    std::vector<std::string> blocks = AddNumericBlock();
    for (const data::FeaturePlan& feature : plan_.features) AddCategories(feature, &blocks);
    AddScorer(builder_, builder_.Concat(blocks, "features"), scorer, Internal("scores"));
    AddOutputs(scorer.threshold);
    return {};
  }

 private:
  std::string Internal(const std::string& name) const { return builder_.Internal(name); }

  void AddInputs() {
    for (const size_t index : plan_.InputFeatures()) {
      const data::FeaturePlan& feature = plan_.features[index];
      const bool numeric = feature.encoding == data::Encoding::kNumeric;
      onnx::ValueInfoProto& input = *builder_.graph().add_input();
      GraphBuilder::SetType(input, feature.name,
                            numeric ? onnx::TensorProto::DOUBLE : onnx::TensorProto::STRING);
      if (feature.type == data::ColumnType::kTimestamp)
        input.set_doc_string(onnx_names::kTimeInput);
    }
  }

  bool regression() const { return target_.task == data::Task::kRegression; }

  Status AddLabels() {
    if (regression()) return {};
    const auto count = static_cast<int64_t>(target_.labels.size());
    if (!target_.integer_labels) {
      onnx::TensorProto& tensor = builder_.AddTensor("labels", onnx::TensorProto::STRING);
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
    builder_.AddInts("labels", values, true);
    return {};
  }

  // All numeric features in one chain over a [N, k] matrix of doubles; nothing where there are
  // none.
  std::vector<std::string> AddNumericBlock() {
    std::vector<std::string> columns;
    std::vector<const data::FeaturePlan*> features;
    for (size_t i = 0; i < plan_.features.size(); ++i) {
      const data::FeaturePlan& feature = plan_.features[i];
      if (feature.encoding != data::Encoding::kNumeric) continue;
      columns.push_back(builder_.AsColumn(NumberOf(i), fmt::format("column_{}", columns.size())));
      features.push_back(&feature);
    }
    if (features.empty()) return {};
    const auto constant = [&](const char* name, double data::FeaturePlan::* member) {
      onnx::TensorProto& tensor = builder_.AddTensor(name, onnx::TensorProto::DOUBLE);
      tensor.add_dims(static_cast<int64_t>(features.size()));
      for (const data::FeaturePlan* feature : features) tensor.add_double_data(feature->*member);
      return Internal(name);
    };
    const std::string numbers = builder_.Concat(columns, "numbers");
    builder_.AddNode("IsNaN", {numbers}, Internal("missing"));
    builder_.AddNode("Where",
                     {Internal("missing"), constant("fill", &data::FeaturePlan::fill), numbers},
                     Internal("filled"));
    builder_.AddNode("Sub", {Internal("filled"), constant("shift", &data::FeaturePlan::shift)},
                     Internal("shifted"));
    builder_.AddNode("Div", {Internal("shifted"), constant("scale", &data::FeaturePlan::scale)},
                     Internal("scaled"));
    GraphBuilder::SetInt(builder_.AddNode("Cast", {Internal("scaled")}, Internal("prepared")), "to",
                         onnx::TensorProto::FLOAT);
    return {Internal("prepared")};
  }

  // The feature's input, or the part of it.
  std::string NumberOf(size_t index) {
    const data::FeaturePlan& feature = plan_.features[index];
    if (feature.time.part == data::TimePart::kSeconds) return feature.name;
    // The first feature of the same input tells the inputs apart.
    while (index > 0 && plan_.features[index - 1].name == feature.name) --index;
    return AddTimeFeature(builder_, feature.name, static_cast<int>(index), feature.time);
  }

  void AddCategories(const data::FeaturePlan& feature, std::vector<std::string>* blocks) {
    // A feature without a category has no column: its input stands unused.
    if (feature.categories.empty() && feature.infrequent.empty()) return;
    switch (feature.encoding) {
      case data::Encoding::kNumeric: break;
      case data::Encoding::kOneHot: blocks->push_back(AddOneHot(feature)); break;
      case data::Encoding::kRank: blocks->push_back(AddRank(feature)); break;
      case data::Encoding::kLookup: AddLookups(feature, blocks); break;
    }
  }

  static std::vector<std::string> AllCategories(const data::FeaturePlan& feature) {
    std::vector<std::string> all = feature.categories;
    all.insert(all.end(), feature.infrequent.begin(), feature.infrequent.end());
    return all;
  }

  // The feature's input, with what fills missing values in their place. The encoder maps each known
  // category to itself; an unknown one becomes "", which then is no category.
  std::string AddFilledText(const data::FeaturePlan& feature) {
    if (feature.fill_category.empty()) return feature.name;
    const std::string output = Internal(builder_.Numbered("filled"));
    onnx::NodeProto& node = builder_.AddMlNode("LabelEncoder", feature.name, output);
    const std::vector<std::string> categories = AllCategories(feature);
    GraphBuilder::AddTexts(node, "keys_strings", categories).add_strings("");
    GraphBuilder::AddTexts(node, "values_strings", categories).add_strings(feature.fill_category);
    GraphBuilder::SetText(node, "default_string", "");
    return output;
  }

  std::string AddOneHot(const data::FeaturePlan& feature) {
    std::string value = AddFilledText(feature);
    if (!feature.infrequent.empty()) value = AddPositions(feature, value);
    const std::string output = Internal(builder_.Numbered("one_hot"));
    onnx::NodeProto& node = builder_.AddMlNode("OneHotEncoder", value, output);
    if (feature.infrequent.empty()) {
      GraphBuilder::AddTexts(node, "cats_strings", feature.categories);
    } else {
      auto& positions = GraphBuilder::AddAttribute(node, "cats_int64s", onnx::AttributeProto::INTS);
      for (int64_t i = 0; i < feature.width(); ++i) positions.add_ints(i);
    }
    GraphBuilder::SetInt(node, "zeros", 1);  // An unknown category is all zeros, not an error.
    return output;
  }

  // Each category's column; all infrequent ones have the last.
  std::string AddPositions(const data::FeaturePlan& feature, const std::string& text) {
    const std::string output = Internal(builder_.Numbered("position"));
    onnx::NodeProto& node = builder_.AddMlNode("LabelEncoder", text, output);
    GraphBuilder::AddTexts(node, "keys_strings", AllCategories(feature));
    auto& values = GraphBuilder::AddAttribute(node, "values_int64s", onnx::AttributeProto::INTS);
    const int64_t last = feature.width() - 1;
    for (int64_t i = 0; i < last; ++i) values.add_ints(i);
    for (size_t i = 0; i < feature.infrequent.size(); ++i) values.add_ints(last);
    GraphBuilder::SetInt(node, "default_int64", feature.unknown_is_infrequent ? last : -1);
    return output;
  }

  std::string AddRank(const data::FeaturePlan& feature) {
    data::CategoryLookup ranks;
    for (size_t i = 0; i < feature.categories.size(); ++i) {
      ranks.values.push_back(static_cast<float>(i + 1));
    }
    return AddLookup(feature, AddFilledText(feature), ranks, "rank");
  }

  void AddLookups(const data::FeaturePlan& feature, std::vector<std::string>* blocks) {
    const std::string text = AddFilledText(feature);
    for (const data::CategoryLookup& lookup : feature.lookups) {
      blocks->push_back(AddLookup(feature, text, lookup, "lookup"));
    }
  }

  std::string AddLookup(const data::FeaturePlan& feature, const std::string& text,
                        const data::CategoryLookup& lookup, const char* kind) {
    const std::string name = builder_.Numbered(kind);
    onnx::NodeProto& node = builder_.AddMlNode("LabelEncoder", text, Internal(name));
    // For who looks at the graph, and for the names of the model's columns.
    if (!lookup.label.empty()) node.set_doc_string(lookup.label);
    GraphBuilder::AddTexts(node, "keys_strings", feature.categories);
    auto& values = GraphBuilder::AddAttribute(node, "values_floats", onnx::AttributeProto::FLOATS);
    for (const float value : lookup.values) values.add_floats(value);
    GraphBuilder::AddAttribute(node, "default_float", onnx::AttributeProto::FLOAT)
        .set_f(lookup.unknown);
    return builder_.AsColumn(Internal(name), name + "_column");
  }

  void AddColumnOutput(const std::string& name, int64_t column, onnx::TensorProto::DataType type);
  void AddClass(const std::optional<DecisionThreshold>& threshold);
  void AddOutputs(const std::optional<DecisionThreshold>& threshold);

  GraphBuilder builder_;
  const data::PreprocessingPlan& plan_;
  const data::Target& target_;
};

// A column of the scores, without its axis.
void GraphWriter::AddColumnOutput(const std::string& name, int64_t column,
                                  onnx::TensorProto::DataType type) {
  const std::string index = fmt::format("index_{}", column);
  builder_.AddInts(index, {column}, false);
  GraphBuilder::SetInt(builder_.AddNode("Gather", {Internal("scores"), Internal(index)}, name),
                       "axis", 1);
  GraphBuilder::SetType(*builder_.graph().add_output(), name, type);
}

// The class index of each row.
void GraphWriter::AddClass(const std::optional<DecisionThreshold>& threshold) {
  if (!threshold) {
    onnx::NodeProto& best = builder_.AddNode("ArgMax", {Internal("scores")}, Internal("class"));
    GraphBuilder::SetInt(best, "axis", 1);
    GraphBuilder::SetInt(best, "keepdims", 0);
    return;
  }
  const std::string positive = builder_.SharedInt(threshold->positive);
  builder_.AddTensor("threshold", onnx::TensorProto::FLOAT).add_float_data(threshold->least);
  onnx::NodeProto& column =
      builder_.AddNode("Gather", {Internal("scores"), positive}, Internal("positive_score"));
  GraphBuilder::SetInt(column, "axis", 1);
  builder_.AddNode("GreaterOrEqual", {Internal("positive_score"), Internal("threshold")},
                   Internal("is_positive"));
  builder_.AddNode("Where",
                   {Internal("is_positive"), positive, builder_.SharedInt(1 - threshold->positive)},
                   Internal("class"));
}

void GraphWriter::AddOutputs(const std::optional<DecisionThreshold>& threshold) {
  const std::vector<std::string> names = OutputNames(target_.labels);
  if (regression()) return AddColumnOutput(names[0], 0, onnx::TensorProto::DOUBLE);
  onnx::GraphProto& graph = builder_.graph();
  AddClass(threshold);
  GraphBuilder::SetInt(
      builder_.AddNode("Gather", {Internal("labels"), Internal("class")}, names[0]), "axis", 0);
  GraphBuilder::SetType(
      *graph.add_output(), names[0],
      target_.integer_labels ? onnx::TensorProto::INT64 : onnx::TensorProto::STRING);
  for (size_t i = 1; i < names.size(); ++i)
    AddColumnOutput(names[i], static_cast<int64_t>(i) - 1, onnx::TensorProto::FLOAT);
}

Status CheckParts(const data::PreprocessingPlan& plan, const Scorer& scorer,
                  const data::Target& target) {
  if (scorer.classes() != target.class_count() || scorer.features() != plan.output_columns()) {
    return Error(ErrorCode::kInternal, fmt::format("the scorer has {} features and {} classes, "
                                                   "its plan {} columns and its target {} classes",
                                                   scorer.features(), scorer.classes(),
                                                   plan.output_columns(), target.class_count()));
  }
  const int classes = scorer.classes();
  const bool threshold = !scorer.threshold || classes == 2;
  const size_t curves = classes == 2 ? 1 : static_cast<size_t>(classes);
  const bool calibration = !scorer.calibration || scorer.calibration->size() == curves;
  if (threshold && calibration) return {};
  return Error(ErrorCode::kInternal,
               fmt::format("the scorer's calibration or threshold is not for {} classes", classes));
}

// A category's fill must be a category, and "" then none: that is how the graph tells them apart.
Status CheckFill(const data::FeaturePlan& feature) {
  if (feature.fill_category.empty()) return {};
  const auto has = [&](const std::string& category) {
    return std::ranges::find(feature.categories, category) != feature.categories.end() ||
           std::ranges::find(feature.infrequent, category) != feature.infrequent.end();
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

Result<std::string> WriteOnnx(const data::PreprocessingPlan& plan, const Scorer& scorer,
                              const data::Target& target) {
  SLIPWAY_RETURN_IF_ERROR(CheckParts(plan, scorer, target));
  for (const data::FeaturePlan& feature : plan.features) {
    SLIPWAY_RETURN_IF_ERROR(CheckFill(feature));
  }
  SLIPWAY_ASSIGN_OR_RETURN(const std::string prefix, ChoosePrefix(plan, target));
  onnx::ModelProto model;
  model.set_ir_version(onnx_names::kIrVersion);
  model.set_producer_name("slipway");
  model.add_opset_import()->set_version(onnx_names::kOpset);
  onnx::OperatorSetIdProto& ml = *model.add_opset_import();
  ml.set_domain(kMlDomain);
  ml.set_version(onnx_names::kMlOpset);
  // The same for all: a model's name is the registry's, and the same fit has the same digest.
  model.mutable_graph()->set_name("slipway");
  SLIPWAY_RETURN_IF_ERROR(GraphWriter(model.mutable_graph(), plan, target, prefix).Run(scorer));
  return Serialize(model);
}

}  // namespace slipway::model
