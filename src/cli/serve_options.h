// What `slipway serve` is told, on the command line and by a configuration.
#pragma once

#include <string>
#include <vector>

#include "cli/registry_options.h"
#include "core/result.h"
#include "http/server.h"
#include "serve/access.h"
#include "serve/batcher.h"
#include "serve/service.h"

namespace CLI {
class App;
}

namespace slipway::cli {

struct ServeCommandOptions {
  std::vector<std::string> references;
  std::vector<std::string> features;
  std::string unknown = "accept";
  double drain_seconds = 5;
  bool no_metrics = false;
  RegistryOptions registry;
  http::ServerOptions server;
  std::string listening_path;  // "" for none.
  serve::ServiceOptions service;
  serve::AccessOptions access;
  std::string access_log;  // "" for none.
  bool log_predictions = false;
  std::string prediction_log;  // "" for .slipway/predictions.
  double log_sample = 1;
  std::string log_service;  // "" for none.
  int64_t batch_rows = 0;   // 0 predicts each request by itself.
  double batch_delay_ms = 0;
  std::vector<double> prediction_bounds;  // Those of the models where there are none.
};

// `options` outlives the command line.
void AddServeOptions(CLI::App* command, ServeCommandOptions* options);

// What the deployment section of a configuration that was named (--config, --env) says, where the
// command line says nothing: port, enable_metrics, window_seconds, log_predictions, and by
// artifact_store where predictions go.
Status TakeConfiguration(const CLI::App& command, ServeCommandOptions* options);

}  // namespace slipway::cli
