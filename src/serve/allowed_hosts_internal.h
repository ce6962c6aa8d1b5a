// Which names a request may call the server by.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace slipway::serve {

// A host, with or without a port, as in "Host: a.example:8443".
struct Authority {
  std::string_view host;  // "[::1]" with its brackets; without a dot at its end.
  std::optional<uint16_t> port;
};
// Nothing for what is no host and port.
std::optional<Authority> ParseAuthority(std::string_view text);

// Compared in any case; IPv6 addresses by what they mean.
class AllowedHosts {
 public:
  // Each a.example, a.example:8443, *.a.example (all below it, not itself), 10.0.0.1, [::1] or ::1;
  // "*" among them allows any, as does none. kInvalidInput for what is none of them.
  static Result<AllowedHosts> Make(const std::vector<std::string>& entries);

  bool any() const { return any_; }
  // `authority` as a request has it; "" is allowed only where any is. Does not allocate.
  bool Allows(std::string_view authority) const;

 private:
  struct Entry {
    std::string host;  // In lower case, IPv6 in its shortest form; ".a.example" of *.a.example.
    std::optional<uint16_t> port;  // Nothing for any.
    bool below = false;            // It is the end of a name.
  };

  static Result<Entry> MakeEntry(const std::string& text);
  static bool Matches(const Entry& entry, const Authority& asked);

  std::vector<Entry> entries_;
  bool any_ = true;
};

}  // namespace slipway::serve
