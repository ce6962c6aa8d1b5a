// Rules against a table: the verdict on the data.
#pragma once

#include <vector>

#include "config/types.h"
#include "core/result.h"
#include "data/reader.h"
#include "data/types.h"

namespace slipway::data {

// Checks `validation_rules` and what any training needs, without being asked. Takes the reader's
// issues over (`mixed_values` only of columns that are learned from) and puts errors before
// warnings; `passed` is false with at least one error. `profiles` stay empty: ProfileTable makes
// them.
//
// Errors: too_few_rows, missing_columns (required, target, features, group and time of the split;
// one issue each), high_missing_values (all columns but ids and excluded ones), missing_labels,
// single_class_target, infinite_values. Warnings: missing_values (below the limit),
// constant_column, identifier_column, class_imbalance (a class below 1 %), labels_differ_by_case,
// duplicate_rows (rows
// that repeat an earlier one in every column), unknown_columns (named in the configuration, not in
// the data, and not needed).
DatasetReport Validate(const ReadResult& read, const config::DataConfig& config, int threads = 0);

// Which columns are features: `feature_columns`, else all but target, ids, excluded, the split's
// group and identifiers: category columns that never repeat, or with at least 100 values of which
// more than 95 % are distinct. What was left out unasked is named in `issues` (may be null;
// Validate has the same ones). kInvalidInput names those that are missing, and says when none is
// left or a feature is also the target, an id or excluded.
Result<std::vector<std::string>> SelectFeatures(const Table& table,
                                                const config::DataConfig& config,
                                                std::vector<Issue>* issues);

}  // namespace slipway::data
