// Model cards of registered versions.
#pragma once

#include <string>

#include "core/result.h"
#include "registry/registry.h"
#include "report/card.h"

namespace slipway::cli {

// `slipway_directory` has the registry and the runs; the card of a version whose run is gone says
// so where it lacks something.
Result<report::Card> CardOf(const std::string& slipway_directory, registry::Registry& registry,
                            const registry::ModelVersion& version);

// kInvalidInput for a name that says neither Markdown nor HTML; "" is none.
Status CheckCardFile(const std::string& path);
Status WriteCard(const report::Card& card, const std::string& path);

}  // namespace slipway::cli
