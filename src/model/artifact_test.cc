#include "model/artifact.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "core/hash.h"
#include "model/onnx_writer.h"
#include "model/random_models_internal.h"

namespace slipway::model {
namespace {

using ::testing::HasSubstr;

// An artifact in a directory of its own, removed afterwards.
class ArtifactTest : public ::testing::Test {
 protected:
  void SetUp() override {
    directory_ = ::testing::TempDir() + "slipway_artifact_" +
                 ::testing::UnitTest::GetInstance()->current_test_info()->name();
    ASSERT_TRUE(files_.RemoveTree(directory_).ok());
    Random random(8);
    plan_ = RandomPlan(random);
    ensemble_ = RandomForest(random, 5, 4, 2, static_cast<int>(plan_.output_columns()));
    const auto onnx = WriteOnnx(plan_, Scorer{ensemble_}, MakeTarget({"0", "1"}, true));
    schema_.inputs = LoadNativePredictor(*onnx).value()->inputs();
    schema_.inputs[0].min = -1.5;
    schema_.task = "classification";
    schema_.target = "target";
    schema_.classes = {"0", "1"};
    schema_.integer_labels = true;
    table_ = RandomTable(random, plan_, ensemble_, 50);
    contents_["model.onnx"] = *onnx;
    contents_["schema.json"] = PrettyJson(ToJson(schema_));
    contents_["config.yaml"] = "data: {}\n";
    digest_ = Seal(&contents_, schema_);
    Store();
  }
  void TearDown() override { EXPECT_TRUE(files_.RemoveTree(directory_).ok()); }

  void Store() {
    for (const auto& [name, bytes] : contents_) Write(name, bytes);
  }
  void Write(const std::string& name, const std::string& bytes) {
    ASSERT_TRUE(WriteFileAtomically(files_, JoinPath(directory_, name), bytes).ok());
  }
  void ExpectDamaged(const std::string& message) {
    const auto verified = VerifyArtifact(files_, directory_);
    ASSERT_FALSE(verified.ok());
    EXPECT_EQ(verified.error().code(), ErrorCode::kIntegrity);
    EXPECT_THAT(verified.error().ToString(), HasSubstr(message));
    EXPECT_EQ(LoadModel(files_, directory_).error().code(), ErrorCode::kIntegrity);
  }

  FileSystem& files_ = LocalFileSystem();
  std::string directory_;
  data::PreprocessingPlan plan_;
  TreeEnsemble ensemble_;
  ModelSchema schema_;
  data::Table table_;
  ArtifactFiles contents_;
  std::string digest_;
};

TEST_F(ArtifactTest, TheDigestIsTheManifests) {
  EXPECT_EQ(digest_, DigestOf(contents_["manifest.json"]));
  EXPECT_EQ(VerifyArtifact(files_, directory_).value(), digest_);
  ArtifactFiles again = contents_;
  EXPECT_EQ(Seal(&again, schema_), digest_);
  EXPECT_EQ(again, contents_);
  again["config.yaml"] += " ";
  EXPECT_NE(Seal(&again, schema_), digest_);
}

TEST_F(ArtifactTest, WhatIsOutsideTheDigestMayChange) {
  Write("MLmodel", "other");
  Write("metadata.json", "{}");
  EXPECT_EQ(VerifyArtifact(files_, directory_).value(), digest_);
}

TEST_F(ArtifactTest, NamesTheFileThatDiffers) {
  contents_["config.yaml"][0] ^= 1;
  Store();
  ExpectDamaged("config.yaml: the content's SHA-256");
}

TEST_F(ArtifactTest, NamesTheFileOfAnotherSize) {
  Write("schema.json", contents_["schema.json"] + " ");
  ExpectDamaged("schema.json: ");
}

TEST_F(ArtifactTest, NamesTheFileThatIsMissing) {
  ASSERT_TRUE(files_.RemoveFile(JoinPath(directory_, "model.onnx")).ok());
  ExpectDamaged("model.onnx: this file of the manifest is missing");
}

TEST_F(ArtifactTest, NamesTheFileThatIsNotListed) {
  Write("extra.bin", "x");
  ExpectDamaged("extra.bin: this file is not in the manifest");
}

TEST_F(ArtifactTest, NeedsAManifest) {
  ASSERT_TRUE(files_.RemoveFile(JoinPath(directory_, "manifest.json")).ok());
  ExpectDamaged("manifest.json");
}

TEST_F(ArtifactTest, RefusesManifestsThatLeadElsewhere) {
  const std::string digest = DigestOf("");
  for (const char* name :
       {"../x", "a/b", "..", "", ".", "a\\\\b", "a\\u0000b", "MLmodel", "manifest.json"}) {
    const std::string text = "{\"format\":\"slipway-artifact-1\",\"files\":[{\"path\":\"" +
                             std::string(name) + "\",\"size\":0,\"sha256\":\"" + digest + "\"}]}";
    const auto manifest = ReadManifest(text, "manifest.json");
    ASSERT_FALSE(manifest.ok()) << name;
    EXPECT_EQ(manifest.error().code(), ErrorCode::kIntegrity) << name;
  }
  for (const char* text : {"", "[]", "{}", "{\"format\":\"slipway-artifact-1\"}",
                           "{\"format\":\"slipway-artifact-1\",\"files\":[1]}"}) {
    EXPECT_FALSE(ReadManifest(text, "manifest.json").ok()) << text;
  }
}

TEST_F(ArtifactTest, RefusesAFileListedTwice) {
  const Manifest twice{{{"a", 0, DigestOf("")}, {"a", 0, DigestOf("")}}};
  EXPECT_THAT(ReadManifest(WriteManifest(twice), "m").error().ToString(),
              HasSubstr("'a' is listed twice"));
}

TEST_F(ArtifactTest, LoadsAndPredicts) {
  const auto model = LoadModel(files_, directory_, digest_);
  ASSERT_TRUE(model.ok()) << model.error().ToString();
  EXPECT_EQ(model->digest, digest_);
  EXPECT_EQ(model->schema.inputs[0].min, -1.5);
  EXPECT_TRUE(model->predictor->Predict(table_).ok());
  const auto other = LoadModel(files_, directory_, DigestOf("other"));
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.error().code(), ErrorCode::kIntegrity);
}

TEST_F(ArtifactTest, RefusesASchemaOfAnotherModel) {
  schema_.classes = {"1", "0"};
  contents_["schema.json"] = PrettyJson(ToJson(schema_));
  Seal(&contents_, schema_);
  Store();
  const auto model = LoadModel(files_, directory_);
  ASSERT_FALSE(model.ok());
  EXPECT_THAT(model.error().ToString(), HasSubstr("schema.json"));
}

TEST_F(ArtifactTest, LoadsAnOnnxFileByItself) {
  const auto model = LoadModel(files_, JoinPath(directory_, "model.onnx"));
  ASSERT_TRUE(model.ok()) << model.error().ToString();
  EXPECT_EQ(model->schema.classes, schema_.classes);
  EXPECT_TRUE(model->schema.integer_labels);
  const auto broken = LoadModel(files_, JoinPath(directory_, "config.yaml"));
  ASSERT_FALSE(broken.ok());
  EXPECT_THAT(broken.error().ToString(), HasSubstr("config.yaml: not an ONNX model"));
}

TEST_F(ArtifactTest, GoldenRowsAreAnsweredAsWritten) {
  const auto model = LoadModel(files_, directory_);
  const auto predictions = model->predictor->Predict(table_);
  const std::string golden = WriteGolden(table_, schema_.inputs, *predictions, schema_);
  const auto report = CheckGolden(golden, model->schema, *model->predictor);
  ASSERT_TRUE(report.ok()) << report.error().ToString();
  EXPECT_EQ(report->rows, 50);
  EXPECT_EQ(report->label_mismatches, 0);
  EXPECT_EQ(report->largest_difference, 0);
  EXPECT_EQ(report->worst_row, 0);
}

TEST_F(ArtifactTest, GoldenRowsTellADifference) {
  const auto model = LoadModel(files_, directory_);
  auto predictions = model->predictor->Predict(table_);
  predictions->scores[14] += 0.25F;  // Two scores a row: row 8.
  std::string golden = WriteGolden(table_, schema_.inputs, *predictions, schema_);
  auto report = CheckGolden(golden, model->schema, *model->predictor);
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->label_mismatches, 0);
  EXPECT_NEAR(report->largest_difference, 0.25, 1e-6);
  EXPECT_EQ(report->worst_row, 8);
  predictions->labels[3] = 1 - predictions->labels[3];
  golden = WriteGolden(table_, schema_.inputs, *predictions, schema_);
  report = CheckGolden(golden, model->schema, *model->predictor);
  EXPECT_EQ(report->label_mismatches, 1);
  EXPECT_EQ(report->worst_row, 4);
}

TEST_F(ArtifactTest, GoldenRowsThatAreNoneAreRefused) {
  const auto model = LoadModel(files_, directory_);
  for (const char* golden :
       {"x\n", "[]\n", "{\"input\":{},\"label\":1}\n",
        "{\"input\":{\"number 0\":\"text\"},\"label\":1,\"probabilities\":{}}\n",
        "{\"input\":{},\"label\":1,\"probabilities\":{\"0\":1}}\n"}) {
    const auto report = CheckGolden(golden, model->schema, *model->predictor);
    ASSERT_FALSE(report.ok()) << golden;
    EXPECT_EQ(report.error().code(), ErrorCode::kInvalidInput);
  }
}

TEST_F(ArtifactTest, TheMlModelFileIsTheSameEachTime) {
  EXPECT_EQ(contents_["MLmodel"], WriteMlModel(schema_, digest_));
  EXPECT_THAT(contents_["MLmodel"], HasSubstr("loader_module: mlflow.onnx"));
}

TEST(ModelSchemaTest, GoesThroughJson) {
  ModelSchema schema;
  schema.inputs.resize(3);
  schema.inputs[0] = {"age", data::ColumnType::kNumeric, true, true, {}, -1, 7.25};
  schema.inputs[1] = {"város", data::ColumnType::kCategory, false, false, {"a", "ő"}, 0, 0};
  schema.inputs[2] = {"at", data::ColumnType::kTimestamp, false, false, {}, 1e9, 2e9};
  schema.task = "classification";
  schema.target = "t";
  schema.classes = {"No", "Yes"};
  schema.positive_class = "Yes";
  schema.missing_values = {"", "-"};
  const Json json = ToJson(schema);
  const auto read = ModelSchemaFromJson(json);
  ASSERT_TRUE(read.ok()) << read.error().ToString();
  EXPECT_EQ(ToJson(*read), json);
  EXPECT_EQ(read->inputs[0].max, 7.25);
  EXPECT_EQ(read->inputs[2].type, data::ColumnType::kTimestamp);
  EXPECT_EQ(json["outputs"][2]["name"], "probability_Yes");
}

TEST(ModelSchemaTest, RefusesWhatIsNoSchema) {
  for (const char* text :
       {"[]", "{}", R"({"inputs":[1]})", R"({"inputs":[{"name":"a","type":"tensor"}]})",
        R"({"inputs":[{"type":"numeric"}]})", R"({"inputs":[],"classes":"x"})"}) {
    EXPECT_FALSE(ModelSchemaFromJson(Json::parse(text)).ok()) << text;
  }
}

}  // namespace
}  // namespace slipway::model
