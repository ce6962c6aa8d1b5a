// Tables that never were: what the tests of the reports of data and drift show.
#pragma once

#include "report/data_report.h"
#include "report/drift_report.h"

namespace slipway::report {

// A table that was looked at: associations, lengths, estimates, repeated rows.
DataReport ProfiledTable();
// Judged, with errors and warnings, two of one kind in one column.
DataReport JudgedTable();
// Names, values and messages that try to be markup, to turn text around, and to be very long.
DataReport HostileTable();
// `columns` columns with issues, long names and categories of 100 characters.
DataReport WideTable(int columns);

// Numbers that moved, categories in other shares, gaps, a column that is gone, a new one, times,
// and one that stayed. From tables of `rows` rows.
DriftFindings SampleDrift(int64_t rows = 3000);
DriftFindings HostileDrift();
DriftFindings WideDrift(int columns);

}  // namespace slipway::report
