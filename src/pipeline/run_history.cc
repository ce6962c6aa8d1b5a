#include "pipeline/run_history.h"

#include <algorithm>
#include <filesystem>
#include <optional>

#include "core/replace_file.h"
#include "core/text.h"

namespace slipway::pipeline {
namespace {

// Beside a run's record, which stays as it is.
constexpr const char* kAgainFile = "again.json";

// The member, or an empty object where it is absent; nothing where it is something else.
std::optional<Json> ObjectOf(const Json& json, const char* key) {
  Json value = json.value(key, Json::object());
  return value.is_object() ? std::optional(std::move(value)) : std::nullopt;
}

// Nothing for a file that no run of ours wrote so: one bad file must not hide the other runs.
std::optional<RunEntry> EntryFromJson(const Json& json) {
  if (!json.is_object() || !json.contains("record")) return std::nullopt;
  const std::optional<Json> record = ObjectOf(json, "record");
  const std::optional<Json> hyperparameters = ObjectOf(json, "hyperparameters");
  const std::optional<Json> source = ObjectOf(json, "source");
  const std::optional<Json> config = ObjectOf(json, "config");
  if (!record || !hyperparameters || !source || !config) return std::nullopt;
  for (const char* key : {"metrics", "intervals"}) {
    if (!ObjectOf(*record, key)) return std::nullopt;
  }
  RunEntry entry;
  entry.record = *record;
  entry.run_id = GetString(entry.record, "run_id");
  if (entry.run_id.empty()) return std::nullopt;
  entry.started_at = GetString(json, "started_at");
  entry.last_at = entry.started_at;
  entry.seconds = GetNumber(json, "seconds");
  entry.algorithm = GetString(json, "algorithm");
  entry.hyperparameters = *hyperparameters;
  entry.config = *config;
  entry.source_path = GetString(*source, "path");
  entry.source_digest = GetString(*source, "digest");
  return entry;
}

// Members of mappings as dotted keys; lists are values.
void AddFields(const Json& value, const std::string& key, Json* fields) {
  if (!value.is_object()) {
    (*fields)[key] = value;
    return;
  }
  for (const auto& [name, member] : value.items()) AddFields(member, key + "." + name, fields);
}

Json ComparedFields(const RunEntry& run) {
  Json fields = Json::object();
  fields["source.path"] = run.source_path;
  fields["source.digest"] = run.source_digest;
  fields["environment"] = GetString(run.record, "environment");
  fields["algorithm"] = run.algorithm;
  AddFields(run.hyperparameters, "hyperparameters", &fields);
  for (const auto& [section, values] : run.config.items()) {
    Json told = values;
    // These have a line already.
    if (told.is_object()) {
      for (const char* key : {"source_path", "model_type", "hyperparameters"}) told.erase(key);
    }
    AddFields(told, section, &fields);
  }
  AddFields(run.record.value("metrics", Json::object()), "metrics", &fields);
  fields["status"] = GetString(run.record, "status");
  fields["digest"] = run.record.value("digest", Json());
  return fields;
}

}  // namespace

Result<std::vector<RunEntry>> ListRuns(FileSystem& files, const std::string& slipway_directory) {
  const std::string directory = JoinPath(slipway_directory, "runs");
  std::vector<RunEntry> runs;
  if (!files.Exists(directory)) return runs;
  SLIPWAY_ASSIGN_OR_RETURN(std::vector<std::string> names, files.List(directory));
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    const std::string of_run = JoinPath(directory, *name);
    auto json = ReadJsonFile(files, JoinPath(of_run, "run.json"));
    if (!json.ok()) continue;
    auto entry = EntryFromJson(*json);
    if (!entry) continue;
    const auto again = ReadJsonFile(files, JoinPath(of_run, kAgainFile));
    if (again.ok()) entry->last_at = std::max(entry->last_at, GetString(*again, "at"));
    runs.push_back(*std::move(entry));
  }
  std::ranges::sort(runs, std::ranges::greater{},
                    [](const RunEntry& run) { return std::pair(run.started_at, run.run_id); });
  return runs;
}

Result<RunEntry> FindRun(FileSystem& files, const std::string& slipway_directory,
                         const std::string& run_id) {
  SLIPWAY_ASSIGN_OR_RETURN(std::vector<RunEntry> runs, ListRuns(files, slipway_directory));
  if (runs.empty()) {
    return Error(ErrorCode::kNotFound, "no runs in " + slipway_directory).Try("slipway run first");
  }
  if (run_id == "latest") return runs.front();
  std::vector<std::string> names;
  std::vector<const RunEntry*> matches;
  for (const RunEntry& run : runs) {
    names.push_back(run.run_id);
    if (run.run_id == run_id) return run;
    if (run.run_id.starts_with(run_id)) matches.push_back(&run);
  }
  if (matches.size() == 1) return *matches.front();
  if (matches.size() > 1) {
    return Error(ErrorCode::kInvalidInput,
                 "'" + run_id + "' names " + std::to_string(matches.size()) + " runs")
        .Try("more of its letters, as 'slipway runs list' shows them");
  }
  const std::string nearest = NearestName(run_id, names);
  return Error(ErrorCode::kNotFound, "no run '" + run_id + "'")
      .Try(nearest.empty() ? "slipway runs list" : nearest + ", or slipway runs list");
}

Result<std::optional<RunEntry>> LastRunOfModel(FileSystem& files,
                                               const std::string& slipway_directory,
                                               const std::string& environment,
                                               const std::string& model) {
  SLIPWAY_ASSIGN_OR_RETURN(std::vector<RunEntry> runs, ListRuns(files, slipway_directory));
  std::erase_if(runs, [&](const RunEntry& run) {
    return GetString(run.record, "environment") != environment ||
           GetString(run.record, "model") != model || GetInteger(run.record, "version") <= 0;
  });
  const auto last = std::ranges::max_element(runs, {}, &RunEntry::last_at);
  if (last == runs.end()) return std::optional<RunEntry>();
  return std::optional(*last);
}

void NoteRunAgain(FileSystem& files, const std::string& run_directory, const Clock& clock) {
  const Json note = {{"at", FormatTimestamp(clock.Now())}};
  const std::string text = CompactJson(note);
  (void)ReplaceFile(files, JoinPath(run_directory, kAgainFile), Durability::kUnsynced,
                    [&](WritableFile& file) { return file.Append(text); });
}

std::vector<RunDifference> CompareRuns(const RunEntry& left, const RunEntry& right) {
  const Json left_fields = ComparedFields(left);
  const Json right_fields = ComparedFields(right);
  std::vector<RunDifference> differences;
  for (const auto& [key, value] : left_fields.items()) {
    const Json other = right_fields.value(key, Json());
    if (other != value) differences.push_back({key, value, other});
  }
  for (const auto& [key, value] : right_fields.items()) {
    if (!left_fields.contains(key)) differences.push_back({key, Json(), value});
  }
  return differences;
}

Result<std::string> FindSlipwayDirectory(FileSystem& files, const std::string& start) {
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(start, error);
  for (std::filesystem::path at = absolute; !error; at = at.parent_path()) {
    std::string candidate = (at / ".slipway").string();
    if (files.Exists(candidate)) return candidate;
    if (at == at.root_path() || at.empty()) break;
  }
  return Error(ErrorCode::kNotFound, "no .slipway/ here or in a folder above")
      .Try("slipway run --env development, or a folder in which it ran");
}

}  // namespace slipway::pipeline
