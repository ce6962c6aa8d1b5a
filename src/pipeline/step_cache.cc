#include "pipeline/step_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "core/clock.h"
#include "core/hash.h"
#include "core/replace_file.h"

namespace slipway::pipeline {
namespace {

std::string EntryPath(const std::string& directory, const std::string& key, std::string_view name) {
  return fmt::format("{}/{}/{}-{}", directory, key.substr(0, 2), key.substr(2), name);
}

// Another process may still be writing a younger one.
bool IsLeftover(const FileStat& stat) {
  const auto oldest = SystemClock().Now() - std::chrono::hours(1);
  return stat.modified_ns <
         std::chrono::duration_cast<std::chrono::nanoseconds>(oldest.time_since_epoch()).count();
}

std::string SealName(std::string_view name) { return std::string(name) + ".sha256"; }

}  // namespace

StepCache::StepCache(FileSystem& files, std::string directory, bool read)
    : files_(files), directory_(std::move(directory)), read_(read) {}

std::optional<std::string> StepCache::Get(const std::string& key, std::string_view name) {
  if (!read_) return std::nullopt;
  auto bytes = files_.ReadFile(EntryPath(directory_, key, name));
  if (!bytes.ok()) return std::nullopt;
  const size_t newline = bytes->find('\n');
  if (newline == std::string::npos) return std::nullopt;
  const std::string_view payload = std::string_view(*bytes).substr(newline + 1);
  if (DigestOf(payload) != std::string_view(*bytes).substr(0, newline)) return std::nullopt;
  return std::string(payload);
}

std::optional<Json> StepCache::GetJson(const std::string& key, std::string_view name) {
  const std::optional<std::string> text = Get(key, name);
  if (!text) return std::nullopt;
  auto json = ParseJson(*text, std::string(name));
  if (!json.ok()) return std::nullopt;
  return *std::move(json);
}

Status StepCache::Put(const std::string& key, std::string_view name, std::string_view bytes) {
  return ReplaceFile(files_, EntryPath(directory_, key, name), Durability::kUnsynced,
                     [&](WritableFile& file) -> Status {
                       SLIPWAY_RETURN_IF_ERROR(file.Append(DigestOf(bytes) + "\n"));
                       return file.Append(bytes);
                     });
}

Status StepCache::PutJson(const std::string& key, std::string_view name, const Json& value) {
  return Put(key, name, CompactJson(value));
}

Result<std::string> StepCache::PathFor(const std::string& key, std::string_view name) {
  std::string path = EntryPath(directory_, key, name);
  SLIPWAY_RETURN_IF_ERROR(files_.CreateDirectories(DirectoryOf(path)));
  return path;
}

Status StepCache::Seal(const std::string& key, std::string_view name) {
  SLIPWAY_ASSIGN_OR_RETURN(const std::string digest,
                           DigestOfFile(EntryPath(directory_, key, name)));
  return Put(key, SealName(name), digest);
}

std::optional<std::string> StepCache::FindFile(const std::string& key, std::string_view name) {
  const std::optional<std::string> sealed = Get(key, SealName(name));
  if (!sealed) return std::nullopt;
  std::string path = EntryPath(directory_, key, name);
  const Result<std::string> digest = DigestOfFile(path);
  if (!digest.ok() || *digest != *sealed) return std::nullopt;
  return path;
}

void StepCache::Prune(int64_t limit_bytes) {
  struct Entry {
    std::string path;
    int64_t size;
    int64_t modified_ns;
  };
  std::vector<Entry> entries;
  int64_t total = 0;
  auto shelves = files_.List(directory_);
  if (!shelves.ok()) return;
  for (const std::string& shelf : *shelves) {
    auto names = files_.List(JoinPath(directory_, shelf));
    if (!names.ok()) continue;
    for (const std::string& name : *names) {
      const std::string path = JoinPath(JoinPath(directory_, shelf), name);
      auto stat = files_.Stat(path);
      if (!stat.ok() || stat->is_directory) continue;
      if (IsTemporaryName(name)) {
        if (IsLeftover(*stat)) (void)files_.RemoveFile(path);
        continue;
      }
      entries.push_back({path, stat->size, stat->modified_ns});
      total += stat->size;
    }
  }
  std::ranges::sort(entries, {}, &Entry::modified_ns);
  for (const Entry& entry : entries) {
    if (total <= limit_bytes) return;
    // Another process may have removed it already, which is as good.
    (void)files_.RemoveFile(entry.path);
    total -= entry.size;
  }
}

std::string StepKey(std::initializer_list<std::string_view> fields) {
  Sha256 hash;
  for (const std::string_view field : fields) hash.UpdateField(field);
  return hash.FinishHex();
}

}  // namespace slipway::pipeline
