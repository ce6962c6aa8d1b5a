// Plug-ins: libraries of ours that are opened when something needs them, so that what they link
// costs nothing before. Program and plug-in come from one build, so plain structs and our own types
// cross.
#pragma once

#include <csignal>
#include <string>
#include <vector>

#include "core/result.h"

namespace slipway {

// What a plug-in exports, under the name of kPluginSymbol: data, so that nothing of it runs before
// it is known to be ours.
struct Plugin {
  const char* build_id;   // BuildId() of the plug-in; a program of another build refuses it.
  const char* file;       // The name that it is opened by.
  const void* functions;  // A struct that the plug-in and its one user agree on.
  // FollowInterrupts of the plug-in, which has a copy of core of its own that sees no signal.
  void (*follow_interrupts)(const volatile std::sig_atomic_t* flag);
  // Ends what must not be alive when static objects go; null where there is nothing of the kind.
  void (*close)() = nullptr;
};
inline constexpr char kPluginSymbol[] = "slipway_plugin_v1";

// SLIPWAY_PLUGIN_PATH (folders between colons), then lib/slipway beside the program's folder, then
// that folder.
std::vector<std::string> PluginFolders();

// The functions of plug-in `file`, from the first of `folders` that has it. Opened once a process
// and never closed. kUnavailable names the file and every place searched, or why what was found
// can't be used. Thread-safe.
Result<const void*> LoadPlugin(const std::string& file, const std::vector<std::string>& folders);

// Calls `close` of every plug-in that was opened: the last thing that main does, when nothing of
// theirs is in use any more. At exit would be too late.
void ClosePlugins();
// The same when it goes.
class PluginScope {
 public:
  PluginScope() = default;
  ~PluginScope() { ClosePlugins(); }
  PluginScope(const PluginScope&) = delete;
  PluginScope& operator=(const PluginScope&) = delete;
};

}  // namespace slipway
