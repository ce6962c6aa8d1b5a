#include "registry/artifact_config.h"

#include "config/yaml_text.h"

namespace slipway::registry {

std::string ArtifactConfig::trainer() const { return GetString(model, "model_type"); }

Result<ArtifactConfig> ReadArtifactConfig(const std::string& text, const Json& lineage,
                                          const std::string& file) {
  ArtifactConfig config;
  if (text.empty()) return config;
  SLIPWAY_ASSIGN_OR_RETURN(const Json sections, config::JsonFromYaml(text, file));
  const auto section = [&](const char* name) {
    const bool there = sections.is_object() && sections.contains(name);
    return there && sections[name].is_object() ? sections[name] : Json::object();
  };
  config.data = section("data");
  config.model = section("model");
  if (lineage.is_object() && lineage.contains("hyperparameters"))
    config.model["hyperparameters"] = lineage["hyperparameters"];
  return config;
}

}  // namespace slipway::registry
