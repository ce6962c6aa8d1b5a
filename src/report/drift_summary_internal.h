// What drift comes to in words: shared by its reports, so that they say the same.
#pragma once

#include <string>
#include <vector>

#include "report/drift_report.h"

namespace slipway::report {

// What drifted first, each in the order of the report.
std::vector<const data::ColumnDrift*> DriftedFirst(const data::DriftReport& drift);

// Whether there was nothing to judge it by.
bool NotCompared(const data::ColumnDrift& column);

// "new.csv against train.csv".
std::string DriftTitle(const DriftFindings& findings);
// "3 of 12 columns drifted: a, b, c. All columns together have drifted."
std::string DriftSentence(const data::DriftReport& drift);

// "A classifier tells new rows from old ones with AUC 0.712 (limit 0.528, p under 0.0001)."
std::string TogetherSentence(const data::MultivariateDrift& drift);
// "a 41 %, b 20 %": what the classifier goes by.
std::string DriversText(const data::MultivariateDrift& drift);

// "wasserstein 0.41, limit 0.13"; "" where nothing was measured.
std::string EffectText(const data::ColumnDrift& column);
// "Kolmogorov-Smirnov", "chi-square"; "" where nothing was tested.
std::string TestTitle(const data::ColumnDrift& column);
// The reason, with what came and what went, and with what is only known nearly.
std::string FullReason(const data::ColumnDrift& column);

}  // namespace slipway::report
