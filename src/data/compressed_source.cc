#include <arrow/util/compression.h>
#include <fmt/format.h>

#include <array>
#include <mutex>
#include <string_view>
#include <utility>

#include "core/text.h"
#include "data/forward_source_internal.h"
#include "data/reader_internal.h"

namespace slipway::data {
namespace {

constexpr size_t kStoredBytes = size_t{256} << 10U;
constexpr size_t kPlainBytes = size_t{1} << 20U;

struct Compression {
  const char* name;
  arrow::Compression::type type;
  const char* remedy;  // For a stream that can't be uncompressed.
};
constexpr Compression kGzip = {"gzip", arrow::Compression::GZIP, "gzip -t FILE tells what is left"};
constexpr Compression kZstd = {"zstd", arrow::Compression::ZSTD,
                               "zstd -t FILE; a file of zstd --long has to be compressed without"};

const Compression* FindCompression(std::string_view head) {
  if (head.starts_with("\x1F\x8B")) return &kGzip;
  if (head.starts_with("\x28\xB5\x2F\xFD")) return &kZstd;
  // A frame to be skipped, as parallel writers put before the others.
  const bool skippable = head.size() >= 4 && (head[0] & 0xF0) == 0x50 &&
                         head.substr(1, 3) == std::string_view("\x2A\x4D\x18");
  return skippable ? &kZstd : nullptr;
}

class CompressedSource : public ForwardSource {
 public:
  CompressedSource(std::unique_ptr<ByteSource> stored, const Compression& compression)
      : ForwardSource(stored->path()), stored_(std::move(stored)), compression_(compression) {}

  int64_t stored_size() const override { return stored_->stored_size(); }

  int64_t StoredUntil(int64_t /*offset*/) const override {
    const std::lock_guard lock(mutex());
    return stored_->StoredUntil(read_until_ - static_cast<int64_t>(input_.size()));
  }

  Status CheckUnchanged() const override { return stored_->CheckUnchanged(); }

 private:
  Status Begin() const override {
    auto codec = arrow::util::Codec::Create(compression_.type);
    if (!codec.ok()) return Unusable(codec.status());
    auto decompressor = (*codec)->MakeDecompressor();
    if (!decompressor.ok()) return Unusable(decompressor.status());
    decompressor_ = *std::move(decompressor);
    buffer_.resize(kStoredBytes);
    input_ = {};
    read_until_ = 0;
    pending_ = between_ = ended_ = false;
    return {};
  }

  void End() const override {
    decompressor_.reset();
    buffer_ = {};
    input_ = {};
    stored_->Rest();
  }

  Result<bool> Advance(std::string& window) const override {
    size_t size = 0;
    window.resize(kPlainBytes);
    while (size == 0) {
      if (input_.empty() && !ended_ && !pending_) SLIPWAY_RETURN_IF_ERROR(Fill());
      if (between_) {
        // Tapes pad with zeros.
        while (compression_.type == arrow::Compression::GZIP && input_.starts_with('\0')) {
          input_.remove_prefix(1);
        }
        if (input_.empty() && ended_) return false;
        if (input_.empty()) continue;
        if (const arrow::Status reset = decompressor_->Reset(); !reset.ok()) return Unusable(reset);
        between_ = false;
      }
      if (input_.empty() && ended_ && !pending_) return Truncated();
      SLIPWAY_ASSIGN_OR_RETURN(size, Decompress(window));
    }
    window.resize(size);
    return true;
  }

  Status Fill() const {
    SLIPWAY_ASSIGN_OR_RETURN(const size_t count,
                             stored_->ReadAt(read_until_, buffer_.data(), buffer_.size()));
    ended_ = count < buffer_.size();
    read_until_ += static_cast<int64_t>(count);
    input_ = {buffer_.data(), count};
    return {};
  }

  Result<size_t> Decompress(std::string& window) const {
    const auto step = decompressor_->Decompress(
        static_cast<int64_t>(input_.size()), reinterpret_cast<const uint8_t*>(input_.data()),
        static_cast<int64_t>(window.size()), reinterpret_cast<uint8_t*>(window.data()));
    if (!step.ok()) return Damaged(step.status());
    input_.remove_prefix(static_cast<size_t>(step->bytes_read));
    const auto size = static_cast<size_t>(step->bytes_written);
    between_ = decompressor_->IsFinished();
    pending_ = size == window.size() && !between_;
    const bool stuck = step->bytes_read == 0 && size == 0 && !between_;
    if (stuck && !input_.empty()) return Damaged(arrow::Status::Invalid("no progress"));
    return size;
  }

  Error Unusable(const arrow::Status& status) const {
    return Error(ErrorCode::kInternal,
                 fmt::format("can't uncompress {}: {}", compression_.name, status.message()));
  }

  Error Truncated() const {
    return Invalid(fmt::format("the {} data ends in the middle: the file is truncated",
                               compression_.name))
        .Expected("a whole file")
        .Try("to copy or write it again");
  }

  Error Damaged(const arrow::Status& status) const {
    return Invalid(fmt::format("the {} data is damaged", compression_.name))
        .Expected("a whole file")
        .Try(compression_.remedy)
        .CausedBy(Error(ErrorCode::kInvalidInput, status.message()));
  }

  const std::unique_ptr<ByteSource> stored_;
  const Compression& compression_;

  // All below is guarded by mutex().
  mutable std::shared_ptr<arrow::util::Decompressor> decompressor_;
  mutable std::string buffer_;
  mutable std::string_view input_;  // What of the buffer is not used yet.
  mutable int64_t read_until_ = 0;  // Of the stored bytes.
  mutable bool pending_ = false;    // The decompressor may hold more than its last answer.
  mutable bool between_ = false;    // A stream ended; another may follow.
  mutable bool ended_ = false;      // All stored bytes are read.
};

}  // namespace

Result<std::unique_ptr<ByteSource>> Uncompress(std::unique_ptr<ByteSource> stored) {
  std::array<char, 4> head{};
  SLIPWAY_ASSIGN_OR_RETURN(const size_t count, stored->ReadAt(0, head.data(), head.size()));
  const Compression* compression = FindCompression({head.data(), count});
  if (compression == nullptr) return stored;
  auto source = std::make_unique<CompressedSource>(std::move(stored), *compression);
  char first = 0;
  SLIPWAY_ASSIGN_OR_RETURN(const size_t any, source->ReadAt(0, &first, 1));
  if (any > 0) return source;
  return source->Invalid(fmt::format("there is nothing in the {} data", compression->name))
      .Expected(kReadableFile);
}

std::string WithoutCompression(const std::string& path) {
  const std::string lower = ToLower(path);
  for (const std::string_view ending : {".gz", ".gzip", ".zst", ".zstd"}) {
    if (lower.ends_with(ending)) return path.substr(0, path.size() - ending.size());
  }
  return path;
}

}  // namespace slipway::data
