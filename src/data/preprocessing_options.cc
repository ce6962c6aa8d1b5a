#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>
#include <set>
#include <string>

#include "core/text.h"
#include "data/messages_internal.h"
#include "data/preprocessing_options_internal.h"

namespace slipway::data {
namespace {

// The options of one step: each is taken once, what is left over is unknown.
class StepOptions {
 public:
  explicit StepOptions(const config::PreprocessingStep& step) : step_(step) {}

  // One of `choices`; the first where the option is not given.
  Result<std::string> Choice(const char* key, const std::vector<std::string>& choices) {
    known_.emplace_back(key);
    const Json* value = Find(key);
    if (value == nullptr) return choices.front();
    return ChoiceOf(*value, key, choices);
  }

  // A finite number, at least `least`.
  Result<double> Number(const char* key, double fallback, double least) {
    known_.emplace_back(key);
    const Json* value = Find(key);
    if (value == nullptr) return fallback;
    const double number = value->is_number() ? value->get<double>() : NAN;
    if (std::isfinite(number) && number >= least) return number;
    const std::string expected =
        std::isfinite(least) ? fmt::format("a number, at least {}", least) : "a number";
    return Error(ErrorCode::kInvalidInput, fmt::format("{} is not a valid {}", value->dump(), key))
        .At(AtField(FieldOf(key)))
        .Expected(expected);
  }

  // A finite number, at least `least`; nothing where the option is not given.
  Result<std::optional<double>> OptionalNumber(const char* key, double least) {
    if (!Has(key)) {
      known_.emplace_back(key);
      return std::optional<double>();
    }
    SLIPWAY_ASSIGN_OR_RETURN(const double number, Number(key, 0, least));
    return std::optional<double>(number);
  }

  // A whole number, at least `least`.
  Result<int64_t> Integer(const char* key, int64_t fallback, int64_t least) {
    known_.emplace_back(key);
    const Json* value = Find(key);
    if (value == nullptr) return fallback;
    if (value->is_number_integer() && value->get<int64_t>() >= least) return value->get<int64_t>();
    return Error(ErrorCode::kInvalidInput, fmt::format("{} is not a valid {}", value->dump(), key))
        .At(AtField(FieldOf(key)))
        .Expected(fmt::format("a whole number, at least {}", least));
  }

  Result<bool> Flag(const char* key) {
    known_.emplace_back(key);
    const Json* value = Find(key);
    if (value == nullptr) return false;
    if (value->is_boolean()) return value->get<bool>();
    return Error(ErrorCode::kInvalidInput, fmt::format("{} is not a valid {}", value->dump(), key))
        .At(AtField(FieldOf(key)))
        .Expected("true or false");
  }

  // A list of different `choices`; nothing where the option is not given.
  Result<std::optional<std::vector<std::string>>> Choices(const char* key,
                                                          const std::vector<std::string>& choices) {
    known_.emplace_back(key);
    const Json* value = Find(key);
    if (value == nullptr) return std::optional<std::vector<std::string>>();
    SLIPWAY_ASSIGN_OR_RETURN(std::vector<std::string> chosen, ChoicesOf(*value, key, choices));
    return std::optional(std::move(chosen));
  }

  // The members of the option, a mapping; none where it is not given.
  Result<std::vector<std::pair<std::string, Json>>> Members(const char* key) {
    known_.emplace_back(key);
    const Json* value = Find(key);
    std::vector<std::pair<std::string, Json>> members;
    if (value == nullptr) return members;
    if (!value->is_object()) {
      return Error(ErrorCode::kInvalidInput,
                   fmt::format("the {} of {} are not a mapping", key, step_.name))
          .At(AtField(FieldOf(key)))
          .Expected("names of columns and what to do with each");
    }
    for (const auto& [name, member] : value->items()) members.emplace_back(name, member);
    return members;
  }

  Result<std::vector<std::string>> ChoicesOf(const Json& list, const std::string& key,
                                             const std::vector<std::string>& choices) const {
    if (!list.is_array() || list.empty()) {
      return Error(ErrorCode::kInvalidInput,
                   fmt::format("{} is not a list of names", CompactJson(list)))
          .At(AtField(FieldOf(key)))
          .Expected("a list of " + JoinOr(choices));
    }
    std::vector<std::string> chosen;
    for (const Json& item : list) {
      SLIPWAY_ASSIGN_OR_RETURN(std::string name, ChoiceOf(item, key, choices));
      if (std::ranges::find(chosen, name) != chosen.end()) {
        return Error(ErrorCode::kInvalidInput, fmt::format("'{}' is listed twice", name))
            .At(AtField(FieldOf(key)));
      }
      chosen.push_back(std::move(name));
    }
    return chosen;
  }

  Result<std::string> ChoiceOf(const Json& value, const std::string& key,
                               const std::vector<std::string>& choices) const {
    std::string name = value.is_string() ? value.get<std::string>() : value.dump();
    if (std::ranges::find(choices, name) != choices.end()) return name;
    const std::string what = key.substr(0, key.find('.'));
    return UnknownName(fmt::format("'{}' is not a {} of {}", name, what, step_.name), FieldOf(key),
                       name, choices);
  }

  bool Has(const char* key) const { return Find(key) != nullptr; }

  // Fails for options that no call has asked for.
  Status Finish() const {
    if (step_.options.is_null()) return {};
    if (!step_.options.is_object()) {
      return Error(ErrorCode::kInvalidInput,
                   fmt::format("the options of {} are not a mapping", step_.name))
          .At(AtField(FieldOf("")))
          .Expected("names and values");
    }
    for (const auto& [key, value] : step_.options.items()) {
      if (std::ranges::find(known_, key) != known_.end()) continue;
      return UnknownName(fmt::format("{} has no option '{}'", step_.name, key), FieldOf(""), key,
                         known_);
    }
    return {};
  }

  std::string FieldOf(const std::string& key) const {
    return "data.preprocessing_steps." + step_.name + (key.empty() ? "" : "." + key);
  }

 private:
  const Json* Find(const char* key) const {
    if (!step_.options.is_object()) return nullptr;
    const auto found = step_.options.find(key);
    return found == step_.options.end() ? nullptr : &*found;
  }

  const config::PreprocessingStep& step_;
  std::vector<std::string> known_;
};

using Parsed = Result<PreprocessingAction>;

Parsed ParseHandleMissing(StepOptions options) {
  HandleMissing step;
  SLIPWAY_ASSIGN_OR_RETURN(const std::string numeric,
                           options.Choice("numeric", {"mean", "median", "constant"}));
  if (numeric == "median") step.numeric = HandleMissing::Fill::kMedian;
  if (numeric == "constant") step.numeric = HandleMissing::Fill::kConstant;
  SLIPWAY_ASSIGN_OR_RETURN(step.fill_value, options.Number("fill_value", 0, -INFINITY));
  if (options.Has("fill_value") && numeric != "constant") {
    return Error(ErrorCode::kInvalidInput, fmt::format("a {} needs no fill_value", numeric))
        .At(AtField(options.FieldOf("fill_value")))
        .Try("numeric: constant beside it");
  }
  SLIPWAY_ASSIGN_OR_RETURN(const std::string categorical,
                           options.Choice("categorical", {"category", "most_frequent"}));
  step.most_frequent = categorical == "most_frequent";
  SLIPWAY_RETURN_IF_ERROR(options.Finish());
  return step;
}

Parsed ParseNormalize(StepOptions options) {
  SLIPWAY_ASSIGN_OR_RETURN(const std::string method,
                           options.Choice("method", {"standard", "minmax"}));
  SLIPWAY_RETURN_IF_ERROR(options.Finish());
  return Normalize{.min_max = method == "minmax"};
}

struct MethodName {
  SelectionMethod method;
  const char* name;
};
constexpr MethodName kSelectionMethods[] = {
    {SelectionMethod::kVariance, "variance"},
    {SelectionMethod::kCorrelation, "correlation"},
    {SelectionMethod::kFTest, "f_test"},
    {SelectionMethod::kMutualInformation, "mutual_information"}};

// The options that only some methods have.
Status CheckMethodOptions(const StepOptions& options, const FeatureSelection& step) {
  const auto has = [&](SelectionMethod method) {
    return std::ranges::find(step.methods, method) != step.methods.end();
  };
  const bool f_test = has(SelectionMethod::kFTest);
  const bool information = has(SelectionMethod::kMutualInformation);
  const bool scores = f_test || information;
  const auto wrong = [&](const char* key, std::string message, const char* hint) {
    return Error(ErrorCode::kInvalidInput, std::move(message))
        .At(AtField(options.FieldOf(key)))
        .Try(hint);
  };
  if (f_test && information) {
    return wrong("methods", "f_test and mutual_information would share k and min_score",
                 "one of the two");
  }
  if (scores && !step.k && !step.min_score) {
    return wrong("", f_test ? "f_test has no limit" : "mutual_information has no limit",
                 "k or min_score beside it");
  }
  for (const char* key : {"k", "min_score"}) {
    if (!options.Has(key) || scores) continue;
    return wrong(key, fmt::format("no method that is listed has a {}", key),
                 "f_test or mutual_information among the methods");
  }
  if (options.Has("max_correlation") && !has(SelectionMethod::kCorrelation)) {
    return wrong("max_correlation", "no method that is listed has a max_correlation",
                 "correlation among the methods");
  }
  if (options.Has("min_variance") && !has(SelectionMethod::kVariance)) {
    return wrong("min_variance", "no method that is listed has a min_variance",
                 "variance among the methods");
  }
  return {};
}

Parsed ParseFeatureSelection(StepOptions options) {
  FeatureSelection step;
  std::vector<std::string> known;
  for (const MethodName& method : kSelectionMethods) known.emplace_back(method.name);
  SLIPWAY_ASSIGN_OR_RETURN(const std::string one, options.Choice("method", known));
  SLIPWAY_ASSIGN_OR_RETURN(const auto several, options.Choices("methods", known));
  if (several && options.Has("method")) {
    return Error(ErrorCode::kInvalidInput, "both method and methods are given")
        .At(AtField(options.FieldOf("method")))
        .Try("methods alone");
  }
  step.methods.clear();
  for (const std::string& name : several.value_or(std::vector<std::string>{one})) {
    const auto found = std::ranges::find(known, name) - known.begin();
    step.methods.push_back(kSelectionMethods[found].method);
  }
  SLIPWAY_ASSIGN_OR_RETURN(step.min_variance, options.Number("min_variance", 0, 0));
  SLIPWAY_ASSIGN_OR_RETURN(step.max_correlation,
                           options.Number("max_correlation", step.max_correlation, 0));
  SLIPWAY_ASSIGN_OR_RETURN(const int64_t best, options.Integer("k", 0, 1));
  if (options.Has("k")) step.k = best;
  SLIPWAY_ASSIGN_OR_RETURN(step.min_score, options.OptionalNumber("min_score", 0));
  SLIPWAY_RETURN_IF_ERROR(options.Finish());
  SLIPWAY_RETURN_IF_ERROR(CheckMethodOptions(options, step));
  return step;
}

Parsed ParseOutlierRemoval(StepOptions options) {
  OutlierRemoval step;
  SLIPWAY_RETURN_IF_ERROR(options.Choice("method", {"iqr"}));
  SLIPWAY_ASSIGN_OR_RETURN(step.factor, options.Number("factor", step.factor, 0));
  SLIPWAY_RETURN_IF_ERROR(options.Finish());
  return step;
}

// What "hour" becomes: itself, or with `cyclic` a point on its circle.
std::vector<TimeFeature> TimeFeaturesOf(const std::vector<std::string>& names, bool cyclic) {
  std::vector<TimeFeature> features;
  for (const std::string& name : names) {
    const TimeFeature plain = *TimeFeatureFromName(name);
    if (cyclic && NameOf(plain.part).period > 0) {
      features.push_back({plain.part, TimeForm::kSine});
      features.push_back({plain.part, TimeForm::kCosine});
    } else {
      features.push_back(plain);
    }
  }
  return features;
}

Parsed ParseTimestampFeatures(StepOptions options) {
  TimestampFeatures step;
  std::vector<std::string> known;
  for (const TimePartName& part : kTimeParts) known.emplace_back(part.name);
  SLIPWAY_ASSIGN_OR_RETURN(const auto features, options.Choices("features", known));
  SLIPWAY_ASSIGN_OR_RETURN(const bool cyclic, options.Flag("cyclic"));
  const std::vector<std::string> standard = {"elapsed", "month", "day_of_month", "day_of_week",
                                             "hour"};
  step.features = TimeFeaturesOf(features.value_or(standard), cyclic);
  SLIPWAY_ASSIGN_OR_RETURN(const auto columns, options.Members("columns"));
  for (const auto& [column, list] : columns) {
    SLIPWAY_ASSIGN_OR_RETURN(const std::vector<std::string> own,
                             options.ChoicesOf(list, "columns." + column, known));
    step.columns.emplace_back(column, TimeFeaturesOf(own, cyclic));
  }
  SLIPWAY_RETURN_IF_ERROR(options.Finish());
  return step;
}

const std::vector<std::string>& EncodeMethodNames() {
  // In the order of EncodeMethod.
  static const std::vector<std::string> names = {"auto", "one_hot", "rank", "frequency", "target"};
  return names;
}

EncodeMethod EncodeMethodOf(const std::string& name) {
  return static_cast<EncodeMethod>(std::ranges::find(EncodeMethodNames(), name) -
                                   EncodeMethodNames().begin());
}

Parsed ParseEncode(StepOptions options) {
  Encode step;
  SLIPWAY_ASSIGN_OR_RETURN(const std::string method, options.Choice("method", EncodeMethodNames()));
  SLIPWAY_ASSIGN_OR_RETURN(const std::string beyond,
                           options.Choice("high_cardinality", {"rank", "frequency", "target"}));
  step.method = EncodeMethodOf(method);
  step.high_cardinality = EncodeMethodOf(beyond);
  SLIPWAY_ASSIGN_OR_RETURN(step.max_one_hot, options.Integer("max_one_hot", step.max_one_hot, 0));
  SLIPWAY_ASSIGN_OR_RETURN(step.min_frequency, options.Number("min_frequency", 0, 0));
  SLIPWAY_ASSIGN_OR_RETURN(const std::string unknown,
                           options.Choice("unknown", {"ignore", "infrequent"}));
  step.unknown_is_infrequent = unknown == "infrequent";
  SLIPWAY_ASSIGN_OR_RETURN(step.smoothing, options.OptionalNumber("smoothing", 0));
  SLIPWAY_ASSIGN_OR_RETURN(step.folds, options.Integer("folds", step.folds, 2));
  SLIPWAY_ASSIGN_OR_RETURN(const auto columns, options.Members("columns"));
  for (const auto& [column, name] : columns) {
    SLIPWAY_ASSIGN_OR_RETURN(const std::string own,
                             options.ChoiceOf(name, "columns." + column, EncodeMethodNames()));
    step.columns.emplace_back(column, EncodeMethodOf(own));
  }
  SLIPWAY_RETURN_IF_ERROR(options.Finish());
  return step;
}

struct StepKind {
  const char* name;
  Parsed (*parse)(StepOptions options);
};

constexpr StepKind kSteps[] = {
    {"handle_missing", ParseHandleMissing},         {"normalize", ParseNormalize},
    {"feature_selection", ParseFeatureSelection},   {"outlier_removal", ParseOutlierRemoval},
    {"timestamp_features", ParseTimestampFeatures}, {"encode", ParseEncode}};

Parsed ParseStep(const config::PreprocessingStep& step) {
  std::vector<std::string> known;
  for (const StepKind& kind : kSteps) {
    if (step.name == kind.name) return kind.parse(StepOptions(step));
    known.emplace_back(kind.name);
  }
  return UnknownName(fmt::format("unknown preprocessing step '{}'", step.name),
                     "data.preprocessing_steps", step.name, known);
}

}  // namespace

Result<std::vector<PreprocessingAction>> ParseSteps(
    const std::vector<config::PreprocessingStep>& steps) {
  std::vector<PreprocessingAction> actions;
  std::set<std::string> seen;
  for (const config::PreprocessingStep& step : steps) {
    if (!seen.insert(step.name).second) {
      return Error(ErrorCode::kInvalidInput,
                   fmt::format("the step '{}' is listed twice", step.name))
          .At(AtField("data.preprocessing_steps"))
          .Try("listing it once");
    }
    SLIPWAY_ASSIGN_OR_RETURN(PreprocessingAction action, ParseStep(step));
    actions.push_back(action);
  }
  return actions;
}

}  // namespace slipway::data
