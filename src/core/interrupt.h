// SIGINT and SIGTERM as a flag that long work polls.
#pragma once

#include "core/result.h"

namespace slipway {

// Routes SIGINT and SIGTERM to the flag; a second SIGINT ends the process at once. Call once, from
// main.
void InstallInterruptHandlers();

bool Interrupted();

// kInterrupted if the flag is set: `SLIPWAY_RETURN_IF_ERROR(CheckInterrupted())` between pieces of
// work.
Status CheckInterrupted();

}  // namespace slipway
