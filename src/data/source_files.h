// The files that a table is read from: one, those that a pattern matches, those of a folder.
//
// A pattern has `*`, `?` and `[…]` within a name and `**` for any number of folders; a path that is
// there as it is written is no pattern. A folder stands for all files in it and below. Names that
// begin with "." or "_" (as _SUCCESS does) are left out, unless the pattern spells the character.
//
// Folders named KEY=VALUE below the folder, or below the part of the pattern before its first
// wildcard, are columns (Hive's partitions). Both are percent-encoded;
// __HIVE_DEFAULT_PARTITION__ is a missing value.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/file_system.h"
#include "core/result.h"
#include "data/object_store.h"

namespace slipway::data {

struct SourceFileName {
  std::string path;  // To open it by.
  std::string name;  // From the folder on, or from where the pattern begins.
  // Key and value, nothing where that is missing.
  std::vector<std::pair<std::string, std::optional<std::string>>> partitions;
  ObjectInfo object;  // The version that was found, of an object.
};

struct SourceFiles {
  bool one = false;                      // A single file was named: `name` says nothing.
  std::vector<SourceFileName> files;     // At least one, sorted by name.
  std::shared_ptr<ObjectStore> objects;  // That the files are in; null for those of this machine.
};

// `path` may be an s3:// URI, of an object, a prefix or a pattern without "?", and no other.
// kNotFound (with near names) where there is none.
Result<SourceFiles> ListSourceFiles(const std::string& path, FileSystem& files = LocalFileSystem());

// "sha256:…" of a file's bytes, or of those of the version of an object that was found.
Result<std::string> DigestOfSourceFile(const SourceFiles& source, const SourceFileName& file);

}  // namespace slipway::data
