// Reports of a table without a run: what it holds, and the verdict on it where it was judged.
#pragma once

#include <string>

#include "core/json.h"
#include "data/repeated_rows.h"
#include "data/types.h"

namespace slipway::report {

struct DataReport {
  std::string title;   // What the table is called.
  std::string source;  // Where it is.
  data::DatasetReport dataset;
  data::RepeatedRowsSummary repeated;  // No `rows` where repeats were not counted.
  std::string target;                  // "" for none.
  bool judged = false;                 // Whether rules were asked: else nothing passes or fails.
  std::string made_at, slipway_version;
};

// Self-contained, no script needed to read it, under 2 MB, light and dark, pictures as inline SVG.
// Columns have pictures as long as there is room, then rows of a table.
std::string RenderDataHtml(const DataReport& report);
// Fit for a pull-request comment: under 60,000 characters.
std::string RenderDataMarkdown(const DataReport& report);
// As `--output json` of the commands has it, and the profiles too where the table was judged.
Json RenderDataJson(const DataReport& report);
// A test case for each kind of issue in each column, failed where one is an error and the table was
// judged, and one for each column without any.
std::string RenderDataJUnit(const DataReport& report);

}  // namespace slipway::report
