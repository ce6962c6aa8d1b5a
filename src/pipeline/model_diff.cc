#include "pipeline/model_diff.h"

#include <algorithm>
#include <cmath>

#include "core/file_system.h"
#include "pipeline/model_diff_internal.h"
#include "registry/artifact_config.h"
#include "registry/registry.h"

namespace slipway::pipeline {
namespace {

Result<std::string> ReadIfThere(const std::string& path) {
  FileSystem& files = LocalFileSystem();
  if (!files.Exists(path)) return std::string();
  return files.ReadFile(path);
}

Result<Json> ReadJsonIfThere(const std::string& path) {
  FileSystem& files = LocalFileSystem();
  if (!files.Exists(path)) return Json();
  return ReadJsonFile(files, path);
}

// What an artifact's config.yaml says, which every artifact has, registered or not.
Status ReadConfig(const std::string& path, ComparedModel* model) {
  SLIPWAY_ASSIGN_OR_RETURN(const std::string text, ReadIfThere(path));
  if (text.empty()) return {};
  SLIPWAY_ASSIGN_OR_RETURN(const registry::ArtifactConfig config,
                           registry::ReadArtifactConfig(text, model->lineage, path));
  model->data_config = config.data;
  model->version.training_config = config.model;
  model->version.algorithm = config.trainer();
  return {};
}

// Of a model in a folder or a file, what a record would say.
void DescribeByFiles(ComparedModel* model) {
  registry::ModelVersion& version = model->version;
  version.verdict.clear();
  version.status.clear();
  version.framework.clear();
  version.digest = model->chosen.model.digest;
  version.task = model->schema().task;
  const Json schema = model::ToJson(model->schema());
  if (schema.contains("inputs")) version.feature_schema = schema["inputs"];
  if (model->lineage.is_object() && model->lineage.contains("source"))
    version.training_data_hash = GetString(model->lineage["source"], "digest");
}

Result<int64_t> SizeOf(const std::string& path) {
  FileSystem& files = LocalFileSystem();
  SLIPWAY_ASSIGN_OR_RETURN(const FileStat stat, files.Stat(path));
  if (!stat.is_directory) return stat.size;
  int64_t size = 0;
  for (const std::string& name : model::DigestedFiles()) {
    const Result<FileStat> file = files.Stat(JoinPath(path, name));
    if (file.ok()) size += file->size;
  }
  return size;
}

Result<registry::ModelVersion> FindRecord(const std::string& reference,
                                          const std::string& registry) {
  const std::string directory = registry::FindRegistryDirectory(registry, ".", LocalFileSystem());
  SLIPWAY_ASSIGN_OR_RETURN(const auto opened, registry::OpenExisting(directory));
  return opened->Find(reference);
}

// Those of the two versions, and of what only their artifacts tell.
std::vector<registry::VersionDifference> Differences(const ComparedModel& left,
                                                     const ComparedModel& right) {
  std::vector<registry::VersionDifference> differences =
      registry::DiffVersions(left.version, right.version);
  registry::DiffJson(left.data_config, right.data_config, "config", "data", &differences);
  registry::DiffJson(left.lineage, right.lineage, "lineage", "", &differences);
  return differences;
}

ModelDiff::Side SideOf(const ComparedModel& model) {
  return {model.name(), model.chosen.model.digest, model.version.size_bytes};
}

// {"value": …, "interval": […]} of a metric, or null.
Json TestMetric(const ComparedModel& model, const std::string& name) {
  if (!model.metrics.is_object() || !model.metrics.contains("test")) return {};
  const Json& test = model.metrics["test"];
  return test.is_object() && test.contains(name) ? test[name] : Json();
}

std::optional<double> ValueOf(const Json& metric) {
  if (!metric.is_object() || !metric.contains("value") || !metric["value"].is_number())
    return std::nullopt;
  return metric["value"].get<double>();
}

std::optional<std::pair<double, double>> IntervalOf(const Json& metric) {
  if (!metric.is_object() || !metric.contains("interval")) return std::nullopt;
  const Json& interval = metric["interval"];
  const bool known = interval.is_array() && interval.size() == 2 && interval[0].is_number() &&
                     interval[1].is_number();
  if (!known) return std::nullopt;
  return std::pair(interval[0].get<double>(), interval[1].get<double>());
}

std::vector<std::string> MetricNames(const ComparedModel& left, const ComparedModel& right) {
  std::vector<std::string> names;
  for (const ComparedModel* model : {&left, &right}) {
    if (!model->metrics.is_object() || !model->metrics.contains("test")) continue;
    for (const auto& [name, metric] : model->metrics["test"].items()) {
      if (std::ranges::find(names, name) == names.end()) names.push_back(name);
    }
  }
  return names;
}

template <typename T>
Json OrNull(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

Json IntervalJson(const std::optional<std::pair<double, double>>& interval) {
  return interval ? Json{interval->first, interval->second} : Json();
}

Json MetricsJson(const std::vector<MetricComparison>& metrics) {
  Json list = Json::array();
  for (const MetricComparison& one : metrics) {
    const bool both = one.left && one.right;
    list.push_back({{"metric", one.metric},
                    {"left", OrNull(one.left)},
                    {"right", OrNull(one.right)},
                    {"left_interval", IntervalJson(one.left_interval)},
                    {"right_interval", IntervalJson(one.right_interval)},
                    {"difference", both ? Json(*one.right - *one.left) : Json()},
                    {"beyond_noise", OrNull(one.beyond_noise)}});
  }
  return list;
}

Json PredictionsJson(const PredictionComparison& predictions) {
  if (!predictions.not_compared.empty()) return {{"not_compared", predictions.not_compared}};
  Json worst = Json::array();
  for (const RowComparison& row : predictions.worst) {
    worst.push_back({{"row", row.row},
                     {"left", row.left},
                     {"right", row.right},
                     {"difference", row.difference}});
  }
  const double share =
      static_cast<double>(predictions.equal) / static_cast<double>(predictions.rows);
  return {{"asked", predictions.asked},
          {"rows", predictions.rows},
          {"equal", predictions.equal},
          {"equal_share", share},
          {"largest_difference", predictions.largest_difference},
          {"mean_difference", predictions.mean_difference},
          {"worst", std::move(worst)}};
}

Json SideJson(const ModelDiff::Side& side) {
  return {{"name", side.name}, {"digest", side.digest}, {"size_bytes", side.size_bytes}};
}

}  // namespace

Result<ComparedModel> ReadComparedModel(const std::string& reference, const std::string& registry) {
  ComparedModel model;
  SLIPWAY_ASSIGN_OR_RETURN(model.chosen, ChooseModel(reference, registry));
  const bool registered = !model.chosen.version.empty();
  if (registered) {
    SLIPWAY_ASSIGN_OR_RETURN(model.version, FindRecord(reference, registry));
  }
  const std::string& place = model.chosen.model.directory;
  SLIPWAY_ASSIGN_OR_RETURN(const FileStat stat, LocalFileSystem().Stat(place));
  if (stat.is_directory) {
    SLIPWAY_ASSIGN_OR_RETURN(model.lineage, ReadJsonIfThere(JoinPath(place, "lineage.json")));
    SLIPWAY_ASSIGN_OR_RETURN(model.metrics, ReadJsonIfThere(JoinPath(place, "metrics.json")));
    SLIPWAY_ASSIGN_OR_RETURN(model.golden, ReadIfThere(JoinPath(place, "golden.jsonl")));
    SLIPWAY_RETURN_IF_ERROR(ReadConfig(JoinPath(place, "config.yaml"), &model));
    const std::string profile_path = JoinPath(place, "profile.json");
    SLIPWAY_ASSIGN_OR_RETURN(const std::string profile, ReadIfThere(profile_path));
    if (!profile.empty()) {
      SLIPWAY_ASSIGN_OR_RETURN(model.profile, data::ReadStoredProfile(profile, profile_path));
    }
  }
  if (!registered) DescribeByFiles(&model);
  SLIPWAY_ASSIGN_OR_RETURN(model.version.size_bytes, SizeOf(place));
  return model;
}

std::vector<MetricComparison> CompareMetrics(const ComparedModel& left,
                                             const ComparedModel& right) {
  std::vector<MetricComparison> compared;
  for (const std::string& name : MetricNames(left, right)) {
    const Json ours = TestMetric(left, name), theirs = TestMetric(right, name);
    MetricComparison one{
        name, ValueOf(ours), ValueOf(theirs), IntervalOf(ours), IntervalOf(theirs), std::nullopt};
    if (one.left && one.right && one.left_interval && one.right_interval) {
      const auto half = [](const std::pair<double, double>& interval) {
        return (interval.second - interval.first) / 2;
      };
      one.beyond_noise = std::abs(*one.right - *one.left) >
                         std::hypot(half(*one.left_interval), half(*one.right_interval));
    }
    compared.push_back(std::move(one));
  }
  return compared;
}

Result<DataComparison> CompareData(const ComparedModel& left, const ComparedModel& right,
                                   int threads) {
  DataComparison compared;
  if (left.profile) compared.left_rows = left.profile->rows;
  if (right.profile) compared.right_rows = right.profile->rows;
  if (!left.profile || !right.profile) {
    compared.not_compared =
        (left.profile ? right : left).name() + " has no profile of what it was trained on";
    return compared;
  }
  data::DriftOptions options;
  options.threads = threads;
  SLIPWAY_ASSIGN_OR_RETURN(compared.drift, data::FindDrift(*left.profile, *right.profile, options));
  return compared;
}

Result<ModelDiff> CompareModels(const ModelDiffOptions& options, ProgressSink& progress) {
  SLIPWAY_ASSIGN_OR_RETURN(const ComparedModel left,
                           ReadComparedModel(options.left, options.registry));
  SLIPWAY_ASSIGN_OR_RETURN(const ComparedModel right,
                           ReadComparedModel(options.right, options.registry));
  ModelDiff diff;
  diff.left = SideOf(left);
  diff.right = SideOf(right);
  diff.differences = Differences(left, right);
  diff.metrics = CompareMetrics(left, right);
  SLIPWAY_ASSIGN_OR_RETURN(diff.data, CompareData(left, right, options.threads));
  SLIPWAY_ASSIGN_OR_RETURN(diff.predictions, ComparePredictions(left, right, options, progress));
  return diff;
}

Json ToJson(const ModelDiff& diff) {
  Json differences = Json::array();
  for (const registry::VersionDifference& one : diff.differences) {
    differences.push_back(
        {{"section", one.section}, {"key", one.key}, {"left", one.left}, {"right", one.right}});
  }
  Json data = {{"left_rows", OrNull(diff.data.left_rows)},
               {"right_rows", OrNull(diff.data.right_rows)}};
  if (diff.data.drift) {
    data["drift"] = data::ToJson(*diff.data.drift);
  } else {
    data["not_compared"] = diff.data.not_compared;
  }
  return {{"left", diff.left.name},
          {"right", diff.right.name},
          {"models", {SideJson(diff.left), SideJson(diff.right)}},
          {"differences", std::move(differences)},
          {"metrics", MetricsJson(diff.metrics)},
          {"data", std::move(data)},
          {"predictions", PredictionsJson(diff.predictions)}};
}

}  // namespace slipway::pipeline
