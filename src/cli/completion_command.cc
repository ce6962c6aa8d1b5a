// `slipway completion SHELL`: a script that completes commands and options, made from the commands
// themselves.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/session.h"
#include "core/text.h"

namespace slipway::cli {
namespace {

// One level of the command tree: what may follow `path`.
struct Level {
  std::string path;  // "", "models", "models list"
  std::vector<const CLI::App*> commands;
  std::vector<std::pair<std::string, std::string>> options;  // "--env" and its description.
};

void Collect(const CLI::App& app, const std::string& path, std::vector<Level>* levels) {
  Level level{path, {}, {}};
  for (const CLI::App* ancestor = &app; ancestor != nullptr; ancestor = ancestor->get_parent()) {
    for (const CLI::Option* option : ancestor->get_options()) {
      // A command has its own --help; the root's --version is for the root alone.
      if (ancestor != &app && (option->check_lname("help") || option->check_lname("version")))
        continue;
      for (const std::string& name : option->get_lnames()) {
        level.options.emplace_back("--" + name, option->get_description());
      }
    }
  }
  for (const CLI::App* command : app.get_subcommands({})) level.commands.push_back(command);
  levels->push_back(level);
  for (const CLI::App* command : level.commands) {
    Collect(*command, path.empty() ? command->get_name() : path + " " + command->get_name(),
            levels);
  }
}

std::string Words(const Level& level) {
  std::vector<std::string> words;
  for (const CLI::App* command : level.commands) words.push_back(command->get_name());
  for (const auto& option : level.options) words.push_back(option.first);
  return Join(words, " ");
}

// The path of commands typed so far is looked up in a table; unknown words (arguments) do not end
// it.
std::string BashScript(const std::vector<Level>& levels) {
  std::string cases;
  for (const Level& level : levels)
    cases += fmt::format("    '{}') echo '{}' ;;\n", level.path, Words(level));
  return "# bash completion for slipway: source <(slipway completion bash)\n"
         "_slipway_words() {\n  case \"$1\" in\n" +
         cases +
         "    *) return 1 ;;\n  esac\n}\n"
         "_slipway() {\n"
         "  local path='' word candidate index\n"
         "  for ((index = 1; index < COMP_CWORD; index++)); do\n"
         "    word=${COMP_WORDS[index]}\n"
         "    candidate=${path:+$path }$word\n"
         "    if _slipway_words \"$candidate\" >/dev/null; then path=$candidate; fi\n"
         "  done\n"
         "  COMPREPLY=($(compgen -W \"$(_slipway_words \"$path\")\" -- "
         "\"${COMP_WORDS[COMP_CWORD]}\"))\n"
         "}\n"
         "complete -o default -F _slipway slipway\n";
}

std::string ZshScript(const std::vector<Level>& levels) {
  return "#compdef slipway\n# zsh completion for slipway: source <(slipway completion zsh)\n"
         "autoload -U +X bashcompinit && bashcompinit\n" +
         BashScript(levels);
}

std::string FishQuote(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text)
    quoted += c == '\'' || c == '\\' ? fmt::format("\\{}", c) : std::string(1, c);
  return quoted + "'";
}

// True in fish when exactly the words of `path` were typed as commands.
std::string FishCondition(const Level& level) {
  std::string condition = level.path.empty() ? "__fish_use_subcommand" : "";
  std::string rest = level.path;
  while (!rest.empty()) {
    const size_t blank = rest.find(' ');
    condition += (condition.empty() ? "" : "; and ") + std::string("__fish_seen_subcommand_from ") +
                 rest.substr(0, blank);
    rest = blank == std::string::npos ? "" : rest.substr(blank + 1);
  }
  return FishQuote(condition);
}

std::string FishScript(const std::vector<Level>& levels) {
  std::string script = "# fish completion for slipway: slipway completion fish | source\n";
  for (const Level& level : levels) {
    const std::string condition = FishCondition(level);
    for (const CLI::App* command : level.commands) {
      script += fmt::format("complete -c slipway -n {} -a {} -d {}\n", condition,
                            command->get_name(), FishQuote(command->get_description()));
    }
    for (const auto& [name, description] : level.options) {
      script += fmt::format("complete -c slipway -n {} -l {} -d {}\n", condition, name.substr(2),
                            FishQuote(description));
    }
  }
  return script;
}

}  // namespace

void AddCompletionCommand(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("completion", "Print a shell completion script");
  auto shell = std::make_shared<std::string>();
  command->add_option("shell", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  AddExamples(command, "source <(slipway completion bash)\nslipway completion fish | source",
              false);
  command->callback([&app, &session, shell] {
    std::vector<Level> levels;
    Collect(app, "", &levels);
    if (*shell == "bash") session.Print(BashScript(levels));
    if (*shell == "zsh") session.Print(ZshScript(levels));
    if (*shell == "fish") session.Print(FishScript(levels));
    session.Finish(kExitDone);
  });
}

}  // namespace slipway::cli
