// Pure functions from configuration values to places; nothing here opens anything.
#include <algorithm>
#include <optional>
#include <vector>

#include "config/config.h"
#include "config/locations_internal.h"
#include "core/file_system.h"
#include "core/uri.h"

namespace slipway::config {
namespace {

bool HasScheme(std::string_view value) { return value.find("://") != std::string_view::npos; }

// Those of stores that are likely to be written; a folder may well be called anything else.
bool IsKnownScheme(std::string_view word) {
  static const std::vector<std::string_view> schemes = {
      "s3",   "s3a",  "gs",    "gcs",  "az",         "abfs",     "abfss", "wasb",   "wasbs",
      "hdfs", "http", "https", "file", "postgresql", "postgres", "mysql", "sqlite", "mlflow"};
  return std::ranges::find(schemes, word) != schemes.end();
}

// A database, or one with the driver's name that SQLAlchemy puts behind a plus.
bool IsDatabase(std::string_view text) {
  const std::string_view scheme = text.substr(0, text.find("://"));
  const std::string_view name = scheme.substr(0, scheme.find('+'));
  return HasScheme(text) && (name == "postgresql" || name == "postgres");
}

std::string AsUri(std::string_view scheme, std::string_view rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of('/'), rest.size()));
  const bool file = scheme == "file";
  return std::string(scheme) + (file ? ":///" : "://") + std::string(rest);
}

// "~/reg", "s3:/bucket", "s3//bucket", "localhost:5000/x" would become folders of that name.
std::optional<Place> FindSlip(std::string_view text) {
  if (text.starts_with('~')) {
    const bool own = text == "~" || text.starts_with("~/");
    return Place{PlaceKind::kMistyped, own ? "${HOME}" + std::string(text.substr(1)) : ""};
  }
  const size_t slash = text.find('/');
  if (text.starts_with('.') || slash == 0 || slash == std::string_view::npos) return std::nullopt;
  const std::string_view first = text.substr(0, slash);
  const std::string_view rest = text.substr(slash);
  const size_t colon = first.find(':');
  if (colon == 0) return Place{PlaceKind::kMistyped, ""};
  if (HasScheme(text)) return std::nullopt;
  if (colon == std::string_view::npos) {
    if (!rest.starts_with("//") || !IsKnownScheme(first)) return std::nullopt;
    return Place{PlaceKind::kMistyped, AsUri(first, rest)};
  }
  if (colon + 1 == first.size())
    return Place{PlaceKind::kMistyped, AsUri(first.substr(0, colon), rest)};
  return Place{PlaceKind::kMistyped, "https://" + std::string(text)};
}

std::string InProject(const Config& config, std::string_view path) {
  if (config.project_directory == ".") return std::string(path);
  return JoinPath(config.project_directory, path);
}

// Of kPath.
std::string PathOf(const Config& config, std::string_view place) {
  if (!IsFileUri(place)) return InProject(config, place);
  return PathOfFileUri(place).value_or(std::string(place));
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

  const PlaceKind kind = ClassifyPlace(location.uri).kind;
  if (kind == PlaceKind::kStandard) {
    location.uri.clear();
  } else if (kind == PlaceKind::kPath) {
    location.uri = PathOf(config, location.uri);
  } else {
    location.embedded = false;
  }
  return location;
}

}  // namespace

Place ClassifyPlace(std::string_view text) {
  if (text.empty() || text == "local") return {PlaceKind::kStandard, ""};
  if (auto slip = FindSlip(text)) return *std::move(slip);
  if (IsFileUri(text)) return {PlaceKind::kPath, ""};
  if (HasScheme(text)) return {PlaceKind::kRemote, ""};
  const bool path = text.starts_with('.') || text.find('/') != std::string_view::npos;
  if (path) return {PlaceKind::kPath, ""};
  return {text.starts_with("mlflow") ? PlaceKind::kRemote : PlaceKind::kName, ""};
}

StoreLocation LocateArtifactStore(const Config& config) {
  return Locate(config, "artifact_store", config.artifact_store, "stores", config.stores);
}

StoreLocation LocateModelRegistry(const Config& config) {
  return Locate(config, "model_registry", config.model_registry, "registries", config.registries);
}

std::string DataPath(const Config& config) {
  const std::string& path = config.data.source_path;
  const bool remote = HasScheme(path) && !IsFileUri(path);
  return remote ? path : PathOf(config, path);
}

std::string ShownDataPath(const Config& config) {
  if (!IsDatabase(config.data.source_path)) return config.data.source_path;
  return WrittenText(config, "data", "source_path");
}

Status CheckDataSource(const LoadedConfig& loaded) {
  const Config& config = loaded.config;
  const Place place = ClassifyPlace(config.data.source_path);
  // "mlflow.csv" is a file, whatever it would be among stores.
  const bool remote = place.kind == PlaceKind::kRemote && HasScheme(config.data.source_path);
  if (!remote && place.kind != PlaceKind::kMistyped) return {};
  if (IsDatabase(config.data.source_path) || config.data.source_path.starts_with("s3://")) {
    return {};
  }
  const std::string key = "data.source_path";
  const std::string shown = CompactJson(WrittenText(config, "data", "source_path"));
  return Error(
             ErrorCode::kInvalidInput,
             shown + (remote ? " is remote, and nothing that this build reads" : " names no file"))
      .At(loaded.PositionOf(key))
      .Expected("a path, file:///PATH, s3://BUCKET/KEY or postgresql://HOST/DATABASE")
      .Try("--data FILE");
}

}  // namespace slipway::config
