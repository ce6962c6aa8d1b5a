// The gate on rows that a model meets in service and hardly ever in training.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/random.h"
#include "core/text.h"
#include "data/select_rows.h"
#include "gate/gate_internal.h"
#include "gate/robustness_internal.h"

namespace slipway::gate {
namespace {

// Rows that each check changes.
constexpr size_t kCheckedRows = 16;
// Rows that are predicted to see what each column is worth, in all, and of each at least.
constexpr size_t kMostDropRows = 200'000;
constexpr size_t kLeastDropRows = 50;
constexpr size_t kMostShownDrops = 5;
// What float32 may miss of a sum of probabilities.
constexpr double kTolerance = 1e-4;
constexpr uint64_t kSeed = 1;

struct Answered {
  bool refused = false;
  std::string failure;  // "" where it is sound, or a refusal that is allowed.
};

// What this model's plain answers fulfil, which the others are then held to: a graph of others may
// choose labels by a rule of its own, or give scores that are no distribution.
struct Habits {
  bool sums_to_one = true;
  bool label_has_highest_score = true;
};

double SumOfScores(const model::Predictions& answers, int64_t row) {
  double sum = 0;
  for (int cls = 0; cls < answers.classes; ++cls) sum += answers.Score(row, cls);
  return sum;
}

bool SumsToOne(const model::Predictions& answers, int64_t row) {
  return std::abs(SumOfScores(answers, row) - 1) <= kTolerance;
}

bool LabelHasHighestScore(const model::Predictions& answers, int64_t row) {
  const int32_t label = answers.labels[static_cast<size_t>(row)];
  if (label < 0 || label >= answers.classes) return false;
  float highest = answers.Score(row, 0);
  for (int cls = 1; cls < answers.classes; ++cls)
    highest = std::max(highest, answers.Score(row, cls));
  return answers.Score(row, label) == highest;
}

Habits HabitsOf(const model::Model& model, const model::Predictions& plain) {
  Habits habits;
  // A label may follow a threshold of the model's own.
  habits.label_has_highest_score = !model.schema.decision_threshold;
  if (IsOurs(model) || plain.regression()) return habits;
  for (int64_t row = 0; row < plain.rows; ++row) {
    habits.sums_to_one = habits.sums_to_one && SumsToOne(plain, row);
    habits.label_has_highest_score =
        habits.label_has_highest_score && LabelHasHighestScore(plain, row);
  }
  return habits;
}

// What is wrong with the answers, "" for nothing.
std::string WhatIsUnsound(const model::Predictions& answers, int64_t rows, const Habits& habits) {
  if (answers.rows != rows) return fmt::format("{} answers to {} rows", answers.rows, rows);
  if (answers.regression()) {
    const auto bad =
        std::ranges::find_if(answers.values, [](double v) { return !std::isfinite(v); });
    return bad == answers.values.end() ? "" : fmt::format("an estimate is {}", *bad);
  }
  for (const float score : answers.scores) {
    if (!(score >= -kTolerance && score <= 1 + kTolerance))
      return fmt::format("a score is {}", score);
  }
  for (int64_t row = 0; row < rows; ++row) {
    if (habits.sums_to_one && !SumsToOne(answers, row))
      return fmt::format("scores sum to {:.6g}", SumOfScores(answers, row));
    if (habits.label_has_highest_score && !LabelHasHighestScore(answers, row))
      return "a label has not the highest score";
  }
  return "";
}

bool Same(const model::Predictions& a, const model::Predictions& b) {
  return a.labels == b.labels && a.scores == b.scores && a.values == b.values;
}

Answered Ask(const model::Model& model, const RobustnessCheck& check,
             const model::Predictions& plain, const Habits& habits) {
  const auto answers = model.predictor->Predict(check.rows, 1);
  if (!answers.ok()) {
    if (check.expected == Expected::kOrRefused &&
        answers.error().code() == ErrorCode::kInvalidInput) {
      return {true, ""};
    }
    return {true, answers.error().ToString()};
  }
  std::string unsound = WhatIsUnsound(*answers, check.rows.rows, habits);
  if (unsound.empty() && check.expected == Expected::kSame && !Same(*answers, plain))
    unsound = "the answers differ";
  return {false, unsound};
}

std::vector<int64_t> FirstRows(const data::Table& table, size_t most) {
  std::vector<int64_t> rows(std::min(most, static_cast<size_t>(table.rows)));
  std::iota(rows.begin(), rows.end(), int64_t{0});
  return rows;
}

// Accuracy, or R².
Result<double> FigureOf(const model::Model& model, const data::Table& rows,
                        const data::Target& truth) {
  SLIPWAY_ASSIGN_OR_RETURN(const model::Predictions answers, model.predictor->Predict(rows));
  if (answers.regression())
    return train::ComputeMetrics(truth, answers, train::Averaging::kWeighted).at("r2");
  int64_t right = 0;
  for (size_t row = 0; row < truth.classes.size(); ++row)
    right += answers.labels[row] == truth.classes[row] ? 1 : 0;
  return static_cast<double>(right) / static_cast<double>(truth.classes.size());
}

// How much the figure falls where one column after another is missing: the largest of them.
Json DropsByColumn(const GateInput& input, const model::Model& model) {
  const size_t columns = std::max<size_t>(1, model.predictor->inputs().size());
  const std::vector<int64_t> rows =
      FirstRows(input.test_rows, std::max(kLeastDropRows, kMostDropRows / columns));
  data::Table table = InputRows(input.test_rows, model.predictor->inputs(), rows);
  const data::Target truth = data::SelectRows(input.truth, rows);
  const auto whole = FigureOf(model, table, truth);
  std::vector<std::pair<double, std::string>> drops;
  for (data::Column& column : table.columns) {
    if (!whole.ok()) break;
    data::Column kept = column;
    SetMissing(&column);
    // A graph of others may refuse what it never saw.
    if (const auto without = FigureOf(model, table, truth); without.ok())
      drops.emplace_back(*whole - *without, column.name);
    column = std::move(kept);
  }
  std::ranges::stable_sort(drops, [](const auto& a, const auto& b) { return a.first > b.first; });
  drops.resize(std::min(drops.size(), kMostShownDrops));
  Json json = Json::array();
  for (const auto& [drop, column] : drops) json.push_back({{"column", column}, {"drop", drop}});
  return {{"rows", rows.size()}, {"largest", std::move(json)}};
}

// The figure's fall where values are missing at random.
Result<double> RandomDrop(const GateInput& input, const model::Model& model) {
  const std::vector<int64_t> rows =
      FirstRows(input.test_rows, static_cast<size_t>(input.test_rows.rows));
  data::Table table = InputRows(input.test_rows, model.predictor->inputs(), rows);
  SLIPWAY_ASSIGN_OR_RETURN(const double whole, FigureOf(model, table, input.truth));
  Random random(kSeed);
  for (data::Column& column : table.columns) {
    for (size_t row = 0; row < rows.size(); ++row) {
      if (random.Uniform() >= input.config.gates.robustness.missing_share) continue;
      if (column.type == data::ColumnType::kCategory) {
        column.codes[row] = data::kMissingCode;
      } else {
        column.numbers[row] = data::kMissingNumber;
      }
    }
  }
  SLIPWAY_ASSIGN_OR_RETURN(const double left, FigureOf(model, table, input.truth));
  return whole - left;
}

// Sets the verdict by the drop, where a limit of it is configured.
void JudgeDrop(const GateInput& input, const model::Model& model, Verdict* verdict) {
  const config::RobustnessGate& gate = input.config.gates.robustness;
  const char* metric = input.truth.task == data::Task::kRegression ? "r2" : "accuracy";
  const Result<double> drop = RandomDrop(input, model);
  const std::string where = fmt::format("{:g} % of the values missing", 100 * gate.missing_share);
  verdict->limit = *gate.max_drop;
  verdict->value = drop.ok() ? *drop : std::numeric_limits<double>::quiet_NaN();
  const bool pass = drop.ok() && *drop <= *gate.max_drop;
  if (!pass) verdict->outcome = Outcome::kFail;
  if (!drop.ok()) {
    verdict->reason = fmt::format("with {}: {}", where, drop.error().ToString());
    return;
  }
  const auto [value, limit] = FormatApart(*drop, *gate.max_drop);
  verdict->evidence["drop"] = {
      {"metric", metric}, {"missing_share", gate.missing_share}, {"drop", *drop}};
  verdict->reason += fmt::format("; with {} {} falls by {}, {} {}", where, metric, value,
                                 pass ? "at most" : "more than", limit);
}

Verdict NotAsked(Verdict verdict, Outcome outcome, const std::string& why) {
  verdict.value = std::numeric_limits<double>::quiet_NaN();
  verdict.outcome = outcome;
  verdict.reason = "not asked: " + why;
  return verdict;
}

// Asks every check, and says what came of them in the verdict.
void AskAll(const model::Model& model, const std::vector<RobustnessCheck>& checks,
            const model::Predictions& plain, Verdict* verdict) {
  const Habits habits = HabitsOf(model, plain);
  Json told = Json::array();
  std::string first;
  int64_t failed = 0, refused = 0;
  for (const RobustnessCheck& check : checks) {
    const Answered answered = Ask(model, check, plain, habits);
    const bool failure = !answered.failure.empty();
    failed += failure ? 1 : 0;
    refused += !failure && answered.refused ? 1 : 0;
    if (failure && first.empty()) first = fmt::format("{}: {}", check.name, answered.failure);
    told.push_back({{"check", check.name},
                    {"result", failure            ? answered.failure
                               : answered.refused ? "refused"
                                                  : "sound"}});
  }
  verdict->value = static_cast<double>(failed);
  verdict->outcome = failed == 0 ? Outcome::kPass : Outcome::kFail;
  verdict->evidence["checks"] = std::move(told);
  if (failed > 0) {
    verdict->reason = fmt::format("{} of {} went wrong: {}", failed,
                                  Plural(std::ssize(checks), "check", "checks"), first);
    return;
  }
  verdict->reason = fmt::format(
      "{}: missing, extreme and unknown values are answered soundly{}",
      Plural(std::ssize(checks), "check", "checks"),
      refused == 0 ? "" : fmt::format(", or refused ({})", Plural(refused, "time", "times")));
}

}  // namespace

Verdict RobustnessGate(const GateInput& input, const LoadedModel& loaded) {
  Verdict verdict;
  verdict.name = "robustness";
  verdict.evidence = {{"comparison", "at most"}};
  if (!loaded.ok()) return NotAsked(verdict, Outcome::kFail, "the artifact can't be loaded again");
  if (input.test_rows.rows == 0)
    return NotAsked(verdict, Outcome::kInconclusive, "the test part has no rows");
  const model::Model& model = *loaded;
  const data::Table rows = InputRows(input.test_rows, model.predictor->inputs(),
                                     FirstRows(input.test_rows, kCheckedRows));
  const auto plain = model.predictor->Predict(rows, 1);
  if (!plain.ok()) return NotAsked(verdict, Outcome::kFail, plain.error().ToString());
  AskAll(model, MakeRobustnessChecks(model, rows), *plain, &verdict);
  // Many predictions, and so only for who asks.
  if (!input.config.gates.robustness.max_drop) return verdict;
  verdict.evidence["missing_columns"] = DropsByColumn(input, model);
  if (verdict.outcome == Outcome::kPass) JudgeDrop(input, model, &verdict);
  return verdict;
}

}  // namespace slipway::gate
