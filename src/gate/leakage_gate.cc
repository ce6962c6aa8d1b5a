// The gate on what would make the figures of the test part too good to be true.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/text.h"
#include "gate/gate_internal.h"

namespace slipway::gate {
namespace {

struct Finding {
  double value = 0, limit = 0;
  std::string told;

  bool bad() const { return value > limit; }
};

Finding AssociationOf(const GateInput& input, double limit) {
  Finding finding{0, limit, "no feature tells anything of the target"};
  for (const auto& [feature, association] : input.leakage.associations) {
    // NaN where it can't be measured: no suspicion.
    if (!(association > finding.value)) continue;
    finding.value = association;
    finding.told = fmt::format("{} alone tells {:.1f} % of what is unknown of {}", feature,
                               100 * association, input.truth.column);
  }
  return finding;
}

Finding SharedOf(const GateInput& input, double limit) {
  return {input.leakage.shared_share, limit,
          fmt::format("{} of the test part ({:.1f} %) that training has, too",
                      Plural(input.leakage.shared_rows, "row", "rows"),
                      100 * input.leakage.shared_share)};
}

}  // namespace

std::optional<Verdict> LeakageGate(const GateInput& input) {
  const config::LeakageGate& limits = input.config.gates.leakage;
  std::vector<Finding> findings;
  if (limits.max_association) findings.push_back(AssociationOf(input, *limits.max_association));
  if (limits.max_shared_rows) findings.push_back(SharedOf(input, *limits.max_shared_rows));
  if (findings.empty()) return std::nullopt;
  const Finding& worst = *std::ranges::max_element(
      findings, {}, [](const Finding& finding) { return finding.value - finding.limit; });
  Verdict verdict;
  verdict.name = "leakage";
  verdict.value = worst.value;
  verdict.limit = worst.limit;
  verdict.outcome = worst.bad() ? Outcome::kFail : Outcome::kPass;
  for (const Finding& finding : findings) {
    if (worst.bad() && !finding.bad()) continue;
    if (!verdict.reason.empty()) verdict.reason += "; ";
    verdict.reason += fmt::format("{}: {} {:g} %", finding.told,
                                  finding.bad() ? "above" : "at most", 100 * finding.limit);
  }
  Json associations = Json::object();
  for (const auto& [feature, association] : input.leakage.associations) {
    associations[feature] = std::isfinite(association) ? Json(association) : Json(nullptr);
  }
  verdict.evidence = {{"comparison", "at most"},
                      {"associations", std::move(associations)},
                      {"shared_rows", input.leakage.shared_rows},
                      {"shared_share", input.leakage.shared_share}};
  return verdict;
}

}  // namespace slipway::gate
