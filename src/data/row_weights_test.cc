#include "data/row_weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "data/test_tables_internal.h"

namespace slipway::data {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Result<std::vector<double>> WeightsOf(const Table& table, const char* column) {
  config::DataConfig config;
  config.weight_column = column;
  return RowWeights(table, config);
}

TEST(RowWeights, AreTheColumnsNumbers) {
  const Table table = MakeTable({Numbers("w", {0, 2.5, 1})});
  EXPECT_THAT(*WeightsOf(table, "w"), ElementsAre(0, 2.5, 1));
  EXPECT_THAT(*WeightsOf(table, ""), IsEmpty());
}

TEST(RowWeights, WhatCanNotBeAWeightNamesItsRow) {
  const auto error = [](const Table& table, const char* column) {
    const auto weights = WeightsOf(table, column);
    return weights.ok() ? "" : weights.error().ToString();
  };
  const Table table = MakeTable({Numbers("below", {1, -2}), Numbers("missing", {1, kMissingNumber}),
                                 Numbers("endless", {std::numeric_limits<double>::infinity(), 1}),
                                 Texts("text", {"a", "b"})});
  EXPECT_THAT(error(table, "below"), HasSubstr("row 2: below: -2 can't be a weight"));
  EXPECT_THAT(error(table, "missing"), HasSubstr("row 2: missing: a row's weight is missing"));
  EXPECT_THAT(error(table, "endless"), HasSubstr("row 1: endless: inf can't be a weight"));
  EXPECT_THAT(error(table, "text"),
              HasSubstr("data.weight_column: 'text' is no column of numbers"));
  EXPECT_THAT(error(table, "belo"), HasSubstr("try 'below'"));
}

}  // namespace
}  // namespace slipway::data
