// The field table's faces: the JSON Schema and the reference in docs/configuration.md.
#include <gmock/gmock.h>

#include "config/fields_internal.h"
#include "config/reference_internal.h"
#include "config/test_directory_internal.h"
#include "core/file_system.h"
#include "core/source_folder.h"

namespace slipway::config {
namespace {

using testing::ElementsAre;

const Json& EnvironmentSchema() {
  static const Json schema = ConfigSchema();
  return schema.at("$defs").at("environment");
}

TEST(Schema, ClosedSectionsWithRequiredKeys) {
  const Json& environment = EnvironmentSchema();
  EXPECT_EQ(environment.at("additionalProperties"), false);
  EXPECT_THAT(environment.at("required").get<std::vector<std::string>>(),
              ElementsAre("project_name", "data", "model"));
  const Json& data = environment.at("properties").at("data");
  EXPECT_EQ(data.at("additionalProperties"), false);
  EXPECT_THAT(data.at("required").get<std::vector<std::string>>(),
              ElementsAre("source_path", "target_column"));
  EXPECT_EQ(data.at("properties").at("split").at("properties").at("train").at("default"), 0.8);
}

TEST(Schema, ValuesAndRanges) {
  const Json& model = EnvironmentSchema().at("properties").at("model").at("properties");
  EXPECT_EQ(model.at("averaging").at("anyOf").at(0).at("enum").dump(),
            R"(["weighted","binary","macro","micro"])");
  EXPECT_EQ(model.at("averaging").at("default"), "weighted");
  const Json& thresholds = model.at("performance_thresholds");
  EXPECT_EQ(thresholds.at("additionalProperties"), false);
  EXPECT_EQ(thresholds.at("properties").at("accuracy").at("maximum"), 1);
  EXPECT_FALSE(thresholds.at("properties").at("log_loss").contains("maximum"));
  EXPECT_TRUE(thresholds.at("properties").contains("rmse"));
}

void ExpectDescribed(const FieldTree& tree) {
  EXPECT_FALSE(tree.field.about.empty()) << tree.field.key;
  EXPECT_FALSE(tree.field.stage.empty() && tree.field.later.empty() &&
               !tree.field.key.starts_with("deployment.") &&
               !tree.field.key.starts_with("notifications.") &&
               !tree.field.key.starts_with("approvals."))
      << tree.field.key << " names no stage";
  const bool choice = tree.field.kind == Kind::kChoice || tree.field.kind == Kind::kStep;
  EXPECT_EQ(choice, tree.field.values != nullptr) << tree.field.key;
  for (const FieldTree& child : tree.children) ExpectDescribed(child);
}

TEST(Fields, EveryKeyIsDescribed) {
  for (const FieldTree& child : EnvironmentFields().children) ExpectDescribed(child);
}

// Rewrites the generated part when SLIPWAY_UPDATE_GOLDEN is set.
TEST(Reference, DocumentationHasEveryKeyAsTheTableSays) {
  const std::string path = SourceFolder() + "/docs/configuration.md";
  const std::string begin = "<!-- generated from the field table: begin -->\n";
  const std::string end = "<!-- generated from the field table: end -->\n";
  auto text = LocalFileSystem().ReadFile(path);
  ASSERT_TRUE(text.ok()) << text.error().Render();
  const size_t from = text->find(begin);
  const size_t to = text->find(end);
  ASSERT_NE(from, std::string::npos);
  ASSERT_NE(to, std::string::npos);
  const std::string written = text->substr(from + begin.size(), to - from - begin.size());
  if (std::getenv("SLIPWAY_UPDATE_GOLDEN") != nullptr && written != ReferenceMarkdown()) {
    text->replace(from + begin.size(), written.size(), ReferenceMarkdown());
    ASSERT_TRUE(WriteFileAtomically(LocalFileSystem(), path, *text).ok());
    return;
  }
  EXPECT_EQ(written, ReferenceMarkdown()) << "SLIPWAY_UPDATE_GOLDEN=1 config_test rewrites it";
}

}  // namespace
}  // namespace slipway::config
