#include "train/decision_threshold.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "model/types.h"

namespace slipway::train {
namespace {

constexpr size_t kMostPoints = 200;

// Rows by truth and label.
struct Counts {
  double positives = 0, negatives = 0;             // Of the truth.
  double true_positives = 0, false_positives = 0;  // Of the labels.
};

double Ratio(double part, double whole) { return whole > 0 ? part / whole : 0; }

double ValueOf(const config::DecisionThresholdConfig& goal, const Counts& counts) {
  const double found = Ratio(counts.true_positives, counts.positives);
  const double alarmed = Ratio(counts.false_positives, counts.negatives);
  const double missed = counts.positives - counts.true_positives;
  if (goal.maximize == "f1") {
    return Ratio(2 * counts.true_positives,
                 2 * counts.true_positives + counts.false_positives + missed);
  }
  if (goal.maximize == "cost") {
    return (goal.false_positive * counts.false_positives + goal.false_negative * missed) /
           (counts.positives + counts.negatives);
  }
  return goal.maximize == "youden" ? found - alarmed : (found + 1 - alarmed) / 2;
}

// In the gap above `below`, up to `above`, which reaches it.
float MiddleOf(float below, float above) {
  const float middle = below + (above - below) / 2;
  return middle > below ? middle : above;
}

struct Cut {
  float threshold = 0;
  double value = 0;
};

// By falling threshold: first no row is positive, last all are.
std::vector<Cut> AllCuts(const config::DecisionThresholdConfig& goal, std::span<const float> scores,
                         std::span<const uint8_t> events) {
  std::vector<size_t> order(scores.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::sort(order, std::greater(), [&](size_t row) { return scores[row]; });
  Counts counts;
  for (const uint8_t event : events) ++(event != 0 ? counts.positives : counts.negatives);
  const float highest = scores[order.front()];
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const float above = highest < 1 ? MiddleOf(highest, 1) : std::nextafter(highest, kInfinity);
  std::vector<Cut> cuts = {{above, ValueOf(goal, counts)}};
  for (size_t i = 0; i < order.size(); ++i) {
    const float score = scores[order[i]];
    ++(events[order[i]] != 0 ? counts.true_positives : counts.false_positives);
    const bool last = i + 1 == order.size();
    if (!last && scores[order[i + 1]] == score) continue;
    const float below = last ? 0 : scores[order[i + 1]];
    cuts.push_back({MiddleOf(below, score), ValueOf(goal, counts)});
  }
  return cuts;
}

double ValueAt(const config::DecisionThresholdConfig& goal, std::span<const float> scores,
               std::span<const uint8_t> events, float threshold) {
  Counts counts;
  for (size_t row = 0; row < scores.size(); ++row) {
    const bool event = events[row] != 0;
    ++(event ? counts.positives : counts.negatives);
    if (scores[row] >= threshold) ++(event ? counts.true_positives : counts.false_positives);
  }
  return ValueOf(goal, counts);
}

}  // namespace

ThresholdResult ChooseThreshold(const config::DecisionThresholdConfig& goal,
                                std::span<const float> scores, std::span<const uint8_t> events) {
  const std::vector<Cut> cuts = AllCuts(goal, scores, events);
  const double sign = goal.maximize == "cost" ? -1 : 1;
  const auto distance = [](const Cut& cut) { return std::abs(cut.threshold - 0.5F); };
  const Cut* best = &cuts.front();
  for (const Cut& cut : cuts) {
    const double gain = sign * (cut.value - best->value);
    if (gain > 0 || (gain == 0 && distance(cut) < distance(*best))) best = &cut;
  }
  ThresholdResult result;
  result.least = best->threshold;
  result.maximize = goal.maximize;
  result.rows = std::ssize(scores);
  result.false_positive = goal.false_positive;
  result.false_negative = goal.false_negative;
  result.value = best->value;
  result.value_at_half = ValueAt(goal, scores, events, 0.5F);
  const size_t points = std::min(kMostPoints, cuts.size());
  for (size_t i = points; i-- > 0;) {
    const Cut& cut = cuts[points == 1 ? 0 : i * (cuts.size() - 1) / (points - 1)];
    result.curve.push_back({cut.threshold, cut.value});
  }
  return result;
}

Json ToJson(const ThresholdResult& result) {
  Json json = {{"threshold", model::ShortestNumber(result.least)},
               {"positive_class", result.positive}};
  if (result.maximize.empty()) return json;
  json["maximize"] = result.maximize;
  if (result.maximize == "cost") {
    json["cost"] = {{"false_positive", result.false_positive},
                    {"false_negative", result.false_negative}};
  }
  json["chosen_on"] = result.chosen_on;
  json["rows"] = result.rows;
  json["value"] = result.value;
  json["value_at_half"] = result.value_at_half;
  json["curve"] = Json::array();
  for (const ThresholdPoint& point : result.curve)
    json["curve"].push_back({point.threshold, point.value});
  return json;
}

Result<ThresholdResult> ThresholdResultFromJson(const Json& json) {
  try {
    ThresholdResult result;
    result.least = json.at("threshold").get<float>();
    result.positive = json.at("positive_class");
    result.maximize = GetString(json, "maximize");
    if (result.maximize.empty()) return result;
    if (json.contains("cost")) {
      result.false_positive = json.at("cost").at("false_positive");
      result.false_negative = json.at("cost").at("false_negative");
    }
    result.chosen_on = json.at("chosen_on");
    result.rows = json.at("rows");
    result.value = json.at("value");
    result.value_at_half = json.at("value_at_half");
    for (const Json& point : json.at("curve")) result.curve.push_back({point.at(0), point.at(1)});
    return result;
  } catch (const Json::exception& error) {
    return Error(ErrorCode::kInvalidInput,
                 std::string("not a decision threshold: ") + error.what());
  }
}

}  // namespace slipway::train
