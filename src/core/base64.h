// Bytes as text: base64 of RFC 4648 with padding and without line ends, by OpenSSL.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"

namespace slipway {

std::string ToBase64(std::string_view bytes);
// kInvalidInput for anything but what ToBase64 writes.
Result<std::string> FromBase64(std::string_view text);

}  // namespace slipway
