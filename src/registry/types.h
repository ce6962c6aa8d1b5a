// Versions of models.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/result.h"

namespace slipway::registry {

// The ModelMetadata record of one registered version; metadata.json beside its artifact.
struct ModelVersion {
  std::string name;
  int64_t registry_version = 0;        // 1, 2, 3 … within the name, never reused.
  std::string version;                 // The label: the configuration's `version`.
  std::string digest;                  // "sha256:…" of the artifact's manifest.
  std::string status = "development";  // "development", "staging", "production", "archived"
  std::string verdict = "passed";      // "passed", "failed"
  std::string framework = "slipway";
  std::string algorithm;  // model_type
  std::string task;
  std::string training_data_hash;  // "sha256:…" of the source bytes.
  Json feature_schema = Json::array();
  Json performance_metrics = Json::object();
  Json training_config = Json::object();
  Json deployment_config = Json::object();
  std::string created_at;  // "2026-11-23T06:41:07.123Z"; set by the registry.
  std::string created_by;
  std::string run_id;
  int64_t size_bytes = 0;  // Of the artifact's files.
  std::map<std::string, std::string> tags;
  std::vector<std::string> aliases;  // Besides the status.
  // Where an imported artifact lay: asked when it is registered, for the audit log, and no part of
  // the record.
  std::string imported_from;

  // "m-" and the first 32 hex digits of the digest.
  std::string model_id() const;
};

Json ToJson(const ModelVersion& version);
Result<ModelVersion> ModelVersionFromJson(const Json& json);

// A reference as the contract writes it.
struct ModelReference {
  enum class Kind { kNewest, kVersion, kAlias, kDigest, kPath };
  Kind kind = Kind::kNewest;
  std::string name;     // kNewest, kVersion, kAlias.
  int64_t version = 0;  // kVersion.
  std::string alias;    // kAlias: a stage or an alias.
  std::string digest;   // kDigest: "sha256:" and 8 to 64 hex digits.
  std::string path;     // kPath.
};

// kInvalidInput tells the five forms. NAME@latest is the newest version, as NAME is.
Result<ModelReference> ParseModelReference(const std::string& text);
// As the user would write it.
std::string ToString(const ModelReference& reference);

// Names: 1 to 128 of letters, digits, '.', '_', '-', starting with a letter or digit; not what a
// reference could mean otherwise ("sha256", a name that ends in ".onnx").
Status CheckModelName(const std::string& name);
Status CheckAlias(const std::string& alias);  // The same, and not a reserved stage nor "latest".
// Keys: 1 to 250 printable characters without '='; values: up to 8,192 bytes without NUL.
Status CheckTag(const std::string& key, const std::string& value);

// "development", "staging", "production", "archived".
const std::vector<std::string>& Stages();
Status CheckStage(const std::string& stage);

// Versions with this label, in the order given.
std::vector<ModelVersion> FindByLabel(const std::vector<ModelVersion>& versions,
                                      const std::string& label);

}  // namespace slipway::registry
