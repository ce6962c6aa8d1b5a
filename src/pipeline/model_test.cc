#include "pipeline/model_test.h"

#include <fmt/format.h>

#include <deque>
#include <filesystem>
#include <map>
#include <set>

#include "core/build_info.h"
#include "core/clock.h"
#include "core/file_system.h"
#include "core/interrupt.h"
#include "core/parallel.h"
#include "core/pattern.h"
#include "core/text.h"
#include "pipeline/data_check.h"
#include "pipeline/model_test_internal.h"
#include "registry/types.h"

namespace slipway::pipeline {
namespace {

// The tests of a project and what they refer to.
struct Plan {
  std::optional<config::TableSchema> schema;
  std::deque<config::Expectations> expectations;
  ModelTests tests;
};

bool IsYaml(const std::string& name) {
  const std::string lower = ToLower(name);
  return lower.ends_with(".yaml") || lower.ends_with(".yml");
}

Status AddFolder(const std::string& folder, std::vector<std::string>* paths) {
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<std::string> names, LocalFileSystem().List(folder));
  for (const std::string& name : names) {
    if (IsYaml(name)) paths->push_back(JoinPath(folder, name));
  }
  return {};
}

// A file that is named twice, by itself and by its folder, is read once.
std::vector<std::string> EachOnce(std::vector<std::string> paths) {
  std::set<std::string> seen;
  std::erase_if(paths, [&](const std::string& path) {
    std::error_code error;
    const auto canonical = std::filesystem::weakly_canonical(path, error);
    return !seen.insert(error ? path : canonical.string()).second;
  });
  return paths;
}

Result<std::vector<std::string>> ExpectationPaths(const config::Config& config,
                                                  const TestOptions& options) {
  std::vector<std::string> paths;
  FileSystem& files = LocalFileSystem();
  for (const std::string& given : options.expectations) {
    SLIPWAY_ASSIGN_OR_RETURN(const FileStat stat, files.Stat(given));
    if (!stat.is_directory) {
      paths.push_back(given);
      continue;
    }
    const size_t before = paths.size();
    SLIPWAY_RETURN_IF_ERROR(AddFolder(given, &paths));
    if (paths.size() > before) continue;
    Location location;
    location.file = given;
    return Error(ErrorCode::kInvalidInput, "no file of expectations in this folder")
        .At(std::move(location))
        .Expected("*.yaml");
  }
  if (!options.expectations.empty()) return EachOnce(std::move(paths));
  const std::string usual =
      config.project_directory == "." ? "tests" : JoinPath(config.project_directory, "tests");
  const Result<FileStat> stat = files.Stat(usual);
  if (stat.ok() && stat->is_directory) SLIPWAY_RETURN_IF_ERROR(AddFolder(usual, &paths));
  return paths;
}

Status AddExpectations(const std::vector<std::string>& paths, Plan* plan) {
  std::optional<Error> errors;
  for (const std::string& path : paths) {
    Result<config::Expectations> read = config::LoadExpectations(path);
    if (read.ok()) {
      plan->expectations.push_back(*std::move(read));
    } else {
      errors = errors ? std::move(*errors).Also(read.error()) : read.error();
    }
  }
  if (errors) return *std::move(errors);
  return {};
}

// A part of a name, or the whole by a pattern with * and ?; in any case.
Result<Pattern> PatternOf(const std::string& text) {
  if (text.find_first_of("*?") == std::string::npos) {
    return Pattern::Make("(?i)" + EscapePattern(text));
  }
  std::string expression = "(?i)^";
  for (const char c : text) {
    if (c == '*') {
      expression += ".*";
    } else if (c == '?') {
      expression += '.';
    } else {
      expression += c & 0x80 ? std::string(1, c) : EscapePattern(std::string(1, c));
    }
  }
  return Pattern::Make(expression + "$");
}

Error NoSuchTest(const std::string& text, const char* option, const std::vector<std::string>& ids) {
  std::vector<std::string> shown = ids;
  constexpr size_t kMost = 12;
  if (shown.size() > kMost) shown.resize(kMost);
  Location location;
  location.field = option;
  const std::string nearest = NearestName(text, ids);
  return Error(ErrorCode::kInvalidInput,
               fmt::format("no test has such a name: '{}'", Printable(text)))
      .At(std::move(location))
      .Expected("a part of a name, or a pattern: " + Join(shown, ", ") +
                (shown.size() < ids.size() ? ", …" : ""))
      .Try(nearest.empty() ? "slipway test --list" : nearest);
}

// Those that match one of `texts`, one flag an id; kInvalidInput for each text that none matches.
Result<std::vector<bool>> MatchNames(const std::vector<std::string>& texts, const char* option,
                                     const std::vector<std::string>& ids) {
  std::vector<bool> matched(ids.size());
  std::optional<Error> errors;
  for (const std::string& text : texts) {
    SLIPWAY_ASSIGN_OR_RETURN(const Pattern pattern, PatternOf(text));
    bool any = false;
    for (size_t i = 0; i < ids.size(); ++i) {
      if (!pattern.Matches(ids[i])) continue;
      matched[i] = any = true;
    }
    if (any) continue;
    Error error = NoSuchTest(text, option, ids);
    errors = errors ? std::move(*errors).Also(std::move(error)) : std::move(error);
  }
  if (errors) return *std::move(errors);
  return matched;
}

Status Choose(const TestOptions& options, ModelTests* tests) {
  std::vector<std::string> ids;
  for (const auto& test : *tests) ids.push_back(test->Id());
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<bool> wanted,
                           MatchNames(options.select, "--select", ids));
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<bool> unwanted,
                           MatchNames(options.deselect, "--deselect", ids));
  ModelTests chosen;
  for (size_t i = 0; i < ids.size(); ++i) {
    if ((options.select.empty() || wanted[i]) && !unwanted[i])
      chosen.push_back(std::move((*tests)[i]));
  }
  *tests = std::move(chosen);
  if (!tests->empty()) return {};
  Location location;
  location.field = "--deselect";
  return Error(ErrorCode::kInvalidInput, "leaves no test")
      .At(std::move(location))
      .Try("slipway test --list");
}

// Tests are chosen by name, whichever file they are of. Names within a file were checked when it
// was read.
Status CheckNames(const ModelTests& tests) {
  std::map<std::string, Location> seen;
  std::optional<Error> errors;
  for (const auto& test : tests) {
    const auto [earlier, added] = seen.emplace(test->Id(), test->at());
    if (added) continue;
    Error error =
        Error(ErrorCode::kInvalidInput, fmt::format("'{}' is the name of one in {} too",
                                                    Printable(test->Id()), earlier->second.file))
            .At(test->at())
            .Expected("name: another one");
    errors = errors ? std::move(*errors).Also(std::move(error)) : std::move(error);
  }
  if (errors) return *std::move(errors);
  return {};
}

Status MakePlan(const config::LoadedConfig& loaded, const TestOptions& options, Plan* plan) {
  const config::Config& config = loaded.config;
  SLIPWAY_ASSIGN_OR_RETURN(const registry::ModelReference reference,
                           registry::ParseModelReference(ModelToTest(config, options)));
  SLIPWAY_ASSIGN_OR_RETURN(plan->schema, LoadSchema(config));
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<std::string> paths, ExpectationPaths(config, options));
  SLIPWAY_RETURN_IF_ERROR(AddExpectations(paths, plan));
  AddDataTests(config, plan->schema ? &*plan->schema : nullptr, &plan->tests);
  AddGateTests(config, IsBareGraph(reference), &plan->tests);
  AddRobustnessTests(&plan->tests);
  for (const config::Expectations& expectations : plan->expectations) {
    AddRowTests(expectations, &plan->tests);
    AddChangeTests(expectations, &plan->tests);
    AddSliceTests(expectations, &plan->tests);
  }
  SLIPWAY_RETURN_IF_ERROR(CheckNames(plan->tests));
  return Choose(options, &plan->tests);
}

// Mistakes of all expectations at once.
Status CheckAll(const ModelTests& tests, const TestSubject& subject) {
  std::optional<Error> errors;
  for (const auto& test : tests) {
    const Status status = test->Check(subject);
    if (!status.ok()) errors = errors ? std::move(*errors).Also(status.error()) : status.error();
  }
  if (errors) return *std::move(errors);
  return {};
}

// What the model refuses to answer is no answer of the kind that is expected: the other tests are
// asked all the same.
Result<report::TestResult> RunOne(const ModelTest& test, const TestSubject& subject) {
  Result<report::TestResult> result = test.Run(subject);
  if (result.ok() || result.error().code() != ErrorCode::kInvalidInput) return result;
  if (test.needs().table && IsUnfit(subject, result.error()))
    return Skipped(test.Start(), UnfitText(result.error()));
  report::TestResult failed = test.Start();
  Decide(false, result.error().ToString(), &failed);
  return failed;
}

Status RunAll(const ModelTests& tests, const TestSubject& subject, report::TestReport* report) {
  for (const auto& test : tests) {
    SLIPWAY_RETURN_IF_ERROR(CheckInterrupted());
    if (test->needs().parts && !subject.unfit.empty()) {
      report->tests.push_back(Skipped(test->Start(), subject.unfit));
      continue;
    }
    const Stopwatch watch;
    SLIPWAY_ASSIGN_OR_RETURN(report::TestResult result, RunOne(*test, subject));
    result.seconds = watch.seconds();
    report->tests.push_back(std::move(result));
  }
  return {};
}

report::TestReport StartReport(const TestSubject& subject) {
  report::TestReport report;
  const config::Config& config = subject.config;
  report.project = config.project_name;
  report.label = config.version;
  report.environment = config.environment;
  report.model = subject.chosen.name;
  if (!subject.chosen.version.empty()) report.model += ":" + subject.chosen.version;
  report.digest = subject.chosen.model.digest;
  report.source = subject.source;
  report.started_at = FormatTimestamp(SystemClock().Now());
  report.slipway_version = Version();
  return report;
}

}  // namespace

report::TestResult ModelTest::Start() const {
  report::TestResult result;
  result.group = group_;
  result.name = name_;
  result.at = at_;
  return result;
}

void Decide(bool passed, std::string reason, report::TestResult* result) {
  result->outcome = passed ? report::TestOutcome::kPassed : report::TestOutcome::kFailed;
  result->reason = std::move(reason);
}

report::TestResult Skipped(report::TestResult result, std::string reason) {
  result.outcome = report::TestOutcome::kSkipped;
  result.reason = std::move(reason);
  return result;
}

Result<std::vector<NamedTest>> ListTests(const config::LoadedConfig& loaded,
                                         const TestOptions& options) {
  Plan plan;
  SLIPWAY_RETURN_IF_ERROR(MakePlan(loaded, options, &plan));
  std::vector<NamedTest> names;
  for (const auto& test : plan.tests) names.push_back({test->Id(), test->at()});
  return names;
}

Result<report::TestReport> RunTests(const config::LoadedConfig& loaded, const TestOptions& options,
                                    ProgressSink& progress) {
  const Stopwatch watch;
  Plan plan;
  SLIPWAY_RETURN_IF_ERROR(MakePlan(loaded, options, &plan));
  Needs needs;
  for (const auto& test : plan.tests) needs = needs | test->needs();
  TestSubject subject(loaded.config);
  SLIPWAY_RETURN_IF_ERROR(
      Prepare(loaded, plan.schema ? &*plan.schema : nullptr, options, needs, progress, &subject));
  SLIPWAY_RETURN_IF_ERROR(CheckAll(plan.tests, subject));
  report::TestReport report = StartReport(subject);
  SLIPWAY_RETURN_IF_ERROR(RunAll(plan.tests, subject, &report));
  report.seconds = watch.seconds();
  return report;
}

}  // namespace slipway::pipeline
