// What Arrow's S3 says, in our words. Part of libslipway_s3.so.
#pragma once

#include <arrow/status.h>

#include <string>

#include "core/error.h"
#include "data/s3_location_internal.h"

namespace slipway::data {

enum class S3Problem {
  kNoKey,
  kNoBucket,
  kDenied,       // Who asks is known, or says nothing about itself, and may not.
  kCredentials,  // Who asks is not who they say.
  kUnreachable,  // No answer, or one that says "later".
  kOther,
};

// Of a Status that is not OK: Arrow has no type for the service's answers, only their text
// ("AWS Error NO_SUCH_BUCKET during ListObjectsV2 operation: …").
S3Problem Classify(const arrow::Status& status);

// An error about `key` of the store ("" for the bucket itself). `action` is what was tried: "read",
// "write", "list", "delete". `signed_in` tells whether credentials were found.
Error S3Error(const arrow::Status& status, const S3Location& location, const std::string& key,
              const std::string& action, bool signed_in);

// The service's own words, without what identifies the request; "" where it said nothing.
std::string ServiceWords(const arrow::Status& status);

}  // namespace slipway::data
