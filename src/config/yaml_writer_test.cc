// What is written reads back as the same values, by us and, for quoting, by readers of YAML 1.1.
#include "config/node_internal.h"
#include "config/test_directory_internal.h"
#include "core/random.h"

namespace slipway::config {
namespace {

Json ReadBack(const Json& value) {
  Problems problems;
  const auto node = ParseYaml(JsonToYaml(value), "text", &problems);
  EXPECT_TRUE(node && problems.empty()) << JsonToYaml(value);
  return node ? ToJson(*node) : Json("unreadable");
}

TEST(JsonToYaml, WritesBlocks) {
  const Json value = {{"name", "churn"},
                      {"version", "1.0.0"},
                      {"empty", Json::object()},
                      {"none", nullptr},
                      {"list", {1, "a b", {{"x", 1}, {"z", {true}}}, Json::array()}}};
  EXPECT_EQ(JsonToYaml(value),
            "name: churn\n"
            "version: \"1.0.0\"\n"
            "empty: {}\n"
            "none: null\n"
            "list:\n"
            "  - 1\n"
            "  - a b\n"
            "  - x: 1\n"
            "    z:\n"
            "      - true\n"
            "  - []\n");
}

TEST(JsonToYaml, TextsStayTexts) {
  for (const std::string text :
       {"",       "yes",   "No",   "on",     "y",        "null",    "~",     "true",
        "0123",   "1.0.0", "1e5",  ".5",     "0x1F",     "12:30",   "1_000", "2001-01-01",
        "a: b",   "a:",    ":a",   "a #b",   "#a",       " a",      "a ",    "- a",
        "a\nb",   "a\n",   "\ta",  "\"a\"",  "'a'",      "\\",      "{a}",   "[a]",
        "${VAR}", "$$",    "*a",   "&a",     "!a",       "%a",      "@a",    "`a",
        ".inf",   ".NaN",  "-",    "?",      "<<",       "=",       "a,b",   "s3://a/b",
        "ä€😀",   "\x7f",  "\x01", "\u0085", "a\u2028b", "\ufeffa", "Null",  "...",
        "---",    "C:\\x", "a\rb", "|",      ">",        "+1",      "-1",    "a  b"}) {
    EXPECT_EQ(ReadBack(Json{{"key", text}}), (Json{{"key", text}})) << text;
    EXPECT_EQ(ReadBack(Json{{text, 1}}), (Json{{text, 1}})) << text;
    EXPECT_EQ(ReadBack(Json::array({text, Json::array({text})})),
              Json::array({text, Json::array({text})}))
        << text;
  }
}

TEST(JsonToYaml, NumbersStayNumbers) {
  for (const Json& number :
       {Json(0), Json(-1), Json(INT64_MIN), Json(INT64_MAX), Json(UINT64_MAX), Json(0.1),
        Json(1e-9), Json(1e300), Json(-2.5e-300), Json(0.30000000000000004), Json(1e20)}) {
    const Json back = ReadBack(Json{{"n", number}})["n"];
    EXPECT_EQ(back, number);
    EXPECT_EQ(back.type() == Json::value_t::number_float,
              number.type() == Json::value_t::number_float)
        << number;
  }
  EXPECT_EQ(JsonToYaml(1e20), "1.0e+20\n");
}

// Random values of every kind.
Json RandomValue(Random* random, int depth) {
  const std::string letters = "ab: #-\n\"'\\{}[],&*!|>%@`$~.0159eE+_yn\t";
  const uint64_t kind = random->Below(depth > 0 ? 8 : 6);
  if (kind == 0) return nullptr;
  if (kind == 1) return random->Below(2) == 0;
  if (kind == 2) return static_cast<int64_t>(random->Next());
  if (kind == 3) return (random->Uniform() - 0.5) * 1e3;
  if (kind <= 5) {
    std::string text;
    for (uint64_t i = random->Below(8); i > 0; --i) text += letters[random->Below(letters.size())];
    return text;
  }
  Json value = kind == 6 ? Json::array() : Json::object();
  for (uint64_t i = random->Below(4); i > 0; --i) {
    Json item = RandomValue(random, depth - 1);
    if (kind == 6) {
      value.push_back(std::move(item));
    } else {
      const Json key = RandomValue(random, 0);
      value[key.is_string() ? key.get<std::string>() : key.dump()] = std::move(item);
    }
  }
  return value;
}

TEST(JsonToYaml, RandomValuesReadBack) {
  Random random(11);
  for (int i = 0; i < 3000; ++i) {
    const Json value = RandomValue(&random, 4);
    ASSERT_EQ(ReadBack(value), value) << JsonToYaml(value);
  }
}

void ExpectSavedIsTheSame(const LoadOptions& options) {
  const TestDirectory directory;
  const LoadedConfig first = LoadOk(options);
  LoadOptions again;
  again.path = directory.Write("saved.yaml", ToYaml(first.config));
  again.environment = first.config.environment;
  const LoadedConfig second = LoadOk(again);
  EXPECT_EQ(second.config.resolved, first.config.resolved);
  EXPECT_EQ(ToYaml(second.config), ToYaml(first.config));
  EXPECT_EQ(second.config.environment, first.config.environment);
  EXPECT_EQ(second.config.model.hyperparameters, first.config.model.hyperparameters);
  EXPECT_EQ(second.config.data.validation_rules.min_rows,
            first.config.data.validation_rules.min_rows);
  EXPECT_EQ(second.config.data.source_path, first.config.data.source_path);
  EXPECT_EQ(second.config.deployment.all, first.config.deployment.all);
  // What the shown form adds are comments.
  again.path = directory.Write("shown.yaml", RenderWithOrigins(first));
  EXPECT_EQ(LoadOk(again).config.resolved, first.config.resolved);
}

TEST(ToYaml, SavedExampleLoadsAsTheSame) {
  for (const std::string environment : {"development", "staging", "production"}) {
    LoadOptions options;
    options.path = ExamplePath();
    options.environment = environment;
    ExpectSavedIsTheSame(options);
    options.local = true;
    ExpectSavedIsTheSame(options);
  }
}

TEST(ToYaml, SavedOddValuesLoadAsTheSame) {
  setenv("SLIPWAY_TEST_NUMBER", "17", 1);
  const TestDirectory directory;
  LoadOptions options;
  options.path = directory.Write(
      "c.yaml",
      "odd:\n"
      "  project_name: \"0123\"\n"
      "  version: no\n"
      "  data:\n"
      "    source_path: \"${SLIPWAY_TEST_NUMBER}: #x\\n$$\"\n"
      "    target_column: \"null\"\n"
      "    positive_class: ~~\n"
      "    missing_values: [\"\", ~, -1, \"a: b\"]\n"
      "    validation_rules: {min_rows: \"${SLIPWAY_TEST_NUMBER}\", max_missing_ratio: 1e-3}\n"
      "    preprocessing_steps: [{handle_missing: {numeric: constant, fill_value: -1.50}}]\n"
      "  model:\n"
      "    model_type: random_forest\n"
      "    class_weight: {\"yes\": 1.0, 1: 2}\n"
      "    hyperparameters: {a: yes, b: \"5\", c: [1, {d: null}], e: 0x10, f: "
      "\"${SLIPWAY_TEST_NUMBER}\", g: {}}\n"
      "  notifications: [{type: slack, url: \"${SLIPWAY_TEST_NUMBER}\"}]\n"
      "  approvals: {production: {minimum: 2, groups: [a, \"true\"]}}\n");
  options.environment = "odd";
  ExpectSavedIsTheSame(options);
}

}  // namespace
}  // namespace slipway::config
