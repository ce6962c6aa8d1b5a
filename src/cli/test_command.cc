// `slipway test`: the tests of a project's data and model.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <vector>

#include "cli/session.h"
#include "cli/table.h"
#include "cli/value_text.h"
#include "cli/warnings.h"
#include "core/file_system.h"
#include "core/text.h"
#include "pipeline/model_test.h"
#include "report/test_report.h"

namespace slipway::cli {
namespace {

using report::TestOutcome;
using report::TestResult;

struct TestCommandOptions {
  ConfigOptions config;
  std::string data_path;
  std::string junit_path, markdown_path;
  bool list = false;
  pipeline::TestOptions test;
};

Cell MarkOf(const TestResult& test) {
  if (test.outcome == TestOutcome::kPassed) return {"✓", "32"};
  if (test.outcome == TestOutcome::kFailed) return {"✗", "31"};
  return {"–", "33"};
}

std::string PlaceOf(const Location& at) {
  return at.file.empty() ? "" : fmt::format("{}:{}:{}", ShortPath(at.file), at.line, at.column);
}

// Below all tests, as who looks for what failed reads the end first.
std::string FailureText(const TestResult& test, const Session& session) {
  std::string text =
      fmt::format("\n{} {}", session.Paint("31", "✗"), session.Paint("1", Printable(test.Id())));
  const std::string place = PlaceOf(test.at);
  if (!place.empty()) text += "   " + Printable(place);
  text += "\n    " + Printable(test.reason) + "\n";
  for (const std::string& line : test.details) text += "    " + Printable(line) + "\n";
  for (const std::string& line : test.notes) text += "    " + Printable(line) + "\n";
  return text;
}

void PrintReport(const report::TestReport& report, Session& session) {
  std::string head = session.Paint(
      "1", Printable(report.project + (report.label.empty() ? "" : " " + report.label)));
  head += " · " + Printable(report.environment);
  if (!report.model.empty()) head += " · model " + Printable(report.model);
  if (!report.source.empty()) head += " · " + Printable(report.source);
  session.Print(head + "\n");
  std::vector<Row> rows;
  for (const TestResult& test : report.tests)
    rows.push_back({MarkOf(test), {test.Id()}, {test.reason}});
  session.Print(Table(rows, session, {.header = false}));
  for (const TestResult& test : report.tests) {
    if (test.outcome == TestOutcome::kFailed) session.Print(FailureText(test, session));
  }
  session.Print(fmt::format(
      "\n{}   {}\n", session.Paint(report.passed() ? "32" : "31", report::CountsText(report)),
      FormatSeconds(report.seconds)));
}

// One that can't be written does not keep the other from it.
Status WriteReports(const TestCommandOptions& options, const report::TestReport& report) {
  FileSystem& files = LocalFileSystem();
  Status junit, markdown;
  if (!options.junit_path.empty())
    junit = WriteFileAtomically(files, options.junit_path, report::RenderTestJUnit(report));
  if (!options.markdown_path.empty()) {
    markdown =
        WriteFileAtomically(files, options.markdown_path, report::RenderTestMarkdown(report));
  }
  if (junit.ok()) return markdown;
  return markdown.ok() ? junit : Error(junit.error()).Also(markdown.error());
}

Result<int> List(const config::LoadedConfig& loaded, const TestCommandOptions& options,
                 Session& session) {
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<pipeline::NamedTest> tests,
                           pipeline::ListTests(loaded, options.test));
  Json list = Json::array();
  std::vector<Row> rows;
  for (const pipeline::NamedTest& test : tests) {
    Json one = {{"id", test.id}};
    if (!test.at.file.empty()) one["at"] = PlaceOf(test.at);
    list.push_back(std::move(one));
    rows.push_back({{test.id}, {PlaceOf(test.at), "2"}});
  }
  if (session.json) {
    session.PrintJson(list);
  } else {
    session.Print(Table(rows, session, {.header = false}));
  }
  return kExitDone;
}

Result<int> Test(const TestCommandOptions& options, Session& session) {
  config::LoadOptions load = ToLoadOptions(options.config);
  load.data_path = options.data_path;
  SLIPWAY_ASSIGN_OR_RETURN(const config::LoadedConfig loaded, config::LoadConfig(load));
  if (options.list) return List(loaded, options, session);
  Warnings warnings(session);
  SLIPWAY_ASSIGN_OR_RETURN(const report::TestReport report,
                           pipeline::RunTests(loaded, options.test, warnings));
  for (const TestResult& test : report.tests) {
    for (const std::string& note : test.notes) session.Warn(test.Id() + ": " + note);
  }
  // Before the files are written, which may fail.
  if (session.json) {
    session.PrintJson(report::RenderTestJson(report));
  } else {
    PrintReport(report, session);
  }
  SLIPWAY_RETURN_IF_ERROR(WriteReports(options, report));
  return report.passed() ? kExitDone : kExitNo;
}

void DeclareChoice(CLI::App* command, TestCommandOptions* options) {
  command
      ->add_option("--select", options->test.select,
                   "Only tests whose name has this part, or matches this pattern with * and ? "
                   "(repeatable)")
      ->type_name("NAME")
      ->allow_extra_args(false);
  command->add_option("--deselect", options->test.deselect, "Not those tests (repeatable)")
      ->type_name("NAME")
      ->allow_extra_args(false);
  command->add_flag("--list", options->list, "Print the names of the tests, and run none");
}

}  // namespace

void AddTestCommand(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand(
      "test",
      "Test the data and the model: the rules of the table, the gates of a run, odd rows, and the "
      "project's own expectations");
  auto options = std::make_shared<TestCommandOptions>();
  AddConfigOptions(command, &options->config);
  command->add_option("--data", options->data_path, "Table to use in place of data.source_path")
      ->type_name("FILE");
  command
      ->add_option("--model", options->test.model,
                   "NAME, NAME:7, NAME@production, sha256:…, a directory or an ONNX file (default: "
                   "what the environment's last run registered, else the newest version)")
      ->type_name("REF");
  command
      ->add_option("--expectations", options->test.expectations,
                   "File of expectations, or a folder of them (default: tests/*.yaml beside "
                   "configs/; repeatable)")
      ->type_name("PATH")
      ->allow_extra_args(false);
  DeclareChoice(command, options.get());
  command->add_option("--junit", options->junit_path, "Write the results as JUnit's XML too")
      ->type_name("FILE");
  command->add_option("--markdown", options->markdown_path, "Write them as Markdown too")
      ->type_name("FILE");
  AddThreadsOption(command, &options->test.threads);
  AddExamples(command, R"(
    slipway test
    slipway test --select invariance --select 'rows::*'
    slipway test --model ml-classifier@production --data data/new.csv
    slipway test --env staging --junit junit.xml --output json)");
  command->callback([options, &session] { session.Finish(Test(*options, session)); });
}

}  // namespace slipway::cli
