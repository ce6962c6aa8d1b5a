// The log of a program that does not know of it: its outputs, appended to one file. It is kept
// short from outside: what is in it is moved to PATH.1, what was there to PATH.2, and the file,
// which the program has open, begins anew. What is written in the instant between the copy and that
// is lost.
#pragma once

#include <cstdint>
#include <string>

#include "core/result.h"

namespace slipway {

// Moves what is in the log away where that is `bytes` or more. Where there is no room for a copy,
// it is given up: a full disk is not to be filled by logs. One that is not there is no error.
Status ShortenLog(const std::string& path, int64_t bytes);

// The last `bytes` of it, from the first whole line on, those that were moved included; "" of one
// that is not there.
Result<std::string> ReadLogEnd(const std::string& path, int64_t bytes);

}  // namespace slipway
