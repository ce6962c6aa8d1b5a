// A table in one file, open for reading in blocks of rows: what each format implements.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "core/progress.h"
#include "core/result.h"
#include "data/column_builder_internal.h"
#include "data/reader_internal.h"
#include "data/source_file_internal.h"

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

class TableFile {
 public:
  virtual ~TableFile() = default;

  virtual const SourceFile& source() const = 0;
  // Distinct, not empty.
  virtual const std::vector<std::string>& names() const = 0;
  // Gives each plan that nobody forced a type: the file's own, which stands (forced is set), else a
  // guess from some of its rows, which only spares a second pass where it is right.
  virtual Status ChooseTypes(const ValueRules& rules, std::vector<ColumnPlan>& plans) const = 0;
  // kInvalidInput with file, line or row, and column for what can't be read; the first such place,
  // on any number of threads.
  virtual Result<PassEnd> Read(const ReadPass& pass, PieceSink& sink) const = 0;
};

// `separator` is taken where the header has it; else the one among , ; tab | that the header has
// most of.
Result<std::unique_ptr<TableFile>> OpenCsv(SourceFile file, char separator,
                                           const ReadTuning& tuning);
Result<std::unique_ptr<TableFile>> OpenParquet(SourceFile file, const ReadTuning& tuning);

}  // namespace slipway::data
