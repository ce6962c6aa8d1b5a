// Words of the ONNX format that the writer and the reader share.
#pragma once

namespace slipway::model::onnx_names {

inline constexpr int kIrVersion = 8;
inline constexpr int kOpset = 17;
inline constexpr int kMlOpset = 3;
inline constexpr const char* kMlDomain = "ai.onnx.ml";
inline constexpr const char* kBranch = "BRANCH_LEQ";
inline constexpr const char* kLeaf = "LEAF";
// What an input of times is documented as: a graph that takes a time's seconds alone does not tell
// it from a number.
inline constexpr const char* kTimeInput = "a time, in seconds since 1970-01-01 00:00 UTC";

}  // namespace slipway::model::onnx_names
