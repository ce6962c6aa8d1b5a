#include <algorithm>
#include <utility>

#include "core/parallel.h"
#include "data/decoded_pass_internal.h"
#include "data/parquet_file_internal.h"
#include "data/table_file_internal.h"

namespace slipway::data {
namespace {

// Some columns of a file, from their beginning on.
class ParquetDecoder : public BlockDecoder {
 public:
  ParquetDecoder(const ByteSource& file, const ParquetFile& parquet, const ReadPass& pass)
      : file_(file), parquet_(parquet), pass_(pass) {}

  Status Open() {
    for (const ColumnPlan& plan : pass_.plans) {
      SLIPWAY_ASSIGN_OR_RETURN(auto cursor, parquet_.OpenColumn(plan.source));
      cursors_.push_back(std::move(cursor));
    }
    return {};
  }

  Result<int64_t> Decode(int64_t rows, int threads, std::vector<ColumnPiece>& pieces) override {
    rows = std::min(rows, parquet_.rows() - rows_done_);
    if (rows == 0) return 0;
    SLIPWAY_RETURN_IF_ERROR(ParallelFor(cursors_.size(), threads, [&](size_t i) {
      return parquet_.ReadNext(*cursors_[i], rows, false, pieces[i]);
    }));
    rows_done_ += rows;
    pass_.progress.Add(file_.stored_size() * rows / parquet_.rows());
    return rows;
  }

 private:
  const ByteSource& file_;
  const ParquetFile& parquet_;
  const ReadPass& pass_;
  std::vector<std::unique_ptr<ParquetFile::ColumnCursor>> cursors_;
  int64_t rows_done_ = 0;
};

class ParquetTable : public TableFile {
 public:
  ParquetTable(std::unique_ptr<ByteSource> file, ParquetFile parquet)
      : file_(std::move(file)), parquet_(std::move(parquet)) {}

  const ByteSource& source() const override { return *file_; }
  const std::vector<std::string>& names() const override { return parquet_.names(); }

  FileType TypeOf(int column) const override {
    const std::string name = parquet_.TypeName(column);
    return {true, parquet_.TypeOf(column), name == "null", name};
  }

  Result<PassEnd> Read(const ReadPass& pass, PieceSink& sink) const override {
    ParquetDecoder decoder(*file_, parquet_, pass);
    SLIPWAY_RETURN_IF_ERROR(decoder.Open());
    return ReadDecoded(decoder, pass, sink);
  }

 private:
  const std::unique_ptr<ByteSource> file_;  // Where it is, as `parquet_` refers to it.
  const ParquetFile parquet_;
};

}  // namespace

Result<std::unique_ptr<TableFile>> OpenParquet(std::unique_ptr<ByteSource> file,
                                               const ReadTuning& /*tuning*/) {
  if (!file->IsSeekable()) {
    return file->Invalid("a Parquet file can't be read from within gzip or zstd data")
        .Try("to uncompress it: Parquet compresses within");
  }
  SLIPWAY_ASSIGN_OR_RETURN(ParquetFile parquet, ParquetFile::Open(*file));
  SLIPWAY_RETURN_IF_ERROR(CheckNames(parquet.names(), *file, 0));
  return std::make_unique<ParquetTable>(std::move(file), std::move(parquet));
}

}  // namespace slipway::data
