#include "monitor/drift_evidence.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "analysis/multiple.h"

namespace slipway::monitor {
namespace {

constexpr int64_t kSlots = 24;
constexpr double kSlotShare = 1.0 / static_cast<double>(kSlots);
constexpr double kMilliseconds = 1000;
// A window knows better than the one before once it has so many times the rows that were needed.
constexpr int64_t kPatience = 2;
// e-values far beyond any threshold; their logarithms are kept within what exp can take.
constexpr double kMostLogE = 600;

double ValueOf(double log_e) { return std::exp(std::min(log_e, kMostLogE)); }

int64_t Total(std::span<const int64_t> counts) {
  return std::accumulate(counts.begin(), counts.end(), int64_t{0});
}

}  // namespace

DriftRules ReadDriftRules(const Json& deployment) {
  DriftRules rules;
  if (!deployment.is_object()) return rules;
  const auto monitoring = deployment.find("monitoring_config");
  if (monitoring == deployment.end() || !monitoring->is_object()) return rules;
  const auto drift = monitoring->find("drift");
  if (drift == monitoring->end() || !drift->is_object()) return rules;
  rules.alpha = GetNumber(*drift, "alpha", rules.alpha);
  rules.min_effect = GetNumber(*drift, "min_effect", rules.min_effect);
  const double seconds = GetNumber(*drift, "window_seconds");
  if (seconds > 0) rules.window_ms = std::llround(std::ceil(seconds * kMilliseconds));
  return rules;
}

DriftBatch EmptyBatch(const std::vector<FeatureBins>& bins) {
  DriftBatch batch;
  for (const FeatureBins& feature : bins)
    batch.counts.emplace_back(feature.reference.size(), int64_t{0});
  return batch;
}

Result<DriftEvidence> DriftEvidence::Make(const std::vector<FeatureBins>& bins,
                                          const DriftRules& rules) {
  DriftEvidence evidence(rules);
  evidence.cluster_size_ = 1;
  for (const FeatureBins& feature : bins) {
    const auto made = analysis::DriftComparison::Make(feature.reference, evidence.Options(feature));
    if (!made.ok()) return made.error();
    evidence.features_.push_back({});
    evidence.features_.back().counts.assign(feature.reference.size(), 0);
  }
  evidence.cluster_size_ = 0;
  return evidence;
}

double DriftEvidence::LimitOf(const FeatureBins& bins) const {
  constexpr double kMost = 0.9999;
  return std::max(rules_.min_effect, std::min(rules_.min_effect + bins.error, kMost));
}

analysis::DistributionOptions DriftEvidence::Options(const FeatureBins& bins) const {
  return {.limit = LimitOf(bins),
          .ordered = bins.ordered(),
          .cluster_size = std::max(cluster_size_, 1.0)};
}

// A window ends and the next one begins.
void DriftEvidence::Begin(const std::vector<FeatureBins>& bins, int64_t now_ms) {
  const std::vector<bool> rejected = Rejected();
  for (size_t i = 0; i < features_.size(); ++i) {
    Feature& feature = features_[i];
    const int64_t seen = Total(feature.counts);
    // What had not enough rows to say otherwise is carried on.
    int64_t carried = seen < kPatience * feature.carried_rows ? feature.carried_rows : 0;
    if (rejected[i]) carried = std::max<int64_t>(feature.rejected_rows, 1);
    feature = {
        .whole = {}, .slot = {}, .counts = {}, .carried_rows = carried, .effect = feature.effect};
    feature.counts.assign(bins[i].reference.size(), 0);
  }
  rows_ = 0;
  began_ms_ = now_ms;
  slot_ = 0;
  cluster_size_ = 0;
}

void DriftEvidence::EndSlots(int64_t now_ms) {
  const int64_t slot =
      std::clamp<int64_t>((now_ms - began_ms_) * kSlots / rules_.window_ms, slot_, kSlots - 1);
  const auto empty = static_cast<double>(std::max<int64_t>(slot - slot_ - 1, 0));
  if (slot == slot_) return;
  for (Feature& feature : features_) {
    const double ended = feature.slot ? ValueOf(feature.slot->evidence().log_e()) : 1;
    feature.banked += kSlotShare * (ended + empty);
    feature.slot.reset();
  }
  slot_ = slot;
}

Status DriftEvidence::Take(const std::vector<FeatureBins>& bins, const DriftBatch& batch,
                           int64_t now_ms) {
  if (batch.counts.size() != features_.size() || bins.size() != features_.size())
    return Error(ErrorCode::kInternal, "counts of other features than those under watch");
  const bool set_back = now_ms < began_ms_;
  if (began_ms_ == 0 || set_back || now_ms - began_ms_ >= rules_.window_ms) Begin(bins, now_ms);
  EndSlots(now_ms);
  if (batch.rows == 0) return {};
  if (cluster_size_ == 0) {
    cluster_size_ = std::max(1.0, static_cast<double>(batch.rows) /
                                      static_cast<double>(std::max<int64_t>(batch.requests, 1)));
  }
  rows_ += batch.rows;
  for (size_t i = 0; i < features_.size(); ++i)
    SLIPWAY_RETURN_IF_ERROR(Observe(bins[i], batch.counts[i], &features_[i]));
  Note(Rejected());
  return {};
}

Status DriftEvidence::Observe(const FeatureBins& bins, const std::vector<int64_t>& counts,
                              Feature* feature) {
  if (Total(counts) == 0) return {};
  for (auto* part : {&feature->whole, &feature->slot}) {
    if (!part->has_value()) {
      SLIPWAY_ASSIGN_OR_RETURN(*part,
                               analysis::DriftComparison::Make(bins.reference, Options(bins)));
    }
    SLIPWAY_RETURN_IF_ERROR((*part)->Observe(counts));
  }
  for (size_t bin = 0; bin < counts.size(); ++bin) feature->counts[bin] += counts[bin];
  return {};
}

double DriftEvidence::LogE(const Feature& feature) const {
  const double whole = feature.whole ? ValueOf(feature.whole->evidence().log_e()) : 1;
  const double slot = feature.slot ? ValueOf(feature.slot->evidence().log_e()) : 1;
  const auto to_come = static_cast<double>(kSlots - 1 - slot_);
  return std::log((whole + feature.banked + kSlotShare * (slot + to_come)) / 2);
}

std::vector<bool> DriftEvidence::Rejected() const {
  constexpr double kMostAlpha = 0.9999;
  std::vector<double> log_e;
  for (const Feature& feature : features_) log_e.push_back(LogE(feature));
  return analysis::RejectedByEbh(log_e, std::min(rules_.alpha, kMostAlpha));
}

void DriftEvidence::Note(const std::vector<bool>& rejected) {
  for (size_t i = 0; i < features_.size(); ++i) {
    Feature& feature = features_[i];
    if (!rejected[i] || !feature.whole) continue;
    if (feature.rejected_rows == 0) feature.rejected_rows = Total(feature.counts);
    feature.effect = feature.whole->EstimatedTotalVariation();
    if (feature.slot && feature.slot->evidence().log_e() > feature.whole->evidence().log_e())
      feature.effect = feature.slot->EstimatedTotalVariation();
  }
}

std::vector<FeatureDrift> DriftEvidence::Judge(const std::vector<FeatureBins>& bins) const {
  const std::vector<bool> rejected = Rejected();
  std::vector<FeatureDrift> all;
  for (size_t i = 0; i < features_.size() && i < bins.size(); ++i) {
    const Feature& feature = features_[i];
    FeatureDrift drift;
    drift.feature = bins[i].feature;
    drift.rows = Total(feature.counts);
    drift.drifted = rejected[i] || drift.rows < kPatience * feature.carried_rows;
    drift.total_variation = drift.drifted   ? feature.effect
                            : feature.whole ? feature.whole->EstimatedTotalVariation()
                                            : 0;
    drift.limit = LimitOf(bins[i]);
    drift.wasserstein = bins[i].NormedWasserstein(feature.counts);
    drift.log_e = LogE(feature);
    all.push_back(std::move(drift));
  }
  return all;
}

Json DriftEvidence::ToJson() const {
  Json features = Json::array();
  for (const Feature& feature : features_) {
    features.push_back({{"whole", feature.whole ? feature.whole->ToJson() : Json(nullptr)},
                        {"slot", feature.slot ? feature.slot->ToJson() : Json(nullptr)},
                        {"banked", feature.banked},
                        {"counts", feature.counts},
                        {"rejected_rows", feature.rejected_rows},
                        {"carried_rows", feature.carried_rows},
                        {"effect", feature.effect}});
  }
  return {{"began_ms", began_ms_},
          {"slot", slot_},
          {"rows", rows_},
          {"cluster_size", cluster_size_},
          {"features", std::move(features)}};
}

Status DriftEvidence::ReadFeature(const Json& json, Feature* feature) const {
  const auto bad = [] {
    return Error(ErrorCode::kIntegrity, "the stored state of drift can't be read");
  };
  if (!json.is_object() || !json.contains("counts") || !json["counts"].is_array()) return bad();
  if (json["counts"].size() != feature->counts.size()) return bad();
  for (size_t bin = 0; bin < feature->counts.size(); ++bin) {
    const Json& count = json["counts"][bin];
    if (!count.is_number_integer() || count.get<int64_t>() < 0) return bad();
    feature->counts[bin] = count.get<int64_t>();
  }
  for (auto [key, part] :
       {std::pair("whole", &feature->whole), std::pair("slot", &feature->slot)}) {
    const auto it = json.find(key);
    if (it == json.end() || it->is_null()) continue;
    SLIPWAY_ASSIGN_OR_RETURN(*part, analysis::DriftComparison::FromJson(*it));
  }
  feature->banked = GetNumber(json, "banked");
  feature->rejected_rows = GetInteger(json, "rejected_rows");
  feature->carried_rows = GetInteger(json, "carried_rows");
  feature->effect = GetNumber(json, "effect");
  return {};
}

Result<DriftEvidence> DriftEvidence::FromJson(const Json& json,
                                              const std::vector<FeatureBins>& bins,
                                              const DriftRules& rules) {
  SLIPWAY_ASSIGN_OR_RETURN(DriftEvidence evidence, Make(bins, rules));
  const auto features = json.find("features");
  if (features == json.end() || !features->is_array() || features->size() != bins.size())
    return Error(ErrorCode::kIntegrity, "the stored state of drift is of other features");
  for (size_t i = 0; i < bins.size(); ++i)
    SLIPWAY_RETURN_IF_ERROR(evidence.ReadFeature((*features)[i], &evidence.features_[i]));
  evidence.began_ms_ = GetInteger(json, "began_ms");
  evidence.slot_ = GetInteger(json, "slot");
  evidence.rows_ = GetInteger(json, "rows");
  evidence.cluster_size_ = GetNumber(json, "cluster_size");
  return evidence;
}

}  // namespace slipway::monitor
