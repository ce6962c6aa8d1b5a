// Feedback beside the predictions that it is of: what was right, by version of a model.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/counting.h"
#include "serve/prediction_record_internal.h"
#include "serve/recent_predictions.h"

namespace slipway::serve {

// The models that records name by number. By any thread.
class LoggedModels {
 public:
  // The same for the same name, version and digest.
  const LoggedModel* Register(LoggedModel model);
  // Lives as long as this object; nullptr for a number that no model has.
  const LoggedModel* Find(uint32_t number) const;

 private:
  mutable std::mutex mutex_;  // Guards the list; a model does not change.
  std::vector<std::unique_ptr<const LoggedModel>> models_;
};

// Used from one thread, but for what says otherwise.
class FeedbackJoin {
 public:
  FeedbackJoin(const LoggedModels& models, int64_t recent_rows)
      : models_(models), recent_(recent_rows) {}

  // Remembers the answers of a prediction's record, or an outcome's.
  void AddOutcomes(const LoggedModel& model, std::string_view record);

  struct Joined {
    const LoggedModel* model = nullptr;  // That predicted; null where that is not known.
    FeedbackMatch match;                 // Its texts live until the next call.
  };
  // Finds what was predicted, and counts how right it was. A later label of a row stands in the
  // place of the one before. One that finds nothing is unmatched, unless it may be another
  // server's.
  Joined Join(std::string_view request_id, int64_t row, const GivenLabel& label,
              bool may_be_others = false);

  // By any thread.
  std::vector<FeedbackScore> Scores() const;
  // Labels that found no prediction.
  int64_t unmatched() const { return unmatched_.value(); }

 private:
  const LoggedModel* Find(uint32_t number);
  void Count(const LoggedModel& model, double predicted, double before, double label);

  const LoggedModels& models_;
  RecentPredictions recent_;
  std::string predicted_;  // The text of an estimate.
  const LoggedModel* last_ = nullptr;
  Counter unmatched_;

  mutable std::mutex mutex_;  // Guards what follows.
  std::vector<FeedbackScore> scores_;
};

}  // namespace slipway::serve
