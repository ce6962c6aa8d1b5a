// Reports of a run: for a browser, a pull request, machines and CI.
#pragma once

#include <string>

#include "core/file_system.h"
#include "core/result.h"
#include "report/types.h"

namespace slipway::report {

// Self-contained, no script needed to read it, under 2 MB, light and dark, pictures as inline SVG.
std::string RenderHtml(const RunReport& report);
// Fit for a pull-request comment: under 60,000 characters.
std::string RenderMarkdown(const RunReport& report);
Json RenderJson(const RunReport& report);
// One test suite a step: data checks and gates as test cases.
std::string RenderJUnit(const RunReport& report);

// report.html, report.md, report.json and junit.xml into `directory`.
Status WriteReports(FileSystem& files, const std::string& directory, const RunReport& report);

}  // namespace slipway::report
