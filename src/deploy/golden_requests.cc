#include "deploy/golden_requests.h"

#include <fmt/format.h>

#include <cmath>

namespace slipway::deploy {
namespace {

// What a float32 of a score can be off by, in text.
constexpr double kTolerance = 1e-6;
constexpr size_t kMostShown = 200;

bool AreClose(const Json& a, const Json& b) {
  if (!a.is_number() || !b.is_number()) return a == b;
  const double first = a.get<double>();
  const double second = b.get<double>();
  return std::abs(first - second) <= kTolerance * std::max(1.0, std::abs(second));
}

// The only element of a list that an answer has under `key`; null where there is none.
Json Only(const Json& answer, const char* key) {
  const auto it = answer.find(key);
  if (it == answer.end() || !it->is_array() || it->size() != 1) return nullptr;
  return it->front();
}

}  // namespace

std::string GoldenRequest::Mistake(int status, std::string_view answer) const {
  constexpr int kOk = 200;
  if (status != kOk) return fmt::format("answered {} {}", status, answer.substr(0, kMostShown));
  const Result<Json> parsed = ParseJson(answer, "the answer");
  if (!parsed.ok() || !parsed->is_object()) return "answered what is no JSON object";
  const Json said = Only(*parsed, "predictions");
  if (!AreClose(said, label))
    return fmt::format("predicted {} instead of {}", CompactJson(said), CompactJson(label));
  if (!probabilities.is_object()) return "";
  const Json scores = Only(*parsed, "probabilities");
  for (const auto& [name, score] : probabilities.items()) {
    const Json one = scores.is_object() && scores.contains(name) ? scores[name] : Json();
    if (!AreClose(one, score)) {
      return fmt::format("gave class {} a probability of {} instead of {}", name, CompactJson(one),
                         CompactJson(score));
    }
  }
  return "";
}

Result<std::vector<GoldenRequest>> ReadGoldenRequests(std::string_view golden, size_t most) {
  std::vector<GoldenRequest> requests;
  while (!golden.empty() && requests.size() < most) {
    const size_t end = std::min(golden.find('\n'), golden.size());
    SLIPWAY_ASSIGN_OR_RETURN(const Json row, ParseJson(golden.substr(0, end), "golden.jsonl"));
    golden.remove_prefix(std::min(end + 1, golden.size()));
    const bool classes = row.is_object() && row.contains("label");
    if (!row.is_object() || !row.contains("input") || (!classes && !row.contains("prediction")))
      return Error(ErrorCode::kIntegrity, "golden.jsonl has a row without an input or an answer");
    requests.push_back({CompactJson({{"instances", Json::array({row["input"]})}}),
                        classes ? row["label"] : row["prediction"],
                        row.contains("probabilities") ? row["probabilities"] : Json()});
  }
  return requests;
}

}  // namespace slipway::deploy
