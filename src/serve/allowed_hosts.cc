#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <utility>

#include "core/text.h"
#include "serve/allowed_hosts_internal.h"

namespace slipway::serve {
namespace {

// What clients leave out of Host, for http and https.
constexpr uint16_t kHttpPort = 80, kHttpsPort = 443;

constexpr char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool IsNameByte(char c) {
  const char lower = Lower(c);
  return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_';
}

// `lower` is in lower case.
bool EqualsInAnyCase(std::string_view text, std::string_view lower) {
  return std::ranges::equal(text, lower, {}, Lower);
}

// "[::1]" in its shortest form; "" for what is no address.
using Ipv6Text = std::array<char, INET6_ADDRSTRLEN + 2>;
std::string_view ShortestIpv6(std::string_view bracketed, Ipv6Text* room) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (bracketed.size() < 2 || bracketed.size() - 2 >= text.size()) return "";
  std::memcpy(text.data(), bracketed.data() + 1, bracketed.size() - 2);
  in6_addr address{};
  if (::inet_pton(AF_INET6, text.data(), &address) != 1) return "";
  (*room)[0] = '[';
  ::inet_ntop(AF_INET6, &address, room->data() + 1, INET6_ADDRSTRLEN);
  const size_t size = std::strlen(room->data());
  (*room)[size] = ']';
  return {room->data(), size + 1};
}

// Behind the host: "", ":" or ":8443".
bool ParsePort(std::string_view text, std::optional<uint16_t>* port) {
  if (text.empty()) return true;
  if (text.front() != ':') return false;
  text.remove_prefix(1);
  if (text.empty()) return true;  // RFC 3986, 3.2.3: as if there were none.
  uint16_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || end != text.data() + text.size()) return false;
  *port = number;
  return true;
}

}  // namespace

std::optional<Authority> ParseAuthority(std::string_view text) {
  Authority parsed;
  size_t size = 0;
  if (text.starts_with('[')) {
    const size_t end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    size = end + 1;
  } else {
    size = static_cast<size_t>(std::ranges::find_if_not(text, IsNameByte) - text.begin());
  }
  parsed.host = text.substr(0, size);
  if (!ParsePort(text.substr(size), &parsed.port)) return std::nullopt;
  // The root's dot: the same name, written in full.
  if (parsed.host.ends_with('.')) parsed.host.remove_suffix(1);
  if (parsed.host.empty()) return std::nullopt;
  return parsed;
}

Result<AllowedHosts::Entry> AllowedHosts::MakeEntry(const std::string& text) {
  Entry entry;
  std::string_view rest = text;
  entry.below = rest.starts_with("*.");
  if (entry.below) rest.remove_prefix(1);
  const bool bare_ipv6 = !rest.starts_with('[') && std::ranges::count(rest, ':') > 1;
  const std::string bracketed = bare_ipv6 ? fmt::format("[{}]", rest) : std::string(rest);
  const std::optional<Authority> parsed = ParseAuthority(bracketed);
  Ipv6Text room{};
  const bool ipv6 = parsed && parsed->host.starts_with('[');
  const std::string_view host = !parsed ? std::string_view()
                                : ipv6  ? ShortestIpv6(parsed->host, &room)
                                        : parsed->host;
  if (host.empty() || (entry.below && (ipv6 || host.size() < 2)))
    return Error(ErrorCode::kInvalidInput,
                 fmt::format("'{}' is no host that can be allowed", Printable(text)))
        .Expected(
            "a name or an address without a scheme, such as a.example, a.example:8443, "
            "*.a.example, 10.0.0.1 or [::1]");
  entry.host = ToLower(host);
  entry.port = parsed->port;
  return entry;
}

Result<AllowedHosts> AllowedHosts::Make(const std::vector<std::string>& entries) {
  AllowedHosts made;
  for (const std::string& text : entries) {
    const std::string trimmed(Trim(text));
    if (trimmed == "*") return AllowedHosts();
    SLIPWAY_ASSIGN_OR_RETURN(Entry entry, MakeEntry(trimmed));
    made.entries_.push_back(std::move(entry));
  }
  made.any_ = made.entries_.empty();
  return made;
}

bool AllowedHosts::Matches(const Entry& entry, const Authority& asked) {
  if (entry.port && entry.port != asked.port) {
    const bool left_out = entry.port == kHttpPort || entry.port == kHttpsPort;
    if (asked.port || !left_out) return false;
  }
  if (!entry.below) return EqualsInAnyCase(asked.host, entry.host);
  // Something stands before the dot.
  return asked.host.size() > entry.host.size() &&
         EqualsInAnyCase(asked.host.substr(asked.host.size() - entry.host.size()), entry.host);
}

bool AllowedHosts::Allows(std::string_view authority) const {
  if (any_) return true;
  std::optional<Authority> asked = ParseAuthority(authority);
  if (!asked) return false;
  Ipv6Text room{};
  if (asked->host.starts_with('[')) asked->host = ShortestIpv6(asked->host, &room);
  return std::ranges::any_of(entries_, [&](const Entry& one) { return Matches(one, *asked); });
}

}  // namespace slipway::serve
