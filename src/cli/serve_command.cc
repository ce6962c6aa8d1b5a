// `slipway serve`: predictions over HTTP.
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <memory>
#include <vector>

#include "cli/registry_options.h"
#include "cli/session.h"
#include "core/clock.h"
#include "core/parallel.h"
#include "core/text.h"
#include "http/server.h"
#include "pipeline/predict.h"
#include "serve/model_host.h"
#include "serve/service.h"

namespace slipway::cli {
namespace {

struct ServeCommandOptions {
  std::vector<std::string> references;
  std::vector<std::string> features;
  std::string unknown = "accept";
  double drain_seconds = 5;
  bool no_metrics = false;
  RegistryOptions registry;
  http::ServerOptions server;
  serve::ServiceOptions service;
};

// A reference, resolved anew each time.
class ReferencedModel final : public serve::ModelSource {
 public:
  ReferencedModel(std::string reference, std::string registry, std::vector<std::string> features)
      : reference_(std::move(reference)),
        registry_(std::move(registry)),
        features_(std::move(features)) {}

  const std::string& reference() const override { return reference_; }

  Result<serve::LoadedModel> Load() override {
    SLIPWAY_ASSIGN_OR_RETURN(pipeline::ChosenModel chosen,
                             pipeline::ChooseModel(reference_, registry_, features_));
    return serve::LoadedModel{std::move(chosen.model), std::move(chosen.name),
                              std::move(chosen.version)};
  }

 private:
  std::string reference_, registry_;
  std::vector<std::string> features_;
};

// What the system asks of a server. Of its own, as the flag of other commands would end the
// predictions that are still to be answered.
volatile std::sig_atomic_t stop_signal = 0;
volatile std::sig_atomic_t reload_signal = 0;

void NoteStop(int signal) {
  if (stop_signal == SIGINT && signal == SIGINT) ::_exit(130);
  stop_signal = signal;
}
void NoteReload(int /*signal*/) { reload_signal = 1; }

void TakeSignals() {
  struct sigaction action{};
  sigemptyset(&action.sa_mask);
  action.sa_handler = NoteStop;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  action.sa_handler = NoteReload;
  ::sigaction(SIGHUP, &action, nullptr);
}

// Until `seconds` have passed or a signal comes.
void Wait(double seconds) { ::poll(nullptr, 0, static_cast<int>(seconds * 1000)); }

void TellModels(const serve::ModelHost& host, const char* event, Session& session) {
  for (const auto& model : host.models()) {
    const std::string shown =
        model->version.empty() ? model->name : model->name + ":" + model->version;
    if (session.json) {
      session.PrintJson({{"event", event},
                         {"model", model->name},
                         {"version", model->version},
                         {"digest", model->model.digest},
                         {"engine", model->model.predictor->engine()}});
    } else {
      session.Print(fmt::format("{} {} {}   {} · {}\n", session.Paint("32", "✓"), event,
                                Printable(shown), model->model.predictor->engine(),
                                model->model.digest.substr(0, 19)));
    }
  }
  session.FlushOutput();
}

void TellAddress(const http::ServerOptions& options, int port, double seconds, Session& session) {
  const std::string host =
      options.host.find(':') == std::string::npos ? options.host : "[" + options.host + "]";
  const std::string url =
      fmt::format("{}://{}:{}", options.tls.wanted() ? "https" : "http", host, port);
  if (session.json) {
    session.PrintJson({{"event", "listening"}, {"url", url}, {"seconds", seconds}});
  } else {
    session.Print(fmt::format("  {}   {} · ready in {}\n", url,
                              Plural(options.threads, "thread", "threads"),
                              FormatSeconds(seconds)));
  }
  session.FlushOutput();
}

// Readiness goes first and traffic on for a while, so that whoever sends it has time to hear.
void Drain(const ServeCommandOptions& options, http::Server& server, serve::Service& service,
           Session& session) {
  service.BeginDrain();
  const Stopwatch watch;
  while (stop_signal == SIGTERM && watch.seconds() < options.drain_seconds) {
    Wait(std::max(0.001, options.drain_seconds - watch.seconds()));
  }
  server.BeginDrain();
  constexpr double kMostSeconds = 30;
  if (!server.FinishDrain(kMostSeconds)) {
    session.Warn(fmt::format("{} did not end within {:g} s and were cut off",
                             Plural(server.connections(), "connection", "connections"),
                             kMostSeconds));
  }
}

Result<int> Serve(ServeCommandOptions& options, Session& session) {
  const Stopwatch watch;
  TakeSignals();
  SLIPWAY_ASSIGN_OR_RETURN(const std::string registry,
                           RegistryOf(options.references, options.registry, session));
  std::vector<std::unique_ptr<serve::ModelSource>> sources;
  for (const std::string& reference : options.references) {
    sources.push_back(std::make_unique<ReferencedModel>(reference, registry, options.features));
  }
  serve::ModelHost host(std::move(sources));
  if (options.server.threads <= 0) options.server.threads = AvailableCores();
  options.service.metrics = !options.no_metrics;
  options.service.reader.unknown = options.unknown == "reject" ? serve::UnknownCategory::kReject
                                                               : serve::UnknownCategory::kAccept;
  serve::Service service(options.service, host, options.server.threads);
  // Alive before it is ready: a model may take its time.
  SLIPWAY_ASSIGN_OR_RETURN(const auto server, http::Server::Start(options.server, &service));
  service.Observe(server.get());
  SLIPWAY_RETURN_IF_ERROR(host.Load());
  TellModels(host, "serving", session);
  TellAddress(options.server, server->port(), watch.seconds(), session);
  while (stop_signal == 0) {
    constexpr double kLookSeconds = 0.2;
    Wait(kLookSeconds);
    if (reload_signal == 0) continue;
    reload_signal = 0;
    if (const Status loaded = host.Load(); !loaded.ok()) {
      session.Warn("not reloaded, and the old model goes on: " + loaded.error().ToString());
    } else {
      TellModels(host, "reloaded", session);
    }
  }
  Drain(options, *server, service, session);
  return kExitDone;
}

void AddLimits(CLI::App* command, ServeCommandOptions* options) {
  command->add_option("--max-body", options->server.limits.body_bytes, "Largest body of a request")
      ->transform(CLI::AsSizeValue(false))
      ->type_name("BYTES")
      ->capture_default_str();
  command->add_option("--max-rows", options->service.reader.max_rows, "Most rows of a request")
      ->check(CLI::PositiveNumber)
      ->type_name("N")
      ->capture_default_str();
  command
      ->add_option("--max-connections", options->server.limits.connections,
                   "Connections at once, a thread; more are told to come again")
      ->check(CLI::PositiveNumber)
      ->type_name("N")
      ->capture_default_str();
  command
      ->add_option("--drain", options->drain_seconds,
                   "Seconds to go on after SIGTERM, while /ready says no")
      ->check(CLI::NonNegativeNumber)
      ->type_name("SECONDS")
      ->capture_default_str();
}

}  // namespace

void AddServeCommand(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("serve", "Answer predictions over HTTP");
  auto options = std::make_shared<ServeCommandOptions>();
  command
      ->add_option(
          "MODEL", options->references,
          "NAME, NAME:7, NAME@production, sha256:…, a directory or an ONNX file; the first "
          "answers /predict, each /models/NAME/predict")
      ->required();
  command->add_option("--port", options->server.port, "0 takes a free one")
      ->check(CLI::Range(0, 65535))
      ->type_name("N")
      ->capture_default_str();
  command->add_option("--host", options->server.host, "Address to listen on; 0.0.0.0 for all")
      ->type_name("ADDRESS")
      ->capture_default_str();
  command
      ->add_option("--unknown-categories", options->unknown,
                   "What becomes of a text that training did not have")
      ->check(CLI::IsMember({"accept", "reject"}))
      ->capture_default_str();
  command
      ->add_option(
          "--feature-columns", options->features,
          "Columns, in order, of an ONNX file that takes one matrix and does not name them")
      ->type_name("NAME,…")
      ->delimiter(',')
      ->allow_extra_args(false);
  command
      ->add_option("--tls-certificate", options->server.tls.certificate_path,
                   "Chain of certificates (PEM), for HTTPS")
      ->type_name("FILE");
  command->add_option("--tls-key", options->server.tls.key_path, "Its private key (PEM)")
      ->type_name("FILE");
  command->add_flag("--no-metrics", options->no_metrics, "No /metrics");
  AddThreadsOption(command, &options->server.threads);
  AddLimits(command, options.get());
  AddRegistryOptions(command, &options->registry);
  AddExamples(command, R"(
    slipway serve ml-classifier@production --port 8080
    slipway serve ./model --host 0.0.0.0 --threads 4
    slipway serve iris.onnx --feature-columns length,width
    curl localhost:8080/predict -d '{"features": [41, 52000]}'
    curl localhost:8080/predict -d '{"instances": [{"age": 41, "income": 52000}]}')");
  command->callback([options, &session] { session.Finish(Serve(*options, session)); });
}

}  // namespace slipway::cli
