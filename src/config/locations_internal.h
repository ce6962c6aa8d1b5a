// What kind of place a text names: one answer for checking a configuration and for using it.
#pragma once

#include <string>
#include <string_view>

namespace slipway::config {

enum class PlaceKind {
  kStandard,  // "" or "local": the place under `.slipway/`.
  kPath,      // A folder or file, file://… among them.
  kRemote,    // A URI of another scheme, or mlflow….
  kName,      // A bare word, which `stores` or `registries` may say more of.
  kMistyped,  // Looks like a URI or a home directory and is neither: never made a folder of.
};

struct Place {
  PlaceKind kind = PlaceKind::kStandard;
  std::string likely;  // Of kMistyped: what was likely meant, "" where that is not clear.
};

Place ClassifyPlace(std::string_view text);

}  // namespace slipway::config
