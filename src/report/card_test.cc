#include "report/card.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/config.h"
#include "data/profile.h"
#include "report/card_internal.h"
#include "report/report.h"
#include "report/sample_report.h"
#include "report/test_markup_internal.h"

namespace slipway::report {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

registry::ModelVersion SampleVersion() {
  registry::ModelVersion version;
  version.name = "ml-classifier";
  version.registry_version = 3;
  version.version = "1.0.0";
  version.digest = "sha256:4f1c2a8e0b7d6f5a4f1c2a8e0b7d6f5a4f1c2a8e0b7d6f5a4f1c2a8e0b7d6f5a";
  version.status = "staging";
  version.algorithm = "random_forest";
  version.created_at = "2026-11-23T06:41:07.123Z";
  version.created_by = "ada";
  version.run_id = "20261123-064107-7f3a";
  return version;
}

// The model section of config.yaml.
Json SampleConfig() {
  return {{"model_type", "random_forest"},
          {"hyperparameters", {{"n_estimators", 100}, {"max_depth", 10}}},
          {"card",
           {{"description", "Tells who will leave."},
            {"intended_use", "Whom to call first; not for prices."},
            {"limitations", "Knows nothing of business customers."},
            {"owners", {"ada@example.org", "retention team"}},
            {"license", "internal"}}}};
}

std::string ConfigFile(const Json& model) { return config::JsonToYaml({{"model", model}}); }

Json MetricsOf(double test, double low, double high, double train) {
  return {{"test",
           {{"accuracy", {{"value", test}, {"interval", {low, high}}}},
            {"calibration_error", {{"value", 0.02}, {"interval", {0.01, 0.03}}}}}},
          {"train", {{"accuracy", {{"value", train}}}, {"calibration_error", {{"value", 0.01}}}}},
          {"cross_validation", {1, 2, 3}}};
}

model::ArtifactFiles SampleArtifact() {
  model::ModelSchema schema;
  schema.task = "classification";
  schema.target = "churn";
  schema.classes = {"No", "Yes"};
  schema.positive_class = "Yes";
  model::InputField tenure, plan;
  tenure.name = "tenure";
  tenure.integral = tenure.nullable = true;
  tenure.max = 72;
  plan.name = "plan";
  plan.type = data::ColumnType::kCategory;
  plan.categories = {"monthly", "yearly"};
  schema.inputs = {tenure, plan};
  data::TableProfile profile;
  profile.rows = 8000;
  profile.columns = SampleReport().dataset.profiles;
  Json metrics = MetricsOf(0.893, 0.873, 0.911, 0.931);
  metrics["calibration"] = train::ToJson(*CalibratedReport().calibration);
  metrics["decision_threshold"] = train::ToJson(*CalibratedReport().threshold);
  const Json lineage = {{"source", {{"digest", SampleReport().source_digest}, {"rows", 10000}}},
                        {"split", {{"digest", "sha256:77ab"}, {"seed", 42}}},
                        {"slipway", {{"build", "slipway 0.1.0"}}}};
  return {{"config.yaml", ConfigFile(SampleConfig())},
          {"schema.json", PrettyJson(model::ToJson(schema))},
          {"profile.json", PrettyJson(data::ToStoredJson(profile))},
          {"metrics.json", PrettyJson(metrics)},
          {"lineage.json", PrettyJson(lineage)}};
}

TEST(CardTest, Golden) {
  const auto card = MakeCard(SampleVersion(), SampleArtifact(), RenderJson(SampleReport()));
  ASSERT_TRUE(card.ok()) << card.error().ToString();
  ExpectGolden("card.md", RenderCardMarkdown(*card));
  const std::string html = RenderCardHtml(*card);
  ExpectBalanced(html);
  for (const char* id : {"details", "intended-use", "training-data", "metrics", "slices", "answers",
                         "gates", "importances", "limits", "inputs", "lineage"}) {
    EXPECT_THAT(html, HasSubstr(std::string("<section id=\"") + id + "\""));
  }
  EXPECT_EQ(RenderCardJson(*card)["sections"].size(), 11U);
}

TEST(CardTest, SaysWhatIsNotThereAnyMore) {
  registry::ModelVersion version = SampleVersion();
  version.verdict = "failed";
  model::ArtifactFiles files = SampleArtifact();
  files["config.yaml"] = ConfigFile({{"model_type", "random_forest"}});
  const auto card = MakeCard(version, files, nullptr);
  ASSERT_TRUE(card.ok()) << card.error().ToString();
  const std::string text = RenderCardMarkdown(*card);
  EXPECT_THAT(text, HasSubstr("Nobody has said what it is for"));
  EXPECT_THAT(text, HasSubstr("The run that asked them is not kept here."));
  EXPECT_THAT(text, HasSubstr("It is marked as not passed"));
  EXPECT_THAT(text, Not(HasSubstr("## Feature importances")));
}

TEST(CardTest, FindsLimitsByItself) {
  model::ArtifactFiles files = SampleArtifact();
  Json metrics = MetricsOf(0.7, 0.6, 0.8, 0.99);
  metrics["test"]["calibration_error"]["value"] = 0.21;
  files["metrics.json"] = CompactJson(metrics);
  Json run = RenderJson(MulticlassReport());
  run["confusion"] = {{500, 3}, {9, 20}};
  const auto card = MakeCard(SampleVersion(), files, run);
  ASSERT_TRUE(card.ok()) << card.error().ToString();
  const std::string text = RenderCardMarkdown(*card);
  for (const char* limit :
       {"few rows of “Yes”", "Accuracy is only known to lie in 0.600 – 0.800",
        "Accuracy is 0.990 on the training part and 0.700 on the test part",
        "Its probabilities are off by 0.210", "The gate production could not decide",
        "Training had no missing values in plan", "Not calibrated;",
        "The gate size failed as a dry run: the artifact is 120.0 MB",
        "This version passed its gates; 1 failed as a dry run."}) {
    EXPECT_THAT(text, HasSubstr(limit));
  }
  const auto fine = MakeCard(SampleVersion(), SampleArtifact(), RenderJson(SampleReport()));
  const std::string fine_text = RenderCardMarkdown(*fine);
  for (const char* limit : {"few rows", "only known to lie", "too few to tell", "by heart",
                            "off by", "not decide", "dry run"})
    EXPECT_THAT(fine_text, Not(HasSubstr(limit)));
}

// All of five rows right is no certainty, though no resample says otherwise.
TEST(CardTest, AnIntervalOfFewRowsWithoutWidthIsALimit) {
  model::ArtifactFiles files = SampleArtifact();
  files["metrics.json"] = CompactJson(MetricsOf(1, 1, 1, 1));
  Json run = RenderJson(SampleReport());
  const auto text = [&](int64_t test_rows) {
    run["split"]["test"] = test_rows;
    return RenderCardMarkdown(*MakeCard(SampleVersion(), files, run));
  };
  EXPECT_THAT(text(5), HasSubstr("Accuracy is 1.000 however the rows of the test part are drawn"));
  EXPECT_THAT(text(1000), Not(HasSubstr("however the rows")));
}

// The record lies beside the artifact, and anybody can edit it.
TEST(CardTest, WhatTheRecordSaysOfTheModelChangesNothing) {
  registry::ModelVersion version = SampleVersion();
  version.algorithm = "ridge";
  version.training_config = {{"model_type", "ridge"},
                             {"hyperparameters", {{"alpha", 1}}},
                             {"card", {{"intended_use", "anything"}, {"limitations", "none"}}}};
  const Json run = RenderJson(SampleReport());
  EXPECT_EQ(RenderCardMarkdown(*MakeCard(version, SampleArtifact(), run)),
            RenderCardMarkdown(*MakeCard(SampleVersion(), SampleArtifact(), run)));
}

TEST(CardTest, HasTheHyperparametersThatASearchFound) {
  model::ArtifactFiles files = SampleArtifact();
  Json lineage = *ParseJson(files["lineage.json"], "lineage.json");
  lineage["hyperparameters"] = {{"n_estimators", 250}};
  files["lineage.json"] = CompactJson(lineage);
  const auto card = MakeCard(SampleVersion(), files, nullptr);
  ASSERT_TRUE(card.ok()) << card.error().ToString();
  const CardSection* details = FindSection(*card, "details");
  EXPECT_THAT(details->table.rows, Contains(ElementsAre("n_estimators", "250")));
  EXPECT_THAT(details->table.rows, Not(Contains(ElementsAre("max_depth", "10"))));
}

TEST(CardTest, SaysWhatIsNotKnownOfAModelOfOthers) {
  model::ArtifactFiles files = SampleArtifact();
  files["metrics.json"] = CompactJson(MetricsOf(0.893, 0.873, 0.911, 0.931));
  const auto text = [&](const char* trainer) {
    files["config.yaml"] = ConfigFile({{"model_type", trainer}});
    return RenderCardMarkdown(*MakeCard(SampleVersion(), files, nullptr));
  };
  EXPECT_THAT(text("onnx"), HasSubstr("whether the graph learned from its rows is not known"));
  EXPECT_THAT(text("onnx"), HasSubstr("Not calibrated by Slipway;"));
  EXPECT_THAT(text("command"), HasSubstr("which the program that trained it was not given"));
  EXPECT_THAT(text("command"), HasSubstr("Not calibrated by Slipway;"));
  EXPECT_THAT(text("ridge"), HasSubstr("which neither training nor calibration"));
}

TEST(CardTest, TextOfOthersStaysText) {
  Json config = SampleConfig();
  config["card"]["intended_use"] = "<script>alert(1)</script>\n# heading @team";
  model::ArtifactFiles files = SampleArtifact();
  files["config.yaml"] = ConfigFile(config);
  const auto card = MakeCard(SampleVersion(), files, RenderJson(HostileReport()));
  ASSERT_TRUE(card.ok());
  const std::string html = RenderCardHtml(*card), text = RenderCardMarkdown(*card);
  ExpectBalanced(html);
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(text, Not(HasSubstr("\n# heading")));
  EXPECT_THAT(text, Not(HasSubstr("@team")));
}

TEST(CardTest, RefusesAnArtifactWithoutItsFiles) {
  model::ArtifactFiles files = SampleArtifact();
  files.erase("profile.json");
  EXPECT_THAT(MakeCard(SampleVersion(), files, nullptr).error().ToString(),
              HasSubstr("profile.json"));
}

}  // namespace
}  // namespace slipway::report
