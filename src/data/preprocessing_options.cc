#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>

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
    std::string name = value->is_string() ? value->get<std::string>() : value->dump();
    if (std::ranges::find(choices, name) != choices.end()) return name;
    return UnknownName(fmt::format("'{}' is not a {} of {}", name, key, step_.name), FieldOf(key),
                       name, choices);
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

Parsed ParseFeatureSelection(StepOptions options) {
  FeatureSelection step;
  SLIPWAY_RETURN_IF_ERROR(options.Choice("method", {"variance"}));
  SLIPWAY_ASSIGN_OR_RETURN(step.min_variance, options.Number("min_variance", 0, 0));
  SLIPWAY_RETURN_IF_ERROR(options.Finish());
  return step;
}

Parsed ParseOutlierRemoval(StepOptions options) {
  OutlierRemoval step;
  SLIPWAY_RETURN_IF_ERROR(options.Choice("method", {"iqr"}));
  SLIPWAY_ASSIGN_OR_RETURN(step.factor, options.Number("factor", step.factor, 0));
  SLIPWAY_RETURN_IF_ERROR(options.Finish());
  return step;
}

struct StepKind {
  const char* name;
  Parsed (*parse)(StepOptions options);
};

constexpr StepKind kSteps[] = {{"handle_missing", ParseHandleMissing},
                               {"normalize", ParseNormalize},
                               {"feature_selection", ParseFeatureSelection},
                               {"outlier_removal", ParseOutlierRemoval}};

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
