#include "monitor/notify.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <optional>
#include <utility>

#include "config/config.h"
#include "core/hash.h"
#include "core/random.h"
#include "core/text.h"

namespace slipway::monitor {
namespace {

constexpr int64_t kMilliseconds = 1000;
constexpr int64_t kFirstWaitMs = 5 * kMilliseconds;
constexpr int64_t kLongestWaitMs = 3600 * kMilliseconds;
// The most that an answer may ask to wait; a store takes what is due later as due at once.
constexpr int64_t kLongestAskedMs = 6 * kLongestWaitMs;
static_assert(kLongestAskedMs < deploy::kFarthestDueMs);
constexpr int kTimeout = 408, kTooMany = 429;

Json ToJson(const NotifyTarget& target) {
  Json json = {{"type", target.type}};
  if (!target.url.empty()) json["url"] = target.url;
  if (!target.run.empty()) {
    json["run"] = target.run;
    json["directory"] = target.directory;
  }
  return json;
}

NotifyTarget TargetFromJson(const Json& json) {
  return {GetString(json, "type"), GetString(json, "url"), GetString(json, "run"),
          GetString(json, "directory")};
}

// 32 hex digits, as an identifier that is drawn at random has.
std::string KeyOf(const Json& event, size_t place) {
  constexpr size_t kDigits = 32;
  Sha256 hash;
  hash.UpdateField(CompactJson(event));
  hash.UpdateField(std::to_string(place));
  return hash.FinishHex().substr(0, kDigits);
}

// What may be told of a URL as the configuration has it: the variable that it is, else its host.
std::string Shown(const std::string& url) {
  if (url.starts_with("${") && url.find('}') + 1 == url.size())
    return url.substr(0, std::min(url.find(":-"), url.size() - 1)) + "}";
  const size_t scheme = url.find("://");
  if (scheme == std::string::npos) return "a URL";
  std::string host = url.substr(scheme + 3);
  host = host.substr(0, host.find_first_of("/?#"));
  return host.substr(host.rfind('@') + 1);
}

std::string Named(const NotifyTarget& target) {
  return target.url.empty() ? target.type : fmt::format("{} ({})", target.type, Shown(target.url));
}

std::string LogLine(const Json& event) {
  return Printable(fmt::format("{} ({}): {}: {}", GetString(event, "service"),
                               GetString(event, "environment"), GetString(event, "event"),
                               GetString(event, "text")));
}

// Of "Sun, 06 Nov 1994 08:49:37 GMT".
std::optional<int64_t> DateMs(const std::string& text) {
  std::tm parts = {};
  const char* const end = ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return static_cast<int64_t>(::timegm(&parts)) * kMilliseconds;
}

// How long the answer asks to wait, by seconds or a date; 0 where it says nothing that can be read.
int64_t RetryAfterMs(const http::ClientResponse& response, int64_t now_ms) {
  const std::string text(response.Find("Retry-After"));
  int64_t seconds = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), seconds);
  int64_t wait_ms = 0;
  if (end.ec == std::errc() && end.ptr == text.data() + text.size()) {
    wait_ms = std::clamp(seconds, int64_t{0}, kLongestAskedMs / kMilliseconds) * kMilliseconds;
  } else if (const std::optional<int64_t> date_ms = DateMs(text)) {
    wait_ms = *date_ms - now_ms;
  }
  return std::clamp(wait_ms, int64_t{0}, kLongestAskedMs);
}

// What the client says of it, without the URL that it begins with: its path may be a secret.
std::string WhyNot(const Error& error) {
  const std::string& message = error.message();
  const size_t colon = message.find(": ");
  if (error.code() == ErrorCode::kInvalidInput || colon == std::string::npos)
    return ToString(error.code());
  return message.substr(colon + 2);
}

// Asked once more the same would be answered. Redirects are not followed.
bool IsRefusal(int status) {
  constexpr int kRedirect = 300, kServer = 500;
  return status >= kRedirect && status < kServer && status != kTimeout && status != kTooMany;
}

bool IsGood(int status) {
  constexpr int kGood = 200, kRedirect = 300;
  return status >= kGood && status < kRedirect;
}

}  // namespace

struct Notifier::Attempt {
  std::string error;  // "" where it went well.
  bool refused = false;
  int64_t wait_ms = 0;  // At least that long.
};

std::vector<NotifyTarget> TargetsOf(const deploy::Service& service) {
  std::vector<NotifyTarget> targets;
  if (!service.notifications.is_array()) return targets;
  for (const Json& one : service.notifications) {
    if (!one.is_object()) continue;
    targets.push_back(TargetFromJson(one));
    targets.back().directory = GetString(service.origin, "project");
  }
  return targets;
}

std::vector<deploy::Effect> PerTarget(const deploy::Effect& effect,
                                      const std::vector<NotifyTarget>& targets) {
  std::vector<deploy::Effect> effects;
  for (size_t i = 0; i < targets.size(); ++i) {
    deploy::Effect one;
    one.service = effect.service;
    one.kind = kDelivery;
    one.due_ms = effect.due_ms;
    one.detail = {
        {"target", ToJson(targets[i])}, {"key", KeyOf(effect.detail, i)}, {"event", effect.detail}};
    effects.push_back(std::move(one));
  }
  return effects;
}

std::vector<deploy::Outside> PerTarget(const deploy::Service& service,
                                       const std::vector<deploy::Outside>& outside) {
  std::vector<deploy::Outside> kept;
  for (const deploy::Outside& one : outside) {
    if (one.kind != kNotify) {
      kept.push_back(one);
      continue;
    }
    deploy::Effect message;
    message.detail = one.detail;
    for (deploy::Effect& effect : PerTarget(message, TargetsOf(service)))
      kept.push_back({std::move(effect.kind), std::move(effect.detail)});
  }
  return kept;
}

int64_t NextAttemptMs(int64_t effect_id, int64_t attempts, int64_t now_ms) {
  constexpr double kLeast = 0.8, kSpread = 0.4;
  constexpr int64_t kMostDoublings = 10;
  const int64_t doubled = kFirstWaitMs << std::clamp<int64_t>(attempts, 0, kMostDoublings);
  Random random(DeriveSeed(static_cast<uint64_t>(effect_id), static_cast<uint64_t>(attempts)));
  const double wait = static_cast<double>(std::min(doubled, kLongestWaitMs)) *
                      (kLeast + kSpread * random.Uniform());
  return now_ms + static_cast<int64_t>(wait);
}

Delivered Notifier::Deliver(const deploy::Effect& effect, int64_t now_ms) {
  const auto target_json = effect.detail.find("target");
  const auto event = effect.detail.find("event");
  if (target_json == effect.detail.end() || event == effect.detail.end() || !event->is_object())
    return {Delivered::Outcome::kGivenUp, "an effect that is no delivery"};
  const NotifyTarget target = TargetFromJson(*target_json);
  const std::string key = GetString(effect.detail, "key", std::to_string(effect.id));
  Attempt attempt;
  if (target.type == "log") {
    log_(LogLine(*event));
  } else if (target.type == "command") {
    attempt = RunCommand(target, key, *event);
  } else if (target.type == "slack" || target.type == "webhook") {
    attempt = Post(target, key, *event, now_ms);
  } else {
    attempt = {.error = "no way that this build knows", .refused = true};
  }
  if (attempt.error.empty()) return {};
  const std::string error = fmt::format("{}: {}", Named(target), attempt.error);
  if (attempt.refused || effect.attempts + 1 >= kMostAttempts) {
    log_(fmt::format("given up after {}: {}: \"{}\" was not told",
                     Plural(effect.attempts + 1, "attempt", "attempts"), error, LogLine(*event)));
    return {Delivered::Outcome::kGivenUp, error};
  }
  const int64_t due_ms =
      std::max(NextAttemptMs(effect.id, effect.attempts, now_ms), now_ms + attempt.wait_ms);
  return {Delivered::Outcome::kRetry, error, due_ms};
}

Notifier::Attempt Notifier::Post(const NotifyTarget& target, const std::string& key,
                                 const Json& event, int64_t now_ms) {
  const Result<std::string> url = config::ExpandText(target.url);
  if (!url.ok()) return {.error = url.error().message()};
  const bool slack = target.type == "slack";
  http::ClientRequest request;
  request.method = "POST";
  request.url = *url;
  request.body = CompactJson(slack ? SlackDocument(event) : WebhookDocument(key, event));
  request.timeout_seconds = options_.timeout_seconds;
  // The status says it all.
  request.reads_body = false;
  request.headers = {
      {"Content-Type", "application/json"}, {"User-Agent", "slipway"}, {"Idempotency-Key", key}};
  if (!slack && !options_.webhook_secret.empty()) {
    request.headers.push_back(
        {"X-Slipway-Signature", WebhookSignature(options_.webhook_secret, now_ms, request.body)});
  }
  const Result<http::ClientResponse> response = client_.Fetch(request);
  if (!response.ok()) {
    return {.error = WhyNot(response.error()),
            .refused = response.error().code() == ErrorCode::kInvalidInput};
  }
  if (IsGood(response->status)) return {};
  return {.error = fmt::format("answered {}", response->status),
          .refused = IsRefusal(response->status),
          .wait_ms = RetryAfterMs(*response, now_ms)};
}

Notifier::Attempt Notifier::RunCommand(const NotifyTarget& target, const std::string& key,
                                       const Json& event) {
  const std::string path = JoinPath(options_.folder, fmt::format("event-{}.json", key));
  int exit_code = 0;
  const Status status = RunWithEvent(target.directory, target.run, path,
                                     CompactJson(WebhookDocument(key, event)), &exit_code);
  if (!status.ok()) return {.error = ToString(status.error().code())};
  if (exit_code == 0) return {};
  return {.error = fmt::format("ended with {}", exit_code)};
}

Status Notifier::RunWithEvent(const std::string& directory, const std::string& command,
                              const std::string& path, const std::string& document,
                              int* exit_code) {
  // The system refuses a variable of more than 128 KiB.
  constexpr size_t kMostInVariable = 64 << 10;
  SLIPWAY_RETURN_IF_ERROR(WriteFileAtomically(files_, path, document));
  ProcessOptions process;
  process.command = command;
  process.directory = directory.empty() ? options_.folder : directory;
  process.environment = {{"SLIPWAY_EVENT_FILE", path}};
  if (document.size() <= kMostInVariable) process.environment["SLIPWAY_EVENT"] = document;
  process.timeout_seconds = options_.command_timeout_seconds;
  const Result<ProcessEnd> end = processes_.Run(process);
  // The command may have moved it; one that stays is written over by the next attempt.
  (void)files_.RemoveFile(path);
  if (!end.ok()) return end.error();
  *exit_code = end->exit_code;
  return {};
}

}  // namespace slipway::monitor
