#include "data/object_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/text.h"

namespace slipway::data {
namespace {

Error NotAKey(std::string_view key, const char* why) {
  return Error(ErrorCode::kInvalidInput,
               fmt::format("'{}' is no key of an object: {}", Printable(key.substr(0, 200)), why))
      .Expected("parts between single '/', none of them empty, '.' or '..'");
}

Result<std::string> ReadAll(ObjectStore& store, const ObjectInfo& object) {
  std::string bytes(static_cast<size_t>(object.size), '\0');
  SLIPWAY_ASSIGN_OR_RETURN(const size_t count, store.ReadAt(object, 0, bytes.data(), bytes.size()));
  if (count == bytes.size()) return bytes;
  Location location;
  location.file = store.UriOf(object.key);
  return Error(ErrorCode::kIo,
               fmt::format("only {} of {} bytes came", count, FormatCount(object.size)))
      .At(std::move(location))
      .Try("again");
}

}  // namespace

Result<std::optional<ObjectInfo>> ObjectStore::Find(const std::string& key) {
  Result<ObjectInfo> object = Head(key);
  if (object.ok()) return std::optional(*std::move(object));
  if (object.error().code() == ErrorCode::kNotFound) return std::optional<ObjectInfo>();
  return object.error();
}

Result<std::string> ObjectStore::Get(const std::string& key) {
  SLIPWAY_ASSIGN_OR_RETURN(const ObjectInfo object, Head(key));
  return ReadAll(*this, object);
}

Result<std::optional<std::string>> ObjectStore::GetIfThere(const std::string& key) {
  SLIPWAY_ASSIGN_OR_RETURN(const std::optional<ObjectInfo> object, Find(key));
  if (!object) return std::optional<std::string>();
  SLIPWAY_ASSIGN_OR_RETURN(std::string bytes, ReadAll(*this, *object));
  return std::optional(std::move(bytes));
}

Status ObjectStore::Put(const std::string& key, std::string_view bytes) {
  SLIPWAY_ASSIGN_OR_RETURN(const std::unique_ptr<WritableFile> object, Create(key));
  SLIPWAY_RETURN_IF_ERROR(object->Append(bytes));
  return object->Close();
}

Status CheckObjectKey(std::string_view key) {
  // S3's limit.
  constexpr size_t kLongest = 1024;
  if (key.empty()) return NotAKey(key, "it is empty");
  if (key.size() > kLongest) return NotAKey(key, "it is longer than 1,024 bytes");
  if (key.find('\0') != std::string_view::npos) return NotAKey(key, "it holds a NUL");
  for (size_t begin = 0; begin <= key.size();) {
    const size_t end = std::min(key.find('/', begin), key.size());
    const std::string_view part = key.substr(begin, end - begin);
    if (part.empty()) return NotAKey(key, "one of its parts is empty");
    if (part == "." || part == "..") return NotAKey(key, "it would lead elsewhere");
    begin = end + 1;
  }
  return {};
}

bool IsObjectUri(std::string_view text) { return text.starts_with("s3://"); }

}  // namespace slipway::data
