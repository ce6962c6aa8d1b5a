// Any YAML as plain values: what JsonToYaml of config/config.h wrote, read back.
#pragma once

#include <string>

#include "core/json.h"
#include "core/result.h"

namespace slipway::config {

// Scalars that are numbers and the like are typed. All mistakes at once; `file` is what they name.
Result<Json> JsonFromYaml(const std::string& text, const std::string& file);

}  // namespace slipway::config
