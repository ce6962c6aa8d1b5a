// Where rows of the log wait, on this machine, to become segments.
//
// A spool is a file of frames, each written by one call: a torn one at the end, as a killed process
// or a full disk leaves it, is told by its checksum and left out. The first frame says what the
// segment will be.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/file_system.h"
#include "core/result.h"
#include "serve/logged_model_internal.h"

namespace slipway::serve {

enum class SpoolKind { kPredictions, kFeedback };

struct SpoolHeader {
  SpoolKind kind = SpoolKind::kPredictions;
  // Of the segment's object. The same whenever it is made, so that one that was put and whose spool
  // was not removed in time is put again, and not twice.
  std::string key;
  LoggedModel model;  // Of feedback only its name.
};

// Collects records to be written as one frame.
class FrameBuilder {
 public:
  void Add(std::string_view record);
  int64_t rows() const { return rows_; }
  size_t bytes() const { return bytes_.size(); }
  void AddRows(int64_t rows) { rows_ += rows; }
  bool empty() const { return bytes_.size() <= kHeadBytes; }
  // The whole frame.
  std::string_view Finish();
  // Empty again; keeps its room.
  void Clear();
  // The last record that was added, to change it where it lies.
  char* last() { return bytes_.data() + last_; }

 private:
  static constexpr size_t kHeadBytes = 16;
  std::string bytes_ = std::string(kHeadBytes, '\0');
  size_t last_ = kHeadBytes;
  int64_t rows_ = 0;
};

// What a new spool begins with.
std::string WriteSpoolHeader(const SpoolHeader& header);

// The records of a spool, up to the end or to what is torn; one frame is held at a time.
class SpoolReader {
 public:
  // Nothing where not even the header was written. kInvalidInput for what is no spool, or one of
  // another build's.
  static Result<std::optional<SpoolReader>> Open(const std::string& path);
  SpoolReader(SpoolReader&& other) noexcept;
  SpoolReader& operator=(SpoolReader&&) = delete;
  ~SpoolReader();

  const SpoolHeader& header() const { return header_; }
  // Empty behind the last. Lives until the next call.
  std::string_view NextRecord();
  // What kept it from reading on, besides the end.
  const Status& status() const { return status_; }

 private:
  SpoolReader(std::string path, int file) : path_(std::move(path)), file_(file) {}
  bool Read(char* out, size_t count);
  bool NextFrame();

  std::string path_;
  int file_ = -1;
  size_t left_ = 0;  // Bytes of the file behind what was read.
  Status status_;
  SpoolHeader header_;
  std::string frame_;
  size_t at_ = 0;  // In the frame.
};

// A folder of spools, locked by the process that writes them for as long as it lives.
class SpoolFolder {
 public:
  // A new one under `root`, which is made.
  static Result<std::unique_ptr<SpoolFolder>> Make(FileSystem& files, const std::string& root);
  // Those under `root` that nobody has locked: of processes that are gone. They are this one's now.
  static Result<std::vector<std::unique_ptr<SpoolFolder>>> TakeAbandoned(FileSystem& files,
                                                                         const std::string& root);
  // Lets go; removes the folder where it holds no spool.
  ~SpoolFolder();
  SpoolFolder(const SpoolFolder&) = delete;
  SpoolFolder& operator=(const SpoolFolder&) = delete;

  const std::string& path() const { return path_; }
  // Paths, in their order.
  Result<std::vector<std::string>> Spools() const;

 private:
  SpoolFolder(FileSystem& files, std::string path, int lock)
      : files_(files), path_(std::move(path)), lock_(lock) {}
  // nullptr where somebody has it, or removed it.
  static Result<std::unique_ptr<SpoolFolder>> Lock(FileSystem& files, const std::string& path);

  FileSystem& files_;
  const std::string path_;
  const int lock_;  // The descriptor of the file that is locked.
};

inline constexpr std::string_view kSpoolSuffix = ".spool";

}  // namespace slipway::serve
