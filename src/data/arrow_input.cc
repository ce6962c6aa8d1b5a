#include <arrow/buffer.h>
#include <fmt/format.h>

#include <algorithm>

#include "data/arrow_input_internal.h"

namespace slipway::data {

Error ArrowInput::Explain(const std::string& column, const arrow::Status& status) const {
  {
    const std::lock_guard lock(mutex_);
    if (error_) return *error_;
  }
  const std::string what =
      column.empty() ? fmt::format("the {} file", kind_) : fmt::format("column '{}'", column);
  Error cause(ErrorCode::kInvalidInput, status.message());
  // It comes as a status or as an exception's text.
  if (status.IsNotImplemented() ||
      status.message().find("Not yet implemented") != std::string::npos) {
    return source_.Invalid(what + " uses a feature that this build can't read")
        .Try("writing it anew with the default encoding and compression")
        .CausedBy(std::move(cause));
  }
  return source_.Invalid(what + " is damaged or truncated")
      .Expected(fmt::format("a whole {} file", kind_))
      .CausedBy(std::move(cause));
}

arrow::Result<int64_t> ArrowInput::GetSize() {
  if (const std::optional<int64_t> size = source_.size()) return *size;
  return arrow::Status::IOError("its size is not known");
}

arrow::Result<int64_t> ArrowInput::ReadAt(int64_t position, int64_t count, void* out) {
  if (position < 0 || count < 0) return arrow::Status::IOError("a negative place");
  const Result<size_t> read =
      source_.ReadAt(position, static_cast<char*>(out), static_cast<size_t>(count));
  if (read.ok()) {
    const int64_t end = position + static_cast<int64_t>(*read);
    for (int64_t seen = furthest_; seen < end && !furthest_.compare_exchange_weak(seen, end);) {
    }
    return static_cast<int64_t>(*read);
  }
  const std::lock_guard lock(mutex_);
  if (!error_) error_ = read.error();
  return arrow::Status::IOError(read.error().message());
}

arrow::Result<std::shared_ptr<arrow::Buffer>> ArrowInput::ReadAt(int64_t position, int64_t count) {
  // A damaged file asks for more than there is.
  if (const std::optional<int64_t> size = source_.size()) {
    count = std::min(count, std::max<int64_t>(*size - position, 0));
  }
  ARROW_ASSIGN_OR_RAISE(std::unique_ptr<arrow::ResizableBuffer> buffer,
                        arrow::AllocateResizableBuffer(count));
  ARROW_ASSIGN_OR_RAISE(const int64_t read, ReadAt(position, count, buffer->mutable_data()));
  ARROW_RETURN_NOT_OK(buffer->Resize(read));
  return buffer;
}

arrow::Result<int64_t> ArrowInput::Read(int64_t count, void* out) {
  ARROW_ASSIGN_OR_RAISE(const int64_t read, ReadAt(position_, count, out));
  at_end_ = read < count;
  position_ += read;
  return read;
}

arrow::Result<std::shared_ptr<arrow::Buffer>> ArrowInput::Read(int64_t count) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer, ReadAt(position_, count));
  at_end_ = buffer->size() < count;
  position_ += buffer->size();
  return buffer;
}

arrow::Status ArrowInput::Seek(int64_t position) {
  position_ = position;
  return arrow::Status::OK();
}

arrow::Status ArrowInput::Close() {
  closed_ = true;
  return arrow::Status::OK();
}

}  // namespace slipway::data
