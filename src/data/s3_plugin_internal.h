// What the program and libslipway_s3.so, which alone links Arrow's S3, agree on.
#pragma once

#include <memory>

#include "core/result.h"
#include "data/object_store.h"
#include "data/s3_location_internal.h"

namespace slipway::data {

inline constexpr char kS3Plugin[] = "libslipway_s3.so";

struct S3Functions {
  // Sends no request, unless nobody said where the bucket of Amazon's is.
  Result<std::unique_ptr<ObjectStore>> (*open)(const S3Location& location);
};

}  // namespace slipway::data
