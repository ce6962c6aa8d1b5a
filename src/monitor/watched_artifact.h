// What the monitor needs of a version's artifact: what it reached when it was tested, and what it
// was trained on.
#pragma once

#include <string>
#include <vector>

#include "core/file_system.h"
#include "core/json.h"
#include "core/result.h"
#include "monitor/drift_bins.h"

namespace slipway::monitor {

struct WatchedArtifact {
  Json metrics;                   // metrics.json; null where there is none.
  std::vector<FeatureBins> bins;  // Of its features; none where there is no profile.
};

// From the artifact's directory, whose digest whoever gives it has verified. A file that is not
// there is no error, one that can't be read is.
Result<WatchedArtifact> ReadWatchedArtifact(FileSystem& files, const std::string& directory);

}  // namespace slipway::monitor
