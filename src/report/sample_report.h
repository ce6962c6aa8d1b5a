// Runs that never were: what the tests of the reports show.
#pragma once

#include "report/types.h"

namespace slipway::report {

// Two classes, everything passed, one warning and one dry run.
RunReport SampleReport();
// Four classes; two gates failed.
RunReport MulticlassReport();
// A regression, whose hyper-parameters were looked for.
RunReport EstimatesReport();
// Ended by validation: data only.
RunReport FailedDataReport();
// Calibrated, with a threshold and a card.
RunReport CalibratedReport();
// Names, values and reasons that try to be markup, and figures that are not numbers.
RunReport HostileReport();
// `columns` columns with issues, categories and long names.
RunReport WideReport(int columns);

}  // namespace slipway::report
