#include "registry/diff.h"

#include <algorithm>

namespace slipway::registry {
namespace {

// {"age": {…}, …}, so that inputs are compared by name and not by place.
Json InputsByName(const Json& inputs) {
  Json named = Json::object();
  if (!inputs.is_array()) return named;
  for (const Json& input : inputs) {
    if (input.is_object()) named[GetString(input, "name")] = input;
  }
  return named;
}

const Json& Member(const Json& object, const std::string& key) {
  static const Json absent;
  const auto it = object.find(key);
  return it == object.end() ? absent : *it;
}

}  // namespace

void DiffJson(const Json& left, const Json& right, const std::string& section,
              const std::string& prefix, std::vector<VersionDifference>* out) {
  if (left == right) return;
  if (!left.is_object() || !right.is_object()) {
    out->push_back({section, prefix, left, right});
    return;
  }
  std::vector<std::string> keys;
  for (const Json* side : {&left, &right}) {
    for (const auto& [key, value] : side->items()) {
      if (std::ranges::find(keys, key) == keys.end()) keys.push_back(key);
    }
  }
  for (const std::string& key : keys) {
    DiffJson(Member(left, key), Member(right, key), section,
             prefix.empty() ? key : prefix + "." + key, out);
  }
}

std::vector<VersionDifference> DiffVersions(const ModelVersion& left, const ModelVersion& right) {
  std::vector<VersionDifference> differences;
  auto record = [](const ModelVersion& version) {
    return Json{
        {"name", version.name},           {"label", version.version},
        {"verdict", version.verdict},     {"framework", version.framework},
        {"algorithm", version.algorithm}, {"task", version.task},
        {"digest", version.digest},       {"training_data_hash", version.training_data_hash}};
  };
  DiffJson(record(left), record(right), "record", "", &differences);
  DiffJson(left.performance_metrics, right.performance_metrics, "metrics", "", &differences);
  DiffJson(left.training_config, right.training_config, "config", "model", &differences);
  DiffJson(left.deployment_config, right.deployment_config, "deployment", "deployment",
           &differences);
  const Json left_inputs = InputsByName(left.feature_schema);
  const Json right_inputs = InputsByName(right.feature_schema);
  DiffJson(left_inputs, right_inputs, "schema", "", &differences);
  return differences;
}

}  // namespace slipway::registry
