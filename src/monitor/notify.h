// Telling people: what an effect of kind "notify" becomes for each target of `notifications`, and
// one attempt to deliver it. The outbox that the effects are in (deploy/rollout_store.h) is what
// makes a message arrive at least once; its key is what a receiver knows a second one by.
//
// A URL is a secret: those of Slack are all that it takes to write to a channel. No error, log line
// or stored effect holds one that came from a variable.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/file_system.h"
#include "core/json.h"
#include "core/process.h"
#include "core/result.h"
#include "deploy/rollout_store.h"
#include "deploy/types.h"
#include "http/client.h"

namespace slipway::monitor {

// The kind of what is told to people, and that of what PerTarget makes of it.
inline constexpr const char* kNotify = "notify";
inline constexpr const char* kDelivery = "deliver";

// One of `notifications`, as it is written.
struct NotifyTarget {
  std::string type;       // "slack", "webhook", "log", "command"
  std::string url;        // Of slack and webhook; ${VAR} is the environment's.
  std::string run;        // Of command, for a shell, which has the same environment.
  std::string directory;  // Where `run` runs.
};

// The service's `notifications`, which have passed the configuration's checks. Commands run in the
// project that it was deployed from.
std::vector<NotifyTarget> TargetsOf(const deploy::Service& service);

// An effect of kind "notify" as one of kind kDelivery for each target, so that a target that fails
// is tried again alone; to be written in its place. The detail is
// {"target": {"type", "url" or "run" and "directory"}, "key", "event"}.
//
// The key follows from the event and the target's place alone: no other message has it, of this
// machine or another one that the same people are told by, and the same one always does.
std::vector<deploy::Effect> PerTarget(const deploy::Effect& effect,
                                      const std::vector<NotifyTarget>& targets);
// The same of all that a decision about the service leaves to be done; what tells nobody stays.
std::vector<deploy::Outside> PerTarget(const deploy::Service& service,
                                       const std::vector<deploy::Outside>& outside);

// The document of a generic webhook, of a command and of a log:
// {"schema": "slipway.notification/1", "id", "event", "at", "service", "environment", "model",
//  "version", "revision", "text", "detail": {all else}}. Members are null where they are not known.
Json WebhookDocument(const std::string& key, const Json& event);
// Of Slack's incoming webhooks, and of those that take their form.
Json SlackDocument(const Json& event);

// "t=1764398467,v1=<hex>": HMAC-SHA256 by the secret over "1764398467." and the body.
std::string WebhookSignature(const std::string& secret, int64_t now_ms, const std::string& body);

// When the attempt behind `attempts` failed ones is due: from seconds to an hour later, by the
// effect's id, so that what failed together is not tried again together.
int64_t NextAttemptMs(int64_t effect_id, int64_t attempts, int64_t now_ms);
// Attempts that are made of one delivery: about a day of them.
inline constexpr int64_t kMostAttempts = 32;

struct Delivered {
  enum class Outcome : uint8_t { kDone, kRetry, kGivenUp };
  Outcome outcome = Outcome::kDone;
  std::string error;   // For people, without secrets; "" where it is done.
  int64_t due_ms = 0;  // Of kRetry.
};

struct NotifierOptions {
  // What webhooks are signed by; "" leaves them unsigned. The controller takes it from the variable
  // SLIPWAY_WEBHOOK_SECRET.
  std::string webhook_secret;
  std::string folder;  // For the files that commands read: an absolute path that is there.
  double timeout_seconds = 10;
  double command_timeout_seconds = 60;
};

// Thread-safe where what it is given is. All collaborators must outlive it.
class Notifier {
 public:
  Notifier(http::HttpClient& client, ProcessRunner& processes, FileSystem& files,
           std::function<void(const std::string&)> log, NotifierOptions options)
      : client_(client),
        processes_(processes),
        files_(files),
        log_(std::move(log)),
        options_(std::move(options)) {}

  // One attempt of what PerTarget made. May take as long as the timeouts say. What is given up is
  // told to the log.
  Delivered Deliver(const deploy::Effect& effect, int64_t now_ms);

 private:
  struct Attempt;
  Attempt Post(const NotifyTarget& target, const std::string& key, const Json& event,
               int64_t now_ms);
  Attempt RunCommand(const NotifyTarget& target, const std::string& key, const Json& event);
  Status RunWithEvent(const std::string& directory, const std::string& command,
                      const std::string& path, const std::string& document, int* exit_code);

  http::HttpClient& client_;
  ProcessRunner& processes_;
  FileSystem& files_;
  std::function<void(const std::string&)> log_;
  NotifierOptions options_;
};

}  // namespace slipway::monitor
