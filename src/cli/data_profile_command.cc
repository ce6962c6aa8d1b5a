// `slipway data profile`: what each column of a table holds.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>

#include "cli/data_options.h"
#include "cli/data_reports.h"
#include "cli/table.h"
#include "core/clock.h"
#include "core/text.h"
#include "core/time_text.h"
#include "pipeline/profile_source.h"

namespace slipway::cli {
namespace {

constexpr bool kRight = true;

struct ProfileCommandOptions {
  std::vector<std::string> paths;
  ReadingOptions reading;
  data::ProfileOptions profile;
  std::string save;
  std::vector<std::string> reports;
};

std::string NumberText(double value) {
  return std::isfinite(value) ? fmt::format("{:.6g}", value) : "–";
}

// "min / median / max" of numbers, the most frequent of categories.
std::string ValuesText(const data::ColumnProfile& column) {
  if (column.count == column.missing) return "–";
  if (column.type == data::ColumnType::kCategory) {
    std::vector<std::string> parts;
    constexpr size_t kShown = 3;
    for (size_t i = 0; i < std::min(kShown, column.top.size()); ++i) {
      const double share = static_cast<double>(column.top[i].count) /
                           static_cast<double>(column.count - column.missing);
      parts.push_back(fmt::format("{} {:.0f} %", column.top[i].value, 100 * share));
    }
    return Join(parts, " · ");
  }
  if (column.quantiles.empty()) return "–";
  const double median = column.quantiles[column.quantiles.size() / 2];
  const bool time = column.type == data::ColumnType::kTimestamp;
  const auto text = [time](double value) {
    return time ? FormatIsoTime(value) : NumberText(value);
  };
  return fmt::format("{} … {} … {}", text(column.min), text(median), text(column.max));
}

std::string Share(double share) { return fmt::format("{:.1f} %", 100 * share); }

Row HeaderRow(bool associations) {
  Row row = {{"COLUMN"},
             {"type"},
             {"missing", "", kRight},
             {"distinct", "", kRight},
             {"mean", "", kRight},
             {"deviation", "", kRight}};
  if (associations) row.push_back({"tells", "", kRight});
  row.push_back({"min … median … max, or most frequent"});
  return row;
}

Row ColumnRow(const data::ColumnProfile& column, bool associations) {
  const auto present = static_cast<double>(column.count - column.missing);
  const bool numeric = column.type == data::ColumnType::kNumeric && present > 0;
  const double missing =
      static_cast<double>(column.missing) / static_cast<double>(std::max<int64_t>(column.count, 1));
  Row row = {{column.name},
             {data::ToString(column.type)},
             {Share(missing), column.missing > 0 ? "33" : "", kRight},
             {(column.distinct_error > 0 ? "≈ " : "") + FormatCount(column.distinct), "", kRight},
             {numeric ? NumberText(column.mean) : "", "", kRight},
             {numeric ? NumberText(std::sqrt(column.m2 / present)) : "", "", kRight}};
  if (associations) {
    row.push_back({std::isnan(column.association) ? "" : Share(column.association), "", kRight});
  }
  row.push_back({ValuesText(column)});
  return row;
}

void PrintProfile(const std::string& path, const data::TableProfile& profile, double seconds,
                  Session& session) {
  session.Print(fmt::format(
      "{}   {} × {}   {}\n", session.Paint("1", path), Plural(profile.rows, "row", "rows"),
      Plural(std::ssize(profile.columns), "column", "columns"), FormatSeconds(seconds)));
  const bool associations = std::ranges::any_of(
      profile.columns, [](const auto& column) { return !std::isnan(column.association); });
  std::vector<Row> table = {HeaderRow(associations)};
  for (const data::ColumnProfile& column : profile.columns) {
    table.push_back(ColumnRow(column, associations));
  }
  session.Print(Table(table, session));
  const data::RepeatedRowsSummary& repeated = profile.repeated;
  if (repeated.repeated == 0) return;
  session.Print(fmt::format("{}{} an earlier one\n", repeated.sampled_share < 1 ? "about " : "",
                            Plural(repeated.repeated, "row repeats", "rows repeat")));
}

// One profile of all that was named.
Result<data::TableProfile> ProfileAll(const ProfileCommandOptions& options, Session& session,
                                      std::vector<data::Issue>* issues) {
  data::ReadOptions read = ToReadOptions(options.reading);
  read.columns = options.reading.columns;
  std::optional<data::TableProfile> all;
  for (const std::string& path : options.paths) {
    SLIPWAY_ASSIGN_OR_RETURN(pipeline::ProfiledSource source,
                             pipeline::ProfileSource(path, read, options.profile));
    WarnOfIssues(path, source.issues, session);
    issues->insert(issues->end(), source.issues.begin(), source.issues.end());
    if (!all) {
      all = std::move(source.profile);
      continue;
    }
    SLIPWAY_ASSIGN_OR_RETURN(all, data::MergeProfiles(*all, source.profile));
  }
  return *std::move(all);
}

// The target must be a column, of a table whose rows can be looked at.
Status CheckAssociations(const std::string& target, const data::TableProfile& profile) {
  SLIPWAY_RETURN_IF_ERROR(CheckTarget(target, profile));
  if (target.empty() || profile.sample.rows > 0) return {};
  Location location;
  location.field = "--target";
  return Error(ErrorCode::kInvalidInput, "a saved profile has no rows to measure associations on")
      .At(std::move(location))
      .Expected("a table");
}

Json RepeatedJson(const data::RepeatedRowsSummary& repeated) {
  return {{"count", repeated.repeated},
          {"sampled_share", repeated.sampled_share},
          {"relative_error", repeated.relative_error}};
}

Result<int> Profile(const ProfileCommandOptions& options, Session& session) {
  const Stopwatch watch;
  std::vector<data::Issue> issues;
  SLIPWAY_ASSIGN_OR_RETURN(const data::TableProfile profile, ProfileAll(options, session, &issues));
  SLIPWAY_RETURN_IF_ERROR(CheckAssociations(options.profile.target, profile));
  if (!options.save.empty()) {
    SLIPWAY_RETURN_IF_ERROR(pipeline::WriteProfile(options.save, profile));
  }
  SLIPWAY_RETURN_IF_ERROR(WriteProfileReports(options.reports, options.paths, profile,
                                              options.profile.target, std::move(issues)));
  if (!session.json) {
    std::vector<std::string> shown;
    for (const std::string& path : options.paths) shown.push_back(data::ShownSource(path));
    PrintProfile(Join(shown, " + "), profile, watch.seconds(), session);
    return kExitDone;
  }
  Json list = Json::array();
  for (const data::ColumnProfile& column : profile.columns) list.push_back(data::ToJson(column));
  session.PrintJson({{"rows", profile.rows},
                     {"repeated_rows", RepeatedJson(profile.repeated)},
                     {"columns", std::move(list)}});
  return kExitDone;
}

}  // namespace

void AddDataProfile(CLI::App* data, Session& session) {
  CLI::App* profile = data->add_subcommand("profile", "What each column of a table holds");
  auto options = std::make_shared<ProfileCommandOptions>();
  profile
      ->add_option(
          "file", options->paths,
          "A table's file, pattern, folder or URI, or a profile that was saved; several make one "
          "profile")
      ->required()
      ->type_name("FILE...");
  profile
      ->add_option("--target", options->profile.target,
                   "How much each column tells of this one by itself")
      ->type_name("NAME");
  profile->add_option("--save", options->save, "Keep the profile, to compare later data with it")
      ->type_name("FILE.json");
  AddReportOption(profile, &options->reports);
  AddReadingOptions(profile, &options->reading);
  AddColumnsOption(profile, &options->reading);
  AddExamples(profile,
              "slipway data profile data/train.csv\n"
              "slipway data profile data/train.csv --target churn\n"
              "slipway data profile data/january.parquet --save january.json\n"
              "slipway data profile january.json february.json --output json");
  profile->callback([=, &session] { session.Finish(Profile(*options, session)); });
}

}  // namespace slipway::cli
