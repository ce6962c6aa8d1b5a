// What all commands share: where output goes, whether it is for a person or a machine, and the exit
// code.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "core/json.h"
#include "core/progress.h"
#include "core/result.h"

namespace CLI {
class App;
}

namespace slipway::cli {

// One a process, made by main before the command line is parsed; commands keep a reference. Not
// thread-safe.
class Session {
 public:
  Session();
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // `--output json`: standard output carries JSON only.
  bool json = false;
  // Colour on standard output, and on standard error.
  bool color = false;
  bool error_color = false;
  bool progress_bars = false;
  int exit_code = kExitDone;

  // Sets the fields above by what the two streams are. Colour takes a terminal that is not dumb,
  // and neither NO_COLOR with a value (no-color.org) nor `plain`, which is --no-color.
  void ChooseForm(bool as_json, bool plain);

  // Text for a person, to standard output; callers end lines themselves.
  void Print(const std::string& text);
  // One compact JSON line to standard output.
  void PrintJson(const Json& value);
  // One line on standard error, for a person and a machine alike.
  void Warn(const std::string& text);
  // An SGR sequence around `text` where colour is on: Paint("32", "✓").
  std::string Paint(const char* sgr, const std::string& text) const;

  // A command's callback ends here: prints the error (as JSON on standard output too under --output
  // json) and keeps the exit code.
  void Finish(const Result<int>& result);
  // Main ends here: what can't be written to standard output is told, and the exit code says so. A
  // reader that has gone, as head goes after its lines, is no failure.
  void FlushOutput();

  // Events of long commands in the chosen form. Lives as long as the session.
  ProgressSink& progress();

 private:
  std::unique_ptr<ProgressSink> progress_;
  int write_error_ = 0;  // The errno of the first write to standard output that failed.
};

// Adds the epilogue "Examples:" to a command's --help. Each line is one command line. Few commands
// print for a person only.
void AddExamples(CLI::App* command, const std::string& examples, bool speaks_json = true);

// Options that commands working on a configuration share: --config, --env, --set, --local.
struct ConfigOptions {
  std::string config_path;  // Default: configs/config.yaml, else config.yaml.
  std::string environment = "development";
  std::vector<std::string> overrides;
  bool local = false;
};
void AddConfigOptions(CLI::App* command, ConfigOptions* options);
// --threads; 0 where it is left out, for all available cores.
void AddThreadsOption(CLI::App* command, int* threads);
config::LoadOptions ToLoadOptions(const ConfigOptions& options);

// One function a command, in a file of its name; main lists them.
void AddCompletionCommand(CLI::App& app, Session& session);
void AddConfigCommand(CLI::App& app, Session& session);
void AddDataCommand(CLI::App& app, Session& session);
void AddDeployCommand(CLI::App& app, Session& session);
void AddDownCommand(CLI::App& app, Session& session);
void AddHelpCommand(CLI::App& app, Session& session);
void AddModelsCommand(CLI::App& app, Session& session);
void AddPredictCommand(CLI::App& app, Session& session);
void AddRolloutCommand(CLI::App& app, Session& session);
void AddRunCommand(CLI::App& app, Session& session);
void AddRunsCommand(CLI::App& app, Session& session);
void AddServeCommand(CLI::App& app, Session& session);
void AddSplitterCommand(CLI::App& app, Session& session);
void AddTestCommand(CLI::App& app, Session& session);
void AddUpCommand(CLI::App& app, Session& session);
void AddVersionCommand(CLI::App& app, Session& session);

// "slipway 0.1.0 (build)", as `slipway version` and --version print it.
void PrintVersion(Session& session);

}  // namespace slipway::cli
