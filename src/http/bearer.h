// Bearer tokens (RFC 6750): "Authorization: Bearer TOKEN". They are kept and compared as digests
// (core/secret.h), and no message holds one.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/result.h"
#include "http/types.h"

namespace slipway::http {

// What goes with each 401 as WWW-Authenticate (RFC 9110, 11.6.1).
inline constexpr std::string_view kBearerChallenge = R"(Bearer realm="slipway")";

inline constexpr size_t kShortestToken = 16;
// kInvalidInput for one that a header can't carry, or that is short enough to guess. `where` is the
// file or variable that it is from.
Status CheckBearerToken(std::string_view token, Location where);

enum class Presented {
  kNone,
  kSeveral,  // Of several headers it would be open which one counts.
  kOther,    // Of another scheme.
  kToken,
};
// The token that a request presents.
Presented FindBearerToken(const Request& request, std::string_view* token);
// Why that is not enough, for the answer 401; of kToken that it is not known.
std::string BearerRefusal(Presented presented);

}  // namespace slipway::http
