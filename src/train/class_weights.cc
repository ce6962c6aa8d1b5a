#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "core/text.h"
#include "train/train.h"

namespace slipway::train {
namespace {

// `key` is that of the whole setting.
Location Where(const std::string& key, const std::string& label = "") {
  Location location;
  location.field = label.empty() ? key : key + "." + label;
  return location;
}

// scikit-learn's "balanced": rows / (classes × rows of the class).
std::vector<double> Balanced(const data::Target& target, std::span<const int64_t> rows) {
  std::vector<int64_t> counts(static_cast<size_t>(target.class_count()));
  for (const int64_t row : rows)
    ++counts[static_cast<size_t>(target.classes[static_cast<size_t>(row)])];
  const auto present = std::ranges::count_if(counts, [](int64_t count) { return count > 0; });
  std::vector<double> weights;
  for (const int64_t count : counts) {
    const double share = static_cast<double>(present) * static_cast<double>(count);
    weights.push_back(count > 0 ? static_cast<double>(rows.size()) / share : 0);
  }
  return weights;
}

// A label that the map does not name weighs 1, as in scikit-learn.
Result<std::vector<double>> ByLabel(const Json& map, const data::Target& target,
                                    const std::string& key) {
  std::vector<double> weights(target.labels.size(), 1);
  for (const auto& [label, value] : map.items()) {
    const auto found = std::ranges::find(target.labels, label);
    if (found == target.labels.end()) {
      return Error(ErrorCode::kInvalidInput,
                   fmt::format("'{}' has no label '{}'", target.column, label))
          .At(Where(key, label))
          .Expected(JoinOr(target.labels))
          .Try(NearestName(label, target.labels));
    }
    const double weight = value.is_number() ? value.get<double>() : -1;
    if (!(weight >= 0 && weight <= std::numeric_limits<float>::max())) {
      return Error(ErrorCode::kInvalidInput,
                   fmt::format("{} can't be a weight", CompactJson(value)))
          .At(Where(key, label))
          .Expected("a number from 0");
    }
    weights[static_cast<size_t>(found - target.labels.begin())] = weight;
  }
  if (std::ranges::all_of(weights, [](double weight) { return weight == 0; })) {
    return Error(ErrorCode::kInvalidInput, "every label weighs 0")
        .At(Where(key))
        .Expected("a weight above 0 for at least one label");
  }
  return weights;
}

}  // namespace

Result<std::vector<double>> ClassWeights(const Json& class_weight, const data::Target& target,
                                         std::span<const int64_t> rows, const std::string& key) {
  if (class_weight.is_null()) return std::vector<double>();
  if (target.task == data::Task::kRegression) {
    return Error(ErrorCode::kInvalidInput, "there are no classes to weigh")
        .At(Where(key))
        .Expected("null for a regression");
  }
  if (class_weight == "balanced") return Balanced(target, rows);
  if (class_weight.is_object()) return ByLabel(class_weight, target, key);
  return Error(ErrorCode::kInvalidInput, fmt::format("{} can't be used", CompactJson(class_weight)))
      .At(Where(key))
      .Expected("\"balanced\", a map from label to weight, or null");
}

}  // namespace slipway::train
