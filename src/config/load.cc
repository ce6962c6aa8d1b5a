#include <fmt/format.h>

#include <filesystem>

#include "config/load_internal.h"
#include "config/resolve_internal.h"
#include "core/file_system.h"

namespace slipway::config {
namespace {

// A scalar at the end of a chain of mappings, for what the command line lays over the file.
YamlNode Chain(const std::string& key, YamlNode value) {
  YamlNode node = std::move(value);
  for (size_t end = key.size();;) {
    const size_t dot = key.rfind('.', end - 1);
    const size_t begin = dot == std::string::npos ? 0 : dot + 1;
    YamlNode map;
    map.kind = YamlNode::Kind::kMap;
    map.at = node.at;
    Position at = node.at;
    map.entries.push_back({key.substr(begin, end - begin), at, std::move(node)});
    node = std::move(map);
    if (dot == std::string::npos || dot == 0) return node;
    end = dot;
  }
}

YamlNode TextNode(const std::string& text, const std::string& origin) {
  YamlNode node;
  node.kind = YamlNode::Kind::kScalar;
  node.at = {origin};
  node.text = text;
  node.plain = false;
  return node;
}

// Positions inside the value would be those of a text that is no file.
void PlaceAt(YamlNode* node, const Position& at) {
  node->at = at;
  for (YamlNode& item : node->items) PlaceAt(&item, at);
  for (Entry& entry : node->entries) {
    entry.at = at;
    PlaceAt(&entry.value, at);
  }
}

void ApplyOverride(const std::string& text, YamlNode* environment, Problems* problems) {
  const Position at = {"--set " + text};
  const size_t equals = text.find('=');
  const std::string key = text.substr(0, equals);
  const bool well_formed = equals != std::string::npos && !key.empty() && key.front() != '.' &&
                           key.back() != '.' && key.find("..") == std::string::npos;
  if (!well_formed) {
    problems->Add(Error(ErrorCode::kInvalidInput, "no key and value")
                      .At(LocationAt(at))
                      .Expected("KEY=VALUE, such as model.hyperparameters.n_estimators=50"));
    return;
  }
  Problems inside;
  auto value = ParseYaml(text.substr(equals + 1), at.file, &inside);
  if (!inside.empty()) {
    problems->Add(Error(ErrorCode::kInvalidInput, inside.Join({}).message())
                      .At(LocationAt(at))
                      .Expected("a YAML value: 50, true, text, [a, b], {a: 1}"));
    return;
  }
  PlaceAt(&*value, at);
  Overlay(environment, Chain(key, *std::move(value)));
}

// What is given on a command line starts at the working directory, what stands in the file at the
// project's.
std::string DataFromProject(const std::string& path, const std::string& project_directory) {
  namespace fs = std::filesystem;
  if (path.find("://") != std::string::npos || path.starts_with('/')) return path;
  std::error_code error;
  const fs::path project = fs::absolute(project_directory, error).lexically_normal();
  return fs::absolute(path, error).lexically_normal().lexically_relative(project).string();
}

// Replaces remote stores by the embedded ones, in what is resolved and in `config`.
void MapToLocal(LoadedConfig* loaded) {
  Config* config = &loaded->config;
  const auto map = [&](const StoreLocation& location, std::string* value) {
    if (location.embedded) return;
    *value = "local";
    config->resolved[location.key] = "local";
    loaded->positions.erase(location.key);
    for (Origin& origin : loaded->origins) {
      if (origin.key == location.key) origin.source = "--local";
    }
  };
  map(LocateArtifactStore(*config), &config->artifact_store);
  map(LocateModelRegistry(*config), &config->model_registry);
}

// The order in which mistakes are told: the files, then the command line as it was given.
std::vector<std::string> OrderOfPlaces(const ConfigFiles& files,
                                       const std::vector<std::string>& overrides) {
  std::vector<std::string> order = files.paths();
  for (const std::string& text : overrides) order.push_back("--set " + text);
  return order;
}

// Those in files: what the command line says has no line.
std::map<std::string, Location> PlacesInFiles(const std::map<std::string, Position>& positions) {
  std::map<std::string, Location> places;
  for (const auto& [key, at] : positions) {
    if (at.line > 0) places.emplace(key, LocationAt(at, key));
  }
  return places;
}

Resolved ResolveAndCheck(const Environment& environment, Problems* problems) {
  Resolved resolved = ResolveEnvironment(environment.node, environment.at, problems);
  CheckTogether(resolved, problems);
  return resolved;
}

}  // namespace

std::string ProjectDirectory(const std::string& config_path) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::path absolute = fs::absolute(config_path, error);
  std::string directory = DirectoryOf(config_path);
  if (error || absolute.lexically_normal().parent_path().filename() != "configs") return directory;
  if (BaseName(directory) == "configs") return DirectoryOf(directory);
  return fs::path(JoinPath(directory, "..")).lexically_normal().string();
}

Location LoadedConfig::PositionOf(const std::string& key) const {
  if (const auto it = positions.find(key); it != positions.end()) return it->second;
  return LocationAt({}, key);
}

Result<LoadedConfig> LoadConfig(const LoadOptions& options) {
  Problems problems;
  SLIPWAY_ASSIGN_OR_RETURN(const ConfigFiles files, ConfigFiles::Read(options.path, &problems));
  LoadedConfig loaded;
  Config& config = loaded.config;
  config.config_path = files.path();
  config.project_directory = ProjectDirectory(files.path());

  auto environment = files.Compose(options.environment, &config.environment, &problems);
  if (!environment.ok()) {
    problems.Add(std::move(environment).error());
    return problems.Join(files.paths());
  }
  if (!options.data_path.empty()) {
    // A query belongs to the database that was named beside it.
    Overlay(&environment->node, Chain("data.query", TextNode("", "--data")));
  }
  for (const std::string& text : options.overrides) {
    ApplyOverride(text, &environment->node, &problems);
  }
  if (!options.data_path.empty()) {
    const std::string path = DataFromProject(options.data_path, config.project_directory);
    Overlay(&environment->node, Chain("data.source_path", TextNode(path, "--data")));
  }
  Resolved resolved = ResolveAndCheck(*environment, &problems);
  if (!problems.empty()) return problems.Join(OrderOfPlaces(files, options.overrides));

  FillConfig(resolved, &config);
  loaded.origins = std::move(resolved.origins);
  loaded.later = std::move(resolved.later);
  loaded.positions = PlacesInFiles(resolved.values);
  if (options.local) MapToLocal(&loaded);
  return loaded;
}

Result<std::vector<std::string>> ListEnvironments(const std::string& path) {
  Problems problems;
  SLIPWAY_ASSIGN_OR_RETURN(const ConfigFiles files, ConfigFiles::Read(path, &problems));
  if (!problems.empty()) return problems.Join(files.paths());
  return files.environments();
}

Result<CheckedFiles> CheckConfig(const LoadOptions& options) {
  Problems problems;
  SLIPWAY_ASSIGN_OR_RETURN(const ConfigFiles files, ConfigFiles::Read(options.path, &problems));
  CheckedFiles checked = {files.paths(), files.environments()};
  for (const std::string& name : checked.environments) {
    std::string found;
    auto environment = files.Compose(name, &found, &problems);
    if (!environment.ok()) {
      problems.Add(std::move(environment).error());
      continue;
    }
    for (const std::string& text : options.overrides) {
      ApplyOverride(text, &environment->node, &problems);
    }
    ResolveAndCheck(*environment, &problems);
  }
  if (!problems.empty()) return problems.Join(OrderOfPlaces(files, options.overrides));
  return checked;
}

}  // namespace slipway::config
