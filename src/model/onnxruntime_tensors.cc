#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <concepts>
#include <limits>

#include "model/onnxruntime_tensors_internal.h"

namespace slipway::model::ort {
namespace {

constexpr const char* kFeed = "take the rows";
constexpr const char* kAnswer = "tell its answer";

// Bytes and shape of a tensor that some rows fill.
struct Shape {
  explicit Shape(const ForeignInput& input, RowRange rows)
      : sizes{rows.count, static_cast<int64_t>(input.fields)},
        rank(static_cast<size_t>(input.rank)) {}
  int64_t sizes[2];
  size_t rank;
};

template <std::floating_point T>
slipway::Status Convert(double value, const data::Column& /*column*/, int64_t /*row*/, T* to) {
  *to = static_cast<T>(value);
  return {};
}

template <std::integral T>
slipway::Status Convert(double value, const data::Column& column, int64_t row, T* to) {
  // 2^31 or 2^63: a double has it, where the largest whole number of 64 bits is none.
  constexpr double kBound = 2.0 * static_cast<double>(T{1} << (std::numeric_limits<T>::digits - 1));
  if (value == std::trunc(value) && value >= -kBound && value < kBound) {
    *to = static_cast<T>(value);
    return {};
  }
  Location location;
  location.row = row + 1;
  location.field = column.name;
  return Error(ErrorCode::kInvalidInput,
               std::isnan(value)
                   ? std::string("missing, and the graph takes whole numbers only")
                   : fmt::format("{} is no whole number of {} bits", value, sizeof(T) * 8))
      .At(std::move(location))
      .Expected("a whole number");
}

// Row by row, as the tensor has them.
template <typename T>
slipway::Status Join(std::span<const data::Column* const> columns, RowRange rows,
                     std::vector<T>* joined) {
  joined->resize(static_cast<size_t>(rows.count) * columns.size());
  for (size_t i = 0; i < columns.size(); ++i) {
    const data::Column& column = *columns[i];
    T* to = joined->data() + i;
    for (int64_t row = rows.begin; row < rows.begin + rows.count; ++row, to += columns.size()) {
      SLIPWAY_RETURN_IF_ERROR(Convert(column.numbers[static_cast<size_t>(row)], column, row, to));
    }
  }
  return {};
}

template <typename T>
Result<InputTensor> MakeNumbers(const Library& library, const ForeignInput& input,
                                std::span<const data::Column* const> columns, RowRange rows) {
  std::vector<T> numbers;
  SLIPWAY_RETURN_IF_ERROR(Join(columns, rows, &numbers));
  InputTensor tensor{std::move(numbers), {nullptr, library.api.release_value}};
  auto& kept = std::get<std::vector<T>>(tensor.numbers);
  const Shape shape(input, rows);
  Value* value = nullptr;
  SLIPWAY_RETURN_IF_ERROR(
      library.Check(library.api.wrap_tensor(library.memory, kept.data(), kept.size() * sizeof(T),
                                            shape.sizes, shape.rank, input.element, &value),
                    kFeed));
  tensor.value.reset(value);
  return tensor;
}

Result<InputTensor> MakeTexts(const Library& library, const ForeignInput& input,
                              std::span<const data::Column* const> columns, RowRange rows) {
  std::vector<const char*> texts;
  for (int64_t row = rows.begin; row < rows.begin + rows.count; ++row) {
    for (const data::Column* column : columns) {
      const int32_t code = column->codes[static_cast<size_t>(row)];
      texts.push_back(
          code == data::kMissingCode ? "" : column->categories[static_cast<size_t>(code)].c_str());
    }
  }
  const Shape shape(input, rows);
  Value* value = nullptr;
  SLIPWAY_RETURN_IF_ERROR(library.Check(
      library.api.create_tensor(library.allocator, shape.sizes, shape.rank, kString, &value),
      kFeed));
  InputTensor tensor{{}, {value, library.api.release_value}};
  SLIPWAY_RETURN_IF_ERROR(
      library.Check(library.api.fill_strings(value, texts.data(), texts.size()), kFeed));
  return tensor;
}

struct TensorFacts {
  int element = 0;
  size_t count = 0;
};

Result<TensorFacts> FactsOf(const Library& library, const Value& value) {
  TensorInfo* info = nullptr;
  SLIPWAY_RETURN_IF_ERROR(library.Check(library.api.tensor_info(&value, &info), kAnswer));
  const std::unique_ptr<TensorInfo, void (*)(TensorInfo*)> owned(info,
                                                                 library.api.release_tensor_info);
  TensorFacts facts;
  SLIPWAY_RETURN_IF_ERROR(library.Check(library.api.element_type(info, &facts.element), kAnswer));
  SLIPWAY_RETURN_IF_ERROR(library.Check(library.api.element_count(info, &facts.count), kAnswer));
  return facts;
}

Error Unexpected(const std::string& output, const TensorFacts& facts, int64_t count,
                 const char* type) {
  return Error(ErrorCode::kInvalidInput,
               fmt::format("the graph's output '{}' has {} values of element type {}", output,
                           facts.count, facts.element))
      .Expected(fmt::format("{} of {}", count, type));
}

// The tensor's own memory.
template <typename T>
Result<std::span<const T>> DataOf(const Library& library, const Value& value, size_t count) {
  void* data = nullptr;
  // The function wants to let its caller write; this one does not.
  SLIPWAY_RETURN_IF_ERROR(
      library.Check(library.api.tensor_data(const_cast<Value*>(&value), &data), kAnswer));
  return std::span(static_cast<const T*>(data), count);
}

template <typename From, typename To>
slipway::Status CopyAs(const Library& library, const Value& value, size_t count, To* to) {
  SLIPWAY_ASSIGN_OR_RETURN(const std::span<const From> data, DataOf<From>(library, value, count));
  std::ranges::transform(data, to, [](From number) { return static_cast<To>(number); });
  return {};
}

template <typename To>
slipway::Status ReadAs(const Library& library, const Value& value, const std::string& output,
                       int64_t count, To* to) {
  SLIPWAY_ASSIGN_OR_RETURN(const TensorFacts facts, FactsOf(library, value));
  const bool number = facts.element == kFloat || facts.element == kDouble;
  if (!number || facts.count != static_cast<size_t>(count)) {
    return Unexpected(output, facts, count, "float or double");
  }
  return facts.element == kFloat ? CopyAs<float>(library, value, facts.count, to)
                                 : CopyAs<double>(library, value, facts.count, to);
}

template <typename From>
Result<std::vector<std::string>> Digits(const Library& library, const Value& value, size_t count) {
  SLIPWAY_ASSIGN_OR_RETURN(const std::span<const From> data, DataOf<From>(library, value, count));
  std::vector<std::string> texts;
  texts.reserve(count);
  for (const From number : data) texts.push_back(std::to_string(number));
  return texts;
}

Result<std::vector<std::string>> Strings(const Library& library, const Value& value, size_t count) {
  size_t bytes = 0;
  SLIPWAY_RETURN_IF_ERROR(library.Check(library.api.strings_length(&value, &bytes), kAnswer));
  std::string all(bytes, '\0');
  std::vector<size_t> offsets(count);
  SLIPWAY_RETURN_IF_ERROR(library.Check(
      library.api.strings_content(&value, all.data(), bytes, offsets.data(), count), kAnswer));
  offsets.push_back(bytes);
  std::vector<std::string> texts;
  texts.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    texts.push_back(all.substr(offsets[i], offsets[i + 1] - offsets[i]));
  }
  return texts;
}

}  // namespace

Result<InputTensor> MakeInput(const Library& library, const ForeignInput& input,
                              std::span<const data::Column* const> columns, RowRange rows) {
  switch (input.element) {
    case kFloat: return MakeNumbers<float>(library, input, columns, rows);
    case kDouble: return MakeNumbers<double>(library, input, columns, rows);
    case kInt64: return MakeNumbers<int64_t>(library, input, columns, rows);
    case kInt32: return MakeNumbers<int32_t>(library, input, columns, rows);
    default: return MakeTexts(library, input, columns, rows);
  }
}

Result<int64_t> ElementsOf(const Library& library, const Value& value) {
  SLIPWAY_ASSIGN_OR_RETURN(const TensorFacts facts, FactsOf(library, value));
  return static_cast<int64_t>(facts.count);
}

slipway::Status ReadNumbers(const Library& library, const Value& value, const std::string& output,
                            int64_t count, float* numbers) {
  return ReadAs(library, value, output, count, numbers);
}

slipway::Status ReadNumbers(const Library& library, const Value& value, const std::string& output,
                            int64_t count, double* numbers) {
  return ReadAs(library, value, output, count, numbers);
}

Result<std::vector<std::string>> ReadTexts(const Library& library, const Value& value,
                                           const std::string& output, int64_t count) {
  SLIPWAY_ASSIGN_OR_RETURN(const TensorFacts facts, FactsOf(library, value));
  if (facts.count == static_cast<size_t>(count)) {
    if (facts.element == kString) return Strings(library, value, facts.count);
    if (facts.element == kInt64) return Digits<int64_t>(library, value, facts.count);
    if (facts.element == kInt32) return Digits<int32_t>(library, value, facts.count);
  }
  return Unexpected(output, facts, count, "string, int64 or int32");
}

}  // namespace slipway::model::ort
