// Feedback beside the predictions that it is of: what was right, by version of a model.
#pragma once

#include <atomic>
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

  // As PredictionLog::BeginEpoch. By any thread.
  void BeginEpoch(int64_t epoch);
  // By any thread.
  std::vector<FeedbackScore> Scores() const;
  // Labels that found no prediction.
  int64_t unmatched() const { return unmatched_.value(); }

 private:
  // How right a row's prediction was.
  struct Outcome {
    double predicted = 0;
    double before = 0;  // The label that it had; NaN for none.
    double label = 0;
    bool is_new = false;  // Predicted in the epoch that is followed.
  };

  const LoggedModel* Find(uint32_t number);
  void FollowEpoch();
  void Count(const LoggedModel& model, const Outcome& outcome);

  const LoggedModels& models_;
  RecentPredictions recent_;
  std::string predicted_;  // The text of an estimate.
  const LoggedModel* last_ = nullptr;
  Counter unmatched_;
  int64_t followed_ = 0;           // The epoch that rows are added in.
  std::atomic<int64_t> epoch_{0};  // Written under the mutex.

  mutable std::mutex mutex_;  // Guards what follows.
  std::vector<FeedbackScore> scores_;
};

}  // namespace slipway::serve
