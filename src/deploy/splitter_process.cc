#include "deploy/splitter_process.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include "core/file_system.h"
#include "core/replace_file.h"
#include "core/unix_time.h"
#include "deploy/process_words_internal.h"
#include "splitter/control.h"

namespace slipway::deploy {
namespace {

constexpr const char* kId = "splitter";
constexpr const char* kDirectory = "splitter";
constexpr const char* kReplicas = "replicas";
// It answers from memory. Who does not within this is left alone for a while, for the sake of the
// services that wait meanwhile.
constexpr double kControlSeconds = 2;
constexpr int64_t kPauseMs = 1000;
// As Kubernetes' liveness probes: so long without an answer, and so many of them.
constexpr int64_t kMostSilentMs = 10'000;
constexpr int kLeastFailures = 3;
constexpr int64_t kMostStartMs = 30'000;
// Longer than it lets what it has begun end.
constexpr int64_t kMostEndMs = 10'000;

// A secret between the controller and the splitter, which outlives both.
Result<std::string> TokenIn(const std::string& directory) {
  const std::string path = JoinPath(directory, "token");
  FileSystem& files = LocalFileSystem();
  if (files.Exists(path)) {
    Result<std::string> kept = files.ReadFile(path);
    // One that a disk has lost is no secret: another splitter gets another one.
    if (!kept.ok() || !kept->empty()) return kept;
  }
  std::string token = RandomName();
  const mode_t before = ::umask(S_IRWXG | S_IRWXO);
  const Status written = WriteFileAtomically(files, path, token);
  ::umask(before);
  SLIPWAY_RETURN_IF_ERROR(written);
  return token;
}

}  // namespace

Result<SplitterProcess> SplitterProcess::Open(const SplitterProcessOptions& options) {
  SLIPWAY_ASSIGN_OR_RETURN(DetachedProcesses processes,
                           DetachedProcesses::Open(JoinPath(options.directory, kDirectory)));
  SLIPWAY_ASSIGN_OR_RETURN(std::string token, TokenIn(options.directory));
  return SplitterProcess(options, std::move(processes), std::move(token));
}

int64_t SplitterProcess::NowMs() const { return UnixMilliseconds(*options_.clock); }

Error SplitterProcess::Unavailable(const std::string& what) const {
  const std::string& why = restarts_.trouble();
  return {ErrorCode::kUnavailable, why.empty() ? what : what + ": " + why};
}

Result<splitter::SplitterClient> SplitterProcess::Find(bool wanted) {
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<DetachedProcess> found, processes_.List());
  const auto process = std::ranges::find(found, kId, &DetachedProcess::id);
  lives_ = process != found.end() && process->alive;
  if (lives_) return FindAlive(*process);
  if (process != found.end()) NoteEnd();
  if (!wanted) return Error(ErrorCode::kUnavailable, "nothing is to be served");
  if (!restarts_.MayStart(NowMs())) return Unavailable("the splitter ended");
  SLIPWAY_RETURN_IF_ERROR(Start());
  lives_ = true;
  return Unavailable("the splitter is starting");
}

Result<splitter::SplitterClient> SplitterProcess::FindAlive(const DetachedProcess& process) {
  // It grows by what goes wrong again and again.
  (void)processes_.ShortenLog(kId);
  const bool at_address = GetString(process.facts, "host") == options_.host &&
                          GetInteger(process.facts, "port") == options_.port;
  if (!at_address) {
    SLIPWAY_RETURN_IF_ERROR(End());
    return Error(ErrorCode::kUnavailable, "the splitter of another address ends");
  }
  const int64_t now = NowMs();
  if (pid_ != process.pid || url_.empty()) {
    const Json event = ListeningOf(processes_, process);
    if (!event.is_object()) {
      if (now - process.started_ms > kMostStartMs) {
        SLIPWAY_RETURN_IF_ERROR(KillHung(
            fmt::format("it did not listen within {} s, and was killed", kMostStartMs / 1000)));
      }
      return Unavailable("the splitter is starting");
    }
    pid_ = process.pid;
    url_ = GetString(event, "control");
    answered_ = false;
    failures_ = 0;
    failing_ms_ = not_before_ms_ = ending_ms_ = 0;
  }
  if (failures_ >= kLeastFailures && now - failing_ms_ >= kMostSilentMs) {
    SLIPWAY_RETURN_IF_ERROR(KillHung(fmt::format("it did not answer for {} s, and was killed: {}",
                                                 kMostSilentMs / 1000, restarts_.trouble())));
    return Unavailable("the splitter ended");
  }
  if (now < not_before_ms_) return Unavailable("the splitter does not answer");
  return splitter::SplitterClient(options_.client, url_, token_, kControlSeconds);
}

void SplitterProcess::Note(const Status& outcome) {
  // Who refuses what is wrong does its work.
  if (outcome.ok() || outcome.error().code() == ErrorCode::kInvalidInput) {
    failures_ = 0;
    failing_ms_ = not_before_ms_ = 0;
    answered_ = true;
    restarts_.NoteWell();
    return;
  }
  const int64_t now = NowMs();
  if (++failures_ == 1) failing_ms_ = now;
  if (outcome.error().code() == ErrorCode::kTimeout) not_before_ms_ = now + kPauseMs;
  restarts_.NoteTrouble(outcome.error().message());
}

// What it says itself is in its log; what was said of it here is why it was killed.
Status SplitterProcess::KillHung(const std::string& why) {
  Status killed = processes_.Signal(kId, SIGKILL);
  if (!killed.ok() && killed.error().code() != ErrorCode::kNotFound) return killed;
  if (!killed_) restarts_.NoteTrouble(why);
  killed_ = true;
  return {};
}

void SplitterProcess::NoteEnd() {
  const bool asked_to = ending_ms_ != 0 && !killed_;
  const std::string words = killed_ ? restarts_.trouble() : LastWords(processes_, kId);
  restarts_.NoteEnd(answered_ || asked_to, NowMs(), asked_to ? "" : words);
  pid_ = 0;
  url_.clear();
  answered_ = killed_ = false;
  ending_ms_ = 0;
  (void)processes_.Remove(kId);
}

Status SplitterProcess::Start() {
  const std::string routes = JoinPath(options_.directory, "routes.json");
  // What can't be read is out of the way: it gets the plan that counts once it listens.
  if (const auto kept = splitter::LoadRoutes(routes); !kept.ok())
    SLIPWAY_RETURN_IF_ERROR(LocalFileSystem().Rename(routes, routes + ".damaged"));
  DetachedSpec spec;
  spec.id = kId;
  spec.arguments = {options_.program,   "splitter",
                    "--host",           options_.host,
                    "--port",           std::to_string(options_.port),
                    "--threads",        std::to_string(options_.threads),
                    "--routes",         routes,
                    "--listening-file", ListeningPath(processes_, kId),
                    "--output",         "json"};
  spec.environment = {{splitter::kSplitterTokenVariable, token_}};
  spec.facts = {{"host", options_.host}, {"port", options_.port}};
  return processes_.Start(spec);
}

Result<bool> SplitterProcess::End() {
  if (ending_ms_ == 0) ending_ms_ = NowMs();
  const bool patient = NowMs() - ending_ms_ < kMostEndMs;
  const Status asked = processes_.Signal(kId, patient ? SIGTERM : SIGKILL);
  if (asked.ok()) return false;
  lives_ = false;
  if (asked.error().code() != ErrorCode::kNotFound) return asked.error();
  return true;
}

int SplitterProcess::ExitWatch() const { return processes_.ExitWatch(kId); }

Result<bool> AnythingRuns(const std::string& directory) {
  for (const char* const kind : {kDirectory, kReplicas}) {
    if (!LocalFileSystem().Exists(JoinPath(directory, kind))) continue;
    SLIPWAY_ASSIGN_OR_RETURN(DetachedProcesses processes,
                             DetachedProcesses::Open(JoinPath(directory, kind)));
    SLIPWAY_ASSIGN_OR_RETURN(const std::vector<DetachedProcess> found, processes.List());
    if (std::ranges::any_of(found, &DetachedProcess::alive)) return true;
  }
  return false;
}

}  // namespace slipway::deploy
