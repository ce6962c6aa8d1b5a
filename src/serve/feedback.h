// What turned out to be true of rows that were predicted: POST /feedback.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "serve/types.h"

namespace slipway::serve {

// The largest number that may be a label, in size: the squares of errors are added up, which of
// numbers beyond it is no number any more.
inline constexpr double kMostLabel = 1e100;

// A label as it was sent: what the log keeps, and what a prediction is held against.
struct GivenLabel {
  enum class Kind : uint8_t { kNumber, kText, kBoolean };
  Kind kind = Kind::kText;
  std::string text = {};  // A number as it was written, a text as it is, "true" or "false".
  // Of a number, of a text that is one within kMostLabel, of true 1 and of false 0; else NaN.
  double number = std::numeric_limits<double>::quiet_NaN();
};

struct Feedback {
  std::string request_id = {};
  int64_t row = 0;  // Of the request, from 0.
  GivenLabel label = {};
};

// {"request_id": "…", "label": 1}, with "row" where the request had several, or
// {"request_id": "…", "labels": [1, 0]}, one a row of the request, or a list of these. A label is a
// number within kMostLabel, a text, true or false. At most `max_labels` of them, beyond: 413. A
// rejection's `row` counts the mappings of the list. Nothing where `feedback` holds all, in their
// order.
std::optional<Rejection> ParseFeedback(std::string_view body, int64_t max_labels,
                                       std::vector<Feedback>* feedback);

// The number that the whole text is, finite; else NaN.
double NumberOfText(std::string_view text);

// Whether the label is the class `name`, whose NumberOfText is `number`: by its text, or by the
// number that both are, so that 1 and 1.0 are the class "1". True and false are "True" and "False"
// in any case, or 1 and 0.
bool IsClass(const GivenLabel& label, std::string_view name, double number);

}  // namespace slipway::serve
