#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "core/descriptor.h"
#include "splitter/own_address_internal.h"

namespace slipway::splitter {
namespace {

constexpr size_t kV4At = 12;  // Within one of IPv6.

// An address in the form of IPv6, which has one for those of IPv4.
struct Place {
  in6_addr address{};
  in_port_t port = 0;
  bool is_v4 = false;

  bool any() const {
    const auto* const begin = std::begin(address.s6_addr) + (is_v4 ? kV4At : 0);
    return std::all_of(begin, std::end(address.s6_addr), [](uint8_t byte) { return byte == 0; });
  }
  bool loopback() const {
    constexpr uint8_t kLoopbackNet = 127;
    return is_v4 ? address.s6_addr[kV4At] == kLoopbackNet : IN6_IS_ADDR_LOOPBACK(&address);
  }
  bool Equals(const Place& other) const {
    return std::memcmp(&address, &other.address, sizeof(address)) == 0;
  }
};

Place PlaceOf(const sockaddr_storage& address) {
  Place place;
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    constexpr size_t kMarkAt = 10;
    place.address.s6_addr[kMarkAt] = place.address.s6_addr[kMarkAt + 1] = 0xff;
    std::memcpy(&place.address.s6_addr[kV4At], &v4.sin_addr, sizeof(v4.sin_addr));
    place.port = v4.sin_port;
    place.is_v4 = true;
  } else {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    place.address = v6.sin6_addr;
    place.port = v6.sin6_port;
    place.is_v4 = IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr);
  }
  return place;
}

// What the system lets a socket have is its own.
bool IsOfThisMachine(sockaddr_storage address) {
  const Descriptor socket(::socket(address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  // The port is at the same place in both.
  reinterpret_cast<sockaddr_in*>(&address)->sin_port = 0;
  const socklen_t size = address.ss_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  return socket.open() &&
         ::bind(socket.number(), reinterpret_cast<const sockaddr*>(&address), size) == 0;
}

}  // namespace

Result<OwnAddress> OwnAddress::Of(int listener) {
  OwnAddress own;
  socklen_t size = sizeof(own.bound_);
  if (::getsockname(listener, reinterpret_cast<sockaddr*>(&own.bound_), &size) != 0)
    return SystemError("ask for the address of a socket", "", errno);
  return own;
}

bool OwnAddress::Is(const sockaddr_storage& address) const {
  const Place bound = PlaceOf(bound_);
  const Place asked = PlaceOf(address);
  if (asked.port != bound.port) return false;
  // Who listens at all addresses of IPv6 does so at those of IPv4 too.
  if (bound.any()) return (asked.is_v4 || !bound.is_v4) && IsOfThisMachine(address);
  if (asked.Equals(bound)) return true;
  // Who asks for any address of this machine gets its loopback.
  return asked.any() && bound.loopback();
}

}  // namespace slipway::splitter
