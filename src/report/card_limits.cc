// What a model's own figures say of where it should not be trusted.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/text.h"
#include "report/card_internal.h"
#include "report/summary_internal.h"
#include "report/text_internal.h"

namespace slipway::report {
namespace {

constexpr int64_t kFewRows = 30;       // Of a class in the test part.
constexpr double kWide = 0.1;          // Of an interval of a share.
constexpr double kNoWidth = 1e-12;     // Of one.
constexpr double kLargeGap = 0.1;      // Between training and test part.
constexpr double kUncalibrated = 0.1;  // Calibration error.
constexpr size_t kMostInputs = 200;
constexpr size_t kMostCategories = 12;

// Rows of the test part by class, from the confusion matrix; none where there is no run.
std::vector<int64_t> TestRowsByClass(const CardSources& sources) {
  std::vector<int64_t> rows;
  if (!sources.run.is_object() || !sources.run.contains("confusion")) return rows;
  for (const Json& counts : sources.run["confusion"]) {
    int64_t total = 0;
    for (const Json& count : counts) total += count.is_number() ? count.get<int64_t>() : 0;
    rows.push_back(total);
  }
  return rows;
}

void AddSmallClasses(const CardSources& sources, std::vector<std::string>* points) {
  const std::vector<int64_t> rows = TestRowsByClass(sources);
  const std::vector<std::string>& classes = sources.schema.classes;
  std::vector<std::string> small;
  for (size_t cls = 0; cls < std::min(rows.size(), classes.size()); ++cls) {
    if (rows[cls] < kFewRows)
      small.push_back(fmt::format("“{}” ({})", classes[cls], FormatCount(rows[cls])));
  }
  if (small.empty()) return;
  points->push_back("The test part has few rows of " + Join(small, ", ") +
                    ": what is said of these classes is rough.");
}

bool IsShareOfRows(const std::string& metric) {
  return metric == "accuracy" || metric == "balanced_accuracy" || metric == "f1" || metric == "auc";
}

// Of the test part; where the run is gone at most so many. 0 where nothing tells.
int64_t TestRows(const CardSources& sources) {
  if (sources.run.is_object() && sources.run.contains("split"))
    return GetInteger(sources.run["split"], "test");
  if (!sources.lineage.contains("source")) return 0;
  return GetInteger(sources.lineage["source"], "rows") - sources.profile.rows;
}

void AddWideIntervals(const CardSources& sources, std::vector<std::string>* points) {
  if (!sources.metrics.contains("test")) return;
  const int64_t rows = TestRows(sources);
  const bool few = rows > 0 && rows < kFewRows;
  for (const auto& [name, entry] : sources.metrics["test"].items()) {
    if (!IsShareOfRows(name)) continue;
    const auto [low, high] = sources.Interval(name);
    if (high - low > kWide) {
      points->push_back(fmt::format("{} is only known to lie in {}: the test part is small.",
                                    MetricTitle(name), FormatInterval(low, high)));
    } else if (few && high - low < kNoWidth) {
      points->push_back(fmt::format(
          "{} is {} however the rows of the test part are drawn: they are too few to tell more.",
          MetricTitle(name), FormatMetric(sources.Metric("test", name))));
    }
  }
}

void AddGap(const CardSources& sources, std::vector<std::string>* points) {
  const char* metric = sources.schema.task == "regression" ? "r2" : "accuracy";
  const double train = sources.Metric("train", metric), test = sources.Metric("test", metric);
  if (!(train - test > kLargeGap)) return;
  points->push_back(fmt::format(
      "{} is {} on the training part and {} on the test part: it has learned some rows by heart.",
      MetricTitle(metric), FormatMetric(train), FormatMetric(test)));
}

void AddCalibration(const CardSources& sources, std::vector<std::string>* points) {
  const double error = sources.Metric("test", "calibration_error");
  if (!(error > kUncalibrated)) return;
  points->push_back(fmt::format(
      "Its probabilities are off by {} on average: they rank rows, and do not say how often.",
      FormatMetric(error)));
}

void AddGates(const CardSources& sources, std::vector<std::string>* points) {
  if (sources.version.verdict != "passed")
    points->push_back("It is marked as not passed, and can't be deployed without force.");
  for (const Json& gate : sources.Gates("fail", true)) {
    points->push_back(fmt::format("The gate {} failed as a dry run: {}.", GetString(gate, "name"),
                                  GetString(gate, "reason")));
  }
  for (const bool dry_run : {false, true}) {
    for (const Json& gate : sources.Gates("inconclusive", dry_run)) {
      points->push_back(fmt::format("The gate {} could not decide: {}.", GetString(gate, "name"),
                                    GetString(gate, "reason")));
    }
  }
}

void AddMissing(const CardSources& sources, std::vector<std::string>* points) {
  std::vector<std::string> never;
  for (const model::InputField& input : sources.schema.inputs) {
    if (!input.nullable) never.push_back(input.name);
  }
  if (never.empty()) return;
  const bool all = never.size() == sources.schema.inputs.size();
  const size_t shown = std::min(kMostCategories, never.size());
  std::string names =
      all ? "any input"
          : Join({never.begin(), never.begin() + static_cast<std::ptrdiff_t>(shown)}, ", ");
  if (!all && shown < never.size()) names += fmt::format(" and {} more", never.size() - shown);
  points->push_back("Training had no missing values in " + names +
                    ": what it answers where one is missing was not evaluated.");
}

std::string Known(const model::InputField& input) {
  switch (input.type) {
    case data::ColumnType::kTimestamp: return FormatDate(input.min) + " – " + FormatDate(input.max);
    case data::ColumnType::kNumeric:
      return FormatNumber(input.min, input.integral) + " – " +
             FormatNumber(input.max, input.integral);
    case data::ColumnType::kCategory: break;
  }
  const size_t shown = std::min(kMostCategories, input.categories.size());
  std::vector<std::string> names;
  for (size_t i = 0; i < shown; ++i) names.push_back(Shorten(CleanText(input.categories[i]), 30));
  std::string text = Join(names, ", ");
  if (shown < input.categories.size())
    text += fmt::format(" and {} more", input.categories.size() - shown);
  return text;
}

}  // namespace

CardSection LimitsSection(const CardSources& sources) {
  CardSection section{.id = "limits", .title = "Limits"};
  if (const std::string said = sources.Said("limitations"); !said.empty())
    section.paragraphs.push_back(said);
  AddGates(sources, &section.points);
  AddSmallClasses(sources, &section.points);
  AddWideIntervals(sources, &section.points);
  AddGap(sources, &section.points);
  AddCalibration(sources, &section.points);
  AddMissing(sources, &section.points);
  section.points.push_back(
      "Numbers outside the ranges of schema.json and categories that it does not list were not "
      "there in training; the model may answer all the same.");
  return section;
}

CardSection InputsSection(const CardSources& sources) {
  CardSection section{.id = "inputs", .title = "Inputs"};
  section.table.head = {"Input", "Type", "Trained on", "Missing in training"};
  for (const model::InputField& input : sources.schema.inputs) {
    if (section.table.rows.size() == kMostInputs) {
      section.paragraphs.push_back(fmt::format("{} more inputs are in schema.json.",
                                               sources.schema.inputs.size() - kMostInputs));
      break;
    }
    const data::ColumnProfile* profile = sources.Profile(input.name);
    section.table.rows.push_back({input.name, data::ToString(input.type), Known(input),
                                  profile == nullptr ? "–" : FormatShare(MissingShare(*profile))});
  }
  return section;
}

}  // namespace slipway::report
