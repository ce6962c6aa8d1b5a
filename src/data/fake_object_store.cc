#include "data/fake_object_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/text.h"

namespace slipway::data {

class FakeObjectStore::Upload : public WritableFile {
 public:
  Upload(FakeObjectStore& store, std::string key) : store_(store), key_(std::move(key)) {}
  Status Append(std::string_view bytes) override {
    bytes_ += bytes;
    return {};
  }
  Status Sync() override { return {}; }
  Status Close() override {
    SLIPWAY_RETURN_IF_ERROR(store_.Begin("Close", key_));
    const std::scoped_lock lock(store_.mutex_);
    store_.objects_[key_] = {std::move(bytes_), ++store_.versions_};
    return {};
  }

 private:
  FakeObjectStore& store_;
  std::string key_;
  std::string bytes_;
};

Status FakeObjectStore::Begin(const char* call, const std::string& key) const {
  const std::scoped_lock lock(mutex_);
  return decide_ ? decide_(call, key) : Status();
}

// Called with the lock held.
Error FakeObjectStore::NotFound(const std::string& key) const {
  std::vector<std::string> keys;
  for (const auto& [name, object] : objects_) keys.push_back(name);
  Location at;
  at.file = UriOf(key);
  Error error = Error(ErrorCode::kNotFound, "no such object").At(std::move(at));
  const std::string nearest = NearestName(key, keys);
  return nearest.empty() ? error : std::move(error).Try(UriOf(nearest));
}

Status FakeObjectStore::Check() { return Begin("Check", ""); }

Result<ObjectInfo> FakeObjectStore::Head(const std::string& key) {
  SLIPWAY_RETURN_IF_ERROR(CheckObjectKey(key));
  SLIPWAY_RETURN_IF_ERROR(Begin("Head", key));
  const std::scoped_lock lock(mutex_);
  const auto found = objects_.find(key);
  if (found == objects_.end()) return NotFound(key);
  const Object& object = found->second;
  return ObjectInfo{key, std::ssize(object.bytes), fmt::format("v{}", object.version),
                    int64_t{1'000'000'000} * object.version};
}

Result<size_t> FakeObjectStore::ReadAt(const ObjectInfo& object, int64_t offset, char* out,
                                       size_t count) {
  SLIPWAY_RETURN_IF_ERROR(CheckObjectKey(object.key));
  SLIPWAY_RETURN_IF_ERROR(Begin("ReadAt", object.key));
  const std::scoped_lock lock(mutex_);
  const auto found = objects_.find(object.key);
  if (found == objects_.end()) return NotFound(object.key);
  if (!object.etag.empty() && object.etag != fmt::format("v{}", found->second.version)) {
    return Error(ErrorCode::kConflict, "the object was replaced while it was read");
  }
  const std::string& bytes = found->second.bytes;
  const size_t begin = std::min(static_cast<size_t>(offset), bytes.size());
  const size_t got = std::min(count, bytes.size() - begin);
  if (got > 0) std::memcpy(out, bytes.data() + begin, got);
  return got;
}

Result<std::unique_ptr<WritableFile>> FakeObjectStore::Create(const std::string& key) {
  SLIPWAY_RETURN_IF_ERROR(CheckObjectKey(key));
  return std::make_unique<Upload>(*this, key);
}

Result<std::vector<ObjectInfo>> FakeObjectStore::List(const std::string& prefix) {
  if (!prefix.empty()) SLIPWAY_RETURN_IF_ERROR(CheckObjectKey(prefix));
  SLIPWAY_RETURN_IF_ERROR(Begin("List", prefix));
  const std::scoped_lock lock(mutex_);
  std::vector<ObjectInfo> found;
  for (const auto& [key, object] : objects_) {
    if (prefix.empty() || key.starts_with(prefix + "/")) {
      found.push_back({key, std::ssize(object.bytes), "", int64_t{1'000'000'000} * object.version});
    }
  }
  return found;
}

Status FakeObjectStore::Delete(const std::string& key) {
  SLIPWAY_RETURN_IF_ERROR(CheckObjectKey(key));
  SLIPWAY_RETURN_IF_ERROR(Begin("Delete", key));
  const std::scoped_lock lock(mutex_);
  objects_.erase(key);
  return {};
}

void FakeObjectStore::FailWith(
    std::function<Status(const std::string& call, const std::string& key)> decide) {
  const std::scoped_lock lock(mutex_);
  decide_ = std::move(decide);
}

int FakeObjectStore::writes() const {
  const std::scoped_lock lock(mutex_);
  return versions_;
}

}  // namespace slipway::data
