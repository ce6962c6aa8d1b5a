#include <limits>

#include "train/slices.h"

namespace slipway::train {
namespace {

double NumberOrNan(const Json& json, const char* key) {
  return GetNumber(json, key, std::numeric_limits<double>::quiet_NaN());
}

Json MeanToJson(const SliceMean& mean) { return {mean.mean, mean.deviation}; }

SliceMean MeanFromJson(const Json& json) {
  const auto number = [&](size_t at) {
    return json.at(at).is_number() ? json.at(at).get<double>()
                                   : std::numeric_limits<double>::quiet_NaN();
  };
  return {number(0), number(1)};
}

Json TallyToJson(const SliceTally& tally, bool regression) {
  if (!regression)
    return {{"positives", tally.positives}, {"answers", tally.answers}, {"hits", tally.hits}};
  return {{"absolute_error", MeanToJson(tally.absolute_error)},
          {"error", MeanToJson(tally.error)},
          {"estimate", MeanToJson(tally.estimate)}};
}

SliceTally TallyFromJson(const Json& json) {
  SliceTally tally;
  tally.positives = GetInteger(json, "positives");
  tally.answers = GetInteger(json, "answers");
  tally.hits = GetInteger(json, "hits");
  if (!json.contains("error")) return tally;
  tally.absolute_error = MeanFromJson(json.at("absolute_error"));
  tally.error = MeanFromJson(json.at("error"));
  tally.estimate = MeanFromJson(json.at("estimate"));
  return tally;
}

Json SliceToJson(const Slice& slice, bool regression) {
  Json conditions = Json::array();
  for (const SliceCondition& condition : slice.conditions) {
    conditions.push_back({{"column", condition.column}, {"part", condition.part}});
  }
  return {{"name", NameOf(slice)},
          {"conditions", std::move(conditions)},
          {"rows", slice.rows},
          {"metrics", MetricsToJson(slice.metrics)},
          {"intervals", IntervalsToJson(slice.intervals)},
          {"difference", slice.difference},
          {"effect", slice.effect},
          {"p_value", slice.p_value},
          {"q_value", slice.q_value},
          {"tally", TallyToJson(slice.tally, regression)}};
}

Slice SliceFromJson(const Json& json) {
  Slice slice;
  for (const Json& condition : json.at("conditions")) {
    slice.conditions.push_back({condition.at("column"), condition.at("part")});
  }
  slice.rows = json.at("rows");
  slice.metrics = MetricsFromJson(json.at("metrics"));
  slice.intervals = IntervalsFromJson(json.at("intervals"));
  slice.difference = NumberOrNan(json, "difference");
  slice.effect = NumberOrNan(json, "effect");
  slice.p_value = NumberOrNan(json, "p_value");
  slice.q_value = NumberOrNan(json, "q_value");
  slice.tally = TallyFromJson(json.at("tally"));
  return slice;
}

}  // namespace

Json ToJson(const SliceReport& report) {
  const bool regression = report.metric == "mae";
  Json named = Json::array(), found = Json::array();
  for (const Slice& slice : report.named) named.push_back(SliceToJson(slice, regression));
  for (const Slice& slice : report.found) found.push_back(SliceToJson(slice, regression));
  return {{"metric", report.metric},       {"whole", report.whole},
          {"min_rows", report.min_rows},   {"named", std::move(named)},
          {"looked_at", report.looked_at}, {"searched_rows", report.searched_rows},
          {"found", std::move(found)}};
}

Result<SliceReport> SliceReportFromJson(const Json& json) {
  try {
    SliceReport report;
    report.metric = json.at("metric");
    report.whole = NumberOrNan(json, "whole");
    report.min_rows = json.at("min_rows");
    for (const Json& slice : json.at("named")) report.named.push_back(SliceFromJson(slice));
    for (const Json& slice : json.at("found")) report.found.push_back(SliceFromJson(slice));
    report.looked_at = json.at("looked_at");
    report.searched_rows = json.at("searched_rows");
    return report;
  } catch (const Json::exception& error) {
    return Error(ErrorCode::kInvalidInput, std::string("not a report of slices: ") + error.what());
  }
}

}  // namespace slipway::train
