// What is to be done outside, in the form that whoever does it reads.
#pragma once

#include <cstdint>
#include <string>

#include "core/json.h"
#include "deploy/types.h"

namespace slipway::deploy {

// Which version it is, for the registry.
Json ReleaseFacts(const Release& release);

// People are told what became of that revision of the service.
Outside NotifyOf(const Service& service, const Release& release, int64_t revision,
                 const std::string& event, const std::string& text, int64_t now_ms);

// A version whose gates did not pass keeps who delivered it all the same.
Outside ForcedTagOf(const Service& service, const Release& release, const std::string& actor);

// A version that an experiment ended without keeps what it came to.
Outside ExperimentTagOf(const Service& service, const Release& release, int64_t revision,
                        const std::string& result);

// The version that was gone back from keeps the reason.
Outside RollbackTagOf(const Service& service, const Release& release, int64_t revision,
                      const std::string& reason);

}  // namespace slipway::deploy
