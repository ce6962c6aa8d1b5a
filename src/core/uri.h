// Pieces of URIs.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace slipway {

// What is no percent-encoded byte stays as it is.
std::string DecodePercent(std::string_view text);
// One segment of a path, or one value of a query: all but letters, digits and -._~ (RFC 3986, 2.3)
// as %XX. DecodePercent gives `text` again.
std::string EncodePercent(std::string_view text);

// Whether `text` begins with "file://".
bool IsFileUri(std::string_view text);
// The path that such a URI names (RFC 8089); nothing where it names another machine, or a path that
// is not absolute.
std::optional<std::string> PathOfFileUri(std::string_view uri);

}  // namespace slipway
