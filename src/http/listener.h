// Sockets: those that listen, and descriptors that close themselves.
#pragma once

#include <sys/socket.h>

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

// "127.0.0.1", "::1"; of an address of IPv4 within IPv6 the former. "" for another family.
std::string AddressText(const sockaddr_storage& address);

}  // namespace slipway::http
