// The page at /: shows the models, and lets a person try them.
#pragma once

#include <string_view>

namespace slipway::serve {

// HTML that asks /openapi.json and the models' /predict by itself; nothing in it comes from a
// model. Both are made at the first call, from any thread, and live as long as the process.
std::string_view TryPage();
// What the page may do: the value of Content-Security-Policy. Its own style and script, by their
// digests, and questions to the server that it came from; nothing else.
std::string_view PagePolicy();

}  // namespace slipway::serve
