#include <algorithm>

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

  // Columns in parallel, block by block.
  Result<PassEnd> Read(const ReadPass& pass, PieceSink& sink) const override {
    const size_t columns = pass.plans.size();
    std::vector<std::unique_ptr<ParquetFile::ColumnCursor>> cursors(columns);
    for (size_t i = 0; i < columns; ++i) {
      SLIPWAY_ASSIGN_OR_RETURN(cursors[i], parquet_.OpenColumn(pass.plans[i].source));
    }
    PassEnd end{pass.first_index, 0};
    const int64_t block_rows =
        std::clamp(kBlockValues / std::max<int64_t>(1, std::ssize(cursors)), kLeastRows, kMostRows);
    while (end.rows < parquet_.rows()) {
      const int64_t rows = std::min(block_rows, parquet_.rows() - end.rows);
      std::vector<ColumnPiece> pieces;
      pieces.reserve(columns);
      for (const ColumnPlan& plan : pass.plans) pieces.emplace_back(plan, pass.rules);
      SLIPWAY_RETURN_IF_ERROR(ParallelFor(columns, pass.threads, [&](size_t i) {
        return parquet_.ReadNext(*cursors[i], rows, false, pieces[i]);
      }));
      SLIPWAY_RETURN_IF_ERROR(sink.Take(end.next_index++, std::move(pieces), pass.threads));
      end.rows += rows;
      pass.progress.Add(file_->size() * rows / parquet_.rows());
    }
    return end;
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
