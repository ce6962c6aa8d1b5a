#include "report/card.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/text.h"
#include "report/card_internal.h"
#include "report/summary_internal.h"
#include "report/text_internal.h"
#include "train/slices.h"

namespace slipway::report {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

const Json& At(const Json& object, const char* key) {
  static const Json null;
  if (!object.is_object()) return null;
  const auto it = object.find(key);
  return it == object.end() ? null : *it;
}

std::vector<std::string> Owners(const CardSources& sources) {
  std::vector<std::string> owners;
  for (const Json& owner : At(At(sources.config.model, "card"), "owners"))
    if (owner.is_string()) owners.push_back(owner);
  return owners;
}

void AddRow(CardTable* table, const std::string& what, const std::string& value) {
  if (!value.empty()) table->rows.push_back({what, value});
}

CardSection DetailsSection(const CardSources& sources) {
  const registry::ModelVersion& version = sources.version;
  CardSection section{.id = "details", .title = "Model details"};
  if (const std::string said = sources.Said("description"); !said.empty())
    section.paragraphs.push_back(said);
  CardTable& table = section.table;
  table.head = {"What", "Value"};
  AddRow(&table, "Version", fmt::format("{}:{}", version.name, version.registry_version));
  AddRow(&table, "Label", version.version);
  AddRow(&table, "Stage", version.status);
  AddRow(&table, "Digest", version.digest);
  AddRow(&table, "Registered", version.created_at.empty() ? "" : ReadableTime(version.created_at));
  AddRow(&table, "By", version.created_by);
  AddRow(&table, "Owners", Join(Owners(sources), ", "));
  AddRow(&table, "License", sources.Said("license"));
  AddRow(&table, "Task", sources.schema.task);
  AddRow(&table, "Target", sources.schema.target);
  AddRow(&table, "Classes", Join(sources.schema.classes, ", "));
  AddRow(&table, "Positive class", sources.schema.positive_class);
  AddRow(&table, "Trainer", sources.config.trainer());
  for (const auto& [name, value] : Flatten(At(sources.config.model, "hyperparameters")))
    AddRow(&table, name, value);
  return section;
}

CardSection UseSection(const CardSources& sources) {
  CardSection section{.id = "intended-use", .title = "Intended use"};
  const std::string said = sources.Said("intended_use");
  section.paragraphs.push_back(
      said.empty() ? "Nobody has said what it is for: model.card.intended_use is where to." : said);
  return section;
}

// "2023-01-04 to 2024-02-29", of the times among the training rows.
std::vector<std::string> Periods(const CardSources& sources) {
  std::vector<std::string> periods;
  for (const data::ColumnProfile& column : sources.profile.columns) {
    if (column.type != data::ColumnType::kTimestamp || column.missing == column.count) continue;
    periods.push_back(
        fmt::format("{}: {} to {}", column.name, FormatDate(column.min), FormatDate(column.max)));
  }
  return periods;
}

// How far the figures are of rows that the model never saw.
std::string TestPartSentence(const std::string& trainer) {
  if (trainer == kReadyGraph)
    return "Metrics are of the test part; whether the graph learned from its rows is not known.";
  if (trainer == kProgram)
    return "Metrics are of the test part, which the program that trained it was not given.";
  return "Metrics are of the test part, which neither training nor calibration nor the choice of a "
         "threshold saw.";
}

CardSection DataSection(const CardSources& sources) {
  CardSection section{.id = "training-data", .title = "Training and evaluation data"};
  CardTable& table = section.table;
  table.head = {"What", "Value"};
  const Json& source = At(sources.lineage, "source");
  AddRow(&table, "Source", GetString(At(sources.run, "source"), "path"));
  AddRow(&table, "Source digest", GetString(source, "digest"));
  const int64_t rows = GetInteger(source, "rows");
  if (rows > 0) AddRow(&table, "Rows", FormatCount(rows));
  AddRow(&table, "Training rows", FormatCount(sources.profile.rows));
  const Json& split = At(sources.run, "split");
  if (split.is_object()) {
    AddRow(&table, "Validation rows", FormatCount(GetInteger(split, "validation")));
    AddRow(&table, "Test rows", FormatCount(GetInteger(split, "test")));
  }
  AddRow(&table, "Split digest", GetString(At(sources.lineage, "split"), "digest"));
  AddRow(&table, "Period of the training rows", Join(Periods(sources), "; "));
  section.paragraphs.push_back(TestPartSentence(sources.config.trainer()));
  return section;
}

CardSection MetricsSection(const CardSources& sources) {
  CardSection section{.id = "metrics", .title = "Metrics"};
  section.table.head = {"Metric", "Test", "95 % interval", "Training"};
  for (const auto& [name, entry] : At(sources.metrics, "test").items()) {
    const auto [low, high] = sources.Interval(name);
    section.table.rows.push_back({MetricTitle(name), FormatMetric(sources.Metric("test", name)),
                                  FormatInterval(low, high),
                                  FormatMetric(sources.Metric("train", name))});
  }
  const size_t folds = At(sources.metrics, "cross_validation").size();
  if (folds > 0) {
    section.paragraphs.push_back(fmt::format("Cross-validated in {} folds.", folds));
  }
  return section;
}

// What Mitchell et al. call factors: figures by group, those that are named and the worst found.
CardSection SlicesSection(const CardSources& sources) {
  CardSection section{.id = "slices", .title = "Slices"};
  const auto slices = train::SliceReportFromJson(At(sources.run, "slices"));
  if (!slices.ok() || slices->metric.empty()) return section;
  section.paragraphs.push_back(fmt::format(
      "{} is {} on all test rows.", MetricTitle(slices->metric), FormatMetric(slices->whole)));
  section.table.head = {"Slice", "Rows", MetricTitle(slices->metric), "Against all"};
  const auto add = [&](const train::Slice& slice, const char* kind) {
    const auto value = slice.metrics.find(slices->metric);
    section.table.rows.push_back({train::NameOf(slice) + kind, FormatCount(slice.rows),
                                  FormatMetric(value == slice.metrics.end() ? kNaN : value->second),
                                  FormatDifference(slice.difference)});
  };
  for (const train::Slice& slice : slices->named) add(slice, "");
  for (const train::Slice& slice : slices->found) add(slice, " (found)");
  return section;
}

CardSection AnswersSection(const CardSources& sources) {
  CardSection section{.id = "answers", .title = "Calibration and threshold"};
  if (const auto calibration = train::CalibrationResultFromJson(At(sources.metrics, "calibration"));
      calibration.ok()) {
    section.paragraphs.push_back(CalibrationSentence(*calibration));
    section.table.head = {"On the test part", "Before", "Calibrated"};
    for (const auto& [metric, after] : calibration->metrics_after) {
      section.table.rows.push_back({MetricTitle(metric),
                                    FormatMetric(calibration->metrics_before.at(metric)),
                                    FormatMetric(after)});
    }
  } else if (sources.schema.task == "classification") {
    // A model of others may have been, before it came here.
    const std::string trainer = sources.config.trainer();
    const bool others = trainer == kReadyGraph || trainer == kProgram;
    section.paragraphs.push_back(fmt::format(
        "Not calibrated{}; the calibration error on the test part is {}.",
        others ? " by Slipway" : "", FormatMetric(sources.Metric("test", "calibration_error"))));
  }
  if (const auto threshold =
          train::ThresholdResultFromJson(At(sources.metrics, "decision_threshold"));
      threshold.ok()) {
    section.paragraphs.push_back(ThresholdSentence(*threshold));
  }
  return section;
}

CardSection GatesSection(const CardSources& sources) {
  CardSection section{.id = "gates", .title = "Gates"};
  const size_t dry = sources.Gates("fail", true).size();
  section.paragraphs.push_back(
      sources.version.verdict != "passed"
          ? "This version did not pass its gates, or did not pass them in this registry."
      : dry > 0 ? fmt::format("This version passed its gates; {} failed as a dry run.", dry)
                : "This version passed its gates.");
  const Json& gates = At(sources.run, "gates");
  if (!gates.is_array()) {
    section.paragraphs.push_back("The run that asked them is not kept here.");
    return section;
  }
  section.table.head = {"Gate", "Verdict", "Reason"};
  for (const Json& gate : gates) {
    section.table.rows.push_back(
        {GetString(gate, "name"),
         GetString(gate, "verdict") + (GetBool(gate, "dry_run") ? " (dry run)" : ""),
         GetString(gate, "reason")});
  }
  return section;
}

CardSection ImportancesSection(const CardSources& sources) {
  constexpr size_t kMostFeatures = 20;
  CardSection section{.id = "importances", .title = "Feature importances"};
  section.table.head = {"Feature", "Share"};
  const Json& importances = At(sources.run, "importances");
  for (const Json& one : importances) {
    if (section.table.rows.size() == kMostFeatures) break;
    const Json& share = At(one, "importance");
    section.table.rows.push_back(
        {GetString(one, "feature"), FormatShare(share.is_number() ? share.get<double>() : kNaN)});
  }
  return section;
}

CardSection LineageSection(const CardSources& sources) {
  CardSection section{.id = "lineage", .title = "Lineage"};
  section.table.head = {"What", "Digest or value"};
  AddRow(&section.table, "model", sources.version.digest);
  for (const auto& [name, value] : Flatten(sources.lineage)) AddRow(&section.table, name, value);
  AddRow(&section.table, "run", sources.version.run_id);
  return section;
}

Result<std::string> FileOf(const model::ArtifactFiles& files, const char* name) {
  const auto it = files.find(name);
  if (it != files.end()) return it->second;
  return Error(ErrorCode::kInvalidInput, fmt::format("the artifact has no {}", name));
}

Result<CardSources> ReadSources(const registry::ModelVersion& version,
                                const model::ArtifactFiles& files, const Json& run) {
  CardSources sources{version, run, {}, {}, {}, {}, {}};
  SLIPWAY_ASSIGN_OR_RETURN(const std::string schema, FileOf(files, "schema.json"));
  SLIPWAY_ASSIGN_OR_RETURN(const Json schema_json, ParseJson(schema, "schema.json"));
  SLIPWAY_ASSIGN_OR_RETURN(sources.schema, model::ModelSchemaFromJson(schema_json));
  SLIPWAY_ASSIGN_OR_RETURN(const std::string profile, FileOf(files, "profile.json"));
  SLIPWAY_ASSIGN_OR_RETURN(sources.profile, data::ReadStoredProfile(profile, "profile.json"));
  SLIPWAY_ASSIGN_OR_RETURN(const std::string metrics, FileOf(files, "metrics.json"));
  SLIPWAY_ASSIGN_OR_RETURN(sources.metrics, ParseJson(metrics, "metrics.json"));
  SLIPWAY_ASSIGN_OR_RETURN(const std::string lineage, FileOf(files, "lineage.json"));
  SLIPWAY_ASSIGN_OR_RETURN(sources.lineage, ParseJson(lineage, "lineage.json"));
  SLIPWAY_ASSIGN_OR_RETURN(const std::string config, FileOf(files, "config.yaml"));
  SLIPWAY_ASSIGN_OR_RETURN(sources.config,
                           registry::ReadArtifactConfig(config, sources.lineage, "config.yaml"));
  return sources;
}

bool IsEmpty(const CardSection& section) {
  return section.paragraphs.empty() && section.points.empty() && section.table.rows.empty();
}

}  // namespace

std::string CardSources::Said(const char* key) const {
  const Json& card = At(config.model, "card");
  return card.is_object() ? GetString(card, key) : "";
}

double CardSources::Metric(const char* part, const std::string& name) const {
  const Json& value = At(At(At(metrics, part), name.c_str()), "value");
  return value.is_number() ? value.get<double>() : kNaN;
}

std::pair<double, double> CardSources::Interval(const std::string& name) const {
  const Json& interval = At(At(At(metrics, "test"), name.c_str()), "interval");
  const auto bound = [&](size_t i) {
    const bool there = interval.is_array() && interval.size() == 2 && interval[i].is_number();
    return there ? interval[i].get<double>() : kNaN;
  };
  return {bound(0), bound(1)};
}

std::vector<Json> CardSources::Gates(const std::string& verdict, bool dry_run) const {
  std::vector<Json> gates;
  for (const Json& gate : At(run, "gates")) {
    if (GetString(gate, "verdict") == verdict && GetBool(gate, "dry_run") == dry_run)
      gates.push_back(gate);
  }
  return gates;
}

const data::ColumnProfile* CardSources::Profile(const std::string& column) const {
  const auto it = std::ranges::find(profile.columns, column, &data::ColumnProfile::name);
  return it == profile.columns.end() ? nullptr : &*it;
}

const CardSection* FindSection(const Card& card, const std::string& id) {
  const auto it = std::ranges::find(card.sections, id, &CardSection::id);
  return it == card.sections.end() ? nullptr : &*it;
}

Result<Card> MakeCard(const registry::ModelVersion& version, const model::ArtifactFiles& files,
                      const Json& run) {
  SLIPWAY_ASSIGN_OR_RETURN(const CardSources sources, ReadSources(version, files, run));
  Card card;
  card.title = fmt::format("{}:{}", version.name, version.registry_version);
  card.status = version.verdict;
  card.lede = sources.Said("description");
  const std::string trainer = sources.config.trainer();
  if (card.lede.empty())
    card.lede = fmt::format("A {} of “{}” by {}.", sources.schema.task, sources.schema.target,
                            trainer.empty() ? "an unnamed trainer" : trainer);
  for (CardSection section :
       {DetailsSection(sources), UseSection(sources), DataSection(sources), MetricsSection(sources),
        SlicesSection(sources), AnswersSection(sources), GatesSection(sources),
        ImportancesSection(sources), LimitsSection(sources), InputsSection(sources),
        LineageSection(sources)}) {
    if (!IsEmpty(section)) card.sections.push_back(std::move(section));
  }
  return card;
}

}  // namespace slipway::report
