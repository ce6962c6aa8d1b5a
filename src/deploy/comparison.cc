#include "deploy/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

namespace slipway::deploy {
namespace {

constexpr double kPercent = 100;
constexpr double kNanoseconds = 1e6;  // Of a millisecond.

analysis::RateOptions ErrorOptions(const ComparisonSettings& settings) {
  return {.margin = settings.error_margin,
          .cluster_size = settings.cluster_size,
          .measures_clusters = true};
}

analysis::RateOptions AccuracyOptions(const ComparisonSettings& settings) {
  // Wrong predictions are more common than errors.
  constexpr double kUsualShare = 0.1;
  return {.margin = settings.accuracy_margin,
          .prior_rate = kUsualShare,
          .cluster_size = settings.cluster_size};
}

analysis::MeanOptions MeanErrorOptions(const ComparisonSettings& settings, double alpha) {
  // Narrowest where a canary has a few hundred labels.
  constexpr int64_t kTunedFor = 1000;
  return {.alpha = alpha,
          .tuned_for = kTunedFor,
          .cluster_size = settings.cluster_size,
          .by_stratum = true};
}

// Each number times the factor.
analysis::NumberSums Times(const analysis::NumberSums& sums, double factor) {
  return {sums.count, sums.sum * factor, sums.squares * factor * factor};
}

// Enough of them. Sums may be below 0 for a while, where labels are corrected.
bool AreStratum(const analysis::NumberSums& sums) {
  constexpr double kMost = 1e290;  // So that with any margin they are still numbers.
  return sums.count >= analysis::kLeastOfStratum && sums.sum >= 0 && sums.squares >= 0 &&
         sums.squares < kMost;
}

analysis::LatencyOptions LatencyOptionsOf(const ComparisonSettings& settings) {
  analysis::LatencyOptions options;
  options.margin = settings.latency_margin;
  options.slack = settings.latency_slack_ms * kNanoseconds;
  options.cluster_size = settings.cluster_size;
  return options;
}

// The margin is one of the differences that may become bounds: promotion asks for it.
analysis::DifferenceOptions BoundOptions(const ComparisonSettings& settings, double alpha) {
  analysis::DifferenceOptions options;
  options.alpha = alpha;
  options.cluster_size = settings.cluster_size;
  const auto at = std::ranges::lower_bound(options.grid, settings.error_margin);
  if (at == options.grid.end() || *at != settings.error_margin)
    options.grid.insert(at, settings.error_margin);
  return options;
}

analysis::DistributionOptions PredictionOptions(const ComparisonSettings& settings) {
  return {.limit = settings.prediction_limit, .cluster_size = settings.cluster_size};
}

analysis::RateCounts ErrorCounts(const SetCounts& stable, const SetCounts& canary) {
  return {stable.requests, stable.errors, canary.requests, canary.errors};
}

bool AreEnough(int64_t stable, int64_t canary) {
  constexpr int64_t kLeast = 20;
  return stable > 0 && canary >= kLeast && stable + canary >= 2 * kLeast;
}

// Errors and their runs are not read at one moment.
int64_t RunSquares(const SetCounts& canary) {
  return std::max(canary.errors, canary.error_run_squares);
}

// e-values grow beyond what means anything to a person.
std::string EValue(double log_e) {
  constexpr double kMostShown = 13.8;  // The logarithm of a million.
  if (log_e >= kMostShown) return "> 1,000,000";
  const double e = std::exp(log_e);
  return e >= kPercent ? fmt::format("{:.0f}", e) : fmt::format("{:.1f}", e);
}

double Rate(int64_t events, int64_t trials) {
  return trials == 0 ? 0 : static_cast<double>(events) / static_cast<double>(trials);
}

std::string Rates(const analysis::RateCounts& counts) {
  return fmt::format("{:.1f} % beside {:.1f} %",
                     kPercent * Rate(counts.canary_events, counts.canary_trials),
                     kPercent * Rate(counts.stable_events, counts.stable_trials));
}

// By what was seen so far, chance or not.
bool IsBeyond(const analysis::RateCounts& counts, double margin) {
  return Rate(counts.canary_events, counts.canary_trials) -
             Rate(counts.stable_events, counts.stable_trials) >
         margin;
}

Json RateEvidence(const analysis::RateComparison& comparison) {
  const analysis::RateCounts& counts = comparison.totals();
  return {{"log_e", comparison.evidence().log_e()},
          {"p_value", comparison.evidence().p_value()},
          {"margin", comparison.options().margin},
          {"stable", {{"trials", counts.stable_trials}, {"events", counts.stable_events}}},
          {"canary", {{"trials", counts.canary_trials}, {"events", counts.canary_events}}}};
}

const Json* Member(const Json& json, const char* key) {
  const auto it = json.find(key);
  return it == json.end() ? nullptr : &*it;
}

Error Lacks(const char* key) {
  return Error(ErrorCode::kIntegrity,
               fmt::format("the stored evidence of a rollout lacks \"{}\"", key));
}

// Counts of the stable version and of the canary.
template <typename Held, typename Read>
Status ReadPair(const Json& json, const char* key, Read read, Held* held) {
  const Json* pair = json.is_object() ? Member(json, key) : nullptr;
  if (pair == nullptr || !pair->is_array() || pair->size() != 2) return Lacks(key);
  SLIPWAY_ASSIGN_OR_RETURN(held->stable, read((*pair)[0]));
  SLIPWAY_ASSIGN_OR_RETURN(held->canary, read((*pair)[1]));
  return {};
}

}  // namespace

template <typename Counts>
void Comparison::Held<Counts>::Add(const Counts& more_stable, const Counts& more_canary) {
  slipway::deploy::Add(more_stable, &stable);
  slipway::deploy::Add(more_canary, &canary);
}

template <typename Counts>
Json Comparison::Held<Counts>::ToJson() const {
  return Json::array({slipway::deploy::ToJson(stable), slipway::deploy::ToJson(canary)});
}

Comparison::Comparison(const ComparisonSettings& settings, double alpha,
                       analysis::RateComparison errors, analysis::LatencyComparison latency,
                       analysis::RateComparison accuracy, analysis::DifferenceBounds bounds,
                       analysis::MeanDifference mean_errors)
    : settings_(settings),
      alpha_(alpha),
      errors_(std::move(errors)),
      latency_(std::move(latency)),
      accuracy_(std::move(accuracy)),
      bounds_(std::move(bounds)),
      mean_errors_(mean_errors) {}

Result<Comparison> Comparison::Make(const ComparisonSettings& settings, double alpha) {
  SLIPWAY_ASSIGN_OR_RETURN(auto errors, analysis::RateComparison::Make(ErrorOptions(settings)));
  SLIPWAY_ASSIGN_OR_RETURN(
      auto latency, analysis::LatencyComparison::Make(LatencyBounds(), LatencyOptionsOf(settings)));
  SLIPWAY_ASSIGN_OR_RETURN(auto accuracy,
                           analysis::RateComparison::Make(AccuracyOptions(settings)));
  SLIPWAY_ASSIGN_OR_RETURN(auto bounds,
                           analysis::DifferenceBounds::Make(BoundOptions(settings, alpha)));
  SLIPWAY_ASSIGN_OR_RETURN(const auto mean_errors,
                           analysis::MeanDifference::Make(MeanErrorOptions(settings, alpha)));
  return Comparison(settings, alpha, std::move(errors), std::move(latency), std::move(accuracy),
                    std::move(bounds), mean_errors);
}

Status Comparison::Observe(const SetCounts& stable, const SetCounts& canary) {
  requests_.Add(stable, canary);
  if (!AreEnough(requests_.stable.requests, requests_.canary.requests)) return {};
  const Held<SetCounts> batch = std::exchange(requests_, {});
  return ObserveBatch(batch.stable, batch.canary);
}

Status Comparison::ObserveBatch(const SetCounts& stable, const SetCounts& canary) {
  const analysis::RateCounts counts = ErrorCounts(stable, canary);
  SLIPWAY_RETURN_IF_ERROR(errors_.Observe(counts, RunSquares(canary)));
  SLIPWAY_RETURN_IF_ERROR(bounds_.Observe(counts));
  if (stable.latencies.empty() || canary.latencies.empty()) return {};
  return latency_.Observe(stable.latencies, canary.latencies);
}

Status Comparison::Learn(const SetCounts& stable, const SetCounts& canary) {
  return errors_.Learn(ErrorCounts(stable, canary), RunSquares(canary));
}

Status Comparison::ObserveModels(const ModelCounts& stable, const ModelCounts& canary) {
  labels_.Add(stable.in_epoch, canary.in_epoch);
  rows_.Add(stable.predictions, canary.predictions);
  const LabelCounts& known = labels_.stable;
  const LabelCounts& tried = labels_.canary;
  if (AreEnough(known.labelled, tried.labelled)) {
    SLIPWAY_RETURN_IF_ERROR(accuracy_.Observe({known.labelled, known.labelled - known.correct,
                                               tried.labelled, tried.labelled - tried.correct}));
    labels_ = {};
  } else if (AreStratum(known.errors) && AreStratum(tried.errors)) {
    SLIPWAY_RETURN_IF_ERROR(
        mean_errors_.Observe(Times(known.errors, 1 + settings_.mae_margin), tried.errors));
    labels_ = {};
  }
  if (!AreEnough(SumOf(rows_.stable), SumOf(rows_.canary))) return {};
  const Held<ClassCounts> batch = std::exchange(rows_, {});
  return ObservePredictions(batch.stable, batch.canary);
}

Status Comparison::ObservePredictions(const ClassCounts& stable, const ClassCounts& canary) {
  counted_alike_ = AreCountedAlike(stable, canary);
  if (!counted_alike_) return {};
  if (!predictions_.has_value()) {
    std::set<std::string> names;
    for (const auto* counts : {&stable, &canary})
      for (const auto& [name, count] : *counts) names.insert(name);
    classes_.assign(names.begin(), names.end());
    SLIPWAY_ASSIGN_OR_RETURN(predictions_, analysis::DistributionComparison::Make(
                                               classes_.size() + 1, PredictionOptions(settings_)));
  }
  return predictions_->Observe(InClasses(stable), InClasses(canary));
}

std::vector<int64_t> Comparison::InClasses(const ClassCounts& counts) const {
  std::vector<int64_t> sorted(classes_.size() + 1);
  for (const auto& [name, count] : counts) {
    const auto at = std::ranges::lower_bound(classes_, name);
    const bool known = at != classes_.end() && *at == name;
    sorted[known ? static_cast<size_t>(at - classes_.begin()) : classes_.size()] += count;
  }
  return sorted;
}

std::string Comparison::InWords(const analysis::Evidence& evidence, bool looks_so) const {
  const char* const no = looks_so ? "not shown yet" : "no";
  return fmt::format("{} (e = {} of {:.0f})", Rejects(evidence) ? "yes" : no,
                     EValue(evidence.log_e()), 1 / alpha_);
}

Harm Comparison::Errors() const {
  Harm harm{"errors", Rejects(errors_.evidence()), {}, RateEvidence(errors_)};
  harm.text =
      fmt::format("errors worse by > {:g} points: {} · {}", kPercent * settings_.error_margin,
                  InWords(errors_.evidence(), IsBeyond(errors_.totals(), settings_.error_margin)),
                  Rates(errors_.totals()));
  harm.evidence["difference"] = {bounds_.bounds().lower, bounds_.bounds().upper};
  harm.evidence["alpha"] = alpha_;
  return harm;
}

Harm Comparison::Latency() const {
  Harm harm{"latency", Rejects(latency_.evidence()), {}, Json::object()};
  harm.text =
      fmt::format("latency worse by > {:g} % and {:g} ms: {}", kPercent * settings_.latency_margin,
                  settings_.latency_slack_ms, InWords(latency_.evidence()));
  harm.evidence = {{"log_e", latency_.evidence().log_e()},
                   {"p_value", latency_.evidence().p_value()},
                   {"margin", settings_.latency_margin},
                   {"alpha", alpha_}};
  Json thresholds = Json::array();
  constexpr double kMilliseconds = 1e-6;
  for (const analysis::LatencyThreshold& threshold : latency_.thresholds()) {
    const analysis::RateCounts& counts = threshold.comparison.totals();
    thresholds.push_back({{"quantile", threshold.quantile},
                          {"stable_ms", threshold.stable_bound * kMilliseconds},
                          {"canary_ms", threshold.canary_bound * kMilliseconds},
                          {"stable", {counts.stable_trials, counts.stable_events}},
                          {"canary", {counts.canary_trials, counts.canary_events}}});
  }
  harm.evidence["thresholds"] = std::move(thresholds);
  return harm;
}

Harm Comparison::Accuracy() const {
  Harm harm{"accuracy", Rejects(accuracy_.evidence()), {}, RateEvidence(accuracy_)};
  harm.text = fmt::format(
      "accuracy worse by > {:g} points: {} · wrong {}", kPercent * settings_.accuracy_margin,
      InWords(accuracy_.evidence(), IsBeyond(accuracy_.totals(), settings_.accuracy_margin)),
      Rates(accuracy_.totals()));
  harm.evidence["alpha"] = alpha_;
  return harm;
}

bool Comparison::Rejects(const analysis::MeanDifference& difference) {
  const auto bounds = difference.bounds();
  return bounds && bounds->lower > 0;
}

Harm Comparison::MeanErrors() const {
  const double canary = mean_errors_.canary().mean();
  // Of the same time as the canary's.
  const double stable = (canary - mean_errors_.difference()) / (1 + settings_.mae_margin);
  const auto bounds = mean_errors_.bounds();
  Harm harm{"accuracy", Rejects(mean_errors_), {}, Json::object()};
  const char* const no = mean_errors_.difference() > 0 ? "not shown yet" : "no";
  harm.text =
      fmt::format("mean absolute error worse by > {:g} %: {} · {:.4g} beside {:.4g}",
                  kPercent * settings_.mae_margin, harm.rejects ? "yes" : no, canary, stable);
  harm.evidence = {{"mae", canary},
                   {"stable_mae", stable},
                   {"labels", mean_errors_.canary().count},
                   {"stable_labels", mean_errors_.stable().count},
                   {"margin", settings_.mae_margin},
                   {"alpha", alpha_}};
  // Of the mean beyond the margin.
  if (bounds) harm.evidence["beyond_margin"] = {bounds->lower, bounds->upper};
  return harm;
}

Harm Comparison::Predictions() const {
  if (!counted_alike_) {
    return {
        .metric = "predictions",
        .text = "predictions can't be compared: the versions count them by other bounds, this once",
        .evidence = Json::object(),
        .known = false};
  }
  const analysis::Evidence& evidence = predictions_->evidence();
  Harm harm{"predictions", Rejects(evidence), {}, Json::object()};
  harm.text = fmt::format(
      "predictions differ by > {:g} points: {} · {:.1f} points",
      kPercent * settings_.prediction_limit,
      InWords(evidence, predictions_->EstimatedTotalVariation() > settings_.prediction_limit),
      kPercent * predictions_->EstimatedTotalVariation());
  harm.evidence = {{"log_e", evidence.log_e()},
                   {"p_value", evidence.p_value()},
                   {"limit", settings_.prediction_limit},
                   {"total_variation", predictions_->EstimatedTotalVariation()},
                   {"alpha", alpha_}};
  return harm;
}

bool Comparison::IsWorseBy(std::string_view metric) const {
  if (metric == "errors") return Rejects(errors_.evidence());
  if (metric == "latency") return Rejects(latency_.evidence());
  if (metric == "accuracy") return Rejects(accuracy_.evidence()) || Rejects(mean_errors_);
  return metric == "predictions" && predictions_.has_value() && Rejects(predictions_->evidence());
}

std::vector<Harm> Comparison::Harms() const {
  std::vector<Harm> harms;
  if (errors_.totals().canary_trials > 0) harms.push_back(Errors());
  if (!latency_.thresholds().empty()) harms.push_back(Latency());
  if (accuracy_.totals().canary_trials > 0) harms.push_back(Accuracy());
  if (mean_errors_.canary().count > 0) harms.push_back(MeanErrors());
  if (predictions_.has_value() || !counted_alike_) harms.push_back(Predictions());
  return harms;
}

Json Comparison::ToJson() const {
  Json json = {{"errors", errors_.ToJson()},
               {"latency", latency_.ToJson()},
               {"accuracy", accuracy_.ToJson()},
               {"bounds", bounds_.ToJson()},
               {"mean_errors", mean_errors_.ToJson()},
               {"held",
                {{"requests", requests_.ToJson()},
                 {"labels", labels_.ToJson()},
                 {"predictions", rows_.ToJson()}}},
               {"counted_alike", counted_alike_}};
  if (predictions_.has_value()) {
    json["predictions"] = predictions_->ToJson();
    json["classes"] = classes_;
  }
  return json;
}

Status Comparison::ReadHeld(const Json& json) {
  const Json* held = Member(json, "held");
  if (held == nullptr) return Lacks("held");
  SLIPWAY_RETURN_IF_ERROR(ReadPair(*held, "requests", SetCountsFromJson, &requests_));
  SLIPWAY_RETURN_IF_ERROR(ReadPair(*held, "labels", LabelCountsFromJson, &labels_));
  return ReadPair(*held, "predictions", ClassCountsFromJson, &rows_);
}

Result<Comparison> Comparison::FromJson(const Json& json, const ComparisonSettings& settings,
                                        double alpha) {
  for (const char* key : {"errors", "latency", "accuracy", "bounds", "mean_errors"})
    if (Member(json, key) == nullptr) return Lacks(key);
  SLIPWAY_ASSIGN_OR_RETURN(auto errors, analysis::RateComparison::FromJson(json["errors"]));
  SLIPWAY_ASSIGN_OR_RETURN(auto latency,
                           analysis::LatencyComparison::FromJson(json["latency"], LatencyBounds()));
  SLIPWAY_ASSIGN_OR_RETURN(auto accuracy, analysis::RateComparison::FromJson(json["accuracy"]));
  SLIPWAY_ASSIGN_OR_RETURN(auto bounds, analysis::DifferenceBounds::FromJson(json["bounds"]));
  SLIPWAY_ASSIGN_OR_RETURN(const auto mean_errors,
                           analysis::MeanDifference::FromJson(json["mean_errors"]));
  Comparison comparison(settings, alpha, std::move(errors), std::move(latency), std::move(accuracy),
                        std::move(bounds), mean_errors);
  SLIPWAY_RETURN_IF_ERROR(comparison.ReadHeld(json));
  comparison.counted_alike_ = GetBool(json, "counted_alike", true);
  const Json* predictions = Member(json, "predictions");
  if (predictions == nullptr) return comparison;
  const Json* classes = Member(json, "classes");
  if (classes == nullptr || !classes->is_array()) return Lacks("classes");
  SLIPWAY_ASSIGN_OR_RETURN(comparison.predictions_,
                           analysis::DistributionComparison::FromJson(*predictions));
  comparison.classes_ = classes->get<std::vector<std::string>>();
  return comparison;
}

}  // namespace slipway::deploy
