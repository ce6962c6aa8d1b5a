// What the configuration asks of the target and of the parts of the data: told before anything is
// fitted.
#pragma once

#include "core/result.h"
#include "pipeline/run_state_internal.h"

namespace slipway::pipeline {

// kInvalidInput, at the key, for an averaging, a metric to search by, a calibration or a decision
// threshold that is of another target.
Status CheckAskedOfTarget(const RunState& state);

// Of a target that is split: kInvalidInput where a fit has no row that counts, or none of a class;
// where a class has none among the rows that calibration and threshold are found on; or where none
// of the parts that a search is scored by has a row of every class, and its metric needs them.
Status CheckAskedOfSplit(const RunState& state);

}  // namespace slipway::pipeline
