// What an artifact's config.yaml says of how it was made. The digest covers it, which it does not
// the record beside it.
#pragma once

#include <string>

#include "core/json.h"
#include "core/result.h"

namespace slipway::registry {

struct ArtifactConfig {
  Json data = Json::object();
  Json model = Json::object();  // With the hyper-parameters that were trained.

  std::string trainer() const;  // "random_forest"; "" where it does not say.
};

// `text` is that of config.yaml, "" where there is none; `lineage` what lineage.json holds, which
// has the hyper-parameters that a search found. `file` is what mistakes name.
Result<ArtifactConfig> ReadArtifactConfig(const std::string& text, const Json& lineage,
                                          const std::string& file);

}  // namespace slipway::registry
