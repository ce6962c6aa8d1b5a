#include "data/schema_inference.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <functional>

#include "core/pattern.h"
#include "core/random.h"
#include "core/time_text.h"

namespace slipway::data {
namespace {

using config::ColumnSchema;
using config::SchemaType;
using testing::ElementsAre;

ColumnSchema InferOne(const ColumnFacts& facts, double now = 0) {
  return InferSchema({facts}, {.now = now}).columns.at(0);
}

ColumnFacts NumberFacts(double min, double max, bool integral) {
  return {.name = "x",
          .integral = integral,
          .count = 1000,
          .distinct = 77,
          .distinct_exact = true,
          .min = min,
          .max = max};
}

std::string RangeOf(double min, double max, bool integral) {
  const ColumnSchema column = InferOne(NumberFacts(min, max, integral));
  return fmt::format("{} {}", column.min->value, column.max->value);
}

TEST(SchemaInference, RangesAreWidenedToReadableNumbers) {
  EXPECT_EQ(RangeOf(18, 95, true), "0 105");
  EXPECT_EQ(RangeOf(-40, 55, true), "-50 65");
  EXPECT_EQ(RangeOf(0, 1, true), "0 1");
  EXPECT_EQ(RangeOf(3, 3, true), "0 4");
  EXPECT_EQ(RangeOf(1'000, 1'234'567, true), "0 1400000");
  EXPECT_EQ(RangeOf(0.02, 0.97, false), "0 1");
  EXPECT_EQ(RangeOf(0.3, 2.9, false), "0 3.2");
  EXPECT_EQ(RangeOf(95.5, 105.5, false), "94.5 106.5");
  EXPECT_EQ(RangeOf(-0.37, 0.41, false), "-0.45 0.5");
  EXPECT_EQ(RangeOf(-9, -1, true), "-10 0");
  EXPECT_EQ(RangeOf(0, 0, false), "0 1");
  EXPECT_EQ(RangeOf(2.5, 2.5, false), "2.2 2.8");
}

TEST(SchemaInference, WhatWasSeenIsAlwaysInTheRange) {
  Random random(1);
  for (int i = 0; i < 20'000; ++i) {
    const double unit = std::pow(10.0, static_cast<double>(random.Below(600)) - 300);
    double min = (random.Uniform() - 0.5) * unit;
    double max = min + random.Uniform() * unit;
    const bool integral = random.Below(2) == 0;
    if (integral) {
      min = std::floor(min);
      max = std::ceil(max);
    }
    const ColumnSchema column = InferOne(NumberFacts(min, max, integral));
    EXPECT_LE(column.min->value, min);
    EXPECT_GE(column.max->value, max);
    EXPECT_LE(column.max->value - column.min->value,
              std::max(2 * (max - min), max) + 2 + std::fabs(max));
  }
  const ColumnSchema column = InferOne(NumberFacts(-1.7e308, 1.7e308, false));
  EXPECT_EQ(column.min->value, -1.7e308);
  EXPECT_EQ(column.max->value, 1.7e308);
}

TEST(SchemaInference, KeysAreUniqueAndGrow) {
  ColumnFacts id = {.name = "id",
                    .integral = true,
                    .count = 100,
                    .distinct = 100,
                    .distinct_exact = true,
                    .min = 1,
                    .max = 100};
  EXPECT_TRUE(InferOne(id).unique);
  EXPECT_EQ(InferOne(id).min->value, 0);
  EXPECT_FALSE(InferOne(id).max.has_value());
  id.distinct_exact = false;
  EXPECT_FALSE(InferOne(id).unique);
  id.distinct_exact = true;
  id.integral = false;
  EXPECT_FALSE(InferOne(id).unique);
  id.integral = true;
  id.count = id.missing + 99;
  id.distinct = 99;
  EXPECT_FALSE(InferOne(id).unique);
}

TEST(SchemaInference, MissingValues) {
  const auto allowed = [](int64_t missing) {
    ColumnFacts facts = NumberFacts(0, 10, false);
    facts.missing = missing;
    return InferOne(facts).max_missing;
  };
  EXPECT_EQ(allowed(0), 0);
  EXPECT_EQ(allowed(1), 0.02);
  EXPECT_EQ(allowed(100), 0.16);
  EXPECT_EQ(allowed(400), 1);
  const ColumnFacts none = {.name = "x", .count = 10, .missing = 10};
  EXPECT_EQ(InferOne(none).max_missing, 1);
  EXPECT_FALSE(InferOne(none).min.has_value());
}

ColumnFacts TextFacts(std::vector<std::string> values, int64_t count, bool complete = true) {
  ColumnFacts facts = {.name = "s", .type = ColumnType::kCategory, .count = count};
  facts.distinct = static_cast<double>(values.size());
  facts.distinct_exact = true;
  facts.categories_complete = complete;
  for (const std::string& value : values) facts.categories.push_back({value, 1});
  facts.min_length = 1;
  facts.max_length = 9;
  facts.sample = std::move(values);
  return facts;
}

std::vector<std::string> Made(const std::function<std::string(int)>& make, int count = 60) {
  std::vector<std::string> values;
  for (int i = 0; i < count; ++i) values.push_back(make(i));
  return values;
}

TEST(SchemaInference, Categories) {
  const ColumnSchema plan = InferOne(TextFacts({"pro", "basic"}, 20));
  EXPECT_EQ(plan.type, SchemaType::kCategory);
  EXPECT_THAT(plan.categories, ElementsAre("basic", "pro"));
  EXPECT_EQ(InferOne(TextFacts({"pro", "basic"}, 19)).type, SchemaType::kText);
  EXPECT_EQ(InferOne(TextFacts({"pro", "basic"}, 20, false)).type, SchemaType::kText);
  const auto word = [](int i) { return "w" + std::string(static_cast<size_t>(i), 'x'); };
  EXPECT_EQ(InferOne(TextFacts(Made(word, 50), 500)).type, SchemaType::kCategory);
  EXPECT_EQ(InferOne(TextFacts(Made(word, 51), 510)).type, SchemaType::kText);
  EXPECT_EQ(InferOne(TextFacts({"True", "False"}, 3)).type, SchemaType::kBoolean);
}

TEST(SchemaInference, FreeTextHasALength) {
  ColumnFacts facts =
      TextFacts(Made([](int i) { return "Great, " + std::to_string(i) + " stars"; }), 60);
  facts.min_length = 5;
  facts.max_length = 180;
  const ColumnSchema column = InferOne(facts);
  EXPECT_EQ(column.pattern, "");
  EXPECT_EQ(column.length, (config::CountRange{2, 500}));
  EXPECT_FALSE(column.unique);
}

TEST(SchemaInference, Times) {
  const double now = *ParseIsoTime("2024-03-01");
  ColumnFacts facts = {.name = "t",
                       .type = ColumnType::kTimestamp,
                       .count = 500,
                       .distinct = 500,
                       .distinct_exact = true,
                       .min = *ParseIsoTime("2024-01-11T10:00"),
                       .max = *ParseIsoTime("2024-02-20T10:00")};
  const ColumnSchema past = InferOne(facts, now);
  EXPECT_EQ(FormatIsoTime(past.min->value), "2024-01-07");
  EXPECT_TRUE(past.max->now);
  EXPECT_FALSE(past.unique);
  EXPECT_FALSE(InferOne(facts).max.has_value());
  EXPECT_EQ(FormatIsoTime(InferOne(facts, *ParseIsoTime("2024-02-01")).max->value), "2024-02-25");
}

struct Shape {
  const char* pattern;
  std::function<std::string(int)> make;
};

TEST(SchemaInference, Patterns) {
  const auto letter = [](int i) { return std::string(1, static_cast<char>('A' + i % 26)); };
  const std::vector<Shape> shapes = {
      {"^[A-Z]{2}-[0-9]{4}$",
       [&](int i) { return letter(i) + letter(i / 5) + fmt::format("-{:04}", i * 37 % 10000); }},
      {"^[A-Z]{2}-[0-9]{4}$", [](int i) { return fmt::format("DE-{:04}", i); }},
      {"^SKU[0-9]{5}$", [](int i) { return fmt::format("SKU{:05}", i); }},
      {"^User_[0-9]+$", [](int i) { return fmt::format("User_{}", i); }},
      {"^[0-9]{5}$", [](int i) { return fmt::format("{:05}", i * 17); }},
      {"^[0-9]{2}\\.[0-9]{2}\\.[0-9]{4}$",
       [](int i) { return fmt::format("{:02}.{:02}.2024", i % 28 + 1, i % 12 + 1); }},
      {"^[A-Z]{2}$", [&](int i) { return letter(i) + letter(i / 26); }},
      {"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$",
       [](int i) { return fmt::format("{:08x}-1c2d-4e5f-8a9b-0123456789ab", i * 7919); }},
      {"^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$",
       [](int i) { return fmt::format("name.{}@mail{}.example.org", i, i % 3); }},
      {"^https?://\\S+$", [](int i) { return fmt::format("https://example.org/{}", i); }},
      {"^([0-9]{1,3}\\.){3}[0-9]{1,3}$", [](int i) { return fmt::format("10.0.{}.{}", i, i * 3); }},
      {"^\\+?\\(?[0-9][0-9 ()./-]{4,18}[0-9]$",
       [](int i) {
         return i % 2 == 0 ? fmt::format("+49 30 {:06}", i)
                           : fmt::format("(030) {:05}-{}", i, i % 9);
       }},
      {"^[0-9a-f]{12}$",
       [](int i) { return fmt::format("{:012x}", (i + 1) * 987654321012LL % (1LL << 48)); }},
      {"^[0-9]{3}-[0-9]{4}$", [](int i) { return fmt::format("555-{:04}", i); }},
  };
  for (const Shape& shape : shapes) {
    const auto samples = Made(shape.make);
    EXPECT_EQ(InferPattern(samples), shape.pattern) << samples.front();
    EXPECT_EQ(InferPattern(Made(shape.make, 19)), "");
  }
}

TEST(SchemaInference, NoPatternWhereThereIsNoShape) {
  const auto names =
      std::vector<std::string>{"Anna", "Bob", "Carla", "Dirk", "Eva", "Franz", "Gerda"};
  EXPECT_EQ(InferPattern(Made([&](int i) { return names[static_cast<size_t>(i) % 7]; })), "");
  EXPECT_EQ(InferPattern(Made([](int i) { return "Straße " + std::to_string(i); })), "");
  auto codes = Made([](int i) { return fmt::format("AB-{:04}", i); });
  codes.emplace_back("unknown");
  EXPECT_EQ(InferPattern(codes), "");
  EXPECT_EQ(InferPattern(std::vector<std::string>(30, "")), "");
  EXPECT_EQ(InferPattern(Made([](int i) { return std::string(static_cast<size_t>(i), '-'); })), "");
}

// Whatever comes, a pattern matches what it was made of.
TEST(SchemaInference, PatternsMatchTheirSamples) {
  Random random(9);
  for (int i = 0; i < 3'000; ++i) {
    std::vector<std::string> samples;
    const uint64_t length = random.Below(9);
    const uint64_t alphabet = 2 + random.Below(255);
    for (int k = 0; k < 25; ++k) {
      std::string sample;
      for (uint64_t c = random.Below(4) == 0 ? random.Below(9) : length; c > 0; --c) {
        sample += static_cast<char>('0' + random.Below(alphabet));
      }
      samples.push_back(sample);
    }
    const std::string pattern = InferPattern(samples);
    if (pattern.empty()) continue;
    const auto compiled = Pattern::Make(pattern);
    ASSERT_TRUE(compiled.ok()) << pattern;
    for (const std::string& sample : samples) EXPECT_TRUE(compiled->Matches(sample)) << pattern;
  }
}

TEST(SchemaInference, TheSchemaReadsBackAndSaysWhatWasSeen) {
  ColumnFacts age = NumberFacts(18, 95, true);
  age.name = "age";
  age.missing = 10;
  ColumnFacts plan = TextFacts({"pro", "basic"}, 1000);
  plan.name = "plan";
  ColumnFacts code = TextFacts(Made([](int i) { return fmt::format("AB-{:04}", i); }, 200), 200);
  code.name = "it's a code: #1";
  code.min_length = code.max_length = 7;
  const std::string text = config::WriteTableSchema(InferSchema({age, plan, code}));
  EXPECT_EQ(
      text.substr(text.find("version")),
      "version: 1\n"
      "allow_extra_columns: true\n"
      "ordered: false\n"
      "columns:\n"
      "  age:  # 18 to 95, 1 % missing\n"
      "    type: integer\n"
      "    max_missing: 0.03\n"
      "    min: 0\n"
      "    max: 105\n"
      "  plan:\n"
      "    type: category\n"
      "    nullable: false\n"
      "    categories: [basic, pro]\n"
      "  \"it's a code: #1\":  # 7 characters\n"
      "    type: text\n"
      "    nullable: false\n"
      "    pattern: '^[A-Z]{2}-[0-9]{4}$'\n"
      "    unique: true\n"
      "# checks:  # Expressions that each row must fulfil; one with a missing value counts as "
      "fulfilled.\n"
      "#   - end >= start\n"
      "#   - {name: total_adds_up, check: total == price * quantity, severity: warning}\n");
  EXPECT_TRUE(config::ParseTableSchema(text, "s.yaml").ok());
}

}  // namespace
}  // namespace slipway::data
