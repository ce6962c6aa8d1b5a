// The answer of a gate, with its evidence.
#pragma once

#include <string>
#include <utility>

#include "core/json.h"
#include "core/result.h"

namespace slipway::gate {

enum class Outcome { kPass, kFail, kInconclusive };
const char* ToString(Outcome outcome);  // "pass", "fail", "inconclusive"

struct Verdict {
  std::string name;  // "accuracy", "single_latency", "batch_latency", "size", "parity", "baseline"
  Outcome outcome = Outcome::kPass;
  double value = 0;
  double limit = 0;
  std::string unit;      // "", "s", "MB", …
  std::string reason;    // A sentence: "accuracy 0.812 is below 0.85".
  bool dry_run = false;  // Reported, never fails the run.
  // What was measured. "comparison" says how value and limit relate in a pass: "at least", "at
  // most", "above", "under".
  Json evidence = Json::object();
};

// `value` with its unit, as a person reads it: "0.893", "0.021 ms", "1.1 MB", "3.4e-08"; "unknown"
// for NaN.
std::string FormatValue(double value, const std::string& unit);

// Two values without a unit, with as many figures as it takes to tell them apart: "0.9167",
// "0.9170".
std::pair<std::string, std::string> FormatApart(double a, double b);

// The verdict in a word or three, for a list of those that passed: "accuracy ≥ 0.85", "size 1.1
// MB", "parity".
std::string InBrief(const Verdict& verdict);

// {"name", "verdict", "value", "limit", "unit", "reason", "dry_run", "evidence"}; NaN as null.
Json ToJson(const Verdict& verdict);
// kInvalidInput names the member that is missing or has the wrong type.
Result<Verdict> VerdictFromJson(const Json& json);

}  // namespace slipway::gate
