// Values of records as a person reads them.
#pragma once

#include <string>

#include "core/json.h"

namespace slipway::cli {

// The first 12 hex digits of a digest.
std::string ShortDigest(const std::string& digest);

// Text as it is, four digits of a number with a fraction, "–" for nothing, compact JSON otherwise.
std::string ValueText(const Json& value);

// "+0.012" from one number to another; "" where one of the two is no number.
std::string ChangeText(const Json& left, const Json& right);

}  // namespace slipway::cli
