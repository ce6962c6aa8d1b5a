// An artifact's files against its manifest: in memory before they are stored, on disk whenever they
// are used.
#pragma once

#include <map>
#include <string>

#include "core/error.h"
#include "core/file_system.h"

namespace slipway::registry {

inline constexpr const char* kManifestFile = "manifest.json";
inline constexpr const char* kMetadataFile = "metadata.json";
inline constexpr const char* kMlModelFile = "MLmodel";

// kInvalidInput for a text that is no digest.
Error NotADigest(const std::string& text);

// Files in memory: manifest.json has this digest, every file it lists is there with its bytes, and
// nothing else is but the MLmodel that schema.json gives. kIntegrity names the first file that
// differs.
Status CheckArtifactFiles(const std::map<std::string, std::string>& files,
                          const std::string& digest);

// The same for a directory, where metadata.json may be too, the directory must be no link and
// everything in it a plain file: a link could be pointed elsewhere after it was checked.
Status CheckArtifactDirectory(FileSystem& files, const std::string& directory,
                              const std::string& digest);

// Writes files into a new directory `directory`, all of them and their names synced.
Status WriteFilesDurably(FileSystem& files, const std::string& directory,
                         const std::map<std::string, std::string>& contents);

}  // namespace slipway::registry
