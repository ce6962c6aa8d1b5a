#include <fmt/format.h>

#include <algorithm>

#include "config/fields_internal.h"
#include "config/load_internal.h"
#include "core/file_system.h"
#include "core/text.h"

namespace slipway::config {
namespace {

// Sections that only lend their values to others by anchors.
bool IsHidden(const std::string& name) { return name.starts_with("x-") || name.starts_with('.'); }

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

// Lays the entries of `from` into `into`; a key that is there already is told with both places.
void Join(YamlNode* into, YamlNode from, const std::string& key, Problems* problems) {
  if (into->kind == YamlNode::Kind::kNull) {
    *into = std::move(from);
    return;
  }
  for (Entry& entry : from.entries) {
    const std::string entry_key = key.empty() ? entry.key : key + "." + entry.key;
    const auto there = std::ranges::find(into->entries, entry.key, &Entry::key);
    if (there == into->entries.end()) {
      into->entries.push_back(std::move(entry));
    } else if (there->value.kind == YamlNode::Kind::kMap &&
               entry.value.kind == YamlNode::Kind::kMap) {
      Join(&there->value, std::move(entry.value), entry_key, problems);
    } else {
      problems->Add(
          Error(ErrorCode::kInvalidInput, fmt::format("given already in {}:{}:{}", there->at.file,
                                                      there->at.line, there->at.column))
              .At(LocationAt(entry.at, entry_key))
              .Expected("each key in one file"));
    }
  }
}

Status CheckMapping(const YamlNode& environment) {
  if (environment.kind == YamlNode::Kind::kMap || environment.kind == YamlNode::Kind::kNull)
    return {};
  return Error(ErrorCode::kInvalidInput, "not a mapping")
      .At(LocationAt(environment.at))
      .Expected("the keys of an environment");
}

// A split file's environment as the main file would have it: {model: …}, whether or not it says
// "model" itself.
YamlNode AsSection(const Entry& environment, const std::string& section) {
  const YamlNode& node = environment.value;
  if (node.kind == YamlNode::Kind::kMap && node.Find(section) != nullptr) return node;
  YamlNode wrapped;
  wrapped.kind = YamlNode::Kind::kMap;
  wrapped.at = node.at;
  wrapped.entries.push_back({section, environment.at, node});
  return wrapped;
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
  if (auto status = config.CheckEnvironments(); !status.ok()) {
    problems->Add(std::move(status).error());
    return problems->Join(config.paths());
  }
  return config;
}

Status ConfigFiles::CheckEnvironments() const {
  const std::string expected =
      "environments (development, staging, production or others) with their keys below";
  for (const File& file : files_) {
    Position at = {file.path};
    if (file.root.kind != YamlNode::Kind::kMap && file.root.kind != YamlNode::Kind::kNull) {
      return Error(ErrorCode::kInvalidInput, "not a mapping")
          .At(LocationAt(file.root.at))
          .Expected(expected);
    }
    if (!file.section.empty()) continue;
    if (environments().empty()) {
      return Error(ErrorCode::kInvalidInput, "names no environment")
          .At(LocationAt(at))
          .Expected(expected);
    }
    for (const Entry& entry : file.root.entries) {
      if (EnvironmentFields().Find(entry.key) == nullptr) continue;
      return Error(ErrorCode::kInvalidInput,
                   fmt::format("\"{}\" stands where environments are named", entry.key))
          .At(LocationAt(entry.at))
          .Expected(expected)
          .Try("\"default:\" as the first line, and the rest indented below it");
    }
  }
  return {};
}

std::vector<std::string> ConfigFiles::environments() const {
  std::vector<std::string> names;
  for (const File& file : files_) {
    for (const Entry& entry : file.root.entries) {
      // In a split file these two serve every environment.
      const bool shared =
          !file.section.empty() && (entry.key == file.section || entry.key == "default");
      if (IsHidden(entry.key) || shared) continue;
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

const Entry* ConfigFiles::FindEnvironment(const File& file, const std::string& name) const {
  const Entry* found = file.root.Find(name);
  return found != nullptr ? found : file.root.Find("default");
}

Result<Environment> ConfigFiles::Compose(const std::string& name, std::string* found,
                                         Problems* problems) const {
  const File& main_file = files_.front();
  const Entry* base = FindEnvironment(main_file, name);
  if (base == nullptr || IsHidden(name)) {
    std::vector<std::string> names;
    for (const Entry& entry : main_file.root.entries) {
      if (!IsHidden(entry.key)) names.push_back(entry.key);
    }
    Error error = Error(ErrorCode::kInvalidInput, fmt::format("no environment \"{}\"", name))
                      .At(LocationAt({main_file.path}))
                      .Expected(JoinOr(names));
    const std::string nearest = NearestName(name, names);
    return nearest.empty() ? error : std::move(error).Try(nearest);
  }
  *found = base->key;
  Environment environment = {base->value, base->at};
  SLIPWAY_RETURN_IF_ERROR(CheckMapping(base->value));
  for (size_t i = 1; i < files_.size(); ++i) {
    const File& file = files_[i];
    if (const Entry* entry = FindEnvironment(file, name); entry != nullptr) {
      if (entry->key != "default") *found = name;
      SLIPWAY_RETURN_IF_ERROR(CheckMapping(entry->value));
      Join(&environment.node, AsSection(*entry, file.section), "", problems);
    }
    if (const Entry* shared = file.root.Find(file.section)) {
      YamlNode all;
      all.kind = YamlNode::Kind::kMap;
      all.entries.push_back(*shared);
      Join(&environment.node, std::move(all), "", problems);
    }
  }
  return environment;
}

}  // namespace slipway::config
