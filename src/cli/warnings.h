// The progress of quick commands: of it only warnings are told.
#pragma once

#include <string>
#include <string_view>

#include "cli/session.h"
#include "core/progress.h"

namespace slipway::cli {

class Warnings final : public ProgressSink {
 public:
  explicit Warnings(Session& session) : session_(session) {}

  void StepStarted(std::string_view /*step*/) override {}
  void Advance(std::string_view /*step*/, int64_t /*done*/, int64_t /*total*/,
               std::string_view /*unit*/) override {}
  void StepFinished(std::string_view /*step*/, bool /*ok*/, bool /*cached*/,
                    std::string_view /*summary*/, double /*seconds*/,
                    const Json& /*facts*/) override {}
  void Warn(std::string_view message) override { session_.Warn(std::string(message)); }

 private:
  Session& session_;
};

}  // namespace slipway::cli
