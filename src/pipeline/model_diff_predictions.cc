// What two models say of the same rows.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/text.h"
#include "model/golden_rows.h"
#include "pipeline/model_diff_internal.h"

namespace slipway::pipeline {
namespace {

constexpr size_t kWorst = 10;

// The answers of both for the same rows.
struct Answers {
  std::string golden_of;  // The model whose golden rows they are; "" for those of a file.
  model::Predictions left, right;
};

bool SameRows(const ComparedModel& left, const ComparedModel& right) {
  const auto digest = [](const ComparedModel& model, const char* what) {
    return model.lineage.is_object() && model.lineage.contains(what)
               ? GetString(model.lineage[what], "digest")
               : std::string();
  };
  return !digest(left, "split").empty() && digest(left, "split") == digest(right, "split") &&
         digest(left, "source") == digest(right, "source");
}

// An input of `asked` that the rows of `rows` do not have; "" for none.
std::string MissingInput(const model::ModelSchema& rows, const model::ModelSchema& asked) {
  for (const model::InputField& field : asked.inputs) {
    if (std::ranges::find(rows.inputs, field.name, &model::InputField::name) == rows.inputs.end())
      return field.name;
  }
  return "";
}

// Asks both about the golden rows of `whose`, if there are some and both can be asked.
Status AskGolden(const ComparedModel& left, const ComparedModel& right, const ComparedModel& whose,
                 int threads, std::vector<Answers>* answers, std::vector<std::string>* reasons) {
  if (whose.golden.empty()) {
    reasons->push_back(whose.name() + " has no golden rows");
    return {};
  }
  const ComparedModel& other = &whose == &left ? right : left;
  if (const std::string missing = MissingInput(whose.schema(), other.schema()); !missing.empty()) {
    reasons->push_back(fmt::format("the golden rows of {} lack '{}', which {} takes", whose.name(),
                                   missing, other.name()));
    return {};
  }
  SLIPWAY_ASSIGN_OR_RETURN(const data::Table rows,
                           model::GoldenInputs(whose.golden, whose.schema()));
  Answers asked;
  asked.golden_of = whose.name();
  for (const auto& [model, given] :
       {std::pair(&left, &asked.left), std::pair(&right, &asked.right)}) {
    auto predictions = model->chosen.model.predictor->Predict(rows, threads);
    if (!predictions.ok()) {
      // A model that does not take the other's rows is told, not an end of all the rest.
      if (predictions.error().code() != ErrorCode::kInvalidInput) return predictions.error();
      reasons->push_back(fmt::format("{} can't answer the golden rows of {}: {}", model->name(),
                                     whose.name(), predictions.error().ToString()));
      return {};
    }
    *given = *std::move(predictions);
  }
  answers->push_back(std::move(asked));
  return {};
}

Status AskFile(const ComparedModel& left, const ComparedModel& right,
               const ModelDiffOptions& options, ProgressSink& progress,
               std::vector<Answers>* answers) {
  PredictOptions predict;
  predict.input_path = options.data_path;
  predict.threads = options.threads;
  Answers asked;
  SLIPWAY_ASSIGN_OR_RETURN(PredictedRows rows, PredictFile(left.chosen.model, predict, progress));
  asked.left = std::move(rows.predictions);
  SLIPWAY_ASSIGN_OR_RETURN(rows, PredictFile(right.chosen.model, predict, progress));
  asked.right = std::move(rows.predictions);
  answers->push_back(std::move(asked));
  return {};
}

// Pairs of the places of classes that both models have.
std::vector<std::pair<int, int>> CommonClasses(const model::ModelSchema& left,
                                               const model::ModelSchema& right) {
  std::vector<std::pair<int, int>> common;
  for (size_t i = 0; i < left.classes.size(); ++i) {
    const auto found = std::ranges::find(right.classes, left.classes[i]);
    if (found != right.classes.end())
      common.emplace_back(static_cast<int>(i), static_cast<int>(found - right.classes.begin()));
  }
  return common;
}

// "good 0.812", or the estimate.
std::string AnswerText(const model::Predictions& answers, const model::ModelSchema& schema,
                       int64_t row) {
  if (answers.regression()) return fmt::format("{:g}", answers.values[static_cast<size_t>(row)]);
  const int32_t label = answers.labels[static_cast<size_t>(row)];
  return fmt::format("{} {:.3f}", schema.classes[static_cast<size_t>(label)],
                     answers.Score(row, label));
}

class Comparison {
 public:
  Comparison(const model::ModelSchema& left, const model::ModelSchema& right)
      : left_(left), right_(right), common_(CommonClasses(left, right)) {
    result_.regression = left.classes.empty();
  }

  void Add(const Answers& answers) {
    for (int64_t row = 0; row < answers.left.rows; ++row) {
      const double difference = Difference(answers, row);
      result_.equal += Equal(answers, row) ? 1 : 0;
      sum_ += difference;
      ++result_.rows;
      if (difference > 0) {
        result_.worst.push_back(
            {fmt::format("{} {}{}", answers.golden_of.empty() ? "row" : "golden row",
                         FormatCount(row + 1),
                         answers.golden_of.empty() ? "" : " of " + answers.golden_of),
             AnswerText(answers.left, left_, row), AnswerText(answers.right, right_, row),
             difference});
      }
    }
  }

  PredictionComparison Finish() {
    std::ranges::stable_sort(result_.worst, std::greater(), &RowComparison::difference);
    if (!result_.worst.empty()) result_.largest_difference = result_.worst.front().difference;
    if (result_.worst.size() > kWorst) result_.worst.resize(kWorst);
    if (result_.rows > 0) result_.mean_difference = sum_ / static_cast<double>(result_.rows);
    return std::move(result_);
  }

 private:
  double Difference(const Answers& answers, int64_t row) const {
    if (result_.regression) {
      return std::abs(answers.right.values[static_cast<size_t>(row)] -
                      answers.left.values[static_cast<size_t>(row)]);
    }
    double largest = 0;
    for (const auto& [ours, theirs] : common_) {
      largest = std::max(largest, std::abs(static_cast<double>(answers.right.Score(row, theirs)) -
                                           static_cast<double>(answers.left.Score(row, ours))));
    }
    return largest;
  }

  bool Equal(const Answers& answers, int64_t row) const {
    const auto at = static_cast<size_t>(row);
    if (result_.regression) return answers.left.values[at] == answers.right.values[at];
    return left_.classes[static_cast<size_t>(answers.left.labels[at])] ==
           right_.classes[static_cast<size_t>(answers.right.labels[at])];
  }

  const model::ModelSchema& left_;
  const model::ModelSchema& right_;
  std::vector<std::pair<int, int>> common_;
  double sum_ = 0;
  PredictionComparison result_;
};

PredictionComparison NotCompared(std::string reason) {
  PredictionComparison comparison;
  comparison.not_compared = std::move(reason);
  return comparison;
}

}  // namespace

Result<PredictionComparison> ComparePredictions(const ComparedModel& left,
                                                const ComparedModel& right,
                                                const ModelDiffOptions& options,
                                                ProgressSink& progress) {
  if (left.schema().classes.empty() != right.schema().classes.empty())
    return NotCompared("one answers with classes and the other with a number");
  std::vector<Answers> answers;
  std::vector<std::string> reasons;
  std::string asked = options.data_path;
  if (!options.data_path.empty()) {
    SLIPWAY_RETURN_IF_ERROR(AskFile(left, right, options, progress, &answers));
  } else {
    SLIPWAY_RETURN_IF_ERROR(AskGolden(left, right, left, options.threads, &answers, &reasons));
    // Models of one split have the same golden rows.
    const bool same = !answers.empty() && SameRows(left, right);
    if (!same)
      SLIPWAY_RETURN_IF_ERROR(AskGolden(left, right, right, options.threads, &answers, &reasons));
    asked = same                  ? "the golden rows, which are the same of both"
            : answers.size() == 2 ? "the golden rows of both"
                                  : "the golden rows of one: " + Join(reasons, "; ");
  }
  if (answers.empty()) return NotCompared(Join(reasons, "; "));
  Comparison comparison(left.schema(), right.schema());
  for (const Answers& one : answers) comparison.Add(one);
  PredictionComparison result = comparison.Finish();
  result.asked = asked;
  if (result.rows == 0) return NotCompared("there are no rows in " + asked);
  return result;
}

}  // namespace slipway::pipeline
