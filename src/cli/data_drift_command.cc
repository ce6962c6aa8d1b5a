// `slipway data drift`: whether new data differs from reference data.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iterator>
#include <memory>

#include "cli/between.h"
#include "cli/data_options.h"
#include "cli/data_reports.h"
#include "cli/table.h"
#include "core/clock.h"
#include "core/text.h"
#include "data/drift.h"
#include "pipeline/multivariate_drift.h"
#include "pipeline/predict.h"
#include "pipeline/profile_source.h"

namespace slipway::cli {
namespace {

struct DriftCommandOptions {
  std::string reference, current;
  ReadingOptions reading;
  data::DriftOptions drift;
  bool multivariate = false;
  std::string model, registry;
  bool fail_on_drift = false;
  std::vector<std::string> reports;
};

// The predictions of a model as further columns.
Status AddPredictions(const pipeline::ChosenModel& chosen, const std::string& path,
                      const DriftCommandOptions& options, pipeline::ProfiledSource* source) {
  data::TableProfile& profile = source->profile;
  if (profile.predictions) {
    std::ranges::copy(profile.predictions->columns, std::back_inserter(profile.columns));
    return {};
  }
  if (source->stored) {
    Location location;
    location.file = path;
    return Error(ErrorCode::kInvalidInput, "this profile has no rows to predict")
        .At(std::move(location))
        .Expected("a table, or a model's folder, whose profile has its predictions");
  }
  pipeline::PredictOptions predict;
  predict.input_path = path;
  predict.threads = options.reading.threads;
  SLIPWAY_ASSIGN_OR_RETURN(pipeline::PredictedRows rows,
                           pipeline::PredictFile(chosen.model, predict));
  data::TableProfile predictions = pipeline::ProfilePredictions(
      std::move(rows.predictions), chosen.model.schema, options.reading.threads);
  std::ranges::move(predictions.columns, std::back_inserter(profile.columns));
  return {};
}

void PrintMultivariate(const data::MultivariateDrift& drift, Session& session) {
  std::vector<std::string> drivers;
  for (const auto& [column, importance] : drift.drivers) {
    drivers.push_back(fmt::format("{} {:.0f} %", column, 100 * importance));
  }
  session.Print(fmt::format(
      "{} all columns together: a classifier tells new rows from old ones with AUC {:.3f} "
      "(limit {:.3f}, p {:.2g}){}\n",
      drift.drifted ? session.Paint("31", "✗") : session.Paint("32", "✓"), drift.auc, drift.limit,
      drift.p_value, drift.drifted ? "; by " + Join(drivers, ", ") : ""));
}

void PrintDrift(const data::DriftReport& report, double seconds, Session& session) {
  std::vector<Row> table = {{{""}, {"COLUMN"}, {"type"}, {"reason"}}};
  // What drifted first, each in the order of the table.
  for (const bool drifted : {true, false}) {
    for (const data::ColumnDrift& column : report.columns) {
      if (column.drifted != drifted) continue;
      table.push_back({{drifted ? "✗" : "✓", drifted ? "31" : "32"},
                       {column.column},
                       {data::ToString(column.type)},
                       {column.reason}});
    }
  }
  session.Print(Table(table, session));
  if (report.multivariate) PrintMultivariate(*report.multivariate, session);
  const std::vector<std::string> features = report.DriftedFeatures();
  const bool together = report.multivariate && report.multivariate->drifted;
  const std::string verdict =
      !report.drift_detected
          ? session.Paint("32", "no drift")
          : session.Paint("31",
                          fmt::format("drift: {}{} of {} columns{}",
                                      together ? "all columns together, " : "", features.size(),
                                      report.columns.size(), together ? " by themselves" : ""));
  session.Print(fmt::format("{} · {} against {}   {}\n", verdict,
                            Plural(report.current_rows, "row", "rows"),
                            Plural(report.reference_rows, "row", "rows"), FormatSeconds(seconds)));
}

Result<int> Drift(const DriftCommandOptions& options, Session& session) {
  const Stopwatch watch;
  data::ProfileOptions what;
  what.repeated_rows = false;
  if (!options.multivariate) what.sample_rows = 0;
  // All columns, as one of the two tables may lack those that are asked for.
  SLIPWAY_ASSIGN_OR_RETURN(auto both, pipeline::ProfileTwo(options.reference, options.current,
                                                           ToReadOptions(options.reading), what));
  auto& [reference, current] = both;
  WarnOfIssues(options.reference, reference.issues, session);
  WarnOfIssues(options.current, current.issues, session);
  data::DriftOptions drift = options.drift;
  drift.columns = options.reading.columns;
  drift.threads = options.reading.threads;
  if (!options.model.empty()) {
    SLIPWAY_ASSIGN_OR_RETURN(const pipeline::ChosenModel chosen,
                             pipeline::ChooseModel(options.model, options.registry));
    SLIPWAY_RETURN_IF_ERROR(AddPredictions(chosen, options.reference, options, &reference));
    SLIPWAY_RETURN_IF_ERROR(AddPredictions(chosen, options.current, options, &current));
  }
  SLIPWAY_ASSIGN_OR_RETURN(data::DriftReport report,
                           data::FindDrift(reference.profile, current.profile, drift));
  if (options.multivariate) {
    SLIPWAY_ASSIGN_OR_RETURN(report.multivariate, pipeline::FindMultivariateDrift(
                                                      reference.profile, current.profile, drift));
    report.drift_detected = report.drift_detected || report.multivariate->drifted;
  }
  SLIPWAY_RETURN_IF_ERROR(WriteDriftReports(options.reports, {options.reference, reference.profile},
                                            {options.current, current.profile}, report));
  if (session.json) {
    session.PrintJson(data::ToJson(report));
  } else {
    PrintDrift(report, watch.seconds(), session);
  }
  return report.drift_detected && options.fail_on_drift ? kExitNo : kExitDone;
}

}  // namespace

void AddDataDrift(CLI::App* data, Session& session) {
  CLI::App* drift = data->add_subcommand(
      "drift", "Whether new data differs from reference data, significantly and enough to matter");
  auto options = std::make_shared<DriftCommandOptions>();
  drift
      ->add_option("reference", options->reference,
                   "What the model was trained on: a table, a saved profile, or a model's folder")
      ->required()
      ->type_name("REFERENCE");
  drift->add_option("current", options->current, "What it meets now")
      ->required()
      ->type_name("CURRENT");
  drift
      ->add_option("--alpha", options->drift.alpha,
                   "Share of false alarms among columns that is put up with")
      ->check(Between(0, 1))
      ->type_name("SHARE")
      ->capture_default_str();
  drift
      ->add_option("--min-effect", options->drift.min_effect,
                   "Smaller differences are no drift, in standard deviations of a number; for "
                   "categories 0.3 of that, as a share of rows")
      ->check(Between(0, 1000))
      ->type_name("X")
      ->capture_default_str();
  drift
      ->add_option("--effect", options->drift.effect,
                   "What differences are measured by; --min-effect is in its unit")
      ->check(CLI::IsMember(data::EffectNames()))
      ->type_name("NAME")
      ->capture_default_str();
  drift->add_flag("--multivariate", options->multivariate,
                  "Also whether a classifier tells new rows from old ones, and by what");
  drift
      ->add_option("--model", options->model,
                   "Also whether the predictions of this model differ: NAME, NAME@production, …")
      ->type_name("MODEL");
  drift->add_option("--registry", options->registry, "Where --model is (default: the nearest)")
      ->type_name("DIR");
  drift->add_flag("--fail-on-drift", options->fail_on_drift, "Exit code 1 where there is drift");
  AddReportOption(drift, &options->reports);
  AddReadingOptions(drift, &options->reading);
  AddColumnsOption(drift, &options->reading);
  AddExamples(drift,
              "slipway data drift data/train.csv data/today.csv\n"
              "slipway data drift january.json data/today.csv\n"
              "slipway data drift data/train.csv data/today.parquet --fail-on-drift --output json");
  drift->callback([=, &session] { session.Finish(Drift(*options, session)); });
}

}  // namespace slipway::cli
