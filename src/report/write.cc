#include <array>
#include <utility>

#include "report/report.h"

namespace slipway::report {

Status WriteReports(FileSystem& files, const std::string& directory, const RunReport& report) {
  const std::array<std::pair<const char*, std::string>, 4> documents = {{
      {"report.html", RenderHtml(report)},
      {"report.md", RenderMarkdown(report)},
      {"report.json", PrettyJson(RenderJson(report))},
      {"junit.xml", RenderJUnit(report)},
  }};
  for (const auto& [name, text] : documents) {
    SLIPWAY_RETURN_IF_ERROR(WriteFileAtomically(files, JoinPath(directory, name), text));
  }
  return {};
}

}  // namespace slipway::report
