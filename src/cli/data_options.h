// What the commands on tables share: how a file is read, and what is told of reading it.
#pragma once

#include <string>
#include <vector>

#include "cli/session.h"
#include "data/profile.h"
#include "data/reader.h"

namespace slipway::cli {

struct ReadingOptions {
  std::vector<std::string> missing_values = data::ReadOptions().missing_values;
  std::vector<std::string> columns;  // Only these; empty for all.
  std::string format = data::ReadOptions().format;
  std::string decimal = ".";
  std::string query;
  int threads = 0;
};

// --missing-values, --format, --decimal, --query, --threads. `options` must outlive the command
// line.
void AddReadingOptions(CLI::App* command, ReadingOptions* options);
// --columns.
void AddColumnsOption(CLI::App* command, ReadingOptions* options);
// All of them but the columns.
data::ReadOptions ToReadOptions(const ReadingOptions& options);

// kInvalidInput with the nearest name unless `target`, given with --target, is "" or a column.
Status CheckTarget(const std::string& target, const data::TableProfile& profile);

// Values that can't be read count as missing, and are told.
void WarnOfIssues(const std::string& path, const std::vector<data::Issue>& issues,
                  Session& session);

// The commands of `slipway data`, each in a file of its name.
void AddDataDrift(CLI::App* data, Session& session);
void AddDataProfile(CLI::App* data, Session& session);
void AddDataSample(CLI::App* data, Session& session);
// `snapshot` and `restore`.
void AddDataSnapshot(CLI::App* data, Session& session);
void AddDataSchema(CLI::App* data, Session& session);
void AddDataValidate(CLI::App* data, Session& session);

}  // namespace slipway::cli
