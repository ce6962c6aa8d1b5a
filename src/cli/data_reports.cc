#include "cli/data_reports.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <string_view>

#include "core/build_info.h"
#include "core/clock.h"
#include "core/file_system.h"
#include "core/text.h"
#include "report/data_report.h"
#include "report/drift_report.h"

namespace slipway::cli {
namespace {

// What a file is to hold, by its ending.
constexpr std::array<const char*, 4> kEndings = {".html", ".md", ".xml", ".json"};

size_t FormOf(const std::string& path) {
  const std::string name = ToLower(BaseName(path));
  const auto found = std::ranges::find_if(kEndings, [&](std::string_view ending) {
    return name.size() > ending.size() && name.ends_with(ending);
  });
  return static_cast<size_t>(found - kEndings.begin());
}

std::string CheckEnding(const std::string& path) {
  if (FormOf(path) < kEndings.size()) return "";
  return fmt::format("'{}' has none of the endings .html, .md, .xml (JUnit) and .json", path);
}

template <typename Report>
struct Renderers {
  std::string (*html)(const Report&);
  std::string (*markdown)(const Report&);
  std::string (*junit)(const Report&);
  Json (*json)(const Report&);
};

constexpr Renderers<report::DataReport> kOfData = {report::RenderDataHtml,
                                                   report::RenderDataMarkdown,
                                                   report::RenderDataJUnit, report::RenderDataJson};
constexpr Renderers<report::DriftFindings> kOfDrift = {
    report::RenderDriftHtml, report::RenderDriftMarkdown, report::RenderDriftJUnit,
    report::RenderDriftJson};

// The time and the version are filled in.
template <typename Report>
Status WriteAll(const std::vector<std::string>& paths, Report report,
                const Renderers<Report>& renderers) {
  report.made_at = FormatTimestamp(SystemClock().Now());
  report.slipway_version = Version();
  for (const std::string& path : paths) {
    const size_t form = FormOf(path);
    const std::string text = form == 0   ? renderers.html(report)
                             : form == 1 ? renderers.markdown(report)
                             : form == 2 ? renderers.junit(report)
                                         : PrettyJson(renderers.json(report));
    SLIPWAY_RETURN_IF_ERROR(WriteFileAtomically(LocalFileSystem(), path, text));
  }
  return {};
}

std::string TitleOf(const std::string& source) {
  const std::string name = BaseName(source);
  return name.empty() ? source : name;
}

}  // namespace

void AddReportOption(CLI::App* command, std::vector<std::string>* paths) {
  command
      ->add_option("--report", *paths,
                   "Write a report too: .html (with pictures), .md, .xml (JUnit) or .json; "
                   "may be repeated")
      ->type_name("FILE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->check(CLI::Validator(CheckEnding, ""));
}

Status WriteProfileReports(const std::vector<std::string>& paths,
                           const std::vector<std::string>& sources,
                           const data::TableProfile& profile, const std::string& target,
                           std::vector<data::Issue> issues) {
  if (paths.empty()) return {};
  report::DataReport report;
  report.title = TitleOf(sources.front());
  if (sources.size() > 1) report.title += fmt::format(" and {} more", sources.size() - 1);
  report.source = Join(sources, " + ");
  report.dataset.rows = profile.rows;
  report.dataset.columns = std::ssize(profile.columns);
  report.dataset.issues = std::move(issues);
  report.dataset.profiles = profile.columns;
  report.repeated = profile.repeated;
  report.target = target;
  return WriteAll(paths, std::move(report), kOfData);
}

Status WriteVerdictReports(const std::vector<std::string>& paths, const std::string& source,
                           const data::DatasetReport& verdict,
                           const data::RepeatedRowsSummary& repeated, const std::string& target) {
  if (paths.empty()) return {};
  report::DataReport report;
  report.title = TitleOf(source);
  report.source = source;
  report.dataset = verdict;
  report.repeated = repeated;
  report.target = target;
  report.judged = true;
  return WriteAll(paths, std::move(report), kOfData);
}

Status WriteDriftReports(const std::vector<std::string>& paths, const ComparedTable& reference,
                         const ComparedTable& current, const data::DriftReport& drift) {
  if (paths.empty()) return {};
  report::DriftFindings findings;
  findings.reference = reference.name;
  findings.current = current.name;
  findings.drift = drift;
  findings.pairs = report::DistributionPairs(reference.profile, current.profile, drift);
  return WriteAll(paths, std::move(findings), kOfDrift);
}

}  // namespace slipway::cli
