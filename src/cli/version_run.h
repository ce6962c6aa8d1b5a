// The run that made a version, as far as it is kept beside the registry.
#pragma once

#include <string>
#include <vector>

#include "cli/table.h"
#include "core/json.h"
#include "registry/registry_store.h"

namespace slipway::cli {

// Its report.json; null where it is gone, or was elsewhere.
Json RunReportOf(const std::string& slipway_directory, const registry::ModelVersion& version);

// What each gate of it said, as `gates` of the contract; [] where nothing is known.
Json GatesOf(const std::string& slipway_directory, const registry::ModelVersion& version);

// A line each: whether it passed, its name and why.
std::vector<Row> GateRows(const Json& gates);

}  // namespace slipway::cli
