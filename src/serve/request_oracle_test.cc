// What the reader takes and refuses, against another parser.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "core/random.h"
#include "serve/request_oracle_internal.h"
#include "serve/request_reader.h"

namespace slipway::serve {
namespace {

enum class Call { kPredict, kInvocation, kInfer };

// Bodies as clients write them.
class RandomBodies {
 public:
  RandomBodies(const model::ModelSchema& schema, uint64_t seed) : schema_(schema), random_(seed) {}

  std::string Make(Call call) {
    if (call == Call::kInfer) return Infer(1 + random_.Below(5));
    const bool invocation = call == Call::kInvocation;
    const uint64_t shape = random_.Below(invocation ? 5 : 3);
    const size_t rows = 1 + random_.Below(5);
    if (!invocation && shape == 0) return Object({{"features", RandomRow()}});
    if (!invocation || shape == 0) return Object({{"instances", List(rows)}});
    if (shape == 1) return Object({{"dataframe_records", List(rows)}});
    if (shape == 2) return Object({{"inputs", List(rows)}});
    return shape == 3 ? Object({{"inputs", Columns(rows)}}) : Split(rows);
  }

  // Changed in a few places.
  std::string Break(std::string body) {
    constexpr std::string_view kBytes = "\"\\{}[],:.0123456789eE+- \n\tntfu\x80\xff";
    for (uint64_t i = 0, count = 1 + random_.Below(2); i < count && !body.empty(); ++i) {
      const size_t place = random_.Below(body.size());
      switch (random_.Below(4)) {
        case 0: body.erase(place, 1 + random_.Below(3)); break;
        case 1: body.insert(place, 1, kBytes[random_.Below(kBytes.size())]); break;
        case 2: body[place] = kBytes[random_.Below(kBytes.size())]; break;
        default: body.resize(place);
      }
    }
    return body;
  }

 private:
  using Members = std::vector<std::pair<std::string, std::string>>;

  std::string Blank() {
    constexpr std::array<const char*, 5> kBlanks = {"", "", " ", "\n", " \t\r"};
    return kBlanks[random_.Below(kBlanks.size())];
  }

  std::string Number() {
    const double value = (random_.Uniform() - 0.5) * std::pow(10, random_.Uniform() * 20);
    switch (random_.Below(6)) {
      case 0: return fmt::format("{}", random_.Below(100'000));
      case 1: return fmt::format("{:.4f}", random_.Uniform() * 100);
      case 2: return fmt::format("{:.{}f}", value, random_.Below(12));
      case 3: return fmt::format("{:.{}e}", value, random_.Below(20));
      case 4: return "-999";
      default: return fmt::format("{}", static_cast<int64_t>(random_.Next()));
    }
  }

  std::string Text(const std::string& text) {
    std::string escaped;
    for (const char c : text) {
      const bool ascii = static_cast<unsigned char>(c) < 0x80;
      if (ascii && (c == '"' || c == '\\' || random_.Below(12) == 0)) {
        escaped += fmt::format("\\u{:04x}", static_cast<int>(c));
      } else {
        escaped += c;
      }
    }
    return '"' + escaped + '"';
  }

  std::string Value(const model::InputField& field) {
    if (random_.Below(10) == 0) return "null";
    if (field.type == data::ColumnType::kNumeric) {
      const uint64_t kind = random_.Below(20);
      if (kind < 2) return "true";
      return kind == 2 ? Text(" +1.5e3 ") : kind == 3 ? Text("NA") : Number();
    }
    if (field.type == data::ColumnType::kTimestamp) {
      if (random_.Below(2) == 0) return Number();
      return fmt::format("\"20{:02}-0{}-1{}T00:0{}:00Z\"", random_.Below(90), 1 + random_.Below(9),
                         random_.Below(10), random_.Below(10));
    }
    constexpr std::array<const char*, 9> kTexts = {"Köln", "Oslo", "a b",        " Oslo ", "",
                                                   "NA",   "true", "\U0001F600", "\"\\/"};
    return random_.Below(6) == 0 ? Number() : Text(kTexts[random_.Below(kTexts.size())]);
  }

  std::string Joined(char open, const std::vector<std::string>& parts, char close) {
    std::string text = Blank() + open;
    for (size_t i = 0; i < parts.size(); ++i)
      text += (i > 0 ? "," : "") + Blank() + parts[i] + Blank();
    return text + close + Blank();
  }

  std::string Object(const Members& members) {
    std::vector<std::string> parts;
    for (const auto& [key, value] : members) parts.push_back(Text(key) + Blank() + ":" + value);
    return Joined('{', parts, '}');
  }

  std::vector<size_t> SomeInputs(bool all) {
    std::vector<size_t> inputs;
    for (size_t i = 0; i < schema_.inputs.size(); ++i) {
      if (all || random_.Below(5) > 0) inputs.push_back(i);
    }
    if (!all) random_.Shuffle(std::span(inputs));
    return inputs;
  }

  std::string Positional(const std::vector<size_t>& inputs) {
    std::vector<std::string> values;
    for (const size_t input : inputs) values.push_back(Value(schema_.inputs[input]));
    return Joined('[', values, ']');
  }

  std::string RandomRow() {
    if (random_.Below(2) == 0) return Positional(SomeInputs(true));
    Members members;
    for (const size_t input : SomeInputs(random_.Below(2) == 0))
      members.emplace_back(schema_.inputs[input].name, Value(schema_.inputs[input]));
    return Object(members);
  }

  std::string List(size_t rows) {
    std::vector<std::string> parts;
    for (size_t i = 0; i < rows; ++i) parts.push_back(RandomRow());
    return Joined('[', parts, ']');
  }

  std::string Columns(size_t rows) {
    Members members;
    for (const size_t input : SomeInputs(false))
      members.emplace_back(schema_.inputs[input].name, Positional(std::vector(rows, input)));
    return Object(members);
  }

  std::string Split(size_t rows) {
    const std::vector<size_t> inputs = SomeInputs(false);
    std::vector<std::string> names, lists;
    for (const size_t input : inputs) names.push_back(Text(schema_.inputs[input].name));
    for (size_t i = 0; i < rows; ++i) lists.push_back(Positional(inputs));
    Members members = {{"columns", Joined('[', names, ']')}, {"data", Joined('[', lists, ']')}};
    if (random_.Below(2) == 0) std::swap(members[0], members[1]);
    return Object({{"dataframe_split", Object(members)}});
  }

  // A tensor an input, or one of all.
  std::string Infer(size_t rows) {
    std::vector<std::string> tensors;
    std::vector<size_t> inputs = SomeInputs(false);
    if (inputs.empty()) inputs.push_back(0);
    if (random_.Below(3) == 0) {
      tensors.push_back(Tensor("all", rows, schema_.inputs.size()));
    } else {
      for (const size_t input : inputs)
        tensors.push_back(Tensor(schema_.inputs[input].name, rows, 1));
    }
    Members members = {{"id", Text("a b")},
                       {"inputs", Joined('[', tensors, ']')},
                       {"parameters", Object({{"a", Number()}})},
                       {"outputs", random_.Below(2) == 0 ? "null" : R"([{"name": "label"}])"}};
    random_.Shuffle(std::span(members));
    return Object(members);
  }

  std::string Tensor(const std::string& name, size_t rows, size_t columns) {
    constexpr std::array<const char*, 7> kDatatypes = {"FP64",  "FP32", "INT64", "UINT8",
                                                       "BYTES", "BOOL", "INT16"};
    // A time is no truth, and its texts are no numbers.
    const bool plain = columns > 1 || name == "since";
    const std::string datatype = kDatatypes[random_.Below(plain ? 4 : kDatatypes.size())];
    const bool two = columns > 1 || random_.Below(2) == 0;
    const bool nested = two && random_.Below(2) == 0;
    std::vector<std::string> lists, row;
    for (size_t i = 0; i < rows; ++i) {
      for (size_t j = 0; j < columns; ++j) row.push_back(Element(datatype));
      if (!nested) continue;
      lists.push_back(Joined('[', row, ']'));
      row.clear();
    }
    Members members = {
        {"name", Text(name)},
        {"datatype", Text(datatype)},
        {"shape", two ? fmt::format("[{}, {}]", rows, columns) : fmt::format("[{}]", rows)},
        {"data", Joined('[', nested ? lists : row, ']')}};
    random_.Shuffle(std::span(members));
    return Object(members);
  }

  std::string Element(std::string_view datatype) {
    if (random_.Below(10) == 0) return "null";
    if (datatype == "BYTES") return Text(random_.Below(4) == 0 ? "NA" : "12.5");
    if (datatype == "BOOL") return random_.Below(3) == 0 ? "1" : "false";
    if (datatype.starts_with("FP")) return Number();
    return fmt::format("{}", random_.Below(256));
  }

  const model::ModelSchema& schema_;
  Random random_;
};

std::optional<OracleRows> Expected(const Oracle& oracle, Call call, const Json& json) {
  if (json.is_discarded()) return {};
  switch (call) {
    case Call::kPredict: return oracle.Predict(json);
    case Call::kInvocation: return oracle.Invocation(json);
    case Call::kInfer: return oracle.Infer(json);
  }
  return {};
}

// One reader, and what it reads into.
struct Reading {
  explicit Reading(const model::ModelSchema& schema) : reader(RequestReader::Make(schema, {})) {}

  std::optional<Rejection> Read(Call call, const std::string& body) {
    table = call == Call::kInfer ? &request.rows : &rows.table;
    switch (call) {
      case Call::kPredict: return reader->ReadPredict(body, &rows);
      case Call::kInvocation: return reader->ReadInvocation(body, &rows);
      case Call::kInfer: return reader->ReadInfer(body, &request);
    }
    return {};
  }

  std::unique_ptr<RequestReader> reader;
  Rows rows;
  InferRequest request;
  const data::Table* table = nullptr;
};

// Whether both parsers say the same of a body. Of two equal keys the other one sees the last.
void ExpectAsOracle(Reading* reading, const Oracle& oracle, const std::string& body, Call call,
                    int* taken) {
  const auto rejection = reading->Read(call, body);
  const Json json = Json::parse(body, nullptr, false);
  const std::optional<OracleRows> expected = Expected(oracle, call, json);
  if (rejection && (HasKeyTwice(body) || rejection->status == 413)) return;
  ASSERT_EQ(!rejection, expected.has_value())
      << body << (rejection ? "\n" + rejection->message : "");
  if (rejection) return;
  ++*taken;
  const data::Table& table = *reading->table;
  ASSERT_EQ(table.rows, std::ssize(*expected)) << body;
  ASSERT_EQ(WhatBreaks(table), "") << body;
  for (int64_t row = 0; row < table.rows; ++row) {
    const auto& values = (*expected)[static_cast<size_t>(row)];
    for (size_t i = 0; i < values.size(); ++i)
      ASSERT_TRUE(oracle.Holds(table, row, i, values[i])) << body << "\n" << row << " " << i;
  }
}

TEST(RequestReaderOracleTest, ValidAndBrokenBodies) {
  const model::ModelSchema schema = OracleSchema();
  Reading reading(schema);
  const Oracle oracle(schema);
  RandomBodies bodies(schema, 11);
  constexpr int kBodies = 2000;
  for (const Call call : {Call::kPredict, Call::kInvocation, Call::kInfer}) {
    int good = 0, broken = 0;
    for (int i = 0; i < kBodies; ++i) {
      const std::string body = bodies.Make(call);
      ASSERT_NO_FATAL_FAILURE(ExpectAsOracle(&reading, oracle, body, call, &good));
      ASSERT_NO_FATAL_FAILURE(ExpectAsOracle(&reading, oracle, bodies.Break(body), call, &broken));
    }
    // A mapping of columns may have none, which is no row.
    EXPECT_GT(good, kBodies * 99 / 100);
    EXPECT_GT(broken, kBodies / 20);
    EXPECT_LT(broken, kBodies / 2);
  }
}

}  // namespace
}  // namespace slipway::serve
