// A verified copy of a registered version, outside of the registry.
#pragma once

#include <string>

#include "core/file_system.h"
#include "registry/registry.h"

namespace slipway::registry {

// Copies the version's artifact to `directory`, with metadata.json of this version and MLmodel. The
// directory appears whole or not at all; kAlreadyExists where something is there. Verified before
// and after copying.
Status DownloadVersion(Registry& registry, FileSystem& files, const ModelVersion& version,
                       const std::string& directory);

}  // namespace slipway::registry
