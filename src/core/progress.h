// What a long command tells while it works. Commands and stages speak to this interface; `cli`
// decides whether it becomes a bar on a terminal, plain lines or JSON lines.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/json.h"

namespace slipway {

// Called from one thread at a time per step; Advance may come from any thread.
class ProgressSink {
 public:
  virtual ~ProgressSink() = default;
  // A step of the line begins: "data", "split", "train", …
  virtual void StepStarted(std::string_view step) = 0;
  // `done` of `total` `unit`s ("rows", "folds"); total 0 where it is not known. Cheap enough for a
  // hot loop's blocks.
  virtual void Advance(std::string_view step, int64_t done, int64_t total,
                       std::string_view unit) = 0;
  // The step ended well (or, with `ok` false, with a "no"). `summary` is one line for a person,
  // `facts` the same for machines.
  virtual void StepFinished(std::string_view step, bool ok, bool cached, std::string_view summary,
                            double seconds, const Json& facts) = 0;
  virtual void Warn(std::string_view message) = 0;
  // A line that a program of the user's wrote while the step ran.
  virtual void Say(std::string_view /*step*/, std::string_view /*line*/) {}
};

// Says nothing.
ProgressSink& SilentProgress();

}  // namespace slipway
