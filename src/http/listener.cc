#include "http/listener.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

namespace slipway::http {
namespace {

constexpr int kBacklog = 4096;
constexpr int kAcceptBurst = 64;
constexpr int kLargestPort = 65535;
constexpr size_t kBytesBeforeMapped = 12;  // Of an IPv6 address that holds one of IPv4.

struct FreeAddresses {
  void operator()(addrinfo* addresses) const { ::freeaddrinfo(addresses); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

Result<Addresses> Resolve(const std::string& host, int port) {
  if (port < 0 || port > kLargestPort)
    return Error(ErrorCode::kInvalidInput, fmt::format("there is no port {}", port))
        .Expected("0 to 65535, 0 for a free one");
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int failure = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &wanted, &found);
  if (failure != 0)
    return Error(ErrorCode::kInvalidInput,
                 fmt::format("there is no host \"{}\": {}", host, ::gai_strerror(failure)))
        .Try("127.0.0.1 for this machine only, 0.0.0.0 for all of its addresses");
  return Addresses(found);
}

Error ListenError(const std::string& host, int port, int error_number) {
  const std::string address = fmt::format("{}:{}", host, port);
  if (error_number == EADDRNOTAVAIL || error_number == EAFNOSUPPORT)
    return Error(ErrorCode::kInvalidInput,
                 fmt::format("can't listen at {}: {}", address, std::strerror(error_number)))
        .Expected("an address of this machine");
  Error error = SystemError("listen", address, error_number);
  if (error_number == EADDRINUSE) return std::move(error).Try("another port, or 0 for a free one");
  if (error_number == EACCES) return std::move(error).Try("a port of 1024 or above");
  return error;
}

bool Turn(const Descriptor& socket, int level, int option) {
  const int on = 1;
  return ::setsockopt(socket.number(), level, option, &on, sizeof(on)) == 0;
}

// Bound, and not listening yet. Invalid where it fails, with errno.
Descriptor Bind(const addrinfo& address, int port, bool shared) {
  Descriptor made(::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!made.open()) return made;
  sockaddr_storage name{};
  std::memcpy(&name, address.ai_addr, address.ai_addrlen);
  // The port is at the same place in both.
  reinterpret_cast<sockaddr_in*>(&name)->sin_port = htons(static_cast<uint16_t>(port));
  // Sockets that are accepted inherit TCP_NODELAY.
  bool done = Turn(made, SOL_SOCKET, SO_REUSEADDR) && Turn(made, IPPROTO_TCP, TCP_NODELAY);
  if (shared) done = done && Turn(made, SOL_SOCKET, SO_REUSEPORT);
  done = done && ::bind(made.number(), reinterpret_cast<sockaddr*>(&name), address.ai_addrlen) == 0;
  // Shared from here on only, so that the address of another server of ours is found taken.
  if (!shared) done = done && Turn(made, SOL_SOCKET, SO_REUSEPORT);
  if (done) return made;
  const int error_number = errno;
  made.Close();
  errno = error_number;
  return made;
}

int PortOf(const Descriptor& socket) {
  sockaddr_storage name{};
  socklen_t size = sizeof(name);
  if (::getsockname(socket.number(), reinterpret_cast<sockaddr*>(&name), &size) != 0) return 0;
  return ntohs(reinterpret_cast<sockaddr_in*>(&name)->sin_port);
}

}  // namespace

Result<Listeners> Listen(const std::string& host, int port, int count) {
  SLIPWAY_ASSIGN_OR_RETURN(const Addresses addresses, Resolve(host, port));
  Listeners made;
  made.port = port;
  for (int number = 0; number < count; ++number) {
    Descriptor socket = Bind(*addresses, made.port, number > 0);
    if (!socket.open()) return ListenError(host, made.port, errno);
    if (number == 0) made.port = PortOf(socket);
    made.sockets.push_back(std::move(socket));
  }
  for (const Descriptor& socket : made.sockets) {
    if (::listen(socket.number(), kBacklog) != 0) return ListenError(host, made.port, errno);
  }
  return made;
}

Accepting AcceptWaiting(int listener, const std::function<void(Descriptor, std::string)>& welcome) {
  for (int count = 0; count < kAcceptBurst; ++count) {
    sockaddr_storage name{};
    socklen_t size = sizeof(name);
    Descriptor socket(::accept4(listener, reinterpret_cast<sockaddr*>(&name), &size,
                                SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket.open()) {
      welcome(std::move(socket), AddressText(name));
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      return Accepting::kNoRoom;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EBADF || errno == EINVAL) {
      return Accepting::kNobodyWaits;
    }
    // Else a client that went again, or its network's fault: the next one.
  }
  return Accepting::kMayBeMore;
}

std::string AddressText(const sockaddr_storage& address) {
  const void* bytes = nullptr;
  int family = address.ss_family;
  if (family == AF_INET) {
    bytes = &reinterpret_cast<const sockaddr_in&>(address).sin_addr;
  } else if (family == AF_INET6) {
    const in6_addr& whole = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
    bytes = &whole;
    if (IN6_IS_ADDR_V4MAPPED(&whole)) {
      family = AF_INET;
      bytes = &whole.s6_addr[kBytesBeforeMapped];
    }
  }
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (bytes == nullptr || ::inet_ntop(family, bytes, text.data(), text.size()) == nullptr)
    return "";
  return text.data();
}

}  // namespace slipway::http
