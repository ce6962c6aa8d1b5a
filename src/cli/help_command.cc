// `slipway help [COMMAND…]` and `slipway version`: what many type before they try an option.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "cli/session.h"
#include "cli/usage.h"
#include "core/build_info.h"

namespace slipway::cli {
namespace {

Result<int> Help(const CLI::App& app, const std::vector<std::string>& words, Session& session) {
  const CLI::App* level = &app;
  std::string path = "slipway";
  for (const std::string& word : words) {
    const auto commands = level->get_subcommands({});
    const auto command = std::ranges::find(commands, word, &CLI::App::get_name);
    if (command == commands.end()) return NoSuchCommand(app, *level, path, word);
    level = *command;
    path += " " + word;
  }
  // Asked for its help, an app would delegate to the command that was chosen: to this one.
  session.Print(level->get_formatter()->make_help(level, path, CLI::AppFormatMode::Normal));
  return kExitDone;
}

}  // namespace

void PrintVersion(Session& session) {
  if (session.json) {
    session.PrintJson({{"version", Version()}, {"build", BuildId()}});
  } else {
    session.Print(fmt::format("slipway {} ({})\n", Version(), BuildId()));
  }
}

void AddHelpCommand(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("help", "Print the help of a command");
  auto words = std::make_shared<std::vector<std::string>>();
  command->add_option("COMMAND", *words, "The command: models list")->type_name("WORD");
  AddExamples(command, "slipway help run\nslipway help models promote", false);
  command->callback([&app, words, &session] { session.Finish(Help(app, *words, session)); });
}

void AddVersionCommand(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("version", "Print the version and the build");
  AddExamples(command, "slipway version\nslipway version --output json");
  command->callback([&session] { PrintVersion(session); });
}

}  // namespace slipway::cli
