// What programs that were started with --output json have told in their logs.
#pragma once

#include <string>

#include "core/json.h"

namespace slipway::deploy {

// The last event that tells where a program listens; null where there is none.
Json LastListening(const std::string& log);

}  // namespace slipway::deploy
