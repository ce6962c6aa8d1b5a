// Percent-encoding, of URIs and of Hive's folders.
#pragma once

#include <string>
#include <string_view>

namespace slipway::data {

// What is no encoded byte stays as it is.
std::string DecodePercent(std::string_view text);

}  // namespace slipway::data
