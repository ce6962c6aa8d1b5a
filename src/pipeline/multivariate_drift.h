// Drift that no column shows by itself: whether a classifier can tell old rows from new ones.
#pragma once

#include <string>
#include <vector>

#include "core/result.h"
#include "data/drift.h"
#include "data/profile.h"

namespace slipway::pipeline {

// The classifier two-sample test (Lopez-Paz and Oquab 2017): a forest learns on half of both
// samples which rows are new, and is judged on the other half. Without drift its AUC is that of
// guessing, and the p-value is that of Mann and Whitney's statistic, as the forest never saw those
// rows. The limit is what a shift of one column by `min_effect` standard deviations would give,
// Φ(e / √2), and the noise of samples of this size. Columns that both have in one type, are no
// timestamps and repeat are used. kInvalidInput where a profile has no sample, as stored ones do
// not, or no column is left. The same on any number of threads.
Result<data::MultivariateDrift> FindMultivariateDrift(const data::TableProfile& reference,
                                                      const data::TableProfile& current,
                                                      const data::DriftOptions& options);

}  // namespace slipway::pipeline
