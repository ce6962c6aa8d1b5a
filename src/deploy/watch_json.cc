#include <fmt/format.h>

#include <array>

#include "deploy/watch.h"

namespace slipway::deploy {
namespace {

constexpr std::array kVerdicts = {"pass", "fail", "inconclusive"};

Error BadState(const char* what) {
  return Error(ErrorCode::kIntegrity, fmt::format("a stored check has no {}", what));
}

Result<CheckVerdict> VerdictFromJson(const Json& json) {
  const std::string name = GetString(json, "verdict");
  for (size_t i = 0; i < kVerdicts.size(); ++i)
    if (name == kVerdicts.at(i)) return static_cast<CheckVerdict>(i);
  return BadState("verdict");
}

}  // namespace

const char* ToString(CheckVerdict verdict) { return kVerdicts.at(static_cast<size_t>(verdict)); }

Json ToJson(const Check& check) {
  Json findings = Json::array();
  for (const Finding& finding : check.findings) {
    findings.push_back({{"metric", finding.metric},
                        {"verdict", ToString(finding.verdict)},
                        {"dry_run", finding.dry_run},
                        {"text", finding.text},
                        {"evidence", finding.evidence}});
  }
  return {{"at_ms", check.at_ms},
          {"verdict", ToString(check.verdict)},
          {"counts", check.counts},
          {"missing", check.missing},
          {"findings", std::move(findings)}};
}

Result<Check> CheckFromJson(const Json& json) {
  Check check;
  check.at_ms = GetInteger(json, "at_ms");
  SLIPWAY_ASSIGN_OR_RETURN(check.verdict, VerdictFromJson(json));
  check.counts = GetBool(json, "counts", true);
  check.missing = GetBool(json, "missing");
  const auto findings = json.find("findings");
  if (findings == json.end() || !findings->is_array()) return BadState("findings");
  for (const Json& one : *findings) {
    Finding finding;
    finding.metric = GetString(one, "metric");
    SLIPWAY_ASSIGN_OR_RETURN(finding.verdict, VerdictFromJson(one));
    finding.dry_run = GetBool(one, "dry_run");
    finding.text = GetString(one, "text");
    if (one.contains("evidence")) finding.evidence = one["evidence"];
    check.findings.push_back(std::move(finding));
  }
  return check;
}

Json Watch::ToJson() const {
  Json json = {{"stable_set", stable_set_},
               {"canary_set", canary_set_},
               {"instance", instance_},
               {"models_instance", models_instance_},
               {"warm", warm_},
               {"looks", looks_},
               {"stable", deploy::ToJson(stable_)},
               {"canary", deploy::ToJson(canary_)},
               {"canary_seen", deploy::ToJson(canary_seen_)},
               {"glance_ms", glance_ms_},
               {"stable_model", deploy::ToJson(stable_model_)},
               {"canary_model", deploy::ToJson(canary_model_)},
               {"total", deploy::ToJson(total_)},
               {"first_copy", deploy::ToJson(first_copy_)}};
  if (comparison_.has_value()) json["comparison"] = comparison_->ToJson();
  return json;
}

Result<Watch> Watch::FromJson(const Json& json, const CanarySettings& settings) {
  for (const char* key : {"stable", "canary", "canary_seen", "stable_model", "canary_model",
                          "total", "first_copy", "stable_set", "canary_set"})
    if (!json.is_object() || !json.contains(key)) return BadState(key);
  Watch watch(settings, GetInteger(json, "stable_set"), GetInteger(json, "canary_set"));
  watch.instance_ = GetString(json, "instance");
  watch.models_instance_ = GetString(json, "models_instance");
  watch.warm_ = GetBool(json, "warm");
  watch.looks_ = static_cast<int>(GetInteger(json, "looks"));
  SLIPWAY_ASSIGN_OR_RETURN(watch.stable_, SetCountsFromJson(json["stable"]));
  SLIPWAY_ASSIGN_OR_RETURN(watch.canary_, SetCountsFromJson(json["canary"]));
  SLIPWAY_ASSIGN_OR_RETURN(watch.canary_seen_, SetCountsFromJson(json["canary_seen"]));
  watch.glance_ms_ = GetInteger(json, "glance_ms");
  SLIPWAY_ASSIGN_OR_RETURN(watch.stable_model_, ModelCountsFromJson(json["stable_model"]));
  SLIPWAY_ASSIGN_OR_RETURN(watch.canary_model_, ModelCountsFromJson(json["canary_model"]));
  SLIPWAY_ASSIGN_OR_RETURN(watch.total_, SetCountsFromJson(json["total"]));
  SLIPWAY_ASSIGN_OR_RETURN(watch.first_copy_, SetCountsFromJson(json["first_copy"]));
  if (watch.stable_set_ == 0) return watch;
  if (!json.contains("comparison")) return BadState("comparison");
  SLIPWAY_ASSIGN_OR_RETURN(
      watch.comparison_,
      Comparison::FromJson(json["comparison"], settings.comparison, watch.Alpha()));
  return watch;
}

}  // namespace slipway::deploy
