#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <optional>

#include "gate/types.h"

namespace slipway::gate {
namespace {

Json NumberOrNull(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

double NumberOrNan(const Json& json, const char* key) {
  return GetNumber(json, key, std::numeric_limits<double>::quiet_NaN());
}

std::optional<Outcome> ParseOutcome(const std::string& text) {
  for (const Outcome outcome : {Outcome::kPass, Outcome::kFail, Outcome::kInconclusive}) {
    if (text == ToString(outcome)) return outcome;
  }
  return std::nullopt;
}

// Three figures after the point, more where the value would vanish.
std::string Figure(double value) {
  if (value == 0) return "0";
  const double size = std::fabs(value);
  if (size < 0.0005 || size >= 1e9) return fmt::format("{:.2g}", value);
  if (size < 0.01) return fmt::format("{:.4f}", value);
  return fmt::format("{:.3f}", value);
}

std::string Duration(double seconds) {
  const double size = std::fabs(seconds);
  if (size >= 1) return fmt::format("{:.2f} s", seconds);
  const double milliseconds = seconds * 1e3;
  if (size >= 0.01) return fmt::format("{:.0f} ms", milliseconds);
  if (size >= 0.001) return fmt::format("{:.1f} ms", milliseconds);
  return fmt::format("{:.2g} ms", milliseconds);
}

}  // namespace

std::string InBrief(const Verdict& verdict) {
  if (!verdict.unit.empty())
    return fmt::format("{} {}", verdict.name, FormatValue(verdict.value, verdict.unit));
  // Comparisons with another model, or with itself: their limits say nothing alone.
  for (const char* comparison : {"parity", "robustness", "baseline", "leakage", "production"}) {
    if (verdict.name == comparison) return verdict.name;
  }
  const bool at_most = GetString(verdict.evidence, "comparison") == "at most";
  return fmt::format("{} {} {:g}", verdict.name, at_most ? "≤" : "≥", verdict.limit);
}

const char* ToString(Outcome outcome) {
  switch (outcome) {
    case Outcome::kPass: return "pass";
    case Outcome::kFail: return "fail";
    case Outcome::kInconclusive: return "inconclusive";
  }
  return "inconclusive";
}

std::string FormatValue(double value, const std::string& unit) {
  if (!std::isfinite(value)) return "unknown";
  if (unit == "s") return Duration(value);
  if (unit == "MB") return fmt::format("{:.{}f} MB", value, std::fabs(value) < 0.1 ? 3 : 1);
  return unit.empty() ? Figure(value) : Figure(value) + " " + unit;
}

std::pair<std::string, std::string> FormatApart(double a, double b) {
  constexpr int kAllFigures = 17;
  std::pair texts(FormatValue(a, ""), FormatValue(b, ""));
  for (int places = 4; a != b && texts.first == texts.second && places <= kAllFigures; ++places) {
    texts = {fmt::format("{:.{}f}", a, places), fmt::format("{:.{}f}", b, places)};
  }
  return texts;
}

Json ToJson(const Verdict& verdict) {
  return Json{{"name", verdict.name},
              {"verdict", ToString(verdict.outcome)},
              {"value", NumberOrNull(verdict.value)},
              {"limit", NumberOrNull(verdict.limit)},
              {"unit", verdict.unit},
              {"reason", verdict.reason},
              {"dry_run", verdict.dry_run},
              {"evidence", verdict.evidence}};
}

Result<Verdict> VerdictFromJson(const Json& json) {
  if (!json.is_object()) {
    return Error(ErrorCode::kInvalidInput, "a gate's verdict is not a JSON object");
  }
  Verdict verdict;
  verdict.name = GetString(json, "name");
  if (verdict.name.empty()) {
    return Error(ErrorCode::kInvalidInput, "a gate's verdict has no name");
  }
  const std::optional<Outcome> outcome = ParseOutcome(GetString(json, "verdict"));
  if (!outcome) {
    return Error(ErrorCode::kInvalidInput,
                 fmt::format("gate {} has no known verdict", verdict.name))
        .Expected("\"verdict\" to be pass, fail or inconclusive");
  }
  verdict.outcome = *outcome;
  verdict.value = NumberOrNan(json, "value");
  verdict.limit = NumberOrNan(json, "limit");
  verdict.unit = GetString(json, "unit");
  verdict.reason = GetString(json, "reason");
  verdict.dry_run = GetBool(json, "dry_run");
  if (json.contains("evidence")) verdict.evidence = json["evidence"];
  return verdict;
}

}  // namespace slipway::gate
