#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/durable_directories.h"
#include "core/replace_file.h"
#include "data/value_hash.h"
#include "serve/prediction_record_internal.h"
#include "serve/prediction_spool_internal.h"

namespace slipway::serve {
namespace {

constexpr std::string_view kMagic = "SLIPLOG1";
constexpr const char* kLockFile = "lock";

struct FrameHead {
  uint32_t bytes = 0;  // Behind the head.
  uint32_t magic = kFrameMagic;
  uint64_t hash = 0;
  static constexpr uint32_t kFrameMagic = 0x474f4c53;
};

Error NoSpool(const std::string& path, std::string what) {
  Location location;
  location.file = path;
  return Error(ErrorCode::kInvalidInput, std::move(what))
      .At(std::move(location))
      .Try("to remove the file");
}

}  // namespace

void FrameBuilder::Add(std::string_view record) {
  const auto size = static_cast<uint32_t>(record.size());
  const size_t begin = bytes_.size();
  bytes_.append(reinterpret_cast<const char*>(&size), sizeof(size));
  last_ = begin + sizeof(size);
  bytes_.append(record);
}

std::string_view FrameBuilder::Finish() {
  static_assert(sizeof(FrameHead) == kHeadBytes);
  const std::string_view payload = std::string_view(bytes_).substr(kHeadBytes);
  FrameHead head;
  head.bytes = static_cast<uint32_t>(payload.size());
  head.hash = data::HashOf(payload);
  std::memcpy(bytes_.data(), &head, sizeof(head));
  return bytes_;
}

void FrameBuilder::Clear() {
  bytes_.resize(kHeadBytes);
  last_ = kHeadBytes;
  rows_ = 0;
}

std::string WriteSpoolHeader(const SpoolHeader& header) {
  const bool predictions = header.kind == SpoolKind::kPredictions;
  const Json json = {{"kind", predictions ? "predictions" : "feedback"},
                     {"key", header.key},
                     {"model", ToJson(header.model)}};
  FrameBuilder frame;
  frame.Add(CompactJson(json));
  return std::string(kMagic) + std::string(frame.Finish());
}

SpoolReader::SpoolReader(SpoolReader&& other) noexcept
    : path_(std::move(other.path_)),
      file_(std::exchange(other.file_, -1)),
      left_(other.left_),
      status_(std::move(other.status_)),
      header_(std::move(other.header_)),
      frame_(std::move(other.frame_)),
      at_(other.at_) {}

SpoolReader::~SpoolReader() {
  if (file_ >= 0) ::close(file_);
}

Result<std::optional<SpoolReader>> SpoolReader::Open(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return SystemError("open", path, errno);
  std::optional<SpoolReader> reader(SpoolReader(path, file));
  struct stat info{};
  if (::fstat(file, &info) != 0) return SystemError("read", path, errno);
  reader->left_ = static_cast<size_t>(info.st_size);
  std::array<char, kMagic.size()> magic{};
  const size_t begun = std::min(reader->left_, magic.size());
  if (!reader->Read(magic.data(), begun)) return reader->status_.error();
  if (!kMagic.starts_with(std::string_view(magic.data(), begun)))
    return NoSpool(path, "this is no file of this build's log");
  const std::string_view text = reader->NextRecord();
  if (!reader->status_.ok()) return reader->status_.error();
  if (text.empty()) return std::optional<SpoolReader>();
  SLIPWAY_ASSIGN_OR_RETURN(const Json json, ParseJson(text, path));
  SLIPWAY_ASSIGN_OR_RETURN(reader->header_.model, LoggedModelFromJson(json.value("model", Json())));
  reader->header_.key = GetString(json, "key");
  if (GetString(json, "kind") == "feedback") reader->header_.kind = SpoolKind::kFeedback;
  return reader;
}

// `count` bytes, which must be left.
bool SpoolReader::Read(char* out, size_t count) {
  for (size_t done = 0; done < count;) {
    const ssize_t got = ::read(file_, out + done, count - done);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      status_ = SystemError("read", path_, got < 0 ? errno : EIO);
      return false;
    }
    done += static_cast<size_t>(got);
  }
  left_ -= count;
  return true;
}

bool SpoolReader::NextFrame() {
  FrameHead head;
  frame_.clear();
  at_ = 0;
  if (left_ < sizeof(head) || !Read(reinterpret_cast<char*>(&head), sizeof(head))) return false;
  // Behind a frame that is torn or damaged nothing can be found.
  if (head.magic != FrameHead::kFrameMagic || head.bytes > left_) {
    left_ = 0;
    return false;
  }
  frame_.resize(head.bytes);
  if (!Read(frame_.data(), frame_.size())) return false;
  if (data::HashOf(frame_) == head.hash) return true;
  frame_.clear();
  left_ = 0;
  return false;
}

std::string_view SpoolReader::NextRecord() {
  if (at_ == frame_.size() && !NextFrame()) return {};
  RecordReader reader(std::string_view(frame_).substr(at_));
  const std::string_view record = reader.TakeText();
  at_ = reader.ok() ? at_ + sizeof(uint32_t) + record.size() : frame_.size();
  return record;
}

Result<std::unique_ptr<SpoolFolder>> SpoolFolder::Lock(FileSystem& files, const std::string& path) {
  const std::string file = JoinPath(path, kLockFile);
  const int lock =
      ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
  if (lock < 0 && errno == ENOENT) return std::unique_ptr<SpoolFolder>();
  if (lock < 0) return SystemError("lock", file, errno);
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    ::close(lock);
    if (error == EWOULDBLOCK) return std::unique_ptr<SpoolFolder>();
    return SystemError("lock", file, error);
  }
  struct stat opened{}, named{};
  // Whoever had it before may have removed it meanwhile.
  if (::fstat(lock, &opened) != 0 || ::stat(file.c_str(), &named) != 0 ||
      opened.st_ino != named.st_ino) {
    ::close(lock);
    return std::unique_ptr<SpoolFolder>();
  }
  return std::unique_ptr<SpoolFolder>(new SpoolFolder(files, path, lock));
}

Result<std::unique_ptr<SpoolFolder>> SpoolFolder::Make(FileSystem& files, const std::string& root) {
  SLIPWAY_RETURN_IF_ERROR(MakeDurableDirectories(files, root));
  constexpr int kTries = 10;
  for (int i = 0; i < kTries; ++i) {
    const std::string path = JoinPath(root, RandomName());
    SLIPWAY_RETURN_IF_ERROR(files.CreateDirectories(path));
    // Another process that looks for abandoned ones may be faster.
    SLIPWAY_ASSIGN_OR_RETURN(auto folder, Lock(files, path));
    if (folder != nullptr) return folder;
  }
  return SystemError("lock", root, EBUSY);
}

Result<std::vector<std::unique_ptr<SpoolFolder>>> SpoolFolder::TakeAbandoned(
    FileSystem& files, const std::string& root) {
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<std::string> names, files.List(root));
  std::vector<std::unique_ptr<SpoolFolder>> taken;
  for (const std::string& name : names) {
    const std::string path = JoinPath(root, name);
    const Result<FileStat> stat = files.Stat(path);
    if (!stat.ok() || !stat->is_directory) continue;
    SLIPWAY_ASSIGN_OR_RETURN(auto folder, Lock(files, path));
    if (folder != nullptr) taken.push_back(std::move(folder));
  }
  return taken;
}

Result<std::vector<std::string>> SpoolFolder::Spools() const {
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<std::string> names, files_.List(path_));
  std::vector<std::string> paths;
  for (const std::string& name : names) {
    if (name.ends_with(kSpoolSuffix)) paths.push_back(JoinPath(path_, name));
  }
  return paths;
}

SpoolFolder::~SpoolFolder() {
  const Result<std::vector<std::string>> spools = Spools();
  if (spools.ok() && spools->empty()) (void)files_.RemoveTree(path_);
  ::close(lock_);
}

}  // namespace slipway::serve
