// The public functions on s3:// URIs, which open the plug-in that has Arrow's S3.
#include <mutex>
#include <utility>

#include "core/plugin.h"
#include "data/object_store.h"
#include "data/s3_location_internal.h"
#include "data/s3_plugin_internal.h"

namespace slipway::data {
namespace {

// Opens the plug-in at the first call that needs it: most commands on a registry ask nothing of its
// artifact store.
class DeferredObjectStore : public ObjectStore {
 public:
  explicit DeferredObjectStore(S3Location location) : location_(std::move(location)) {}

  std::string Describe() const override { return location_.Describe(); }
  std::string UriOf(const std::string& key) const override { return location_.UriOf(key); }
  Status Check() override {
    SLIPWAY_ASSIGN_OR_RETURN(ObjectStore * store, Opened());
    return store->Check();
  }
  Result<ObjectInfo> Head(const std::string& key) override {
    SLIPWAY_ASSIGN_OR_RETURN(ObjectStore * store, Opened());
    return store->Head(key);
  }
  Result<std::optional<ObjectInfo>> Find(const std::string& key) override {
    SLIPWAY_ASSIGN_OR_RETURN(ObjectStore * store, Opened());
    return store->Find(key);
  }
  Result<size_t> ReadAt(const ObjectInfo& object, int64_t offset, char* out,
                        size_t count) override {
    SLIPWAY_ASSIGN_OR_RETURN(ObjectStore * store, Opened());
    return store->ReadAt(object, offset, out, count);
  }
  Result<std::unique_ptr<WritableFile>> Create(const std::string& key) override {
    SLIPWAY_ASSIGN_OR_RETURN(ObjectStore * store, Opened());
    return store->Create(key);
  }
  Result<std::vector<ObjectInfo>> List(const std::string& prefix) override {
    SLIPWAY_ASSIGN_OR_RETURN(ObjectStore * store, Opened());
    return store->List(prefix);
  }
  Status Delete(const std::string& key) override {
    SLIPWAY_ASSIGN_OR_RETURN(ObjectStore * store, Opened());
    return store->Delete(key);
  }

 private:
  Result<ObjectStore*> Opened() {
    const std::scoped_lock lock(mutex_);
    if (!store_) {
      SLIPWAY_ASSIGN_OR_RETURN(const void* plugin, LoadPlugin(kS3Plugin, PluginFolders()));
      SLIPWAY_ASSIGN_OR_RETURN(store_, static_cast<const S3Functions*>(plugin)->open(location_));
    }
    return store_.get();
  }

  const S3Location location_;
  std::mutex mutex_;  // Guards store_ until it is there.
  std::unique_ptr<ObjectStore> store_;
};

}  // namespace

Result<std::unique_ptr<ObjectStore>> OpenObjectStore(const std::string& uri) {
  SLIPWAY_ASSIGN_OR_RETURN(S3Location location, ResolveS3Location(uri));
  return std::make_unique<DeferredObjectStore>(std::move(location));
}

Result<ObjectPlace> OpenObject(const std::string& uri) {
  SLIPWAY_ASSIGN_OR_RETURN(S3Location location, ResolveS3Location(uri));
  if (location.prefix.empty()) {
    Location at;
    at.file = location.Uri();
    return Error(ErrorCode::kInvalidInput, "this is a bucket")
        .At(std::move(at))
        .Expected("the URI of an object, s3://BUCKET/KEY");
  }
  ObjectPlace place;
  // Near names are looked for beside the object.
  place.key = BaseName(location.prefix);
  location.prefix =
      location.prefix.find('/') == std::string::npos ? "" : DirectoryOf(location.prefix);
  place.store = std::make_unique<DeferredObjectStore>(std::move(location));
  return place;
}

}  // namespace slipway::data
