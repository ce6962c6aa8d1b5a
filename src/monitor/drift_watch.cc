#include "monitor/drift_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/text.h"

namespace slipway::monitor {
namespace {

// In a sentence; the evidence has them all.
constexpr size_t kMostNamed = 5;

}  // namespace

std::string LiveDrift::Text() const {
  std::vector<const FeatureDrift*> drifted;
  for (const FeatureDrift& feature : features)
    if (feature.drifted) drifted.push_back(&feature);
  std::ranges::sort(drifted, std::ranges::greater(), &FeatureDrift::total_variation);
  std::string text = fmt::format("{} of {} drifted", drifted.size(),
                                 Plural(std::ssize(features), "feature", "features"));
  for (size_t i = 0; i < std::min(drifted.size(), kMostNamed); ++i) {
    text += fmt::format("{}{} ({}{:.2f})", i == 0 ? ": " : ", ", drifted[i]->feature,
                        i == 0 ? "total variation " : "", drifted[i]->total_variation);
  }
  if (drifted.size() > kMostNamed) text += fmt::format(" and {} more", drifted.size() - kMostNamed);
  return text;
}

Json LiveDrift::Evidence() const {
  Json list = Json::array();
  for (const FeatureDrift& feature : features) {
    Json one = {{"feature", feature.feature}, {"drifted", feature.drifted},
                {"rows", feature.rows},       {"total_variation", feature.total_variation},
                {"limit", feature.limit},     {"log_e", feature.log_e}};
    if (feature.wasserstein) one["wasserstein"] = *feature.wasserstein;
    list.push_back(std::move(one));
  }
  return {{"share", share}, {"rows", rows}, {"features", std::move(list)}};
}

Result<DriftWatch> DriftWatch::Make(const DriftSubject& subject, std::vector<FeatureBins> bins,
                                    const DriftRules& rules) {
  if (bins.empty()) {
    return Error(ErrorCode::kInvalidInput,
                 fmt::format("the profile of {} has none of its features", subject.model))
        .Try("training it once more");
  }
  SLIPWAY_ASSIGN_OR_RETURN(DriftEvidence evidence, DriftEvidence::Make(bins, rules));
  SegmentReader reader(
      {.service = subject.service, .model = subject.model, .digest = subject.digest},
      subject.since_ms);
  return DriftWatch(std::move(bins), std::move(reader), std::move(evidence));
}

Result<LiveDrift> DriftWatch::Look(const std::string& place, int64_t now_ms) {
  SegmentReader reader = reader_;
  SLIPWAY_ASSIGN_OR_RETURN(const ReadSegments read, reader.Read(place, bins_, now_ms));
  // Without rows a window may end all the same.
  DriftEvidence evidence = evidence_;
  SLIPWAY_RETURN_IF_ERROR(evidence.Take(bins_, EmptyBatch(bins_), now_ms));
  for (const DriftBatch& batch : read.batches)
    SLIPWAY_RETURN_IF_ERROR(evidence.Take(bins_, batch, now_ms));
  evidence_ = std::move(evidence);
  reader_ = std::move(reader);
  LiveDrift drift = Current();
  drift.read_rows = read.rows;
  drift.segments = read.segments;
  drift.trouble = read.trouble;
  return drift;
}

LiveDrift DriftWatch::Current() const {
  LiveDrift drift;
  drift.features = evidence_.Judge(bins_);
  const auto drifted = std::ranges::count_if(drift.features, &FeatureDrift::drifted);
  drift.share =
      static_cast<double>(drifted) / static_cast<double>(std::max<size_t>(bins_.size(), 1));
  drift.rows = evidence_.rows();
  return drift;
}

Json DriftWatch::ToJson() const {
  return {{"reader", reader_.ToJson()}, {"evidence", evidence_.ToJson()}};
}

Result<DriftWatch> DriftWatch::FromJson(const Json& json, std::vector<FeatureBins> bins,
                                        const DriftRules& rules) {
  if (!json.is_object() || !json.contains("reader") || !json.contains("evidence"))
    return Error(ErrorCode::kIntegrity, "the stored state of drift can't be read");
  SLIPWAY_ASSIGN_OR_RETURN(SegmentReader reader, SegmentReader::FromJson(json["reader"]));
  SLIPWAY_ASSIGN_OR_RETURN(DriftEvidence evidence,
                           DriftEvidence::FromJson(json["evidence"], bins, rules));
  return DriftWatch(std::move(bins), std::move(reader), std::move(evidence));
}

}  // namespace slipway::monitor
