// Objects in S3, through Arrow. Part of libslipway_s3.so.
#pragma once

#include <memory>

#include "core/result.h"
#include "data/object_store.h"
#include "data/s3_location_internal.h"

namespace slipway::data {

// Three attempts (AWS_MAX_ATTEMPTS says otherwise), 5 s to connect, 15 s without a byte.
Result<std::unique_ptr<ObjectStore>> OpenS3ObjectStore(const S3Location& location);

}  // namespace slipway::data
