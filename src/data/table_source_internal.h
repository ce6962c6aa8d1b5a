// A table as the user names it, over the file or files that hold it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/progress.h"
#include "data/table_file_internal.h"

namespace slipway::data {

class TableSource {
 public:
  static Result<TableSource> Open(const std::string& path, const ReadOptions& options,
                                  const ReadTuning& tuning);

  // The columns to read, with the types to begin with.
  const std::vector<ColumnPlan>& plans() const { return plans_; }
  const ValueRules& rules() const { return *rules_; }
  int threads() const { return threads_; }
  int64_t bytes() const;

  // Goes through the columns of `plans`, which are some of plans(); returns the number of rows.
  // `checked` where all files were read before.
  Result<int64_t> Read(const std::vector<ColumnPlan>& plans, bool checked, PieceSink& sink,
                       ProgressSink& progress) const;

 private:
  TableSource() = default;

  std::unique_ptr<ValueRules> rules_;
  std::vector<std::unique_ptr<TableFile>> files_;
  std::vector<ColumnPlan> plans_;
  int threads_ = 1;
};

}  // namespace slipway::data
