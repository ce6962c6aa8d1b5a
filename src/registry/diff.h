// What differs between two versions.
#pragma once

#include <string>
#include <vector>

#include "registry/types.h"

namespace slipway::registry {

struct VersionDifference {
  std::string section;  // "record", "metrics", "config", "deployment", "schema"
  std::string key;      // Dotted; for "schema" it begins with the input's name.
  Json left, right;     // null where absent.
};

// Records only: verdict, digests, algorithm, metrics, configuration by dotted key, inputs.
std::vector<VersionDifference> DiffVersions(const ModelVersion& left, const ModelVersion& right);

// Leaves that differ, keys dotted after `prefix`; arrays are compared as a whole.
void DiffJson(const Json& left, const Json& right, const std::string& section,
              const std::string& prefix, std::vector<VersionDifference>* out);

}  // namespace slipway::registry
