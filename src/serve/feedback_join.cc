#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "serve/feedback_join_internal.h"

namespace slipway::serve {

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
  RecordReader reader(record);
  const auto head = reader.Take<RecordHead>();
  const uint64_t hash = RecentPredictions::HashOfId(reader.TakeBytes(head.id_bytes));
  for (uint32_t row = 0; row < head.rows; ++row) {
    const double predicted = model.regression() ? reader.Take<double>() : reader.Take<int32_t>();
    const uint64_t key = RecentPredictions::KeyOf(hash, int64_t{head.first_row} + row);
    recent_.Add(key, model.number, predicted);
  }
}

// Most labels in a row are of one model.
const LoggedModel* FeedbackJoin::Find(uint32_t number) {
  if (last_ == nullptr || last_->number != number) last_ = models_.Find(number);
  return last_;
}

FeedbackJoin::Joined FeedbackJoin::Join(std::string_view request_id, int64_t row,
                                        const GivenLabel& label) {
  RecentPredictions::Row* const found =
      recent_.Find(RecentPredictions::KeyOf(RecentPredictions::HashOfId(request_id), row));
  if (found == nullptr) {
    unmatched_.Add(1);
    return {};
  }
  const LoggedModel& model = *Find(found->model);
  Joined joined;
  joined.model = &model;
  joined.match.known = true;
  joined.match.version = model.version;
  double error = data::kMissingNumber;
  if (model.regression()) {
    predicted_ = fmt::format("{}", found->predicted);
    joined.match.predicted = predicted_;
    joined.match.predicted_number = found->predicted;
    error = std::abs(found->predicted - label.number);
  } else {
    const auto cls = static_cast<size_t>(found->predicted);
    const bool correct = IsClass(label, model.classes[cls], model.class_numbers[cls]);
    joined.match.predicted = model.classes[cls];
    joined.match.predicted_number = model.class_numbers[cls];
    joined.match.correct = correct ? 1 : 0;
    error = correct ? 0 : 1;
  }
  // A text says nothing of an estimate.
  if (!std::isnan(error)) Count(model, std::exchange(found->error, error), error);
  return joined;
}

void FeedbackJoin::Count(const LoggedModel& model, double before, double error) {
  const std::lock_guard lock(mutex_);
  const auto same = [&](const FeedbackScore& score) {
    return score.model == model.name && score.version == model.version &&
           score.digest == model.digest;
  };
  auto score = std::ranges::find_if(scores_, same);
  if (score == scores_.end()) {
    scores_.push_back({model.name, model.version, model.digest, model.regression()});
    score = scores_.end() - 1;
  }
  const bool first = std::isnan(before);
  if (first) ++score->matched;
  if (model.regression()) {
    score->absolute_error += error - (first ? 0 : before);
  } else {
    score->correct += (error == 0 ? 1 : 0) - (!first && before == 0 ? 1 : 0);
  }
}

std::vector<FeedbackScore> FeedbackJoin::Scores() const {
  const std::lock_guard lock(mutex_);
  return scores_;
}

}  // namespace slipway::serve
