#include "data/schema_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <unordered_map>

#include "core/text.h"
#include "data/schema_plan_internal.h"
#include "data/validation_internal.h"
#include "data/value_parser.h"

namespace slipway::data {
namespace {

// Makes the plan of one schema for one table.
class Planner {
 public:
  Planner(const config::TableSchema& schema, const std::vector<std::string>& names,
          const std::vector<ColumnType>& types, double now)
      : plan_(std::make_shared<SchemaPlan>()) {
    plan_->schema = schema;
    plan_->names = names;
    plan_->types = types;
    plan_->now = now;
    for (size_t i = 0; i < names.size(); ++i) places_.emplace(names[i], i);
  }

  Result<std::shared_ptr<const SchemaPlan>> Run();

 private:
  void PlanColumns();
  void PlanCheck(const config::RowCheck& check);
  void AddError(const config::RowCheck& check, const Error& error);

  std::shared_ptr<SchemaPlan> plan_;
  std::unordered_map<std::string, size_t> places_;
  // What expressions may name: the table's columns, then those that only the schema has; types as
  // the schema says, because an expression is judged by what the data should be.
  std::vector<ExpressionColumn> columns_;
  std::optional<Error> errors_;
};

void Planner::PlanColumns() {
  for (size_t i = 0; i < plan_->names.size(); ++i) {
    columns_.push_back({plan_->names[i], plan_->types[i]});
  }
  for (const config::ColumnSchema& column : plan_->schema.columns) {
    const ColumnType type = TypeFor(column.type);
    const auto place = places_.find(column.name);
    if (place == places_.end()) {
      columns_.push_back({column.name, type});
      continue;
    }
    columns_[place->second].type = type;
    plan_->rules.emplace_back(column, place->second, plan_->types[place->second], plan_->now);
  }
}

void Planner::AddError(const config::RowCheck& check, const Error& error) {
  Error placed = Error(ErrorCode::kInvalidInput, error.message())
                     .At(check.at)
                     .Expected(error.expected())
                     .Try(error.hint());
  errors_ = errors_ ? std::move(*errors_).Also(std::move(placed)) : std::move(placed);
}

void Planner::PlanCheck(const config::RowCheck& check) {
  auto expression = CompiledExpression::Compile(check.expression, columns_, plan_->now);
  if (!expression.ok()) return AddError(check, expression.error());
  const bool there = std::ranges::all_of(expression->columns(), [&](size_t column) {
    return column < plan_->types.size() && columns_[column].type == plan_->types[column];
  });
  if (there) plan_->checks.push_back({check, *std::move(expression)});
}

Result<std::shared_ptr<const SchemaPlan>> Planner::Run() {
  PlanColumns();
  for (const config::RowCheck& check : plan_->schema.checks) PlanCheck(check);
  if (errors_) return *std::move(errors_);
  return plan_;
}

std::string TextAt(const ColumnView& view, size_t row) {
  if (view.type != ColumnType::kCategory) {
    const std::string text = ValueText(view.numbers[row], view.type);
    return text.empty() ? "null" : text;
  }
  if (view.codes[row] < 0) return "null";
  return Excerpt((*view.categories)[static_cast<size_t>(view.codes[row])]);
}

// "start=5, end=3".
std::string ValuesAt(const SchemaPlan& plan, const PlannedCheck& check, const Block& block,
                     size_t row) {
  constexpr size_t kMostColumns = 8;
  std::vector<std::string> values;
  for (const size_t column : check.expression.columns()) {
    if (values.size() == kMostColumns) {
      values.emplace_back("…");
      break;
    }
    values.push_back(fmt::format("{}={}", plan.names[column], TextAt(block.columns[column], row)));
  }
  return Join(values, ", ");
}

void AddCheck(const SchemaPlan& plan, const PlannedCheck& check, const Block& block,
              std::vector<Truth>* truths, BreachTally* failed) {
  truths->resize(static_cast<size_t>(block.rows));
  check.expression.Evaluate(block, *truths);
  const auto count = std::ranges::count(*truths, Truth::kFalse);
  if (count == 0) return;
  for (size_t i = 0; i < truths->size() && failed->examples.size() < kMaxExamples; ++i) {
    if ((*truths)[i] != Truth::kFalse) continue;
    failed->examples.push_back({.row = block.first_row + static_cast<int64_t>(i) + 1,
                                .value = ValuesAt(plan, check, block, i)});
  }
  failed->count += count;
}

}  // namespace

Result<SchemaCheck> SchemaCheck::Make(const config::TableSchema& schema,
                                      const std::vector<std::string>& names,
                                      const std::vector<ColumnType>& types, Clock::WallTime now) {
  const double seconds = std::chrono::duration<double>(now.time_since_epoch()).count();
  SLIPWAY_ASSIGN_OR_RETURN(auto plan, Planner(schema, names, types, seconds).Run());
  return SchemaCheck(std::move(plan));
}

SchemaCheck::Partial::Partial(std::shared_ptr<const SchemaPlan> plan)
    : plan_(std::move(plan)), tally_(std::make_unique<SchemaTally>()) {
  tally_->columns.resize(plan_->rules.size());
  tally_->checks.resize(plan_->checks.size());
}
SchemaCheck::Partial::~Partial() = default;
SchemaCheck::Partial::Partial(Partial&&) noexcept = default;
SchemaCheck::Partial& SchemaCheck::Partial::operator=(Partial&&) noexcept = default;

void SchemaCheck::Partial::Add(const Block& block) {
  for (size_t i = 0; i < plan_->rules.size(); ++i) {
    plan_->rules[i].Add(block, &tally_->columns[i]);
  }
  std::vector<Truth> truths;
  for (size_t i = 0; i < plan_->checks.size(); ++i) {
    AddCheck(*plan_, plan_->checks[i], block, &truths, &tally_->checks[i].failed);
  }
}

void SchemaCheck::Partial::Merge(Partial&& later, int64_t first_row) {
  for (size_t i = 0; i < tally_->columns.size(); ++i) {
    tally_->columns[i].Merge(std::move(later.tally_->columns[i]), first_row);
  }
  for (size_t i = 0; i < tally_->checks.size(); ++i) {
    tally_->checks[i].failed.Merge(std::move(later.tally_->checks[i].failed), first_row);
  }
  later.tally_.reset();
}

std::vector<Issue> SchemaCheck::Issues(const Partial& all, int64_t rows) const {
  return SchemaIssues(*plan_, *all.tally_, rows);
}

}  // namespace slipway::data
