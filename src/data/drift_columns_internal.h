// The comparison of one column: the figures, and what they would have to reach to matter.
#pragma once

#include <string>

#include "data/drift.h"

namespace slipway::data {

struct ComparedColumn {
  ColumnDrift drift;
  // Of how many values are missing.
  bool tested_missing = false;
  double missing_p_value = 1;
  double missing_limit = 0;
  // What the distance of whole distributions does not see, in words: a rare category that became
  // frequent, values where the reference had none; "" for nothing of the kind.
  std::string abrupt;
};

// Either may be null: a column that the other table lacks.
ComparedColumn CompareColumn(const ColumnProfile* reference, const ColumnProfile* current,
                             const DriftOptions& options);

// "12.3 %".
std::string DriftPercent(double share);

}  // namespace slipway::data
