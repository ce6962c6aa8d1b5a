// Shared by the files that write and read the document of a service.
#pragma once

#include <string>

#include "core/json.h"
#include "core/result.h"
#include "deploy/types.h"

namespace slipway::deploy {

// kIntegrity: "the stored record of a service …".
Error BadRecord(const std::string& what);
// nullptr where it is not there, or null.
const Json* Find(const Json& json, const char* key);

Json ReleaseToJson(const Release& release);
Result<Release> ReleaseFromJson(const Json& json);

// experiment_json.cc
Json ExperimentToJson(const Experiment& experiment);
Result<Experiment> ExperimentFromJson(const Json& json, const Settings& settings);

}  // namespace slipway::deploy
