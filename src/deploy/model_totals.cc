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

void AddModel(const ModelCounts& more, ModelCounts* total) {
  for (const auto& [name, count] : more.predictions) total->predictions[name] += count;
  total->confidence_sum += more.confidence_sum;
  total->labelled += more.labelled;
  total->correct += more.correct;
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
  if (feedback != metrics.end() && feedback->is_array() && !feedback->empty()) {
    // Of a regression nothing is right or wrong.
    if (feedback->front().contains("correct")) {
      read.counts.labelled = GetInteger(feedback->front(), "matched");
      read.counts.correct = GetInteger(feedback->front(), "correct");
    }
  }
  return read;
}

void ModelTotals::Take(int64_t set, const std::string& replica, const ReplicaCounts& now) {
  ReplicaCounts& last = last_[set][replica];
  const bool same = last.instance == now.instance;
  ModelCounts& total = totals_[set];
  total.set = set;
  AddModel(same ? Since(last.counts, now.counts) : now.counts, &total);
  last = now;
}

void ModelTotals::Forget(int64_t set) {
  last_.erase(set);
  totals_.erase(set);
}

}  // namespace slipway::deploy
