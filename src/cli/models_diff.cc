#include "cli/models_diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "cli/table.h"
#include "cli/value_text.h"
#include "core/text.h"

namespace slipway::cli {
namespace {

constexpr TableStyle kIndented = {.header = true, .indent = 2};

std::string Section(const Session& session, const std::string& title, const std::string& body) {
  return body.empty() ? "" : session.Paint("1", title) + "\n" + body;
}

// All that is written as key and value; metrics have a section of their own.
std::string SettingsText(const pipeline::ModelDiff& diff, const Session& session) {
  std::vector<Row> rows = {{{""}, {diff.left.name}, {diff.right.name}, {""}}};
  for (const registry::VersionDifference& one : diff.differences) {
    if (one.section == "metrics") continue;
    const bool plain =
        one.section == "config" || one.section == "deployment" || one.section == "record";
    rows.push_back({{plain ? one.key : one.section + "." + one.key},
                    {ValueText(one.left)},
                    {ValueText(one.right)},
                    {ChangeText(one.left, one.right)}});
  }
  if (diff.left.size_bytes != diff.right.size_bytes) {
    rows.push_back(
        {{"size"}, {FormatBytes(diff.left.size_bytes)}, {FormatBytes(diff.right.size_bytes)}});
  }
  return rows.size() == 1 ? "" : Table(rows, session, kIndented);
}

std::string MetricText(const std::optional<double>& value,
                       const std::optional<std::pair<double, double>>& interval) {
  if (!value) return "–";
  if (!interval) return fmt::format("{:.4g}", *value);
  return fmt::format("{:.4g} [{:.4g}, {:.4g}]", *value, interval->first, interval->second);
}

std::string MetricsText(const pipeline::ModelDiff& diff, const Session& session) {
  std::vector<Row> rows = {{{""}, {diff.left.name}, {diff.right.name}, {"difference"}, {""}}};
  for (const pipeline::MetricComparison& one : diff.metrics) {
    const std::string change =
        one.left && one.right ? fmt::format("{:+.4g}", *one.right - *one.left) : "";
    const char* noise = !one.beyond_noise   ? ""
                        : *one.beyond_noise ? "beyond noise"
                                            : "within noise";
    rows.push_back({{one.metric},
                    {MetricText(one.left, one.left_interval)},
                    {MetricText(one.right, one.right_interval)},
                    {change},
                    {noise, one.beyond_noise.value_or(false) ? "33" : "2"}});
  }
  return rows.size() == 1 ? "" : Table(rows, session, kIndented);
}

std::string RowsText(const std::optional<int64_t>& rows) {
  return rows ? Plural(*rows, "row", "rows") : "unknown rows";
}

std::string DataText(const pipeline::DataComparison& data, const Session& session) {
  if (!data.drift) return "  not compared: " + Printable(data.not_compared) + "\n";
  const auto drifted = std::ranges::count(data.drift->columns, true, &data::ColumnDrift::drifted);
  std::string text = fmt::format(
      "  trained on {} and {} · {}\n", RowsText(data.left_rows), RowsText(data.right_rows),
      drifted == 0 ? "no drift"
                   : fmt::format("drift in {} of {} columns", drifted, data.drift->columns.size()));
  std::vector<Row> rows;
  for (const data::ColumnDrift& column : data.drift->columns) {
    if (!column.drifted) continue;
    rows.push_back({{column.column}, {data::ToString(column.type)}, {column.reason}});
  }
  return text + (rows.empty() ? "" : Table(rows, session, {.header = false, .indent = 2}));
}

std::string PredictionsText(const pipeline::PredictionComparison& predictions,
                            const Session& session) {
  if (!predictions.not_compared.empty())
    return "  not compared: " + Printable(predictions.not_compared) + "\n";
  const double share =
      100.0 * static_cast<double>(predictions.equal) / static_cast<double>(predictions.rows);
  std::string text = fmt::format(
      "  {} ({}) · {:.4g} % with equal {} · {} differ by {:.4g} on average, {:.4g} at most\n",
      Plural(predictions.rows, "row", "rows"), Printable(predictions.asked), share,
      predictions.regression ? "estimates" : "labels", predictions.regression ? "they" : "scores",
      predictions.mean_difference, predictions.largest_difference);
  std::vector<Row> rows;
  for (const pipeline::RowComparison& row : predictions.worst) {
    rows.push_back(
        {{row.row}, {row.left + " → " + row.right}, {fmt::format("{:.4g}", row.difference)}});
  }
  return text + (rows.empty() ? "" : Table(rows, session, {.header = false, .indent = 2}));
}

}  // namespace

std::string DiffText(const pipeline::ModelDiff& diff, const Session& session) {
  if (!diff.left.digest.empty() && diff.left.digest == diff.right.digest) {
    return fmt::format("{} and {} are one model: {}\n", Printable(diff.left.name),
                       Printable(diff.right.name), ShortDigest(diff.left.digest));
  }
  return Section(session, "settings", SettingsText(diff, session)) +
         Section(session, "metrics", MetricsText(diff, session)) +
         Section(session, "data", DataText(diff.data, session)) +
         Section(session, "predictions", PredictionsText(diff.predictions, session));
}

}  // namespace slipway::cli
