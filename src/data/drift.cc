#include "data/drift.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/parallel.h"
#include "core/text.h"
#include "data/drift_columns_internal.h"
#include "data/json_reading_internal.h"
#include "data/two_sample.h"

namespace slipway::data {
namespace {

// Significance over all tests at once.
void Adjust(std::vector<ComparedColumn>* all) {
  std::vector<double> p_values;
  std::vector<double*> q_values;
  for (ComparedColumn& one : *all) {
    if (!one.drift.test.empty()) {
      p_values.push_back(one.drift.p_value);
      q_values.push_back(&one.drift.q_value);
    }
    if (one.tested_missing) {
      p_values.push_back(one.missing_p_value);
      q_values.push_back(&one.drift.missing_q_value);
    }
  }
  const std::vector<double> adjusted = FalseDiscoveryAdjusted(p_values);
  for (size_t i = 0; i < adjusted.size(); ++i) *q_values[i] = adjusted[i];
}

void Decide(const ComparedColumn& compared, double alpha, ColumnDrift* drift) {
  if (drift->drifted) return;
  const double moved = std::abs(drift->missing_current - drift->missing_reference);
  const bool significant = !drift->test.empty() && drift->q_value <= alpha;
  const bool values = significant && drift->effect_value >= drift->effect_limit;
  const bool missing_significant = compared.tested_missing && drift->missing_q_value <= alpha;
  drift->missing_limit = compared.missing_limit;
  const bool missing = missing_significant && moved >= compared.missing_limit;
  drift->drifted = values || missing || !compared.abrupt.empty();
  if (!drift->test.empty()) {
    const char* verdict = values        ? "drifted"
                          : significant ? "significant, and too small to matter"
                                        : "not significant";
    drift->reason = fmt::format("{}: {} (limit {:.3g}, q {:.2g})", verdict, drift->reason,
                                drift->effect_limit, drift->q_value);
  }
  if (!compared.abrupt.empty()) drift->reason = compared.abrupt + "; " + drift->reason;
  if (!drift->new_categories.empty())
    drift->reason += "; new: " + Join(drift->new_categories, ", ");
  if (!missing_significant) return;
  const std::string told =
      fmt::format("missing {} → {}{} (limit {}, q {:.2g})", DriftPercent(drift->missing_reference),
                  DriftPercent(drift->missing_current), missing ? "" : ", too little to matter",
                  DriftPercent(compared.missing_limit), drift->missing_q_value);
  drift->reason = missing ? told + "; " + drift->reason : drift->reason + "; " + told;
}

// `near` is where it is likely to be.
const ColumnProfile* Find(const TableProfile& profile, const std::string& name, size_t near) {
  const auto& columns = profile.columns;
  if (near < columns.size() && columns[near].name == name) return &columns[near];
  const auto found = std::ranges::find(columns, name, &ColumnProfile::name);
  return found == columns.end() ? nullptr : &*found;
}

Error Unknown(std::string message, const std::string& name, const std::vector<std::string>& names) {
  return Error(ErrorCode::kInvalidInput, std::move(message)).Try(NearestName(name, names));
}

Result<std::vector<std::string>> NamesOf(const TableProfile& reference, const TableProfile& current,
                                         const std::vector<std::string>& wanted) {
  std::vector<std::string> names;
  for (const TableProfile* table : {&reference, &current}) {
    for (size_t i = 0; i < table->columns.size(); ++i) {
      const std::string& name = table->columns[i].name;
      if (table == &reference || Find(reference, name, i) == nullptr) names.push_back(name);
    }
  }
  for (const std::string& name : wanted) {
    if (std::ranges::find(names, name) != names.end()) continue;
    return Unknown(fmt::format("neither table has a column '{}'", name), name, names);
  }
  return wanted.empty() ? names : wanted;
}

}  // namespace

const std::vector<std::string>& EffectNames() {
  static const std::vector<std::string> names = {"auto", "jensen_shannon", "hellinger", "psi"};
  return names;
}

std::vector<std::string> DriftReport::DriftedFeatures() const {
  std::vector<std::string> names;
  for (const ColumnDrift& column : columns) {
    if (column.drifted) names.push_back(column.column);
  }
  return names;
}

Result<DriftReport> FindDrift(const TableProfile& reference, const TableProfile& current,
                              const DriftOptions& options) {
  if (std::ranges::find(EffectNames(), options.effect) == EffectNames().end()) {
    return Unknown(fmt::format("unknown effect '{}'", options.effect), options.effect,
                   EffectNames());
  }
  SLIPWAY_RETURN_IF_ERROR(CheckSketches(reference));
  SLIPWAY_RETURN_IF_ERROR(CheckSketches(current));
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                           NamesOf(reference, current, options.columns));
  std::vector<ComparedColumn> all(names.size());
  const int threads = options.threads > 0 ? options.threads : AvailableCores();
  SLIPWAY_RETURN_IF_ERROR(ParallelFor(names.size(), threads, [&](size_t i) -> Status {
    all[i] = CompareColumn(Find(reference, names[i], i), Find(current, names[i], i), options);
    return {};
  }));
  Adjust(&all);
  DriftReport report;
  report.reference_rows = reference.rows;
  report.current_rows = current.rows;
  for (ComparedColumn& one : all) {
    Decide(one, options.alpha, &one.drift);
    report.drift_detected = report.drift_detected || one.drift.drifted;
    report.columns.push_back(std::move(one.drift));
  }
  return report;
}

Json ToJson(const ColumnDrift& drift) {
  Json json = {
      {"column", drift.column}, {"type", ToString(drift.type)}, {"drifted", drift.drifted}};
  if (!drift.test.empty()) {
    json.update({{"test", drift.test},
                 {"statistic", std::isfinite(drift.statistic) ? Json(drift.statistic) : Json()},
                 {"p_value", drift.p_value},
                 {"q_value", drift.q_value},
                 {"effect", drift.effect},
                 {"effect_value", drift.effect_value},
                 {"effect_limit", drift.effect_limit}});
    Json& measures = json["measures"] = Json::object();
    for (const auto& [name, value] : drift.measures) measures[name] = NumberToJson(value);
    if (drift.rank_error > 0) json["rank_error"] = drift.rank_error;
  }
  json["missing"] = {{"reference", drift.missing_reference},
                     {"current", drift.missing_current},
                     {"limit", NumberToJson(drift.missing_limit)},
                     {"q_value", drift.missing_q_value}};
  if (drift.type == ColumnType::kCategory) {
    json["new_categories"] = drift.new_categories;
    json["vanished_categories"] = drift.vanished_categories;
  }
  json["reason"] = drift.reason;
  return json;
}

Json ToJson(const MultivariateDrift& drift) {
  Json drivers = Json::array();
  for (const auto& [column, importance] : drift.drivers) {
    drivers.push_back({{"column", column}, {"importance", importance}});
  }
  return {{"drifted", drift.drifted}, {"auc", NumberToJson(drift.auc)},
          {"limit", drift.limit},     {"p_value", NumberToJson(drift.p_value)},
          {"rows", drift.rows},       {"drivers", std::move(drivers)}};
}

Json ToJson(const DriftReport& report) {
  Json columns = Json::array();
  for (const ColumnDrift& column : report.columns) columns.push_back(ToJson(column));
  Json json = {{"drift_detected", report.drift_detected},
               {"drifted_features", report.DriftedFeatures()},
               {"reference_rows", report.reference_rows},
               {"current_rows", report.current_rows}};
  if (report.multivariate) json["multivariate"] = ToJson(*report.multivariate);
  json["columns"] = std::move(columns);
  return json;
}

}  // namespace slipway::data
