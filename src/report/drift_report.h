// Reports of drift: which columns of new data differ from the reference, by how much, and how that
// looks.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/json.h"
#include "data/drift.h"
#include "data/profile.h"

namespace slipway::report {

// How a column's present values are distributed in both tables, for a picture.
struct DistributionPair {
  std::string column;
  data::ColumnType type = data::ColumnType::kNumeric;
  bool integral = false;
  // Numbers and times: rows in bins of equal width over [low, high], which leaves out what few rows
  // lie far beyond the others. Categories: rows of each of `categories`, those first whose share
  // moved most.
  std::vector<int64_t> reference, current;
  double low = 0, high = 0;
  std::vector<std::string> categories;
  int64_t other_categories = 0;                  // That both tables have besides; about.
  int64_t reference_rows = 0, current_rows = 0;  // Shares are of these; 0 where a table has none.
  int64_t reference_beyond = 0, current_beyond = 0;  // Outside [low, high].
};

struct DriftFindings {
  std::string reference, current;  // What was compared.
  data::DriftReport drift;
  // Of the columns that are drawn, as DistributionPairs gives them.
  std::vector<DistributionPair> pairs;
  std::string made_at, slipway_version;
};

// For up to `most` columns, those that drifted first, each in the order of `drift`. A column whose
// type changed has none. The profiles need their sketches.
std::vector<DistributionPair> DistributionPairs(const data::TableProfile& reference,
                                                const data::TableProfile& current,
                                                const data::DriftReport& drift, size_t most = 100);

// Self-contained, no script needed to read it, under 2 MB, light and dark, pictures as inline SVG.
std::string RenderDriftHtml(const DriftFindings& findings);
// Fit for a pull-request comment: under 60,000 characters.
std::string RenderDriftMarkdown(const DriftFindings& findings);
// As `--output json` has it.
Json RenderDriftJson(const DriftFindings& findings);
// A test case a column: failed where it drifted, skipped where it was not compared.
std::string RenderDriftJUnit(const DriftFindings& findings);

}  // namespace slipway::report
