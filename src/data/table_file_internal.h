// A table in one file, open for reading in blocks of rows: what each format implements.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/progress.h"
#include "core/result.h"
#include "data/byte_source_internal.h"
#include "data/column_builder_internal.h"
#include "data/reader_internal.h"

namespace slipway::data {

// Takes pieces of columns as they are read.
class PieceSink {
 public:
  virtual ~PieceSink() = default;
  // One block: a piece a plan, in the order of the plans, all of the same number of rows. Called
  // from several threads; indices count from where the pass began, in row order, each comes once.
  // `threads` are for the sink's own use meanwhile.
  virtual Status Take(size_t index, std::vector<ColumnPiece> pieces, int threads) = 0;
  // A block will not come, as reading it failed: nobody waits for it.
  virtual void Abandon() {}
};

// Whoever leaves before the end, by an exception too, leaves a block behind that others may wait
// for.
class AbandonUnlessDone {
 public:
  explicit AbandonUnlessDone(PieceSink& sink) : sink_(sink) {}
  AbandonUnlessDone(const AbandonUnlessDone&) = delete;
  AbandonUnlessDone& operator=(const AbandonUnlessDone&) = delete;
  ~AbandonUnlessDone() {
    if (!done_) sink_.Abandon();
  }
  void Done() { done_ = true; }

 private:
  PieceSink& sink_;
  bool done_ = false;
};

// How much of all files was read, for whoever watches.
class ReadProgress {
 public:
  ReadProgress(ProgressSink& sink, int64_t total) : sink_(sink), total_(total) {}
  void Add(int64_t bytes) { sink_.Advance("data", done_ += bytes, total_, "bytes"); }

 private:
  ProgressSink& sink_;
  const int64_t total_;
  std::atomic<int64_t> done_{0};
};

// One going through of a file.
struct ReadPass {
  const std::vector<ColumnPlan>& plans;
  const ValueRules& rules;
  int threads = 1;
  size_t first_index = 0;  // Of the first block.
  bool checked = false;    // The file was read before: it is known to be well formed.
  ReadProgress& progress;
};

// How far a pass came.
struct PassEnd {
  size_t next_index = 0;
  int64_t rows = 0;  // Of this file.
};

// What a file says of a column's type.
struct FileType {
  bool known = false;              // Whether the file has types.
  std::optional<ColumnType> type;  // Nothing for a column that is none of a table's.
  bool empty = false;              // A column without any value fits every type.
  std::string name;                // In the file's own words.
};

class TableFile {
 public:
  virtual ~TableFile() = default;

  virtual const ByteSource& source() const = 0;
  // Distinct, not empty.
  virtual const std::vector<std::string>& names() const = 0;
  virtual FileType TypeOf(int /*column*/) const { return {}; }
  // Adds what some of the rows look like to the `evidence` of each plan, for a guess that only
  // spares a second pass where it is right. Of files without types of their own.
  virtual Status Sample(const ValueRules& /*rules*/, const std::vector<ColumnPlan>& /*plans*/,
                        std::vector<Evidence>& /*evidence*/) const {
    return {};
  }
  // kInvalidInput with file, line or row, and column for what can't be read; the first such place,
  // on any number of threads.
  virtual Result<PassEnd> Read(const ReadPass& pass, PieceSink& sink) const = 0;
  // Gives back what is of use only while it is read, and what only Sample looks at.
  virtual void Rest() { source().Rest(); }
};

// The error of opening or reading `file`, or what explains it: that the file changed meanwhile or
// is damaged.
Error ExplainFailure(const ByteSource& file, Error error);

Result<std::unique_ptr<TableFile>> OpenCsv(std::unique_ptr<ByteSource> file,
                                           const CsvSeparator& separator, const ReadTuning& tuning);
Result<std::unique_ptr<TableFile>> OpenParquet(std::unique_ptr<ByteSource> file,
                                               const ReadTuning& tuning);
// Looks through the whole file for its keys, on up to `threads`.
Result<std::unique_ptr<TableFile>> OpenJsonLines(std::unique_ptr<ByteSource> file, int threads,
                                                 const ReadTuning& tuning);
// The rows of a table or query of PostgreSQL, through a plug-in of its own.
Result<std::unique_ptr<TableFile>> OpenQueryTable(const std::string& uri, const std::string& query,
                                                  const ReadTuning& tuning);
// A file of either of Arrow's formats, of which Feather 2 is one.
Result<std::unique_ptr<TableFile>> OpenArrow(std::unique_ptr<ByteSource> file,
                                             const ReadTuning& tuning);

}  // namespace slipway::data
