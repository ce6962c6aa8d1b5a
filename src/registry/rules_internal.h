// What every RegistryStore checks and says alike.
#pragma once

#include <string>
#include <vector>

#include "core/clock.h"
#include "core/result.h"
#include "registry/types.h"

namespace slipway::registry {

// Name, digest, verdict, label and tags of a version to be registered.
Status CheckNewVersion(const ModelVersion& version);

// The version as it will be recorded, but for its number.
ModelVersion NewVersion(ModelVersion given, const Clock& clock);

// Details of audit entries.
Json RegisterDetail(const ModelVersion& version);
Json PromoteDetail(const std::string& from, const std::string& to, const Json& more);
Json DisplacedDetail(const std::string& stage, int64_t by);
Json DeleteDetail(const ModelVersion& version);

// staging and production hold one version each.
bool IsExclusiveStage(const std::string& stage);

// kNotFound, with what there is and the nearest name.
Error NoSuchModel(const std::string& name, const std::vector<std::string>& names);
// `numbers` newest first.
Error NoSuchVersion(const std::string& name, int64_t version, const std::vector<int64_t>& numbers);
Error NoSuchAlias(const std::string& name, const std::string& alias,
                  const std::vector<std::string>& present);
Error NoSuchDigest(const std::string& digest);
Error NoSuchTag(const ModelVersion& version, const std::string& key);
// kInvalidInput: the digits name several artifacts.
Error AmbiguousDigest(const std::string& digest, const std::vector<std::string>& candidates);
// kConflict.
Error StillInUse(const ModelVersion& version);
Error PathIsNoVersion(const std::string& path);
Error NoRegistry(const std::string& directory);

}  // namespace slipway::registry
