// Bodies of /predict, /invocations and /v2/…/infer: what is taken is JSON, and holds what another
// parser reads; what is not is refused with a reason that can be told.
#include "core/fuzzing.h"
#include "serve/answer_writer.h"
#include "serve/request_oracle_internal.h"
#include "serve/request_reader.h"

namespace slipway::serve {
namespace {

using slipway::testing::Require;
using slipway::testing::RequireSame;

constexpr int64_t kMostRows = 40;

void RequireGoodRejection(const Rejection& rejection) {
  const bool known = rejection.status == 400 || rejection.status == 413 || rejection.status == 422;
  Require(known, "the client is at fault", std::to_string(rejection.status));
  Require(!rejection.message.empty(), "a rejection says why");
  RequireSame(rejection.message, Printable(rejection.message), "a rejection is printable");
  std::string answer;
  AnswerWriter::WriteRejection(rejection, &answer);
  const Json json = Json::parse(answer, nullptr, false);
  RequireSame(json.value("error", ""), rejection.message, "a rejection is JSON");
}

// The oracle sees one of two equal keys, and any depth; a zero byte ends all for it.
bool OracleCantSee(std::string_view body, const Rejection& rejection) {
  return body.find('\0') != std::string_view::npos || rejection.status == 413 ||
         HasKeyTwice(body) || rejection.message.find("nested more than") != std::string::npos;
}

void CheckRows(const Oracle& oracle, const OracleRows& expected, const data::Table& table) {
  RequireSame(WhatBreaks(table), "", "a table keeps its promises");
  Require(table.rows == std::ssize(expected), "all rows are read");
  for (int64_t row = 0; row < table.rows; ++row) {
    const auto& values = expected[static_cast<size_t>(row)];
    for (size_t input = 0; input < values.size(); ++input) {
      const std::string told = values[input] == nullptr ? "" : values[input]->dump();
      Require(oracle.Holds(table, row, input, values[input]), "a value is the body's", told,
              table.columns[input].TextAt(row));
    }
  }
}

enum class Call { kPredict, kInvocation, kInfer };

std::optional<Rejection> Read(RequestReader& reader, Call call, std::string_view body,
                              data::Table* table) {
  static Rows rows;
  static InferRequest request;
  std::optional<Rejection> rejection;
  switch (call) {
    case Call::kPredict: rejection = reader.ReadPredict(body, &rows); break;
    case Call::kInvocation: rejection = reader.ReadInvocation(body, &rows); break;
    case Call::kInfer: rejection = reader.ReadInfer(body, &request); break;
  }
  *table = call == Call::kInfer ? request.rows : rows.table;
  return rejection;
}

// Its rows point into `json`.
std::optional<OracleRows> Expected(const Oracle& oracle, Call call, const Json& json) {
  if (json.is_discarded()) return {};
  switch (call) {
    case Call::kPredict: return oracle.Predict(json);
    case Call::kInvocation: return oracle.Invocation(json);
    case Call::kInfer: return oracle.Infer(json);
  }
  return {};
}

// The same reader reads all inputs, so that what one leaves behind would show in the next.
void CheckBody(std::string_view body, Call call) {
  static const model::ModelSchema schema = OracleSchema();
  static const auto reader = RequestReader::Make(schema, {.max_rows = kMostRows});
  static const auto strict =
      RequestReader::Make(schema, {.unknown = UnknownCategory::kReject, .max_rows = kMostRows});
  const Oracle oracle(schema);
  const Json json = Json::parse(body, nullptr, false);
  const std::optional<OracleRows> expected = Expected(oracle, call, json);
  data::Table table, strict_table;
  const std::optional<Rejection> rejection = Read(*reader, call, body, &table);
  const std::optional<Rejection> strictly = Read(*strict, call, body, &strict_table);
  if (rejection) {
    RequireGoodRejection(*rejection);
    Require(!expected || OracleCantSee(body, *rejection), "what is good is taken",
            rejection->message);
    Require(strictly && strictly->message == rejection->message, "the same is wrong");
    return;
  }
  Require(expected.has_value(), "what is taken is good", body);
  CheckRows(oracle, *expected, table);
  if (!strictly) return CheckRows(oracle, *expected, strict_table);
  RequireGoodRejection(*strictly);
  Require(strictly->status == 422, "only categories are unknown", strictly->message);
}

}  // namespace
}  // namespace slipway::serve

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view body = slipway::testing::TextOf(data, size);
  for (const auto call : {slipway::serve::Call::kPredict, slipway::serve::Call::kInvocation,
                          slipway::serve::Call::kInfer}) {
    slipway::serve::CheckBody(body, call);
  }
  return 0;
}
