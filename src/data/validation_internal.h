// What the files of validation share.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/types.h"
#include "data/repeated_rows.h"
#include "data/types.h"

namespace slipway::data {

inline constexpr size_t kMaxExamples = 10;

// Rows that equal an earlier row in every column (missing equals missing), in row order. The same
// on any number of threads; 0 for all available cores.
std::vector<RepeatedRow> FindRepeatedRows(const Table& table, int threads = 0);

// "1.0 %", with as many digits as it takes to tell it from `other`, at least one after the point.
std::string FormatPercent(double ratio, double other = 0);

bool IsListed(const std::vector<std::string>& names, const std::string& name);

// Columns that may be features, in the order of `feature_columns` or of the file; those that are
// not there are left out. With `feature_columns` left out: all but target, ids, excluded ones.
std::vector<const Column*> FeatureCandidates(const Table& table, const config::DataConfig& config);

// Why a candidate is an identifier and not a feature, if it is.
std::optional<Issue> FindIdentifier(const Column& column, const config::DataConfig& config);

}  // namespace slipway::data
