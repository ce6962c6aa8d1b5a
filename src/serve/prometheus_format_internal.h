// Pieces of the Prometheus text format 0.0.4.
#pragma once

#include <fmt/format.h>

#include <iterator>
#include <string>
#include <string_view>

namespace slipway::serve {

inline void AppendFamily(std::string_view name, std::string_view type, std::string_view help,
                         std::string* text) {
  fmt::format_to(std::back_inserter(*text), "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

// A family of one sample.
template <typename Number>
void AppendSingle(std::string_view name, std::string_view type, std::string_view help, Number value,
                  std::string* text) {
  AppendFamily(name, type, help, text);
  fmt::format_to(std::back_inserter(*text), "{} {}\n", name, value);
}

inline std::string LabelValue(std::string_view text) {
  std::string escaped;
  for (const char letter : text) {
    if (letter == '\\' || letter == '"') escaped += '\\';
    if (letter == '\n') {
      escaped += "\\n";
    } else {
      escaped += letter;
    }
  }
  return escaped;
}

}  // namespace slipway::serve
