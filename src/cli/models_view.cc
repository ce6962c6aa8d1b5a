#include "cli/models_view.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/table.h"
#include "cli/value_text.h"
#include "cli/version_run.h"
#include "core/text.h"

namespace slipway::cli {
namespace {

using registry::AuditEntry;
using registry::ModelVersion;

// "2026-11-23 06:41" of a timestamp.
std::string ShortTime(const std::string& timestamp) {
  std::string text = timestamp.substr(0, 16);
  std::ranges::replace(text, 'T', ' ');
  return text;
}

std::string StatusText(const std::string& status) { return status.empty() ? "–" : status; }

std::string Metric(const ModelVersion& version, const std::string& name) {
  const auto value = version.performance_metrics.find(name);
  if (value == version.performance_metrics.end() || !value->is_number()) return "–";
  return fmt::format("{:.3f}", value->get<double>());
}

// At most two metrics that at least one version has.
std::vector<std::string> ShownMetrics(const std::vector<ModelVersion>& versions) {
  std::vector<std::string> shown;
  for (const char* name : {"accuracy", "auc", "rmse", "r2"}) {
    const bool present = std::ranges::any_of(
        versions, [&](const ModelVersion& version) { return Metric(version, name) != "–"; });
    if (present && shown.size() < 2) shown.emplace_back(name);
  }
  return shown;
}

const char* StatusColor(const std::string& status) {
  if (status == "production") return "32";
  if (status == "staging") return "33";
  return status == "archived" ? "2" : "";
}

void AddLine(const std::string& key, const std::string& value, std::vector<Row>* rows) {
  if (!value.empty()) rows->push_back({{key}, {value}});
}

std::vector<Row> MetricRows(const ModelVersion& version) {
  std::vector<Row> rows;
  for (const auto& [name, value] : version.performance_metrics.items()) {
    AddLine(name, ValueText(value), &rows);
  }
  return rows;
}

std::vector<Row> InputRows(const ModelVersion& version) {
  std::vector<Row> rows;
  if (!version.feature_schema.is_array()) return rows;
  for (const Json& input : version.feature_schema) {
    if (!input.is_object()) continue;
    std::string type = GetString(input, "type");
    const auto categories = input.find("categories");
    if (categories != input.end() && categories->is_array() && !categories->empty()) {
      type += fmt::format(
          ", {}", Plural(static_cast<int64_t>(categories->size()), "category", "categories"));
    }
    if (GetBool(input, "nullable")) type += ", may be missing";
    rows.push_back({{GetString(input, "name")}, {type}});
  }
  return rows;
}

void AddLineage(const Json& lineage, const std::string& prefix, std::vector<Row>* rows) {
  if (!lineage.is_object()) return;
  for (const auto& [key, value] : lineage.items()) {
    const std::string name = prefix.empty() ? key : prefix + "." + key;
    if (value.is_object()) {
      AddLineage(value, name, rows);
    } else {
      // Whole digests: lineage is what they are compared by.
      rows->push_back({{name}, {value.is_string() ? value.get<std::string>() : ValueText(value)}});
    }
  }
}

std::vector<Row> FileRows(const registry::ArtifactFacts& facts) {
  std::vector<Row> rows;
  for (const registry::ArtifactFile& file : facts.files) {
    rows.push_back({{file.name}, {FormatBytes(file.size), "", true}, {ShortDigest(file.digest)}});
  }
  return rows;
}

std::string Section(const Session& session, const std::string& title, const std::vector<Row>& rows,
                    const TableStyle& style = kSection) {
  return rows.empty() ? "" : session.Paint("1", title) + "\n" + Table(rows, session, style);
}

std::string Tags(const ModelVersion& version) {
  std::vector<std::string> tags;
  for (const auto& [key, value] : version.tags) tags.push_back(key + "=" + value);
  return Join(tags, ", ");
}

std::vector<Row> RecordRows(const ModelVersion& version, const registry::ArtifactFacts* facts) {
  std::vector<Row> rows;
  AddLine("model id", version.model_id(), &rows);
  AddLine("digest", version.digest, &rows);
  AddLine("algorithm", version.algorithm, &rows);
  AddLine("task", version.task, &rows);
  AddLine("framework", version.framework, &rows);
  AddLine("created", fmt::format("{} by {}", version.created_at, version.created_by), &rows);
  AddLine("run", version.run_id, &rows);
  AddLine("size", FormatBytes(version.size_bytes), &rows);
  AddLine("aliases", Join(version.aliases, ", "), &rows);
  AddLine("tags", Tags(version), &rows);
  AddLine("training data", version.training_data_hash, &rows);
  if (facts != nullptr) AddLine("directory", facts->directory, &rows);
  return rows;
}

}  // namespace

std::string VersionName(const ModelVersion& version) {
  return fmt::format("{}:{}", version.name, version.registry_version);
}

std::string VersionTable(const std::vector<ModelVersion>& versions, const Session& session) {
  const std::vector<std::string> metrics = ShownMetrics(versions);
  std::vector<Row> rows;
  Row header = {{"NAME"}, {"VERSION"}, {"LABEL"}, {"STATUS"}, {"VERDICT"}};
  for (const std::string& metric : metrics) header.push_back({metric});
  header.insert(header.end(), {{"CREATED"}, {"DIGEST"}, {"ALIASES"}});
  rows.push_back(std::move(header));
  for (const ModelVersion& version : versions) {
    const bool passed = version.verdict == "passed";
    Row row = {{version.name},
               {fmt::format("{}", version.registry_version)},
               {version.version},
               {StatusText(version.status), StatusColor(version.status)},
               {version.verdict, passed ? "32" : "31"}};
    for (const std::string& metric : metrics) row.push_back({Metric(version, metric)});
    row.push_back({ShortTime(version.created_at)});
    row.push_back({ShortDigest(version.digest)});
    if (!version.aliases.empty()) row.push_back({Join(version.aliases, ", ")});
    rows.push_back(std::move(row));
  }
  const bool aliases =
      std::ranges::any_of(versions, [](const ModelVersion& v) { return !v.aliases.empty(); });
  if (!aliases) rows.front().pop_back();
  return Table(rows, session);
}

std::string VersionDetails(const ModelVersion& version, const registry::ArtifactFacts* facts,
                           const Json& gates, const Session& session) {
  const bool passed = version.verdict == "passed";
  std::string text = session.Paint("1", VersionName(version));
  if (!version.version.empty()) text += " · " + Printable(version.version);
  text += fmt::format(" · {} · {}\n", session.Paint(StatusColor(version.status), version.status),
                      session.Paint(passed ? "32" : "31", version.verdict));
  text += Table(RecordRows(version, facts), session, kSection);
  text += Section(session, "metrics", MetricRows(version));
  text += Section(session, "gates", GateRows(gates), kMarked);
  text += Section(session, "inputs", InputRows(version));
  if (facts == nullptr) return text;
  std::vector<Row> lineage;
  AddLineage(facts->lineage, "", &lineage);
  return text + Section(session, "lineage", lineage) + Section(session, "files", FileRows(*facts));
}

std::string AuditTable(const std::vector<AuditEntry>& entries, const Session& session) {
  std::vector<Row> rows = {{{"AT"}, {"WHO"}, {"ACTION"}, {"VERSION"}, {"DETAIL"}}};
  for (const AuditEntry& entry : entries) {
    std::vector<std::string> details;
    for (const auto& [key, value] : entry.detail.items()) {
      details.push_back(key + "=" + ValueText(value));
    }
    rows.push_back({{entry.at},
                    {entry.actor},
                    {entry.action},
                    {fmt::format("{}:{}", entry.name, entry.registry_version)},
                    {Join(details, " ")}});
  }
  return Table(rows, session);
}

}  // namespace slipway::cli
