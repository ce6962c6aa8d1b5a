// Words of the ONNX format that the writer and the reader share.
#pragma once

namespace slipway::model::onnx_names {

inline constexpr int kIrVersion = 8;
inline constexpr int kOpset = 17;
inline constexpr int kMlOpset = 3;
inline constexpr const char* kMlDomain = "ai.onnx.ml";
inline constexpr const char* kBranch = "BRANCH_LEQ";
inline constexpr const char* kLeaf = "LEAF";

}  // namespace slipway::model::onnx_names
