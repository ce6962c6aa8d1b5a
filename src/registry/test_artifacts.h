// Small artifacts and versions for tests of the registry.
#pragma once

#include <fmt/format.h>

#include <map>
#include <string>

#include "model/artifact.h"
#include "model/onnx_writer.h"
#include "model/tree_ensemble.h"
#include "registry/types.h"

namespace slipway::registry {

struct TestArtifact {
  std::map<std::string, std::string> files;
  std::string digest;
};

inline model::ModelSchema TestSchema() {
  model::InputField age;
  age.name = "age";
  model::ModelSchema schema;
  schema.inputs = {age};
  schema.task = "classification";
  schema.target = "churn";
  schema.classes = {"No", "Yes"};
  return schema;
}

// Sealed as a run seals them; another `number` gives another digest.
inline TestArtifact MakeArtifact(int number) {
  TestArtifact artifact;
  artifact.files["model.onnx"] = fmt::format("not really a graph, number {}", number);
  artifact.files["schema.json"] = PrettyJson(model::ToJson(TestSchema()));
  artifact.files["metrics.json"] =
      R"({"test": {"accuracy": {"value": 0.9, "interval": [0.8, 0.95]}, "auc": {"value": null}}})";
  artifact.files["lineage.json"] = R"({"source": {"digest": "sha256:feed", "rows": 10}})";
  artifact.files["config.yaml"] = fmt::format(
      "data:\n  target_column: churn{}\nmodel:\n  model_type: random_forest\n"
      "  hyperparameters:\n    n_estimators: 100\n",
      number);
  artifact.digest = model::Seal(&artifact.files, TestSchema());
  return artifact;
}

// One whose graph can be loaded and gives its golden predictions: a tree that asks for the age.
inline TestArtifact MakeLoadableArtifact() {
  data::PreprocessingPlan plan;
  plan.features.resize(1);
  plan.features[0].name = "age";
  model::FittedTree tree;
  tree.nodes = {{0, 30, 1, 2}, {-1, 0, 0, 0}, {-1, 0, 1, 0}};
  tree.values = {0.75, 0.25, 0.25, 0.75};
  data::Target target;
  target.labels = {"No", "Yes"};
  TestArtifact artifact = MakeArtifact(0);
  artifact.files["model.onnx"] =
      model::WriteOnnx(plan, model::Scorer{*model::AverageForest({tree}, 2, 1)}, target).value();
  data::Table rows;
  rows.rows = 2;
  rows.columns.resize(1);
  rows.columns[0].name = "age";
  rows.columns[0].numbers = {20, 40};
  const auto predictor = model::LoadNativePredictor(artifact.files["model.onnx"]).value();
  artifact.files["golden.jsonl"] =
      model::WriteGolden(rows, TestSchema().inputs, predictor->Predict(rows).value(), TestSchema());
  artifact.files["profile.json"] = "{}";
  artifact.digest = model::Seal(&artifact.files, TestSchema());
  return artifact;
}

inline ModelVersion MakeVersion(const std::string& name, const std::string& digest) {
  ModelVersion version;
  version.name = name;
  version.version = "1.0.0";
  version.digest = digest;
  version.algorithm = "random_forest";
  version.created_by = "ada";
  version.performance_metrics = Json{{"accuracy", 0.9}, {"auc", 0.1 + 0.2}};
  version.training_config =
      Json{{"model_type", "random_forest"}, {"hyperparameters", {{"n_estimators", 100}}}};
  return version;
}

// A digest without an artifact, for tests of records alone.
inline std::string FakeDigest(int number) {
  return fmt::format("sha256:{:064x}", number + 0x10000);
}

}  // namespace slipway::registry
