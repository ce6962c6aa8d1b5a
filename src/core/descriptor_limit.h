// How many files, sockets and pipes a process may have open at once.
#pragma once

#include <cstdint>

namespace slipway {

// As many as the system lets this process have, from now on: the usual limit is there for programs
// that use select. How many that are; the largest number where the system does not say.
int64_t RaiseDescriptorLimit();

}  // namespace slipway
