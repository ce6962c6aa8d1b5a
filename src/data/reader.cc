#include "data/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <mutex>
#include <optional>
#include <string_view>

#include "core/parallel.h"
#include "core/text.h"
#include "data/folding_internal.h"
#include "data/reader_internal.h"
#include "data/table_source_internal.h"

namespace slipway::data {
namespace {

bool Contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

ColumnPlan PlanColumn(const std::string& name, size_t source, const ReadOptions& options) {
  ColumnPlan plan;
  plan.name = name;
  plan.source = static_cast<int>(source);
  plan.forced = true;
  if (Contains(options.categorical_columns, name)) {
    plan.type = ColumnType::kCategory;
  } else if (Contains(options.numeric_columns, name)) {
    plan.type = ColumnType::kNumeric;
  } else if (Contains(options.timestamp_columns, name)) {
    plan.type = ColumnType::kTimestamp;
  } else {
    plan.forced = false;
  }
  return plan;
}

Error MissingColumn(const std::string& name, const std::vector<std::string>& names,
                    const ByteSource& file) {
  Error error = file.Invalid(fmt::format("there is no column '{}'", name));
  const std::string nearest = NearestName(name, names);
  if (!nearest.empty()) return std::move(error).Try(fmt::format("'{}'", nearest));
  constexpr size_t kMaxListed = 20;
  if (names.size() > kMaxListed) return error;
  return std::move(error).Expected("one of " + JoinOr(names));
}

// Keeps all pieces, to make columns of them.
class PieceCollector : public PieceSink {
 public:
  Status Take(size_t index, std::vector<ColumnPiece> pieces, int /*threads*/) override {
    for (ColumnPiece& piece : pieces) piece.Finish();
    const std::lock_guard lock(mutex_);
    if (blocks_.size() <= index) blocks_.resize(index + 1);
    blocks_[index] = std::move(pieces);
    return {};
  }

  Result<std::vector<MergedColumn>> Merge(const std::vector<ColumnPlan>& plans, int threads) {
    std::vector<MergedColumn> columns(plans.size());
    SLIPWAY_RETURN_IF_ERROR(ParallelFor(plans.size(), threads, [&](size_t i) -> Status {
      std::vector<ColumnPiece*> pieces;
      for (std::vector<ColumnPiece>& block : blocks_) pieces.push_back(&block[i]);
      columns[i] = MergePieces(plans[i], pieces);
      return {};
    }));
    return columns;
  }

 private:
  std::mutex mutex_;
  std::vector<std::vector<ColumnPiece>> blocks_;  // Guarded by mutex_ while blocks come.
};

// Shows each block to a sink and keeps only what is told of its columns.
class BlockShower : public PieceSink {
 public:
  BlockShower(BlockSink& sink, size_t columns, int threads)
      : sink_(sink), folding_(sink, 4 * static_cast<size_t>(threads)), tallies_(columns) {}

  Status Take(size_t index, std::vector<ColumnPiece> pieces, int threads) override {
    Block block;
    block.rows = pieces.empty() ? 0 : pieces.front().rows();
    std::vector<ColumnTally> tallies(pieces.size());
    SLIPWAY_RETURN_IF_ERROR(ParallelFor(pieces.size(), threads, [&](size_t i) -> Status {
      tallies[i] = pieces[i].Finish();
      return {};
    }));
    for (const ColumnPiece& piece : pieces) block.columns.push_back(piece.View());
    {
      const std::lock_guard lock(mutex_);
      waiting_.emplace(index, std::move(tallies));
      for (; !waiting_.empty() && waiting_.begin()->first == next_; ++next_) {
        const std::vector<ColumnTally> turn =
            std::move(waiting_.extract(waiting_.begin()).mapped());
        for (size_t i = 0; i < turn.size(); ++i) tallies_[i].Append(turn[i]);
      }
    }
    folding_.Add(index, block.rows, sink_.Reduce(block, threads));
    return {};
  }

  void Abandon() override { folding_.Abandon(); }

  const std::vector<ColumnTally>& tallies() const { return tallies_; }

 private:
  BlockSink& sink_;
  OrderedFolding folding_;
  std::mutex mutex_;  // Guards all below.
  std::vector<ColumnTally> tallies_;
  std::map<size_t, std::vector<ColumnTally>> waiting_;
  size_t next_ = 0;
};

}  // namespace

Result<std::vector<ColumnPlan>> PlanColumns(const std::vector<std::string>& names,
                                            const ReadOptions& options, const ByteSource& file) {
  std::vector<ColumnPlan> plans;
  std::optional<Error> missing;
  const std::vector<std::string>& wanted = options.columns.empty() ? names : options.columns;
  for (size_t i = 0; i < wanted.size(); ++i) {
    const auto found = options.columns.empty() ? names.begin() + static_cast<std::ptrdiff_t>(i)
                                               : std::find(names.begin(), names.end(), wanted[i]);
    if (found == names.end()) {
      Error error = MissingColumn(wanted[i], names, file);
      missing = missing ? std::move(*missing).Also(std::move(error)) : std::move(error);
      continue;
    }
    plans.push_back(PlanColumn(*found, static_cast<size_t>(found - names.begin()), options));
  }
  if (missing) return *std::move(missing);
  return plans;
}

Status CheckNames(const std::vector<std::string>& names, const ByteSource& file, int64_t line) {
  std::vector<std::pair<std::string_view, size_t>> sorted;
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i].empty()) {
      return file.Invalid(fmt::format("column {} of {} has no name", i + 1, names.size()), line)
          .Expected("a header with a name for each column")
          .Try("naming it, or leaving the index out where the file is written");
    }
    sorted.emplace_back(names[i], i);
  }
  std::sort(sorted.begin(), sorted.end());
  for (size_t i = 1; i < sorted.size(); ++i) {
    if (sorted[i].first != sorted[i - 1].first) continue;
    return file
        .Invalid(fmt::format("columns {} and {} are both named '{}'", sorted[i - 1].second + 1,
                             sorted[i].second + 1, sorted[i].first),
                 line)
        .Expected("a name of its own for each column");
  }
  return {};
}

Result<ReadResult> ReadTableInBlocks(const std::string& path, const ReadOptions& options,
                                     const ReadTuning& tuning, ProgressSink& progress) {
  SLIPWAY_ASSIGN_OR_RETURN(const TableSource source, TableSource::Open(path, options, tuning));
  PieceCollector first;
  ReadResult result;
  result.issues = source.issues();
  SLIPWAY_ASSIGN_OR_RETURN(result.table.rows, source.Read(source.plans(), false, first, progress));
  SLIPWAY_ASSIGN_OR_RETURN(std::vector<MergedColumn> columns,
                           first.Merge(source.plans(), source.threads()));
  std::vector<size_t> again;
  std::vector<ColumnPlan> again_plans;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (!columns[i].verdict.better_type) continue;
    again.push_back(i);
    again_plans.push_back(source.plans()[i]);
    again_plans.back().type = *columns[i].verdict.better_type;
    columns[i] = {};
  }
  if (!again.empty()) {
    PieceCollector second;
    SLIPWAY_RETURN_IF_ERROR(source.Read(again_plans, true, second, SilentProgress()));
    SLIPWAY_ASSIGN_OR_RETURN(std::vector<MergedColumn> better,
                             second.Merge(again_plans, source.threads()));
    for (size_t i = 0; i < again.size(); ++i) columns[again[i]] = std::move(better[i]);
  }
  for (MergedColumn& column : columns) {
    result.table.columns.push_back(std::move(column.column));
    std::ranges::move(column.verdict.issues, std::back_inserter(result.issues));
  }
  result.bytes = source.bytes();
  result.digest = source.digest();
  return result;
}

Result<ScanResult> ScanTableInBlocks(const std::string& path, const ReadOptions& options,
                                     const ReadTuning& tuning, BlockSink& sink,
                                     ProgressSink& progress) {
  SLIPWAY_ASSIGN_OR_RETURN(const TableSource source, TableSource::Open(path, options, tuning));
  std::vector<ColumnPlan> plans = source.plans();
  // Types found wrong in one pass are right in the next: a column has one type that its values
  // speak for.
  for (bool checked : {false, true}) {
    ScanResult result;
    result.issues = source.issues();
    for (const ColumnPlan& plan : plans) result.columns.push_back({plan.name, plan.type});
    SLIPWAY_RETURN_IF_ERROR(sink.Begin(result.columns));
    BlockShower shower(sink, plans.size(), source.threads());
    SLIPWAY_ASSIGN_OR_RETURN(result.rows, source.Read(plans, checked, shower, progress));
    bool again = false;
    for (size_t i = 0; i < plans.size(); ++i) {
      ColumnVerdict verdict = Judge(plans[i], shower.tallies()[i]);
      if (!checked && verdict.better_type) {
        plans[i].type = *verdict.better_type;
        again = true;
      }
      std::ranges::move(verdict.issues, std::back_inserter(result.issues));
    }
    if (again) continue;
    result.bytes = source.bytes();
    result.digest = source.digest();
    return result;
  }
  return Error(ErrorCode::kInternal, "a column's type is not settled after two passes");
}

}  // namespace slipway::data
