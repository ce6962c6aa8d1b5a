// Sockets: those that listen, and descriptors that close themselves.
#pragma once

#include <sys/socket.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "core/descriptor.h"
#include "core/result.h"

namespace slipway::http {

struct Listeners {
  std::vector<Descriptor> sockets;
  int port = 0;
};

// `count` sockets that listen at the same address: the system spreads connections over them.
// kInvalidInput for a host or port that there is not, kIo where the address is taken.
Result<Listeners> Listen(const std::string& host, int port, int count);

enum class Accepting {
  kMayBeMore,  // A bound on what one turn takes ended it.
  kNobodyWaits,
  kNoRoom,  // The system has no descriptors left. Who waits makes the socket ready again and again.
};

// Hands those who wait at a listening socket, and their addresses, to `welcome`.
Accepting AcceptWaiting(int listener, const std::function<void(Descriptor, std::string)>& welcome);

// "127.0.0.1", "::1"; of an address of IPv4 within IPv6 the former. "" for another family.
std::string AddressText(const sockaddr_storage& address);

}  // namespace slipway::http
