#include "monitor/retraining.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "core/text.h"
#include "deploy/types.h"
#include "monitor/actions.h"

namespace slipway::monitor {
namespace {

constexpr double kLongestRunSeconds = 24.0 * 3600;

// A word of a shell's command line.
std::string Quoted(const std::string& word) {
  std::string quoted = "'";
  for (const char c : word) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

std::string LastLine(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  return std::string(text.substr(text.rfind('\n') + 1));
}

std::string VersionOf(const Json& record) {
  return fmt::format("{}:{}", GetString(record, "model"), GetInteger(record, "version"));
}

Json DetailOf(const char* outcome, const Json& record) {
  Json detail = {{"outcome", outcome}};
  if (GetInteger(record, "version") > 0) detail["trained"] = VersionOf(record);
  return detail;
}

// "accuracy 0.61 is below 0.85; …" of the gates that said no.
std::string WhyNot(const Json& record) {
  std::vector<std::string> reasons;
  for (const Json& gate : record.value("gates", Json::array())) {
    if (gate.is_object() && GetString(gate, "verdict") == "fail" && !GetBool(gate, "dry_run"))
      reasons.push_back(GetString(gate, "reason", GetString(gate, "name")));
  }
  for (const Json& issue : record.value("issues", Json::array())) {
    if (issue.is_object() && GetString(issue, "severity") == "error")
      reasons.push_back(GetString(issue, "message"));
  }
  constexpr size_t kMost = 5;
  if (reasons.size() > kMost) {
    const size_t more = reasons.size() - kMost;
    reasons.resize(kMost);
    reasons.push_back(fmt::format("{} more", more));
  }
  return Join(reasons, "; ");
}

// One retraining of one service.
class Task {
 public:
  Task(const deploy::Effect& effect, const RetrainingParts& parts)
      : service_(effect.service),
        asked_at_(FormatTimestamp(
            Clock::WallTime(std::chrono::milliseconds(GetInteger(effect.detail, "at_ms"))))),
        reason_(GetString(effect.detail, "reason")),
        parts_(parts) {}

  Result<Retraining> Do() {
    SLIPWAY_ASSIGN_OR_RETURN(const auto service, Find());
    if (!service) return Failed("the service is gone");
    if (service->down) return Failed("not trained: the service is down");
    origin_ = service->origin;
    environment_ = service->environment;
    Result<Json> record = Run();
    if (!record.ok()) {
      if (record.error().code() == ErrorCode::kInterrupted) return record.error();
      return Failed("the run failed: " + record.error().message());
    }
    if (GetString(*record, "status") == "passed") return Deploy(*record);
    const std::string why = WhyNot(*record);
    const std::string what =
        GetInteger(*record, "version") > 0
            ? "trained " + VersionOf(*record) + ", which did not pass its gates"
            : "the run did not pass";
    return Retraining{fmt::format("{} and is not deployed{}", what, why.empty() ? "" : ": " + why),
                      DetailOf("not passed", *record)};
  }

 private:
  static Retraining Failed(const std::string& text) { return {text, {{"outcome", "failed"}}}; }

  Result<std::optional<deploy::Service>> Find() {
    SLIPWAY_ASSIGN_OR_RETURN(const auto record, parts_.store->Find(service_));
    if (!record) return std::optional<deploy::Service>();
    SLIPWAY_ASSIGN_OR_RETURN(deploy::Service service, deploy::ServiceFromJson(record->document));
    return std::optional(std::move(service));
  }

  std::vector<std::string> Words(const std::string& command) const {
    std::vector<std::string> words = {
        parts_.program, command,      "--config", GetString(origin_, "config"),
        "--env",        environment_, "--output", "json"};
    for (const Json& override : origin_.value("overrides", Json::array())) {
      if (!override.is_string()) continue;
      words.emplace_back("--set");
      words.push_back(override.get<std::string>());
    }
    if (GetBool(origin_, "local")) words.emplace_back("--local");
    return words;
  }

  // What it prints goes to the file; `trouble_` is what it told first of errors, or how it ended.
  // Whether it ended well.
  Result<bool> Speak(const std::vector<std::string>& words,
                     std::map<std::string, std::string> environment = {}) {
    ProcessOptions options;
    options.environment = std::move(environment);
    options.command = "exec";
    for (const std::string& word : words) options.command += " " + Quoted(word);
    options.command += " >" + Quoted(path_);
    options.directory = GetString(origin_, "project");
    options.timeout_seconds = kLongestRunSeconds;
    trouble_.clear();
    options.output = [this](std::string_view line) {
      constexpr std::string_view kError = "error: ";
      if (line.starts_with(kError) && trouble_.empty()) trouble_ = line.substr(kError.size());
    };
    SLIPWAY_ASSIGN_OR_RETURN(const ProcessEnd end, parts_.processes->Run(options));
    if (trouble_.empty()) {
      trouble_ = end.signal != 0 ? fmt::format("ended by signal {}", end.signal)
                                 : fmt::format("exit code {}", end.exit_code);
    }
    return end.exit_code == 0;
  }

  // Its last line: the record.
  Result<Json> Run() {
    path_ = JoinPath(parts_.directory, "retrain-" + service_ + ".jsonl");
    SLIPWAY_RETURN_IF_ERROR(Speak(Words("run")));
    const Result<std::string> printed = parts_.files->ReadFile(path_);
    Result<Json> record =
        printed.ok() ? ParseJson(LastLine(*printed), path_) : Result<Json>(printed.error());
    if (record.ok() && record->is_object() && record->contains("status")) return record;
    return Error(ErrorCode::kUnavailable, trouble_);
  }

  // By an alert, a rollout's checks or a person who said why, of this service.
  bool WasGoneBackFrom(const deploy::Service& service, const std::string& digest,
                       const std::vector<Registered>& known) const {
    const std::vector<std::string> left = ActionState::GoneBackFrom(service);
    if (std::ranges::find(left, digest) != left.end()) return true;
    return std::ranges::any_of(known, [&](const Registered& version) {
      return version.digest == digest && version.rollback.starts_with(service_ + " revision ");
    });
  }
  // Registered before the run was asked for; one that was broken off may have registered it since.
  bool IsOld(const std::string& digest, const std::vector<Registered>& known) const {
    return std::ranges::any_of(known, [&](const Registered& version) {
      return version.digest == digest && version.at < asked_at_;
    });
  }

  Result<Retraining> Deploy(const Json& record) {
    const std::string reference = VersionOf(record);
    const auto left = [&](const std::string& why) {
      return Retraining{fmt::format("trained {}, which is not deployed: {}", reference, why),
                        DetailOf("not deployed", record)};
    };
    SLIPWAY_ASSIGN_OR_RETURN(const auto service, Find());
    if (!service) return left("the service is gone");
    const std::string digest = GetString(record, "digest");
    if (service->stable && service->stable->digest == digest) {
      return Retraining{
          fmt::format("nothing new to learn from: {} stays", service->stable->reference()),
          DetailOf("unchanged", record)};
    }
    if (service->down) return left("the service is down");
    // What was begun before this controller ended, or by a person who was faster.
    const bool begun = service->in_progress() && service->rollout->release.digest == digest;
    if (!begun) {
      const auto known = parts_.registered(GetString(record, "model"));
      if (!known.ok()) return left("the registry can't be asked: " + known.error().ToString());
      if (WasGoneBackFrom(*service, digest, *known)) {
        return Retraining{
            fmt::format("the run came to {}, which is not deployed: it was gone back from",
                        reference),
            DetailOf("not deployed", record)};
      }
      if (IsOld(digest, *known)) {
        return Retraining{
            fmt::format("nothing new to learn from: the run came to {}, which there was before",
                        reference),
            DetailOf("unchanged", record)};
      }
    }
    if (service->in_progress() && !begun) {
      return left(
          fmt::format("revision {} is being rolled out; slipway deploy {} once it has ended",
                      service->rollout->revision, reference));
    }
    if (!begun) {
      std::vector<std::string> words = Words("deploy");
      words.push_back(reference);
      words.emplace_back("--detach");
      if (const std::string strategy = GetString(origin_, "strategy"); !strategy.empty()) {
        words.emplace_back("--strategy");
        words.push_back(strategy);
      }
      if (!reason_.empty()) {
        words.emplace_back("--reason");
        words.push_back(reason_);
      }
      path_ = "/dev/null";
      // Whom history names: it was no person.
      SLIPWAY_ASSIGN_OR_RETURN(const bool deployed, Speak(words, {{"USER", "monitor"}}));
      if (!deployed) return left(trouble_);
    }
    return Retraining{fmt::format("trained {}, which is being deployed", reference),
                      DetailOf("deployed", record)};
  }

  const std::string service_;
  const std::string asked_at_;  // As the registry writes times.
  const std::string reason_;
  const RetrainingParts& parts_;
  Json origin_ = Json::object();
  std::string environment_;
  std::string path_;
  std::string trouble_;
};

}  // namespace

Result<Retraining> Retrain(const deploy::Effect& effect, const RetrainingParts& parts) {
  return Task(effect, parts).Do();
}

}  // namespace slipway::monitor
