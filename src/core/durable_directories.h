// Directories that are still there after a power failure.
#pragma once

#include <string>

#include "core/file_system.h"

namespace slipway {

// Like mkdir -p, and syncs the parent of each directory that it made and of `path` itself: the name
// of a directory that another process made just now may not be durable yet. New directories are
// readable by their owner only.
Status MakeDurableDirectories(FileSystem& files, const std::string& path);

}  // namespace slipway
