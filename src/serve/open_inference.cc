#include "serve/open_inference.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "core/build_info.h"
#include "core/text.h"
#include "core/time_text.h"
#include "data/category_column.h"

namespace slipway::serve {
namespace {

constexpr std::array<std::string_view, 13> kDatatypes = {
    "BOOL",  "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16",
    "INT32", "INT64", "FP16",   "FP32",   "FP64",   "BYTES"};

using Refused = std::optional<Rejection>;

Rejection Wrong(std::string message, std::string field = "",
                std::optional<int64_t> row = std::nullopt) {
  return {.status = 400, .message = std::move(message), .field = std::move(field), .row = row};
}

// One of the request's tensors: its values in row-major order.
struct Tensor {
  std::string name;
  std::string datatype;
  int64_t rows = 0;
  int64_t columns = 1;
  std::vector<const Json*> values;
};

void Flatten(const Json& data, int depth, std::vector<const Json*>* values) {
  constexpr int kDeepest = 8;
  if (!data.is_array() || depth == kDeepest) return values->push_back(&data);
  for (const Json& item : data) Flatten(item, depth + 1, values);
}

Refused ReadShape(const Json& shape, Tensor* tensor) {
  const bool list = shape.is_array() && !shape.empty() && shape.size() <= 2 &&
                    std::ranges::all_of(shape, [](const Json& size) {
                      return size.is_number_integer() && size >= 0 && size <= (int64_t{1} << 31U);
                    });
  if (!list) return Wrong("a shape is [rows] or [rows, columns]", tensor->name);
  tensor->rows = shape[0];
  tensor->columns = shape.size() == 2 ? shape[1].get<int64_t>() : 1;
  return std::nullopt;
}

Refused ReadTensor(const Json& json, Tensor* tensor) {
  if (!json.is_object()) return Wrong("an input is {name, shape, datatype, data}");
  tensor->name = GetString(json, "name");
  tensor->datatype = GetString(json, "datatype");
  if (std::ranges::find(kDatatypes, tensor->datatype) == kDatatypes.end()) {
    return Wrong(fmt::format("'{}' is no datatype; expected BOOL, BYTES, FP64, INT64 or the like",
                             Printable(tensor->datatype)),
                 tensor->name);
  }
  if (auto refused = ReadShape(json.value("shape", Json()), tensor)) return refused;
  const auto data = json.find("data");
  if (data == json.end() || !data->is_array()) return Wrong("no list as data", tensor->name);
  Flatten(*data, 0, &tensor->values);
  const auto count = static_cast<int64_t>(tensor->values.size());
  if (count == tensor->rows * tensor->columns) return std::nullopt;
  return Wrong(fmt::format("{} values for a shape of {}", FormatCount(count),
                           FormatCount(tensor->rows * tensor->columns)),
               tensor->name);
}

// The number that an input of numbers or times takes.
Refused NumberOf(const Json& value, const model::InputField& field, int64_t row, double* number) {
  if (value.is_null()) {
    *number = data::kMissingNumber;
  } else if (value.is_number()) {
    *number = value.get<double>();
  } else if (value.is_boolean()) {
    *number = value.get<bool>() ? 1 : 0;
  } else if (field.type == data::ColumnType::kTimestamp && value.is_string()) {
    const auto seconds = ParseIsoTime(value.get_ref<const std::string&>());
    if (!seconds) return Wrong("no date or time, such as 2026-11-23T06:41:07Z", field.name, row);
    *number = *seconds;
  } else {
    return Wrong(fmt::format("{} where a number is expected", value.type_name()), field.name, row);
  }
  return std::nullopt;
}

Refused TextOf(const Json& value, const model::InputField& field, int64_t row, std::string* text) {
  if (value.is_null()) {
    text->clear();
  } else if (value.is_string()) {
    *text = data::CanonicalBoolean(value.get_ref<const std::string&>());
  } else if (value.is_boolean()) {
    *text = value.get<bool>() ? "True" : "False";
  } else if (value.is_number()) {
    *text = CompactJson(value);
  } else {
    return Wrong(fmt::format("{} where a text is expected", value.type_name()), field.name, row);
  }
  return std::nullopt;
}

// Column `place` of the tensor as the input's.
Refused FillColumn(const Tensor& tensor, int64_t place, const model::InputField& field,
                   data::Column* column) {
  const auto value_at = [&](int64_t row) -> const Json& {
    return *tensor.values[static_cast<size_t>(row * tensor.columns + place)];
  };
  if (field.type == data::ColumnType::kCategory) {
    std::vector<std::string> texts(static_cast<size_t>(tensor.rows));
    for (int64_t row = 0; row < tensor.rows; ++row) {
      if (auto refused = TextOf(value_at(row), field, row, &texts[static_cast<size_t>(row)]))
        return refused;
    }
    *column = data::MakeCategoryColumn(field.name, texts);
    return std::nullopt;
  }
  column->numbers.resize(static_cast<size_t>(tensor.rows));
  for (int64_t row = 0; row < tensor.rows; ++row) {
    if (auto refused =
            NumberOf(value_at(row), field, row, &column->numbers[static_cast<size_t>(row)]))
      return refused;
  }
  return std::nullopt;
}

data::Column MissingColumn(const model::InputField& field, int64_t rows) {
  data::Column column;
  column.name = field.name;
  column.type = field.type;
  const auto count = static_cast<size_t>(rows);
  if (field.type == data::ColumnType::kCategory) {
    column.codes.assign(count, data::kMissingCode);
  } else {
    column.numbers.assign(count, data::kMissingNumber);
  }
  return column;
}

// All inputs in one tensor, in the model's order.
Refused FillFromMatrix(const Tensor& tensor, const model::ModelSchema& schema, data::Table* rows) {
  for (size_t i = 0; i < schema.inputs.size(); ++i) {
    if (auto refused =
            FillColumn(tensor, static_cast<int64_t>(i), schema.inputs[i], &rows->columns[i]))
      return refused;
  }
  return std::nullopt;
}

Refused FillByName(const std::vector<Tensor>& tensors, const model::ModelSchema& schema,
                   data::Table* rows) {
  std::vector<bool> filled(schema.inputs.size());
  for (const Tensor& tensor : tensors) {
    const auto field = std::ranges::find(schema.inputs, tensor.name, &model::InputField::name);
    if (field == schema.inputs.end()) {
      std::vector<std::string> names;
      for (const model::InputField& input : schema.inputs) names.push_back(input.name);
      const std::string nearest = NearestName(tensor.name, names);
      return Wrong("the model has no such input" + (nearest.empty() ? "" : "; try " + nearest),
                   tensor.name);
    }
    const auto place = static_cast<size_t>(field - schema.inputs.begin());
    if (filled[place]) return Wrong("the input is there twice", tensor.name);
    if (tensor.columns != 1)
      return Wrong("a shape of [rows] or [rows, 1] is expected", tensor.name);
    filled[place] = true;
    if (auto refused = FillColumn(tensor, 0, *field, &rows->columns[place])) return refused;
  }
  return std::nullopt;
}

Refused ReadTensors(const Json& inputs, std::vector<Tensor>* tensors) {
  if (!inputs.is_array() || inputs.empty()) return Wrong("no list of inputs", "inputs");
  for (const Json& input : inputs) {
    tensors->emplace_back();
    if (auto refused = ReadTensor(input, &tensors->back())) return refused;
    if (tensors->back().rows != tensors->front().rows) {
      return Wrong(fmt::format("{} rows, and {} in '{}'", FormatCount(tensors->back().rows),
                               FormatCount(tensors->front().rows), tensors->front().name),
                   tensors->back().name);
    }
  }
  return std::nullopt;
}

Refused ReadOutputs(const Json& outputs, const model::ModelSchema& schema, InferRequest* request) {
  if (outputs.is_null()) return std::nullopt;
  if (!outputs.is_array()) return Wrong("no list of outputs", "outputs");
  const std::vector<std::string> names = model::OutputNames(schema.classes);
  for (const Json& output : outputs) {
    const std::string name = output.is_object() ? GetString(output, "name") : "";
    if (std::ranges::find(names, name) == names.end()) {
      return Wrong(
          fmt::format("the model has no output '{}'; expected {}", Printable(name), JoinOr(names)),
          "outputs");
    }
    request->outputs.push_back(name);
  }
  return std::nullopt;
}

const char* DatatypeOf(const model::InputField& field) {
  return field.type == data::ColumnType::kCategory ? "BYTES" : "FP64";
}

const char* DatatypeOf(const model::OutputField& field) {
  if (field.type == "string") return "BYTES";
  if (field.type == "int64") return "INT64";
  return field.type == "float" ? "FP32" : "FP64";
}

Json LabelsOf(const model::Predictions& predictions, const model::ModelSchema& schema) {
  std::vector<Json> labels;
  for (const std::string& label : schema.classes) {
    int64_t number = 0;
    const char* end = label.data() + label.size();
    const bool whole =
        schema.integer_labels && std::from_chars(label.data(), end, number).ptr == end;
    labels.push_back(whole ? Json(number) : Json(label));
  }
  Json values = Json::array();
  for (const int32_t label : predictions.labels)
    values.push_back(labels[static_cast<size_t>(label)]);
  return values;
}

// Of output `place` in the order of OutputFields.
Json ValuesOf(const model::Predictions& predictions, const model::ModelSchema& schema,
              size_t place) {
  if (predictions.regression()) return predictions.values;
  if (place == 0) return LabelsOf(predictions, schema);
  Json values = Json::array();
  for (int64_t row = 0; row < predictions.rows; ++row)
    values.push_back(model::ShortestNumber(predictions.Score(row, static_cast<int>(place) - 1)));
  return values;
}

}  // namespace

std::optional<Rejection> ReadInfer(std::string_view body, const model::ModelSchema& schema,
                                   int64_t max_rows, InferRequest* request) {
  const auto json = ParseJson(body, "");
  if (!json.ok()) return Wrong(json.error().message());
  if (!json->is_object()) return Wrong("an object is expected: {\"inputs\": [...]}");
  request->id = GetString(*json, "id");
  std::vector<Tensor> tensors;
  // The tensors point into it.
  const auto inputs = json->find("inputs");
  if (inputs == json->end()) return Wrong("no list of inputs", "inputs");
  if (auto refused = ReadTensors(*inputs, &tensors)) return refused;
  if (auto refused = ReadOutputs(json->value("outputs", Json()), schema, request)) return refused;
  data::Table& rows = request->rows;
  rows.rows = tensors.front().rows;
  if (rows.rows == 0) return Wrong("no rows", tensors.front().name);
  if (rows.rows > max_rows) {
    return Rejection{.status = 413,
                     .message = fmt::format("{} rows; at most {} a request", FormatCount(rows.rows),
                                            FormatCount(max_rows))};
  }
  for (const model::InputField& field : schema.inputs)
    rows.columns.push_back(MissingColumn(field, rows.rows));
  const bool matrix = tensors.size() == 1 && schema.inputs.size() > 1 &&
                      tensors.front().columns == static_cast<int64_t>(schema.inputs.size());
  return matrix ? FillFromMatrix(tensors.front(), schema, &rows)
                : FillByName(tensors, schema, &rows);
}

Json WriteInfer(const model::Predictions& predictions, const model::ModelSchema& schema,
                const std::string& name, const std::string& version, const InferRequest& request) {
  Json outputs = Json::array();
  const auto fields = model::OutputFields(schema.classes, schema.integer_labels);
  for (size_t i = 0; i < fields.size(); ++i) {
    const bool wanted = request.outputs.empty() ||
                        std::ranges::find(request.outputs, fields[i].name) != request.outputs.end();
    if (!wanted) continue;
    outputs.push_back({{"name", fields[i].name},
                       {"shape", {predictions.rows}},
                       {"datatype", DatatypeOf(fields[i])},
                       {"data", ValuesOf(predictions, schema, i)}});
  }
  Json answer = {{"model_name", name}};
  if (!version.empty()) answer["model_version"] = version;
  if (!request.id.empty()) answer["id"] = request.id;
  answer["outputs"] = std::move(outputs);
  return answer;
}

Json ServerMetadata() {
  return {{"name", "slipway"}, {"version", Version()}, {"extensions", Json::array()}};
}

Json ModelMetadata(const model::ModelSchema& schema, const std::string& name,
                   const std::string& version) {
  Json inputs = Json::array(), outputs = Json::array();
  for (const model::InputField& field : schema.inputs) {
    inputs.push_back({{"name", field.name}, {"datatype", DatatypeOf(field)}, {"shape", {-1}}});
  }
  for (const auto& field : model::OutputFields(schema.classes, schema.integer_labels)) {
    outputs.push_back({{"name", field.name}, {"datatype", DatatypeOf(field)}, {"shape", {-1}}});
  }
  Json answer = {{"name", name}};
  if (!version.empty()) answer["versions"] = Json::array({version});
  answer["platform"] = "onnx";
  answer["inputs"] = std::move(inputs);
  answer["outputs"] = std::move(outputs);
  return answer;
}

}  // namespace slipway::serve
