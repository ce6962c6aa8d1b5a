// Strict readers of stored evidence: a number that is missing would silently forget what has been
// seen, so nothing has a fallback.
#pragma once

#include <cstdint>
#include <vector>

#include "analysis/evidence.h"
#include "analysis/margin_process.h"
#include "analysis/types.h"
#include "core/json.h"
#include "core/result.h"

namespace slipway::analysis {

// An error that names the field of a stored state that is missing or can't be.
Error BadState(const char* key);

// The member, which must be there and an object or array, or an error.
Result<const Json*> ReadMember(const Json& object, const char* key);
Result<bool> ReadBool(const Json& object, const char* key);
// A finite number.
Result<double> ReadNumber(const Json& object, const char* key);
// A number of trials or events: whole and not negative.
Result<int64_t> ReadCount(const Json& object, const char* key);
// Exactly `size` finite numbers.
Result<std::vector<double>> ReadNumbers(const Json& object, const char* key, size_t size);
// Exactly `size` counts.
Result<std::vector<int64_t>> ReadCounts(const Json& object, const char* key, size_t size);
// The two streams' counts, as CountsToJson writes them.
Json CountsToJson(const RateCounts& counts);
Result<RateCounts> ReadRateCounts(const Json& object, const char* key);
// A process: its parts, and behind them what it has kept back. Older versions kept nothing, and
// left that out. `key` names it in errors.
Json ProcessToJson(const MarginProcess& process);
Result<MarginProcess> ReadProcess(const Json& stored, const char* key);
Result<MarginProcess> ReadProcessIn(const Json& object, const char* key);
// The evidence stored under "evidence".
Result<Evidence> ReadEvidence(const Json& object);

}  // namespace slipway::analysis
