// JSON values as lines of block YAML.
#pragma once

#include <string>
#include <vector>

#include "core/json.h"

namespace slipway::config {

struct YamlLine {
  std::string text;  // With indentation, without the newline.
  std::string key;  // Dotted, of the scalar or list that begins here; "" for lines inside lists and
                    // of mappings.
};

std::vector<YamlLine> YamlLines(const Json& value);

}  // namespace slipway::config
