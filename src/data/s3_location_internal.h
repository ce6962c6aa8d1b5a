// Where an s3:// URI, the AWS variables and the AWS profile say that objects are.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"

namespace slipway::data {

struct S3Location {
  std::string bucket;
  std::string prefix;  // Without slashes at its ends; "" for the whole bucket.
  std::string scheme = "https";
  std::string endpoint;  // "HOST:PORT"; "" for Amazon's own.
  std::string region;    // "" where nobody says.

  // "s3://bucket/prefix".
  std::string Uri() const;
  // Where a key of the store lies within the bucket.
  std::string KeyInBucket(const std::string& key) const;
  // "http://127.0.0.1:9000", or "Amazon S3".
  std::string Service() const;
  // As ObjectStore has them.
  std::string Describe() const;
  std::string UriOf(const std::string& key) const;
};

// As object_store.h says of OpenObjectStore. Nothing of the user's text is repeated in an error
// when it may hold a credential.
Result<S3Location> ResolveS3Location(std::string_view uri);

// The value of `key` in the profile that AWS_PROFILE names (or "default"), from the files that
// AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name (or ~/.aws/config and ~/.aws/credentials);
// "" where there is none.
std::string FromAwsProfile(std::string_view key);

}  // namespace slipway::data
