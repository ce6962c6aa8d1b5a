#include "config/expectations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway::config {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

Expectations ParseOk(const std::string& text) {
  const auto parsed = ParseExpectations(text, "t.yaml");
  EXPECT_TRUE(parsed.ok()) << parsed.error().Render();
  return parsed.ok() ? *parsed : Expectations();
}

std::string ErrorsOf(const std::string& text) {
  const auto parsed = ParseExpectations(text, "t.yaml");
  return parsed.ok() ? "" : parsed.error().Render();
}

TEST(ExpectationsTest, ReadsRowsAsTheyAreWritten) {
  const Expectations read = ParseOk(
      "seed: 7\n"
      "rows:\n"
      "  - name: a\n"
      "    features: {age: 41, code: \"007\", city: no, gone: null}\n"
      "    label: 1\n"
      "    probability: {yes: {min: 0.25}}\n"
      "  - {features: {}, prediction: -3.5, tolerance: 0.5}\n");
  EXPECT_EQ(read.seed, 7U);
  ASSERT_THAT(read.rows, SizeIs(2));
  const RowExpectation& row = read.rows[0];
  ASSERT_THAT(row.features, SizeIs(4));
  EXPECT_EQ(row.features[0].value.number, 41);
  // What is quoted is a text, and what YAML 1.1 took for a boolean is one too.
  EXPECT_EQ(row.features[1].value.text, "007");
  EXPECT_FALSE(row.features[1].value.number);
  EXPECT_EQ(row.features[2].value.text, "no");
  EXPECT_TRUE(row.features[3].value.missing);
  EXPECT_EQ(row.features[0].column.at.line, 4);
  EXPECT_EQ(row.features[0].column.at.column, 16);
  EXPECT_EQ(row.label->text, "1");
  EXPECT_EQ(row.probabilities[0].label.text, "yes");
  EXPECT_EQ(row.probabilities[0].min, 0.25);
  EXPECT_EQ(row.probabilities[0].max, 1);
  EXPECT_EQ(read.rows[1].name, "row 2");
  EXPECT_EQ(read.rows[1].prediction, -3.5);
  EXPECT_EQ(read.rows[1].tolerance, 0.5);
}

TEST(ExpectationsTest, ReadsEveryWayToChange) {
  const Expectations read = ParseOk(
      "invariance:\n"
      "  - change:\n"
      "      a: x\n"
      "      b: [1, null]\n"
      "      c: {add: -2}\n"
      "      d: {add_deviations: 0.5}\n"
      "      e: {noise: 0.1}\n"
      "      f: {shuffle: true}\n"
      "    where: a == 'y'\n"
      "    sample: 10\n"
      "    share: 0.75\n"
      "    tolerance: 0.125\n");
  ASSERT_THAT(read.invariance, SizeIs(1));
  const ChangedRows& rows = read.invariance[0].rows;
  EXPECT_EQ(rows.name, "a, b, c, d, e, f");
  using Kind = ColumnChange::Kind;
  const Kind kinds[] = {Kind::kSet,           Kind::kSet,   Kind::kAdd,
                        Kind::kAddDeviations, Kind::kNoise, Kind::kShuffle};
  ASSERT_THAT(rows.changes, SizeIs(std::size(kinds)));
  for (size_t i = 0; i < std::size(kinds); ++i) EXPECT_EQ(rows.changes[i].kind, kinds[i]) << i;
  EXPECT_TRUE(rows.changes[1].values[1].missing);
  EXPECT_EQ(rows.changes[2].amount, -2);
  EXPECT_EQ(rows.where.text, "a == 'y'");
  EXPECT_EQ(rows.sample, 10);
  EXPECT_EQ(rows.share, 0.75);
  EXPECT_EQ(read.invariance[0].tolerance, 0.125);
}

TEST(ExpectationsTest, ReadsDirectionsAndMetrics) {
  const Expectations read = ParseOk(
      "directional:\n"
      "  - {name: d, change: {a: 1}, must: not_fall, probability: yes}\n"
      "metrics:\n"
      "  - {where: a > 3, on: all, metrics: {accuracy: 0.5, log_loss: 2}}\n");
  ASSERT_THAT(read.directional, SizeIs(1));
  EXPECT_EQ(read.directional[0].direction, Direction::kNotFall);
  EXPECT_STREQ(ToString(Direction::kNotFall), "not_fall");
  EXPECT_EQ(read.directional[0].label.text, "yes");
  ASSERT_THAT(read.metrics, SizeIs(2));
  EXPECT_EQ(read.metrics[1].name, "a > 3");
  EXPECT_EQ(read.metrics[1].metric, "log_loss");
  EXPECT_TRUE(read.metrics[1].all_rows);
}

TEST(ExpectationsTest, TellsAllMistakesWithTheirPlaces) {
  const std::string told = ErrorsOf(
      "rows:\n"
      "  - features: [1]\n"
      "    label: null\n"
      "  - 3\n"
      "invariance:\n"
      "  - change: {a: {add: 1, noise: 2}}\n"
      "    share: 0\n"
      "    sample: 0\n"
      "    tolerence: 1\n");
  for (const char* place : {"t.yaml:2:15", "t.yaml:3:5", "t.yaml:4:5", "t.yaml:6:17", "t.yaml:7:12",
                            "t.yaml:8:13", "t.yaml:9:5"}) {
    EXPECT_THAT(told, HasSubstr(place));
  }
  EXPECT_THAT(told, HasSubstr("try tolerance"));
}

TEST(ExpectationsTest, WhatSaysNothingIsAMistake) {
  EXPECT_THAT(ErrorsOf(""), HasSubstr("an empty file"));
  EXPECT_THAT(ErrorsOf("[]"), HasSubstr("rows, invariance, directional or metrics"));
  EXPECT_THAT(ErrorsOf("invariance: [{change: {}}]"), HasSubstr("no column is changed"));
  EXPECT_THAT(ErrorsOf("invariance: [{change: {a: []}}]"), HasSubstr("an empty list"));
  EXPECT_THAT(ErrorsOf("invariance: [{change: {a: {shuffle: false}}}]"), HasSubstr("no change"));
  EXPECT_THAT(ErrorsOf("rows: [{features: {a: 1}, probability: {b: {min: 0}}}]"),
              HasSubstr("every probability is from 0 to 1"));
  EXPECT_THAT(ErrorsOf("{}"), HasSubstr("nothing is expected"));
  EXPECT_THAT(ErrorsOf("seed: 3"), HasSubstr("nothing is expected"));
  for (const char* kind : {"rows", "invariance", "directional", "metrics"}) {
    EXPECT_THAT(ErrorsOf(std::string(kind) + ": []"), HasSubstr("an empty list")) << kind;
  }
  EXPECT_THAT(ErrorsOf("rows: [{features: {a: 1}, probability: {}}]"),
              HasSubstr("t.yaml:1:40: rows[0].probability: of no class"));
  EXPECT_THAT(ErrorsOf("metrics: [{metrics: {}}]"),
              HasSubstr("t.yaml:1:21: metrics[0].metrics: no metric"));
  EXPECT_THAT(ErrorsOf("rows: [{features: {a: 1}, label: b, tolerance: 1}]"),
              HasSubstr("a tolerance of nothing"));
  EXPECT_THAT(ErrorsOf("rows: [{name: r, features: {}, label: b}]\n"
                       "invariance: [{change: {a: 1}, rows: [r], where: a > 1}]"),
              HasSubstr("where chooses rows of the table"));
}

TEST(ExpectationsTest, ValuesAreFinite) {
  EXPECT_THAT(ErrorsOf("rows: [{features: {a: .inf}, label: b}]"),
              HasSubstr("t.yaml:1:23: rows[0].features.a: the number .inf is not finite; expected "
                        "a finite number, or null"));
  EXPECT_THAT(ErrorsOf("invariance: [{change: {a: [1, .nan]}}]"), HasSubstr("t.yaml:1:31"));
  // A text of these letters is one.
  EXPECT_EQ(ErrorsOf("rows: [{features: {a: inf, b: \".nan\"}, label: b}]"), "");
}

}  // namespace
}  // namespace slipway::config
