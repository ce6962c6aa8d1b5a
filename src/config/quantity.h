// Quantities as Kubernetes writes them: 500m, 2, 1Gi.
#pragma once

#include <optional>
#include <string_view>

namespace slipway::config {

// Its value, 1Gi being 1073741824; nothing for what is none.
std::optional<double> ParseQuantity(std::string_view text);

}  // namespace slipway::config
