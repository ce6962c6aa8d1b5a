// What libslipway_s3.so exports.
#include <arrow/filesystem/s3fs.h>

#include "core/build_info.h"
#include "core/interrupt.h"
#include "core/plugin.h"
#include "data/s3_object_store_internal.h"
#include "data/s3_plugin_internal.h"

namespace slipway::data {
namespace {

arrow::Status Start() {
  arrow::fs::S3GlobalOptions options = arrow::fs::S3GlobalOptions::Defaults();
  // Its log would go to standard error, requests with their signatures among it.
  options.log_level = arrow::fs::S3LogLevel::Off;
  // A connection that the server closed must not end the program.
  options.install_sigpipe_handler = true;
  return arrow::fs::InitializeS3(options);
}

// Arrow keeps static objects that are made by the first request, so that nothing that is registered
// to run at exit could end S3 before they go; without an end it crashes.
void Close() {
  if (arrow::fs::IsS3Initialized()) (void)arrow::fs::FinalizeS3();
}

Result<std::unique_ptr<ObjectStore>> Open(const S3Location& location) {
  static const arrow::Status started = Start();
  if (!started.ok()) {
    return Error(ErrorCode::kUnavailable, "can't start S3: " + started.message());
  }
  return OpenS3ObjectStore(location);
}

constexpr S3Functions kFunctions{Open};

}  // namespace
}  // namespace slipway::data

extern "C" {
extern __attribute__((visibility("default"))) const slipway::Plugin slipway_plugin_v1;
const slipway::Plugin slipway_plugin_v1{slipway::BuildId(), slipway::data::kS3Plugin,
                                        &slipway::data::kFunctions, slipway::FollowInterrupts,
                                        slipway::data::Close};
}
