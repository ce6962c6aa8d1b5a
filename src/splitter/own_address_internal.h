// Where a splitter listens, so that it is not told to ask itself.
#pragma once

#include <sys/socket.h>

#include "core/result.h"

namespace slipway::splitter {

class OwnAddress {
 public:
  // Of a socket that listens.
  static Result<OwnAddress> Of(int listener);

  // Whether who connects there is answered by the listener.
  bool Is(const sockaddr_storage& address) const;

 private:
  OwnAddress() = default;

  sockaddr_storage bound_{};
};

}  // namespace slipway::splitter
