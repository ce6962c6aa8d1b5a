#include "core/replace_file.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <memory>

namespace slipway {
namespace {

constexpr std::string_view kTemporaryPrefix = ".tmp-";

struct TemporaryFile {
  std::string path;
  std::unique_ptr<WritableFile> file;
};

// A name that is taken belongs to somebody else, who may still be writing: it stays untouched.
Result<TemporaryFile> CreateTemporary(FileSystem& files, const std::string& directory) {
  constexpr int kTries = 100;
  for (int i = 1;; ++i) {
    std::string path = TemporaryPathIn(directory);
    auto file = files.CreateFile(path);
    if (file.ok()) return TemporaryFile{std::move(path), *std::move(file)};
    if (file.error().code() != ErrorCode::kAlreadyExists || i == kTries) return file.error();
  }
}

}  // namespace

std::string RandomName() {
  std::array<unsigned char, 16> bytes{};
  while (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    // Every kernel that we run on has it, and this few bytes are never given in part.
    if (errno != EINTR) std::abort();
  }
  std::string name;
  for (const unsigned char byte : bytes) name += fmt::format("{:02x}", byte);
  return name;
}

std::string TemporaryPathIn(std::string_view directory) {
  return fmt::format("{}/{}{}", directory, kTemporaryPrefix, RandomName());
}

bool IsTemporaryName(std::string_view name) { return name.starts_with(kTemporaryPrefix); }

Status ReplaceFile(FileSystem& files, const std::string& path, Durability durability,
                   const std::function<Status(WritableFile&)>& write) {
  const bool synced = durability == Durability::kSynced;
  const std::string directory = DirectoryOf(path);
  SLIPWAY_RETURN_IF_ERROR(files.CreateDirectories(directory));
  SLIPWAY_ASSIGN_OR_RETURN(TemporaryFile temporary, CreateTemporary(files, directory));
  auto fill = [&]() -> Status {
    SLIPWAY_RETURN_IF_ERROR(write(*temporary.file));
    if (synced) SLIPWAY_RETURN_IF_ERROR(temporary.file->Sync());
    SLIPWAY_RETURN_IF_ERROR(temporary.file->Close());
    return files.Rename(temporary.path, path);
  };
  if (Status filled = fill(); !filled.ok()) {
    // The first failure is what the user must see, and a full disk must not stay full of it.
    (void)files.RemoveFile(temporary.path);
    return filled;
  }
  return synced ? files.SyncDirectory(directory) : Status();
}

Status WriteFileAtomically(FileSystem& files, const std::string& path, std::string_view bytes) {
  return ReplaceFile(files, path, Durability::kSynced,
                     [&](WritableFile& file) { return file.Append(bytes); });
}

}  // namespace slipway
