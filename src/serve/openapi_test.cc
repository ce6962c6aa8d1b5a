#include "serve/openapi.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <optional>
#include <set>
#include <utility>

#include "core/file_system.h"
#include "core/replace_file.h"
#include "core/source_folder.h"
#include "core/uri.h"
#include "serve/feedback.h"
#include "serve/json_schema_testing_internal.h"
#include "serve/request_reader.h"

namespace slipway::serve {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;

model::InputField Field(const char* name, data::ColumnType type) {
  model::InputField field;
  field.name = name;
  field.type = type;
  return field;
}

model::ModelSchema Classification() {
  model::ModelSchema schema;
  schema.task = "classification";
  schema.target = "churned";
  schema.classes = {"0", "1"};
  schema.integer_labels = true;
  schema.positive_class = "1";
  schema.decision_threshold = 0.31F;
  schema.missing_values = {"", "NA", "-999", "?", " n.a. "};
  model::InputField age = Field("age", data::ColumnType::kNumeric);
  age.integral = true;
  age.min = 18;
  age.max = 79;
  model::InputField city = Field("city", data::ColumnType::kCategory);
  city.nullable = true;
  city.categories = {"Bern", "New \"York\"", "True", "10", "3.0"};
  model::InputField joined = Field("joined", data::ColumnType::kTimestamp);
  joined.min = 1577836800;
  joined.max = 1735689600;
  schema.inputs = {age, city, joined};
  return schema;
}

model::ModelSchema Regression() {
  model::ModelSchema schema;
  schema.task = "regression";
  schema.target = "price";
  model::InputField size = Field("size~of/it", data::ColumnType::kNumeric);
  size.nullable = true;
  size.min = -0.5;
  size.max = 2.25;
  schema.inputs = {size};
  return schema;
}

// A graph without training, which takes whole numbers.
model::ModelSchema WholeNumbers() {
  model::ModelSchema schema;
  schema.task = "regression";
  model::InputField count = Field("count", data::ColumnType::kNumeric);
  count.integral = true;
  schema.inputs = {count};
  return schema;
}

DescribedModel Described(const model::ModelSchema& schema, std::string name = "churn",
                         std::string version = "3") {
  return {std::move(name), std::move(version), "sha256:ab12", "native", &schema};
}

Json DocumentOf(const model::ModelSchema& schema, const DescribedServer& server = {}) {
  const DescribedModel model = Described(schema);
  return OpenApi({&model, 1}, server);
}

DescribedServer Everything() {
  return {.feedback = true, .admin = true, .tokens = true, .allowed_hosts = true};
}

std::vector<std::string> PathsOf(const Json& document) {
  std::vector<std::string> paths;
  for (const auto& [path, page] : document["paths"].items()) paths.push_back(path);
  return paths;
}

std::vector<std::string> StatusesOf(const Json& document, const char* path, const char* method) {
  std::vector<std::string> statuses;
  for (const auto& [status, answer] : document["paths"][path][method]["responses"].items())
    statuses.push_back(status);
  return statuses;
}

void ExpectGolden(const std::string& name, Json document) {
  // The build's version is not the document's matter.
  document["info"]["description"] = "";
  const std::string text = PrettyJson(document);
  const std::string path = SourceFolder() + "/tests/golden/serve/" + name;
  if (std::getenv("SLIPWAY_UPDATE_GOLDEN") != nullptr) {
    ASSERT_TRUE(WriteFileAtomically(LocalFileSystem(), path, text).ok());
    return;
  }
  const Result<std::string> golden = LocalFileSystem().ReadFile(path);
  ASSERT_TRUE(golden.ok()) << golden.error().ToString();
  EXPECT_EQ(text, *golden) << "run with SLIPWAY_UPDATE_GOLDEN=1 if the change is meant";
}

TEST(OpenApiTest, Golden) {
  ExpectGolden("openapi_classification.json", DocumentOf(Classification(), Everything()));
  const model::ModelSchema schema = Regression();
  const DescribedModel model = Described(schema, "price of {it}", "");
  ExpectGolden("openapi_regression.json", OpenApi({&model, 1}, {.metrics = false}));
}

TEST(OpenApiTest, EachPageIsThereThatIsServed) {
  EXPECT_THAT(PathsOf(DocumentOf(Classification(), Everything())),
              ElementsAre("/predict", "/models/churn/predict", "/invocations", "/v2",
                          "/v2/health/live", "/v2/health/ready", "/v2/models/churn",
                          "/v2/models/churn/ready", "/v2/models/churn/infer",
                          "/v2/models/churn/versions/3", "/v2/models/churn/versions/3/ready",
                          "/v2/models/churn/versions/3/infer", "/feedback", "/health", "/ready",
                          "/ping", "/metrics", "/version", "/openapi.json", "/", "/admin/reload"));
  const auto less = PathsOf(DocumentOf(Classification(), {.metrics = false}));
  for (const char* path : {"/metrics", "/feedback", "/admin/reload"})
    EXPECT_THAT(less, Not(Contains(path)));
}

TEST(OpenApiTest, NamesAreEncodedAndOnePathIsEnough) {
  const model::ModelSchema first = Classification(), second = Regression();
  const std::array models = {Described(first, "{x}", "1"), Described(second, "my model/é", ""),
                             Described(second, "{x}", "2")};
  const Json document = OpenApi(models, {});
  const auto paths = PathsOf(document);
  EXPECT_THAT(paths, Contains("/models/%7Bx%7D/predict"));
  EXPECT_THAT(paths, Contains("/models/my%20model%2F%C3%A9/predict"));
  const Json& question = document["paths"]["/models/%7Bx%7D/predict"]["post"]["requestBody"];
  EXPECT_EQ(question["content"]["application/json"]["schema"]["$ref"],
            "#/components/schemas/Model1Question");
  const Json& shown = document["x-slipway"]["models"];
  ASSERT_EQ(shown.size(), 3);
  EXPECT_EQ(DecodePercent(shown[1]["path"].get<std::string>()), "/models/my model/é/predict");
  EXPECT_FALSE(shown[2].contains("path")) << "another has it";
  EXPECT_THAT(paths, Contains("/v2/models/my%20model%2F%C3%A9/infer"));
  const auto asked_by = [&](const char* path) {
    return document["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"];
  };
  EXPECT_EQ(asked_by("/v2/models/%7Bx%7D/infer")["$ref"],
            "#/components/schemas/Model1InferQuestion");
  EXPECT_EQ(asked_by("/v2/models/%7Bx%7D/versions/2/infer")["$ref"],
            "#/components/schemas/Model3InferQuestion");
}

TEST(OpenApiTest, ModelsWithoutVersionsHaveNoPagesOfVersions) {
  const model::ModelSchema schema = Regression();
  const DescribedModel model = Described(schema, "price", "");
  for (const std::string& path : PathsOf(OpenApi({&model, 1}, {})))
    EXPECT_FALSE(path.contains("versions")) << path;
}

// All that is referred to is there, all that is there is referred to, and ids are unique.
void CollectReferences(const Json& json, std::set<std::string>* references) {
  if (json.is_object() && json.contains("$ref")) references->insert(json["$ref"]);
  for (const Json& item : json) {
    if (item.is_structured()) CollectReferences(item, references);
  }
}

TEST(OpenApiTest, ReferencesAndIdsHold) {
  const model::ModelSchema first = Classification(), second = Regression();
  const std::array models = {Described(first), Described(second, "price", "1")};
  const Json document = OpenApi(models, Everything());
  std::set<std::string> references, components, ids;
  CollectReferences(document, &references);
  for (const auto& [kind, named] : document["components"].items()) {
    if (kind == "securitySchemes") continue;
    for (const auto& [name, component] : named.items())
      components.insert("#/components/" + kind + "/" + name);
  }
  EXPECT_EQ(references, components);
  for (const auto& [path, page] : document["paths"].items()) {
    for (const auto& [method, operation] : page.items())
      EXPECT_TRUE(ids.insert(operation["operationId"]).second) << path;
  }
}

TEST(OpenApiTest, WhoMayAskAndWhatMayGoWrong) {
  const Json open = DocumentOf(Classification());
  EXPECT_THAT(
      StatusesOf(open, "/predict", "post"),
      ElementsAre("200", "400", "405", "408", "413", "414", "415", "422", "431", "500", "503"));
  EXPECT_FALSE(open["components"].contains("securitySchemes"));
  EXPECT_FALSE(open["paths"]["/predict"]["post"].contains("security"));

  const Json closed = DocumentOf(Classification(), Everything());
  EXPECT_THAT(StatusesOf(closed, "/predict", "post"), Contains("401"));
  EXPECT_THAT(StatusesOf(closed, "/predict", "post"), Contains("403"));
  EXPECT_THAT(StatusesOf(closed, "/models/churn/predict", "post"), Contains("404"));
  EXPECT_THAT(StatusesOf(closed, "/health", "get"), Not(Contains("401")));
  EXPECT_THAT(StatusesOf(closed, "/admin/reload", "post"), Contains("409"));
  EXPECT_EQ(closed["paths"]["/predict"]["post"]["security"], Json::parse(R"([{"bearer": []}])"));
  EXPECT_EQ(closed["paths"]["/admin/reload"]["post"]["security"],
            Json::parse(R"([{"admin": []}])"));
  EXPECT_FALSE(closed["paths"]["/ready"]["get"].contains("security"));
  EXPECT_TRUE(closed["components"]["responses"]["Busy"]["headers"].contains("Retry-After"));
}

// ---- bodies: the schema takes what the reader takes

class OpenApiBodyTest : public ::testing::Test {
 protected:
  static constexpr int64_t kMost = 3;
  static constexpr const char* kInfer = "/v2/models/churn/infer";

  // Both schema and reader say `accepted` of the body.
  void ExpectAgreement(const char* path, const std::string& body, bool accepted) {
    EXPECT_EQ(FitsSchema(path, body), accepted) << path << " by the schema: " << body;
    const auto rejection = ReadBody(path, body);
    EXPECT_EQ(!rejection.has_value(), accepted)
        << path << " by the reader: " << body << (rejection ? " " + rejection->message : "");
  }

  void Use(UnknownCategory unknown) {
    server_.reader.unknown = unknown;
    document_ = DocumentOf(schema_, server_);
  }

  bool FitsSchema(const char* path, const std::string& body) const {
    const Json& question = document_["paths"][path]["post"]["requestBody"]["content"];
    return JsonSchemaOracle(document_).Accepts(question["application/json"]["schema"],
                                               Json::parse(body));
  }

  std::optional<Rejection> ReadBody(std::string_view path, const std::string& body) const {
    const auto reader = RequestReader::Make(schema_, server_.reader);
    Rows rows;
    if (path == "/predict") return reader->ReadPredict(body, &rows);
    if (path == "/invocations") return reader->ReadInvocation(body, &rows);
    InferRequest infer;
    if (path == kInfer) return reader->ReadInfer(body, &infer);
    std::vector<Feedback> feedback;
    return ParseFeedback(body, kMost, &feedback);
  }

  model::ModelSchema schema_ = Classification();
  DescribedServer server_ = {.feedback = true, .reader = {.max_rows = kMost}, .max_labels = kMost};
  Json document_ = DocumentOf(schema_, server_);
};

TEST_F(OpenApiBodyTest, Examples) {
  for (const char* path : {"/predict", "/invocations", "/feedback", kInfer}) {
    const Json& content = document_["paths"][path]["post"]["requestBody"]["content"];
    ExpectAgreement(path, CompactJson(content["application/json"]["example"]), true);
  }
}

TEST_F(OpenApiBodyTest, Shapes) {
  for (const char* body :
       {R"({"features": [41, "Bern", "2024-01-31"]})", R"({"features": [null, null, null]})",
        R"({"features": {}})", R"({"features": {"age": 41}, "request_id": "a"})",
        R"({"instances": [{"age": 41}, [1, "a", 2], {}]})"}) {
    ExpectAgreement("/predict", body, true);
  }
  for (const char* body :
       {"[]", "{}", R"({"features": []})", R"({"features": [41, "Bern"]})",
        R"({"features": [41, "Bern", 1, 2]})", R"({"features": {"ages": 41}})",
        R"({"features": null})", R"({"instances": []})", R"({"instances": {}})",
        R"({"instances": [[1, "a", 2], {}, {}, {}]})", R"({"instances": [{}], "features": {}})",
        R"({"features": {}, "more": 1})", R"({"features": {}, "request_id": ""})",
        R"({"features": {}, "request_id": "a b"})", R"({"features": {}, "request_id": null})"}) {
    ExpectAgreement("/predict", body, false);
  }
}

TEST_F(OpenApiBodyTest, Values) {
  const auto row = [](const char* name, const std::string& value) {
    return std::string(R"({"features": {")") + name + "\": " + value + "}}";
  };
  for (const char* value : {"1", "-1.5e300", "true", "null", R"("")", R"(" NA ")", R"("-999")",
                            R"("n.a.")", R"("\t?\n")", R"("1")", R"(" +1.5 ")", R"("-.5")",
                            R"("1.")", R"("1.e5")", R"("1E+05")", R"("1e-999")"}) {
    ExpectAgreement("/predict", row("age", value), true);
  }
  for (const char* value : {R"("nXa.")", R"("na")", R"(".")", R"("1e")", R"("+-1")", R"("0x1")",
                            R"("1,5")", R"("1e309")", R"("inf")", "[]", "{}"})
    ExpectAgreement("/predict", row("age", value), false);
  for (const char* value : {R"("Bern")", "1", "2.5", "false", "null", R"("")"})
    ExpectAgreement("/predict", row("city", value), true);
  for (const char* value : {"[]", "{}"}) ExpectAgreement("/predict", row("city", value), false);
}

TEST_F(OpenApiBodyTest, Times) {
  const auto row = [](const std::string& value) {
    return R"({"features": {"joined": )" + value + "}}";
  };
  for (const char* value :
       {"0", "-1.5", "null", R"("")", R"(" NA")", R"("2024-02-29")", R"("2000-02-29")",
        R"("0000-01-01")", R"("2024-01-31T10:30")", R"("2024-01-31t23:59:59.123456789012345z")",
        R"("2024-01-31 10:30:00,5 +01:00")", R"("2024-01-31T10:30-0130")",
        R"("2024-01-31T10:30:00+01")", R"("2024-01-31T10:30:00 ")", R"(" 2024-12-31 ")",
        R"("1609459200")", R"("-1.5e9")"}) {
    ExpectAgreement("/predict", row(value), true);
  }
  for (const char* value :
       {"true", "[]", R"("today")", R"("2023-02-29")", R"("1900-02-29")", R"("2024-02-30")",
        R"("2024-13-01")", R"("2024-00-01")", R"("2024-04-31")", R"("2024-1-1")",
        R"("2024-01-31T")", R"("2024-01-31T24:00")", R"("2024-01-31T10:60")",
        R"("2024-01-31T10:30:60")", R"("2024-01-31T10:30:00.")", R"("2024-01-31T10:30+24:00")",
        R"("2024-01-31T10:30:00.1234567890123456")", R"("2024-01-31T10:30  Z")",
        R"("12024-01-31")"}) {
    ExpectAgreement("/predict", row(value), false);
  }
}

TEST_F(OpenApiBodyTest, KnownCategoriesOnly) {
  Use(UnknownCategory::kReject);
  const auto row = [](const std::string& value) {
    return R"({"features": {"city": )" + value + "}}";
  };
  for (const char* value : {R"("Bern")", R"("New \"York\"")", "null", R"("NA")", R"("")", "true",
                            R"("true")", R"("True")", "10", R"("10")", R"("3.0")", "-999"}) {
    ExpectAgreement("/predict", row(value), true);
  }
  for (const char* value : {R"("Genf")", "false", R"("False")", "3", "11", R"("10.0")"})
    ExpectAgreement("/predict", row(value), false);
  const std::string tensors =
      R"({"inputs": [{"name": "age", "shape": [1], "datatype": "FP64", "data": [1]},
                     {"name": "city", "shape": [1], "datatype": "BYTES", "data": [)";
  for (const char* value : {R"("Bern")", R"("true")", R"("10")", "null", R"("?")"})
    ExpectAgreement(kInfer, tensors + value + "]}]}", true);
  for (const char* value : {R"("Genf")", "10", "true"})
    ExpectAgreement(kInfer, tensors + value + "]}]}", false);
}

// What a graph can't take is refused by the model, not by the reader.
TEST_F(OpenApiBodyTest, WholeNumbers) {
  schema_ = WholeNumbers();
  Use(UnknownCategory::kAccept);
  for (const char* body :
       {R"({"features": [1]})", R"({"features": {"count": true}})", R"({"features": ["+2.0"]})"})
    EXPECT_TRUE(FitsSchema("/predict", body)) << body;
  for (const char* body : {R"({"features": [1.5]})", R"({"features": [null]})",
                           R"({"features": {}})", R"({"features": [""]})"}) {
    EXPECT_FALSE(FitsSchema("/predict", body)) << body;
  }
}

TEST_F(OpenApiBodyTest, Invocations) {
  for (const char* body :
       {R"({"dataframe_split": {"columns": ["age", "city", "joined"], "data": [[1, "a", 0], {}]}})",
        R"({"dataframe_split": {"data": [[1, 2, 3]], "columns": ["age", "city", "joined"],
                                "index": [0]}, "params": null})",
        R"({"dataframe_records": [{"age": 1}]})", R"({"instances": [[1, "Bern", 0]]})",
        R"({"inputs": [{"age": 1}], "request_id": "a"})"}) {
    ExpectAgreement("/invocations", body, true);
  }
  for (const char* body :
       {"{}", R"({"dataframe_split": {"columns": ["age", "city", "joined"]}})",
        R"({"dataframe_split": {"columns": ["age", "city", "joined"], "data": [[1, "a"]]}})",
        R"({"dataframe_split": {"columns": ["age", "age", "joined"], "data": [[1, 1, 1]]}})",
        R"({"dataframe_split": {"columns": ["age", "city", "joined"], "data": []}})",
        R"({"dataframe_records": []})", R"({"dataframe_records": {"age": [1]}})",
        R"({"inputs": {}})", R"({"inputs": {"age": 1}})", R"({"inputs": [{}], "instances": [{}]})",
        R"({"inputs": [{}], "signature_name": "x"})"}) {
    ExpectAgreement("/invocations", body, false);
  }
}

TEST_F(OpenApiBodyTest, Inferences) {
  const auto with = [](const std::string& tensors, const std::string& more = "") {
    return R"({"inputs": [)" + tensors + "]" + more + "}";
  };
  const std::string age = R"({"name": "age", "shape": [1], "datatype": "FP64", "data": [41]})";
  for (const std::string& body :
       {with(age), with(age, R"(, "id": null, "outputs": null, "parameters": 1)"),
        with(age, R"(, "id": "", "outputs": [{"name": "label", "parameters": {}}])"),
        with(age + R"(, {"data": [["Bern"]], "shape": [1, 1], "name": "city", "datatype": "BYTES",
                         "parameters": {"a": 1}})"),
        with(age + R"(, {"name": "city", "shape": [1], "datatype": "BYTES", "data": [null]},
                       {"name": "joined", "shape": [1], "datatype": "FP64", "data": [1.5e9]})")}) {
    ExpectAgreement(kInfer, body, true);
  }
  for (const std::string& body :
       {std::string("{}"),
        std::string("[]"),
        with(""),
        with(age + ", " + age),
        with(age, R"(, "id": 1)"),
        with(age, R"(, "outputs": {})"),
        with(age, R"(, "outputs": [{}])"),
        with(age, R"(, "outputs": [{"name": "labels"}])"),
        with(age, R"(, "outputs": [{"name": "label"}, {"name": "label"}])"),
        with(R"({"shape": [1], "datatype": "FP64", "data": [1]})"),
        with(R"({"name": "age", "datatype": "FP64", "data": [1]})"),
        with(R"({"name": "age", "shape": [1], "data": [1]})"),
        with(R"({"name": "age", "shape": [1], "datatype": "FP64"})"),
        with(R"({"name": "age", "shape": [0], "datatype": "FP64", "data": []})"),
        with(R"({"name": "age", "shape": [2], "datatype": "FP64", "data": [1]})"),
        with(R"({"name": "age", "shape": [1, 1, 1], "datatype": "FP64", "data": [1]})"),
        with(R"({"name": "age", "shape": [1], "datatype": "fp64", "data": [1]})"),
        with(R"({"name": "age", "shape": [1], "datatype": "FP64", "data": [true]})"),
        with(R"({"name": "age", "shape": [1], "datatype": "FP64", "data": [[1, 1]]})"),
        with(R"({"name": "city", "shape": [1], "datatype": "BYTES", "data": [5]})"),
        with(R"({"name": 1, "shape": [1], "datatype": "FP64", "data": [1]})")}) {
    ExpectAgreement(kInfer, body, false);
  }
}

TEST_F(OpenApiBodyTest, Feedback) {
  for (
      const char* body :
      {R"({"request_id": "a", "label": 1})", R"({"label": "yes", "request_id": "é ", "row": 2})",
       R"({"request_id": "a", "labels": [true, 1.5, ""]})",
       R"({"request_id": "a", "labels": [1e100, -1e100, "1e200"]})",
       R"([{"request_id": "a", "label": 1, "row": 4294967295}, {"request_id": "b", "labels": [0]}])"}) {
    ExpectAgreement("/feedback", body, true);
  }
  for (const char* body :
       {"{}", "[]", R"({"request_id": "a"})", R"({"label": 1})",
        R"({"request_id": "", "label": 1})", R"({"request_id": 1, "label": 1})",
        R"({"request_id": "a", "label": null})", R"({"request_id": "a", "labels": []})",
        R"({"request_id": "a", "label": 1e101})", R"({"request_id": "a", "label": -1e200})",
        R"({"request_id": "a", "labels": [0, 0, 0, 0]})", R"({"request_id": "a", "labels": [[0]]})",
        R"({"request_id": "a", "label": 1, "labels": [1]})",
        R"({"request_id": "a", "labels": [1], "row": 0})",
        R"({"request_id": "a", "label": 1, "row": -1})",
        R"({"request_id": "a", "label": 1, "row": 0.5})",
        R"({"request_id": "a", "label": 1, "row": 4294967296})",
        R"({"request_id": "a", "label": 1, "more": 1})", R"([[]])"}) {
    ExpectAgreement("/feedback", body, false);
  }
}

// ---- answers

bool FitsAnswer(const model::ModelSchema& schema, const char* path, const char* answer) {
  const Json document = DocumentOf(schema);
  const Json& content = document["paths"][path]["post"]["responses"]["200"]["content"];
  return JsonSchemaOracle(document).Accepts(content["application/json"]["schema"],
                                            Json::parse(answer));
}

TEST(OpenApiAnswerTest, Predictions) {
  EXPECT_TRUE(FitsAnswer(Classification(), "/predict",
                         R"({"prediction": 1, "probability": {"0": 0.1, "1": 0.9},
                             "model": "churn", "version": "3", "request_id": "a"})"));
  EXPECT_TRUE(FitsAnswer(Classification(), "/predict",
                         R"({"predictions": [1], "probabilities": [{"0": 0.1, "1": 0.9}],
                             "model": "churn", "version": "3", "request_id": "a"})"));
  EXPECT_TRUE(FitsAnswer(Regression(), "/predict",
                         R"({"prediction": 1.5, "model": "p", "version": "", "request_id": "a"})"));
  EXPECT_TRUE(FitsAnswer(Classification(), "/invocations",
                         R"({"predictions": [{"label": 1, "probability_0": 0.1,
                                              "probability_1": 0.9}]})"));
  EXPECT_TRUE(FitsAnswer(Regression(), "/invocations", R"({"predictions": [{"prediction": 2}]})"));
}

TEST(OpenApiAnswerTest, WhatIsAlwaysThereIsRequired) {
  for (
      const char* answer :
      {R"({"prediction": 1, "model": "m", "version": "3", "request_id": "a"})",
       R"({"prediction": 2, "probability": {"0": 0.1, "1": 0.9}, "model": "m", "version": "3",
            "request_id": "a"})",
       R"({"prediction": 1, "probability": {"0": 0.1}, "model": "m", "version": "3",
            "request_id": "a"})",
       R"({"prediction": 1, "probability": {"0": 0.1, "1": 0.9}, "model": "m", "version": "3"})"}) {
    EXPECT_FALSE(FitsAnswer(Classification(), "/predict", answer)) << answer;
  }
}

TEST(OpenApiTest, ThePageIsToldOfModels) {
  const Json shown = DocumentOf(Classification())["x-slipway"]["models"][0];
  EXPECT_EQ(shown["name"], "churn");
  EXPECT_EQ(shown["digest"], "sha256:ab12");
  EXPECT_EQ(shown["engine"], "native");
  EXPECT_EQ(shown["path"], "/models/churn/predict");
  EXPECT_EQ(shown["threshold"], Json::parse(R"({"class": "1", "least": 0.31})"));
  EXPECT_EQ(shown["inputs"][0],
            Json::parse(R"({"name": "age", "type": "numeric", "missing": false, "integral": true,
                            "range": [18, 79]})"));
  EXPECT_EQ(shown["inputs"][1]["categories"][1], "New \"York\"");
  const Json whole = DocumentOf(WholeNumbers())["x-slipway"]["models"][0]["inputs"][0];
  EXPECT_FALSE(whole.contains("range")) << "nothing is known of a training";
}

}  // namespace
}  // namespace slipway::serve
