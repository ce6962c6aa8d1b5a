// Values of records as a person reads them.
#pragma once

#include <string>

#include "core/json.h"

namespace slipway::cli {

// The first 12 hex digits of a digest.
std::string ShortDigest(const std::string& digest);

// Text as it is, digests shortened, four digits of a number with a fraction, "–" for nothing,
// compact JSON otherwise.
std::string ValueText(const Json& value);

// "+0.012" from one number to another; "" where one of the two is no number.
std::string ChangeText(const Json& left, const Json& right);

// A path as short as it can be shown from here.
std::string ShortPath(const std::string& path);
// Without needless "./", and otherwise as it is, for machines.
std::string PlainPath(const std::string& path);

}  // namespace slipway::cli
