#include "cli/version_run.h"

#include "core/file_system.h"

namespace slipway::cli {

Json RunReportOf(const std::string& slipway_directory, const registry::ModelVersion& version) {
  if (version.run_id.empty() || BaseName(version.run_id) != version.run_id) return nullptr;
  const std::string path = JoinPath(slipway_directory, "runs/" + version.run_id + "/report.json");
  Result<Json> report = ReadJsonFile(LocalFileSystem(), path);
  // Of another version of that name, where a registry was made anew.
  const bool same = report.ok() && GetString(*report, "digest") == version.digest;
  return same ? *std::move(report) : Json();
}

Json GatesOf(const std::string& slipway_directory, const registry::ModelVersion& version) {
  Json report = RunReportOf(slipway_directory, version);
  if (!report.is_object()) return Json::array();
  Json gates = report.value("gates", Json::array());
  return gates.is_array() ? gates : Json::array();
}

std::vector<Row> GateRows(const Json& gates) {
  std::vector<Row> rows;
  for (const Json& gate : gates) {
    const bool passed = GetString(gate, "verdict") == "pass";
    rows.push_back({{passed ? "✓" : "✗", passed ? "32" : "31"},
                    {GetString(gate, "name")},
                    {GetString(gate, "reason")}});
  }
  return rows;
}

}  // namespace slipway::cli
