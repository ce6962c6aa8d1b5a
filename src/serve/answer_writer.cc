#include "serve/answer_writer.h"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "core/json.h"
#include "serve/tensor_datatype_internal.h"

namespace slipway::serve {
namespace {

std::string Quoted(std::string_view text) { return CompactJson(Json(text)); }

// Most need no escapes.
void AppendQuoted(std::string_view text, std::string* out) {
  const bool plain = std::ranges::all_of(
      text, [](char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; });
  if (!plain) {
    *out += Quoted(text);
    return;
  }
  *out += '"';
  *out += text;
  *out += '"';
}

// The shortest form that reads back the same; JSON has no other than finite numbers.
template <typename Number>
void AppendNumber(Number value, std::string* out) {
  constexpr size_t kLongest = 32;  // -2.2250738585072014e-308 takes 24.
  if (!std::isfinite(value)) {
    *out += "null";
    return;
  }
  std::array<char, kLongest> digits;  // NOLINT: filled below.
  const char* end = fmt::format_to(digits.data(), FMT_COMPILE("{}"), value);
  out->append(digits.data(), static_cast<size_t>(end - digits.data()));
}

}  // namespace

AnswerWriter::AnswerWriter(const model::ModelSchema& schema, const std::string& model,
                           const std::string& version) {
  for (const std::string& name : schema.classes) {
    labels_.push_back(schema.integer_labels
                          ? std::to_string(std::strtoll(name.c_str(), nullptr, 10))
                          : Quoted(name));
    probability_keys_.push_back((probability_keys_.empty() ? "{" : ",") + Quoted(name) + ":");
  }
  for (const std::string& name : model::OutputNames(schema.classes))
    output_keys_.push_back((output_keys_.empty() ? "{" : ",") + Quoted(name) + ":");
  infer_begin_ = R"({"model_name":)" + Quoted(model);
  if (!version.empty()) infer_begin_ += R"(,"model_version":)" + Quoted(version);
  for (const auto& field : model::OutputFields(schema.classes, schema.integer_labels)) {
    tensor_begins_.push_back(R"({"name":)" + Quoted(field.name) + R"(,"shape":[)");
    tensor_middles_.push_back(
        fmt::format(R"(],"datatype":"{}","data":[)", NameOf(DatatypeOf(field))));
  }
  behind_ =
      R"(,"model":)" + Quoted(model) + R"(,"version":)" + Quoted(version) + R"(,"request_id":)";
}

void AnswerWriter::AppendAnswer(const model::Predictions& predictions, int64_t row,
                                std::string* out) const {
  const auto index = static_cast<size_t>(row);
  if (predictions.regression()) return AppendNumber(predictions.values[index], out);
  *out += labels_[static_cast<size_t>(predictions.labels[index])];
}

void AnswerWriter::AppendProbabilities(const model::Predictions& predictions, int64_t row,
                                       std::string* out) const {
  for (int cls = 0; cls < predictions.classes; ++cls) {
    *out += probability_keys_[static_cast<size_t>(cls)];
    AppendNumber(predictions.Score(row, cls), out);
  }
  *out += '}';
}

void AnswerWriter::WritePredict(const model::Predictions& predictions, Shape shape,
                                std::string_view request_id, std::string* out) const {
  if (shape == Shape::kOne) {
    *out += R"({"prediction":)";
    AppendAnswer(predictions, 0, out);
    if (!predictions.regression()) {
      *out += R"(,"probability":)";
      AppendProbabilities(predictions, 0, out);
    }
  } else {
    AppendRows(predictions, out);
  }
  *out += behind_;
  AppendQuoted(request_id, out);
  *out += '}';
}

void AnswerWriter::AppendRows(const model::Predictions& predictions, std::string* out) const {
  *out += R"({"predictions":[)";
  for (int64_t row = 0; row < predictions.rows; ++row) {
    if (row > 0) *out += ',';
    AppendAnswer(predictions, row, out);
  }
  *out += ']';
  if (predictions.regression()) return;
  *out += R"(,"probabilities":[)";
  for (int64_t row = 0; row < predictions.rows; ++row) {
    if (row > 0) *out += ',';
    AppendProbabilities(predictions, row, out);
  }
  *out += ']';
}

void AnswerWriter::WriteInvocation(const model::Predictions& predictions, std::string* out) const {
  *out += R"({"predictions":[)";
  for (int64_t row = 0; row < predictions.rows; ++row) {
    if (row > 0) *out += ',';
    *out += output_keys_[0];
    AppendAnswer(predictions, row, out);
    for (int cls = 0; cls < predictions.classes; ++cls) {
      *out += output_keys_[static_cast<size_t>(cls) + 1];
      AppendNumber(predictions.Score(row, cls), out);
    }
    *out += '}';
  }
  *out += "]}";
}

void AnswerWriter::WriteInfer(const model::Predictions& predictions, const InferRequest& request,
                              std::string* out) const {
  *out += infer_begin_;
  if (request.id) {
    *out += R"(,"id":)";
    AppendQuoted(*request.id, out);
  }
  *out += R"(,"outputs":[)";
  bool first = true;
  for (size_t place = 0; place < tensor_begins_.size(); ++place) {
    if (!request.outputs.empty() && !request.outputs[place]) continue;
    if (!std::exchange(first, false)) *out += ',';
    AppendTensor(predictions, place, out);
  }
  *out += "]}";
}

void AnswerWriter::AppendTensor(const model::Predictions& predictions, size_t place,
                                std::string* out) const {
  *out += tensor_begins_[place];
  *out += std::to_string(predictions.rows);
  *out += tensor_middles_[place];
  for (int64_t row = 0; row < predictions.rows; ++row) {
    if (row > 0) *out += ',';
    if (place == 0) {
      AppendAnswer(predictions, row, out);
    } else {
      AppendNumber(predictions.Score(row, static_cast<int>(place) - 1), out);
    }
  }
  *out += "]}";
}

void AnswerWriter::WriteRejection(const Rejection& rejection, std::string* out) {
  *out += R"({"error":)";
  AppendQuoted(rejection.message, out);
  if (!rejection.field.empty()) {
    *out += R"(,"field":)";
    AppendQuoted(rejection.field, out);
  }
  if (rejection.row) *out += R"(,"row":)" + std::to_string(*rejection.row);
  *out += '}';
}

}  // namespace slipway::serve
