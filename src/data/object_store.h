// Objects by key: what S3 is to us, a directory of files, or memory.
//
// Keys are relative paths with '/' between their parts, none of which is empty, "." or ".."; a key
// that is not is kInvalidInput. Stores are safe to use from several threads, and what Put or Close
// acknowledged is durable. Errors name the bucket or directory, the key, the endpoint and what to
// try; no message ever holds a credential.
//
// Of every implementation: kNotFound for what is not there (with near names where they may be
// listed), kPermission for credentials that are missing, wrong or not enough, kUnavailable where
// the service can't be reached or does not answer in time, kIo for what else it says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/file_system.h"
#include "core/result.h"

namespace slipway::data {

// One version of an object.
struct ObjectInfo {
  std::string key;
  int64_t size = 0;
  // Differs where the bytes do; opaque. "" where List does not know it.
  std::string etag;
  int64_t modified_ns = 0;  // Since the epoch; S3 knows whole seconds.
};

class ObjectStore {
 public:
  virtual ~ObjectStore() = default;

  // "s3://bucket/prefix at http://127.0.0.1:9000" or a directory: for messages.
  virtual std::string Describe() const = 0;
  // A name for one object, for messages and locations: "s3://bucket/prefix/key".
  virtual std::string UriOf(const std::string& key) const = 0;

  // Whether the bucket is there and may be listed: one request, for who wants to know before a long
  // job.
  virtual Status Check() = 0;

  virtual Result<ObjectInfo> Head(const std::string& key) = 0;
  // The same for who is not surprised where there is none, and so needs no near names: one request.
  virtual Result<std::optional<ObjectInfo>> Find(const std::string& key);
  // Fills `out` with `count` bytes from `offset` on; fewer only at the end of the object. Returns
  // how many. They are bytes of the version that `object` is, which Head gave: kConflict if it was
  // replaced and kNotFound if it vanished, before or while it was read. No check where its etag is
  // "".
  virtual Result<size_t> ReadAt(const ObjectInfo& object, int64_t offset, char* out,
                                size_t count) = 0;
  // The whole object, all of it of one version.
  virtual Result<std::string> Get(const std::string& key);
  // The same, and nothing where there is none.
  Result<std::optional<std::string>> GetIfThere(const std::string& key);

  // Replaces what is there; whoever reads sees the old object or the new one.
  virtual Status Put(const std::string& key, std::string_view bytes);
  // The same for what does not fit into memory. The object appears when Close returns; without it,
  // nothing does. Sync does nothing. Used from one thread.
  virtual Result<std::unique_ptr<WritableFile>> Create(const std::string& key) = 0;

  // Objects whose keys start with `prefix` and a '/' ("" for all), sorted by key.
  virtual Result<std::vector<ObjectInfo>> List(const std::string& prefix) = 0;
  // Removing what is not there is no error.
  virtual Status Delete(const std::string& key) = 0;
};

// Whether this is the URI of an object or of a store that OpenObjectStore knows: "s3://…".
bool IsObjectUri(std::string_view text);

// s3://BUCKET[/PREFIX][?endpoint_override=HOST:PORT&scheme=http|https&region=NAME]. The endpoint
// comes from the URI, else AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL or the profile, the region from
// the URI, else AWS_REGION, AWS_DEFAULT_REGION or the profile, credentials from the usual AWS
// chain. No request is sent. kInvalidInput for another scheme, an unknown option, or credentials in
// the URI (they are not repeated); kUnavailable where the plug-in is missing.
Result<std::unique_ptr<ObjectStore>> OpenObjectStore(const std::string& uri);

// A store and the key of one object in it.
struct ObjectPlace {
  std::unique_ptr<ObjectStore> store;
  std::string key;
};
// The same for the URI of one object, s3://BUCKET/KEY[?…].
Result<ObjectPlace> OpenObject(const std::string& uri);

// Files under `root`, which is made when the first object is put. Objects appear by renaming synced
// files; directories that it makes are readable by their owner only. Links are followed.
std::unique_ptr<ObjectStore> OpenDirectoryObjectStore(FileSystem& files, const std::string& root);

// kInvalidInput where `key` is no key.
Status CheckObjectKey(std::string_view key);

}  // namespace slipway::data
