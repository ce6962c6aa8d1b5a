#include "cli/models_view.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/hash.h"
#include "core/text.h"

namespace slipway::cli {
namespace {

using registry::AuditEntry;
using registry::ModelVersion;
using registry::VersionDifference;

// Tags, labels and the like come from outside: control characters must not reach the terminal.
std::string Printable(const std::string& text) {
  std::string shown = text;
  std::ranges::replace_if(
      shown,
      [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 || byte == 0x7f;
      },
      ' ');
  return shown;
}

std::string ShortDigest(const std::string& digest) {
  return std::string(HexOf(digest).substr(0, 12));
}

// "2026-11-23 06:41" of a timestamp.
std::string ShortTime(const std::string& timestamp) {
  std::string text = timestamp.substr(0, 16);
  std::ranges::replace(text, 'T', ' ');
  return text;
}

std::string StatusText(const std::string& status) { return status.empty() ? "–" : status; }

std::string NumberText(const Json& value) {
  if (value.is_number_float()) return fmt::format("{:.4g}", value.get<double>());
  if (value.is_null()) return "–";
  return Printable(value.is_string() ? value.get<std::string>() : CompactJson(value));
}

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

struct Cell {
  std::string text;
  const char* sgr = "";
};

// Columns as wide as their widest cell, two blanks apart. The first row is the header.
std::string Table(const std::vector<std::vector<Cell>>& rows, const Session& session) {
  std::vector<size_t> widths;
  // A width beyond which the rest of a line is read anyway.
  constexpr size_t kWidest = 60;
  auto width_of = [](const std::string& text) {
    return static_cast<size_t>(std::ranges::count_if(
        text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
  };
  for (const std::vector<Cell>& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], std::min(kWidest, width_of(row[i].text)));
    }
  }
  std::string table;
  for (size_t r = 0; r < rows.size(); ++r) {
    for (size_t i = 0; i < rows[r].size(); ++i) {
      const Cell& cell = rows[r][i];
      const bool last = i + 1 == rows[r].size();
      const size_t width = width_of(cell.text);
      const std::string padding =
          last || width >= widths[i] ? "" : std::string(widths[i] - width, ' ');
      const char* sgr = r == 0 ? "1" : cell.sgr;
      table += *sgr == '\0' ? cell.text : session.Paint(sgr, cell.text);
      table += padding + (last ? "\n" : "  ");
    }
  }
  return table;
}

const char* StatusColor(const std::string& status) {
  if (status == "production") return "32";
  if (status == "staging") return "33";
  return status == "archived" ? "2" : "";
}

std::string Line(const std::string& key, const std::string& value) {
  return value.empty() ? "" : fmt::format("  {:<15}{}\n", key, Printable(value));
}

std::string MetricLines(const ModelVersion& version) {
  std::string text;
  for (const auto& [name, value] : version.performance_metrics.items()) {
    text += Line(Printable(name), NumberText(value));
  }
  return text;
}

std::string InputLines(const ModelVersion& version) {
  std::string text;
  if (!version.feature_schema.is_array()) return text;
  for (const Json& input : version.feature_schema) {
    if (!input.is_object()) continue;
    std::string type = GetString(input, "type");
    const auto categories = input.find("categories");
    if (categories != input.end() && categories->is_array() && !categories->empty()) {
      type += fmt::format(
          ", {}", Plural(static_cast<int64_t>(categories->size()), "category", "categories"));
    }
    if (GetBool(input, "nullable")) type += ", may be missing";
    text += fmt::format("  {:<24}{}\n", Printable(GetString(input, "name")), Printable(type));
  }
  return text;
}

std::string LineageLines(const Json& lineage, const std::string& prefix) {
  std::string text;
  if (!lineage.is_object()) return text;
  for (const auto& [key, value] : lineage.items()) {
    const std::string name = prefix.empty() ? key : prefix + "." + key;
    text += value.is_object() ? LineageLines(value, name)
                              : fmt::format("  {:<15}{}\n", name, NumberText(value));
  }
  return text;
}

std::string Section(const Session& session, const std::string& title, const std::string& body) {
  return body.empty() ? "" : session.Paint("1", title) + "\n" + body;
}

std::string Tags(const ModelVersion& version) {
  std::vector<std::string> tags;
  for (const auto& [key, value] : version.tags) tags.push_back(key + "=" + value);
  return Join(tags, ", ");
}

}  // namespace

std::string VersionName(const ModelVersion& version) {
  return fmt::format("{}:{}", version.name, version.registry_version);
}

std::string VersionTable(const std::vector<ModelVersion>& versions, const Session& session) {
  const std::vector<std::string> metrics = ShownMetrics(versions);
  std::vector<std::vector<Cell>> rows;
  std::vector<Cell> header = {{"NAME"}, {"VERSION"}, {"LABEL"}, {"STATUS"}, {"VERDICT"}};
  for (const std::string& metric : metrics) header.push_back({metric});
  header.insert(header.end(), {{"CREATED"}, {"DIGEST"}, {"ALIASES"}});
  rows.push_back(std::move(header));
  for (const ModelVersion& version : versions) {
    const bool passed = version.verdict == "passed";
    std::vector<Cell> row = {{version.name},
                             {fmt::format("{}", version.registry_version)},
                             {Printable(version.version)},
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
                           const Session& session) {
  const bool passed = version.verdict == "passed";
  std::string text = session.Paint("1", VersionName(version));
  if (!version.version.empty()) text += " · " + Printable(version.version);
  text += fmt::format(" · {} · {}\n", session.Paint(StatusColor(version.status), version.status),
                      session.Paint(passed ? "32" : "31", version.verdict));
  text += Line("model id", version.model_id());
  text += Line("digest", version.digest);
  text += Line("algorithm", version.algorithm);
  text += Line("task", version.task);
  text += Line("framework", version.framework);
  text += Line("created", fmt::format("{} by {}", version.created_at, version.created_by));
  text += Line("run", version.run_id);
  text += Line("size", FormatBytes(version.size_bytes));
  text += Line("aliases", Join(version.aliases, ", "));
  text += Line("tags", Tags(version));
  text += Line("training data", version.training_data_hash);
  if (facts != nullptr) text += Line("directory", facts->directory);
  text += Section(session, "metrics", MetricLines(version));
  text += Section(session, "inputs", InputLines(version));
  if (facts == nullptr) return text;
  text += Section(session, "lineage", LineageLines(facts->lineage, ""));
  std::string files;
  for (const registry::ArtifactFile& file : facts->files) {
    files += fmt::format("  {:<15}{:>9}  {}\n", file.name, FormatBytes(file.size),
                         ShortDigest(file.digest));
  }
  return text + Section(session, "files", files);
}

std::string DifferenceTable(const ModelVersion& left, const ModelVersion& right,
                            const std::vector<VersionDifference>& differences,
                            const Session& session) {
  if (differences.empty())
    return fmt::format("{} and {} do not differ\n", VersionName(left), VersionName(right));
  std::vector<std::vector<Cell>> rows = {{{""}, {VersionName(left)}, {VersionName(right)}, {""}}};
  for (const VersionDifference& difference : differences) {
    std::string change;
    if (difference.left.is_number() && difference.right.is_number()) {
      change =
          fmt::format("{:+.4g}", difference.right.get<double>() - difference.left.get<double>());
    }
    const bool dotted = difference.section == "config" || difference.section == "deployment";
    const bool record = difference.section == "record";
    const std::string key =
        dotted || record ? difference.key : difference.section + "." + difference.key;
    auto shown = [](const Json& value) {
      if (value.is_string() && IsDigest(value.get<std::string>()))
        return ShortDigest(value.get<std::string>());
      return NumberText(value);
    };
    rows.push_back(
        {{Printable(key)}, {shown(difference.left)}, {shown(difference.right)}, {change}});
  }
  return Table(rows, session);
}

std::string AuditTable(const std::vector<AuditEntry>& entries, const Session& session) {
  std::vector<std::vector<Cell>> rows = {{{"AT"}, {"WHO"}, {"ACTION"}, {"VERSION"}, {"DETAIL"}}};
  for (const AuditEntry& entry : entries) {
    std::vector<std::string> details;
    for (const auto& [key, value] : entry.detail.items()) {
      const std::string text = NumberText(value);
      details.push_back(key + "=" + (IsDigest(text) ? ShortDigest(text) : text));
    }
    rows.push_back({{entry.at},
                    {Printable(entry.actor)},
                    {entry.action},
                    {fmt::format("{}:{}", entry.name, entry.registry_version)},
                    {Printable(Join(details, " "))}});
  }
  return Table(rows, session);
}

}  // namespace slipway::cli
