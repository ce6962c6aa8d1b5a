// The command line: options and commands are declared, the chosen one runs. No logic lives here.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <sstream>

#include "cli/session.h"
#include "core/build_info.h"
#include "core/interrupt.h"
#include "core/text.h"

namespace slipway::cli {
namespace {

void AddCommands(CLI::App& app, Session& session) {
  AddRunCommand(app, session);
  AddRunsCommand(app, session);
  AddModelsCommand(app, session);
  AddPredictCommand(app, session);
  AddConfigCommand(app, session);
  AddCompletionCommand(app, session);
}

std::vector<std::string> CommandNames(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  return names;
}

// The innermost command that the arguments chose, "slipway run" say, for the hint of an error.
const CLI::App* ChosenCommand(const CLI::App* app, std::string* name) {
  for (const CLI::App* command : app->get_subcommands()) {
    *name += " " + command->get_name();
    return ChosenCommand(command, name);
  }
  return app;
}

// Names of a command's options and subcommands, for "did you mean".
std::vector<std::string> ValidWords(const CLI::App* command) {
  std::vector<std::string> words = CommandNames(*command);
  for (const CLI::App* level = command; level != nullptr; level = level->get_parent()) {
    for (const CLI::Option* option : level->get_options()) {
      for (const std::string& name : option->get_lnames()) words.push_back("--" + name);
    }
  }
  return words;
}

// What CLI11 would print itself: --help and --version.
void PrintSuccess(const CLI::App& app, const CLI::Success& success, Session& session) {
  std::ostringstream out;
  app.exit(success, out, out);
  session.Print(out.str());
}

void ReportUsage(const CLI::App& app, const CLI::ParseError& parse_error, Session& session) {
  std::string name = "slipway";
  const CLI::App* command = ChosenCommand(&app, &name);
  std::string what(Trim(parse_error.what()));
  std::string hint = name + " --help";
  const std::vector<std::string> extras = app.remaining(true);
  if (dynamic_cast<const CLI::ExtrasError*>(&parse_error) != nullptr && !extras.empty()) {
    const bool option = extras.front().starts_with('-');
    what = std::string(option ? "no option '" : "no command or argument '") + extras.front() +
           "' for " + name;
    const std::string nearest = NearestName(extras.front(), ValidWords(command));
    if (!nearest.empty()) hint = "'" + nearest + "', or " + hint;
  } else if (dynamic_cast<const CLI::RequiredError*>(&parse_error) != nullptr &&
             !command->get_subcommands({}).empty()) {
    what = name + " needs a command: " + JoinOr(CommandNames(*command));
  }
  session.Finish(Error(ErrorCode::kInvalidInput, what).Try(hint));
}

void DeclareGlobalOptions(CLI::App& app, std::string* output, bool* no_color) {
  app.set_version_flag("-V,--version",
                       std::string("slipway ") + Version() + " (" + BuildId() + ")");
  app.add_option("-o,--output", *output, "Output for a person or a machine")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  app.add_flag("--no-color", *no_color, "No colour, even on a terminal");
}

int Main(int argc, char** argv) {
  InstallInterruptHandlers();
  CLI::App app(
      "CI/CD for machine learning: from data and YAML to a gated, registered, immutable model.",
      "slipway");
  app.require_subcommand(1);
  app.fallthrough();
  Session session;
  std::string output = "text";
  bool no_color = false;
  DeclareGlobalOptions(app, &output, &no_color);
  // Runs after all options are known and before the chosen command.
  app.parse_complete_callback([&] {
    session.json = output == "json";
    const bool plain = no_color || std::getenv("NO_COLOR") != nullptr || session.json;
    session.color = !plain && ::isatty(STDOUT_FILENO) == 1;
    session.progress_bars =
        !session.json && ::isatty(STDOUT_FILENO) == 1 && ::isatty(STDERR_FILENO) == 1;
  });
  AddCommands(app, session);
  app.footer(
      "Examples:\n"
      "  slipway run --env development --local\n"
      "  slipway models list\n"
      "  slipway predict ml-classifier@production --input new.csv\n"
      "\nEach command's --help shows its own.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {
    PrintSuccess(app, success, session);
  } catch (const CLI::ParseError& error) {
    session.json = session.json || output == "json";
    ReportUsage(app, error, session);
  }
  session.FlushOutput();
  return session.exit_code;
}

}  // namespace
}  // namespace slipway::cli

int main(int argc, char** argv) { return slipway::cli::Main(argc, argv); }
