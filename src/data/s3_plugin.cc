// What libslipway_s3.so exports.
#include <arrow/filesystem/s3fs.h>

#include "core/build_info.h"
#include "core/interrupt.h"
#include "core/plugin.h"
#include "data/s3_object_store_internal.h"
#include "data/s3_plugin_internal.h"

namespace slipway::data {
namespace {

// Arrow's S3 crashes at exit unless it is ended before its own static objects go, which are made
// while this one is.
class S3Lifetime {
 public:
  S3Lifetime() {
    arrow::fs::S3GlobalOptions options = arrow::fs::S3GlobalOptions::Defaults();
    // Its log would go to standard error, requests with their signatures among it.
    options.log_level = arrow::fs::S3LogLevel::Off;
    // A connection that the server closed must not end the program.
    options.install_sigpipe_handler = true;
    status_ = arrow::fs::InitializeS3(options);
  }
  ~S3Lifetime() { (void)arrow::fs::EnsureS3Finalized(); }
  S3Lifetime(const S3Lifetime&) = delete;
  S3Lifetime& operator=(const S3Lifetime&) = delete;

  const arrow::Status& status() const { return status_; }

 private:
  arrow::Status status_;
};

Result<std::unique_ptr<ObjectStore>> Open(const S3Location& location) {
  static const S3Lifetime lifetime;
  if (!lifetime.status().ok()) {
    return Error(ErrorCode::kUnavailable, "can't start S3: " + lifetime.status().message());
  }
  return OpenS3ObjectStore(location);
}

constexpr S3Functions kFunctions{Open};

}  // namespace
}  // namespace slipway::data

extern "C" {
extern __attribute__((visibility("default"))) const slipway::Plugin slipway_plugin_v1;
const slipway::Plugin slipway_plugin_v1{slipway::BuildId(), slipway::data::kS3Plugin,
                                        &slipway::data::kFunctions, slipway::FollowInterrupts};
}
