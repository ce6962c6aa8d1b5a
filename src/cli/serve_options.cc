#include "cli/serve_options.h"

#include <CLI/CLI.hpp>

#include "cli/between.h"
#include "cli/server_process.h"
#include "cli/session.h"
#include "config/config.h"
#include "core/json.h"

namespace slipway::cli {
namespace {

constexpr size_t kLeastBody = 1024, kMostBody = size_t{1} << 32U;
constexpr int64_t kMostRows = 10'000'000, kMostWaiting = 1'000'000;
constexpr size_t kMostConnections = 1'000'000;
constexpr double kLongestDelayMs = 10'000, kLeastSample = 1e-6;

void AddLimits(CLI::App* command, ServeCommandOptions* options) {
  command->add_option("--max-body", options->server.limits.body_bytes, "Largest body of a request")
      ->transform(CLI::AsSizeValue(false))
      ->check(CLI::Range(kLeastBody, kMostBody))
      ->type_name("BYTES")
      ->capture_default_str();
  command->add_option("--max-rows", options->service.reader.max_rows, "Most rows of a request")
      ->check(CLI::Range(int64_t{1}, kMostRows))
      ->type_name("N")
      ->capture_default_str();
  command
      ->add_option("--max-connections", options->server.limits.connections,
                   "Connections at once; more are told to come again")
      ->check(CLI::Range(size_t{1}, kMostConnections))
      ->type_name("N")
      ->capture_default_str();
  command
      ->add_option("--max-in-flight", options->service.max_in_flight,
                   "Requests that may wait for a thread; predictions beyond get 503")
      ->check(CLI::Range(int64_t{1}, kMostWaiting))
      ->type_name("N")
      ->capture_default_str();
  AddDrainOption(command, &options->drain_seconds,
                 "Seconds to go on after SIGTERM, while /ready says no");
}

void AddAccess(CLI::App* command, ServeCommandOptions* options) {
  command
      ->add_option("--tokens", options->access.tokens_path,
                   "File of bearer tokens, one a line, of which a prediction wants one (also "
                   "SLIPWAY_SERVE_TOKENS, with commas)")
      ->type_name("FILE");
  command
      ->add_option("--admin-tokens", options->access.admin_tokens_path,
                   "File of tokens for POST /admin/reload (also SLIPWAY_SERVE_ADMIN_TOKENS)")
      ->type_name("FILE");
  command
      ->add_option("--allowed-hosts", options->access.hosts,
                   "Names that the server may be called by: api.example.org, *.example.org:8443")
      ->type_name("HOST,…")
      ->delimiter(',')
      ->allow_extra_args(false);
  AddTlsOptions(command, &options->server.tls);
}

void AddLogs(CLI::App* command, ServeCommandOptions* options) {
  command->add_option("--access-log", options->access_log, "A line of JSON a request; - prints it")
      ->type_name("FILE|-");
  command->add_flag("--log-predictions", options->log_predictions,
                    "Keep inputs and predictions, as Parquet");
  command
      ->add_option("--prediction-log", options->prediction_log,
                   "Where: a directory or s3://BUCKET/PREFIX (default: .slipway/predictions)")
      ->type_name("PLACE");
  command->add_option("--log-sample", options->log_sample, "Share of the requests that is kept")
      ->check(Between(kLeastSample, 1))
      ->type_name("SHARE")
      ->capture_default_str();
  command->add_flag("--no-metrics", options->no_metrics, "No /metrics");
  command
      ->add_option("--prediction-bounds", options->prediction_bounds,
                   "Where /metrics cuts the estimates of a regression, at most 19, ascending "
                   "(default: the model's own)")
      ->type_name("NUMBER,…")
      ->delimiter(',')
      ->allow_extra_args(false);
}

void AddBatching(CLI::App* command, ServeCommandOptions* options) {
  command
      ->add_option("--batch-rows", options->batch_rows,
                   "Predict requests together, up to so many rows, for models that ONNX Runtime "
                   "runs; 0 does not")
      ->check(CLI::Range(int64_t{0}, kMostRows))
      ->type_name("N")
      ->capture_default_str();
  command
      ->add_option("--batch-delay", options->batch_delay_ms,
                   "How long a request may wait for others; 0: no longer than a thread is busy")
      ->check(Between(0, kLongestDelayMs))
      ->type_name("MS")
      ->capture_default_str();
}

}  // namespace

void AddServeOptions(CLI::App* command, ServeCommandOptions* options) {
  command
      ->add_option(
          "MODEL", options->references,
          "NAME, NAME:7, NAME@production, sha256:…, a directory or an ONNX file; the first "
          "answers /predict, each /models/NAME/predict")
      ->required();
  AddAddressOptions(command, &options->server.host, &options->server.port);
  AddListeningFileOption(command, &options->listening_path);
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
  AddThreadsOption(command, &options->server.threads);
  AddAccess(command, options);
  AddLogs(command, options);
  AddLimits(command, options);
  AddBatching(command, options);
  AddRegistryOptions(command, &options->registry);
}

Status TakeConfiguration(const CLI::App& command, ServeCommandOptions* options) {
  const RegistryOptions& named = options->registry;
  if (named.config_path.empty() && named.environment.empty()) return {};
  config::LoadOptions load;
  load.path = named.config_path;
  if (!named.environment.empty()) load.environment = named.environment;
  // As the registry is found: a store out of reach is taken for the embedded one.
  load.local = true;
  SLIPWAY_ASSIGN_OR_RETURN(const config::LoadedConfig loaded, config::LoadConfig(load));
  const Json& deployment = loaded.config.deployment.all;
  const Json monitoring = deployment.value("monitoring_config", Json::object());
  if (command.count("--port") == 0)
    options->server.port = static_cast<int>(deployment.value("port", options->server.port));
  if (command.count("--no-metrics") == 0)
    options->no_metrics = !monitoring.value("enable_metrics", true);
  if (command.count("--log-predictions") == 0)
    options->log_predictions = monitoring.value("log_predictions", false);
  options->service.window_seconds =
      static_cast<int>(monitoring.value("window_seconds", options->service.window_seconds));
  if (!options->log_predictions || !options->prediction_log.empty()) return {};
  load.local = false;
  SLIPWAY_ASSIGN_OR_RETURN(const config::LoadedConfig remote, config::LoadConfig(load));
  const std::string& store = remote.config.artifact_store;
  if (store.starts_with("s3://"))
    options->prediction_log = store + (store.ends_with('/') ? "predictions" : "/predictions");
  return {};
}

}  // namespace slipway::cli
