#include <fmt/format.h>

#include <algorithm>

#include "config/fields_internal.h"
#include "config/load_internal.h"
#include "core/file_system.h"
#include "core/text.h"

namespace slipway::config {
namespace {

constexpr const char* kEnvironmentsExpected =
    "environments (development, staging, production or others) with their keys below";

Result<std::string> FindMainFile(const std::string& path) {
  FileSystem& files = LocalFileSystem();
  std::vector<std::string> candidates = {"configs/config.yaml", "config.yaml"};
  if (!path.empty()) {
    SLIPWAY_ASSIGN_OR_RETURN(const FileStat stat, files.Stat(path));
    if (!stat.is_directory) return path;
    candidates = {JoinPath(path, "config.yaml"), JoinPath(path, "configs/config.yaml")};
  }
  for (const std::string& candidate : candidates) {
    if (files.Exists(candidate)) return candidate;
  }
  return Error(ErrorCode::kNotFound,
               path.empty() ? "no configuration in this directory" : "no configuration in " + path)
      .Expected(JoinOr(candidates))
      .Try("--config PATH");
}

std::vector<std::string> NamesOfEnvironments(const YamlNode& root) {
  std::vector<std::string> names;
  for (const Entry& entry : root.entries) {
    if (!IsHidden(entry.key)) names.push_back(entry.key);
  }
  return names;
}

Status CheckMapping(const YamlNode& environment) {
  if (environment.kind == YamlNode::Kind::kMap || environment.kind == YamlNode::Kind::kNull)
    return {};
  return Error(ErrorCode::kInvalidInput, "not a mapping")
      .At(LocationAt(environment.at))
      .Expected("the keys of an environment");
}

// A key without a value counts as not given, so that `default` serves it where there is one.
const Entry* FindEnvironment(const YamlNode& root, const std::string& name) {
  const Entry* found = root.Find(name);
  if (found != nullptr && found->value.kind != YamlNode::Kind::kNull) return found;
  const Entry* fallback = root.Find("default");
  return fallback != nullptr ? fallback : found;
}

// Tells keys of an environment that stand where environments are named, and takes them out, so that
// what else is wrong can be told too. True where there were any.
bool TakeStrayKeys(YamlNode* root, Problems* problems) {
  const auto stray = [](const Entry& entry) {
    return EnvironmentFields().Find(entry.key) != nullptr;
  };
  const bool all = std::ranges::all_of(
      root->entries, [&](const Entry& entry) { return stray(entry) || IsHidden(entry.key); });
  for (const Entry& entry : root->entries) {
    if (!stray(entry)) continue;
    problems->Add(Error(ErrorCode::kInvalidInput,
                        fmt::format("\"{}\" stands where environments are named", entry.key))
                      .At(LocationAt(entry.at))
                      .Expected(kEnvironmentsExpected)
                      .Try(all ? "\"default:\" as the first line, and the rest indented below it"
                               : "it inside an environment, indented"));
  }
  return std::erase_if(root->entries, stray) > 0;
}

}  // namespace

Result<ConfigFiles> ConfigFiles::Read(const std::string& path, Problems* problems) {
  ConfigFiles config;
  SLIPWAY_ASSIGN_OR_RETURN(const std::string main_file, FindMainFile(path));
  config.files_.push_back({main_file, "", {}});
  if (BaseName(main_file) == "config.yaml") {
    for (const std::string section : {"model", "deployment"}) {
      const std::string name = section + "_config.yaml";
      const bool plain = main_file == "config.yaml";
      const std::string beside = plain ? name : JoinPath(DirectoryOf(main_file), name);
      if (LocalFileSystem().Exists(beside)) config.files_.push_back({beside, section, {}});
    }
  }
  bool readable = true;
  for (File& file : config.files_) {
    SLIPWAY_ASSIGN_OR_RETURN(const std::string text, LocalFileSystem().ReadFile(file.path));
    auto root = ParseYaml(text, file.path, problems);
    readable = readable && root;
    if (root) file.root = *std::move(root);
  }
  if (!readable) return problems->Join(config.paths());
  if (!config.CheckTopLevel(problems)) return problems->Join(config.paths());
  config.main_environments_ = NamesOfEnvironments(config.files_.front().root);
  for (size_t i = 1; i < config.files_.size(); ++i) {
    CheckSplitFile(config.Split(config.files_[i]), problems);
  }
  return config;
}

bool ConfigFiles::CheckTopLevel(Problems* problems) {
  const auto tell = [&](const Position& at, std::string message) {
    problems->Add(Error(ErrorCode::kInvalidInput, std::move(message))
                      .At(LocationAt(at))
                      .Expected(kEnvironmentsExpected));
  };
  bool good = true;
  for (const File& file : files_) {
    const YamlNode::Kind kind = file.root.kind;
    if (kind == YamlNode::Kind::kMap || kind == YamlNode::Kind::kNull) continue;
    tell(file.root.at, "not a mapping");
    good = false;
  }
  YamlNode& root = files_.front().root;
  const bool stray = TakeStrayKeys(&root, problems);
  if (!good || !NamesOfEnvironments(root).empty()) return good;
  if (!stray) tell({path()}, "names no environment");
  return false;
}

std::vector<std::string> ConfigFiles::environments() const {
  std::vector<std::string> names = main_environments_;
  for (size_t i = 1; i < files_.size(); ++i) {
    const SplitFile split = Split(files_[i]);
    for (const Entry& entry : files_[i].root.entries) {
      // In a split file it only serves environments that the file does not name.
      if (entry.key == "default" || !split.IsEnvironment(entry.key)) continue;
      if (std::ranges::find(names, entry.key) == names.end()) names.push_back(entry.key);
    }
  }
  return names;
}

std::vector<std::string> ConfigFiles::paths() const {
  std::vector<std::string> paths;
  for (const File& file : files_) paths.push_back(file.path);
  return paths;
}

Result<Environment> ConfigFiles::Compose(const std::string& name, std::string* found,
                                         Problems* problems) const {
  const File& main_file = files_.front();
  const Entry* base = FindEnvironment(main_file.root, name);
  if (base == nullptr || IsHidden(name)) {
    return Error(ErrorCode::kInvalidInput, fmt::format("no environment \"{}\"", name))
        .At(LocationAt({main_file.path}))
        .Expected(JoinOr(main_environments_))
        .Try(NearestName(name, main_environments_));
  }
  *found = base->key;
  Environment environment = {base->value, base->at};
  SLIPWAY_RETURN_IF_ERROR(CheckMapping(base->value));
  for (size_t i = 1; i < files_.size(); ++i) {
    const File& file = files_[i];
    const SplitFile split = Split(file);
    const Entry* entry = FindEnvironment(file.root, name);
    const bool given = entry != nullptr && split.IsEnvironment(entry->key) &&
                       entry->value.kind != YamlNode::Kind::kNull;
    if (given) {
      if (entry->key != "default") *found = name;
      SLIPWAY_RETURN_IF_ERROR(CheckMapping(entry->value));
      JoinFiles(&environment.node, AsSection(*entry, file.section), "", problems);
    }
    for (YamlNode& shared : SharedParts(split)) {
      JoinFiles(&environment.node, std::move(shared), "", problems);
    }
  }
  return environment;
}

}  // namespace slipway::config
