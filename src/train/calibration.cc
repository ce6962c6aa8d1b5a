#include "train/calibration.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

namespace slipway::train {
namespace {

// log(1 + exp(x)) without overflow.
double SoftPlus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }

// The negative log-likelihood of targets under slope and intercept, and its derivatives.
struct Likelihood {
  double loss = 0;
  double slope = 0, intercept = 0;                 // First derivatives.
  double slope2 = 0, intercept2 = 0, between = 0;  // Second ones.
};

Likelihood LikelihoodOf(std::span<const double> scores, std::span<const double> targets,
                        const model::SigmoidCurve& curve) {
  Likelihood sums;
  for (size_t i = 0; i < scores.size(); ++i) {
    const double odds = curve.slope * scores[i] + curve.intercept;
    const double p = 1 / (1 + std::exp(-odds));
    sums.loss += SoftPlus(odds) - targets[i] * odds;
    sums.slope += (p - targets[i]) * scores[i];
    sums.intercept += p - targets[i];
    const double curvature = p * (1 - p);
    sums.slope2 += curvature * scores[i] * scores[i];
    sums.intercept2 += curvature;
    sums.between += curvature * scores[i];
  }
  return sums;
}

// A step downhill from `at`, halved until the loss has fallen enough; false where none helps.
bool Step(std::span<const double> scores, std::span<const double> targets,
          model::SigmoidCurve* curve, Likelihood* at) {
  constexpr double kRidge = 1e-12;  // Keeps the matrix regular where all scores are equal.
  constexpr double kEnough = 1e-4;
  constexpr int kMostHalvings = 33;  // The shortest step is some 1e-10.
  const double slope2 = at->slope2 + kRidge, intercept2 = at->intercept2 + kRidge;
  const double determinant = slope2 * intercept2 - at->between * at->between;
  const double slope = -(intercept2 * at->slope - at->between * at->intercept) / determinant;
  const double intercept = -(slope2 * at->intercept - at->between * at->slope) / determinant;
  const double falls = at->slope * slope + at->intercept * intercept;
  double length = 1;
  for (int halvings = 0; halvings <= kMostHalvings; ++halvings, length /= 2) {
    const model::SigmoidCurve next{curve->slope + length * slope,
                                   curve->intercept + length * intercept};
    const Likelihood there = LikelihoodOf(scores, targets, next);
    if (!(there.loss < at->loss + kEnough * length * falls)) continue;
    *curve = next;
    *at = there;
    return true;
  }
  return false;
}

struct Pool {
  double score = 0;  // The lowest.
  double events = 0;
  double rows = 0;

  double share() const { return events / rows; }
};

// Rows of one score each, by rising score.
std::vector<Pool> RowsByScore(std::span<const double> scores, std::span<const uint8_t> events) {
  std::vector<size_t> order(scores.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, {}, [&](size_t row) { return scores[row]; });
  double largest = 0;
  for (const double score : scores) largest = std::max(largest, std::abs(score));
  const double same = 1e-8 * largest;
  std::vector<Pool> pools;
  for (const size_t row : order) {
    if (pools.empty() || scores[row] - pools.back().score > same) pools.push_back({scores[row]});
    pools.back().events += events[row];
    ++pools.back().rows;
  }
  return pools;
}

// The share of each pool's rows in the nearest list of shares that rises.
std::vector<double> RisingShares(const std::vector<Pool>& pools) {
  std::vector<std::pair<Pool, size_t>> merged;  // With how many pools are in each.
  for (const Pool& pool : pools) {
    merged.emplace_back(pool, 1);
    while (merged.size() > 1 &&
           merged[merged.size() - 2].first.share() >= merged.back().first.share()) {
      const auto [last, count] = merged.back();
      merged.pop_back();
      merged.back().first.events += last.events;
      merged.back().first.rows += last.rows;
      merged.back().second += count;
    }
  }
  std::vector<double> shares;
  for (const auto& [pool, count] : merged) shares.insert(shares.end(), count, pool.share());
  return shares;
}

// What calibration is judged by.
constexpr std::array kJudges = {"calibration_error", "brier", "log_loss"};

Json BinsJson(const std::vector<ReliabilityBin>& bins) {
  Json json = Json::array();
  for (const ReliabilityBin& bin : bins)
    json.push_back({{"rows", bin.rows}, {"score", bin.score}, {"share", bin.share}});
  return json;
}

Json SideJson(const Metrics& metrics, const std::vector<ReliabilityBin>& bins) {
  Json json = Json::object();
  for (const char* name : kJudges) json[name] = metrics.at(name);
  json["bins"] = BinsJson(bins);
  return json;
}

void ReadSide(const Json& json, Metrics* metrics, std::vector<ReliabilityBin>* bins) {
  for (const char* name : kJudges) (*metrics)[name] = json.at(name).get<double>();
  for (const Json& bin : json.at("bins"))
    bins->push_back({bin.at("rows"), bin.at("score"), bin.at("share")});
}

}  // namespace

std::string CanonicalCalibration(const std::string& name) {
  if (name == "none") return "";
  return name == "platt" ? "sigmoid" : name;
}

model::SigmoidCurve FitSigmoid(std::span<const double> scores, std::span<const uint8_t> events) {
  constexpr int kMostSteps = 100;
  constexpr double kFlat = 1e-10;  // Derivative a row.
  const auto rows = static_cast<double>(scores.size());
  const auto positives = static_cast<double>(std::accumulate(events.begin(), events.end(), 0LL));
  const double negatives = rows - positives;
  std::vector<double> targets(scores.size()), scaled(scores.begin(), scores.end());
  std::ranges::transform(events, targets.begin(), [&](uint8_t event) {
    return event != 0 ? (positives + 1) / (positives + 2) : 1 / (negatives + 2);
  });
  double scale = 0;
  for (const double score : scores) scale = std::max(scale, std::abs(score));
  if (scale == 0) scale = 1;
  for (double& score : scaled) score /= scale;
  model::SigmoidCurve curve{0, std::log((positives + 1) / (negatives + 1))};
  Likelihood at = LikelihoodOf(scaled, targets, curve);
  for (int step = 0; step < kMostSteps; ++step) {
    if (std::max(std::abs(at.slope), std::abs(at.intercept)) <= kFlat * rows) break;
    if (!Step(scaled, targets, &curve, &at)) break;
  }
  return {curve.slope / scale, curve.intercept};
}

model::IsotonicCurve FitIsotonic(std::span<const double> scores, std::span<const uint8_t> events) {
  const std::vector<Pool> pools = RowsByScore(scores, events);
  const std::vector<double> shares = RisingShares(pools);
  model::IsotonicCurve curve;
  for (size_t i = 0; i < pools.size(); ++i) {
    const bool end = i == 0 || i + 1 == pools.size();
    // Inside a flat part there is nothing to know.
    if (!end && shares[i] == shares[i - 1] && shares[i] == shares[i + 1]) continue;
    curve.scores.push_back(pools[i].score);
    curve.probabilities.push_back(shares[i]);
  }
  return curve;
}

model::Calibration FitCalibration(const std::string& method, const model::Scorer& scorer,
                                  std::span<const double> raw, std::span<const int32_t> classes) {
  const auto outputs = static_cast<size_t>(scorer.outputs());
  const bool two = scorer.classes() == 2;
  std::vector<double> scores(classes.size());
  std::vector<uint8_t> events(classes.size());
  std::vector<model::SigmoidCurve> sigmoids;
  std::vector<model::IsotonicCurve> isotonics;
  for (size_t cls = two ? 1 : 0; cls < static_cast<size_t>(scorer.classes()); ++cls) {
    // Two classes may have one score: that of the second.
    const size_t output = two ? outputs - 1 : cls;
    for (size_t row = 0; row < classes.size(); ++row) {
      scores[row] = raw[row * outputs + output];
      events[row] = static_cast<size_t>(classes[row]) == cls ? 1 : 0;
    }
    if (method == "isotonic") {
      isotonics.push_back(FitIsotonic(scores, events));
    } else {
      sigmoids.push_back(FitSigmoid(scores, events));
    }
  }
  if (method == "isotonic") return {std::move(isotonics)};
  return {std::move(sigmoids)};
}

Json ToJson(const CalibrationResult& result) {
  return {{"method", result.method},
          {"fitted_on", result.fitted_on},
          {"rows", result.rows},
          {"before", SideJson(result.metrics_before, result.before)},
          {"after", SideJson(result.metrics_after, result.after)}};
}

Result<CalibrationResult> CalibrationResultFromJson(const Json& json) {
  try {
    CalibrationResult result;
    result.method = json.at("method");
    result.fitted_on = json.at("fitted_on");
    result.rows = json.at("rows");
    ReadSide(json.at("before"), &result.metrics_before, &result.before);
    ReadSide(json.at("after"), &result.metrics_after, &result.after);
    return result;
  } catch (const Json::exception& error) {
    return Error(ErrorCode::kInvalidInput, std::string("not a calibration: ") + error.what());
  }
}

}  // namespace slipway::train
