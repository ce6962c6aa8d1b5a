// Files that appear whole or not at all, and names that nobody else has.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "core/file_system.h"

namespace slipway {

// 32 random hex digits from the kernel: a name that no other process chooses, in whatever container
// or process namespace it runs, and that nobody can guess and prepare.
std::string RandomName();

// A path in `directory` that nobody uses, for a file that will be renamed once it is whole.
std::string TemporaryPathIn(std::string_view directory);
// Whether a file was named so.
bool IsTemporaryName(std::string_view name);

enum class Durability { kSynced, kUnsynced };
// Puts what `write` appends at `path`, through a temporary file beside it that is renamed at the
// end: whoever reads sees the old file or the new one. With kSynced a crash of the machine leaves
// one of them too. Creates the directory if needed. A failure leaves nothing behind; a killed
// process leaves a file that IsTemporaryName tells.
Status ReplaceFile(FileSystem& files, const std::string& path, Durability durability,
                   const std::function<Status(WritableFile&)>& write);

}  // namespace slipway
