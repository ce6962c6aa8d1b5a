// Rules against a table: the verdict on the data.
#pragma once

#include <string>
#include <vector>

#include "config/types.h"
#include "core/result.h"
#include "data/profile.h"
#include "data/reader.h"
#include "data/types.h"

namespace slipway::data {

// What the profile must be made with for Validate.
ProfileOptions ProfileOptionsFor(const config::DataConfig& config);

// Checks `validation_rules` and what any training needs, without being asked, by the profile of the
// whole table. Takes over what reading it found (`mixed_values` only of columns that are learned
// from) and puts errors before warnings; `passed` is false with at least one error. `now` is in
// epoch seconds.
//
// Errors: too_few_rows, missing_columns (required, target, features, group and time of the split;
// one issue each), high_missing_values (all columns but ids and excluded ones), missing_labels,
// single_class_target, infinite_values; target_leakage, outliers, duplicate_rows and stale_data
// beyond their rule. Warnings: missing_values (below the limit), constant_column,
// identifier_column, class_imbalance (a class below 1 %), labels_differ_by_case, duplicate_rows
// (rows that repeat an earlier one in every column), target_leakage (a feature tells at least 80 %
// of what is unknown of the target), outliers (few values, far away), future_timestamps,
// unknown_columns (named in the configuration, not in the data, and not needed).
DatasetReport Validate(const TableProfile& profile, const std::vector<Issue>& found,
                       const config::DataConfig& config, double now);

// Which columns are features: `feature_columns`, else all but target, ids, excluded, the split's
// group and identifiers, which are category columns that never repeat, or with at least 100 values
// of which more than 95 % are distinct: those that `issues` of Validate name. kInvalidInput names
// those that are missing, and says when none is left or a feature is also the target, an id or
// excluded.
Result<std::vector<std::string>> SelectFeatures(const Table& table,
                                                const config::DataConfig& config,
                                                const std::vector<Issue>& issues);

}  // namespace slipway::data
