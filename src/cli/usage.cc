#include "cli/usage.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "core/text.h"

namespace slipway::cli {
namespace {

std::vector<std::string> CommandNames(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  return names;
}

// The innermost command that the arguments chose, and how it is typed: "slipway run".
const CLI::App* ChosenCommand(const CLI::App* app, std::string* path) {
  for (const CLI::App* command : app->get_subcommands()) {
    *path += " " + command->get_name();
    return ChosenCommand(command, path);
  }
  return app;
}

// Options that may stand after a command: its own and those of the levels above.
std::vector<std::string> OptionNames(const CLI::App* command) {
  std::vector<std::string> names;
  for (const CLI::App* level = command; level != nullptr; level = level->get_parent()) {
    for (const CLI::Option* option : level->get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
  }
  return names;
}

// Every command called `name`, as it is typed: "slipway models list", "slipway runs list".
void FindCommands(const CLI::App& app, const std::string& path, const std::string& name,
                  std::vector<std::string>* found) {
  for (const CLI::App* command : app.get_subcommands({})) {
    const std::string typed = path + " " + command->get_name();
    if (command->get_name() == name) found->push_back(typed);
    FindCommands(*command, typed, name, found);
  }
}

Error NoSuchOption(const CLI::App* command, const std::string& path, const std::string& word) {
  const std::string name = word.substr(0, word.find('='));
  std::string typed = path;
  for (const CLI::App* level = command; level->get_parent() != nullptr;
       level = level->get_parent()) {
    // An option of a chosen command was left over only because it came too early.
    if (level->get_option_no_throw(name) != nullptr) {
      return {ErrorCode::kInvalidInput, fmt::format("'{}' is an option of {}: put it after {}",
                                                    name, typed, level->get_name())};
    }
    typed.resize(typed.rfind(' '));
  }
  const std::string nearest = NearestName(name, OptionNames(command));
  return Error(ErrorCode::kInvalidInput, fmt::format("no option '{}' for {}", name, path))
      .Try(fmt::format("{}{} --help", nearest.empty() ? "" : "'" + nearest + "', or ", path));
}

// The library's "Could not convert: NAME = word".
std::string InOurWords(const CLI::ParseError& error) {
  std::string text(Trim(error.what()));
  if (dynamic_cast<const CLI::ConversionError*>(&error) == nullptr) return text;
  const size_t name = text.find(": "), word = text.find(" = ");
  if (name == std::string::npos || word == std::string::npos || word < name) return text;
  constexpr size_t kColon = 2, kEquals = 3;
  return fmt::format("{}: '{}' is no number", text.substr(name + kColon, word - name - kColon),
                     text.substr(word + kEquals));
}

}  // namespace

Error NoSuchCommand(const CLI::App& app, const CLI::App& level, const std::string& path,
                    const std::string& word) {
  const std::vector<std::string> names = CommandNames(level);
  std::vector<std::string> tries;
  if (const std::string nearest = NearestName(word, names); !nearest.empty()) {
    tries.push_back(path + " " + nearest);
  } else {
    FindCommands(app, "slipway", word, &tries);
  }
  Error error(ErrorCode::kInvalidInput, fmt::format("{} has no command '{}'", path, word));
  if (tries.empty()) error = std::move(error).Expected(JoinOr(names));
  tries.push_back(path + " --help");
  return std::move(error).Try(JoinOr(tries));
}

Error UsageError(const CLI::App& app, const CLI::ParseError& parse_error) {
  std::string path = "slipway";
  const CLI::App* command = ChosenCommand(&app, &path);
  const bool needs_command = !command->get_subcommands({}).empty();
  // A word that nobody takes explains why another one is missing.
  const bool incomplete = dynamic_cast<const CLI::ExtrasError*>(&parse_error) != nullptr ||
                          dynamic_cast<const CLI::RequiredError*>(&parse_error) != nullptr;
  const std::vector<std::string> extras = app.remaining(true);
  if (incomplete && !extras.empty()) {
    const std::string& word = extras.front();
    if (word.size() > 1 && word.front() == '-') return NoSuchOption(command, path, word);
    if (needs_command) return NoSuchCommand(app, *command, path, word);
    return Error(ErrorCode::kInvalidInput, fmt::format("no argument '{}' for {}", word, path))
        .Try(path + " --help");
  }
  if (needs_command && dynamic_cast<const CLI::RequiredError*>(&parse_error) != nullptr) {
    return Error(ErrorCode::kInvalidInput,
                 fmt::format("{} needs a command: {}", path, JoinOr(CommandNames(*command))))
        .Try(path + " --help");
  }
  return Error(ErrorCode::kInvalidInput, InOurWords(parse_error)).Try(path + " --help");
}

}  // namespace slipway::cli
