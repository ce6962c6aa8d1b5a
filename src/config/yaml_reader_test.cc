// What is no YAML, or more of it than a configuration holds.
#include "config/test_directory_internal.h"

namespace slipway::config {
namespace {

TEST(Reader, SyntaxErrorsHaveLineAndColumn) {
  EXPECT_EQ(ErrorsOf("development:\n  a: 1\n b: 2\n"),
            "error: c.yaml:3:2: not valid YAML: end of map not found\n");
  EXPECT_EQ(ErrorsOf("development:\n\ta: 1\n"),
            "error: c.yaml:2:3: not valid YAML: illegal map value; try blanks in place of tabs\n");
  EXPECT_EQ(ErrorsOf("development:\n  a: {b: ${X}}\n"),
            "error: c.yaml:2:11: not valid YAML: end of map flow not found; try quotes around "
            "\"${…}\" inside { } and [ ]\n");
  EXPECT_EQ(ErrorsOf("development:\n  a: *b\n"),
            "error: c.yaml:2:6: not valid YAML: the referenced anchor is not defined\n");
  EXPECT_EQ(ErrorsOf("development:\n  a: 'b\n  c: d\n"),
            "error: c.yaml:3:7: not valid YAML: a quoted text does not end\n");
  EXPECT_EQ(ErrorsOf("a: {b: 1}\n---\na: {b: 2}\n"),
            "error: c.yaml:2:1: a second YAML document in one file\n");
}

TEST(Reader, AliasesNeitherLoopNorFillTheMemory) {
  EXPECT_EQ(ErrorsOf("development: &d {a: *d}\n"),
            "error: c.yaml:1:1: project_name: missing key; expected text\n"
            "error: c.yaml:1:1: data.source_path: missing key; expected text\n"
            "error: c.yaml:1:1: data.target_column: missing key; expected text\n"
            "error: c.yaml:1:1: model.model_type: missing key; expected random_forest, "
            "gradient_boosting, logistic_regression, linear_regression, ridge, command or onnx\n"
            "error: c.yaml:1:18: unknown key \"a\"; expected project_name, version, data, model, "
            "deployment, artifact_store, model_registry, registries, stores, notifications or "
            "approvals\n"
            "error: c.yaml:1:21: an alias inside the value that it names; expected an alias of a "
            "finished value\n");
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 30; ++i) {
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int k = 0; k < 10; ++k) {
      bomb += (k > 0 ? ", *a" : "*a") + std::to_string(i - 1);
    }
    bomb += "]\n";
  }
  EXPECT_EQ(ErrorsOf(bomb),
            "error: c.yaml:5:10: aliases make the file too large; expected at most 20,000 keys and "
            "values\n");
  EXPECT_EQ(ErrorsOf("a: " + std::string(100'000, '[')),
            "error: c.yaml:1:54: nested too deep; expected at most 100 levels\n");
  EXPECT_EQ(ErrorsWith("", "    hyperparameters: {a: " + std::string(90, '[') + "b: c" +
                               std::string(90, ']') + "}\n"),
            "");
}

std::string KeysBelow(const std::string& section, int count) {
  std::string text = section;
  for (int i = 0; i < count; ++i) text += "      k" + std::to_string(i) + ": 1\n";
  return text;
}

TEST(Reader, LargeFilesAreRefusedAndManyMistakesToldInTime) {
  const std::string parameters = "    hyperparameters:\n";
  EXPECT_EQ(ErrorsWith("", KeysBelow(parameters, 9'000)), "");
  EXPECT_EQ(ErrorsWith("", KeysBelow(parameters, 60'000)),
            "error: c.yaml:10000:14: the file is too large; expected at most 20,000 keys and "
            "values\n");
  const TestDirectory directory;
  LoadOptions options;
  options.path =
      directory.Write("c.yaml", KeysBelow(std::string(kMinimal) + "    search:\n", 9'000));
  const auto loaded = LoadConfig(options);
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().others().size(), 8'999U);
}

TEST(Reader, TagsOutsideTheCoreSchemaAreTold) {
  const std::string expected =
      " has no meaning here; expected no tag, or !!str, !!int, !!float, !!bool, !!null, !!seq or "
      "!!map\n";
  EXPECT_EQ(ErrorsWith("", "    averaging: !upper macro\n"),
            "error: c.yaml:8:16: the tag !upper" + expected);
  EXPECT_EQ(ErrorsWith("    feature_columns: !!set {a, b}\n").substr(0, 36 + expected.size()),
            "error: c.yaml:6:22: the tag !!set" + expected + "err");
  EXPECT_EQ(ErrorsWith("    id_columns: !!seq [!!str 5]\n    split: !!map {seed: !!int 5}\n",
                       "    averaging: !!str macro\n"),
            "");
}

}  // namespace
}  // namespace slipway::config
