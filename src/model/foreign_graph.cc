#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include "core/text.h"
#include "model/foreign_classes_internal.h"
#include "model/foreign_graph_internal.h"
#include "model/onnx_builder_internal.h"
#include "model/onnx_graph_internal.h"

namespace slipway::model {
namespace {

constexpr std::string_view kProbabilityPrefix = "probability_";
constexpr int kDeepestGraph = 16;  // Of graphs within the branches and loops of others.

Error CannotUse(const std::string& what) {
  return Error(ErrorCode::kInvalidInput, "the graph can't be used on a table: " + what)
      .Try("docs/models.md, \"Graphs of others\"");
}

// The type of a value that is a tensor.
struct TensorType {
  int element = 0;
  std::vector<int64_t> shape;  // -1 where a dimension is not fixed.

  int rank() const { return static_cast<int>(shape.size()); }
  int64_t columns() const { return shape.size() < 2 ? 1 : shape[1]; }
  bool is_label() const {
    return element == onnx::TensorProto::INT64 || element == onnx::TensorProto::STRING ||
           element == onnx::TensorProto::INT32;
  }
  bool is_score() const {
    return element == onnx::TensorProto::FLOAT || element == onnx::TensorProto::DOUBLE;
  }
};

TensorType TypeOf(const onnx::ValueInfoProto& value) {
  TensorType type;
  if (!value.type().has_tensor_type()) return type;
  const onnx::TypeProto::Tensor& tensor = value.type().tensor_type();
  type.element = tensor.elem_type();
  for (const auto& dimension : tensor.shape().dim()) {
    type.shape.push_back(dimension.has_dim_value() ? dimension.dim_value() : -1);
  }
  return type;
}

// Ends a sequence of maps before it is made: what ZipMap repacks is what is wanted. Returns the
// outputs that are so.
std::vector<onnx::ValueInfoProto*> DropZipMaps(onnx::GraphProto* graph) {
  std::vector<onnx::ValueInfoProto*> dropped;
  for (onnx::ValueInfoProto& output : *graph->mutable_output()) {
    auto& nodes = *graph->mutable_node();
    const auto zip = std::ranges::find_if(nodes, [&](const onnx::NodeProto& node) {
      return node.op_type() == "ZipMap" && node.input_size() == 1 && node.output_size() == 1 &&
             node.output(0) == output.name();
    });
    if (zip == nodes.end()) continue;
    const std::string scores = zip->input(0);
    nodes.erase(zip);
    GraphBuilder::SetType(output, scores, onnx::TensorProto::FLOAT);
    dropped.push_back(&output);
  }
  return dropped;
}

bool AllNumbers(const std::vector<std::string>& texts) {
  return std::ranges::all_of(texts, [](const std::string& text) {
    int64_t number = 0;
    const char* end = text.data() + text.size();
    return std::from_chars(text.data(), end, number).ptr == end && !text.empty();
  });
}

// Whether weights lie in a file beside the graph, in whatever part of it they are used.
class OutsideWeights {
 public:
  bool In(const onnx::ModelProto& model) {
    return In(model.graph(), 0) ||
           std::ranges::any_of(model.functions(), [&](const onnx::FunctionProto& function) {
             return std::ranges::any_of(function.node(),
                                        [&](const auto& node) { return In(node, 0); });
           });
  }
  // Graphs were nested too deeply to look into all of them.
  bool too_deep() const { return too_deep_; }

 private:
  static bool In(const onnx::TensorProto& tensor) {
    return tensor.data_location() == onnx::TensorProto::EXTERNAL;
  }
  static bool In(const onnx::SparseTensorProto& tensor) {
    return In(tensor.values()) || In(tensor.indices());
  }
  bool In(const onnx::GraphProto& graph, int depth) {
    too_deep_ |= depth > kDeepestGraph;
    if (too_deep_) return false;
    const auto outside = [](const auto& tensor) { return In(tensor); };
    return std::ranges::any_of(graph.initializer(), outside) ||
           std::ranges::any_of(graph.sparse_initializer(), outside) ||
           std::ranges::any_of(graph.node(), [&](const auto& node) { return In(node, depth); });
  }
  bool In(const onnx::NodeProto& node, int depth) {
    return std::ranges::any_of(node.attribute(), [&](const onnx::AttributeProto& attribute) {
      const auto outside = [](const auto& tensor) { return In(tensor); };
      const auto inside = [&](const auto& graph) { return In(graph, depth + 1); };
      return (attribute.has_t() && In(attribute.t())) ||
             (attribute.has_sparse_tensor() && In(attribute.sparse_tensor())) ||
             (attribute.has_g() && inside(attribute.g())) ||
             std::ranges::any_of(attribute.tensors(), outside) ||
             std::ranges::any_of(attribute.sparse_tensors(), outside) ||
             std::ranges::any_of(attribute.graphs(), inside);
    });
  }

  bool too_deep_ = false;
};

// Weights in a file beside the graph would be no part of what is registered.
Status CheckWhole(const onnx::ModelProto& model) {
  OutsideWeights weights;
  if (weights.In(model)) {
    return CannotUse("its weights are in another file")
        .Expected("one file with all of it")
        .Try("saving the graph with its weights inside (onnx.save without external data)");
  }
  if (!weights.too_deep()) return {};
  return CannotUse(fmt::format("it has graphs in graphs, more than {} deep", kDeepestGraph));
}

class ForeignReader {
 public:
  ForeignReader(onnx::ModelProto* model, const std::vector<std::string>& features)
      : model_(*model), given_(features) {}

  Result<ForeignGraph> Run(std::string_view onnx) {
    SLIPWAY_RETURN_IF_ERROR(ReadInputs());
    const std::optional<ClassList> zipped = ClassesOfZipMap();
    const std::vector<onnx::ValueInfoProto*> dropped = DropZipMaps(model_.mutable_graph());
    SLIPWAY_RETURN_IF_ERROR(ReadOutputs());
    // Whether they are float or double only the runtime infers. One a row and class, they say no
    // more than their rank.
    for (onnx::ValueInfoProto* scores : dropped) scores->clear_type();
    if (!graph_.regression()) SLIPWAY_RETURN_IF_ERROR(ReadClasses(zipped));
    graph_.onnx = zipped ? model_.SerializeAsString() : std::string(onnx);
    return std::move(graph_);
  }

 private:
  const onnx::GraphProto& graph() const { return model_.graph(); }

  Status ReadInputs();
  Status AddInput(const onnx::ValueInfoProto& value);
  Result<std::vector<std::string>> NamesOfColumns(const onnx::ValueInfoProto& value,
                                                  int64_t columns) const;

  std::optional<ClassList> ClassesOfZipMap() const;
  Status ReadOutputs();
  Status ReadScores(const onnx::ValueInfoProto& output);
  Status ReadClasses(const std::optional<ClassList>& zipped);
  Result<ClassList> FindClasses(const std::optional<ClassList>& zipped);
  ClassList OwnClasses(const std::optional<ClassList>& zipped) const;
  Status ArrangeScores(const std::vector<std::string>& told, const std::vector<std::string>& own);
  bool scores_named() const { return graph_.scores.front().starts_with(kProbabilityPrefix); }

  onnx::ModelProto& model_;
  const std::vector<std::string>& given_;
  ForeignGraph graph_;
  int64_t score_columns_ = -1;  // -1 where the graph does not say.
};

Status ForeignReader::ReadInputs() {
  std::set<std::string_view> constants;
  for (const onnx::TensorProto& tensor : graph().initializer()) constants.insert(tensor.name());
  std::vector<const onnx::ValueInfoProto*> inputs;
  for (const onnx::ValueInfoProto& input : graph().input()) {
    if (!constants.contains(input.name())) inputs.push_back(&input);
  }
  for (const onnx::ValueInfoProto* input : inputs) {
    if (inputs.size() > 1 && TypeOf(*input).columns() != 1) {
      return CannotUse(fmt::format("its input '{}' is a matrix beside other inputs", input->name()))
          .Expected("one input for all columns, or one a column");
    }
    SLIPWAY_RETURN_IF_ERROR(AddInput(*input));
  }
  if (graph_.inputs.empty()) return CannotUse("it has no input");
  return {};
}

Status ForeignReader::AddInput(const onnx::ValueInfoProto& value) {
  const TensorType type = TypeOf(value);
  const bool text = type.element == onnx::TensorProto::STRING;
  const bool number = type.is_score() || (type.is_label() && !text);
  if (!(text || number) || type.rank() < 1 || type.rank() > 2) {
    return CannotUse(fmt::format("its input '{}' has element type {} and {} dimensions",
                                 value.name(), type.element, type.rank()))
        .Expected("[N], [N, 1] or [N, columns] of float, double, int64, int32 or string");
  }
  if (type.shape[0] > 1) {
    return CannotUse(fmt::format("its input '{}' takes {} rows, no more and no fewer", value.name(),
                                 type.shape[0]))
        .Expected("any number of rows: a dimension without a fixed size");
  }
  graph_.one_row |= type.shape[0] == 1;
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                           NamesOfColumns(value, type.columns()));
  graph_.inputs.push_back(
      {value.name(), type.element, type.rank(), graph_.fields.size(), names.size()});
  for (const std::string& name : names) {
    InputField& field = graph_.fields.emplace_back();
    field.name = name;
    field.type = text ? data::ColumnType::kCategory : data::ColumnType::kNumeric;
    field.any_category = text;
    // NaN is a number to them, as "" is a text; a whole number has nothing of the kind.
    field.nullable = text || type.is_score();
    field.integral = number && !type.is_score();
  }
  return {};
}

Result<std::vector<std::string>> ForeignReader::NamesOfColumns(const onnx::ValueInfoProto& value,
                                                               int64_t columns) const {
  if (columns == 1) return std::vector{value.name()};
  SLIPWAY_ASSIGN_OR_RETURN(const auto own, MetadataList(model_, "feature_names"));
  const std::vector<std::string>& names = own ? *own : given_;
  const std::set<std::string_view> distinct(names.begin(), names.end());
  const std::string matrix =
      columns < 0 ? fmt::format("its input '{}' is a matrix", value.name())
                  : fmt::format("its input '{}' is a matrix of {} columns", value.name(), columns);
  if (names.empty()) {
    return CannotUse(matrix + " that it does not name")
        .Expected("their names, in order")
        .Try("--feature-columns NAME,…, or the key feature_names in the graph's metadata");
  }
  if (distinct.size() != names.size()) return CannotUse("two of its columns have the same name");
  if (columns >= 0 && columns != std::ssize(names)) {
    return CannotUse(fmt::format("{}, and {} are named", matrix, names.size()))
        .Expected(fmt::format("{} names", columns));
  }
  return names;
}

std::optional<ClassList> ForeignReader::ClassesOfZipMap() const {
  for (const onnx::NodeProto& node : graph().node()) {
    if (node.op_type() == "ZipMap") return ClassesOfNode(node).value_or(ClassList{});
  }
  return std::nullopt;
}

Status ForeignReader::ReadOutputs() {
  const onnx::ValueInfoProto* scores = nullptr;
  for (const onnx::ValueInfoProto& output : graph().output()) {
    const TensorType type = TypeOf(output);
    if (graph_.label.empty() && type.is_label()) {
      graph_.label = output.name();
      graph_.integer_labels = type.element != onnx::TensorProto::STRING;
    }
    if (!type.is_score()) continue;
    if (output.name().starts_with(kProbabilityPrefix)) graph_.scores.push_back(output.name());
    if (scores == nullptr) scores = &output;
  }
  if (scores == nullptr) {
    return CannotUse("it gives no probabilities and no number")
        .Expected("an output of float or double beside the label");
  }
  if (!graph_.label.empty() && !graph_.scores.empty()) return {};
  return ReadScores(*scores);
}

Status ForeignReader::ReadScores(const onnx::ValueInfoProto& output) {
  const TensorType type = TypeOf(output);
  const bool logits = output.name() == "logits";
  if (!graph_.label.empty() || logits || output.name() == "probabilities") {
    graph_.scores = {output.name()};
    graph_.form = logits ? ScoreForm::kLogits : ScoreForm::kProbability;
    if (type.rank() == 2) score_columns_ = type.columns();
    return {};
  }
  graph_.scores.clear();
  graph_.value = output.name();
  if (type.rank() == 1 || (type.rank() == 2 && type.columns() == 1)) return {};
  return CannotUse(fmt::format("what its output '{}' means is not known", output.name()))
      .Expected("[N] or [N, 1] for a number to estimate, or the name logits or probabilities");
}

// What the graph says of its classes by outputs and nodes, in the order of its scores; empty where
// it says nothing.
ClassList ForeignReader::OwnClasses(const std::optional<ClassList>& zipped) const {
  ClassList classes;
  if (!graph_.label.empty() && scores_named()) {
    for (const std::string& output : graph_.scores) {
      classes.names.push_back(output.substr(kProbabilityPrefix.size()));
    }
    return classes;
  }
  if (zipped && !zipped->names.empty()) return *zipped;
  if (!graph_.label.empty()) classes = ClassesBehind(graph(), graph_.label).value_or(classes);
  return classes;
}

// Names that the graph is told to have stand for its scores by their places: its own names in
// another order would give each score to another class. Outputs that are named by class can be
// taken in that order.
Status ForeignReader::ArrangeScores(const std::vector<std::string>& told,
                                    const std::vector<std::string>& own) {
  const bool an_output_each = graph_.scores.size() > 1;
  const bool same = told.size() == own.size() && std::ranges::is_permutation(told, own);
  if (an_output_each && same) {
    for (size_t cls = 0; cls < told.size(); ++cls) {
      graph_.scores[cls] = std::string(kProbabilityPrefix) + told[cls];
    }
    return {};
  }
  // Names for numbers are what the list is for.
  const bool others = an_output_each && !(AllNumbers(own) && !AllNumbers(told));
  // A single score of two classes is that of the second.
  const bool turned = own.size() == 1 && told.size() == 2 && told.front() == own.front();
  if (!others && !turned && (told == own || !same)) return {};
  return CannotUse(fmt::format("the classes in its metadata are [{}], and its own are [{}]",
                               Join(told, ", "), Join(own, ", ")))
      .Expected("those of the scores, in the scores' order")
      .Try("the key classes left out of the graph's metadata");
}

// What the graph says of its classes, most certain first; empty where it says nothing.
Result<ClassList> ForeignReader::FindClasses(const std::optional<ClassList>& zipped) {
  SLIPWAY_ASSIGN_OR_RETURN(const auto told, MetadataList(model_, "classes"));
  ClassList classes = OwnClasses(zipped);
  if (told) {
    SLIPWAY_RETURN_IF_ERROR(ArrangeScores(*told, classes.names));
    return ClassList{*told, graph_.label.empty() && AllNumbers(*told)};
  }
  if (!classes.names.empty() || !graph_.label.empty()) return classes;
  const int64_t count = score_columns_ == 1 ? 2 : score_columns_;
  for (int64_t cls = 0; cls < count; ++cls) classes.names.push_back(std::to_string(cls));
  classes.integers = true;
  return classes;
}

Status ForeignReader::ReadClasses(const std::optional<ClassList>& zipped) {
  SLIPWAY_ASSIGN_OR_RETURN(ClassList classes, FindClasses(zipped));
  const int64_t count = std::ssize(classes.names);
  const std::set<std::string_view> distinct(classes.names.begin(), classes.names.end());
  if (count < 2 || std::ssize(distinct) != count) {
    return CannotUse(count == 0 ? "it does not say which classes it tells apart"
                                : "its classes are not two or more different ones")
        .Try(R"(the key classes in the graph's metadata, such as ["no", "yes"])");
  }
  // A single score of two classes is that of the second.
  const int64_t outputs = std::ssize(graph_.scores);
  const int64_t scores = outputs > 1 ? outputs : score_columns_;
  if (scores >= 0 && scores != count && !(scores == 1 && count == 2)) {
    return CannotUse(fmt::format("it gives {} scores a row for {} classes", scores, count))
        .Expected("a score a class");
  }
  // Names that the graph is told to have stand for the numbers that it answers with.
  if (graph_.integer_labels && !AllNumbers(classes.names)) {
    graph_.label.clear();
    classes.integers = false;
  }
  graph_.classes = std::move(classes.names);
  if (graph_.label.empty()) graph_.integer_labels = classes.integers;
  return {};
}

}  // namespace

Result<ForeignGraph> ReadForeignGraph(std::string_view onnx,
                                      const std::vector<std::string>& features) {
  SLIPWAY_ASSIGN_OR_RETURN(ParsedOnnx parsed, ParsedOnnx::Make(onnx));
  SLIPWAY_RETURN_IF_ERROR(CheckWhole(parsed.model()));
  return ForeignReader(&parsed.model(), features).Run(onnx);
}

}  // namespace slipway::model
