// Bodies of the Open Inference Protocol.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/text.h"
#include "serve/request_reader.h"
#include "serve/tensor_datatype_internal.h"

namespace slipway::serve {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

model::ModelSchema Schema() {
  model::ModelSchema schema;
  schema.inputs.resize(3);
  schema.inputs[0].name = "age";
  schema.inputs[1].name = "city";
  schema.inputs[1].type = data::ColumnType::kCategory;
  schema.inputs[1].categories = {"Oslo", "Rome"};
  schema.inputs[2].name = "since";
  schema.inputs[2].type = data::ColumnType::kTimestamp;
  schema.classes = {"0", "1"};
  return schema;
}

class TensorReaderTest : public ::testing::Test {
 protected:
  void Use(const ReaderOptions& options) { reader_ = RequestReader::Make(schema_, options); }

  // "" where all is well, else "STATUS FIELD@ROW message".
  std::string Infer(std::string_view body) {
    const std::optional<Rejection> rejection = reader_->ReadInfer(body, &request_);
    if (!rejection) return "";
    const std::string row = rejection->row ? std::to_string(*rejection->row) : "";
    return fmt::format("{} {}@{} {}", rejection->status, rejection->field, row, rejection->message);
  }
  // Of a body with one tensor, and of one with more beside it.
  std::string InferOne(std::string_view name, std::string_view shape, std::string_view datatype,
                       std::string_view data) {
    return Infer(fmt::format(
        R"({{"inputs": [{{"name": "{}", "shape": {}, "datatype": "{}", "data": {}}}]}})", name,
        shape, datatype, data));
  }
  // Age 1, and what follows.
  std::string InferAnd(std::string_view tensors, std::string_view more = "") {
    return Infer(fmt::format(
        R"({{"inputs": [{{"name": "age", "shape": [1], "datatype": "FP64", "data": [1]}}{}]{}}})",
        tensors, more));
  }

  // All rows' values as text, "-" for missing.
  std::string Values() const {
    std::vector<std::string> rows;
    for (int64_t row = 0; row < request_.rows.rows; ++row) {
      std::vector<std::string> values;
      for (const data::Column& column : request_.rows.columns)
        values.push_back(column.IsMissing(row) ? "-" : column.TextAt(row));
      rows.push_back(Join(values, " "));
    }
    return Join(rows, ", ");
  }

  const model::ModelSchema schema_ = Schema();
  std::unique_ptr<RequestReader> reader_ = RequestReader::Make(schema_, {});
  InferRequest request_;
};

TEST_F(TensorReaderTest, TensorsByName) {
  ASSERT_EQ(Infer(R"({"id": "42", "parameters": {"a": [{}]}, "more": null, "inputs": [
      {"name": "city", "shape": [2], "datatype": "BYTES", "data": ["Bern", null]},
      {"name": "age", "shape": [2, 1], "datatype": "INT64", "parameters": {"b": 1}, "data": [41, 7]}
      ]})"),
            "");
  EXPECT_EQ(Values(), "41 Bern -, 7 - -");
  EXPECT_EQ(request_.id, "42");
  EXPECT_THAT(request_.outputs, IsEmpty());
  EXPECT_EQ(request_.rows.columns[0].name, "age");
}

// The same row is the same to /predict.
TEST_F(TensorReaderTest, ValuesAreTakenAsElsewhere) {
  ASSERT_EQ(InferOne("city", "[8]", "BYTES",
                     R"([" Rome ", "NA", "", "TRUE", "\u0052ome", "Rome", null, "?"])"),
            "");
  EXPECT_THAT(request_.rows.columns[1].categories, ElementsAre("Rome", "True"));
  EXPECT_THAT(request_.rows.columns[1].codes, ElementsAre(0, -1, -1, 1, 0, 0, -1, -1));
  ASSERT_EQ(InferOne("city", "[3]", "FP64", "[3.0, 3.00, 1e1]"), "");
  EXPECT_THAT(request_.rows.columns[1].categories, ElementsAre("1e1", "3.0", "3.00"));
  ASSERT_EQ(InferOne("city", "[4]", "BOOL", "[true, 1, 0, false]"), "");
  EXPECT_THAT(request_.rows.columns[1].categories, ElementsAre("False", "True"));
  ASSERT_EQ(InferOne("age", "[4]", "BYTES", R"(["40", " 1e1 ", "NA", ""])"), "");
  EXPECT_EQ(Values(), "40 - -, 10 - -, - - -, - - -");
  ASSERT_EQ(InferOne("age", "[3]", "BOOL", "[true, 0, null]"), "");
  EXPECT_EQ(Values(), "1 - -, 0 - -, - - -");
  ASSERT_EQ(InferOne("since", "[2]", "BYTES", R"(["1970-01-02", "60"])"), "");
  EXPECT_EQ(Values(), "- - 86400, - - 60");
  ASSERT_EQ(InferOne("since", "[2]", "FP32", "[1.5, null]"), "");
  EXPECT_EQ(Values(), "- - 1.5, - - -");
}

TEST_F(TensorReaderTest, OneMatrixOfAllInputs) {
  for (const char* data : {"[1, 2, 3, 4, 5, 6]", "[[1, 2, 3], [4, 5, 6]]"}) {
    ASSERT_EQ(InferOne("anything", "[2, 3]", "INT32", data), "") << data;
    EXPECT_EQ(Values(), "1 2 3, 4 5 6");
  }
  EXPECT_EQ(InferOne("x", "[2, 3]", "FP64", "[[1, 2], [3, 4, 5, 6]]"),
            "400 x@0 the row has 2 values for the shape [2, 3]");
  EXPECT_EQ(InferOne("x", "[2, 3]", "FP64", "[[1, 2, 3, 4], [5, 6]]"),
            "400 x@0 the row has 4 values for the shape [2, 3]");
  EXPECT_EQ(InferOne("x", "[2, 3]", "FP64", "[[1, 2, 3], 4]"),
            "400 x@1 data: a number where a row, a list, is expected");
  EXPECT_EQ(InferOne("x", "[2, 3]", "FP64", "[1, 2, 3, [4, 5, 6]]"),
            "400 age@1 a list where a number (FP64) is expected");
  EXPECT_EQ(InferOne("x", "[1, 3]", "FP64", "[[[1, 2, 3]]]"),
            "400 age@0 a list where a number (FP64) is expected");
  EXPECT_EQ(Infer(R"({"inputs": [
      {"name": "x", "shape": [1, 3], "datatype": "FP64", "data": [1, 2, 3]},
      {"name": "age", "shape": [1], "datatype": "FP64", "data": [1]}]})"),
            "400 age@ 'x' holds all inputs already");
}

// As clients write them that do not keep the order of keys.
TEST_F(TensorReaderTest, PartsInAnyOrder) {
  ASSERT_EQ(Infer(R"({"inputs": [
      {"data": ["\u0052ome", "a\tb"], "datatype": "BYTES", "shape": [2], "name": "city"},
      {"shape": [2], "data": [1, 2], "name": "\u0061ge", "datatype": "FP64"}], "id": "\u0061"})"),
            "");
  EXPECT_EQ(Values(), "1 Rome -, 2 a\tb -");
  EXPECT_EQ(request_.id, "a");
  EXPECT_EQ(
      Infer(R"({"inputs": [{"data": ["x"], "name": "age", "shape": [1], "datatype": "FP64"}]})"),
      "400 age@0 a text where a number (FP64) is expected");
  EXPECT_THAT(Infer(R"({"inputs": [{"data": [NaN], "name": "age"}]})"),
              HasSubstr("400 @ the body is not JSON in line 1, column 23; null stands"));
}

// However often the reader goes back, no byte is read more than twice: this takes milliseconds.
TEST_F(TensorReaderTest, ManyTensorsWithTheirDataFirst) {
  model::ModelSchema wide;
  std::string body = R"({"inputs": [)";
  for (int i = 0; i < 3000; ++i) {
    wide.inputs.emplace_back().name = std::to_string(i);
    body += fmt::format(
        R"({}{{"data": ["{}"], "name": "\u0030{}", "shape": [1], "datatype": "BYTES"}})",
        i == 0 ? "" : ",", i, i);
    wide.inputs.back().name = "0" + std::to_string(i);
  }
  reader_ = RequestReader::Make(wide, {});
  ASSERT_EQ(Infer(body + "]}"), "");
  EXPECT_EQ(request_.rows.columns[2999].numbers[0], 2999);
}

TEST_F(TensorReaderTest, Ids) {
  EXPECT_EQ(InferAnd("", R"(, "id": "")"), "");
  EXPECT_EQ(request_.id, "");
  EXPECT_EQ(InferAnd("", R"(, "id": "with blanks and \n")"), "");
  EXPECT_EQ(request_.id, "with blanks and \n");
  EXPECT_EQ(InferAnd("", R"(, "id": null, "outputs": null, "parameters": null)"), "");
  EXPECT_FALSE(request_.id);
  EXPECT_EQ(InferAnd("", R"(, "id": 7)"), "400 @ id: a number where a text is expected");
  EXPECT_EQ(InferAnd("", R"(, "id": "a", "id": "a")"), "400 @ 'id' is there twice");
}

TEST_F(TensorReaderTest, Outputs) {
  EXPECT_EQ(InferAnd("", R"(, "outputs": [{"name": "probability_1", "parameters": {"a": true}}])"),
            "");
  EXPECT_THAT(request_.outputs, ElementsAre(false, false, true));
  EXPECT_EQ(InferAnd("", R"(, "outputs": [])"), "");
  EXPECT_THAT(request_.outputs, IsEmpty());
  EXPECT_EQ(InferAnd("", R"(, "outputs": [{"name": "lable"}])"),
            "400 @ the model has no output 'lable'; did you mean 'label'?");
  EXPECT_EQ(InferAnd("", R"(, "outputs": [{"name": "y"}])"),
            "400 @ the model has no output 'y'; expected label, probability_0 or probability_1");
  EXPECT_EQ(InferAnd("", R"(, "outputs": [{"name": "label"}, {"name": "label"}])"),
            "400 @ the output 'label' is there twice");
  EXPECT_EQ(InferAnd("", R"(, "outputs": [{}])"), "400 @ outputs: 'name' is not there");
  EXPECT_EQ(InferAnd("", R"(, "outputs": {})"),
            "400 @ outputs: a mapping where a list is expected");
  EXPECT_EQ(InferAnd("", R"(, "outputs": ["label"])"),
            "400 @ outputs: a text where a mapping, {name}, is expected");
}

TEST_F(TensorReaderTest, WrongBodies) {
  EXPECT_THAT(Infer("{}"),
              HasSubstr(R"(400 @ the body has no rows; expected {"inputs": [{"name")"));
  EXPECT_THAT(Infer("[]"), HasSubstr(R"(400 @ the body is a list; expected {"inputs")"));
  EXPECT_EQ(Infer(R"({"inputs": []})"), "400 @ inputs: no tensor is given");
  EXPECT_EQ(Infer(R"({"inputs": {}})"),
            "400 @ inputs: a mapping where a list of tensors is expected");
  EXPECT_EQ(Infer(R"({"inputs": [1]})"),
            "400 @ inputs: a number where a tensor, {name, shape, datatype, data}, is expected");
  EXPECT_THAT(InferAnd("", R"(, "inputs": [])"), HasSubstr("400 @ 'inputs' is there twice"));
  EXPECT_THAT(Infer(R"({"inputs": [{"name": "age", "shape": [1], "datatype": "FP64"}]})"),
              HasSubstr("400 age@ 'data' is not there"));
  EXPECT_THAT(Infer(R"({"inputs": [{"data": [1], "shape": [1], "datatype": "FP64"}]})"),
              HasSubstr("400 @ 'name' is not there"));
  EXPECT_THAT(Infer(R"({"inputs": [{"name": "age", "name": "age"}]})"),
              HasSubstr("400 @ 'name' is there twice"));
  EXPECT_EQ(InferAnd(R"(, {"name": "age", "shape": [1], "datatype": "FP64", "data": [1]})"),
            "400 age@ the input is there twice");
  EXPECT_EQ(InferAnd(R"(, {"name": "since", "shape": [2], "datatype": "FP64", "data": [1, 2]})"),
            "400 since@ 2 rows where 'age' has 1");
  EXPECT_EQ(InferOne("agee", "[1]", "FP64", "[1]"),
            "400 agee@ the model has no such input; did you mean 'age'?");
  EXPECT_THAT(InferOne("age", "[1]", "FP128", "[1]"), HasSubstr("400 age@ 'FP128' is no datatype"));
  EXPECT_EQ(InferOne("age", "[1]", "FP64", "1"),
            "400 age@ data: a number where a list is expected");
}

TEST_F(TensorReaderTest, WrongShapes) {
  for (const char* shape : {"[]", "[-1]", "[1.5]", "[1, 1, 1]", "[18446744073709551616]"})
    EXPECT_EQ(InferOne("age", shape, "FP64", "[1]"),
              "400 age@ a shape is [rows] or [rows, columns]")
        << shape;
  EXPECT_EQ(InferOne("age", R"(["1"])", "FP64", "[1]"),
            "400 @ inputs.shape: a text where a whole number is expected");
  EXPECT_EQ(InferOne("age", "[0]", "FP64", "[]"), "400 age@ no row is given");
  EXPECT_EQ(
      InferOne("age", "[1, 2]", "FP64", "[1, 2]"),
      "400 age@ the shape has 2 columns; expected [rows] or [rows, 1], or all 3 inputs in one "
      "tensor");
  EXPECT_EQ(
      InferOne("age", "[1, 0]", "FP64", "[]"),
      "400 age@ the shape has 0 columns; expected [rows] or [rows, 1], or all 3 inputs in one "
      "tensor");
  EXPECT_EQ(InferOne("age", "[2]", "FP64", "[1]"), "400 age@ 1 value for the shape [2]");
  EXPECT_EQ(InferOne("age", "[1]", "FP64", "[1, 2]"), "400 age@ more values for the shape [1]");
  EXPECT_EQ(InferOne("age", "[2]", "FP64", "[[1], [2, 3]]"),
            "400 age@1 the row has 2 values for the shape [2]");
  EXPECT_EQ(InferOne("age", "[2, 1]", "FP64", "[[1], [2]]"), "");
  EXPECT_EQ(InferOne("age", "[2]", "FP64", "[[1], [2]]"), "");
}

TEST_F(TensorReaderTest, ValuesOfOtherDatatypes) {
  const auto told = [&](std::string_view datatype, std::string_view value) {
    return InferOne("age", "[2]", datatype, fmt::format("[null, {}]", value));
  };
  EXPECT_EQ(told("INT64", "1.5"), "400 age@1 1.5 is no INT64");
  EXPECT_EQ(told("UINT8", "-7"), "400 age@1 -7 is no UINT8");
  EXPECT_EQ(told("BOOL", "7"), "400 age@1 7 is no BOOL");
  EXPECT_EQ(told("FP32", "1e39"), "400 age@1 1e39 is no FP32");
  EXPECT_EQ(told("FP64", "true"), "400 age@1 true or false where a number (FP64) is expected");
  EXPECT_EQ(told("INT8", R"("1")"), "400 age@1 a text where a whole number (INT8) is expected");
  EXPECT_EQ(told("BYTES", "1"), "400 age@1 a number where a text (BYTES) is expected");
  EXPECT_EQ(told("BOOL", R"("a")"), "400 age@1 a text where true or false (BOOL) is expected");
  EXPECT_EQ(told("BYTES", R"("forty")"), "400 age@1 a text where a number is expected: 'forty'");
  EXPECT_EQ(told("FP64", "1e999"), "400 age@1 1e999 is beyond the numbers that a double can hold");
  EXPECT_EQ(told("FP64", "Infinity"),
            "400 age@1 the body is not JSON in line 1, column 78; null stands for a number that is "
            "missing");
  EXPECT_EQ(InferOne("since", "[1]", "BOOL", "[true]"),
            "400 since@0 true or false where a time is expected");
}

TEST(TensorDatatypeTest, Ranges) {
  struct Case {
    const char *name, *largest, *beyond, *least, *below;
  };
  constexpr std::array kCases = {
      Case{"UINT8", "255", "256", "0", "-1"},
      Case{"INT8", "127", "128", "-128", "-129"},
      Case{"UINT16", "65535", "65536", "-0.0", "-0.5"},
      Case{"INT16", "3.2767e4", "32768", "-32768", "-32769"},
      Case{"UINT32", "4294967295", "4294967296", "0", "-1"},
      Case{"INT32", "2147483647", "2147483648", "-2147483648", "-2147483649"},
      Case{"UINT64", "18446744073709551615", "18446744073709551616", "0", "-1"},
      Case{"INT64", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-1e19"},
      Case{"FP16", "65519", "65520", "-65519", "-65520"},
      Case{"FP32", "3.4028235677973364e38", "3.4028235677973366e38", "-3.4e38", "-4e38"},
      Case{"FP64", "1.7e308", "inf", "-1.7e308", "-inf"}};
  for (const Case& one : kCases) {
    const std::optional<Datatype> datatype = DatatypeOf(one.name);
    ASSERT_TRUE(datatype) << one.name;
    EXPECT_EQ(NameOf(*datatype), one.name);
    const auto holds = [&](const char* text) {
      return Holds(*datatype, std::strtod(text, nullptr), text);
    };
    EXPECT_TRUE(holds(one.largest) && holds(one.least)) << one.name;
    EXPECT_FALSE(holds(one.beyond) || holds(one.below)) << one.name;
  }
  EXPECT_FALSE(DatatypeOf("BF16"));
}

TEST_F(TensorReaderTest, Limits) {
  Use({.max_rows = 2});
  EXPECT_EQ(InferOne("age", "[2]", "FP64", "[1, 2]"), "");
  // Refused by its shape alone.
  EXPECT_EQ(InferOne("age", "[9000000000000]", "FP64", "[1]"),
            "413 @ more than 2 rows; send them in several requests");
  Use({.max_values = 8});
  EXPECT_EQ(InferOne("age", "[2]", "FP64", "[1, 2]"), "");
  EXPECT_EQ(InferOne("age", "[3]", "FP64", "[1, 2, 3]"),
            "413 @ more than 8 values at 3 a row; send rows in several requests");
  const auto nested = [](size_t depth) {
    return R"({"parameters": )" + std::string(depth, '[') + std::string(depth, ']') + "}";
  };
  EXPECT_THAT(Infer(nested(31)), HasSubstr("no rows"));
  EXPECT_THAT(Infer(nested(32)), HasSubstr("nested more than 32 deep"));
  EXPECT_THAT(Infer(std::string(1'000'000, '[')), HasSubstr("the body is a list"));
  EXPECT_THAT(InferOne("age", "[1]", "FP64", std::string(1'000'000, '[')),
              HasSubstr("400 age@0 a list where a number (FP64) is expected"));
}

TEST_F(TensorReaderTest, UnknownCategories) {
  Use({.unknown = UnknownCategory::kReject});
  EXPECT_EQ(InferOne("city", "[2]", "BYTES", R"(["Oslo", " Rome"])"), "");
  EXPECT_EQ(InferOne("city", "[2]", "BYTES", R"(["Oslo", "Rmoe"])"),
            "422 city@1 'Rmoe' is a category that training did not have; did you mean 'Rome'?");
}

// One reader answers all questions of a loop.
TEST_F(TensorReaderTest, NothingIsLeftBehind) {
  EXPECT_EQ(InferOne("x", "[1, 3]", "FP64", "[1, 2, 3]"), "");
  EXPECT_EQ(InferOne("age", "[1]", "FP64", "[5]"), "");
  EXPECT_EQ(Values(), "5 - -");
  EXPECT_NE(InferAnd("", R"(, "id": "a", "outputs": [{"name": "label"}, {}])"), "");
  EXPECT_EQ(InferOne("age", "[1]", "FP64", "[6]"), "");
  EXPECT_FALSE(request_.id);
  EXPECT_THAT(request_.outputs, IsEmpty());
  Rows rows;
  EXPECT_FALSE(reader_->ReadPredict(R"({"features": {"city": "Rome"}})", &rows));
  EXPECT_EQ(rows.table.columns[1].TextAt(0), "Rome");
}

}  // namespace
}  // namespace slipway::serve
