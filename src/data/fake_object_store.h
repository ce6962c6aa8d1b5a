// Objects in memory, for tests of what uses an ObjectStore.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "data/object_store.h"

namespace slipway::data {

class FakeObjectStore : public ObjectStore {
 public:
  std::string Describe() const override { return "fake://bucket"; }
  std::string UriOf(const std::string& key) const override { return "fake://bucket/" + key; }
  Status Check() override;
  Result<ObjectInfo> Head(const std::string& key) override;
  Result<size_t> ReadAt(const ObjectInfo& object, int64_t offset, char* out, size_t count) override;
  Result<std::unique_ptr<WritableFile>> Create(const std::string& key) override;
  Result<std::vector<ObjectInfo>> List(const std::string& prefix) override;
  Status Delete(const std::string& key) override;

  // Asked before each call that reaches the service, with the call's name ("Head", "ReadAt",
  // "Close", "List", "Delete", "Check") and the key; what it returns is what the call fails with.
  void FailWith(std::function<Status(const std::string& call, const std::string& key)> decide);
  // How many objects were finished.
  int writes() const;

 private:
  class Upload;
  struct Object {
    std::string bytes;
    int version = 0;
  };
  Status Begin(const char* call, const std::string& key) const;
  Error NotFound(const std::string& key) const;

  mutable std::mutex mutex_;  // Guards all below.
  std::map<std::string, Object> objects_;
  int versions_ = 0;
  std::function<Status(const std::string&, const std::string&)> decide_;
};

}  // namespace slipway::data
