#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

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

Result<std::optional<SpoolReader>> SpoolReader::Open(std::string bytes, const std::string& path) {
  const std::string_view begin = std::string_view(bytes).substr(0, kMagic.size());
  if (!kMagic.starts_with(begin)) return NoSpool(path, "this is no file of this build's log");
  if (begin.size() < kMagic.size()) return std::optional<SpoolReader>();
  std::optional<SpoolReader> reader(SpoolReader(std::move(bytes)));
  reader->at_ = reader->end_ = kMagic.size();
  const std::string_view text = reader->NextRecord();
  if (text.empty()) return std::optional<SpoolReader>();
  SLIPWAY_ASSIGN_OR_RETURN(const Json json, ParseJson(text, path));
  SLIPWAY_ASSIGN_OR_RETURN(reader->header_.model, LoggedModelFromJson(json.value("model", Json())));
  reader->header_.key = GetString(json, "key");
  if (GetString(json, "kind") == "feedback") reader->header_.kind = SpoolKind::kFeedback;
  return reader;
}

bool SpoolReader::NextFrame() {
  FrameHead head;
  if (bytes_.size() - end_ < sizeof(head)) return false;
  std::memcpy(&head, bytes_.data() + end_, sizeof(head));
  const size_t begin = end_ + sizeof(head);
  if (head.magic != FrameHead::kFrameMagic || head.bytes > bytes_.size() - begin) return false;
  if (data::HashOf(std::string_view(bytes_).substr(begin, head.bytes)) != head.hash) return false;
  at_ = begin;
  end_ = begin + head.bytes;
  return true;
}

std::string_view SpoolReader::NextRecord() {
  if (at_ == end_ && !NextFrame()) return {};
  RecordReader reader(std::string_view(bytes_).substr(at_, end_ - at_));
  const std::string_view record = reader.TakeText();
  at_ = reader.ok() ? at_ + sizeof(uint32_t) + record.size() : end_;
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
