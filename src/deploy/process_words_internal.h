// What programs of ours that run by themselves tell: where they listen, and why they ended.
#pragma once

#include <string>

#include "core/detached_processes.h"
#include "core/json.h"

namespace slipway::deploy {

// For --listening-file: it is in the program's own folder.
std::string ListeningPath(const DetachedProcesses& processes, const std::string& id);
// The event that tells where this very process listens; null while it has not told.
Json ListeningOf(const DetachedProcesses& processes, const DetachedProcess& process);

// The last line of its log that says what is wrong, without "error: "; "" for none.
std::string LastWords(const DetachedProcesses& processes, const std::string& id);

}  // namespace slipway::deploy
