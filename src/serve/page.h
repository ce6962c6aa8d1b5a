// The page at /: shows the model, and lets a person try it.
#pragma once

#include <string_view>

namespace slipway::serve {

// HTML that asks /openapi.json and /predict by itself; nothing in it comes from a model.
std::string_view TryPage();
// What the page may do (Content-Security-Policy).
inline constexpr std::string_view kPagePolicy =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src "
    "'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

}  // namespace slipway::serve
