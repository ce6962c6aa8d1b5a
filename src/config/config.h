// Loading, checking, showing and saving configurations.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/types.h"
#include "core/result.h"

namespace slipway::config {

struct LoadOptions {
  // A file, or a folder of split files; "" looks for configs/config.yaml, then config.yaml.
  // model_config.yaml and deployment_config.yaml beside a file named config.yaml are composed with
  // it.
  std::string path;
  std::string environment = "development";
  std::vector<std::string>
      overrides;          // "model.hyperparameters.n_estimators=50": a dotted key and a YAML value.
  bool local = false;     // Maps remote stores to embedded ones.
  std::string data_path;  // Replaces data.source_path; "" keeps it.
};

// Where a resolved value came from: "config.yaml:12:5", "default", "--set", "${VAR}".
struct Origin {
  std::string key;  // Dotted.
  std::string source;
};

struct LoadedConfig {
  Config config;
  std::vector<Origin> origins;  // In the order of `config.resolved`.
  // Keys that are accepted and that no stage of this build acts on yet: key and the stage that
  // will.
  std::vector<Origin> later;
  // Where each value begins that a file gives, by its dotted key; elements of lists are "key[0]".
  std::map<std::string, Location> positions;

  // Where the value of `key` stands, for errors of later stages. Only the field where no file gives
  // it: a default, or what the command line says.
  Location PositionOf(const std::string& key) const;
};

// All mistakes at once, in file order, as one Error with others().
Result<LoadedConfig> LoadConfig(const LoadOptions& options);

// Environments of a file, in its order.
Result<std::vector<std::string>> ListEnvironments(const std::string& path);

struct CheckedFiles {
  std::vector<std::string> paths;         // The main file first.
  std::vector<std::string> environments;  // In the order of the files.
};
// Checks every environment at once; `options.environment` is not looked at. Fails as LoadConfig
// does.
Result<CheckedFiles> CheckConfig(const LoadOptions& options);

// Canonical YAML of the resolved configuration under its environment's name; loading it gives the
// same configuration.
std::string ToYaml(const Config& config);
// YAML of any JSON value, block style, strings quoted where needed.
std::string JsonToYaml(const Json& value);

// A text of `resolved` with its variables replaced, for who needs the value long after loading.
// kInvalidInput names a variable that is not set; no error carries a value.
Result<std::string> ExpandText(const std::string& text);

// JSON Schema (2020-12) of the whole file.
Json ConfigSchema();

// Where `artifact_store` or `model_registry` points, names under `stores` and `registries` looked
// up.
struct StoreLocation {
  bool embedded = true;
  // Embedded: the path, joined to the project directory, or "" for the place under `.slipway/`.
  // Remote: the URI or the bare name ("mlflow"), with `${VAR}` expanded, so it may hold a secret:
  // never print it.
  std::string uri;
  std::string key;  // "artifact_store" or "model_registry".
  std::string
      shown;  // The value as the configuration writes it, `${VAR}` unexpanded: for messages.
};
// Embedded: "", "local", a path (relative ones hold a slash or start with a dot), file://…. All
// else is remote.
StoreLocation LocateArtifactStore(const Config& config);
StoreLocation LocateModelRegistry(const Config& config);

// The folder that a configuration file is about: the parent of `configs/`, else the file's own;
// relative where the path is.
std::string ProjectDirectory(const std::string& config_path);

// The path or URI to read `data.source_path` from: relative paths start at the project directory.
std::string DataPath(const Config& config);
// The same for messages and records: of a database as the configuration writes it, `${VAR}`
// unexpanded, as it may hold a password.
std::string ShownDataPath(const Config& config);
// An error where that is nothing that this build reads. Not part of loading: an environment whose
// table is elsewhere can be checked and shown here. To be called before a run.
Status CheckDataSource(const LoadedConfig& loaded);

struct Difference {
  std::string key;
  Json left, right;  // null where absent.
};
std::vector<Difference> Diff(const Config& left, const Config& right);
// A table for a terminal: key, left, right, one line a difference; a sentence where there is none.
std::string RenderDiff(const Config& left, const Config& right);

// What `config show` prints: ToYaml with a comment after each value that says where it came from,
// variables unexpanded, and a closing note of keys that wait for a later stage.
std::string RenderWithOrigins(const LoadedConfig& loaded);
// The same for machines: {"environment", "config", "origins": {key: source}, "later": {key:
// stage}}.
Json ToJson(const LoadedConfig& loaded);

}  // namespace slipway::config
