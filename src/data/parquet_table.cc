#include <algorithm>
#include <atomic>
#include <mutex>

#include "core/interrupt.h"
#include "core/parallel.h"
#include "data/parquet_file_internal.h"
#include "data/table_file_internal.h"

namespace slipway::data {
namespace {

// A block's values, over all columns.
constexpr int64_t kBlockValues = int64_t{2} << 20U;
constexpr int64_t kLeastRows = 1024;
constexpr int64_t kMostRows = int64_t{1} << 16U;

// One pass over some columns. A column can be decoded only from its beginning on, so blocks are
// decoded one after the other; what is then done with one goes on beside the decoding of the next.
class ParquetPass {
 public:
  ParquetPass(const SourceFile& file, const ParquetFile& parquet, const ReadPass& pass,
              PieceSink& sink)
      : file_(file), parquet_(parquet), pass_(pass), sink_(sink) {}

  Result<PassEnd> Run() {
    for (const ColumnPlan& plan : pass_.plans) {
      SLIPWAY_ASSIGN_OR_RETURN(auto cursor, parquet_.OpenColumn(plan.source));
      cursors_.push_back(std::move(cursor));
    }
    const auto workers = static_cast<size_t>(pass_.threads);
    SLIPWAY_RETURN_IF_ERROR(
        ParallelFor(workers, pass_.threads, [this](size_t) { return TakeBlocks(); }));
    return PassEnd{pass_.first_index + next_, rows_done_};
  }

 private:
  Status TakeBlocks() {
    AbandonUnlessDone leaving(sink_);
    while (true) {
      std::vector<ColumnPiece> pieces;
      Result<size_t> index = Decode(pieces);
      if (index.ok() && pieces.empty()) break;
      Status status = index.ok() ? sink_.Take(pass_.first_index + *index, std::move(pieces), 1)
                                 : std::move(index).error();
      if (status.ok()) continue;
      failed_ = true;
      return status;
    }
    if (!failed_) leaving.Done();
    return {};
  }

  // The next block; no pieces where there is none.
  Result<size_t> Decode(std::vector<ColumnPiece>& pieces) {
    const std::lock_guard lock(mutex_);
    const int64_t rows = std::min(BlockRows(), parquet_.rows() - rows_done_);
    if (rows <= 0 || failed_) return next_;
    pieces.reserve(pass_.plans.size());
    for (const ColumnPlan& plan : pass_.plans) pieces.emplace_back(plan, pass_.rules);
    SLIPWAY_RETURN_IF_ERROR(ParallelFor(
        cursors_.size(), std::max(1, pass_.threads / 2),
        [&](size_t i) { return parquet_.ReadNext(*cursors_[i], rows, false, pieces[i]); }));
    rows_done_ += rows;
    pass_.progress.Add(file_.size() * rows / parquet_.rows());
    return next_++;
  }

  int64_t BlockRows() const {
    return std::clamp(kBlockValues / std::max<int64_t>(1, std::ssize(cursors_)), kLeastRows,
                      kMostRows);
  }

  const SourceFile& file_;
  const ParquetFile& parquet_;
  const ReadPass& pass_;
  PieceSink& sink_;
  std::vector<std::unique_ptr<ParquetFile::ColumnCursor>> cursors_;
  std::atomic<bool> failed_{false};

  std::mutex mutex_;  // Guards the cursors' places and all below.
  size_t next_ = 0;
  int64_t rows_done_ = 0;
};

class ParquetTable : public TableFile {
 public:
  ParquetTable(std::unique_ptr<SourceFile> file, ParquetFile parquet)
      : file_(std::move(file)), parquet_(std::move(parquet)) {}

  const SourceFile& source() const override { return *file_; }
  const std::vector<std::string>& names() const override { return parquet_.names(); }

  // The file's own types stand: text is not looked through for numbers.
  Status ChooseTypes(const ValueRules& /*rules*/, std::vector<ColumnPlan>& plans) const override {
    for (ColumnPlan& plan : plans) {
      SLIPWAY_ASSIGN_OR_RETURN(const ColumnType type, parquet_.TypeOf(plan.source));
      if (!plan.forced) plan.type = type;
      plan.forced = true;
    }
    return {};
  }

  Result<PassEnd> Read(const ReadPass& pass, PieceSink& sink) const override {
    return ParquetPass(*file_, parquet_, pass, sink).Run();
  }

 private:
  const std::unique_ptr<SourceFile> file_;  // Where it is, as `parquet_` refers to it.
  const ParquetFile parquet_;
};

}  // namespace

Result<std::unique_ptr<TableFile>> OpenParquet(SourceFile source, const ReadTuning& /*tuning*/) {
  auto file = std::make_unique<SourceFile>(std::move(source));
  SLIPWAY_ASSIGN_OR_RETURN(ParquetFile parquet, ParquetFile::Open(*file));
  SLIPWAY_RETURN_IF_ERROR(CheckNames(parquet.names(), *file, 0));
  return std::make_unique<ParquetTable>(std::move(file), std::move(parquet));
}

}  // namespace slipway::data
