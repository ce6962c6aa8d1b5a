// The last JSON line of a run, as the contract fixes it.
#include "gate/types.h"
#include "pipeline/run_state_internal.h"

namespace slipway::pipeline {

Json RunRecord(const RunState& state, const std::string& report_path) {
  const report::RunReport& report = state.report;
  Json metrics = train::MetricsToJson(report.metrics);
  // The same figure by its other name.
  if (metrics.contains("f1")) metrics["f1_score"] = metrics["f1"];
  Json intervals = train::IntervalsToJson(report.intervals);
  Json gates = Json::array();
  for (const gate::Verdict& verdict : report.gates) gates.push_back(gate::ToJson(verdict));
  Json timings = Json::object();
  for (const auto& [step, seconds] : report.timings) timings[step] = seconds;
  Json issues = Json::array();
  for (const data::Issue& issue : report.dataset.issues) issues.push_back(data::ToJson(issue));
  return {{"run_id", report.run_id},
          {"status", report.status},
          {"model", report.model_name},
          {"version", report.version > 0 ? Json(report.version) : Json(nullptr)},
          {"label", report.label},
          {"digest", report.digest.empty() ? Json(nullptr) : Json(report.digest)},
          {"environment", report.environment},
          {"failed_step", report.failed_step.empty() ? Json(nullptr) : Json(report.failed_step)},
          {"metrics", std::move(metrics)},
          {"intervals", std::move(intervals)},
          {"gates", std::move(gates)},
          {"issues", std::move(issues)},
          {"timings", std::move(timings)},
          {"cached", report.cached},
          {"report", report_path}};
}

}  // namespace slipway::pipeline
