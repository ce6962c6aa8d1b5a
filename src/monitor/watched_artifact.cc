#include "monitor/watched_artifact.h"

#include "data/profile.h"
#include "model/types.h"

namespace slipway::monitor {
namespace {

// "" where there is none.
Result<std::string> TextIfThere(FileSystem& files, const std::string& path) {
  Result<std::string> text = files.ReadFile(path);
  if (!text.ok() && text.error().code() == ErrorCode::kNotFound) return std::string();
  return text;
}

}  // namespace

Result<WatchedArtifact> ReadWatchedArtifact(FileSystem& files, const std::string& directory) {
  WatchedArtifact artifact;
  const std::string metrics_path = JoinPath(directory, "metrics.json");
  SLIPWAY_ASSIGN_OR_RETURN(const std::string metrics, TextIfThere(files, metrics_path));
  if (!metrics.empty()) {
    SLIPWAY_ASSIGN_OR_RETURN(artifact.metrics, ParseJson(metrics, metrics_path));
  }
  const std::string profile_path = JoinPath(directory, "profile.json");
  SLIPWAY_ASSIGN_OR_RETURN(const std::string stored, TextIfThere(files, profile_path));
  if (stored.empty()) return artifact;
  SLIPWAY_ASSIGN_OR_RETURN(const data::TableProfile profile,
                           data::ReadStoredProfile(stored, profile_path));
  SLIPWAY_ASSIGN_OR_RETURN(const Json schema_json,
                           ReadJsonFile(files, JoinPath(directory, "schema.json")));
  SLIPWAY_ASSIGN_OR_RETURN(const model::ModelSchema schema,
                           model::ModelSchemaFromJson(schema_json));
  std::vector<std::string> features;
  for (const model::InputField& input : schema.inputs) features.push_back(input.name);
  artifact.bins = MakeBins(profile, features);
  return artifact;
}

}  // namespace slipway::monitor
