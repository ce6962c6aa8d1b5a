// The gate on each slice of the test part: a floor that none of them may fall below.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/text.h"
#include "gate/gate_internal.h"

namespace slipway::gate {
namespace {

// A metric of one slice, held against its floor.
struct Held {
  const train::Slice* slice = nullptr;
  std::string metric;
  double value = std::numeric_limits<double>::quiet_NaN();
  double floor = 0;
  Outcome outcome = Outcome::kInconclusive;

  bool at_most() const { return train::LowerIsBetter(metric); }
  // How far it is on the good side of its floor.
  double room() const { return at_most() ? floor - value : value - floor; }
};

bool IsNamed(const GateInput& input, const train::Slice& slice) {
  const std::vector<std::string>& columns = input.config.slices.columns;
  return std::ranges::find(columns, slice.conditions.front().column) != columns.end();
}

// The figure, or with `lower_bound` the worse end of its interval.
double ValueOf(const GateInput& input, const train::Slice& slice, const std::string& metric) {
  if (!input.config.gates.lower_bound) {
    const auto found = slice.metrics.find(metric);
    return found == slice.metrics.end() ? std::numeric_limits<double>::quiet_NaN() : found->second;
  }
  return CautiousFigureOf(metric, slice.metrics, slice.intervals, slice.rows, slice.rows).value;
}

std::vector<Held> HoldAll(const GateInput& input) {
  std::vector<Held> all;
  for (const auto& [written, floor] : input.config.gates.slice_floor) {
    for (const train::Slice& slice : input.slices.named) {
      if (!IsNamed(input, slice)) continue;
      Held held;
      held.slice = &slice;
      held.metric = train::CanonicalMetric(written);
      held.floor = floor;
      held.value = ValueOf(input, slice, held.metric);
      const bool enough = slice.rows >= input.config.slices.min_rows;
      if (enough && std::isfinite(held.value))
        held.outcome = held.room() >= 0 ? Outcome::kPass : Outcome::kFail;
      all.push_back(held);
    }
  }
  return all;
}

Json ToEvidence(const std::vector<Held>& all) {
  Json slices = Json::array();
  for (const Held& held : all) {
    slices.push_back({{"slice", train::NameOf(*held.slice)},
                      {"rows", held.slice->rows},
                      {"metric", held.metric},
                      {"value", std::isfinite(held.value) ? Json(held.value) : Json(nullptr)},
                      {"floor", held.floor},
                      {"verdict", ToString(held.outcome)}});
  }
  return slices;
}

// "accuracy 0.712 is below 0.750 on sex = Female (213 rows)".
std::string Told(const Held& held) {
  const bool pass = held.outcome == Outcome::kPass;
  const char* relation =
      pass ? (held.at_most() ? "at most" : "at least") : (held.at_most() ? "above" : "below");
  const auto [value, floor] = FormatApart(held.value, held.floor);
  return fmt::format("{} {} is {} {} on {} ({})", held.metric, value, relation, floor,
                     train::NameOf(*held.slice), Plural(held.slice->rows, "row", "rows"));
}

std::string Reason(const std::vector<Held>& all, const Held* worst, int64_t min_rows) {
  const auto with = [&](Outcome outcome) {
    return std::ranges::count(all, outcome, &Held::outcome);
  };
  const int64_t below = with(Outcome::kFail), unjudged = with(Outcome::kInconclusive);
  std::string reason = worst == nullptr ? "no slice can be judged" : Told(*worst);
  if (below > 1) {
    reason += fmt::format(", and {}", Plural(below - 1, "other is", "others are"));
  } else if (below == 0 && worst != nullptr) {
    reason = "worst of " + Plural(std::ssize(all), "slice", "slices") + ": " + reason;
  }
  if (unjudged > 0) {
    const auto first = std::ranges::find(all, Outcome::kInconclusive, &Held::outcome);
    reason += fmt::format("; {} with fewer than {} or without the metric: {}{}",
                          Plural(unjudged, "slice", "slices"), Plural(min_rows, "row", "rows"),
                          train::NameOf(*first->slice), unjudged > 1 ? ", …" : "");
  }
  return reason;
}

}  // namespace

std::optional<Verdict> SliceFloorGate(const GateInput& input) {
  if (input.config.gates.slice_floor.empty()) return std::nullopt;
  Verdict verdict;
  verdict.name = "slice_floor";
  for (const auto& [written, floor] : input.config.gates.slice_floor) {
    const std::string metric = train::CanonicalMetric(written);
    verdict.limit = floor;
    if (!input.metrics.contains(metric)) return MissingMetric(input, verdict, metric);
  }
  const std::vector<Held> all = HoldAll(input);
  const Held* worst = nullptr;
  for (const Held& held : all) {
    if (held.outcome == Outcome::kInconclusive) continue;
    if (worst == nullptr || held.room() < worst->room()) worst = &held;
  }
  const bool unjudged = std::ranges::count(all, Outcome::kInconclusive, &Held::outcome) > 0;
  verdict.value = worst == nullptr ? std::numeric_limits<double>::quiet_NaN() : worst->value;
  verdict.limit = worst == nullptr ? input.config.gates.slice_floor.front().second : worst->floor;
  verdict.outcome = worst != nullptr && worst->outcome == Outcome::kFail ? Outcome::kFail
                    : worst == nullptr || unjudged                       ? Outcome::kInconclusive
                                                                         : Outcome::kPass;
  verdict.reason = Reason(all, worst, input.config.slices.min_rows);
  verdict.evidence = {{"comparison", worst != nullptr && worst->at_most() ? "at most" : "at least"},
                      {"min_rows", input.config.slices.min_rows},
                      {"slices", ToEvidence(all)}};
  return verdict;
}

}  // namespace slipway::gate
