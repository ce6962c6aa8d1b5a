// Whether two answers say the same.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "splitter/body_scanner_internal.h"
#include "splitter/mirror_internal.h"

namespace slipway::splitter {
namespace {

// Members of objects in any order, and found as fast as may be.
using SortedJson = nlohmann::json;

// Deeper than any answer of predictions, and far from what recursion costs.
constexpr int kMostDepth = 64;
constexpr int kStatusesAClass = 100, kSuccess = 2;

std::string_view ContentOf(KeptAnswer* answer) {
  if (!answer->chunked) return answer->body;
  BodyScanner scanner;
  scanner.Begin(BodyFraming::kChunked, 0, BodyScanner::Keeps::kContent);
  const size_t kept = scanner.Scan(answer->body.data(), answer->body.size()).kept;
  return std::string_view(answer->body).substr(0, kept);
}

const SortedJson* Find(const SortedJson& object, const std::string& name) {
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

// The data of tensors by their names; nothing where they are of another form.
std::optional<SortedJson> TensorsOf(const SortedJson& outputs) {
  SortedJson tensors = SortedJson::object();
  if (!outputs.is_array() || outputs.empty()) return std::nullopt;
  for (const SortedJson& output : outputs) {
    const bool named = output.is_object() && output.contains("name") && output.contains("data") &&
                       output["name"].is_string();
    if (!named) return std::nullopt;
    tensors[output["name"].get<std::string>()] = output["data"];
  }
  return tensors;
}

// What was predicted: as `slipway serve` and MLflow answer, or by the Open Inference Protocol.
// Nothing where an answer holds none, or is nested too deep.
std::optional<SortedJson> PredictionOf(std::string_view text) {
  bool too_deep = false;
  const auto goes_on = [&too_deep](int depth, SortedJson::parse_event_t, const SortedJson&) {
    too_deep |= depth > kMostDepth;
    return !too_deep;
  };
  const SortedJson body = SortedJson::parse(text, goes_on, false);
  if (too_deep || !body.is_object()) return std::nullopt;
  for (const char* const name : {"predictions", "prediction"}) {
    if (const SortedJson* const found = Find(body, name)) return *found;
  }
  const SortedJson* const outputs = Find(body, "outputs");
  return outputs == nullptr ? std::nullopt : TensorsOf(*outputs);
}

// How sure a model is differs between any two that were trained, and is no other prediction.
bool TellsHowSure(std::string_view name) { return name.starts_with("probability_"); }

// Compares two predictions, whose numbers may differ by the tolerance.
class Comparison {
 public:
  explicit Comparison(const NumberTolerance& tolerance) : tolerance_(tolerance) {}

  bool Same(const SortedJson& one, const SortedJson& other) const {
    const auto same = [this](const SortedJson& left, const SortedJson& right) {
      return Same(left, right);
    };
    if (one.is_number() && other.is_number()) return SameNumber(one, other);
    if (one.is_object() && other.is_object()) return HasAllOf(one, other) && HasAllOf(other, one);
    if (one.is_array() && other.is_array()) return std::ranges::equal(one, other, same);
    return one == other;
  }

 private:
  bool SameNumber(const SortedJson& one, const SortedJson& other) const {
    const bool whole = one.is_number_integer() && other.is_number_integer();
    if (whole && tolerance_ == NumberTolerance()) return one == other;
    const auto left = one.get<double>(), right = other.get<double>();
    const double larger = std::max(std::abs(left), std::abs(right));
    const double most = std::max(tolerance_.relative * larger, tolerance_.absolute);
    return left == right || std::abs(left - right) <= most;
  }

  // Whether the other one has each member too, and the same: all of them where they are all of how
  // sure a model is.
  bool HasAllOf(const SortedJson& object, const SortedJson& other) const {
    bool judges = false;
    for (const auto& [name, value] : object.items()) judges |= !TellsHowSure(name);
    for (const auto& [name, value] : object.items()) {
      if (judges && TellsHowSure(name)) continue;
      const SortedJson* const found = Find(other, name);
      if (found == nullptr || !Same(value, *found)) return false;
    }
    return true;
  }

  const NumberTolerance tolerance_;
};

}  // namespace

MirrorVerdict Compare(MirrorPair* pair) {
  KeptAnswer& counted = pair->counted;
  KeptAnswer& mirrored = pair->mirrored;
  if (counted.status != mirrored.status) return MirrorVerdict::kStatusDiffers;
  // What both refuse tells nothing of how they predict.
  const bool predicts = counted.status / kStatusesAClass == kSuccess;
  if (!predicts || counted.too_large || mirrored.too_large) return MirrorVerdict::kSkipped;
  const std::optional<SortedJson> one = PredictionOf(ContentOf(&counted));
  const std::optional<SortedJson> other = PredictionOf(ContentOf(&mirrored));
  if (!one && !other) return MirrorVerdict::kSkipped;
  const bool same = one && other && Comparison(pair->tolerance).Same(*one, *other);
  return same ? MirrorVerdict::kEqual : MirrorVerdict::kPredictionDiffers;
}

}  // namespace slipway::splitter
