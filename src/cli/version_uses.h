// What services need of a version of a model, before it may go.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/result.h"
#include "deploy/types.h"

namespace slipway::cli {

// "is stable in shop-production", "is revision 3 of shop-production, which can be gone back to",
// one for each use; none where nobody needs it.
std::vector<std::string> UsesOf(const deploy::Service& service, const std::string& model,
                                int64_t version);
// By all services of the registry in that directory.
Result<std::vector<std::string>> UsesOf(const std::string& registry, const std::string& model,
                                        int64_t version);

}  // namespace slipway::cli
