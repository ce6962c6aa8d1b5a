// What the page is made of.
#pragma once

#include <string_view>

namespace slipway::serve::page {

// Between <style> and </style>, and between <script> and </script>.
extern const std::string_view kStyle;
extern const std::string_view kScript;

}  // namespace slipway::serve::page
