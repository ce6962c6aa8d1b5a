#include "monitor/outbox.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>
#include <vector>

#include "core/unix_time.h"
#include "deploy/controller.h"

namespace slipway::monitor {
namespace {

constexpr std::chrono::milliseconds kLook{250};
constexpr int64_t kAtOnce = 64;
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

struct Spoken {
  int exit_code = 0;
  std::string last;  // Of its lines.
};

Result<Spoken> Speak(const std::vector<std::string>& words, const std::string& directory,
                     ProcessRunner& processes) {
  ProcessOptions options;
  for (const std::string& word : words)
    options.command += (options.command.empty() ? "exec " : " ") + Quoted(word);
  options.directory = directory;
  options.timeout_seconds = kLongestRunSeconds;
  Spoken spoken;
  options.output = [&](std::string_view line) { spoken.last = line; };
  SLIPWAY_ASSIGN_OR_RETURN(const ProcessEnd end, processes.Run(options));
  spoken.exit_code = end.exit_code;
  return spoken;
}

std::vector<std::string> Words(const std::string& program, const std::string& command,
                               const Json& document) {
  const Json& origin = document.value("origin", Json::object());
  std::vector<std::string> words = {program, command};
  const auto add = [&](const char* flag, const std::string& value) {
    words.emplace_back(flag);
    words.push_back(value);
  };
  add("--config", GetString(origin, "config"));
  add("--env", GetString(document, "environment"));
  add("--output", "json");
  for (const Json& override : origin.value("overrides", Json::array()))
    if (override.is_string()) add("--set", override.get<std::string>());
  if (GetBool(origin, "local")) words.emplace_back("--local");
  return words;
}

}  // namespace

Result<std::string> RunAndDeploy(const deploy::ServiceRecord& service, const std::string& program,
                                 ProcessRunner& processes) {
  const Json origin = service.document.value("origin", Json::object());
  const std::string project = GetString(origin, "project");
  SLIPWAY_ASSIGN_OR_RETURN(const Spoken run,
                           Speak(Words(program, "run", service.document), project, processes));
  const Result<Json> record = ParseJson(run.last, "the run");
  if (!record.ok() || !record->is_object() || !record->contains("status")) {
    return Error(ErrorCode::kUnavailable,
                 fmt::format("the run ended with exit code {}: {}", run.exit_code, run.last));
  }
  const std::string reference =
      fmt::format("{}:{}", GetString(*record, "model"), GetInteger(*record, "version"));
  if (GetString(*record, "status") != "passed")
    return fmt::format("trained {}, which did not pass its gates and is not deployed", reference);
  std::vector<std::string> words = Words(program, "deploy", service.document);
  words.push_back(reference);
  words.emplace_back("--detach");
  SLIPWAY_ASSIGN_OR_RETURN(const Spoken deployed, Speak(words, project, processes));
  if (deployed.exit_code == 0) return fmt::format("trained {}, which is being deployed", reference);
  return fmt::format("trained {}, which was not deployed: {}", reference, deployed.last);
}

Outbox::Outbox(OutboxParts parts)
    : parts_(std::move(parts)), thread_([this](const std::stop_token& stop) { Run(stop); }) {}

Outbox::~Outbox() {
  thread_.request_stop();
  thread_.join();
}

int64_t Outbox::NowMs() const { return UnixMilliseconds(*parts_.clock); }

void Outbox::Run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const auto due = parts_.store->DueEffects(NowMs(), kAtOnce);
    if (due.ok()) {
      for (const deploy::Effect& effect : *due) {
        if (stop.stop_requested()) return;
        if (effect.kind == kDelivery) Deliver(effect);
        if (effect.kind == kRetrain) Retrain(effect);
      }
    }
    std::this_thread::sleep_for(kLook);
  }
}

void Outbox::Deliver(const deploy::Effect& effect) {
  const Delivered delivered = parts_.notifier->Deliver(effect, NowMs());
  const Status kept = delivered.outcome == Delivered::Outcome::kRetry
                          ? parts_.store->RetryEffect(effect.id, delivered.due_ms, delivered.error)
                          : parts_.store->FinishEffect(effect.id);
  if (!kept.ok()) parts_.tell(kept.error().ToString());
}

// Made once: what it comes to is told, and not tried again by itself, as it may take hours.
void Outbox::Retrain(const deploy::Effect& effect) {
  const auto record = parts_.store->Find(effect.service);
  std::string text = "the service is gone";
  if (record.ok() && *record) {
    parts_.tell(effect.service + ": retraining");
    const Result<std::string> came_to = RunAndDeploy(**record, parts_.program, *parts_.processes);
    text = came_to.ok() ? *came_to : "retraining failed: " + came_to.error().ToString();
  }
  parts_.tell(effect.service + ": " + text);
  const Status noted = deploy::AddNotes(*parts_.store, effect.service, *parts_.clock,
                                        {{"retrain", text, effect.detail}});
  if (!noted.ok()) parts_.tell(noted.error().ToString());
  if (const Status kept = parts_.store->FinishEffect(effect.id); !kept.ok())
    parts_.tell(kept.error().ToString());
}

}  // namespace slipway::monitor
