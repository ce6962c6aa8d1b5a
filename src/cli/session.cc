#include "cli/session.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <system_error>

#include "cli/progress_view.h"
#include "core/text.h"

namespace slipway::cli {
namespace {

Json ErrorJson(const Error& error) {
  Json json = {{"code", ToString(error.code())}, {"message", error.ToString()}};
  const Location& at = error.location();
  if (!at.file.empty()) json["file"] = at.file;
  if (at.line > 0) json["line"] = at.line;
  if (at.column > 0) json["column"] = at.column;
  if (at.row > 0) json["row"] = at.row;
  if (!at.field.empty()) json["field"] = at.field;
  return json;
}

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string Painted(bool color, const char* sgr, const std::string& text) {
  return color ? fmt::format("\x1b[{}m{}\x1b[0m", sgr, text) : text;
}

}  // namespace

Session::Session() = default;
Session::~Session() = default;

void Session::ChooseForm(bool as_json, bool plain) {
  json = as_json;
  const std::string terminal = Variable("TERM");
  // A dumb terminal can't erase a bar either.
  const bool able = !json && terminal != "dumb";
  const bool out = able && ::isatty(STDOUT_FILENO) == 1;
  const bool err = able && ::isatty(STDERR_FILENO) == 1;
  const bool painted = !plain && Variable("NO_COLOR").empty();
  color = painted && out;
  error_color = painted && err;
  progress_bars = out && err;
}

void Session::Print(const std::string& text) {
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  // The stream itself keeps that a write failed, and not why.
  if (!written && write_error_ == 0) write_error_ = errno;
}

void Session::PrintJson(const Json& value) { Print(CompactJson(value) + "\n"); }

void Session::Warn(const std::string& text) {
  const std::string label = Painted(error_color, "33", "warning:");
  std::fputs((label + " " + Printable(text) + "\n").c_str(), stderr);
}

std::string Session::Paint(const char* sgr, const std::string& text) const {
  return Painted(color, sgr, text);
}

void Session::Finish(const Result<int>& result) {
  if (result.ok()) {
    exit_code = *result;
    return;
  }
  const Error& error = result.error();
  exit_code = ExitCodeFor(error.code());
  // So that the error comes after what was printed, where both go to one place.
  if (std::fflush(stdout) != 0 && write_error_ == 0) write_error_ = errno;
  std::fputs(error.Render().c_str(), stderr);
  if (!json) return;
  Json errors = Json::array({ErrorJson(error)});
  for (const Error& other : error.others()) errors.push_back(ErrorJson(other));
  PrintJson({{"status", "error"}, {"errors", std::move(errors)}});
}

void Session::FlushOutput() {
  if (std::fflush(stdout) != 0 && write_error_ == 0) write_error_ = errno;
  // The views of progress write to the stream themselves.
  if (write_error_ == 0 && std::ferror(stdout) != 0) write_error_ = EIO;
  if (write_error_ == 0 || write_error_ == EPIPE) return;
  const Error error(ErrorCode::kIo, "standard output: can't write: " +
                                        std::generic_category().message(write_error_));
  std::fputs(error.Render().c_str(), stderr);
  // A failure told before stays the reason for which the process ends.
  if (exit_code == kExitDone || exit_code == kExitNo) exit_code = ExitCodeFor(error.code());
}

ProgressSink& Session::progress() {
  if (!progress_) {
    ProgressStyle style = ProgressStyle::kPlain;
    if (progress_bars) style = ProgressStyle::kTerminal;
    if (json) style = ProgressStyle::kJson;
    progress_ = MakeProgressView(style, {color, error_color}, stdout, stderr);
  }
  return *progress_;
}

void AddExamples(CLI::App* command, const std::string& examples, bool speaks_json) {
  std::string text = "Examples:\n";
  std::istringstream lines(examples);
  for (std::string line; std::getline(lines, line);) {
    if (!Trim(line).empty()) text += "  " + std::string(Trim(line)) + "\n";
  }
  text +=
      fmt::format("\nAlso takes {}--no-color and --help.\n", speaks_json ? "--output json, " : "");
  command->footer(
      text +
      "Exit codes: 0 done, 1 the answer is no, 2 wrong input, 3 a service failed, 4 integrity, "
      "130 interrupted.");
}

void AddConfigOptions(CLI::App* command, ConfigOptions* options) {
  command
      ->add_option("-c,--config", options->config_path,
                   "Configuration file or folder (default: configs/config.yaml, else config.yaml)")
      ->type_name("PATH");
  command->add_option("-e,--env", options->environment, "Environment section to use")
      ->type_name("NAME")
      ->capture_default_str();
  command
      ->add_option("--set", options->overrides,
                   "Override a key: model.hyperparameters.n_estimators=50 (repeatable)")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command->add_flag("--local", options->local,
                    "Use embedded stores under .slipway/ in place of remote ones");
}

void AddThreadsOption(CLI::App* command, int* threads) {
  constexpr int kMost = 1024;
  command->add_option("--threads", *threads, "Threads to use (default: all available cores)")
      ->type_name("N")
      ->check(CLI::Range(1, kMost));
}

config::LoadOptions ToLoadOptions(const ConfigOptions& options) {
  config::LoadOptions load;
  load.path = options.config_path;
  load.environment = options.environment;
  load.overrides = options.overrides;
  load.local = options.local;
  return load;
}

}  // namespace slipway::cli
