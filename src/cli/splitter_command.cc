// `slipway splitter`: one address in front of several versions.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <memory>

#include "cli/between.h"
#include "cli/server_process.h"
#include "cli/session.h"
#include "core/clock.h"
#include "core/parallel.h"
#include "core/text.h"
#include "splitter/control.h"
#include "splitter/splitter.h"

namespace slipway::cli {
namespace {

constexpr int kLargestPort = 65535;
constexpr double kShortestAnswer = 0.001, kLongestAnswer = 86400;  // Seconds.

struct SplitterCommandOptions {
  splitter::SplitterOptions splitter;
  splitter::ControlOptions control;
  double drain_seconds = 5;
  std::string listening_path;  // "" for none.
};

Result<std::string> TokenOfEnvironment() {
  const char* const token = std::getenv(splitter::kSplitterTokenVariable);
  if (token != nullptr) return token;
  return Error(ErrorCode::kInvalidInput,
               fmt::format("there is no token: {} is not set", splitter::kSplitterTokenVariable))
      .Try(fmt::format("{}=$(openssl rand -hex 32)", splitter::kSplitterTokenVariable));
}

Status TellAddresses(const SplitterCommandOptions& options, const splitter::Splitter& splitter,
                     const splitter::ControlServer& control, double seconds, Session& session) {
  const std::string url =
      UrlOf(options.splitter.host, splitter.port(), options.splitter.tls.wanted());
  const std::string control_url = UrlOf(options.control.host, control.port(), false);
  const Json event = {{"event", "listening"},
                      {"url", url},
                      {"control", control_url},
                      {"instance", control.instance()},
                      {"seconds", seconds}};
  if (session.json) {
    session.PrintJson(event);
  } else {
    const auto versions = static_cast<int64_t>(splitter.routes().versions.size());
    session.Print(fmt::format("  {}   {} · {} · ready in {}\n  {}   control\n", url,
                              Plural(options.splitter.threads, "thread", "threads"),
                              Plural(versions, "version", "versions"), FormatSeconds(seconds),
                              control_url));
  }
  session.FlushOutput();
  return WriteListeningFile(options.listening_path, event);
}

Result<int> Split(SplitterCommandOptions& options, Session& session) {
  const Stopwatch watch;
  TakeServerSignals();
  SLIPWAY_ASSIGN_OR_RETURN(options.control.token, TokenOfEnvironment());
  if (options.splitter.threads <= 0) options.splitter.threads = AvailableCores();
  SLIPWAY_ASSIGN_OR_RETURN(const splitter::Routes routes,
                           splitter::LoadRoutes(options.control.routes_path));
  SLIPWAY_ASSIGN_OR_RETURN(const std::unique_ptr<splitter::Splitter> splitter,
                           splitter::Splitter::Start(options.splitter, routes));
  SLIPWAY_ASSIGN_OR_RETURN(const std::unique_ptr<splitter::ControlServer> control,
                           splitter::ControlServer::Start(options.control, splitter.get()));
  SLIPWAY_RETURN_IF_ERROR(TellAddresses(options, *splitter, *control, watch.seconds(), session));
  // A signal that comes just before the wait is seen behind it.
  constexpr double kLookSeconds = 0.2;
  while (StopSignal() == 0) WaitForSignal(kLookSeconds);
  // Its controller may go on to ask meanwhile.
  if (!splitter->Stop(options.drain_seconds))
    session.Warn(
        fmt::format("what had not ended within {:g} s was cut off", options.drain_seconds));
  return kExitDone;
}

}  // namespace

void AddSplitterCommand(CLI::App& app, Session& session) {
  CLI::App* command =
      app.add_subcommand("splitter", "Split requests between versions that are served elsewhere");
  auto options = std::make_shared<SplitterCommandOptions>();
  AddAddressOptions(command, &options->splitter.host, &options->splitter.port);
  AddThreadsOption(command, &options->splitter.threads);
  command
      ->add_option("--routes", options->control.routes_path,
                   "File of the routes: read at the start if it is there, written with each change")
      ->required()
      ->type_name("FILE");
  command
      ->add_option("--control-port", options->control.port,
                   "Where a controller asks, on 127.0.0.1, with the token of "
                   "SLIPWAY_SPLITTER_TOKEN; 0 takes a free one")
      ->check(CLI::Range(0, kLargestPort))
      ->type_name("N")
      ->capture_default_str();
  AddListeningFileOption(command, &options->listening_path);
  AddTlsOptions(command, &options->splitter.tls);
  command
      ->add_option("--answer-timeout", options->splitter.answer_seconds,
                   "Seconds in which a server goes on with its answer; beyond: 504")
      ->check(Between(kShortestAnswer, kLongestAnswer))
      ->type_name("SECONDS")
      ->capture_default_str();
  AddDrainOption(command, &options->drain_seconds,
                 "Seconds that requests get to end after SIGTERM");
  AddExamples(command, R"(
    SLIPWAY_SPLITTER_TOKEN=$(openssl rand -hex 32) slipway splitter --routes routes.json
    slipway splitter --host 0.0.0.0 --port 8080 --routes routes.json --control-port 8079
    curl -H "Authorization: Bearer $SLIPWAY_SPLITTER_TOKEN" localhost:8079/snapshot
    curl -H "Authorization: Bearer $SLIPWAY_SPLITTER_TOKEN" localhost:8079/routes -T routes.json)");
  command->callback([options, &session] { session.Finish(Split(*options, session)); });
}

}  // namespace slipway::cli
