#include "core/fault_injecting_file_system.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

namespace slipway {
namespace {

std::string Normal(const std::string& path) {
  std::string text = std::filesystem::path(path).lexically_normal().string();
  if (text.size() > 1 && text.ends_with('/')) text.pop_back();
  return text;
}

bool IsWithin(const std::string& path, const std::string& directory) {
  return path == directory || path.starts_with(directory + "/");
}

std::string Moved(const std::string& path, const std::string& from, const std::string& to) {
  return IsWithin(path, from) ? to + path.substr(from.size()) : path;
}

}  // namespace

class FaultInjectingFileSystem::File : public WritableFile {
 public:
  File(FaultInjectingFileSystem& owner, std::string path, std::unique_ptr<WritableFile> base)
      : owner_(owner), path_(std::move(path)), base_(std::move(base)) {}

  Status Append(std::string_view bytes) override {
    owner_.unsynced_.try_emplace(path_, size_);
    // Torn: the device took a part before it failed.
    if (owner_.NextFails()) (void)base_->Append(bytes.substr(0, bytes.size() / 2));
    SLIPWAY_RETURN_IF_ERROR(owner_.Begin());
    size_ += static_cast<int64_t>(bytes.size());
    return base_->Append(bytes);
  }

  Status Sync() override {
    SLIPWAY_RETURN_IF_ERROR(owner_.Begin());
    SLIPWAY_RETURN_IF_ERROR(base_->Sync());
    owner_.unsynced_.erase(path_);
    return {};
  }

  Status Close() override {
    SLIPWAY_RETURN_IF_ERROR(owner_.Begin());
    return base_->Close();
  }

 private:
  FaultInjectingFileSystem& owner_;
  std::string path_;
  std::unique_ptr<WritableFile> base_;
  int64_t size_ = 0;
};

FaultInjectingFileSystem::FaultInjectingFileSystem(FileSystem& base, std::string trash)
    : base_(base), trash_(std::move(trash)) {}

void FaultInjectingFileSystem::FailAt(int64_t operation, Error error) {
  fail_at_.emplace(operation, std::move(error));
}

Status FaultInjectingFileSystem::CheckAlive() const {
  if (crashed_) return Error(ErrorCode::kIo, "the file system has crashed (injected)");
  return {};
}

bool FaultInjectingFileSystem::NextFails() const {
  const int64_t next = operations_ + 1;
  return !crashed_ && (next == crash_at_ || (fail_at_ && next == fail_at_->first));
}

Status FaultInjectingFileSystem::Begin() {
  SLIPWAY_RETURN_IF_ERROR(CheckAlive());
  ++operations_;
  if (fail_at_ && operations_ == fail_at_->first) return fail_at_->second;
  if (operations_ != crash_at_) return {};
  crashed_ = true;
  if (on_crash_) on_crash_();
  return CheckAlive();
}

Result<std::string> FaultInjectingFileSystem::ReadFile(const std::string& path) {
  SLIPWAY_RETURN_IF_ERROR(CheckAlive());
  return base_.ReadFile(path);
}

Result<std::unique_ptr<WritableFile>> FaultInjectingFileSystem::CreateFile(
    const std::string& path) {
  SLIPWAY_RETURN_IF_ERROR(Begin());
  SLIPWAY_ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file, base_.CreateFile(path));
  const std::string normal = Normal(path);
  changes_.push_back({ChangeKind::kCreated, normal, "", ""});
  unsynced_[normal] = 0;
  return std::make_unique<File>(*this, normal, std::move(file));
}

Status FaultInjectingFileSystem::CreateDirectories(const std::string& path) {
  SLIPWAY_RETURN_IF_ERROR(Begin());
  std::vector<std::string> missing;
  for (std::string each = Normal(path); !base_.Exists(each); each = DirectoryOf(each)) {
    missing.push_back(each);
  }
  SLIPWAY_RETURN_IF_ERROR(base_.CreateDirectories(path));
  for (auto it = missing.rbegin(); it != missing.rend(); ++it) {
    changes_.push_back({ChangeKind::kCreated, *it, "", ""});
  }
  return {};
}

Result<std::string> FaultInjectingFileSystem::MoveToTrash(const std::string& path) {
  SLIPWAY_RETURN_IF_ERROR(base_.CreateDirectories(trash_));
  std::string saved = JoinPath(trash_, fmt::format("{}", trashed_++));
  SLIPWAY_RETURN_IF_ERROR(base_.Rename(path, saved));
  // What is not durable of it follows: the name it leaves is for another file.
  Moved(path, saved);
  return saved;
}

Status FaultInjectingFileSystem::Rename(const std::string& from_path, const std::string& to_path) {
  SLIPWAY_RETURN_IF_ERROR(Begin());
  const std::string from = Normal(from_path);
  const std::string to = Normal(to_path);
  std::string saved;
  const Result<FileStat> target = base_.Stat(to);
  if (target.ok() && !target->is_directory && from != to && base_.Exists(from)) {
    SLIPWAY_ASSIGN_OR_RETURN(saved, MoveToTrash(to));
  }
  SLIPWAY_RETURN_IF_ERROR(base_.Rename(from, to));
  Moved(from, to);
  changes_.push_back({ChangeKind::kRenamed, to, from, saved});
  return {};
}

Status FaultInjectingFileSystem::Remove(const std::string& path) {
  SLIPWAY_ASSIGN_OR_RETURN(std::string saved, MoveToTrash(path));
  changes_.push_back({ChangeKind::kRemoved, path, "", std::move(saved)});
  return {};
}

Status FaultInjectingFileSystem::RemoveFile(const std::string& path) {
  SLIPWAY_RETURN_IF_ERROR(Begin());
  return Remove(Normal(path));
}

Status FaultInjectingFileSystem::RemoveTree(const std::string& path) {
  SLIPWAY_RETURN_IF_ERROR(Begin());
  if (!base_.Exists(path)) return {};
  return Remove(Normal(path));
}

Status FaultInjectingFileSystem::SyncDirectory(const std::string& path) {
  SLIPWAY_RETURN_IF_ERROR(Begin());
  SLIPWAY_RETURN_IF_ERROR(base_.SyncDirectory(path));
  const std::string directory = Normal(path);
  std::vector<Change> pending;
  for (Change& change : changes_) {
    if (DirectoryOf(change.path) != directory) {
      pending.push_back(std::move(change));
    } else if (!change.saved.empty()) {
      // What happened to something durably replaced or removed can't come back.
      std::erase_if(pending,
                    [&](const Change& other) { return IsWithin(other.path, change.saved); });
    }
  }
  changes_ = std::move(pending);
  return {};
}

Result<FileStat> FaultInjectingFileSystem::Stat(const std::string& path) {
  SLIPWAY_RETURN_IF_ERROR(CheckAlive());
  return base_.Stat(path);
}

Result<std::vector<std::string>> FaultInjectingFileSystem::List(const std::string& path) {
  SLIPWAY_RETURN_IF_ERROR(CheckAlive());
  return base_.List(path);
}

void FaultInjectingFileSystem::Moved(const std::string& from, const std::string& to) {
  std::map<std::string, int64_t> moved;
  for (const auto& [path, durable] : unsynced_) moved[slipway::Moved(path, from, to)] = durable;
  unsynced_ = std::move(moved);
  for (Change& change : changes_) {
    change.path = slipway::Moved(change.path, from, to);
    if (!change.from.empty()) change.from = slipway::Moved(change.from, from, to);
  }
}

Status FaultInjectingFileSystem::Undo(const Change& change) {
  switch (change.kind) {
    case ChangeKind::kCreated: return base_.RemoveTree(change.path);
    case ChangeKind::kRenamed:
      SLIPWAY_RETURN_IF_ERROR(base_.Rename(change.path, change.from));
      Moved(change.path, change.from);
      break;
    case ChangeKind::kRemoved: break;
  }
  if (change.saved.empty()) return {};
  SLIPWAY_RETURN_IF_ERROR(base_.Rename(change.saved, change.path));
  Moved(change.saved, change.path);
  return {};
}

Status FaultInjectingFileSystem::LoseUnsynced(Loss loss) {
  if (loss == Loss::kContents || loss == Loss::kEverything) {
    for (const auto& [path, durable] : unsynced_) {
      Result<std::string> bytes = base_.ReadFile(path);
      if (!bytes.ok()) continue;  // It was removed for good.
      SLIPWAY_RETURN_IF_ERROR(base_.RemoveFile(path));
      SLIPWAY_ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file, base_.CreateFile(path));
      SLIPWAY_RETURN_IF_ERROR(
          file->Append(std::string_view(*bytes).substr(0, static_cast<size_t>(durable))));
      SLIPWAY_RETURN_IF_ERROR(file->Close());
    }
  }
  unsynced_.clear();
  if (loss == Loss::kNames || loss == Loss::kEverything) {
    while (!changes_.empty()) {
      const Change change = std::move(changes_.back());
      changes_.pop_back();
      SLIPWAY_RETURN_IF_ERROR(Undo(change));
    }
  }
  changes_.clear();
  return {};
}

}  // namespace slipway
