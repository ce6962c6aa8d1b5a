// Gates on the artifact directory: how large it is, and whether it answers as it did before it was
// written.
#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "core/text.h"
#include "gate/gate_internal.h"

namespace slipway::gate {
namespace {

constexpr double kBytesPerMegabyte = 1e6;
// What the contract promises of every engine.
constexpr double kParityTolerance = 1e-6;

// Of a file, or of all files in a directory and below.
Result<int64_t> BytesOf(FileSystem& files, const std::string& path) {
  SLIPWAY_ASSIGN_OR_RETURN(const FileStat stat, files.Stat(path));
  if (!stat.is_directory) return stat.size;
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<std::string> names, files.List(path));
  int64_t bytes = 0;
  for (const std::string& name : names) {
    SLIPWAY_ASSIGN_OR_RETURN(const int64_t inside, BytesOf(files, JoinPath(path, name)));
    bytes += inside;
  }
  return bytes;
}

Verdict Failed(Verdict verdict, const std::string& why) {
  verdict.value = std::numeric_limits<double>::quiet_NaN();
  verdict.outcome = Outcome::kFail;
  verdict.reason = why;
  return verdict;
}

std::string ParityReason(const model::ParityReport& report, bool pass) {
  const std::string rows = Plural(report.rows, "golden row", "golden rows");
  if (pass) {
    return fmt::format("loaded again, {}: labels equal, scores within {:.1g}", rows,
                       kParityTolerance);
  }
  if (report.rows == 0) return "golden.jsonl has no rows to compare";
  return fmt::format(
      "loaded again, {}: {} differ, the largest difference of a score is {:.2g} (row {})", rows,
      Plural(report.label_mismatches, "label", "labels"), report.largest_difference,
      report.worst_row);
}

}  // namespace

Result<Verdict> SizeGate(FileSystem& files, const GateInput& input) {
  Verdict verdict;
  verdict.name = "size";
  verdict.unit = "MB";
  verdict.limit = input.config.gates.max_size_mb;
  SLIPWAY_ASSIGN_OR_RETURN(const int64_t bytes, BytesOf(files, input.artifact_directory));
  verdict.value = static_cast<double>(bytes) / kBytesPerMegabyte;
  verdict.evidence = {{"comparison", "under"}, {"bytes", bytes}};
  const bool pass = verdict.value < verdict.limit;
  verdict.outcome = pass ? Outcome::kPass : Outcome::kFail;
  verdict.reason = fmt::format("the artifact is {}, {} {}", FormatBytes(bytes),
                               pass ? "under" : "not under", FormatValue(verdict.limit, "MB"));
  return verdict;
}

Result<Verdict> ParityGate(FileSystem& files, const GateInput& input, const LoadedModel& loaded) {
  Verdict verdict;
  verdict.name = "parity";
  verdict.limit = kParityTolerance;
  if (!loaded.ok()) {
    return Failed(verdict, "the artifact can't be loaded again: " + loaded.error().ToString());
  }
  SLIPWAY_ASSIGN_OR_RETURN(const std::string golden,
                           files.ReadFile(JoinPath(input.artifact_directory, "golden.jsonl")));
  const Result<model::ParityReport> report =
      model::CheckGolden(golden, loaded->schema, *loaded->predictor);
  if (!report.ok())
    return Failed(verdict, "golden.jsonl can't be compared: " + report.error().ToString());

  verdict.value = report->largest_difference;
  const bool pass =
      report->rows > 0 && report->label_mismatches == 0 && verdict.value <= kParityTolerance;
  verdict.outcome = pass ? Outcome::kPass : Outcome::kFail;
  verdict.evidence = {{"comparison", "at most"},
                      {"rows", report->rows},
                      {"label_mismatches", report->label_mismatches},
                      {"largest_difference", report->largest_difference},
                      {"worst_row", report->worst_row},
                      {"digest", loaded->digest}};
  verdict.reason = ParityReason(*report, pass);
  return verdict;
}

}  // namespace slipway::gate
