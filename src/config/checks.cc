// What no single key shows.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "config/locations_internal.h"
#include "config/resolve_internal.h"
#include "core/json.h"
#include "core/text.h"

namespace slipway::config {
namespace {

class TogetherCheck {
 public:
  TogetherCheck(const Resolved& resolved, Problems* problems)
      : resolved_(resolved), root_(resolved.environment.expanded), problems_(problems) {}

  void Run() {
    CheckSplit();
    CheckFolds();
    CheckColumns();
    CheckMetricsFitTask();
    CheckMetricsOnce("model.performance_thresholds");
    CheckMetricsOnce("model.gates.slice_floor");
    CheckGroupGaps();
    CheckAnswer("model.calibration");
    CheckAnswer("model.decision_threshold");
    CheckCost();
    CheckSliceFloor();
    CheckModelSection("onnx", "path: model.onnx");
    CheckModelSection("command", "run: python3 training/train.py");
    CheckModelName();
    CheckLabel("project_name", "demo");
    CheckLabel("version", "1.0.0");
    CheckReplicas();
    CheckStages();
    CheckStore("artifact_store", "stores");
    CheckStore("model_registry", "registries");
    CheckNotifications(resolved_, problems_);
    CheckActions(resolved_, problems_);
    CheckDelivery(resolved_, problems_);
  }

 private:
  // nullptr where the key is absent or was wrong by itself.
  const Json* Find(const std::string& key) const {
    const Json* at = &root_;
    for (size_t begin = 0; begin <= key.size();) {
      const size_t end = std::min(key.find('.', begin), key.size());
      const auto it = at->find(key.substr(begin, end - begin));
      if (it == at->end()) return nullptr;
      at = &*it;
      begin = end + 1;
    }
    return at;
  }
  std::optional<double> Number(const std::string& key) const {
    const Json* value = Find(key);
    if (value == nullptr) return std::nullopt;
    return value->get<double>();
  }
  std::string Text(const std::string& key) const {
    const Json* value = Find(key);
    return value == nullptr ? "" : value->get<std::string>();
  }
  std::vector<std::string> List(const std::string& key) const {
    const Json* value = Find(key);
    return value == nullptr ? std::vector<std::string>() : value->get<std::vector<std::string>>();
  }
  void Tell(const std::string& key, std::string message, std::string expected) {
    problems_->Add(Error(ErrorCode::kInvalidInput, std::move(message))
                       .At(LocationAt(resolved_.PositionOf(key), key))
                       .Expected(std::move(expected)));
  }

  // Of a value inside a list: "model.gates.group_gap[0].max".
  void TellItem(const std::string& key, std::string message, std::string expected) {
    const auto at = resolved_.values.find(key);
    problems_->Add(Error(ErrorCode::kInvalidInput, std::move(message))
                       .At(LocationAt(at == resolved_.values.end() ? Position() : at->second, key))
                       .Expected(std::move(expected)));
  }

  void CheckSplit();
  void CheckFolds();
  void CheckColumns();
  void CheckMetricsFitTask();
  void CheckMetricsOnce(const std::string& key);
  void CheckGroupGaps();
  bool NeedsHeldOutRows(const std::string& key) const;
  void CheckAnswer(const std::string& key);
  void CheckCost();
  void CheckSliceFloor();
  void CheckModelSection(const std::string& type, const std::string& example);
  void CheckModelName();
  void CheckLabel(const std::string& key, const char* example);
  void CheckReplicas();
  void CheckStages();
  void CheckStore(const std::string& key, const std::string& names_key);
  void TellSlip(const std::string& key, const std::string& value, const std::string& written);

  const Resolved& resolved_;
  const Json& root_;
  Problems* problems_;
};

void TogetherCheck::CheckSplit() {
  constexpr double kTolerance = 1e-9;
  const auto train = Number("data.split.train");
  const auto validation = Number("data.split.validation");
  const auto test = Number("data.split.test");
  if (!train || !validation || !test) return;
  if (std::abs(*train + *validation + *test - 1) <= kTolerance) return;
  Tell("data.split",
       fmt::format("train {} + validation {} + test {} is {:.10g}", *train, *validation, *test,
                   *train + *validation + *test),
       "a sum of 1 (0.8, 0.1 and 0.1 where not given)");
}

void TogetherCheck::CheckFolds() {
  const std::string key = "model.training_config.cross_validation";
  if (Number(key) == 1) Tell(key, "1 fold can't be tested", "0 for none, or 2 or more");
}

void TogetherCheck::CheckColumns() {
  const std::string target = Text("data.target_column");
  const auto features = List("data.feature_columns");
  const auto holds = [](const std::vector<std::string>& list, const std::string& name) {
    return std::ranges::find(list, name) != list.end();
  };
  for (const std::string key :
       {"data.feature_columns", "data.exclude_columns", "data.id_columns"}) {
    if (target.empty() || !holds(List(key), target)) continue;
    Tell(key, fmt::format("\"{}\" is the target_column", target),
         "columns other than the one to predict");
  }
  if (!target.empty() && Text("data.weight_column") == target) {
    Tell("data.weight_column", fmt::format("\"{}\" is the target_column", target),
         "a column of its own");
  }
  for (const std::string key : {"data.exclude_columns", "data.id_columns"}) {
    for (const std::string& column : List(key)) {
      if (!holds(features, column)) continue;
      Tell(key, fmt::format("\"{}\" is one of feature_columns", column),
           "each column in one of the lists");
    }
  }
}

void TogetherCheck::CheckMetricsFitTask() {
  const std::string task = Text("model.task");
  if (task != "classification" && task != "regression") return;
  std::vector<std::string> fitting;
  for (const Name& metric : Metrics()) {
    if (MetricTask(metric.name) == task) fitting.push_back(metric.name);
  }
  const auto check = [&](const std::string& key, const std::string& metric) {
    if (MetricTask(metric) == task) return;
    Tell(key, fmt::format("\"{}\" is no metric of a {}", metric, task), JoinOr(fitting));
  };
  const std::string shown = "model.evaluation_metrics";
  for (const std::string& metric : List(shown)) check(shown, metric);
  const std::string judged_by = "model.search.metric";
  if (Find(judged_by) != nullptr) check(judged_by, Text(judged_by));
  for (const std::string limits : {"model.performance_thresholds", "model.gates.slice_floor"}) {
    const Json* found = Find(limits);
    if (found == nullptr) continue;
    for (const auto& [metric, value] : found->items()) {
      check(fmt::format("{}.{}", limits, metric), metric);
    }
  }
  const std::string permuted = "model.permutation_importance.metric";
  if (Find(permuted) != nullptr) check(permuted, Text(permuted));
}

// Of two limits of one metric the stricter one would be the only one.
void TogetherCheck::CheckMetricsOnce(const std::string& key) {
  const Json* limits = Find(key);
  if (limits == nullptr) return;
  std::map<std::string, std::string> written;
  for (const auto& [name, value] : limits->items()) {
    const auto [earlier, added] = written.emplace(MetricMeant(name), name);
    if (added) continue;
    Tell(fmt::format("{}.{}", key, name),
         fmt::format("\"{}\" and \"{}\" are one metric", earlier->second, name),
         "one limit for each metric");
  }
}

void TogetherCheck::CheckGroupGaps() {
  const std::string key = "model.gates.group_gap";
  const Json* gaps = Find(key);
  if (gaps == nullptr) return;
  const std::string task = Text("model.task");
  std::vector<std::string> fitting;
  for (const Name& metric : GroupMetrics()) {
    if (GroupMetricTask(metric.name) == task) fitting.push_back(metric.name);
  }
  for (size_t i = 0; i < gaps->size(); ++i) {
    const std::string metric = GetString(gaps->at(i), "metric");
    if (metric.empty()) continue;
    const std::string own_task = GroupMetricTask(metric);
    if (!fitting.empty() && own_task != task) {
      TellItem(fmt::format("{}[{}].metric", key, i),
               fmt::format("\"{}\" is not compared for a {}", metric, task), JoinOr(fitting));
    }
    const double most = GetNumber(gaps->at(i), "max");
    if (own_task == "regression" || most <= 1) continue;
    TellItem(fmt::format("{}[{}].max", key, i), fmt::format("shares are never {} apart", most),
             "a number from 0 to 1");
  }
}

void TogetherCheck::CheckSliceFloor() {
  const Json* floors = Find("model.gates.slice_floor");
  if (floors == nullptr || floors->empty() || !List("model.slices.columns").empty()) return;
  Tell("model.gates.slice_floor", "there are no slices that it is asked of",
       "columns under model.slices.columns");
}

// A number needs no rows to be found on.
bool TogetherCheck::NeedsHeldOutRows(const std::string& key) const {
  const Json* value = Find(key);
  return value != nullptr && *value != "none" && !value->is_number();
}

// What is done with the scores of a classifier of ours.
void TogetherCheck::CheckAnswer(const std::string& key) {
  const Json* value = Find(key);
  if (value == nullptr || *value == "none") return;
  const std::string type = Text("model.model_type");
  if (type == "onnx" || type == "command") {
    return Tell(
        key, fmt::format("not done for model_type: {}, whose graph is registered as it is", type),
        "a trainer of Slipway's, or the same inside the graph");
  }
  if (Text("model.task") == "regression")
    return Tell(key, "a regression has no scores of classes", "model.task: classification");
  const auto folds = Number("model.training_config.cross_validation");
  if (NeedsHeldOutRows(key) && folds.value_or(0) == 0 && Number("data.split.validation") == 0) {
    Tell(key, "no rows are held out to find it on",
         "model.training_config.cross_validation: 5, or a data.split.validation above 0");
  }
}

void TogetherCheck::CheckCost() {
  const std::string key = "model.decision_threshold";
  const Json* value = Find(key);
  if (value == nullptr || !value->is_object() || !value->contains("maximize")) return;
  const bool asked = value->at("maximize") == "cost";
  const Json* cost = Find(key + ".cost");
  if (asked && cost == nullptr) {
    Tell(key + ".maximize", "cost needs prices", "cost: {false_positive: 1, false_negative: 5}");
  }
  if (cost == nullptr) return;
  if (!asked) Tell(key + ".cost", "read by maximize: cost only", "maximize: cost");
  if (Number(key + ".cost.false_positive") == 0 && Number(key + ".cost.false_negative") == 0)
    Tell(key + ".cost", "mistakes cost nothing", "a price above 0");
}

// What a model type is told in a section of its own. One that another type leaves unread may come
// from what several environments share.
void TogetherCheck::CheckModelSection(const std::string& type, const std::string& example) {
  const std::string key = "model." + type;
  if (Text("model.model_type") != type || Find(key) != nullptr) return;
  Tell("model.model_type", fmt::format("{} needs the section {}", type, key),
       fmt::format("{}: {{{}}}", key, example));
}

// The registry's rule, told before anything is trained.
void TogetherCheck::CheckModelName() {
  constexpr size_t kLongest = 128;
  const std::string key = Find("model.name") != nullptr ? "model.name" : "project_name";
  if (Find(key) == nullptr) return;
  const std::string name = Text(key);
  const auto alphanumeric = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  const bool good = !name.empty() && name.size() <= kLongest && alphanumeric(name.front()) &&
                    std::ranges::all_of(name, [&](char c) {
                      return alphanumeric(c) || c == '.' || c == '_' || c == '-';
                    });
  if (good) return;
  Tell(key, "can't name a model",
       "1 to 128 letters, digits, '.', '_' or '-', the first a letter or digit");
}

// Stands in reports, on terminals and in the registry, whose rule it is too.
void TogetherCheck::CheckLabel(const std::string& key, const char* example) {
  constexpr size_t kLongest = 250;
  if (Find(key) == nullptr) return;
  const std::string label = Text(key);
  if (Printable(label) == label && label.size() <= kLongest) return;
  Tell(key, label.size() > kLongest ? "too long" : "holds control characters",
       fmt::format("at most {} printable characters, such as {}", kLongest, example));
}

void TogetherCheck::CheckReplicas() {
  const auto least = Number("deployment.scaling_config.min_replicas");
  const std::string key = "deployment.scaling_config.max_replicas";
  const auto most = Number(key);
  if (!least || !most || *least <= *most) return;
  Tell(key, fmt::format("{} is less than min_replicas {}", *most, *least),
       fmt::format("{} or more", *least));
}

void TogetherCheck::CheckStages() {
  const std::string key = "deployment.canary.stages";
  const Json* stages = Find(key);
  if (stages == nullptr) return;
  const auto shares = stages->get<std::vector<double>>();
  const bool ascending =
      std::ranges::adjacent_find(shares, std::ranges::greater_equal()) == shares.end();
  if (!shares.empty() && ascending && shares.back() == 100) return;
  Tell(key, fmt::format("[{}] does not lead to all of the traffic", fmt::join(shares, ", ")),
       "ascending percentages that end in 100");
}

// A bare word that names nothing would be taken for a place that does not exist.
void TogetherCheck::CheckStore(const std::string& key, const std::string& names_key) {
  const std::string value = Text(key);
  std::vector<std::string> names = {"local"};
  if (const Json* named = Find(names_key)) {
    for (const auto& [name, uri] : named->items()) {
      names.push_back(name);
      TellSlip(fmt::format("{}.{}", names_key, name), uri.get<std::string>(),
               resolved_.environment.written.at(names_key).at(name).get<std::string>());
    }
  }
  if (std::ranges::find(names, value) != names.end() || Find(key) == nullptr) return;
  const auto written = resolved_.environment.written.at(key).get<std::string>();
  TellSlip(key, value, written);
  if (ClassifyPlace(value).kind != PlaceKind::kName) return;
  const std::string nearest = NearestName(value, names);
  problems_->Add(
      Error(ErrorCode::kInvalidInput, fmt::format("unknown name {}", CompactJson(written)))
          .At(LocationAt(resolved_.PositionOf(key), key))
          .Expected(fmt::format("{}, a URI, or a path with a slash", Join(names, ", ")))
          .Try(nearest.empty() ? "./" + written : nearest));
}

// `written` is what may be shown of `value`.
void TogetherCheck::TellSlip(const std::string& key, const std::string& value,
                             const std::string& written) {
  const Place place = ClassifyPlace(value);
  if (place.kind != PlaceKind::kMistyped) return;
  const bool home = value.starts_with('~');
  Error error =
      Error(ErrorCode::kInvalidInput,
            CompactJson(written) + (home ? " starts with ~, which stands for nothing here"
                                         : " is neither a path nor a URI"))
          .At(LocationAt(resolved_.PositionOf(key), key))
          .Expected(home ? "a path that is written out"
                         : "a URI such as s3://bucket, or a path such as ./store or /srv/store");
  if (!place.likely.empty() && value == written) error = std::move(error).Try(place.likely);
  problems_->Add(std::move(error));
}

}  // namespace

void CheckTogether(const Resolved& resolved, Problems* problems) {
  TogetherCheck(resolved, problems).Run();
}

}  // namespace slipway::config
