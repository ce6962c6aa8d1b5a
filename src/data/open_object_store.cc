// The public functions on s3:// URIs, which open the plug-in that has Arrow's S3.
#include <utility>

#include "core/plugin.h"
#include "data/object_store.h"
#include "data/s3_location_internal.h"
#include "data/s3_plugin_internal.h"

namespace slipway::data {
namespace {

Result<std::unique_ptr<ObjectStore>> Open(const S3Location& location) {
  SLIPWAY_ASSIGN_OR_RETURN(const void* plugin, LoadPlugin(kS3Plugin, PluginFolders()));
  return static_cast<const S3Functions*>(plugin)->open(location);
}

}  // namespace

Result<std::unique_ptr<ObjectStore>> OpenObjectStore(const std::string& uri) {
  SLIPWAY_ASSIGN_OR_RETURN(const S3Location location, ResolveS3Location(uri));
  return Open(location);
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
  SLIPWAY_ASSIGN_OR_RETURN(place.store, Open(location));
  return place;
}

}  // namespace slipway::data
