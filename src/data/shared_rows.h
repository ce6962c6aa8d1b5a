// Rows that training and test have in common: a score on them says nothing of new rows.
#pragma once

#include <optional>

#include "data/types.h"

namespace slipway::data {

inline constexpr const char* kSharedRowsKind = "shared_rows";

// A warning `shared_rows` with the share of test rows that equal a training row in every column
// (missing equals missing), their number, and the first ten of them with their training row; none
// where there are no such rows. The same on any number of threads.
std::optional<Issue> FindSharedRows(const Table& table, const Split& split);

}  // namespace slipway::data
