#include "pipeline/multivariate_drift.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "config/types.h"
#include "core/parallel.h"
#include "data/preprocessing.h"
#include "data/target.h"
#include "model/scorer.h"
#include "train/metrics.h"
#include "train/train.h"
#include "train/trainer.h"

namespace slipway::pipeline {
namespace {

constexpr const char* kOrigin = "(origin)";
constexpr double kMostDistinct = 0.5;  // Of present values: else it is an identifier.
constexpr double kNoiseMargin = 1.5;   // As of single columns.
constexpr size_t kDrivers = 5;
constexpr int64_t kLeastRows = 40;  // In each sample.

bool IsUsed(const data::ColumnProfile& reference, const data::ColumnProfile* current) {
  if (current == nullptr || current->type != reference.type) return false;
  if (reference.type == data::ColumnType::kTimestamp) return false;
  if (reference.missing == reference.count || current->missing == current->count) return false;
  if (reference.type == data::ColumnType::kNumeric) return true;
  const auto present = static_cast<double>(reference.count - reference.missing);
  return static_cast<double>(reference.distinct) <= kMostDistinct * present;
}

// Both columns' rows below each other.
data::Column Append(const data::Column& first, const data::Column& second) {
  data::Column both = first;
  both.numbers.insert(both.numbers.end(), second.numbers.begin(), second.numbers.end());
  if (first.type != data::ColumnType::kCategory) return both;
  both.categories.clear();
  std::ranges::set_union(first.categories, second.categories, std::back_inserter(both.categories));
  both.codes.clear();
  for (const data::Column* column : {&first, &second}) {
    for (const int32_t code : column->codes) {
      if (code == data::kMissingCode) {
        both.codes.push_back(code);
        continue;
      }
      const auto place =
          std::ranges::lower_bound(both.categories, column->categories[static_cast<size_t>(code)]);
      both.codes.push_back(static_cast<int32_t>(place - both.categories.begin()));
    }
  }
  return both;
}

struct Question {
  data::Table table;  // The reference's rows, then the current ones.
  std::vector<std::string> features;
  data::Target target;                // 1 for current rows.
  std::vector<int64_t> learn, judge;  // Every other row.
};

Question MakeQuestion(const data::TableProfile& reference, const data::TableProfile& current) {
  Question question;
  const data::Table &before = reference.sample, &after = current.sample;
  question.table.rows = before.rows + after.rows;
  for (size_t i = 0; i < reference.columns.size(); ++i) {
    const data::ColumnProfile& column = reference.columns[i];
    const auto other = std::ranges::find(current.columns, column.name, &data::ColumnProfile::name);
    if (!IsUsed(column, other == current.columns.end() ? nullptr : &*other)) continue;
    // Predictions were made of rows that the samples do not have.
    const data::Column* first = before.Find(column.name, i);
    const data::Column* second = after.Find(column.name, i);
    if (first == nullptr || second == nullptr) continue;
    question.features.push_back(column.name);
    question.table.columns.push_back(Append(*first, *second));
  }
  question.target.column = kOrigin;
  question.target.task = data::Task::kClassification;
  question.target.labels = {"reference", "current"};
  question.target.positive = 1;
  for (int64_t row = 0; row < question.table.rows; ++row) {
    const bool is_current = row >= before.rows;
    question.target.classes.push_back(is_current ? 1 : 0);
    const int64_t place = is_current ? row - before.rows : row;
    (place % 2 == 0 ? question.learn : question.judge).push_back(row);
  }
  return question;
}

config::Config ForestConfig() {
  config::Config config;
  config.model.model_type = "random_forest";
  config.model.hyperparameters = {{"n_estimators", 100}, {"max_depth", 8}, {"min_samples_leaf", 5}};
  return config;
}

double NormalTail(double z) { return 0.5 * std::erfc(z / std::numbers::sqrt2); }

Status CheckSample(const data::TableProfile& profile, const char* which) {
  if (profile.sample.rows >= kLeastRows) return {};
  return Error(ErrorCode::kInvalidInput,
               fmt::format("the {} has {} rows to learn from", which, profile.sample.rows))
      .Expected(fmt::format("a table of at least {} rows; a stored profile has none", kLeastRows));
}

}  // namespace

Result<data::MultivariateDrift> FindMultivariateDrift(const data::TableProfile& reference,
                                                      const data::TableProfile& current,
                                                      const data::DriftOptions& options) {
  SLIPWAY_RETURN_IF_ERROR(CheckSample(reference, "reference"));
  SLIPWAY_RETURN_IF_ERROR(CheckSample(current, "current data"));
  const Question question = MakeQuestion(reference, current);
  if (question.features.empty()) {
    return Error(ErrorCode::kInvalidInput,
                 "both tables have no column of numbers or categories in common");
  }
  const int threads = options.threads > 0 ? options.threads : AvailableCores();
  const config::Config config = ForestConfig();
  SLIPWAY_ASSIGN_OR_RETURN(const auto trainer, train::MakeTrainer(config.model.model_type));
  const train::FitInput input{question.table, question.features, question.target, config, 42,
                              threads};
  SLIPWAY_ASSIGN_OR_RETURN(const train::TrainedModel trained,
                           train::Fit(*trainer, input, question.learn));
  SLIPWAY_ASSIGN_OR_RETURN(
      const data::Matrix matrix,
      data::ApplyPreprocessing(trained.plan, question.table, question.judge, threads));
  const model::Predictions predictions = model::PredictMatrix(trained.scorer, matrix, threads);
  const data::Target truth = data::SelectRows(question.target, question.judge);
  const train::Metrics metrics =
      train::ComputeMetrics(truth, predictions, train::Averaging::kWeighted);
  const auto m = static_cast<double>(std::ranges::count(truth.classes, 1));
  const auto n = static_cast<double>(truth.rows()) - m;
  const double error = std::sqrt((n + m + 1) / (12 * n * m));
  data::MultivariateDrift drift;
  drift.rows = truth.rows();
  drift.auc = metrics.at("auc");
  drift.p_value = NormalTail((drift.auc - 0.5) / error);
  const double least = 1 - NormalTail(options.min_effect / std::numbers::sqrt2) - 0.5;
  drift.limit = 0.5 + std::hypot(least, kNoiseMargin * error * std::sqrt(2 / std::numbers::pi));
  drift.drifted = drift.p_value <= options.alpha && drift.auc >= drift.limit;
  for (const train::FeatureImportance& one : trained.importances) {
    if (drift.drivers.size() < kDrivers) drift.drivers.emplace_back(one.feature, one.importance);
  }
  return drift;
}

}  // namespace slipway::pipeline
