// What ends with this process, however it does.
#pragma once

namespace slipway {

// The group of processes that a second SIGINT, which ends this process at once, kills too; 0 for
// none. One at a time.
void KillAtExit(int group);

}  // namespace slipway
