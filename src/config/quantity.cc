#include "config/quantity.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <utility>

namespace slipway::config {
namespace {

constexpr std::array kUnits = {
    std::pair{std::string_view(""), 1.0},      std::pair{std::string_view("m"), 1e-3},
    std::pair{std::string_view("k"), 1e3},     std::pair{std::string_view("M"), 1e6},
    std::pair{std::string_view("G"), 1e9},     std::pair{std::string_view("T"), 1e12},
    std::pair{std::string_view("Ki"), 0x1p10}, std::pair{std::string_view("Mi"), 0x1p20},
    std::pair{std::string_view("Gi"), 0x1p30}, std::pair{std::string_view("Ti"), 0x1p40}};

}  // namespace

std::optional<double> ParseQuantity(std::string_view text) {
  const size_t end = std::min(text.find_first_not_of("0123456789."), text.size());
  const std::string_view digits = text.substr(0, end);
  if (digits.empty() || digits.front() == '.' || digits.back() == '.') return std::nullopt;
  if (std::ranges::count(digits, '.') > 1) return std::nullopt;
  const auto unit =
      std::ranges::find(kUnits, text.substr(end), &std::pair<std::string_view, double>::first);
  if (unit == kUnits.end()) return std::nullopt;
  double value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value * unit->second;
}

}  // namespace slipway::config
