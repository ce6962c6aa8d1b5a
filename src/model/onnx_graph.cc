#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>

#include "model/onnx_graph_internal.h"

namespace slipway::model {
namespace {

static_assert(std::endian::native == std::endian::little, "raw_data of ONNX is little-endian");

// What a large model is read into comes in pages of this size where the system has them: to make
// them by 4 KiB takes longer than to read it.
constexpr size_t kLargePage = size_t{2} << 20U;
constexpr size_t kLargeModel = size_t{256} << 10U;
constexpr const char* kTry = "ONNX Runtime, or a model that `slipway run` made";

// The number of elements that `dims` say, if they say at most one dimension.
Result<size_t> CountOf(const onnx::TensorProto& tensor) {
  if (tensor.dims_size() == 0) return size_t{1};
  if (tensor.dims_size() == 1 && tensor.dims(0) >= 0) return static_cast<size_t>(tensor.dims(0));
  return CannotRun(
      fmt::format("constant '{}' of {} dimensions", tensor.name(), tensor.dims_size()));
}

template <typename T, typename Field>
Result<std::vector<T>> NumbersOf(const onnx::TensorProto& tensor, onnx::TensorProto::DataType type,
                                 const Field& typed) {
  if (tensor.data_type() != type || tensor.data_location() == onnx::TensorProto::EXTERNAL) {
    return CannotRun(
        fmt::format("constant '{}' of element type {}", tensor.name(), tensor.data_type()));
  }
  SLIPWAY_ASSIGN_OR_RETURN(const size_t count, CountOf(tensor));
  std::vector<T> values(typed.begin(), typed.end());
  if (tensor.has_raw_data()) {
    values.resize(tensor.raw_data().size() / sizeof(T));
    std::memcpy(values.data(), tensor.raw_data().data(), values.size() * sizeof(T));
  }
  if (values.size() != count) {
    return CannotRun(fmt::format("constant '{}' with {} of its {} elements", tensor.name(),
                                 values.size(), count));
  }
  return values;
}

void* AllocateBlock(size_t size) {
  size = (size + kLargePage - 1) / kLargePage * kLargePage;
  void* const block = std::aligned_alloc(kLargePage, size);
  if (block == nullptr) throw std::bad_alloc();
  (void)::madvise(block, size, MADV_HUGEPAGE);  // Without it, it only takes longer.
  return block;
}

void FreeBlock(void* block, size_t) { std::free(block); }

google::protobuf::ArenaOptions ArenaFor(size_t bytes) {
  google::protobuf::ArenaOptions options;
  if (bytes < kLargeModel) return options;
  options.start_block_size = kLargePage;
  options.max_block_size = kLargePage;
  options.block_alloc = AllocateBlock;
  options.block_dealloc = FreeBlock;
  return options;
}

}  // namespace

ParsedOnnx::ParsedOnnx(size_t bytes) {
  const google::protobuf::ArenaOptions options = ArenaFor(bytes);
  arena_ = std::make_unique<google::protobuf::Arena>(options);
  model_ = google::protobuf::Arena::CreateMessage<onnx::ModelProto>(arena_.get());
}

Result<ParsedOnnx> ParsedOnnx::Make(std::string_view bytes) {
  ParsedOnnx parsed(bytes.size());
  constexpr auto kLimit = static_cast<size_t>(std::numeric_limits<int32_t>::max());
  if (bytes.size() > kLimit ||
      !parsed.model_->ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) ||
      !parsed.model_->has_graph()) {
    return Error(ErrorCode::kInvalidInput, "not an ONNX model")
        .Expected("the bytes of an ONNX ModelProto");
  }
  return parsed;
}

Error CannotRun(const std::string& what) {
  return Error(ErrorCode::kInvalidInput, "the native kernel can't run " + what).Try(kTry);
}

Error CannotRun(const onnx::NodeProto& node, const std::string& what) {
  return CannotRun(fmt::format("operator {} (node '{}') {}", node.op_type(), node.name(), what));
}

Result<GraphView> GraphView::Make(const onnx::GraphProto& graph) {
  GraphView view;
  std::map<std::string_view, int> seen;
  const auto unique = [&](const std::string& name) { return ++seen[name] == 1; };
  for (const onnx::TensorProto& tensor : graph.initializer()) {
    if (!unique(tensor.name()))
      return CannotRun(fmt::format("a graph with two values named '{}'", tensor.name()));
    view.constants_[tensor.name()] = &tensor;
  }
  for (const onnx::ValueInfoProto& input : graph.input()) {
    if (!unique(input.name()))
      return CannotRun(fmt::format("a graph with two values named '{}'", input.name()));
    view.inputs_[input.name()] = &input;
  }
  for (const onnx::NodeProto& node : graph.node()) {
    for (const std::string& output : node.output()) {
      if (!unique(output))
        return CannotRun(node, fmt::format("whose output '{}' has another maker too", output));
      view.producers_[output] = &node;
    }
  }
  return view;
}

Result<const onnx::NodeProto*> GraphView::Producer(const std::string& value, const char* op,
                                                   int inputs) const {
  const auto it = producers_.find(value);
  if (it == producers_.end()) {
    return CannotRun(fmt::format("a graph in which no node makes '{}'", value)).Expected(op);
  }
  const onnx::NodeProto& node = *it->second;
  if (node.op_type() != op)
    return CannotRun(node, fmt::format("as the maker of '{}'", value)).Expected(op);
  if ((inputs != 0 && node.input_size() != inputs) || node.output_size() != 1) {
    return CannotRun(
        node, fmt::format("with {} inputs and {} outputs", node.input_size(), node.output_size()));
  }
  return &node;
}

const onnx::NodeProto* GraphView::NodeOf(const std::string& value) const {
  const auto it = producers_.find(value);
  return it == producers_.end() || it->second->output_size() != 1 ? nullptr : it->second;
}

std::string GraphView::OperatorOf(const std::string& value) const {
  const auto it = producers_.find(value);
  return it == producers_.end() ? "" : it->second->op_type();
}

Status GraphView::CheckInput(const std::string& value, onnx::TensorProto::DataType type) const {
  const auto it = inputs_.find(value);
  if (it == inputs_.end())
    return CannotRun(fmt::format("a graph in which '{}' is not an input", value));
  const onnx::TypeProto& declared = it->second->type();
  const onnx::TypeProto::Tensor& tensor = declared.tensor_type();
  if (!declared.has_tensor_type() || tensor.elem_type() != type || tensor.shape().dim_size() != 1) {
    return CannotRun(fmt::format("a graph whose input '{}' has element type {} and rank {}", value,
                                 tensor.elem_type(), tensor.shape().dim_size()))
        .Expected(type == onnx::TensorProto::STRING ? "strings of rank 1" : "doubles of rank 1");
  }
  return {};
}

Result<const onnx::TensorProto*> GraphView::Constant(const std::string& value) const {
  const auto it = constants_.find(value);
  if (it == constants_.end())
    return CannotRun(fmt::format("a graph in which '{}' is not a constant", value));
  return it->second;
}

Result<std::vector<double>> GraphView::Doubles(const std::string& value) const {
  SLIPWAY_ASSIGN_OR_RETURN(const onnx::TensorProto* tensor, Constant(value));
  return DoublesOf(*tensor);
}

Result<std::vector<float>> GraphView::Floats(const std::string& value) const {
  SLIPWAY_ASSIGN_OR_RETURN(const onnx::TensorProto* tensor, Constant(value));
  return NumbersOf<float>(*tensor, onnx::TensorProto::FLOAT, tensor->float_data());
}

Result<std::vector<int64_t>> GraphView::Ints(const std::string& value) const {
  SLIPWAY_ASSIGN_OR_RETURN(const onnx::TensorProto* tensor, Constant(value));
  return NumbersOf<int64_t>(*tensor, onnx::TensorProto::INT64, tensor->int64_data());
}

Result<std::vector<double>> DoublesOf(const onnx::TensorProto& tensor) {
  return NumbersOf<double>(tensor, onnx::TensorProto::DOUBLE, tensor.double_data());
}

Result<std::vector<std::string>> TextsOf(const onnx::TensorProto& tensor) {
  std::vector<std::string> texts;
  if (tensor.data_type() == onnx::TensorProto::INT64) {
    SLIPWAY_ASSIGN_OR_RETURN(
        const std::vector<int64_t> values,
        NumbersOf<int64_t>(tensor, onnx::TensorProto::INT64, tensor.int64_data()));
    for (const int64_t value : values) texts.push_back(std::to_string(value));
    return texts;
  }
  SLIPWAY_ASSIGN_OR_RETURN(const size_t count, CountOf(tensor));
  texts.assign(tensor.string_data().begin(), tensor.string_data().end());
  if (tensor.data_type() != onnx::TensorProto::STRING || texts.size() != count) {
    return CannotRun(fmt::format("constant '{}' of element type {} as labels", tensor.name(),
                                 tensor.data_type()));
  }
  return texts;
}

Attributes::Attributes(const onnx::NodeProto& node) : node_(node) {}

const onnx::AttributeProto* Attributes::Find(std::string_view name) const {
  for (const onnx::AttributeProto& attribute : node_.attribute()) {
    if (attribute.name() == name) return &attribute;
  }
  return nullptr;
}

Status Attributes::CheckKnown(const std::vector<std::string_view>& known) const {
  for (const onnx::AttributeProto& attribute : node_.attribute()) {
    if (std::ranges::find(known, attribute.name()) == known.end()) {
      return CannotRun(node_, fmt::format("with the attribute '{}'", attribute.name()));
    }
  }
  return {};
}

int64_t Attributes::Int(std::string_view name, int64_t fallback) const {
  const onnx::AttributeProto* attribute = Find(name);
  return attribute == nullptr ? fallback : attribute->i();
}

std::string Attributes::Text(std::string_view name, const std::string& fallback) const {
  const onnx::AttributeProto* attribute = Find(name);
  return attribute == nullptr ? fallback : attribute->s();
}

Status Attributes::CheckInt(std::string_view name, int64_t fallback, int64_t expected) const {
  const int64_t value = Int(name, fallback);
  if (value == expected) return {};
  return CannotRun(node_, fmt::format("with {} {}", name, value))
      .Expected(std::to_string(expected));
}

}  // namespace slipway::model
