#include "report/sample_data_report.h"

#include <fmt/format.h>

#include <cmath>

#include "core/random.h"
#include "report/sample_report.h"

namespace slipway::report {
namespace {

constexpr const char* kMadeAt = "2026-11-23T06:41:07.123Z";
constexpr const char* kVersion = "0.1.0";
const std::string kScript = "<script>alert(\"x\")</script>";
const std::string kTurned = "\u202egnp.exe \u05e9\u05dc\u05d5\u05dd";

DataReport TableOf(const RunReport& run) {
  DataReport report;
  report.title = "train.csv";
  report.source = run.source_path;
  report.dataset = run.dataset;
  report.target = run.target;
  report.made_at = kMadeAt;
  report.slipway_version = kVersion;
  return report;
}

data::Column Numbers(const std::string& name, std::vector<double> values) {
  data::Column column;
  column.name = name;
  column.numbers = std::move(values);
  return column;
}

data::Column Categories(const std::string& name, std::vector<std::string> categories,
                        std::vector<int32_t> codes) {
  data::Column column;
  column.name = name;
  column.type = data::ColumnType::kCategory;
  column.categories = std::move(categories);
  column.codes = std::move(codes);
  return column;
}

// A bell by the sum of uniform numbers, without libraries whose rounding differs.
double Bell(Random* random) {
  double sum = 0;
  for (int i = 0; i < 12; ++i) sum += random->Uniform();
  return sum - 6;
}

std::vector<double> Bells(int64_t rows, double shift, double missing, uint64_t seed) {
  Random random(seed);
  std::vector<double> values;
  for (int64_t row = 0; row < rows; ++row) {
    const double value = std::round(1000 * (Bell(&random) + shift)) / 1000;
    values.push_back(random.Uniform() < missing ? data::kMissingNumber : value);
  }
  return values;
}

std::vector<int32_t> Draws(int64_t rows, const std::vector<double>& shares, uint64_t seed) {
  Random random(seed);
  std::vector<int32_t> codes;
  for (int64_t row = 0; row < rows; ++row) {
    double left = random.Uniform();
    int32_t code = 0;
    while (code + 1 < std::ssize(shares) && left >= shares[static_cast<size_t>(code)]) {
      left -= shares[static_cast<size_t>(code++)];
    }
    codes.push_back(code);
  }
  return codes;
}

data::Column Times(int64_t rows, double start) {
  std::vector<double> values;
  for (int64_t row = 0; row < rows; ++row)
    values.push_back(start + 3600 * static_cast<double>(row));
  data::Column column = Numbers("signed_up", std::move(values));
  column.type = data::ColumnType::kTimestamp;
  return column;
}

DriftFindings Compared(const data::Table& before, const data::Table& after) {
  data::ProfileOptions options;
  options.repeated_rows = false;
  options.sample_rows = 0;
  const data::TableProfile reference = data::ProfileTable(before, options, 1);
  const data::TableProfile current = data::ProfileTable(after, options, 1);
  DriftFindings findings;
  findings.reference = "data/train.csv";
  findings.current = "data/new.csv";
  data::DriftOptions drift;
  drift.threads = 1;
  findings.drift = *data::FindDrift(reference, current, drift);
  findings.pairs = DistributionPairs(reference, current, findings.drift);
  findings.made_at = kMadeAt;
  findings.slipway_version = kVersion;
  return findings;
}

}  // namespace

DataReport ProfiledTable() {
  DataReport report = TableOf(SampleReport());
  report.dataset.issues.clear();
  report.repeated = {10'000, 1203, 0.021, 0.5, {}};
  double association = 0.41;
  for (data::ColumnProfile& column : report.dataset.profiles) {
    if (column.name != report.target) column.association = association /= 2;
  }
  data::ColumnProfile& charges = report.dataset.profiles[1];
  charges.distinct_error = 0.01625;
  charges.rank_error = 0.00533;
  charges.infinite = 3;
  data::ColumnProfile& city = report.dataset.profiles[3];
  city.lengths = {4, 22, 8.25};
  city.top_error = 80;
  return report;
}

DataReport JudgedTable() {
  DataReport report = TableOf(FailedDataReport());
  report.judged = true;
  data::Issue second = report.dataset.issues[1];
  second.severity = data::Severity::kWarning;
  second.message = "tenure: missing more often than last week";
  report.dataset.issues.push_back(second);
  report.dataset.profiles.push_back(SampleReport().dataset.profiles[1]);
  report.dataset.profiles.back().name = "sound";
  return report;
}

DataReport HostileTable() {
  DataReport report = JudgedTable();
  report.title = kScript + ".csv";
  report.source = "data/\x01\x1b[31m" + kScript;
  report.target = kScript + "'\"]]>";
  data::ColumnProfile& column = report.dataset.profiles[1];
  column.name = report.target;
  column.association = NAN;
  column.top[0].value = "</style><img src=x onerror=alert(1)>";
  report.dataset.profiles[0].name = kTurned + std::string(5000, '&');
  report.dataset.profiles[0].mean = NAN;
  report.dataset.issues[1].column = kScript;
  report.dataset.issues[1].kind = "\"><b>" + kScript;
  report.dataset.issues[1].message = "a | b\n# heading @team ]]> " + kScript + kTurned + "\x01";
  report.dataset.issues[1].examples[0] = {1, "]]>``" + kScript + "\xff", false};
  return report;
}

DataReport WideTable(int columns) {
  DataReport report = TableOf(WideReport(columns));
  report.judged = true;
  int number = 0;
  for (data::ColumnProfile& column : report.dataset.profiles) {
    column.name += std::string(60, '<') + std::to_string(++number);
    column.distinct_error = 0.01625;
    column.rank_error = 0.00533;
    column.association = 0.25;
    column.lengths = {1, 1000, 300};
    for (data::CategoryCount& top : column.top) top.value = std::string(100, '"');
  }
  return report;
}

DriftFindings SampleDrift(int64_t rows) {
  const std::vector<std::string> cities = {"Aachen", "Berlin", "Celle", "Dresden"};
  data::Table before, after;
  before.rows = rows;
  after.rows = rows * 2 / 3;
  const std::vector<double> were = {0.5, 0.3, 0.15, 0.05}, are = {0.3, 0.5, 0.15, 0.05};
  before.columns = {Numbers("still", Bells(before.rows, 0, 0, 1)),
                    Numbers("moved", Bells(before.rows, 0, 0, 2)),
                    Categories("city", cities, Draws(before.rows, were, 3)),
                    Numbers("gaps", Bells(before.rows, 0, 0.02, 4)),
                    Times(before.rows, 1.6e9),
                    Numbers("gone", Bells(before.rows, 0, 0, 5))};
  after.columns = {Numbers("still", Bells(after.rows, 0, 0, 11)),
                   Numbers("moved", Bells(after.rows, 0.4, 0, 12)),
                   Categories("city", cities, Draws(after.rows, are, 13)),
                   Numbers("gaps", Bells(after.rows, 0, 0.2, 14)),
                   Times(after.rows, 1.7e9),
                   Numbers("new", Bells(after.rows, 0, 0, 15))};
  return Compared(before, after);
}

DriftFindings HostileDrift() {
  data::Table before, after;
  before.rows = after.rows = 200;
  const std::string city = kScript + kTurned + "\x01|@team`";
  const std::vector<double> shares = {0.9, 0.1}, others = {0.1, 0.9};
  before.columns = {Categories(city, {"</svg>" + kScript, "b"}, Draws(200, shares, 1)),
                    Numbers(kScript + std::string(5000, '&'), Bells(200, 0, 0, 2))};
  after.columns = {Categories(city, {"</svg>" + kScript, kTurned + "]]>"}, Draws(200, others, 3)),
                   Numbers(kScript + std::string(5000, '&'), Bells(200, 3, 0.1, 4))};
  DriftFindings findings = Compared(before, after);
  findings.reference = "data/" + kScript;
  findings.current = "data/\x1b[31m\"'" + kTurned;
  return findings;
}

DriftFindings WideDrift(int columns) {
  data::Table before, after;
  before.rows = after.rows = 60;
  for (int i = 0; i < columns; ++i) {
    const std::string name =
        fmt::format("number {:04} of a rather long name, as exports have it", i) +
        std::string(100, '"');
    const auto seed = static_cast<uint64_t>(i);
    if (i % 3 == 0) {
      const std::vector<std::string> texts = {std::string(100, '&'), std::string(99, '<') + "x"};
      before.columns.push_back(Categories(name, texts, Draws(60, {0.9, 0.1}, seed)));
      after.columns.push_back(Categories(name, texts, Draws(60, {0.1, 0.9}, seed + 1)));
    } else {
      before.columns.push_back(Numbers(name, Bells(60, 0, 0, seed)));
      after.columns.push_back(Numbers(name, Bells(60, i % 2, 0, seed + 1)));
    }
  }
  return Compared(before, after);
}

}  // namespace slipway::report
