// The parts of a URL that a client needs (RFC 3986, RFC 9110 4.2).
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"

namespace slipway::http {

struct ClientUrl {
  bool uses_tls = false;
  std::string host;         // Without the brackets of an address of IPv6.
  int port = 0;
  std::string authority;    // As Host says it.
  std::string target;       // "/path?query".
  std::string credentials;  // "user:password", decoded; "" for none.
  std::string shown;        // For errors: without query and credentials.
};

// kInvalidInput for what is no URL of http or https. The error does not show the URL but as far as
// it can't hold a secret.
Result<ClientUrl> ParseClientUrl(std::string_view url);

}  // namespace slipway::http
