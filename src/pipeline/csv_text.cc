#include "pipeline/csv_text.h"

#include "core/text.h"

namespace slipway::pipeline {

std::string CsvField(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos && Trim(text).size() == text.size()) {
    return text;
  }
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace slipway::pipeline
