#include "registry/types.h"

#include <algorithm>

#include "core/hash.h"
#include "registry/registry_store.h"

namespace slipway::registry {
namespace {

Error WrongMember(const char* member, const char* expected) {
  return Error(ErrorCode::kInvalidInput,
               std::string("'") + member + "' is missing or has the wrong type")
      .Expected(expected);
}

Json MemberOr(const Json& json, const char* key, Json fallback) {
  const auto it = json.find(key);
  if (it != json.end() && !it->is_null()) fallback = *it;
  return fallback;
}

}  // namespace

std::string ModelVersion::model_id() const {
  return "m-" + std::string(HexOf(digest).substr(0, 32));
}

Json ToJson(const ModelVersion& version) {
  Json json = Json::object();
  json["model_id"] = version.model_id();
  json["name"] = version.name;
  json["version"] = version.version;
  json["registry_version"] = version.registry_version;
  json["digest"] = version.digest;
  json["status"] = version.status;
  json["verdict"] = version.verdict;
  json["framework"] = version.framework;
  json["algorithm"] = version.algorithm;
  json["task"] = version.task;
  json["training_data_hash"] = version.training_data_hash;
  json["feature_schema"] = version.feature_schema;
  json["performance_metrics"] = version.performance_metrics;
  json["training_config"] = version.training_config;
  json["deployment_config"] = version.deployment_config;
  json["created_at"] = version.created_at;
  json["created_by"] = version.created_by;
  json["run_id"] = version.run_id;
  json["size_bytes"] = version.size_bytes;
  json["tags"] = Json(version.tags);
  json["aliases"] = Json(version.aliases);
  return json;
}

Result<ModelVersion> ModelVersionFromJson(const Json& json) {
  if (!json.is_object())
    return Error(ErrorCode::kInvalidInput, "not a model record").Expected("an object");
  ModelVersion version;
  version.name = GetString(json, "name");
  if (version.name.empty()) return WrongMember("name", "the model's name");
  version.digest = GetString(json, "digest");
  if (!IsDigest(version.digest)) return WrongMember("digest", "\"sha256:\" and 64 hex digits");
  version.registry_version = GetInteger(json, "registry_version");
  version.version = GetString(json, "version");
  version.status = GetString(json, "status", version.status);
  version.verdict = GetString(json, "verdict", version.verdict);
  version.framework = GetString(json, "framework", version.framework);
  version.algorithm = GetString(json, "algorithm");
  version.task = GetString(json, "task");
  version.training_data_hash = GetString(json, "training_data_hash");
  version.feature_schema = MemberOr(json, "feature_schema", Json::array());
  version.performance_metrics = MemberOr(json, "performance_metrics", Json::object());
  version.training_config = MemberOr(json, "training_config", Json::object());
  version.deployment_config = MemberOr(json, "deployment_config", Json::object());
  version.created_at = GetString(json, "created_at");
  version.created_by = GetString(json, "created_by");
  version.run_id = GetString(json, "run_id");
  version.size_bytes = GetInteger(json, "size_bytes");
  const Json tags = MemberOr(json, "tags", Json::object());
  for (const auto& [key, value] : tags.items()) {
    if (!value.is_string()) return WrongMember("tags", "an object of strings");
    version.tags[key] = value.get<std::string>();
  }
  const Json aliases = MemberOr(json, "aliases", Json::array());
  for (const Json& alias : aliases) {
    if (!alias.is_string()) return WrongMember("aliases", "a list of strings");
    version.aliases.push_back(alias.get<std::string>());
  }
  return version;
}

Json ToJson(const AuditEntry& entry) {
  Json json = Json::object();
  json["at"] = entry.at;
  json["actor"] = entry.actor;
  json["action"] = entry.action;
  json["name"] = entry.name;
  json["registry_version"] = entry.registry_version;
  json["detail"] = entry.detail;
  return json;
}

std::vector<ModelVersion> FindByLabel(const std::vector<ModelVersion>& versions,
                                      const std::string& label) {
  std::vector<ModelVersion> found;
  std::ranges::copy_if(versions, std::back_inserter(found),
                       [&](const ModelVersion& version) { return version.version == label; });
  return found;
}

}  // namespace slipway::registry
