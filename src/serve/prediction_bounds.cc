#include "serve/prediction_bounds.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <string_view>
#include <utility>

#include "core/file_system.h"
#include "core/json.h"
#include "data/profile.h"
#include "data/quantile_sketch.h"
#include "serve/prediction_counts.h"

namespace slipway::serve {
namespace {

constexpr size_t kMostBounds = kScoreBuckets - 1;

std::vector<double> TwentiethsOf(const data::QuantileSketch& sketch) {
  std::array<double, kMostBounds> shares{};
  for (size_t i = 0; i < shares.size(); ++i)
    shares[i] = static_cast<double>(i + 1) / static_cast<double>(kScoreBuckets);
  std::vector<double> bounds = sketch.Quantiles(shares);
  std::erase_if(bounds, [](double bound) { return !std::isfinite(bound); });
  const auto [end, last] = std::ranges::unique(bounds);
  bounds.erase(end, last);
  return bounds;
}

std::vector<double> TwentiethsOf(const data::TableProfile& profile, const std::string& column) {
  const auto found = std::ranges::find(profile.columns, column, &data::ColumnProfile::name);
  if (found == profile.columns.end() || found->sketches == nullptr) return {};
  return TwentiethsOf(found->sketches->values);
}

// A profile that can't be read is as good as none: the model's answers do not hang on it.
std::vector<double> ByProfile(FileSystem& files, const std::string& directory,
                              const std::string& target) {
  constexpr const char* kFile = "profile.json";
  const auto text = files.ReadFile(JoinPath(directory, kFile));
  if (!text.ok()) return {};
  const auto profile = data::ReadStoredProfile(*text, kFile);
  if (!profile.ok()) return {};
  std::vector<double> bounds;
  if (profile->predictions != nullptr) bounds = TwentiethsOf(*profile->predictions, "prediction");
  return bounds.empty() ? TwentiethsOf(*profile, target) : bounds;
}

// What the file says, not what the model answers here: engines differ in the last bits.
std::vector<double> ByGoldenRows(FileSystem& files, const std::string& directory) {
  constexpr const char* kFile = "golden.jsonl";
  const auto text = files.ReadFile(JoinPath(directory, kFile));
  if (!text.ok()) return {};
  std::vector<double> estimates;
  for (std::string_view left = *text; !left.empty();) {
    const size_t end = std::min(left.find('\n'), left.size());
    const auto line = ParseJson(left.substr(0, end), kFile);
    left.remove_prefix(std::min(end + 1, left.size()));
    if (!line.ok() || !line->is_object() || !line->contains("prediction")) continue;
    if (const Json& estimate = line->at("prediction"); estimate.is_number())
      estimates.push_back(estimate.get<double>());
  }
  std::ranges::sort(estimates);
  data::QuantileSketch sketch(data::QuantileSketch::kDefaultK, std::ssize(estimates));
  sketch.AddSorted(estimates);
  return TwentiethsOf(sketch);
}

Error WrongBounds(std::string message) {
  return Error(ErrorCode::kInvalidInput, std::move(message))
      .Expected("ascending numbers, such as 10,20.5,40");
}

}  // namespace

std::vector<double> PredictionBoundsOf(const std::string& directory,
                                       const model::ModelSchema& schema) {
  if (!schema.classes.empty()) return {};
  FileSystem& files = LocalFileSystem();
  std::vector<double> bounds = ByProfile(files, directory, schema.target);
  return bounds.empty() ? ByGoldenRows(files, directory) : bounds;
}

std::vector<double> PredictionBoundsOf(const std::string& directory) {
  const auto json = ReadJsonFile(LocalFileSystem(), JoinPath(directory, "schema.json"));
  if (!json.ok()) return {};
  const auto schema = model::ModelSchemaFromJson(*json);
  return schema.ok() ? PredictionBoundsOf(directory, *schema) : std::vector<double>();
}

Status CheckPredictionBounds(std::span<const double> bounds) {
  if (bounds.size() > kMostBounds) {
    return WrongBounds(fmt::format("{} bounds of predictions; there may be {} at most",
                                   bounds.size(), kMostBounds));
  }
  for (size_t i = 0; i < bounds.size(); ++i) {
    if (!std::isfinite(bounds[i]))
      return WrongBounds(fmt::format("a bound of predictions is {}", bounds[i]));
    if (i > 0 && !(bounds[i - 1] < bounds[i])) {
      return WrongBounds(
          fmt::format("of the bounds of predictions {} comes before {}", bounds[i - 1], bounds[i]));
    }
  }
  return {};
}

}  // namespace slipway::serve
