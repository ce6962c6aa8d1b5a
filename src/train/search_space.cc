#include "train/search_space.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "core/random.h"
#include "core/text.h"
#include "train/hyperparameters_internal.h"

namespace slipway::train {
namespace {

constexpr const char* kShape = "a list of values to try, or {low: 1, high: 10, log: true}";

Error Unusable(const std::string& name, std::string message) {
  Location location;
  location.field = "model.search_space." + name;
  return Error(ErrorCode::kInvalidInput, std::move(message)).At(std::move(location));
}

Result<SearchDimension> ParseRange(const std::string& name, const Json& range) {
  SearchDimension dimension;
  dimension.name = name;
  for (const auto& [key, value] : range.items()) {
    if (key != "low" && key != "high" && key != "log") {
      return Unusable(name, fmt::format("a range has no '{}'", key)).Expected("low, high and log");
    }
  }
  const Json low = range.value("low", Json());
  const Json high = range.value("high", Json());
  const Json log = range.value("log", Json(false));
  if (!low.is_number() || !high.is_number() || !log.is_boolean()) {
    return Unusable(name, "not a range").Expected(kShape);
  }
  dimension.low = low.get<double>();
  dimension.high = high.get<double>();
  dimension.integral = low.is_number_integer() && high.is_number_integer();
  dimension.logarithmic = log.get<bool>();
  if (!(dimension.low <= dimension.high)) {
    return Unusable(name, fmt::format("low {} is above high {}", low.dump(), high.dump()));
  }
  if (dimension.logarithmic && dimension.low <= 0) {
    return Unusable(name, fmt::format("low {} has no logarithm", low.dump()))
        .Expected("low above 0, or log: false");
  }
  return dimension;
}

Result<SearchDimension> ParseDimension(const std::string& name, const Json& values) {
  if (values.is_object()) return ParseRange(name, values);
  if (!values.is_array()) {
    return Unusable(name, fmt::format("{} is one value", CompactJson(values)))
        .Expected(kShape)
        .Try(fmt::format("[{}]", CompactJson(values)));
  }
  if (values.empty()) return Unusable(name, "no value to try").Expected(kShape);
  SearchDimension dimension;
  dimension.name = name;
  dimension.values = values;
  return dimension;
}

Json NumberOf(const SearchDimension& dimension, double value) {
  if (dimension.integral) return static_cast<int64_t>(std::llround(value));
  return value;
}

// Three figures say what there is to say of a value that was drawn.
double Rounded(double value) {
  if (value == 0 || !std::isfinite(value)) return value;
  const double unit = std::pow(10, 2 - std::floor(std::log10(std::abs(value))));
  return std::round(value * unit) / unit;
}

Json DrawFrom(const SearchDimension& dimension, Random& random) {
  if (!dimension.values.empty()) return dimension.values[random.Below(dimension.values.size())];
  // Whole numbers have half a step on either side, so that the ends come as often as the others.
  const double margin = dimension.integral ? 0.5 : 0;
  const auto scale = [&](double value) { return dimension.logarithmic ? std::log(value) : value; };
  const double low = scale(dimension.low - margin);
  const double high = scale(dimension.high + margin);
  double value = low + random.Uniform() * (high - low);
  if (dimension.logarithmic) value = std::exp(value);
  if (!dimension.integral) value = Rounded(value);
  return NumberOf(dimension, std::clamp(value, dimension.low, dimension.high));
}

// How many values there are; 0 for a range of numbers that are not whole.
double CountOf(const SearchDimension& dimension) {
  if (!dimension.values.empty()) return static_cast<double>(dimension.values.size());
  if (dimension.low == dimension.high) return 1;
  return dimension.integral ? dimension.high - dimension.low + 1 : 0;
}

Json ValueAt(const SearchDimension& dimension, size_t index) {
  if (!dimension.values.empty()) return dimension.values[index];
  return NumberOf(dimension, dimension.low + static_cast<double>(index));
}

// Every combination, the last dimension changing fastest.
std::vector<Json> AllCombinations(const SearchSpace& space) {
  std::vector<Json> all = {Json::object()};
  for (const SearchDimension& dimension : space) {
    std::vector<Json> longer;
    for (const Json& start : all) {
      for (size_t i = 0; i < static_cast<size_t>(CountOf(dimension)); ++i) {
        longer.push_back(start);
        longer.back()[dimension.name] = ValueAt(dimension, i);
      }
    }
    all = std::move(longer);
  }
  return all;
}

}  // namespace

std::vector<Json> SearchDimension::Extremes() const {
  if (!values.empty()) return values;
  return {NumberOf(*this, low), NumberOf(*this, high)};
}

Result<SearchSpace> ParseSearchSpace(const Json& space) {
  SearchSpace dimensions;
  std::vector<Error> errors;
  for (const auto& [name, values] : space.items()) {
    auto dimension = ParseDimension(name, values);
    if (dimension.ok()) {
      dimensions.push_back(*std::move(dimension));
    } else {
      errors.push_back(std::move(dimension).error());
    }
  }
  SLIPWAY_RETURN_IF_ERROR(AllOf(std::move(errors)));
  return dimensions;
}

std::vector<Json> DrawCandidates(const SearchSpace& space, int count, uint64_t seed) {
  // A space that has only a few more than are asked for would be drawn from for long.
  constexpr int kDrawsForOne = 100;
  double combinations = 1;
  for (const SearchDimension& dimension : space) combinations *= CountOf(dimension);
  if (combinations > 0 && combinations <= count) return AllCombinations(space);
  std::vector<Json> candidates;
  std::set<std::string> drawn;
  Random random(seed);
  for (int draw = 0; draw < kDrawsForOne * count && std::ssize(candidates) < count; ++draw) {
    Json candidate = Json::object();
    for (const SearchDimension& dimension : space) {
      candidate[dimension.name] = DrawFrom(dimension, random);
    }
    if (drawn.insert(CompactJson(candidate)).second) candidates.push_back(std::move(candidate));
  }
  return candidates;
}

}  // namespace slipway::train
