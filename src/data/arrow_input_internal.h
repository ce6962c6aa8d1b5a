// A ByteSource as Arrow reads it.
#pragma once

#include <arrow/io/interfaces.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

#include "core/error.h"
#include "data/byte_source_internal.h"

namespace slipway::data {

// Keeps the first error of the source, which Arrow would only know by its text.
class ArrowInput : public arrow::io::RandomAccessFile {
 public:
  // `source` must outlive it; only sequential reading works where it is not seekable.
  // `kind` of file for messages.
  ArrowInput(const ByteSource& source, const char* kind) : source_(source), kind_(kind) {}

  // What a failure of Arrow's with this file means, in one of its columns or "" for the whole: an
  // error of the source, a broken file, or a valid one that can't be read.
  Error Explain(const std::string& column, const arrow::Status& status) const;

  // Whether the last sequential reading got less than it asked for: there was no more.
  bool at_end() const { return at_end_; }

  // The end of what was read of the source so far.
  int64_t furthest() const { return furthest_; }

  arrow::Result<int64_t> GetSize() override;
  arrow::Result<int64_t> ReadAt(int64_t position, int64_t count, void* out) override;
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(int64_t position, int64_t count) override;
  arrow::Result<int64_t> Read(int64_t count, void* out) override;
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(int64_t count) override;
  arrow::Status Seek(int64_t position) override;
  arrow::Result<int64_t> Tell() const override { return position_; }
  arrow::Status Close() override;
  bool closed() const override { return closed_; }

 private:
  const ByteSource& source_;
  const char* const kind_;
  int64_t position_ = 0;
  bool at_end_ = false;
  bool closed_ = false;
  std::atomic<int64_t> furthest_{0};
  mutable std::mutex mutex_;  // Guards error_.
  std::optional<Error> error_;
};

}  // namespace slipway::data
