// A check of numbers on the command line.
#pragma once

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <string>

namespace slipway::cli {

// A number from `least` to `most`. CLI::Range takes "nan", which is in no range.
inline CLI::Validator Between(double least, double most) {
  const std::string range = fmt::format("[{} - {}]", least, most);
  const auto check = [=](std::string& text) {
    double value = 0;
    const bool number = CLI::detail::lexical_cast(text, value);
    if (number && value >= least && value <= most) return std::string();
    return fmt::format("Value {} not in range {}", text, range);
  };
  return {check, "FLOAT in " + range, "Between"};
}

}  // namespace slipway::cli
