#include "core/progress.h"

namespace slipway {
namespace {

class Silent : public ProgressSink {
 public:
  void StepStarted(std::string_view) override {}
  void Advance(std::string_view, int64_t, int64_t, std::string_view) override {}
  void StepFinished(std::string_view, bool, bool, std::string_view, double, const Json&) override {}
  void Warn(std::string_view) override {}
};

}  // namespace

ProgressSink& SilentProgress() {
  static Silent instance;
  return instance;
}

}  // namespace slipway
