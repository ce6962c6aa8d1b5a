// `slipway completion SHELL`: a script that completes commands and options, made from the commands
// themselves.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <sstream>

#include "cli/session.h"
#include "core/text.h"

namespace slipway::cli {
namespace {

struct OptionWords {
  std::vector<std::string> names;  // "--env", "-e".
  std::string description;
  bool takes_value = false;
  std::vector<std::string> values;  // Where they are a fixed set.
};

// One level of the command tree: what may follow `path`.
struct Level {
  std::string path;  // "", "models", "models list"
  std::vector<const CLI::App*> commands;
  std::vector<OptionWords> options;
  std::vector<std::string> arguments;  // Values of arguments where they are a fixed set.
};

// A fixed set stands in braces in the type of an option: "TEXT:{text,json}".
std::vector<std::string> FixedValues(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const size_t open = type.find('{');
  const size_t close = type.find('}');
  if (open == std::string::npos || close == std::string::npos) return {};
  std::vector<std::string> values;
  std::istringstream words(type.substr(open + 1, close - open - 1));
  for (std::string value; std::getline(words, value, ',');) values.push_back(value);
  return values;
}

void CollectOption(const CLI::Option& option, Level* level) {
  if (option.get_positional()) {
    for (const std::string& value : FixedValues(option)) level->arguments.push_back(value);
    return;
  }
  OptionWords words;
  for (const std::string& name : option.get_lnames()) words.names.push_back("--" + name);
  for (const std::string& name : option.get_snames()) words.names.push_back("-" + name);
  words.description = option.get_description();
  words.takes_value = option.get_items_expected_max() > 0;
  if (words.takes_value) words.values = FixedValues(option);
  level->options.push_back(std::move(words));
}

void Collect(const CLI::App& app, const std::string& path, std::vector<Level>* levels) {
  Level level{path, {}, {}, {}};
  for (const CLI::App* ancestor = &app; ancestor != nullptr; ancestor = ancestor->get_parent()) {
    for (const CLI::Option* option : ancestor->get_options()) {
      // A command has its own --help; the root's --version is for the root alone.
      if (ancestor != &app && (option->check_lname("help") || option->check_lname("version")))
        continue;
      CollectOption(*option, &level);
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
  words.insert(words.end(), level.arguments.begin(), level.arguments.end());
  for (const OptionWords& option : level.options) {
    for (const std::string& name : option.names) {
      if (name.starts_with("--")) words.push_back(name);
    }
  }
  return Join(words, " ");
}

// What may follow each option that takes a value; nothing leaves the shell to complete files.
std::string BashValueCases(const Level& level) {
  std::string cases;
  for (const OptionWords& option : level.options) {
    if (!option.takes_value) continue;
    std::vector<std::string> patterns;
    for (const std::string& name : option.names) {
      patterns.push_back(fmt::format("'{}{}{}'", level.path, level.path.empty() ? "" : " ", name));
    }
    cases += fmt::format("    {}) echo '{}' ;;\n", Join(patterns, "|"), Join(option.values, " "));
  }
  return cases;
}

// The path of commands typed so far is looked up in a table; unknown words (arguments) do not end
// it. Bash splits --option=value into three words.
constexpr const char* kBashFunction = R"(_slipway() {
  local path='' word candidate index words
  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
  if [ "$current" = = ]; then
    current=''
  elif [ "$before" = = ]; then
    before=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=${COMP_WORDS[index]}
    candidate=${path:+$path }$word
    if _slipway_words "$candidate" >/dev/null; then path=$candidate; fi
  done
  words=$(_slipway_values "${path:+$path }$before") || words=$(_slipway_words "$path")
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _slipway slipway
)";

std::string BashScript(const std::vector<Level>& levels) {
  std::string words;
  std::string values;
  for (const Level& level : levels) {
    words += fmt::format("    '{}') echo '{}' ;;\n", level.path, Words(level));
    values += BashValueCases(level);
  }
  const char* const function = "{}() {{\n  case \"$1\" in\n{}    *) return 1 ;;\n  esac\n}}\n";
  return "# bash completion for slipway: source <(slipway completion bash)\n" +
         fmt::format(fmt::runtime(function), "_slipway_words", words) +
         fmt::format(fmt::runtime(function), "_slipway_values", values) + kBashFunction;
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

// -r: a value follows, which may be a file; -x: one of these values follows.
std::string FishOption(const OptionWords& option) {
  std::string text;
  for (const std::string& name : option.names) {
    text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  }
  if (!option.values.empty()) {
    text += " -x -a " + FishQuote(Join(option.values, " "));
  } else if (option.takes_value) {
    text += " -r";
  }
  return text + " -d " + FishQuote(option.description);
}

std::string FishScript(const std::vector<Level>& levels) {
  std::string script = "# fish completion for slipway: slipway completion fish | source\n";
  for (const Level& level : levels) {
    const std::string start = "complete -c slipway -n " + FishCondition(level);
    for (const CLI::App* command : level.commands) {
      script += fmt::format("{} -a {} -d {}\n", start, command->get_name(),
                            FishQuote(command->get_description()));
    }
    if (!level.arguments.empty()) {
      script += fmt::format("{} -f -a {}\n", start, FishQuote(Join(level.arguments, " ")));
    }
    for (const OptionWords& option : level.options) script += start + FishOption(option) + "\n";
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
