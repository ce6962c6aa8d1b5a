#include "deploy/model_totals.h"

#include <fmt/format.h>

namespace slipway::deploy {
namespace {

// The estimates of a regression by the buckets of its scores.
void ReadBuckets(const Json& scores, std::map<std::string, int64_t>* predictions) {
  const auto bounds = scores.find("bounds");
  const auto counts = scores.find("counts");
  if (bounds == scores.end() || counts == scores.end() || !bounds->is_array() ||
      !counts->is_array())
    return;
  for (size_t i = 0; i < counts->size(); ++i) {
    if (!(*counts)[i].is_number_integer()) return;
    const std::string name =
        i < bounds->size() ? "≤ " + CompactJson((*bounds)[i]) : std::string("above");
    (*predictions)[name] = (*counts)[i].get<int64_t>();
  }
}

void ReadFeedback(const Json& feedback, ModelCounts* counts) {
  const int64_t matched = GetInteger(feedback, "matched");
  // Of a regression nothing is right or wrong.
  if (!feedback.contains("correct")) {
    counts->errors = {matched, GetNumber(feedback, "absolute_error_sum"),
                      GetNumber(feedback, "squared_error_sum")};
    return;
  }
  counts->labelled = matched;
  counts->correct = GetInteger(feedback, "correct");
  const auto labels = feedback.find("labels");
  if (labels == feedback.end() || !labels->is_object()) return;
  for (const auto& [name, count] : labels->items())
    if (count.is_number_integer()) counts->labels[name] = count.get<int64_t>();
}

}  // namespace

ReplicaCounts ReadReplicaCounts(const Json& metrics) {
  ReplicaCounts read;
  if (!metrics.is_object()) return read;
  read.instance = GetString(metrics, "instance");
  const auto predictions = metrics.find("predictions");
  if (predictions != metrics.end() && predictions->is_array() && !predictions->empty()) {
    const Json& model = predictions->front();
    read.counts.confidence_sum = GetNumber(model, "confidence_sum");
    const auto classes = model.find("classes");
    if (classes != model.end() && classes->is_object()) {
      for (const auto& [name, count] : classes->items())
        if (count.is_number_integer()) read.counts.predictions[name] = count.get<int64_t>();
    } else if (model.contains("scores") && model["scores"].is_object()) {
      ReadBuckets(model["scores"], &read.counts.predictions);
    }
  }
  const auto feedback = metrics.find("feedback");
  if (feedback != metrics.end() && feedback->is_array() && !feedback->empty() &&
      feedback->front().is_object())
    ReadFeedback(feedback->front(), &read.counts);
  return read;
}

void ModelTotals::Take(int64_t set, const std::string& replica, const ReplicaCounts& now) {
  ReplicaCounts& last = last_[set][replica];
  const bool same = last.instance == now.instance;
  ModelCounts& total = totals_[set];
  total.set = set;
  Add(same ? Change(last.counts, now.counts) : now.counts, &total);
  last = now;
}

void ModelTotals::Forget(int64_t set) {
  last_.erase(set);
  totals_.erase(set);
}

}  // namespace slipway::deploy
