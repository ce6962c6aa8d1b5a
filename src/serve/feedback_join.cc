#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "serve/feedback_join_internal.h"

namespace slipway::serve {
namespace {

constexpr double kOtherClass = -1;

// The place of the class that the label is.
double ClassOf(const GivenLabel& label, const LoggedModel& model) {
  for (size_t i = 0; i < model.classes.size(); ++i)
    if (IsClass(label, model.classes[i], model.class_numbers[i])) return static_cast<double>(i);
  return kOtherClass;
}

// An estimate that is no number is as wrong as can be.
double ErrorOf(double predicted, double label) {
  const double error = std::abs(predicted - label);
  return error <= kMostLabel ? error : kMostLabel;
}

// Counts the label of a row, or with -1 takes it back.
void AddTo(FeedbackCounts* counts, bool regression, double predicted, double label, int64_t times) {
  counts->matched += times;
  if (regression) {
    const double error = ErrorOf(predicted, label);
    counts->absolute_error += error * static_cast<double>(times);
    counts->squared_error += error * error * static_cast<double>(times);
    return;
  }
  if (label == predicted) counts->correct += times;
  if (label != kOtherClass) counts->labels[static_cast<size_t>(label)].second += times;
}

FeedbackCounts NoneOf(const LoggedModel& model) {
  FeedbackCounts counts;
  for (const std::string& name : model.classes) counts.labels.emplace_back(name, 0);
  return counts;
}

}  // namespace

const LoggedModel* LoggedModels::Register(LoggedModel model) {
  const std::lock_guard lock(mutex_);
  for (const auto& known : models_) {
    if (known->IsSame(model)) return known.get();
  }
  model.number = static_cast<uint32_t>(models_.size());
  models_.push_back(std::make_unique<const LoggedModel>(std::move(model)));
  return models_.back().get();
}

const LoggedModel* LoggedModels::Find(uint32_t number) const {
  const std::lock_guard lock(mutex_);
  return number < models_.size() ? models_[number].get() : nullptr;
}

void FeedbackJoin::AddOutcomes(const LoggedModel& model, std::string_view record) {
  if (recent_.capacity() == 0) return;
  FollowEpoch();
  RecordReader reader(record);
  const auto head = reader.Take<RecordHead>();
  const uint64_t hash = RecentPredictions::HashOfId(reader.TakeBytes(head.id_bytes));
  for (uint32_t row = 0; row < head.rows; ++row) {
    const double predicted = model.regression() ? reader.Take<double>() : reader.Take<int32_t>();
    const uint64_t key = RecentPredictions::KeyOf(hash, int64_t{head.first_row} + row);
    recent_.Add(key, model.number, predicted);
  }
}

void FeedbackJoin::BeginEpoch(int64_t epoch) {
  const std::lock_guard lock(mutex_);
  if (epoch_ == epoch) return;
  epoch_ = epoch;
  for (FeedbackScore& score : scores_) {
    score.epoch = epoch;
    score.in_epoch = {};
    for (const auto& [name, count] : score.all.labels) score.in_epoch.labels.emplace_back(name, 0);
  }
}

void FeedbackJoin::FollowEpoch() {
  const int64_t now = epoch_;
  if (std::exchange(followed_, now) != now) recent_.Mark();
}

// Most labels in a row are of one model.
const LoggedModel* FeedbackJoin::Find(uint32_t number) {
  if (last_ == nullptr || last_->number != number) last_ = models_.Find(number);
  return last_;
}

FeedbackJoin::Joined FeedbackJoin::Join(std::string_view request_id, int64_t row,
                                        const GivenLabel& label, bool may_be_others) {
  FollowEpoch();
  RecentPredictions::Row* const found =
      recent_.Find(RecentPredictions::KeyOf(RecentPredictions::HashOfId(request_id), row));
  if (found == nullptr) {
    if (!may_be_others) unmatched_.Add(1);
    return {};
  }
  const LoggedModel& model = *Find(found->model);
  Joined joined;
  joined.model = &model;
  joined.match.known = true;
  joined.match.version = model.version;
  double truth = label.number;  // As RecentPredictions::Row has it.
  if (model.regression()) {
    predicted_ = fmt::format("{}", found->predicted);
    joined.match.predicted = predicted_;
    joined.match.predicted_number = found->predicted;
  } else {
    const auto cls = static_cast<size_t>(found->predicted);
    const bool correct = IsClass(label, model.classes[cls], model.class_numbers[cls]);
    truth = correct ? found->predicted : ClassOf(label, model);
    joined.match.predicted = model.classes[cls];
    joined.match.predicted_number = model.class_numbers[cls];
    joined.match.correct = correct ? 1 : 0;
  }
  // A text says nothing of an estimate.
  if (!std::isnan(truth)) {
    Count(model, {.predicted = found->predicted,
                  .before = std::exchange(found->label, truth),
                  .label = truth,
                  .is_new = recent_.IsNew(*found)});
  }
  return joined;
}

void FeedbackJoin::Count(const LoggedModel& model, const Outcome& outcome) {
  const std::lock_guard lock(mutex_);
  const auto same = [&](const FeedbackScore& score) {
    return score.model == model.name && score.version == model.version &&
           score.digest == model.digest;
  };
  auto score = std::ranges::find_if(scores_, same);
  if (score == scores_.end()) {
    scores_.push_back({.model = model.name,
                       .version = model.version,
                       .digest = model.digest,
                       .regression = model.regression(),
                       .all = NoneOf(model),
                       .epoch = epoch_,
                       .in_epoch = NoneOf(model)});
    score = scores_.end() - 1;
  }
  const auto add = [&](FeedbackCounts* counts) {
    if (!std::isnan(outcome.before))
      AddTo(counts, score->regression, outcome.predicted, outcome.before, -1);
    AddTo(counts, score->regression, outcome.predicted, outcome.label, 1);
  };
  add(&score->all);
  // Another one may have begun since the row was found.
  if (outcome.is_new && followed_ != 0 && followed_ == epoch_) add(&score->in_epoch);
}

std::vector<FeedbackScore> FeedbackJoin::Scores() const {
  const std::lock_guard lock(mutex_);
  return scores_;
}

}  // namespace slipway::serve
