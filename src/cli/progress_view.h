// What a person, a log or a machine sees of a long command while it works.
#pragma once

#include <cstddef>
#include <cstdio>
#include <memory>

#include "core/clock.h"
#include "core/progress.h"

namespace slipway::cli {

enum class ProgressStyle {
  // Finished steps as lines on `out`, times at its right edge; while a step runs, a bar with rate
  // and time left on
  // `err` if that is a terminal, redrawn at most ten times a second.
  kTerminal,
  // Finished steps as lines on `out`; no control characters.
  kPlain,
  // One JSON object a line on `out`: step_started, progress (at most four a second a step),
  // step_finished, warning, output.
  kJson,
};

// Each stream is a terminal of its own, or none: `run >log` colours standard error only.
struct ProgressColors {
  bool out = false;
  bool err = false;
};

// The files and the clock outlive the view. Safe to call from several threads; nothing is drawn but
// from a call.
std::unique_ptr<ProgressSink> MakeProgressView(ProgressStyle style, ProgressColors colors,
                                               FILE* out, FILE* err,
                                               const Clock& clock = SystemClock());

// Columns of the terminal behind `file`; 0 where it is none.
size_t TerminalWidth(FILE* file);

}  // namespace slipway::cli
