#include <arrow/filesystem/s3fs.h>
#include <arrow/io/interfaces.h>
#include <arrow/util/future.h>
#include <arrow/util/key_value_metadata.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <ctime>
#include <optional>
#include <utility>

#include "core/interrupt.h"
#include "core/text.h"
#include "data/s3_errors_internal.h"
#include "data/s3_object_store_internal.h"

namespace slipway::data {
namespace {

namespace fs = arrow::fs;

constexpr double kConnectSeconds = 5;
// Without a byte; of reading and writing alike.
constexpr double kSilentSeconds = 15;
constexpr int64_t kAttempts = 3;
// One request each, so that an interrupt is seen in between.
constexpr size_t kPiece = size_t{16} << 20U;

int64_t Attempts() {
  const char* text = std::getenv("AWS_MAX_ATTEMPTS");
  const int64_t attempts = text == nullptr ? 0 : std::strtoll(text, nullptr, 10);
  return attempts > 0 ? attempts : kAttempts;
}

class BoundedRetry : public fs::S3RetryStrategy {
 public:
  bool ShouldRetry(const AWSErrorDetail& error, int64_t attempted) override {
    return error.should_retry && attempted + 1 < attempts_ && !Interrupted();
  }
  int64_t CalculateDelayBeforeNextRetry(const AWSErrorDetail&, int64_t attempted) override {
    constexpr int64_t kFirstMs = 200;
    constexpr int64_t kMostMs = 5'000;
    return std::min(kMostMs, kFirstMs << std::min<int64_t>(attempted, 10));
  }

 private:
  const int64_t attempts_ = Attempts();
};

// Arrow's OpenSSL knows the places of the system that it was built on, which is not Debian.
std::string CertificatesFile() {
  for (const char* name : {"AWS_CA_BUNDLE", "SSL_CERT_FILE"}) {
    const char* path = std::getenv(name);
    if (path != nullptr && *path != '\0') return path;
  }
  for (const char* path : {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
                           "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"}) {
    if (LocalFileSystem().Exists(path)) return path;
  }
  return "";
}

// "2026-11-24T22:46:36Z".
int64_t ParseTime(const std::string& text) {
  std::tm parts{};
  if (::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts) == nullptr) return 0;
  return static_cast<int64_t>(::timegm(&parts)) * 1'000'000'000;
}

class S3ObjectStore;

class S3Upload : public WritableFile {
 public:
  S3Upload(const S3ObjectStore& store, std::string key,
           std::shared_ptr<arrow::io::OutputStream> stream)
      : store_(store), key_(std::move(key)), stream_(std::move(stream)) {}
  // Arrow's stream would finish the object when it goes.
  ~S3Upload() override {
    if (!stream_->closed()) (void)stream_->Abort();
  }
  S3Upload(const S3Upload&) = delete;
  S3Upload& operator=(const S3Upload&) = delete;

  Status Append(std::string_view bytes) override;
  Status Sync() override { return {}; }
  Status Close() override;

 private:
  const S3ObjectStore& store_;
  std::string key_;
  std::shared_ptr<arrow::io::OutputStream> stream_;
};

class S3ObjectStore : public ObjectStore {
 public:
  S3ObjectStore(S3Location location, std::shared_ptr<fs::S3FileSystem> files)
      : location_(std::move(location)), files_(std::move(files)) {}

  std::string Describe() const override { return location_.Describe(); }
  std::string UriOf(const std::string& key) const override { return location_.UriOf(key); }

  Status Check() override {
    const auto info = files_->GetFileInfo(location_.bucket);
    if (!info.ok()) return Failed(info.status(), "", "look into the bucket");
    if (info->type() == fs::FileType::NotFound) return NoBucket();
    return {};
  }

  Result<ObjectInfo> Head(const std::string& key) override {
    SLIPWAY_RETURN_IF_ERROR(CheckObjectKey(key));
    auto object = Ask(key);
    return object.ok() ? Result<ObjectInfo>(*std::move(object))
                       : Failed(object.status(), key, "read");
  }

  Result<std::optional<ObjectInfo>> Find(const std::string& key) override {
    SLIPWAY_RETURN_IF_ERROR(CheckObjectKey(key));
    auto object = Ask(key);
    if (object.ok()) return std::optional(*std::move(object));
    if (Classify(object.status()) == S3Problem::kNoKey) return std::optional<ObjectInfo>();
    return Failed(object.status(), key, "read");
  }

  Result<size_t> ReadAt(const ObjectInfo& object, int64_t offset, char* out,
                        size_t count) override {
    SLIPWAY_RETURN_IF_ERROR(CheckObjectKey(object.key));
    const int64_t left = std::max<int64_t>(object.size - std::max<int64_t>(offset, 0), 0);
    const size_t wanted = std::min(count, static_cast<size_t>(left));
    if (wanted == 0) return size_t{0};
    for (bool again = false;; again = true) {
      SLIPWAY_RETURN_IF_ERROR(CheckInterrupted());
      const auto got = ReadRange(object, offset, out, wanted);
      // What was read is of that version if the object still is it: S3 keeps no order of requests
      // that Arrow would tell.
      if (got.ok() && object.etag.empty()) return *got;
      SLIPWAY_ASSIGN_OR_RETURN(const ObjectInfo now, Head(object.key));
      if (!object.etag.empty() && now.etag != object.etag) return Replaced(object.key);
      if (got.ok() && *got == wanted) return *got;
      if (again) {
        return Failed(got.ok() ? arrow::Status::IOError("it ended early") : got.status(),
                      object.key, "read");
      }
    }
  }

  Result<std::unique_ptr<WritableFile>> Create(const std::string& key) override {
    SLIPWAY_RETURN_IF_ERROR(CheckObjectKey(key));
    auto stream = files_->OpenOutputStream(PathOf(key), nullptr);
    if (!stream.ok()) return Failed(stream.status(), key, "write");
    return std::make_unique<S3Upload>(*this, key, *std::move(stream));
  }

  Result<std::vector<ObjectInfo>> List(const std::string& prefix) override {
    if (!prefix.empty()) SLIPWAY_RETURN_IF_ERROR(CheckObjectKey(prefix));
    fs::FileSelector select;
    select.base_dir = PathOf(prefix);
    select.recursive = true;
    select.allow_not_found = true;
    const auto found = files_->GetFileInfo(select);
    if (!found.ok()) return Failed(found.status(), prefix, "list");
    const std::string own = PathOf("") + "/";
    std::vector<ObjectInfo> objects;
    for (const fs::FileInfo& info : *found) {
      // Directories are of Arrow's making: what keys have in common, or empty objects "name/".
      if (info.type() != fs::FileType::File || !info.path().starts_with(own)) continue;
      ObjectInfo object;
      object.key = info.path().substr(own.size());
      object.size = info.size();
      object.modified_ns = info.mtime().time_since_epoch().count();
      objects.push_back(std::move(object));
    }
    std::ranges::sort(objects, {}, &ObjectInfo::key);
    return objects;
  }

  // Arrow leaves an empty object "directory/" where the last of a directory went. It is no object
  // to List.
  Status Delete(const std::string& key) override {
    SLIPWAY_RETURN_IF_ERROR(CheckObjectKey(key));
    const arrow::Status deleted = files_->DeleteFile(PathOf(key));
    if (deleted.ok()) return {};
    Error error = Failed(deleted, key, "delete");
    // A bucket that is not there is a mistake, an object is not.
    const bool gone = Classify(deleted) == S3Problem::kNoKey && BucketIsThere();
    return gone ? Status() : error;
  }

  Error Failed(const arrow::Status& status, const std::string& key,
               const std::string& action) const {
    const S3Problem problem = Classify(status);
    if (problem == S3Problem::kNoBucket || (problem == S3Problem::kNoKey && !BucketIsThere())) {
      return NoBucket();
    }
    if (problem == S3Problem::kNoKey) return NoKey(status, key, action);
    if (problem == S3Problem::kDenied) {
      // A HEAD request is refused without a reason; listing the buckets is refused with one.
      const auto buckets = Buckets();
      if (!buckets.ok() && Classify(buckets.status()) == S3Problem::kCredentials) {
        return S3Error(buckets.status(), location_, key, action, SignedIn());
      }
    }
    return S3Error(status, location_, key, action, SignedIn());
  }

 private:
  arrow::Result<ObjectInfo> Ask(const std::string& key) const {
    ARROW_ASSIGN_OR_RAISE(const auto file, files_->OpenInputFile(PathOf(key)));
    ARROW_ASSIGN_OR_RAISE(const auto metadata, file->ReadMetadata());
    ObjectInfo object;
    object.key = key;
    ARROW_ASSIGN_OR_RAISE(object.size, file->GetSize());
    if (metadata) {
      object.etag = metadata->Get("ETag").ValueOr("");
      object.modified_ns = ParseTime(metadata->Get("Last-Modified").ValueOr(""));
    }
    return object;
  }

  std::string PathOf(const std::string& key) const {
    const std::string in_bucket = location_.KeyInBucket(key);
    return in_bucket.empty() ? location_.bucket : fmt::format("{}/{}", location_.bucket, in_bucket);
  }

  bool SignedIn() const { return !files_->options().GetAccessKey().empty(); }

  arrow::Result<size_t> ReadRange(const ObjectInfo& object, int64_t offset, char* out,
                                  size_t count) const {
    fs::FileInfo info(PathOf(object.key), fs::FileType::File);
    // Known, so that opening asks nothing.
    info.set_size(object.size);
    ARROW_ASSIGN_OR_RAISE(const auto file, files_->OpenInputFile(info));
    size_t done = 0;
    while (done < count) {
      const size_t piece = std::min(kPiece, count - done);
      ARROW_ASSIGN_OR_RAISE(const int64_t got,
                            file->ReadAt(offset + static_cast<int64_t>(done),
                                         static_cast<int64_t>(piece), out + done));
      if (got <= 0) break;
      done += static_cast<size_t>(got);
      if (Interrupted()) break;
    }
    return done;
  }

  Error Replaced(const std::string& key) const {
    Location at;
    at.file = UriOf(key);
    return Error(ErrorCode::kConflict, "the object was replaced while it was read")
        .At(std::move(at))
        .Try("again when nothing writes to it");
  }

  arrow::Result<std::vector<fs::FileInfo>> Buckets() const {
    return files_->GetFileInfo(fs::FileSelector());
  }

  bool BucketIsThere() const {
    const auto info = files_->GetFileInfo(location_.bucket);
    return !info.ok() || info->type() != fs::FileType::NotFound;
  }

  Error NoBucket() const {
    Location at;
    at.file = fmt::format("s3://{}", location_.bucket);
    Error error =
        Error(ErrorCode::kNotFound, fmt::format("no such bucket at {}", location_.Service()))
            .At(std::move(at));
    const auto buckets = Buckets();
    if (!buckets.ok()) return error;
    std::vector<std::string> names;
    for (const fs::FileInfo& bucket : *buckets) names.push_back(bucket.path());
    const std::string nearest = NearestName(location_.bucket, names);
    return nearest.empty() ? std::move(error).Try("creating it first")
                           : std::move(error).Try(fmt::format("s3://{}", nearest));
  }

  // The first thousand names beside the key: more would be more requests.
  std::vector<std::string> NamesBeside(const std::string& path) const {
    fs::FileSelector select;
    select.base_dir = DirectoryOf(path);
    select.allow_not_found = true;
    const auto first = files_->GetFileInfoGenerator(select)().result();
    std::vector<std::string> names;
    if (!first.ok()) return names;
    for (const fs::FileInfo& info : *first) names.push_back(BaseName(info.path()));
    return names;
  }

  Error NoKey(const arrow::Status& status, const std::string& key,
              const std::string& action) const {
    Error error = S3Error(status, location_, key, action, SignedIn());
    const std::string path = PathOf(key);
    std::vector<std::string> names = NamesBeside(path);
    const std::string beside = fmt::format("s3://{}/", DirectoryOf(path));
    if (const std::string nearest = NearestName(BaseName(path), names); !nearest.empty()) {
      return std::move(error).Try(beside + nearest);
    }
    constexpr size_t kShown = 3;
    if (names.empty()) return error;
    std::ranges::sort(names);
    names.resize(std::min(names.size(), kShown));
    for (std::string& name : names) name.insert(0, beside);
    return std::move(error).Try(JoinOr(names));
  }

  const S3Location location_;
  const std::shared_ptr<fs::S3FileSystem> files_;
};

Status S3Upload::Append(std::string_view bytes) {
  SLIPWAY_RETURN_IF_ERROR(CheckInterrupted());
  const arrow::Status written = stream_->Write(bytes.data(), static_cast<int64_t>(bytes.size()));
  return written.ok() ? Status() : store_.Failed(written, key_, "write");
}

Status S3Upload::Close() {
  const arrow::Status closed = stream_->Close();
  return closed.ok() ? Status() : store_.Failed(closed, key_, "write");
}

}  // namespace

Result<std::unique_ptr<ObjectStore>> OpenS3ObjectStore(const S3Location& location) {
  fs::S3Options options = fs::S3Options::Defaults();
  options.endpoint_override = location.endpoint;
  options.scheme = location.scheme;
  options.region = location.region;
  if (options.region.empty()) {
    const auto found = location.endpoint.empty() ? fs::ResolveS3BucketRegion(location.bucket)
                                                 : arrow::Result<std::string>("us-east-1");
    options.region = found.ValueOr("us-east-1");
  }
  options.connect_timeout = kConnectSeconds;
  options.request_timeout = kSilentSeconds;
  options.retry_strategy = std::make_shared<BoundedRetry>();
  options.tls_ca_file_path = CertificatesFile();
  // Our threads wait for what they write; a small object is one request.
  options.background_writes = false;
  options.allow_delayed_open = true;
  auto files = fs::S3FileSystem::Make(options);
  if (!files.ok()) {
    return Error(ErrorCode::kUnavailable,
                 fmt::format("can't use {}: {}", location.Service(), files.status().message()));
  }
  return std::make_unique<S3ObjectStore>(location, *std::move(files));
}

}  // namespace slipway::data
