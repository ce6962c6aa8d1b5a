#include "deploy/model_totals.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

namespace slipway::deploy {
namespace {

// The estimates of a regression by the buckets of its scores.
void ReadBuckets(const Json& scores, ClassCounts* predictions) {
  const auto bounds = scores.find("bounds");
  const auto counts = scores.find("counts");
  if (bounds == scores.end() || counts == scores.end() || !bounds->is_array() ||
      !counts->is_array())
    return;
  for (size_t i = 0; i < counts->size(); ++i) {
    const bool bounded = i < bounds->size();
    if (!(*counts)[i].is_number_integer() || (bounded && !(*bounds)[i].is_number())) return;
    const std::string name = bounded ? BucketUpTo((*bounds)[i].get<double>()) : kBucketAbove;
    (*predictions)[name] = (*counts)[i].get<int64_t>();
  }
}

// Sums that are no numbers, as of errors beyond what a number can be, say nothing: then there are
// no counts.
std::optional<analysis::NumberSums> ReadErrors(const Json& feedback) {
  const auto sum = feedback.find("absolute_error_sum");
  const auto squares = feedback.find("squared_error_sum");
  if (sum == feedback.end() || squares == feedback.end()) return std::nullopt;
  if (!sum->is_number() || !squares->is_number()) return std::nullopt;
  return analysis::NumberSums{GetInteger(feedback, "matched"), sum->get<double>(),
                              squares->get<double>()};
}

LabelCounts ReadLabels(const Json& feedback) {
  LabelCounts counts;
  // Of a regression nothing is right or wrong.
  if (!feedback.contains("correct")) {
    counts.errors = ReadErrors(feedback).value_or(analysis::NumberSums{});
    return counts;
  }
  counts.labelled = GetInteger(feedback, "matched");
  counts.correct = GetInteger(feedback, "correct");
  const auto labels = feedback.find("labels");
  if (labels == feedback.end() || !labels->is_object()) return counts;
  for (const auto& [name, count] : labels->items())
    if (count.is_number_integer()) counts.labels[name] = count.get<int64_t>();
  return counts;
}

void ReadFeedback(const Json& feedback, ReplicaCounts* read) {
  const LabelCounts all = ReadLabels(feedback);
  read->counts.labelled = all.labelled;
  read->counts.correct = all.correct;
  const auto in_epoch = feedback.find("in_epoch");
  if (in_epoch == feedback.end() || !in_epoch->is_object()) return;
  read->epoch = GetInteger(*in_epoch, "epoch");
  read->counts.in_epoch = ReadLabels(*in_epoch);
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
    ReadFeedback(feedback->front(), &read);
  return read;
}

void ModelTotals::Take(int64_t set, const std::string& replica, const ReplicaCounts& now) {
  ReplicaCounts& last = last_[set][replica];
  const bool same = last.instance == now.instance;
  ModelCounts more = same ? Change(last.counts, now.counts) : now.counts;
  // Another epoch began with nothing.
  if (same && now.epoch != last.epoch) more.in_epoch = now.counts.in_epoch;
  ModelCounts& total = totals_[set];
  total.set = set;
  Add(more, &total);
  const ReplicaCounts before = std::exchange(last, now);
  if (!same || now.epoch != 0) return;
  // Who was not asked for its epoch goes on with it.
  last.epoch = before.epoch;
  last.counts.in_epoch = before.counts.in_epoch;
}

void ModelTotals::Forget(int64_t set) {
  last_.erase(set);
  totals_.erase(set);
}

}  // namespace slipway::deploy
