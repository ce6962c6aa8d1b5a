// `slipway runs list|show|compare`: what ran here.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <limits>
#include <memory>

#include "cli/session.h"
#include "cli/table.h"
#include "cli/value_text.h"
#include "cli/version_run.h"
#include "config/config.h"
#include "core/text.h"
#include "pipeline/run_history.h"

namespace slipway::cli {
namespace {

using pipeline::RunEntry;

std::string MetricText(const RunEntry& run, const char* name) {
  const Json metrics = run.record.value("metrics", Json::object());
  const double value = GetNumber(metrics, name, std::nan(""));
  return std::isnan(value) ? "–" : fmt::format("{:.3f}", value);
}

std::string ModelText(const RunEntry& run) {
  const int64_t version = GetInteger(run.record, "version");
  return GetString(run.record, "model") + (version > 0 ? fmt::format(":{}", version) : " (none)");
}

Json EntryJson(const RunEntry& run) {
  Json json = run.record;
  json["report"] = PlainPath(GetString(run.record, "report"));
  json["started_at"] = run.started_at;
  json["seconds"] = run.seconds;
  json["source"] = {{"path", run.source_path}, {"digest", run.source_digest}};
  json["algorithm"] = run.algorithm;
  json["hyperparameters"] = run.hyperparameters;
  return json;
}

std::string RunTable(const std::vector<RunEntry>& runs, const Session& session) {
  constexpr bool kRight = true;
  std::vector<Row> rows = {{{"RUN"},
                            {"MODEL"},
                            {"ENVIRONMENT"},
                            {"STATUS"},
                            {"accuracy", "", kRight},
                            {"f1", "", kRight},
                            {"auc", "", kRight},
                            {"time", "", kRight}}};
  for (const RunEntry& run : runs) {
    const std::string status = GetString(run.record, "status");
    rows.push_back({{run.run_id},
                    {ModelText(run)},
                    {GetString(run.record, "environment")},
                    {status, status == "passed" ? "32" : "31"},
                    {MetricText(run, "accuracy"), "", kRight},
                    {MetricText(run, "f1"), "", kRight},
                    {MetricText(run, "auc"), "", kRight},
                    {FormatSeconds(run.seconds), "", kRight}});
  }
  return Table(rows, session);
}

// Where the runs are: of the configuration's project, else of the nearest one.
Result<std::string> RunsOf(const std::string& config_path) {
  FileSystem& files = LocalFileSystem();
  if (config_path.empty()) return pipeline::FindSlipwayDirectory(files, ".");
  SLIPWAY_RETURN_IF_ERROR(files.Stat(config_path));
  return JoinPath(config::ProjectDirectory(config_path), ".slipway");
}

Result<int> ListRuns(const std::string& config_path, size_t limit, Session& session) {
  SLIPWAY_ASSIGN_OR_RETURN(const std::string directory, RunsOf(config_path));
  SLIPWAY_ASSIGN_OR_RETURN(auto runs, pipeline::ListRuns(LocalFileSystem(), directory));
  if (runs.size() > limit) runs.resize(limit);
  if (session.json) {
    Json list = Json::array();
    for (const RunEntry& run : runs) list.push_back(EntryJson(run));
    session.PrintJson(list);
    return kExitDone;
  }
  if (runs.empty()) {
    session.Print("no runs yet; try slipway run\n");
    return kExitDone;
  }
  session.Print(RunTable(runs, session));
  return kExitDone;
}

std::vector<Row> MetricRows(const RunEntry& run) {
  const Json intervals = run.record.value("intervals", Json::object());
  const Json metrics = run.record.value("metrics", Json::object());
  std::vector<Row> rows;
  for (const auto& [name, value] : metrics.items()) {
    if (!value.is_number() || name == "f1_score") continue;
    Row row = {{name}, {fmt::format("{:.4f}", value.get<double>()), "", true}};
    const auto interval = intervals.find(name);
    if (interval != intervals.end() && interval->at(0).is_number()) {
      row.push_back({fmt::format("[{:.4f}, {:.4f}]", interval->at(0).get<double>(),
                                 interval->at(1).get<double>())});
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

Result<int> ShowRun(const std::string& config_path, const std::string& run_id, Session& session) {
  SLIPWAY_ASSIGN_OR_RETURN(const std::string directory, RunsOf(config_path));
  SLIPWAY_ASSIGN_OR_RETURN(const RunEntry run,
                           pipeline::FindRun(LocalFileSystem(), directory, run_id));
  if (session.json) {
    session.PrintJson(EntryJson(run));
    return kExitDone;
  }
  session.Print(
      session.Paint("1", Printable(run.run_id)) +
      Printable(fmt::format(" · {} · {} · {}", ModelText(run), GetString(run.record, "environment"),
                            GetString(run.record, "status"))) +
      "\n");
  session.Print(
      Table({{{"started"}, {run.started_at + ", " + FormatSeconds(run.seconds)}},
             {{"data"}, {run.source_path + "  " + run.source_digest}},
             {{"algorithm"}, {run.algorithm + "  " + CompactJson(run.hyperparameters)}},
             {{"report"}, {ShortPath(JoinPath(directory, "runs/" + run.run_id + "/report.html"))}}},
            session, kSection));
  session.Print(Table(MetricRows(run), session, kSection));
  session.Print(Table(GateRows(run.record.value("gates", Json::array())), session, kMarked));
  return kExitDone;
}

Result<int> CompareRuns(const std::string& config_path, const std::string& left_id,
                        const std::string& right_id, Session& session) {
  FileSystem& files = LocalFileSystem();
  SLIPWAY_ASSIGN_OR_RETURN(const std::string directory, RunsOf(config_path));
  SLIPWAY_ASSIGN_OR_RETURN(const RunEntry left, pipeline::FindRun(files, directory, left_id));
  SLIPWAY_ASSIGN_OR_RETURN(const RunEntry right, pipeline::FindRun(files, directory, right_id));
  const auto differences = pipeline::CompareRuns(left, right);
  if (session.json) {
    Json list = Json::array();
    for (const auto& one : differences)
      list.push_back({{"key", one.key}, {"left", one.left}, {"right", one.right}});
    session.PrintJson(
        {{"left", left.run_id}, {"right", right.run_id}, {"differences", std::move(list)}});
    return kExitDone;
  }
  if (differences.empty()) {
    session.Print(
        fmt::format("{} and {} do not differ\n", Printable(left.run_id), Printable(right.run_id)));
    return kExitDone;
  }
  std::vector<Row> rows = {{{""}, {left.run_id}, {right.run_id}, {"change", "", true}}};
  for (const auto& one : differences) {
    rows.push_back({{one.key},
                    {ValueText(one.left)},
                    {ValueText(one.right)},
                    {ChangeText(one.left, one.right), "", true}});
  }
  session.Print(Table(rows, session));
  return kExitDone;
}

}  // namespace

void AddRunsCommand(CLI::App& app, Session& session) {
  CLI::App* runs = app.add_subcommand("runs", "List, show and compare runs");
  runs->require_subcommand(1);
  AddExamples(
      runs,
      "slipway runs list\nslipway runs show latest\nslipway runs compare 20261123-0641 latest");
  auto config = std::make_shared<std::string>();
  const auto add_config = [&config](CLI::App* command) {
    command
        ->add_option("-c,--config", *config,
                     "Configuration whose project is asked (default: the nearest .slipway, here or "
                     "above)")
        ->type_name("FILE");
  };

  CLI::App* list = runs->add_subcommand("list", "Runs of this project, newest first");
  auto limit = std::make_shared<size_t>(std::numeric_limits<size_t>::max());
  list->add_option("-n,--limit", *limit, "Show at most this many (default: all)")
      ->type_name("N")
      ->check(CLI::Range(1, 1'000'000))
      ->default_str("");
  add_config(list);
  AddExamples(list, "slipway runs list --limit 10\nslipway runs list --output json");
  list->callback([=, &session] { session.Finish(ListRuns(*config, *limit, session)); });

  CLI::App* show = runs->add_subcommand("show", "Metrics, gates and lineage of one run");
  auto run_id = std::make_shared<std::string>("latest");
  show->add_option("run", *run_id, "Run id, its unique beginning, or 'latest'")->type_name("RUN");
  add_config(show);
  AddExamples(show, "slipway runs show\nslipway runs show 20261123-0641");
  show->callback([=, &session] { session.Finish(ShowRun(*config, *run_id, session)); });

  CLI::App* compare = runs->add_subcommand(
      "compare", "What differs between two runs: data, configuration, metrics");
  auto left = std::make_shared<std::string>();
  auto right = std::make_shared<std::string>("latest");
  compare->add_option("left", *left, "Run id, its unique beginning, or 'latest'")
      ->required()
      ->type_name("RUN");
  compare->add_option("right", *right, "The run to compare with")->type_name("RUN");
  add_config(compare);
  AddExamples(
      compare,
      "slipway runs compare 20261123-0641\nslipway runs compare 20261123-0641 20261123-0702");
  compare->callback(
      [=, &session] { session.Finish(CompareRuns(*config, *left, *right, session)); });
}

}  // namespace slipway::cli
