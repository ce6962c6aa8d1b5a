// `--report FILE` of the commands on tables: a document in the form that the file's ending names.
#pragma once

#include <string>
#include <vector>

#include "core/result.h"
#include "data/drift.h"
#include "data/profile.h"
#include "data/repeated_rows.h"
#include "data/types.h"

namespace CLI {
class App;
}

namespace slipway::cli {

// An ending that is not known is a usage error, before anything is read. `paths` must outlive the
// command line.
void AddReportOption(CLI::App* command, std::vector<std::string>* paths);

// Each writes a document to each of `paths`, which appears whole or not at all.

// Of a profile that was made of `sources`, with the issues of reading them.
Status WriteProfileReports(const std::vector<std::string>& paths,
                           const std::vector<std::string>& sources,
                           const data::TableProfile& profile, const std::string& target,
                           std::vector<data::Issue> issues);
// Of a verdict on the table at `source`.
Status WriteVerdictReports(const std::vector<std::string>& paths, const std::string& source,
                           const data::DatasetReport& verdict,
                           const data::RepeatedRowsSummary& repeated, const std::string& target);
// Of two tables that were compared: their names and profiles.
struct ComparedTable {
  const std::string& name;
  const data::TableProfile& profile;
};
Status WriteDriftReports(const std::vector<std::string>& paths, const ComparedTable& reference,
                         const ComparedTable& current, const data::DriftReport& drift);

}  // namespace slipway::cli
