// The command line: options and commands are declared, the chosen one runs. No logic lives here.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <new>
#include <sstream>

#include "cli/session.h"
#include "cli/usage.h"
#include "core/build_info.h"
#include "core/interrupt.h"
#include "core/plugin.h"

namespace slipway::cli {
namespace {

void AddCommands(CLI::App& app, Session& session) {
  AddRunCommand(app, session);
  AddTestCommand(app, session);
  AddRunsCommand(app, session);
  AddModelsCommand(app, session);
  AddPredictCommand(app, session);
  AddServeCommand(app, session);
  AddDeployCommand(app, session);
  AddRolloutCommand(app, session);
  AddUpCommand(app, session);
  AddDownCommand(app, session);
  AddSplitterCommand(app, session);
  AddDataCommand(app, session);
  AddConfigCommand(app, session);
  AddCompletionCommand(app, session);
  AddHelpCommand(app, session);
  AddVersionCommand(app, session);
}

// What CLI11 would print itself: --help and --version.
void PrintSuccess(const CLI::App& app, const CLI::Success& success, Session& session) {
  if (dynamic_cast<const CLI::CallForVersion*>(&success) != nullptr) return PrintVersion(session);
  std::ostringstream out;
  app.exit(success, out, out);
  session.Print(out.str());
}

void DeclareGlobalOptions(CLI::App& app, std::string* output, bool* no_color) {
  app.add_option("-o,--output", *output, "Output for a person or a machine")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  app.add_flag("--no-color", *no_color, "No colour, even on a terminal");
  // After --output, because it ends the parsing and is printed in its form.
  app.set_version_flag("-V,--version", Version());
}

int Main(int argc, char** argv) {
  InstallInterruptHandlers();
  const PluginScope plugins;
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
  app.parse_complete_callback([&] { session.ChooseForm(output == "json", no_color); });
  AddCommands(app, session);
  app.footer(
      "Examples:\n"
      "  slipway run --env development --local\n"
      "  slipway models list\n"
      "  slipway predict ml-classifier@production --input new.csv\n"
      "  slipway deploy --env production\n"
      "\nEach command's --help shows its own.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {
    session.json = output == "json";
    PrintSuccess(app, success, session);
  } catch (const CLI::ParseError& error) {
    session.json = session.json || output == "json";
    session.Finish(UsageError(app, error));
  }
  session.FlushOutput();
  return session.exit_code;
}

}  // namespace
}  // namespace slipway::cli

// What nobody caught, memory that ran out most likely, is told like any error.
int main(int argc, char** argv) try {
  return slipway::cli::Main(argc, argv);
} catch (const std::bad_alloc&) {
  std::fputs("error: not enough memory; try a smaller table, or more memory\n", stderr);
  return 3;
} catch (const std::exception& error) {
  std::fprintf(stderr, "error: a defect of Slipway: %s\n", error.what());
  return 3;
}
