// SIGINT, SIGTERM and SIGHUP as a flag that long work polls.
#pragma once

#include <csignal>

#include "core/result.h"

namespace slipway {

// Routes SIGINT, SIGTERM and, unless it is ignored, SIGHUP to the flag; a second SIGINT ends the
// process at once. Call once, from main.
void InstallInterruptHandlers();

// The flag, for a plug-in, whose own copy of this code sees no signal; it lives as long as the
// process.
const volatile std::sig_atomic_t* InterruptFlag();
// From now on the flag is that one. Call once, before any work.
void FollowInterrupts(const volatile std::sig_atomic_t* flag);

bool Interrupted();

// kInterrupted if the flag is set: `SLIPWAY_RETURN_IF_ERROR(CheckInterrupted())` between pieces of
// work.
Status CheckInterrupted();

}  // namespace slipway
