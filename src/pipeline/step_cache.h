// Results of steps by the digest of everything they depend on.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/file_system.h"
#include "core/json.h"
#include "core/result.h"

namespace slipway::pipeline {

// Entries are files under one directory. Each carries a digest of its bytes, so that an entry torn
// by a crash is a miss and never a wrong answer; therefore nothing is synced. Safe from several
// threads and processes.
class StepCache {
 public:
  // With `read` false everything misses, and results are still kept.
  StepCache(FileSystem& files, std::string directory, bool read);

  std::optional<std::string> Get(const std::string& key, std::string_view name);
  std::optional<Json> GetJson(const std::string& key, std::string_view name);
  // A full disk or a missing permission is an error: the user must know that the run can't be
  // resumed.
  Status Put(const std::string& key, std::string_view name, std::string_view bytes);
  Status PutJson(const std::string& key, std::string_view name, const Json& value);

  // Where others may write a file for this key (a Parquet table); its directory exists afterwards.
  Result<std::string> PathFor(const std::string& key, std::string_view name);
  // Notes the digest of a file written there, without which it is not found.
  Status Seal(const std::string& key, std::string_view name);
  // The path of a sealed file that still has its digest.
  std::optional<std::string> FindFile(const std::string& key, std::string_view name);

  // Removes the entries not touched for the longest time until at most `limit_bytes` remain, and
  // what killed processes were writing an hour ago or longer.
  void Prune(int64_t limit_bytes);

 private:
  FileSystem& files_;
  std::string directory_;
  bool read_;
};

// "sha256" hex over fields, each with its length: the key of a step.
std::string StepKey(std::initializer_list<std::string_view> fields);

}  // namespace slipway::pipeline
