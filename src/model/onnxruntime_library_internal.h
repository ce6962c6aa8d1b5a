// ONNX Runtime's library, opened once a process when a graph needs it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/plugin.h"
#include "core/result.h"
#include "model/onnxruntime_api_internal.h"

namespace slipway::model::ort {

inline constexpr char kLibraryFile[] = "libonnxruntime.so.1";

// Never closed, so that nothing of it is gone while a predictor lives.
struct Library {
  Api api;
  Env* env = nullptr;
  MemoryInfo* memory = nullptr;
  Allocator* allocator = nullptr;

  // kInvalidInput with ONNX Runtime's words: "ONNX Runtime can't <action>: …".
  slipway::Status Check(Status* status, const std::string& action) const;
};

// From the first of `folders` that has it. kUnavailable says where it was looked for and what to
// do. Thread-safe.
Result<const Library*> OpenLibrary(const std::vector<std::string>& folders = PluginFolders());

using OwnedSession = std::unique_ptr<Session, void (*)(Session*)>;
using OwnedValue = std::unique_ptr<Value, void (*)(Value*)>;

// A session whose every run stays on the thread that asks for it: rows are shared out over threads
// by who calls, and the answer does not depend on how many there are.
Result<OwnedSession> MakeSession(const Library& library, const std::string& onnx);

}  // namespace slipway::model::ort
