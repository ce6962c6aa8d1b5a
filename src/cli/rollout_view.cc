// The tree of a service and its sets.
#include "cli/rollout_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "cli/rollout_sight_internal.h"
#include "core/text.h"
#include "monitor/monitor.h"

namespace slipway::cli {
namespace {

// Beyond this the address is too far from its line to be read together.
constexpr size_t kWidestLine = 110;
constexpr const char* kBold = "1";
constexpr const char* kDim = "2";
constexpr const char* kRed = "31";
constexpr const char* kYellow = "33";

struct Span {
  std::string text;
  const char* sgr = "";
};
using Line = std::vector<Span>;

size_t Width(const Line& line) {
  size_t width = 0;
  for (const Span& span : line) width += TextWidth(Printable(span.text));
  return width;
}

// The first `width` columns; what was cut ends in "…".
std::string Cut(const std::string& text, size_t width) {
  if (TextWidth(text) <= width) return text;
  std::string cut;
  size_t columns = 0;
  for (const char c : text) {
    const bool continues = (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
    if (!continues && ++columns >= width) break;
    cut += c;
  }
  return width == 0 ? "" : cut + "…";
}

std::string Drawn(const Line& line, const Session& session, size_t width) {
  size_t left = width == 0 ? std::string::npos : width;
  std::string out;
  for (const Span& span : line) {
    const std::string text = Cut(Printable(span.text), left);
    left -= std::min(left, TextWidth(text));
    out += *span.sgr == '\0' || text.empty() ? text : session.Paint(span.sgr, text);
  }
  return out + "\n";
}

// "canary 10 % → 25 %", "rolling", "first".
std::string Course(const RolloutSight& sight) {
  const deploy::Rollout* rollout = InProgress(sight);
  if (rollout == nullptr) return "";
  if (!sight.service.stable) return "first version";
  if (rollout->kind == "undo") return "undo";
  const std::string strategy = deploy::ToString(rollout->settings.strategy);
  if (rollout->experiment)
    return strategy + " by " + deploy::ToString(rollout->settings.experiment.goal);
  const double wanted = WantedWeight(sight.service);
  const double has = sight.observed.traffic
                         ? sight.observed.traffic->in_force.WeightOf(rollout->release.set)
                         : wanted;
  const bool moves = rollout->settings.strategy == deploy::Strategy::kCanary &&
                     rollout->phase == deploy::Phase::kProgressing && has != wanted;
  return strategy + " " + WeightText(has) + (moves ? " → " + WeightText(wanted) : "");
}

// "stage 2 of 4, 3:10 left", "rolled back".
std::string Standing(const RolloutSight& sight) {
  std::string text = StateOf(sight);
  const deploy::Rollout* rollout = InProgress(sight);
  if (rollout == nullptr) {
    const bool serves = text == "serving" && sight.service.stable_ms != 0;
    if (!serves) return text;
    return fmt::format(
        "serving {} for {}", sight.service.stable->reference(),
        ShortDuration(static_cast<double>(sight.now_ms - sight.service.stable_ms) / 1000));
  }
  if (rollout->phase == deploy::Phase::kProgressing && rollout->pause &&
      rollout->settings.strategy == deploy::Strategy::kCanary) {
    text += fmt::format(" in stage {} of {}", rollout->stage + 1,
                        rollout->settings.canary.stages.size());
  }
  if (rollout->weight) text += ", weight by hand";
  if (const auto left = SecondsLeft(sight)) text += ", " + ShortDuration(*left) + " left";
  return text;
}

std::string Head(const RolloutSight& sight, const Session& session, size_t width) {
  Line line = {{sight.service.name, kBold}, {"  " + sight.service.environment}};
  if (const std::string course = Course(sight); !course.empty()) line.push_back({"  " + course});
  line.push_back({"  "});
  line.push_back({Standing(sight), StateColor(StateOf(sight))});
  if (sight.address.empty()) return Drawn(line, session, width);
  const size_t used = Width(line);
  const size_t address = TextWidth(Printable(sight.address));
  if (width != 0 && used + 2 + address > width) {
    return Drawn(line, session, width) + Drawn({{"  "}, {sight.address, kDim}}, session, width);
  }
  const size_t edge = width == 0 ? 0 : std::min(width, kWidestLine);
  const size_t blanks = std::max<size_t>(2, edge > used + address ? edge - used - address : 0);
  line.push_back({std::string(blanks, ' ')});
  line.push_back({sight.address, kDim});
  return Drawn(line, session, width);
}

// The columns of a set: those of all sets line up.
enum Column : size_t { kRole, kVersion, kShare, kReplicas, kRate, kErrors, kLatency, kColumns };
using Columns = std::vector<std::string>;

std::string ReplicasText(const SetSight& set) {
  if (set.ready < set.wanted) return fmt::format("{} of {} replicas", set.ready, set.wanted);
  return Plural(set.ready, "replica", "replicas");
}

std::string ErrorsText(double rate) {
  constexpr double kPercent = 100;
  constexpr double kLeastShown = 0.0005;
  if (rate > 0 && rate < kLeastShown) return "errors < 0.1 %";
  return fmt::format("errors {:.1f} %", kPercent * rate);
}

Columns ColumnsOf(const SetSight& set) {
  Columns columns(kColumns);
  columns[kRole] = set.role;
  columns[kVersion] = VersionText(set.release);
  columns[kShare] = WeightText(set.weight);
  columns[kReplicas] = ReplicasText(set);
  if (!set.rate) return columns;
  constexpr double kWhole = 10;
  constexpr double kLong = 100;
  const deploy::SetRate& rate = *set.rate;
  if (std::isfinite(rate.requests_per_second)) {
    columns[kRate] = rate.requests_per_second >= kWhole
                         ? FormatCount(std::llround(rate.requests_per_second)) + " req/s"
                         : fmt::format("{:.1f} req/s", rate.requests_per_second);
  }
  if (std::isfinite(rate.error_rate)) columns[kErrors] = ErrorsText(rate.error_rate);
  if (std::isfinite(rate.p95_ms)) {
    columns[kLatency] = rate.p95_ms >= kLong ? fmt::format("p95 {:.0f} ms", rate.p95_ms)
                                             : fmt::format("p95 {:.1f} ms", rate.p95_ms);
  }
  return columns;
}

std::vector<size_t> Widths(const std::vector<Columns>& rows) {
  std::vector<size_t> widths(kColumns);
  for (const Columns& row : rows) {
    for (size_t i = 0; i < kColumns; ++i) widths[i] = std::max(widths[i], TextWidth(row[i]));
  }
  return widths;
}

const char* RoleColor(const std::string& role) {
  if (role == "stable") return "32";
  return role == "canary" || role == "new" || role == "tried" ? "36" : kDim;
}

// Without blanks at its end.
Line Aligned(const Columns& row, const std::vector<size_t>& widths) {
  size_t used = kColumns;
  while (used > 0 && row[used - 1].empty()) --used;
  Line line;
  for (size_t i = 0; i < used; ++i) {
    if (widths[i] == 0) continue;
    const std::string padding(widths[i] - TextWidth(row[i]), ' ');
    const bool right = i == kShare || i == kRate;
    if (i > kRole) line.push_back({i >= kRate ? "   " : "  "});
    if (right) line.push_back({padding});
    line.push_back({row[i], i == kRole ? RoleColor(row[i]) : ""});
    if (!right && i + 1 < used) line.push_back({padding});
  }
  return line;
}

Span ArmRemark(const deploy::Rollout& rollout, int64_t set) {
  if (rollout.phase == deploy::Phase::kRollingBack) return {"goes back", kRed};
  for (const deploy::Arm& arm : rollout.experiment->arms) {
    if (arm.release.set != set || !arm.result) continue;
    if (arm.result->labels == 0 || arm.result->stable_labels == 0)
      return {"no labels to compare by yet", kDim};
    const bool better = arm.result->verdict == deploy::GoalVerdict::kBetter;
    return {arm.result->InWords() + ": " + deploy::ToString(arm.result->verdict),
            better ? "32" : kDim};
  }
  return {};
}

Span Remark(const RolloutSight& sight, const SetSight& set) {
  if (!set.trouble.empty() && set.ready < set.wanted) return {set.trouble, kYellow};
  if (set.role == "standby") {
    if (!LeftFor(sight.service, set.set).empty()) return {"was gone back from", kDim};
    const double left = static_cast<double>(sight.service.standby->until_ms - sight.now_ms) / 1000;
    return {"kept ready, " + ShortDuration(left) + " left", kDim};
  }
  if (set.role == "leaving") return {"ends what it has begun", kDim};
  const deploy::Rollout* rollout = InProgress(sight);
  if (rollout == nullptr) return {};
  if (set.role == "tried") return ArmRemark(*rollout, set.set);
  if (set.set != rollout->release.set) return {};
  if (rollout->phase == deploy::Phase::kRollingBack) return {"rolls back", kRed};
  if (rollout->last_check)
    return {VerdictText(*rollout->last_check), VerdictColor(*rollout->last_check)};
  if (rollout->stage_ms == 0 || rollout->next_check_ms <= sight.now_ms) return {};
  const double until = static_cast<double>(rollout->next_check_ms - sight.now_ms) / 1000;
  return {"first check in " + ShortDuration(until), kDim};
}

std::string SetLines(const RolloutSight& sight, const Session& session, size_t width) {
  const std::vector<SetSight> sets = SetsOf(sight);
  std::vector<Columns> rows;
  for (const SetSight& set : sets) rows.push_back(ColumnsOf(set));
  const std::vector<size_t> widths = Widths(rows);
  std::string out;
  for (size_t i = 0; i < sets.size(); ++i) {
    const bool last = i + 1 == sets.size();
    Line line = {{last ? "└─ " : "├─ ", kDim}};
    for (Span& span : Aligned(rows[i], widths)) line.push_back(std::move(span));
    const Span remark = Remark(sight, sets[i]);
    const bool fits = width == 0 || Width(line) + 3 + TextWidth(Printable(remark.text)) <= width;
    if (!remark.text.empty() && fits) {
      line.push_back({"   "});
      line.push_back(remark);
    }
    out += Drawn(line, session, width);
    // Where the line has no room for it, it stands under it.
    if (!remark.text.empty() && !fits)
      out += Drawn({{last ? "     " : "│    ", kDim}, remark}, session, width);
  }
  return out;
}

// Why requests are not where they should be; "" where they are, or there is nobody to send them to.
std::string TrafficNotice(const RolloutSight& sight) {
  const deploy::Service& service = sight.service;
  if (service.down || (!service.stable && !service.in_progress())) return "";
  if (!sight.observed.traffic_trouble.empty()) return sight.observed.traffic_trouble;
  return sight.observed.traffic ? "" : "the splitter does not answer";
}

std::string Notices(const RolloutSight& sight, const Session& session, size_t width) {
  std::string out;
  const auto tell = [&](const char* what, const char* sgr, const std::string& text) {
    if (!text.empty()) out += Drawn({{what, sgr}, {"  " + text}}, session, width);
  };
  const auto& rollout = sight.service.rollout;
  if (IsAbandoned(sight)) tell("control", kRed, "nobody controls it: what is shown was before");
  tell("traffic", kYellow, TrafficNotice(sight));
  if (rollout && sight.service.in_progress() && rollout->pause) {
    tell("paused", kYellow, rollout->pause->reason);
  } else if (rollout && rollout->phase != deploy::Phase::kCompleted) {
    tell("reason", kRed, rollout->reason);
  } else if (rollout && rollout->kind == "undo") {
    tell("undone", kYellow, rollout->reason);
  }
  for (const auto& [alert, standing] : monitor::OpenAlerts(sight.service)) {
    const bool raised = standing.level == monitor::AlertLevel::kRaised;
    tell(raised ? "alert" : "warning", raised ? kRed : kYellow, standing.text);
  }
  tell("next", kDim, NextStep(sight));
  return out;
}

}  // namespace

std::string RolloutTree(const RolloutSight& sight, const Session& session, size_t width) {
  return Head(sight, session, width) + SetLines(sight, session, width) +
         Notices(sight, session, width);
}

std::string Redrawn(const std::string& drawn, const std::string& next) {
  const auto lines = std::ranges::count(drawn, '\n');
  const std::string up = lines == 0 ? "" : fmt::format("\x1b[{}F", lines);
  // What the lines before were longer by is erased line by line, so that nothing flickers.
  std::string out = up;
  for (const char c : next) {
    if (c == '\n') out += "\x1b[K";
    out += c;
  }
  return out + "\x1b[J";
}

}  // namespace slipway::cli
