// Values as CSV has them.
#pragma once

#include <string>

namespace slipway::pipeline {

// Quoted where it has to be: RFC 4180, and blanks at its ends, which a reader would drop.
std::string CsvField(const std::string& text);

}  // namespace slipway::pipeline
