// `slipway serve`: predictions over HTTP.
#include <fmt/format.h>
#include <poll.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <vector>

#include "cli/serve_options.h"
#include "cli/server_process.h"
#include "cli/session.h"
#include "core/clock.h"
#include "core/parallel.h"
#include "core/text.h"
#include "pipeline/predict.h"
#include "serve/model_host.h"
#include "serve/prediction_bounds.h"
#include "serve/prediction_log.h"

namespace slipway::cli {
namespace {

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
    if (!chosen.version.empty()) {
      return serve::LoadedModel{std::move(chosen.model), std::move(chosen.name),
                                std::move(chosen.version)};
    }
    // What a deployment tells its servers, which are given a folder.
    const char* const version = std::getenv("MODEL_VERSION");
    return serve::LoadedModel{std::move(chosen.model), serve::NameOfPath(chosen.name),
                              version == nullptr ? "" : version};
  }

 private:
  std::string reference_, registry_;
  std::vector<std::string> features_;
};

// What threads of others have to say, told by the main thread.
class Notices {
 public:
  void Add(const std::string& text) {
    const std::lock_guard lock(mutex_);
    texts_.push_back(text);
  }
  void Tell(Session& session) {
    std::vector<std::string> texts;
    {
      const std::lock_guard lock(mutex_);
      texts.swap(texts_);
    }
    for (const std::string& text : texts) session.Warn(text);
  }

 private:
  std::mutex mutex_;  // Guards texts_.
  std::vector<std::string> texts_;
};

void TellModels(const std::vector<std::shared_ptr<const serve::ServedModel>>& models,
                const char* event, Session& session) {
  for (const auto& model : models) {
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

Status TellAddress(const ServeCommandOptions& options, int port, double seconds, Session& session) {
  const std::string url = UrlOf(options.server.host, port, options.server.tls.wanted());
  const Json event = {{"event", "listening"}, {"url", url}, {"seconds", seconds}};
  if (session.json) {
    session.PrintJson(event);
  } else {
    session.Print(fmt::format("  {}   {} · ready in {}\n", url,
                              Plural(options.server.threads, "thread", "threads"),
                              FormatSeconds(seconds)));
  }
  session.FlushOutput();
  return WriteListeningFile(options.listening_path, event);
}

// Readiness goes first and traffic on for a while, so that whoever sends it has time to hear.
void Drain(const ServeCommandOptions& options, http::Server& server, serve::Service& service,
           Session& session) {
  service.BeginDrain();
  // Those who are answered meanwhile are told to go elsewhere; idle connections stay, so that
  // nobody's next request meets a closed one.
  server.BeginDrain();
  const Stopwatch watch;
  while (StopSignal() == SIGTERM && watch.seconds() < options.drain_seconds) {
    WaitForSignal(std::max(0.001, options.drain_seconds - watch.seconds()));
  }
  constexpr double kMostSeconds = 30;
  if (!server.FinishDrain(kMostSeconds)) {
    session.Warn(fmt::format("{} did not end within {:g} s and were cut off",
                             Plural(server.connections(), "connection", "connections"),
                             kMostSeconds));
  }
}

// The bounds are one model's.
Status CheckBounds(const ServeCommandOptions& options) {
  if (options.prediction_bounds.empty()) return {};
  if (options.references.size() > 1) {
    return Error(ErrorCode::kInvalidInput, "--prediction-bounds is for one model, and there are " +
                                               std::to_string(options.references.size()))
        .Try("a server each");
  }
  return serve::CheckPredictionBounds(options.prediction_bounds);
}

// A matrix that does not name its columns is told them; which of several models would be meant?
Status CheckFeatures(const ServeCommandOptions& options) {
  if (options.features.empty() || options.references.size() == 1) return {};
  return Error(ErrorCode::kInvalidInput, "--feature-columns is for one model, and there are " +
                                             std::to_string(options.references.size()))
      .Try("a server each");
}

// What whoever runs several servers calls this one.
Status TakeReplica(ServeCommandOptions* options) {
  const char* const tag = std::getenv("SLIPWAY_REPLICA");
  if (tag == nullptr || *tag == '\0') return {};
  if (!serve::IsReplicaTag(tag)) {
    return Error(ErrorCode::kInvalidInput, fmt::format("SLIPWAY_REPLICA is '{}'", Printable(tag)))
        .Expected("1 to 16 of a-z, 0-9 and -");
  }
  options->service.replica = tag;
  if (const char* const service = std::getenv("SLIPWAY_SERVICE")) options->log_service = service;
  return {};
}

// What serves, in the order in which its parts depend on each other; gone in the other one.
struct Serving {
  // No request comes any more; then the batcher answers what it has.
  ~Serving() {
    if (server != nullptr) server->Stop();
  }

  Notices notices;
  std::unique_ptr<serve::ModelHost> models;
  std::unique_ptr<serve::AccessHost> access;
  std::unique_ptr<serve::AccessLog> access_log;
  std::unique_ptr<serve::PredictionLog> log;
  std::unique_ptr<serve::Service> service;
  std::unique_ptr<http::Server> server;
  std::unique_ptr<serve::Batcher> batcher;  // Its answers go to the server.
};

Status OpenPredictionLog(const ServeCommandOptions& options, const std::string& registry,
                         Serving* serving) {
  serve::PredictionLogOptions log;
  const std::string usual = JoinPath(registry.empty() ? ".slipway" : registry, "predictions");
  if (options.log_predictions) {
    log.place = options.prediction_log.empty() ? usual : options.prediction_log;
    if (log.place.starts_with("s3://")) log.spool = JoinPath(usual, ".spool");
  }
  log.sample = options.log_sample;
  log.service = options.log_service;
  log.tell = [notices = &serving->notices](const std::string& text) { notices->Add(text); };
  // One loop more is the batcher's.
  SLIPWAY_ASSIGN_OR_RETURN(serving->log,
                           serve::PredictionLog::Open(log, options.server.threads + 1));
  return {};
}

Status OpenParts(ServeCommandOptions& options, const std::string& registry, Serving* serving) {
  std::vector<std::unique_ptr<serve::ModelSource>> sources;
  for (const std::string& reference : options.references) {
    sources.push_back(std::make_unique<ReferencedModel>(reference, registry, options.features));
  }
  serving->models = std::make_unique<serve::ModelHost>(std::move(sources));
  options.access.ReadEnvironment();
  serving->access = std::make_unique<serve::AccessHost>(options.access);
  SLIPWAY_RETURN_IF_ERROR(serving->access->Load());
  if (!options.access_log.empty()) {
    serve::AccessLogOptions log;
    log.path = options.access_log;
    log.loops = options.server.threads;
    SLIPWAY_ASSIGN_OR_RETURN(serving->access_log, serve::AccessLog::Open(log));
  }
  if (options.batch_rows > 0) {
    serve::BatcherOptions batcher;
    batcher.rows = options.batch_rows;
    batcher.delay_seconds = options.batch_delay_ms / 1000;
    batcher.threads = options.server.threads;
    batcher.queue_rows = std::max(batcher.queue_rows, options.service.reader.max_rows);
    SLIPWAY_ASSIGN_OR_RETURN(serving->batcher, serve::Batcher::Make(batcher));
  }
  return OpenPredictionLog(options, registry, serving);
}

Status Start(ServeCommandOptions& options, Serving* serving) {
  serve::ServiceOptions service = options.service;
  service.metrics = !options.no_metrics;
  service.prediction_bounds = options.prediction_bounds;
  service.reader.unknown = options.unknown == "reject" ? serve::UnknownCategory::kReject
                                                       : serve::UnknownCategory::kAccept;
  service.tokens = !options.access.tokens_path.empty() || options.access.tokens.has_value();
  service.allowed_hosts = !options.access.hosts.empty();
  service.admin =
      !options.access.admin_tokens_path.empty() || options.access.admin_tokens.has_value();
  serving->service = std::make_unique<serve::Service>(
      service,
      serve::ServiceParts{serving->models.get(), serving->access.get(), serving->access_log.get(),
                          serving->log.get(), serving->batcher.get()},
      options.server.threads);
  // Alive before it is ready: a model may take its time.
  SLIPWAY_ASSIGN_OR_RETURN(serving->server,
                           http::Server::Start(options.server, serving->service.get()));
  serving->service->Observe(serving->server.get());
  return {};
}

void Reload(Serving& serving, Session& session) {
  std::vector<serve::ReloadQueue::Waiting> waiting = serving.service->reloads().Take();
  if (const Status loaded = serving.access->Load(); !loaded.ok())
    session.Warn("the tokens stay as they were: " + loaded.error().ToString());
  if (serving.access_log != nullptr) {
    if (const Status opened = serving.access_log->Reopen(); !opened.ok())
      session.Warn("the access log goes on as it was: " + opened.error().ToString());
  }
  const serve::Taken taken = serving.models->Load();
  serving.service->ForgetOldModels();
  TellModels(taken.models, "reloaded", session);
  if (taken.error)
    session.Warn("not reloaded, and the old model goes on: " + taken.error->ToString());
  serving.service->AnswerReloads(std::move(waiting), taken);
}

// Until a signal says that it is enough.
void Watch(Serving& serving, Session& session) {
  const int asked = serving.service->reloads().descriptor();
  while (StopSignal() == 0) {
    constexpr double kLookSeconds = 0.2;
    WaitForSignal(kLookSeconds, asked);
    serving.notices.Tell(session);
    if (serving.access_log != nullptr) {
      if (const auto failure = serving.access_log->TakeFailure())
        session.Warn("the access log can't be written: " + failure->ToString());
    }
    pollfd waited{asked, POLLIN, 0};
    const bool waits = ::poll(&waited, 1, 0) > 0;
    if (TakeReloadSignal() || waits) Reload(serving, session);
  }
}

// What was recorded becomes segments.
void EndLog(Serving& serving, Session& session) {
  serving.server->Stop();
  serving.batcher.reset();
  const Status stopped = serving.log->Stop();
  serving.notices.Tell(session);
  if (!stopped.ok()) session.Warn(stopped.error().ToString());
}

Result<int> Serve(ServeCommandOptions& options, const CLI::App& command, Session& session) {
  const Stopwatch watch;
  TakeServerSignals();
  SLIPWAY_RETURN_IF_ERROR(CheckFeatures(options));
  SLIPWAY_RETURN_IF_ERROR(CheckBounds(options));
  SLIPWAY_RETURN_IF_ERROR(TakeReplica(&options));
  SLIPWAY_RETURN_IF_ERROR(TakeConfiguration(command, &options));
  SLIPWAY_ASSIGN_OR_RETURN(const std::string registry,
                           RegistryOf(options.references, options.registry, session));
  if (options.server.threads <= 0) options.server.threads = AvailableCores();
  Serving serving;
  SLIPWAY_RETURN_IF_ERROR(OpenParts(options, registry, &serving));
  for (const std::string& warning : serving.access->current()->warnings()) session.Warn(warning);
  SLIPWAY_RETURN_IF_ERROR(Start(options, &serving));
  serve::Taken taken = serving.models->Load();
  if (taken.error) return *std::move(taken.error);
  TellModels(taken.models, "serving", session);
  SLIPWAY_RETURN_IF_ERROR(TellAddress(options, serving.server->port(), watch.seconds(), session));
  Watch(serving, session);
  Drain(options, *serving.server, *serving.service, session);
  EndLog(serving, session);
  return kExitDone;
}

}  // namespace

void AddServeCommand(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("serve", "Answer predictions over HTTP");
  auto options = std::make_shared<ServeCommandOptions>();
  AddServeOptions(command, options.get());
  AddExamples(command, R"(
    slipway serve ml-classifier@production --port 8080
    slipway serve ml-classifier@production --env production --log-predictions
    slipway serve ./model --host 0.0.0.0 --tokens tokens.txt --access-log access.jsonl
    slipway serve iris.onnx --feature-columns length,width
    curl localhost:8080/predict -d '{"features": [41, 52000]}'
    curl localhost:8080/predict -d '{"instances": [{"age": 41, "income": 52000}]}')");
  command->callback(
      [options, command, &session] { session.Finish(Serve(*options, *command, session)); });
}

}  // namespace slipway::cli
