// The gate on gaps between groups. Names of fairness follow Hardt, Price and Srebro 2016 (Equality
// of opportunity in supervised learning): demographic parity asks for equal selection rates, equal
// opportunity for equal recall, equalized odds for that and equal false positive rates.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/text.h"
#include "gate/gate_internal.h"

namespace slipway::gate {
namespace {

constexpr double kAlpha = 0.05;

struct Gap {
  std::string column, metric;
  double limit = 0;
  std::vector<GroupFigure> groups;  // Those with enough rows.
  size_t left_out = 0;              // The others.
  double value = std::numeric_limits<double>::quiet_NaN();
  DifferenceBounds bounds;
  Outcome outcome = Outcome::kInconclusive;
  std::string reason;
};

GroupFigure Share(int64_t hits, int64_t rows) {
  GroupFigure figure;
  figure.rows = static_cast<double>(rows);
  figure.hits = static_cast<double>(hits);
  figure.value = rows == 0 ? 0 : *figure.hits / figure.rows;
  return figure;
}

GroupFigure Mean(const train::SliceMean& mean, int64_t rows) {
  GroupFigure figure;
  figure.rows = static_cast<double>(rows);
  figure.value = mean.mean;
  figure.deviation = mean.deviation;
  return figure;
}

// nullopt for a metric that there is not: of another task, or of two classes where there are more.
std::optional<GroupFigure> FigureOf(const train::Slice& slice, const std::string& metric,
                                    const data::Target& truth) {
  const train::SliceTally& tally = slice.tally;
  if (truth.task == data::Task::kRegression) {
    if (metric == "mae") return Mean(tally.absolute_error, slice.rows);
    if (metric == "mean_error") return Mean(tally.error, slice.rows);
    if (metric == "mean_estimate") return Mean(tally.estimate, slice.rows);
    return std::nullopt;
  }
  if (metric == "accuracy") {
    const double right = slice.metrics.at("accuracy") * static_cast<double>(slice.rows);
    return Share(std::llround(right), slice.rows);
  }
  if (truth.positive < 0) return std::nullopt;
  if (metric == "selection_rate") return Share(tally.answers, slice.rows);
  if (metric == "recall") return Share(tally.hits, tally.positives);
  if (metric == "precision") return Share(tally.hits, tally.answers);
  if (metric == "false_positive_rate")
    return Share(tally.answers - tally.hits, slice.rows - tally.positives);
  return std::nullopt;
}

// The gap of any two groups, so that an interval of it has to hold for all pairs at once: each is
// as wide as Bonferroni asks.
void Measure(Gap* gap) {
  const auto groups = static_cast<double>(gap->groups.size());
  const double pairs = groups * (groups - 1) / 2;
  const double z = NormalQuantile(1 - kAlpha / (2 * pairs));
  for (const GroupFigure& a : gap->groups) {
    for (const GroupFigure& b : gap->groups) {
      if (&a == &b || a.value < b.value) continue;
      const DifferenceBounds bounds = BoundGroupDifference(a, b, z);
      gap->bounds.lower = std::max(gap->bounds.lower, bounds.lower);
      // Of a small group the interval may reach further on the other side.
      gap->bounds.upper = std::max({gap->bounds.upper, bounds.upper, -bounds.lower});
    }
  }
}

void Decide(Gap* gap) {
  const auto [least, most] = std::ranges::minmax_element(gap->groups, {}, &GroupFigure::value);
  gap->value = most->value - least->value;
  const std::string measured =
      fmt::format("{} by {}: {:.3f} on {} and {:.3f} on {}, a gap of {:.3f} [{:.3f}, {:.3f}]",
                  gap->metric, gap->column, most->value, most->group, least->value, least->group,
                  gap->value, gap->bounds.lower, gap->bounds.upper);
  const std::string limit = FormatValue(gap->limit, "");
  if (gap->bounds.upper <= gap->limit) {
    gap->outcome = Outcome::kPass;
    gap->reason = fmt::format("{}: at most {}", measured, limit);
  } else if (gap->bounds.lower > gap->limit) {
    gap->outcome = Outcome::kFail;
    gap->reason = fmt::format("{}: above {}", measured, limit);
  } else {
    gap->reason = fmt::format("{}: too few rows to tell whether it is above {}", measured, limit);
  }
}

Gap Judge(const GateInput& input, const config::GroupGap& asked, const std::string& metric) {
  Gap gap;
  gap.column = asked.column;
  gap.metric = metric;
  gap.limit = asked.max;
  for (const train::Slice& slice : input.slices.named) {
    if (slice.conditions.front().column != asked.column) continue;
    std::optional<GroupFigure> figure = FigureOf(slice, metric, input.truth);
    if (!figure) {
      gap.outcome = Outcome::kFail;
      gap.reason =
          fmt::format("there is no {} of {}", metric,
                      input.truth.task == data::Task::kRegression      ? "numbers"
                      : metric == "mae" || metric.starts_with("mean_") ? "classes"
                                                                       : "more than two classes");
      return gap;
    }
    figure->group = train::NameOf(slice);
    if (figure->rows < input.config.slices.min_rows) {
      ++gap.left_out;
    } else {
      gap.groups.push_back(*std::move(figure));
    }
  }
  if (gap.groups.size() < 2) {
    gap.reason = fmt::format(
        "{} by {}: {} with {} rows or more, so there is nothing to compare", metric, asked.column,
        Plural(std::ssize(gap.groups), "group", "groups"), input.config.slices.min_rows);
    return gap;
  }
  Measure(&gap);
  Decide(&gap);
  if (gap.left_out > 0) {
    gap.reason += fmt::format("; {} left out", Plural(static_cast<int64_t>(gap.left_out),
                                                      "smaller group is", "smaller groups are"));
  }
  return gap;
}

std::vector<Gap> JudgeAll(const GateInput& input) {
  std::vector<Gap> gaps;
  for (const config::GroupGap& asked : input.config.gates.group_gap) {
    const bool odds = asked.metric == "equalized_odds";
    gaps.push_back(Judge(input, asked, odds ? "recall" : asked.metric));
    if (odds) gaps.push_back(Judge(input, asked, "false_positive_rate"));
  }
  return gaps;
}

Json ToEvidence(const Gap& gap) {
  Json groups = Json::array();
  for (const GroupFigure& figure : gap.groups) {
    groups.push_back(
        {{"group", figure.group}, {"rows", std::llround(figure.rows)}, {"value", figure.value}});
  }
  return {{"column", gap.column},
          {"metric", gap.metric},
          {"gap", std::isfinite(gap.value) ? Json(gap.value) : Json(nullptr)},
          {"lower", gap.bounds.lower},
          {"upper", gap.bounds.upper},
          {"limit", gap.limit},
          {"verdict", ToString(gap.outcome)},
          {"groups", std::move(groups)},
          {"groups_left_out", gap.left_out}};
}

// Fail before inconclusive before pass, then the widest beyond its limit.
bool Worse(const Gap& a, const Gap& b) {
  const auto rank = [](const Gap& gap) {
    return gap.outcome == Outcome::kFail ? 2 : gap.outcome == Outcome::kInconclusive ? 1 : 0;
  };
  const auto beyond = [](const Gap& gap) {
    return std::isfinite(gap.value) ? gap.value - gap.limit : 0;
  };
  return rank(a) != rank(b) ? rank(a) > rank(b) : beyond(a) > beyond(b);
}

}  // namespace

DifferenceBounds BoundGroupDifference(const GroupFigure& a, const GroupFigure& b, double z) {
  const double difference = a.value - b.value;
  if (!a.hits || !b.hits) {
    const double error =
        z * std::sqrt(a.deviation * a.deviation / a.rows + b.deviation * b.deviation / b.rows);
    return {difference - error, difference + error};
  }
  const auto [a_low, a_high] = train::WilsonInterval(*a.hits, a.rows, z);
  const auto [b_low, b_high] = train::WilsonInterval(*b.hits, b.rows, z);
  return {difference - std::hypot(a.value - a_low, b_high - b.value),
          difference + std::hypot(a_high - a.value, b.value - b_low)};
}

std::optional<Verdict> GroupGapGate(const GateInput& input) {
  if (input.config.gates.group_gap.empty()) return std::nullopt;
  const std::vector<Gap> gaps = JudgeAll(input);
  const Gap& worst = *std::ranges::min_element(gaps, Worse);
  Verdict verdict;
  verdict.name = "group_gap";
  verdict.value = worst.value;
  verdict.limit = worst.limit;
  verdict.outcome = worst.outcome;
  verdict.reason = worst.reason;
  if (gaps.size() > 1) verdict.reason += fmt::format("; worst of {} gaps", gaps.size());
  verdict.evidence = {{"comparison", "at most"}, {"confidence", 1 - kAlpha}};
  Json& all = verdict.evidence["gaps"] = Json::array();
  for (const Gap& gap : gaps) all.push_back(ToEvidence(gap));
  return verdict;
}

}  // namespace slipway::gate
