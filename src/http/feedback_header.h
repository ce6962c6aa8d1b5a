// What only those who run a model server tell it of labels; a splitter takes the header out of what
// clients send. With a POST /feedback: who else is told of the labels.
#pragma once

#include <string_view>

namespace slipway::http {

inline constexpr std::string_view kFeedbackHeader = "Slipway-Feedback";
// Other servers get copies: a label may be of a prediction of theirs.
inline constexpr std::string_view kSharedFeedback = "shared";
// This is such a copy: another server answers it, and keeps it.
inline constexpr std::string_view kCopiedFeedback = "copy";
// With a GET /metrics, before a number of 1 or more: labels of predictions that were made since it
// was first named are counted apart, and told as "in_epoch".
inline constexpr std::string_view kFeedbackEpoch = "epoch=";

}  // namespace slipway::http
