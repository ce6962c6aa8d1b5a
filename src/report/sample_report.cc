#include "report/sample_report.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "core/random.h"

namespace slipway::report {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// A bell over `bins` bins around `peak`, in whole counts.
std::vector<int64_t> Bell(int bins, double peak, double width, double height) {
  std::vector<int64_t> counts;
  for (int bin = 0; bin < bins; ++bin) {
    const double distance = ((bin + 0.5) / bins - peak) / width;
    counts.push_back(std::llround(height * std::exp(-distance * distance / 2)));
  }
  return counts;
}

data::ColumnProfile Numeric(const std::string& name, bool integral, double low, double high,
                            double peak, int64_t missing) {
  data::ColumnProfile column;
  column.name = name;
  column.integral = integral;
  column.count = 8000;
  column.missing = missing;
  column.distinct = integral ? 61 : 7890;
  column.min = low;
  column.max = high;
  column.mean = low + (high - low) * peak;
  column.m2 = 8000 * (high - low) * (high - low) / 36;
  for (const double share : {0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0}) {
    column.quantiles.push_back(low + (high - low) * share);
  }
  column.histogram = {low, high, Bell(24, peak, 0.18, 900)};
  return column;
}

data::ColumnProfile Category(const std::string& name, std::vector<data::CategoryCount> top,
                             int64_t distinct) {
  data::ColumnProfile column;
  column.name = name;
  column.type = data::ColumnType::kCategory;
  column.count = 8000;
  column.distinct = distinct;
  column.top = std::move(top);
  return column;
}

std::vector<train::RocPoint> Curve(double skill) {
  std::vector<train::RocPoint> curve;
  for (int i = 0; i <= 60; ++i) {
    const double x = i / 60.0;
    curve.push_back({x * x, std::pow(x * x, 1 / skill)});
  }
  return curve;
}

gate::Verdict Verdict(const std::string& name, gate::Outcome outcome, double value, double limit,
                      const std::string& unit, const std::string& reason) {
  gate::Verdict verdict;
  verdict.name = name;
  verdict.outcome = outcome;
  verdict.value = value;
  verdict.limit = limit;
  verdict.unit = unit;
  verdict.reason = reason;
  const char* comparison = unit.empty() ? "at least" : "under";
  if (name == "parity") comparison = "at most";
  if (name == "baseline") comparison = "above";
  verdict.evidence = {{"comparison", comparison}};
  return verdict;
}

std::vector<train::FoldResult> Folds(int count) {
  std::vector<train::FoldResult> folds;
  for (int fold = 0; fold < count; ++fold) {
    const double shift = 0.006 * ((fold * 7) % 5 - 2);
    folds.push_back({fold,
                     6400,
                     1600,
                     {{"accuracy", 0.891 + shift},
                      {"auc", 0.958 + shift / 2},
                      {"f1", 0.889 + shift},
                      {"log_loss", 0.27 - shift},
                      {"precision", 0.890 + shift},
                      {"recall", 0.891 + shift}}});
  }
  return folds;
}

RunReport Frame() {
  RunReport report;
  report.run_id = "20261123-0641-7f3a";
  report.status = "passed";
  report.project = "ml-classifier";
  report.environment = "development";
  report.label = "1.0.0";
  report.model_name = "ml-classifier";
  report.started_at = "2026-11-23T06:41:07.123Z";
  report.slipway_version = "0.1.0";
  report.source_path = "data/train.csv";
  report.source_digest = "sha256:9b74c9897bac770ffc029102a200c5de9b74c9897bac770ffc029102a200c5de";
  report.target = "churn";
  report.dataset.rows = 10000;
  report.dataset.columns = 6;
  return report;
}

train::Slice SliceOf(std::vector<train::SliceCondition> conditions, int64_t rows, double accuracy,
                     double q_value) {
  train::Slice slice;
  slice.conditions = std::move(conditions);
  slice.rows = rows;
  slice.metrics = {{"accuracy", accuracy}, {"f1", accuracy - 0.004}, {"auc", accuracy + 0.03}};
  slice.intervals = {{"accuracy", {accuracy - 0.04, accuracy + 0.03}}};
  slice.tally = {.positives = rows / 4, .answers = rows / 5, .hits = rows / 6};
  slice.difference = accuracy - 0.893;
  slice.effect = (0.893 - accuracy) * 4;
  slice.p_value = q_value / 2;
  slice.q_value = q_value;
  return slice;
}

void AddSlices(RunReport* report) {
  report->slices = {.metric = "accuracy", .whole = 0.893, .min_rows = 30, .named = {}, .found = {}};
  report->slices.named = {SliceOf({{"plan", "= monthly"}}, 552, 0.861, 0.0004),
                          SliceOf({{"plan", "= yearly"}}, 421, 0.931, 0.012),
                          SliceOf({{"plan", "missing"}}, 27, 0.963, kNaN)};
  report->slices.found = {SliceOf({{"plan", "= monthly"}, {"tenure", "≤ 8"}}, 203, 0.749, 0.00002)};
  report->slices.looked_at = 412;
  report->slices.searched_rows = 1000;
  report->permutation = {
      .metric = "auc", .whole = 0.941, .rows = 1000, .repeats = 5, .features = {}};
  report->permutation.features = {{"tenure", 0.081, 0.006, {0.08, 0.082}},
                                  {"plan", 0.043, 0.009, {0.04, 0.046}},
                                  {"city", -0.001, 0.002, {0, -0.002}}};
}

void AddModel(RunReport* report) {
  report->version = 3;
  report->digest = "sha256:4f1c2a8e0b7d6f5a4f1c2a8e0b7d6f5a4f1c2a8e0b7d6f5a4f1c2a8e0b7d6f5a";
  report->algorithm = "random_forest";
  report->hyperparameters = {{"n_estimators", 100}, {"max_depth", 10}, {"random_state", 42}};
  report->train_rows = 8000;
  report->validation_rows = 1000;
  report->test_rows = 1000;
  report->folds = Folds(5);
  report->metrics = {{"accuracy", 0.893}, {"auc", 0.961},       {"f1", 0.8912},
                     {"log_loss", 0.264}, {"precision", 0.892}, {"recall", 0.893}};
  report->train_metrics = {{"accuracy", 0.931}, {"auc", 0.984},       {"f1", 0.930},
                           {"log_loss", 0.201}, {"precision", 0.931}, {"recall", 0.931}};
  report->intervals = {{"accuracy", {0.873, 0.911}},
                       {"auc", {0.948, 0.972}},
                       {"f1", {0.871, 0.910}},
                       {"log_loss", {0.240, 0.290}}};
  report->shown_metrics = {"accuracy", "precision", "recall", "f1_score", "auc"};
  AddSlices(report);
  report->importances = {{"tenure", 0.412},
                         {"monthly_charges", 0.301},
                         {"plan", 0.152},
                         {"city", 0.0921},
                         {"signed_up", 0.0429}};
  report->dropped = {{"total_charges", "correlation 0.998 with 'tenure' is above 0.95"},
                     {"country", "constant"}};
  report->outlier_rows = 12;
  report->timings = {{"data", 0.021},     {"split", 0.0004}, {"train", 0.312},
                     {"evaluate", 0.044}, {"gates", 0.018},  {"register", 0.009}};
  report->cached = {"data", "split"};
  report->lineage = {
      {"source", report->source_digest},
      {"split", "sha256:77ab77ab77ab77ab77ab77ab77ab77ab77ab77ab77ab77ab77ab77ab77ab77ab"},
      {"model", report->digest},
      {"build", "slipway 0.1.0, gcc 12.2.0"}};
}

}  // namespace

RunReport SampleReport() {
  RunReport report = Frame();
  AddModel(&report);
  report.classes = {"No", "Yes"};
  report.positive = 1;
  data::ColumnProfile date = Numeric("signed_up", true, 1'577'836'800, 1'709'251'200, 0.7, 0);
  date.type = data::ColumnType::kTimestamp;
  report.dataset.profiles = {
      Numeric("tenure", true, 0, 72, 0.3, 0),
      Numeric("monthly_charges", false, 18.25, 118.75, 0.6, 81),
      Category("plan", {{"monthly", 4410}, {"yearly", 2090}, {"two years", 1500}}, 3),
      Category("city",
               {{"Trondheim", 900}, {"Lyon", 811}, {"Porto", 640}, {"Graz", 520}, {"Ghent", 333}},
               214),
      date,
      Category("churn", {{"No", 5870}, {"Yes", 2130}}, 2)};
  report.dataset.issues = {{"missing_values",
                            data::Severity::kWarning,
                            "monthly_charges",
                            0.0101,
                            0.1,
                            101,
                            "monthly_charges: 1.0 % of the values are missing (101 of 10,000)",
                            {{12, "", true}, {407, "", true}, {3310, "", true}}}};
  report.roc = {{"Yes", Curve(12)}};
  report.confusion = {690, 44, 63, 203};
  report.score_histograms = {{"No", Bell(20, 0.12, 0.14, 190)}, {"Yes", Bell(20, 0.8, 0.18, 52)}};
  report.gates = {
      Verdict("accuracy", gate::Outcome::kPass, 0.893, 0.85, "",
              "accuracy 0.893 is at least 0.850"),
      Verdict("f1", gate::Outcome::kPass, 0.8912, 0.8, "", "f1 0.891 is at least 0.800"),
      Verdict("single_latency", gate::Outcome::kPass, 0.000021, 0.1, "s",
              "a single prediction takes 0.021 ms, under 100 ms"),
      Verdict("batch_latency", gate::Outcome::kPass, 0.0000018, 0.01, "s",
              "a row in a batch of 1,000 takes 0.0018 ms, under 10 ms"),
      Verdict("size", gate::Outcome::kPass, 1.12, 100, "MB",
              "the artifact is 1.1 MB, under 100.0 MB"),
      Verdict("parity", gate::Outcome::kPass, 0, 1e-6, "",
              "loaded again, 100 golden rows: labels equal, scores within 1e-06"),
      Verdict("baseline", gate::Outcome::kPass, 0.159, 0, "",
              "accuracy 0.893 is above the 0.734 of always answering with the most frequent class"),
  };
  return report;
}

RunReport CalibratedReport() {
  RunReport report = SampleReport();
  train::CalibrationResult& calibration = report.calibration.emplace();
  calibration.method = "isotonic";
  calibration.fitted_on = "cross-validation";
  calibration.rows = 8000;
  calibration.before = {{300, 0.06, 0.02}, {250, 0.35, 0.21}, {200, 0.62, 0.74}, {250, 0.91, 0.99}};
  calibration.after = {{410, 0.03, 0.03}, {190, 0.31, 0.28}, {120, 0.66, 0.68}, {280, 0.95, 0.96}};
  calibration.metrics_before = {{"brier", 0.081}, {"calibration_error", 0.094}, {"log_loss", 0.29}};
  calibration.metrics_after = {{"brier", 0.072}, {"calibration_error", 0.013}, {"log_loss", 0.26}};
  train::ThresholdResult& threshold = report.threshold.emplace();
  threshold.least = 0.3125F;
  threshold.positive = "Yes";
  threshold.maximize = "cost";
  threshold.chosen_on = "cross-validation";
  threshold.rows = 8000;
  threshold.false_negative = 5;
  threshold.value = 0.21;
  threshold.value_at_half = 0.34;
  for (int i = 0; i <= 20; ++i)
    threshold.curve.push_back({i / 20.0, 0.21 + std::abs(i / 20.0 - 0.3125)});
  report.card.title = "ml-classifier:3";
  report.card.sections = {
      {"intended-use", "Intended use", {"Whom to call before they leave."}, {}, {}},
      {"limits",
       "Limits",
       {"Knows nothing of business customers."},
       {"The test part has few rows of “Yes” (12): what is said of these classes is rough."},
       {}}};
  return report;
}

namespace {

// Nine trials, of which three went on and one could not be fitted.
train::SearchOutcome SampleSearch() {
  train::SearchOutcome search;
  search.metric = "r2";
  for (int i = 0; i < 9; ++i) {
    train::Trial trial;
    trial.number = i + 1;
    trial.hyperparameters = {{"alpha", 0.5 * (i + 2)}};
    const double mean = 0.70 + 0.01 * (i % 6);
    trial.rungs.push_back({1100, {mean - 0.01, mean + 0.01}});
    if (i % 6 > 2 && i < 6) trial.rungs.push_back({3300, {mean + 0.02, mean + 0.04}});
    search.trials.push_back(trial);
  }
  search.trials[8].rungs.clear();
  search.trials[8].failure = "alpha is out of range";
  search.best = 5;
  return search;
}

}  // namespace

RunReport EstimatesReport() {
  RunReport report = SampleReport();
  report.algorithm = "ridge";
  report.search = SampleSearch();
  report.hyperparameters = {{"alpha", 3.5}};
  report.task = "regression";
  report.target = "price";
  report.positive = -1;
  report.classes.clear();
  report.roc.clear();
  report.confusion.clear();
  report.score_histograms.clear();
  report.slices = {.metric = "mae", .whole = 8021.788, .min_rows = 30, .named = {}, .found = {}};
  report.slices.looked_at = 31;
  report.slices.searched_rows = 1000;
  report.permutation.features.clear();
  report.metrics = {
      {"mae", 8021.788}, {"mape", 0.0813}, {"mse", 1.4556e8}, {"r2", 0.847}, {"rmse", 12064.976}};
  report.train_metrics = {
      {"mae", 3120.4}, {"mape", 0.03}, {"mse", 2.2e7}, {"r2", 0.978}, {"rmse", 4690.1}};
  report.intervals = {{"r2", {0.805, 0.879}}, {"rmse", {10901.5, 13220.1}}};
  report.shown_metrics = {"r2", "rmse", "mae"};
  for (train::FoldResult& fold : report.folds)
    fold.metrics = {
        {"r2", 0.76 + 0.01 * fold.fold}, {"rmse", 15000.0 + 100 * fold.fold}, {"mae", 9000.0}};
  for (int i = 0; i < 40; ++i)
    report.estimates.push_back(
        {100'000 + 5000.0 * i, 110'000 + 4800.0 * i + 9000 * ((i * 7) % 5 - 2)});
  report.errors = {-31'000, 28'500, Bell(30, 0.5, 0.15, 80)};
  report.gates[0] =
      Verdict("r2", gate::Outcome::kPass, 0.847, 0.5, "", "r2 0.847 is at least 0.500");
  report.gates[0].evidence["comparison"] = "at least";
  report.gates[1] = Verdict("rmse", gate::Outcome::kPass, 12064.976, 20000, "",
                            "rmse 12064.976 is at most 20000.000");
  report.gates[1].evidence["comparison"] = "at most";
  report.gates.back() =
      Verdict("baseline", gate::Outcome::kPass, 0.847, 0, "",
              "r2 0.847 is above the 0 of always answering with the mean of the test rows");
  return report;
}

RunReport MulticlassReport() {
  RunReport report = SampleReport();
  report.status = "failed";
  report.failed_step = "gates";
  report.target = "species";
  report.positive = -1;
  report.classes = {"adelie", "chinstrap", "gentoo", "macaroni penguin of the north"};
  report.confusion = {180, 12, 3, 5, 20, 160, 10, 10, 1, 4, 240, 5, 30, 20, 9, 291};
  report.roc = {{"adelie", Curve(20)},
                {"chinstrap", Curve(9)},
                {"gentoo", Curve(40)},
                {report.classes[3], Curve(5)}};
  report.score_histograms = {{"adelie", Bell(20, 0.9, 0.1, 90)},
                             {"chinstrap", Bell(20, 0.75, 0.2, 40)},
                             {"gentoo", Bell(20, 0.95, 0.1, 140)},
                             {report.classes[3], Bell(20, 0.6, 0.25, 60)}};
  report.gates[0] =
      Verdict("accuracy", gate::Outcome::kFail, 0.893, 0.95, "", "accuracy 0.893 is below 0.950");
  report.gates[2] = Verdict("single_latency", gate::Outcome::kFail, 0.25, 0.1, "s",
                            "a single prediction takes 250 ms, not under 100 ms");
  report.gates[4] = Verdict("size", gate::Outcome::kFail, 120, 100, "MB",
                            "the artifact is 120.0 MB, not under 100.0 MB");
  report.gates[4].dry_run = true;
  report.gates.push_back(Verdict(
      "production", gate::Outcome::kInconclusive, -0.004, -0.01, "",
      "accuracy -0.004 against production [-0.019, +0.011] on 1,000 rows: too few rows to tell "
      "whether it is worse by more than 0.010"));
  return report;
}

RunReport FailedDataReport() {
  RunReport report = Frame();
  report.status = "failed";
  report.failed_step = "data";
  report.algorithm = "random_forest";
  report.dataset.passed = false;
  report.dataset.rows = 812;
  report.dataset.profiles = {Numeric("tenure", true, 0, 72, 0.3, 4100),
                             Category("plan", {{"monthly", 812}}, 1)};
  report.dataset.issues = {
      {"too_few_rows",
       data::Severity::kError,
       "",
       812,
       1000,
       812,
       "the table has 812 rows, min_rows asks for 1,000",
       {}},
      {"high_missing_values",
       data::Severity::kError,
       "tenure",
       0.5,
       0.1,
       406,
       "tenure: 50.0 % of the values are missing, max_missing_ratio allows 10.0 %",
       {{3, "", true}, {9, "", true}}},
      {"unreadable_value",
       data::Severity::kError,
       "monthly_charges",
       2,
       0,
       2,
       "monthly_charges: 2 values are not numbers",
       {{71, "twenty", false}, {640, "n.a.", false}}},
      {"constant_feature",
       data::Severity::kWarning,
       "plan",
       1,
       0,
       0,
       "plan: every row has the value monthly",
       {}}};
  report.timings = {{"data", 0.013}};
  report.lineage = {{"source", report.source_digest}};
  return report;
}

RunReport HostileReport() {
  RunReport report = CalibratedReport();
  const std::string script = "<script>alert(\"x\")</script>";
  report.threshold->positive = script + "@team";
  report.card.sections[0].paragraphs = {"a | b\n# heading @team " + script};
  report.card.sections[1].points = {"</li>" + script};
  report.card.sections[1].table = {{"What", "Value"}, {{script, "| @team\n# heading"}}};
  report.target = "]]>&\"'" + script;
  report.source_path = "data/" + script + ".csv";
  report.classes = {"No`|\n@team", script};
  report.roc[0].first = script;
  report.score_histograms[1].truth = script;
  report.importances[0].feature = std::string("bad \xff\xfe utf8 \x01 ") + script;
  report.permutation.features[0].feature = script;
  report.slices.named[0].conditions[0] = {script, "= a | b @team `" + script};
  report.slices.named[1].metrics["auc"] = kNaN;
  report.dropped[0] = {script, "a | b " + script};
  report.dataset.profiles[0].name = script;
  report.dataset.profiles[0].mean = kNaN;
  report.dataset.profiles[2].top[0].value = "</style><img src=x onerror=alert(1)>";
  report.dataset.issues[0].message =
      "a | b\n# heading @team " + script + std::string("\x00\x1b[31m", 6);
  report.dataset.issues[0].examples[0] = {1, "]]>``" + script, false};
  report.gates[0].reason = "]]> " + script;
  report.lineage["--><b>"] = "'; rm -rf / #";
  report.metrics["auc"] = kNaN;
  report.intervals["auc"] = {kNaN, kNaN};
  report.folds[0].metrics["auc"] = kNaN;
  report.gates[1].value = kNaN;
  report.timings[0].second = kNaN;
  return report;
}

RunReport WideReport(int columns) {
  RunReport report = SampleReport();
  report.dataset.columns = columns;
  report.dataset.profiles.clear();
  report.dataset.issues.clear();
  report.importances.clear();
  Random random(7);
  for (int i = 0; i < columns; ++i) {
    const std::string name =
        fmt::format("a rather long column name, number {:03}, as exports have it", i);
    if (i % 3 == 0) {
      std::vector<data::CategoryCount> top;
      for (int c = 0; c < 100; ++c)
        top.push_back({std::string(300, 'v') + std::to_string(c), 100 - c});
      report.dataset.profiles.push_back(Category(name, top, 5000));
    } else {
      report.dataset.profiles.push_back(Numeric(name, i % 2 == 0, -50, 1e6, random.Uniform(), 17));
    }
    report.importances.push_back({name, 1.0 / columns});
    report.dropped.push_back({name, "constant"});
    data::Issue issue = SampleReport().dataset.issues[0];
    issue.column = name;
    issue.message = name + ": 1.0 % of the values are missing";
    for (int e = 0; e < 7; ++e) issue.examples.push_back({e + 1, std::string(5000, 'x'), false});
    report.dataset.issues.push_back(issue);
  }
  return report;
}

}  // namespace slipway::report
