// A table as the user names it, over the file or files that hold it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/progress.h"
#include "data/source_files.h"
#include "data/table_file_internal.h"
#include "data/table_format_internal.h"

namespace slipway::data {

class TableSource {
 public:
  static Result<TableSource> Open(const std::string& path, const ReadOptions& options,
                                  const ReadTuning& tuning);

  // The columns to read, with the types to begin with.
  const std::vector<ColumnPlan>& plans() const { return plans_; }
  // `unreadable_column` of what is left out.
  const std::vector<Issue>& issues() const { return issues_; }
  const ValueRules& rules() const { return *rules_; }
  int threads() const { return threads_; }
  int64_t bytes() const;
  // Of the rows of a query, once they were read; "" of files.
  std::string digest() const { return parts_.front().file->source().digest(); }

  // Goes through the columns of `plans`, which are some of plans(); returns the number of rows.
  // `checked` where all files were read before.
  Result<int64_t> Read(const std::vector<ColumnPlan>& plans, bool checked, PieceSink& sink,
                       ProgressSink& progress) const;

 private:
  // One file's part of the table.
  struct Part {
    std::unique_ptr<TableFile> file;
    // By the table's columns: which of the file's it is, -1 where it has none.
    std::vector<int> columns;
    // By the table's columns: what it is in every row of a file that has none; nothing for missing.
    std::vector<std::optional<std::string>> values;
  };

  TableSource() = default;
  Status OpenQuery(const std::string& uri, const ReadOptions& options, const ReadTuning& tuning);
  Status OpenPath(const std::string& path, const ReadOptions& options, const ReadTuning& tuning);
  Status OpenFiles(const SourceFiles& files, const ReadOptions& options, const ReadTuning& tuning);
  Status NameColumns(const SourceFiles& files, bool absent_is_missing);
  Status MatchColumns(Part& part, const SourceFileName& name, bool absent_is_missing) const;
  Status ChooseTypes(const ReadOptions& options);
  // Takes the files' own types; whether they have some.
  Result<bool> TakeTypes(ColumnPlan& plan, bool asked_for);
  Status GuessTypes();
  Result<PassEnd> ReadPart(const Part& part, const ReadPass& pass, PieceSink& sink) const;
  bool many() const { return parts_.size() > 1; }

  std::unique_ptr<ValueRules> rules_;
  std::vector<Part> parts_;
  std::vector<std::string> names_;
  std::vector<ColumnPlan> plans_;
  std::vector<Issue> issues_;
  int threads_ = 1;
};

}  // namespace slipway::data
