// Checks an environment's tree against the field table and fills in defaults.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/fields_internal.h"
#include "config/node_internal.h"

namespace slipway::config {

// One value twice: as written, and with variables expanded, which may hold secrets and is never
// shown.
struct ResolvedValue {
  Json written;
  Json expanded;
};

struct Resolved {
  ResolvedValue environment;
  std::vector<Origin> origins;  // One a scalar or list of `environment`, in its order.
  std::map<std::string, Position> positions;  // Of every key that is written, sections too.
  std::map<std::string, Position> values;     // Of every value, those inside lists as "key[0]".
  std::vector<Origin> later;                  // As LoadedConfig has it.

  // Where `key` is written, else the nearest section around it.
  Position PositionOf(std::string key) const;
};

// Mistakes go to `problems`; what is wrong is left out. `name` and `at` are the environment's.
Resolved ResolveEnvironment(const YamlNode& environment, const Position& at, Problems* problems);

// What no single key shows: shares that sum to 1, columns that are target and feature at once,
// names that are not listed. What is wrong by itself and so left out is passed over.
void CheckTogether(const Resolved& resolved, Problems* problems);
// The same of `notifications`: what each type needs and what it does not read.
void CheckNotifications(const Resolved& resolved, Problems* problems);
// The same of what follows from alerts.
void CheckActions(const Resolved& resolved, Problems* problems);
// The same of what a splitter finds a version by: headers and cookies.
void CheckDelivery(const Resolved& resolved, Problems* problems);

// The typed configuration.
void FillConfig(const Resolved& resolved, Config* config);

}  // namespace slipway::config
