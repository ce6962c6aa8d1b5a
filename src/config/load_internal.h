// The files of a configuration, read once, and their environments.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "config/node_internal.h"
#include "config/split_files_internal.h"

namespace slipway::config {

// One environment put together: its section of config.yaml with those of the split files.
struct Environment {
  YamlNode node;
  Position at;
};

class ConfigFiles {
 public:
  // What is no YAML, or names no environments, is an error; duplicate keys go to `problems`.
  static Result<ConfigFiles> Read(const std::string& path, Problems* problems);

  // Names of environments in the order of the files.
  std::vector<std::string> environments() const;
  // The files, the main one first: the order in which mistakes are told.
  std::vector<std::string> paths() const;
  const std::string& path() const { return files_.front().path; }

  // `name`, else `default`; an error lists those present. Keys given in two files go to `problems`.
  // `found` is the section that was taken.
  Result<Environment> Compose(const std::string& name, std::string* found,
                              Problems* problems) const;

 private:
  struct File {
    std::string path;
    std::string section;  // "model" for model_config.yaml; "" for the main file.
    YamlNode root;
  };
  SplitFile Split(const File& file) const { return {file.root, file.section, main_environments_}; }
  // False where there is nothing that could be composed.
  bool CheckTopLevel(Problems* problems);

  std::vector<File> files_;
  std::vector<std::string> main_environments_;  // Those that the main file names.
};

}  // namespace slipway::config
