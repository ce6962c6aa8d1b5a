#include "core/plugin.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <mutex>
#include <string_view>

#include "core/build_info.h"
#include "core/interrupt.h"
#include "core/text.h"

namespace slipway {
namespace {

Error Unusable(const std::string& path, const std::string& why) {
  Location location;
  location.file = path;
  return Error(ErrorCode::kUnavailable, "the plug-in can't be used: " + why)
      .At(std::move(location))
      .Try("to install Slipway again, program and plug-ins from one build");
}

struct Opened {
  std::mutex mutex;
  std::map<std::string, const Plugin*> by_path;  // Guarded by mutex.
};
Opened& AllOpened() {
  static Opened& opened = *new Opened();
  return opened;
}

Result<const Plugin*> Open(const std::string& path, const std::string& file) {
  void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return Unusable(path, ::dlerror());
  const auto* plugin = static_cast<const Plugin*>(::dlsym(library, kPluginSymbol));
  if (plugin == nullptr) return Unusable(path, fmt::format("it has no {}", kPluginSymbol));
  if (std::string_view(plugin->build_id) != BuildId()) {
    return Unusable(
        path, fmt::format("it is of build {}, the program of {}", plugin->build_id, BuildId()));
  }
  if (file != plugin->file) return Unusable(path, fmt::format("it is {}", plugin->file));
  plugin->follow_interrupts(InterruptFlag());
  return plugin;
}

}  // namespace

std::vector<std::string> PluginFolders() {
  std::vector<std::string> folders;
  const char* variable = std::getenv("SLIPWAY_PLUGIN_PATH");
  std::string_view rest = variable == nullptr ? "" : variable;
  while (!rest.empty()) {
    const size_t end = rest.find(':');
    if (end != 0) folders.emplace_back(rest.substr(0, end));
    rest = end == std::string_view::npos ? "" : rest.substr(end + 1);
  }
  const std::string program = ExecutableDirectory();
  folders.push_back(program + "/../lib/slipway");
  folders.push_back(program);
  return folders;
}

Result<const void*> LoadPlugin(const std::string& file, const std::vector<std::string>& folders) {
  Opened& all = AllOpened();
  for (const std::string& folder : folders) {
    const std::string path = fmt::format("{}/{}", folder, file);
    const std::scoped_lock lock(all.mutex);
    if (const auto known = all.by_path.find(path); known != all.by_path.end()) {
      return known->second->functions;
    }
    if (::access(path.c_str(), F_OK) != 0) continue;
    SLIPWAY_ASSIGN_OR_RETURN(const Plugin* plugin, Open(path, file));
    all.by_path.emplace(path, plugin);
    return plugin->functions;
  }
  return Error(ErrorCode::kUnavailable,
               fmt::format("the plug-in {} is missing; looked in {}", file, Join(folders, ", ")))
      .Try("to install Slipway whole, or to name its folder in SLIPWAY_PLUGIN_PATH");
}

void ClosePlugins() {
  Opened& all = AllOpened();
  const std::scoped_lock lock(all.mutex);
  for (const auto& [path, plugin] : all.by_path) {
    if (plugin->close != nullptr) plugin->close();
  }
}

}  // namespace slipway
