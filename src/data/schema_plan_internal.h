// A schema made ready for one table, and the tallies that it takes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "data/column_rules_internal.h"
#include "data/expression.h"

namespace slipway::data {

// One expression, ready for the blocks.
struct PlannedCheck {
  config::RowCheck check;
  CompiledExpression expression;
};

struct SchemaPlan {
  config::TableSchema schema;
  std::vector<std::string> names;  // Of the table.
  std::vector<ColumnType> types;
  std::vector<ColumnRules> rules;  // Of the columns that are there, in the schema's order.
  // Those whose columns are there with their types: of the others, the columns are told.
  std::vector<PlannedCheck> checks;
  double now = 0;
};

struct CheckTally {
  BreachTally failed;
};

struct SchemaTally {
  std::vector<RuleTally> columns;  // Beside SchemaPlan::rules.
  std::vector<CheckTally> checks;  // Beside SchemaPlan::checks.
};

std::vector<Issue> SchemaIssues(const SchemaPlan& plan, const SchemaTally& tally, int64_t rows);

}  // namespace slipway::data
