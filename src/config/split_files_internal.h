// What stands in model_config.yaml and deployment_config.yaml, and how it becomes part of an
// environment.
#pragma once

#include <string>
#include <vector>

#include "config/node_internal.h"

namespace slipway::config {

// Sections that only lend their values to others by anchors.
bool IsHidden(const std::string& name);

// A split file: its section ("model", "deployment") and the environments of the main file, which
// its top-level keys are told apart by.
struct SplitFile {
  const YamlNode& root;
  const std::string& section;
  const std::vector<std::string>& environments;

  // True for a top-level key whose value belongs to that environment (or to `default`).
  bool IsEnvironment(const std::string& key) const;
  // True for the section itself and for one of its keys: they serve every environment.
  bool IsShared(const std::string& key) const;
};

// Tells top-level keys that are none of these: they would be ignored.
void CheckSplitFile(const SplitFile& file, Problems* problems);

// What serves every environment, each part as the main file would have it: {model: …}.
std::vector<YamlNode> SharedParts(const SplitFile& file);

// An environment of a split file as the main file would have it: {model: …}, whether or not it says
// "model" itself.
YamlNode AsSection(const Entry& environment, const std::string& section);

// Lays the entries of `from` into `into`; a key that is there already is told with both places.
void JoinFiles(YamlNode* into, YamlNode from, const std::string& key, Problems* problems);

}  // namespace slipway::config
