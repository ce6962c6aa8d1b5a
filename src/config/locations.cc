// Pure functions from configuration values to places; nothing here opens anything.
#include <string_view>

#include "config/config.h"
#include "core/file_system.h"

namespace slipway::config {
namespace {

constexpr std::string_view kFileScheme = "file://";

bool HasScheme(std::string_view value) { return value.find("://") != std::string_view::npos; }

std::string InProject(const Config& config, std::string_view path) {
  if (config.project_directory == ".") return std::string(path);
  return JoinPath(config.project_directory, path);
}

// The text under `resolved`, where variables are not expanded.
std::string WrittenText(const Config& config, const char* section, const std::string& name) {
  const Json* at = &config.resolved;
  if (at->is_object() && section != nullptr) {
    const auto it = at->find(section);
    if (it == at->end()) return "";
    at = &*it;
  }
  return at->is_object() ? GetString(*at, name.c_str()) : "";
}

StoreLocation Locate(const Config& config, const char* key, const std::string& value,
                     const char* names_key, const std::map<std::string, std::string>& names) {
  StoreLocation location;
  location.key = key;
  location.uri = value;
  location.shown = WrittenText(config, nullptr, key);
  if (const auto named = names.find(value); named != names.end()) {
    location.uri = named->second;
    location.shown = WrittenText(config, names_key, value);
  }
  if (location.shown.empty()) location.shown = value;

  const std::string_view uri = location.uri;
  if (uri.empty() || uri == "local") {
    location.uri.clear();
  } else if (uri.starts_with(kFileScheme)) {
    location.uri = InProject(config, uri.substr(kFileScheme.size()));
  } else if (!HasScheme(uri) && (uri.starts_with('.') || uri.find('/') != std::string_view::npos)) {
    location.uri = InProject(config, uri);
  } else {
    location.embedded = false;
  }
  return location;
}

}  // namespace

StoreLocation LocateArtifactStore(const Config& config) {
  return Locate(config, "artifact_store", config.artifact_store, "stores", config.stores);
}

StoreLocation LocateModelRegistry(const Config& config) {
  return Locate(config, "model_registry", config.model_registry, "registries", config.registries);
}

std::string DataPath(const Config& config) {
  const std::string& path = config.data.source_path;
  if (path.starts_with(kFileScheme)) return InProject(config, path.substr(kFileScheme.size()));
  return HasScheme(path) ? path : InProject(config, path);
}

}  // namespace slipway::config
