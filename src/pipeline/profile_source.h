// The profile of whatever holds one: a table of any size, or a profile that was stored.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/progress.h"
#include "core/result.h"
#include "data/profile.h"
#include "data/reader.h"

namespace slipway::pipeline {

struct ProfiledSource {
  data::TableProfile profile;
  std::vector<data::Issue> issues;  // Of reading the table.
  bool stored = false;              // There was no table: no sample, no examples of rows.
};

// `path` is a table, a `.json` file that WriteProfile wrote, or an artifact directory, whose
// profile.json is of the training rows. Memory is bounded. kInvalidInput for a table without rows,
// and as ScanTable.
Result<ProfiledSource> ProfileSource(const std::string& path, const data::ReadOptions& read,
                                     const data::ProfileOptions& options,
                                     ProgressSink& progress = SilentProgress());

// Both, side by side where neither is a table.
Result<std::pair<ProfiledSource, ProfiledSource>> ProfileTwo(
    const std::string& first, const std::string& second, const data::ReadOptions& read,
    const data::ProfileOptions& options, ProgressSink& progress = SilentProgress());

// Whether `path` is of a stored profile: a folder that holds one, or a .json file that begins as
// one does. Other JSON is a table, as is all whose `format` is said ("auto" where it is not).
bool IsStoredProfile(const std::string& path, const std::string& format);

// The file appears whole or not at all.
Status WriteProfile(const std::string& path, const data::TableProfile& profile);

}  // namespace slipway::pipeline
