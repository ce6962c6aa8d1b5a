#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <set>

#include "model/onnx_calendar_internal.h"
#include "model/onnx_graph_internal.h"
#include "model/onnx_names_internal.h"
#include "model/onnx_reader_internal.h"

namespace slipway::model {
namespace {

class GraphReader {
 public:
  GraphReader(const onnx::GraphProto& graph, GraphView view)
      : graph_(graph), view_(std::move(view)) {}

  Result<OnnxModel> Run() {
    SLIPWAY_ASSIGN_OR_RETURN(const ScorerNodes nodes, ReadOutputs());
    SLIPWAY_RETURN_IF_ERROR(ReadBlocks(nodes.features));
    SLIPWAY_RETURN_IF_ERROR(ListInputs());
    const int64_t columns = model_.plan.output_columns();
    if (columns > std::numeric_limits<int32_t>::max())
      return CannotRun("a graph of that many columns");
    SLIPWAY_ASSIGN_OR_RETURN(model_.scorer,
                             ReadScorer(view_, nodes, static_cast<int>(model_.classes.size()),
                                        static_cast<int>(columns)));
    model_.scorer.threshold = threshold_;
    return std::move(model_);
  }

 private:
  Result<ScorerNodes> ReadOutputs() {
    const std::string prediction = OutputNames({}).front();
    if (view_.NodeOf(prediction) != nullptr) {
      SLIPWAY_RETURN_IF_ERROR(CheckOutputs());
      SLIPWAY_ASSIGN_OR_RETURN(const std::string estimate, ReadColumnOutput(prediction, 0));
      return FindEstimate(view_, estimate);
    }
    SLIPWAY_ASSIGN_OR_RETURN(const std::string scores, ReadLabel());
    SLIPWAY_RETURN_IF_ERROR(CheckProbabilities(scores));
    return FindScorer(view_, scores);
  }

  // label = Gather(labels, ArgMax(scores)), or of a threshold's choice. Returns the name of the
  // scores.
  Result<std::string> ReadLabel() {
    SLIPWAY_ASSIGN_OR_RETURN(const onnx::NodeProto* label, view_.Producer("label", "Gather", 2));
    SLIPWAY_RETURN_IF_ERROR(Attributes(*label).CheckInt("axis", 0, 0));
    SLIPWAY_ASSIGN_OR_RETURN(const onnx::TensorProto* labels, view_.Constant(label->input(0)));
    SLIPWAY_ASSIGN_OR_RETURN(model_.classes, TextsOf(*labels));
    model_.integer_labels = labels->data_type() == onnx::TensorProto::INT64;
    const std::set<std::string_view> distinct(model_.classes.begin(), model_.classes.end());
    if (labels->dims_size() != 1 || distinct.empty() || distinct.size() != model_.classes.size()) {
      return CannotRun(*label, "whose labels are not a list of different ones");
    }
    if (view_.OperatorOf(label->input(1)) == "Where") return ReadThreshold(label->input(1));
    SLIPWAY_ASSIGN_OR_RETURN(const onnx::NodeProto* best,
                             view_.Producer(label->input(1), "ArgMax", 1));
    const Attributes attributes(*best);
    SLIPWAY_RETURN_IF_ERROR(attributes.CheckInt("axis", 0, 1));
    SLIPWAY_RETURN_IF_ERROR(attributes.CheckInt("keepdims", 1, 0));
    SLIPWAY_RETURN_IF_ERROR(attributes.CheckInt("select_last_index", 0, 0));
    return best->input(0);
  }

  // Where(GreaterOrEqual(positive's scores, threshold), positive, other). Returns the name of the
  // scores.
  Result<std::string> ReadThreshold(const std::string& classes) {
    SLIPWAY_ASSIGN_OR_RETURN(const onnx::NodeProto* choose, view_.Producer(classes, "Where", 3));
    SLIPWAY_ASSIGN_OR_RETURN(const onnx::NodeProto* reaches,
                             view_.Producer(choose->input(0), "GreaterOrEqual", 2));
    SLIPWAY_ASSIGN_OR_RETURN(const std::vector<int64_t> positive, view_.Ints(choose->input(1)));
    SLIPWAY_ASSIGN_OR_RETURN(const std::vector<int64_t> other, view_.Ints(choose->input(2)));
    SLIPWAY_ASSIGN_OR_RETURN(const std::vector<float> least, view_.Floats(reaches->input(1)));
    const bool two = model_.classes.size() == 2 && positive.size() == 1 && other.size() == 1 &&
                     (positive[0] == 0 || positive[0] == 1) && other[0] == 1 - positive[0];
    if (!two || least.size() != 1 || !std::isfinite(least[0]))
      return CannotRun(*choose, "that is no finite threshold of one of two classes");
    threshold_ = DecisionThreshold{static_cast<int>(positive[0]), least[0]};
    return ReadColumnOutput(reaches->input(0), positive[0]);
  }

  // Those of the classes, and no other.
  Status CheckOutputs() const {
    const std::vector<std::string> names = OutputNames(model_.classes);
    std::set<std::string> wanted(names.begin(), names.end());
    for (const onnx::ValueInfoProto& output : graph_.output()) {
      if (wanted.erase(output.name()) == 0)
        return CannotRun(fmt::format("a graph with the output '{}'", output.name()));
    }
    if (!wanted.empty())
      return CannotRun(fmt::format("a graph without the output '{}'", *wanted.begin()));
    return {};
  }

  // output = Gather(matrix, column). Returns the name of the matrix.
  Result<std::string> ReadColumnOutput(const std::string& output, int64_t column) const {
    SLIPWAY_ASSIGN_OR_RETURN(const onnx::NodeProto* gather, view_.Producer(output, "Gather", 2));
    SLIPWAY_RETURN_IF_ERROR(Attributes(*gather).CheckInt("axis", 0, 1));
    SLIPWAY_ASSIGN_OR_RETURN(const std::vector<int64_t> index, view_.Ints(gather->input(1)));
    if (index != std::vector<int64_t>{column})
      return CannotRun(*gather, fmt::format("as the maker of '{}'", output));
    return gather->input(0);
  }

  // Each output besides the label is the class's column of the scores and carries its name.
  Status CheckProbabilities(const std::string& scores) const {
    SLIPWAY_RETURN_IF_ERROR(CheckOutputs());
    const std::vector<std::string> names = OutputNames(model_.classes);
    for (size_t i = 1; i < names.size(); ++i) {
      SLIPWAY_ASSIGN_OR_RETURN(const std::string matrix,
                               ReadColumnOutput(names[i], static_cast<int64_t>(i) - 1));
      if (matrix != scores)
        return CannotRun(fmt::format("a graph whose '{}' is not of the label's scores", names[i]));
    }
    return {};
  }

  Status ReadBlocks(const std::string& features) {
    SLIPWAY_ASSIGN_OR_RETURN(const onnx::NodeProto* join, view_.Producer(features, "Concat", 0));
    SLIPWAY_RETURN_IF_ERROR(Attributes(*join).CheckInt("axis", 0, 1));
    for (int i = 0; i < join->input_size(); ++i) {
      const std::string op = view_.OperatorOf(join->input(i));
      if (op == "Cast" && i == 0) {
        SLIPWAY_RETURN_IF_ERROR(ReadNumericBlock(join->input(i)));
      } else if (op == "OneHotEncoder") {
        SLIPWAY_RETURN_IF_ERROR(ReadOneHot(join->input(i)));
      } else if (op == "Unsqueeze") {
        SLIPWAY_RETURN_IF_ERROR(ReadLookup(join->input(i)));
      } else {
        return CannotRun(*join, fmt::format("over '{}', which {} makes", join->input(i),
                                            op.empty() ? "no node" : op));
      }
    }
    return {};
  }

  // The value that `column` is a column of: column = Unsqueeze(value, [1]).
  Result<std::string> ReadColumn(const std::string& column) const {
    SLIPWAY_ASSIGN_OR_RETURN(const onnx::NodeProto* node, view_.Producer(column, "Unsqueeze", 2));
    SLIPWAY_ASSIGN_OR_RETURN(const std::vector<int64_t> axes, view_.Ints(node->input(1)));
    if (axes != std::vector<int64_t>{1}) return CannotRun(*node, "with other axes than [1]");
    return node->input(0);
  }

  // prepared = Cast(Div(Sub(Where(IsNaN(numbers), fill, numbers), shift), scale)), numbers = Concat
  // of columns.
  Status ReadNumericBlock(const std::string& prepared) {
    SLIPWAY_ASSIGN_OR_RETURN(const onnx::NodeProto* cast, view_.Producer(prepared, "Cast", 1));
    SLIPWAY_RETURN_IF_ERROR(Attributes(*cast).CheckInt("to", 0, onnx::TensorProto::FLOAT));
    SLIPWAY_ASSIGN_OR_RETURN(const onnx::NodeProto* divide,
                             view_.Producer(cast->input(0), "Div", 2));
    SLIPWAY_ASSIGN_OR_RETURN(const onnx::NodeProto* subtract,
                             view_.Producer(divide->input(0), "Sub", 2));
    SLIPWAY_ASSIGN_OR_RETURN(const onnx::NodeProto* choose,
                             view_.Producer(subtract->input(0), "Where", 3));
    SLIPWAY_ASSIGN_OR_RETURN(const onnx::NodeProto* missing,
                             view_.Producer(choose->input(0), "IsNaN", 1));
    const std::string& numbers = choose->input(2);
    if (missing->input(0) != numbers) return CannotRun(*choose, "over two different values");
    SLIPWAY_ASSIGN_OR_RETURN(const onnx::NodeProto* join, view_.Producer(numbers, "Concat", 0));
    SLIPWAY_RETURN_IF_ERROR(Attributes(*join).CheckInt("axis", 0, 1));
    SLIPWAY_ASSIGN_OR_RETURN(const std::vector<double> fill, view_.Doubles(choose->input(1)));
    SLIPWAY_ASSIGN_OR_RETURN(const std::vector<double> shift, view_.Doubles(subtract->input(1)));
    SLIPWAY_ASSIGN_OR_RETURN(const std::vector<double> scale, view_.Doubles(divide->input(1)));
    const auto count = static_cast<size_t>(join->input_size());
    if (fill.size() != count || shift.size() != count || scale.size() != count) {
      return CannotRun(*join, "over another number of columns than it has constants for");
    }
    for (size_t i = 0; i < count; ++i) {
      if (!std::isfinite(fill[i]) || !std::isfinite(shift[i]) || !std::isfinite(scale[i]) ||
          scale[i] == 0) {
        return CannotRun(*divide, "with a constant that is not finite, or by 0");
      }
      SLIPWAY_ASSIGN_OR_RETURN(const std::string column,
                               ReadColumn(join->input(static_cast<int>(i))));
      data::FeaturePlan feature = FeatureOf(column);
      feature.fill = fill[i];
      feature.shift = shift[i];
      feature.scale = scale[i];
      SLIPWAY_RETURN_IF_ERROR(AddFeature(std::move(feature), onnx::TensorProto::DOUBLE));
    }
    return {};
  }

  // An input, or a part of a time.
  data::FeaturePlan FeatureOf(const std::string& value) const {
    data::FeaturePlan feature;
    feature.name = value;
    if (view_.NodeOf(value) == nullptr) return feature;
    if (const std::optional<TimeOfInput> time = ReadTimeFeature(view_, value)) {
      feature.name = time->input;
      feature.time = time->feature;
      feature.type = data::ColumnType::kTimestamp;
    }
    return feature;
  }

  Status ReadOneHot(const std::string& value) {
    SLIPWAY_ASSIGN_OR_RETURN(const onnx::NodeProto* node,
                             view_.Producer(value, "OneHotEncoder", 1));
    const Attributes attributes(*node);
    SLIPWAY_RETURN_IF_ERROR(attributes.CheckKnown({"cats_strings", "cats_int64s", "zeros"}));
    SLIPWAY_RETURN_IF_ERROR(attributes.CheckInt("zeros", 1, 1));
    const onnx::AttributeProto* positions = attributes.Find("cats_int64s");
    if (positions == nullptr) {
      data::FeaturePlan feature;
      feature.encoding = data::Encoding::kOneHot;
      if (const onnx::AttributeProto* categories = attributes.Find("cats_strings")) {
        feature.categories.assign(categories->strings().begin(), categories->strings().end());
      }
      return AddCategories(*node, std::move(feature));
    }
    if (attributes.Find("cats_strings") != nullptr)
      return CannotRun(*node, "with both texts and numbers as categories");
    return ReadGroupedOneHot(*node, *positions);
  }

  // OneHotEncoder(LabelEncoder(text)): the first categories have a column each, 0, 1, 2 …, and all
  // others the last.
  Status ReadGroupedOneHot(const onnx::NodeProto& one_hot, const onnx::AttributeProto& positions) {
    SLIPWAY_ASSIGN_OR_RETURN(const onnx::NodeProto* node,
                             view_.Producer(one_hot.input(0), "LabelEncoder", 1));
    const Attributes attributes(*node);
    SLIPWAY_RETURN_IF_ERROR(
        attributes.CheckKnown({"keys_strings", "values_int64s", "default_int64"}));
    const onnx::AttributeProto* keys = attributes.Find("keys_strings");
    const onnx::AttributeProto* values = attributes.Find("values_int64s");
    const int64_t last = positions.ints_size() - 1;
    const int64_t unknown = attributes.Int("default_int64", -1);
    bool grouped = keys != nullptr && values != nullptr && last >= 0 &&
                   keys->strings_size() == values->ints_size() && keys->strings_size() > last &&
                   (unknown == -1 || unknown == last);
    for (int i = 0; grouped && i <= last; ++i) grouped = positions.ints(i) == i;
    for (int i = 0; grouped && i < values->ints_size(); ++i)
      grouped = values->ints(i) == std::min<int64_t>(i, last);
    if (!grouped) return CannotRun(*node, "with other columns than 0, 1, 2 … and the last");
    data::FeaturePlan feature;
    feature.encoding = data::Encoding::kOneHot;
    const auto first_rare = keys->strings().begin() + static_cast<std::ptrdiff_t>(last);
    feature.categories.assign(keys->strings().begin(), first_rare);
    feature.infrequent.assign(first_rare, keys->strings().end());
    feature.unknown_is_infrequent = unknown == last;
    return AddCategories(*node, std::move(feature));
  }

  // LabelEncoder: a number for each category. Several that follow one another and read the same
  // text with the same keys are one feature.
  Status ReadLookup(const std::string& column) {
    SLIPWAY_ASSIGN_OR_RETURN(const std::string value, ReadColumn(column));
    SLIPWAY_ASSIGN_OR_RETURN(const onnx::NodeProto* node, view_.Producer(value, "LabelEncoder", 1));
    const Attributes attributes(*node);
    SLIPWAY_RETURN_IF_ERROR(
        attributes.CheckKnown({"keys_strings", "values_floats", "default_float"}));
    const onnx::AttributeProto* keys = attributes.Find("keys_strings");
    const onnx::AttributeProto* values = attributes.Find("values_floats");
    const onnx::AttributeProto* unknown = attributes.Find("default_float");
    data::CategoryLookup lookup;
    lookup.label = node->doc_string();
    bool usable = keys != nullptr && values != nullptr && unknown != nullptr &&
                  keys->strings_size() == values->floats_size() && keys->strings_size() > 0;
    if (usable) {
      lookup.values.assign(values->floats().begin(), values->floats().end());
      lookup.unknown = unknown->f();
      usable = std::isfinite(lookup.unknown) &&
               std::ranges::all_of(lookup.values, [](float v) { return std::isfinite(v); });
    }
    if (!usable) return CannotRun(*node, "without a finite number for each text and the unknown");
    data::FeaturePlan feature;
    feature.encoding = data::Encoding::kLookup;
    feature.categories.assign(keys->strings().begin(), keys->strings().end());
    if (lookup_text_ == node->input(0) && !model_.plan.features.empty() &&
        model_.plan.features.back().encoding == data::Encoding::kLookup &&
        model_.plan.features.back().categories == feature.categories) {
      model_.plan.features.back().lookups.push_back(std::move(lookup));
      return {};
    }
    if (IsRank(lookup)) {
      feature.encoding = data::Encoding::kRank;
    } else {
      feature.lookups.push_back(std::move(lookup));
    }
    lookup_text_ = node->input(0);
    return AddCategories(*node, std::move(feature));
  }

  // 1, 2, 3 …, and 0 for the unknown, without a label.
  static bool IsRank(const data::CategoryLookup& lookup) {
    bool ranks = lookup.unknown == 0 && lookup.label.empty();
    for (size_t i = 0; ranks && i < lookup.values.size(); ++i)
      ranks = lookup.values[i] == static_cast<float>(i + 1);
    return ranks;
  }

  // What the encoder `node` reads: an input, or an input with its missing values filled.
  Status AddCategories(const onnx::NodeProto& node, data::FeaturePlan feature) {
    feature.name = node.input(0);
    feature.type = data::ColumnType::kCategory;
    std::set<std::string_view> distinct(feature.categories.begin(), feature.categories.end());
    distinct.insert(feature.infrequent.begin(), feature.infrequent.end());
    if (distinct.size() != feature.categories.size() + feature.infrequent.size()) {
      return CannotRun(node, "with a category given twice");
    }
    if (view_.OperatorOf(node.input(0)) == "LabelEncoder") {
      SLIPWAY_RETURN_IF_ERROR(ReadFill(node.input(0), &feature));
    }
    return AddFeature(std::move(feature), onnx::TensorProto::STRING);
  }

  // LabelEncoder: each category to itself, then "" to the one that fills it; the rest to "".
  Status ReadFill(const std::string& text, data::FeaturePlan* feature) const {
    SLIPWAY_ASSIGN_OR_RETURN(const onnx::NodeProto* node, view_.Producer(text, "LabelEncoder", 1));
    const Attributes attributes(*node);
    SLIPWAY_RETURN_IF_ERROR(
        attributes.CheckKnown({"keys_strings", "values_strings", "default_string"}));
    const onnx::AttributeProto* keys = attributes.Find("keys_strings");
    const onnx::AttributeProto* values = attributes.Find("values_strings");
    std::vector<std::string> expected = feature->categories;
    expected.insert(expected.end(), feature->infrequent.begin(), feature->infrequent.end());
    bool fills = keys != nullptr && values != nullptr && values->strings_size() > 0 &&
                 attributes.Text("default_string", "_Unused").empty() &&
                 std::ranges::find(expected, "") == expected.end();
    if (fills) {
      feature->name = node->input(0);
      feature->fill_category = values->strings(values->strings_size() - 1);
      fills = std::ranges::find(expected, feature->fill_category) != expected.end();
      expected.emplace_back();
      fills = fills && std::ranges::equal(keys->strings(), expected);
      expected.back() = feature->fill_category;
      fills = fills && std::ranges::equal(values->strings(), expected);
    }
    if (!fills) return CannotRun(*node, "that does more than fill missing categories");
    return {};
  }

  Status AddFeature(data::FeaturePlan feature, onnx::TensorProto::DataType type) {
    SLIPWAY_RETURN_IF_ERROR(view_.CheckInput(feature.name, type));
    const bool first = used_.emplace(feature.name, model_.plan.features.size()).second;
    if (!used_as_.emplace(feature.name, data::NameOf(feature.time)).second ||
        (!first && type == onnx::TensorProto::STRING)) {
      return CannotRun(fmt::format("a graph that uses its input '{}' twice", feature.name));
    }
    model_.plan.features.push_back(std::move(feature));
    return {};
  }

  Status ListInputs() {
    for (const onnx::ValueInfoProto& input : graph_.input()) {
      if (!used_.contains(input.name())) {
        // A feature that had no category in training: its text changes nothing.
        data::FeaturePlan feature;
        feature.name = input.name();
        feature.type = data::ColumnType::kCategory;
        feature.encoding = data::Encoding::kOneHot;
        SLIPWAY_RETURN_IF_ERROR(AddFeature(std::move(feature), onnx::TensorProto::STRING));
      }
    }
    // Who reads parts of a time reads a time, and so does its neighbour that takes the seconds.
    std::set<std::string_view> times;
    for (const onnx::ValueInfoProto& input : graph_.input()) {
      if (input.doc_string() == onnx_names::kTimeInput) times.insert(input.name());
    }
    for (const data::FeaturePlan& feature : model_.plan.features) {
      if (feature.time != data::TimeFeature{}) times.insert(feature.name);
    }
    for (data::FeaturePlan& feature : model_.plan.features) {
      if (times.contains(feature.name)) feature.type = data::ColumnType::kTimestamp;
    }
    for (const onnx::ValueInfoProto& input : graph_.input()) {
      model_.inputs.push_back(FieldOf(model_.plan.features[used_.at(input.name())]));
    }
    return {};
  }

  static InputField FieldOf(const data::FeaturePlan& feature) {
    InputField field;
    field.name = feature.name;
    field.type = feature.type;
    // A graph has an answer for a missing number whether training had one or not.
    field.nullable = feature.type != data::ColumnType::kCategory || !feature.fill_category.empty();
    for (const auto* categories : {&feature.categories, &feature.infrequent}) {
      for (const std::string& category : *categories) {
        if (category.empty()) {
          field.nullable = true;
        } else {
          field.categories.push_back(category);
        }
      }
    }
    return field;
  }

  const onnx::GraphProto& graph_;
  GraphView view_;
  OnnxModel model_;
  std::optional<DecisionThreshold> threshold_;
  std::map<std::string, size_t> used_;                     // Input → index of its first feature.
  std::set<std::pair<std::string, std::string>> used_as_;  // Input and what of it.
  std::string lookup_text_;                                // What the last lookup reads.
};

}  // namespace

Result<OnnxModel> ReadOnnx(std::string_view bytes) {
  SLIPWAY_ASSIGN_OR_RETURN(const ParsedOnnx parsed, ParsedOnnx::Make(bytes));
  const onnx::GraphProto& graph = parsed.model().graph();
  SLIPWAY_ASSIGN_OR_RETURN(GraphView view, GraphView::Make(graph));
  return GraphReader(graph, std::move(view)).Run();
}

}  // namespace slipway::model
