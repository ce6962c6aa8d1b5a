// Requests whose answers are known: the held-out rows that a model's artifact has.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "core/result.h"

namespace slipway::deploy {

struct GoldenRequest {
  std::string body;    // Of POST /predict, one row.
  Json label;          // Or the estimate of a regression.
  Json probabilities;  // Null for none.

  // What is wrong with an answer; "" where it says what the artifact says, scores within 1e-6.
  std::string Mistake(int status, std::string_view answer) const;
};

// Of the first `most` rows of a golden.jsonl. kIntegrity for a row that is none.
Result<std::vector<GoldenRequest>> ReadGoldenRequests(std::string_view golden, size_t most);

}  // namespace slipway::deploy
