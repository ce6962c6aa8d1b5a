// What a run's figures come to: shared by all reports, so that they say the same.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "report/data_report.h"
#include "report/types.h"

namespace slipway::report {

struct GateCounts {
  int64_t passed = 0;
  int64_t failed = 0;        // Outside dry runs.
  int64_t inconclusive = 0;  // Outside dry runs.
  int64_t dry_run = 0;       // Dry runs that did not pass.
};
GateCounts CountGates(const RunReport& report);

struct IssueCounts {
  int64_t errors = 0;
  int64_t warnings = 0;
};
IssueCounts CountIssues(const data::DatasetReport& dataset);

double MissingShare(const data::ColumnProfile& column);

// "214", "≈ 12,300 ± 1.6 %".
std::string DistinctText(const data::ColumnProfile& column);
// "3 – 12, mean 6.1", in code points.
std::string LengthText(const data::TextLengths& lengths);
// What is known only nearly, and how nearly: "ranks ± 0.53 %"; "" where all else is exact.
std::string SketchErrors(const data::ColumnProfile& column);
// "1,203", "≈ 1,203 ± 2.1 %".
std::string RepeatedText(const data::RepeatedRowsSummary& repeated);

// Columns that are numeric, categories and timestamps.
std::vector<int64_t> CountTypes(const std::vector<data::ColumnProfile>& profiles);
struct MissingCells {
  double share = 0;     // Of all values.
  int64_t columns = 0;  // With any missing.
};
MissingCells CountMissing(const std::vector<data::ColumnProfile>& profiles);
// "812 rows × 6 columns: 3 errors, 1 warning.", of a table that was not judged what it holds.
std::string DataSentence(const DataReport& report);
// "Slipway 0.1.0 · 2026-11-23 06:41 UTC", as markup.
std::string FooterText(const std::string& version, const std::string& made_at);

// The best one first; those that could not be scored last.
std::vector<train::Trial> BestTrials(const train::SearchOutcome& search);
// How the trials were judged, and whether time ended them.
std::string SearchSentence(const train::SearchOutcome& search);

// "1 error, 2 warnings".
std::string IssueSummary(const data::DatasetReport& dataset);

bool HasModel(const RunReport& report);

// Trainers whose models are made outside of Slipway.
inline constexpr std::string_view kReadyGraph = "onnx";
inline constexpr std::string_view kProgram = "command";

// "ml-classifier:3", or the name alone where nothing was registered.
std::string Reference(const RunReport& report);

// One or two plain sentences: how the run ended, and why.
std::string Conclusion(const RunReport& report);

// The gate that sets a limit for `metric`, nullptr where none does.
const gate::Verdict* LimitFor(const RunReport& report, const std::string& metric);
// "≥ 0.850", "< 100 ms": plain text, to be escaped.
std::string LimitText(const gate::Verdict& verdict);

// Pass, Fail or Inconclusive.
const char* OutcomeTitle(gate::Outcome outcome);

// Precision, recall and f1 of each class, from the confusion matrix; NaN where there is nothing to
// divide by.
struct ClassFigures {
  int64_t rows = 0;
  double precision = 0;
  double recall = 0;
  double f1 = 0;
};
std::vector<ClassFigures> FiguresByClass(const RunReport& report);

// Whether `confusion` has the size that `classes` say.
bool HasConfusion(const RunReport& report);

// "cross-validation" → "cross-validation folds", "validation" → "the validation part".
std::string HeldOutText(const std::string& part);
// "Calibrated by isotonic regression on 6,400 rows of the cross-validation folds."
std::string CalibrationSentence(const train::CalibrationResult& calibration);
// "F1", "Cost a row".
std::string GoalTitle(const train::ThresholdResult& threshold);
// "Yes where its probability is at least 0.312: the best F1, 0.634, on …; 0.601 with 0.5."
std::string ThresholdSentence(const train::ThresholdResult& threshold);
// What the folds' figures leave out; "" for nothing.
std::string FoldNote(const RunReport& report);
// The metrics that slices are shown by: the one that they are compared by, and what is shown.
std::vector<std::string> SliceMetrics(const RunReport& report);
// What the tables of slices mean, and what the search looked at: plain text.
std::string NamedSlicesNote(const RunReport& report);
std::string FoundSlicesNote(const RunReport& report);

struct Command {
  std::string line;
  std::string meaning;
};
// What a person may want to do next.
std::vector<Command> NextCommands(const RunReport& report);

// Members of nested objects as "a.b" → text, for showing.
std::vector<std::pair<std::string, std::string>> Flatten(const Json& object);

// What the model came from, name → digest or value, each value once.
std::vector<std::pair<std::string, std::string>> LineageRows(const RunReport& report);

}  // namespace slipway::report
