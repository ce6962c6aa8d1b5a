// How a splitter tells a model server who else is told of the labels of a POST /feedback. The
// splitter takes the header out of what clients send.
#pragma once

#include <string_view>

namespace slipway::http {

inline constexpr std::string_view kFeedbackHeader = "Slipway-Feedback";
// Other servers get copies: a label may be of a prediction of theirs.
inline constexpr std::string_view kSharedFeedback = "shared";
// This is such a copy: another server answers it, and keeps it.
inline constexpr std::string_view kCopiedFeedback = "copy";

}  // namespace slipway::http
