#include <dlfcn.h>
#include <fmt/format.h>
#include <unistd.h>

#include <mutex>

#include "core/text.h"
#include "model/onnxruntime_library_internal.h"

namespace slipway::model::ort {
namespace {

Error Missing(const std::vector<std::string>& folders) {
  return Error(ErrorCode::kUnavailable, fmt::format("ONNX Runtime ({}) is missing; looked in {}",
                                                    kLibraryFile, Join(folders, ", ")))
      .Try("to install Slipway whole, or to name the folder of that file in SLIPWAY_PLUGIN_PATH");
}

Error Unusable(const std::string& path, const std::string& why) {
  Location location;
  location.file = path;
  return Error(ErrorCode::kUnavailable, "ONNX Runtime can't be used: " + why)
      .At(std::move(location))
      .Expected("ONNX Runtime 1.8 or later, for this machine")
      .Try("to install Slipway again");
}

// One a process.
Result<const Library*> Open(const std::string& path) {
  void* opened = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (opened == nullptr) return Unusable(path, ::dlerror());
  using GetApiBase = const ApiBase*();
  auto* const get_base = reinterpret_cast<GetApiBase*>(::dlsym(opened, "OrtGetApiBase"));
  if (get_base == nullptr) return Unusable(path, "it has no OrtGetApiBase");
  const void* const* table = get_base()->get_api(kApiVersion);
  if (table == nullptr) {
    return Unusable(path, fmt::format("it is of version {}", get_base()->version()));
  }
  auto library = std::make_unique<Library>(Library{.api = Api(table)});
  const Api& api = library->api;
  for (Status* status : {api.create_env(kLogFatal, "slipway", &library->env),
                         api.create_memory_info(kDeviceAllocator, kDefaultMemory, &library->memory),
                         api.default_allocator(&library->allocator)}) {
    const auto checked = library->Check(status, "start");
    if (!checked.ok()) return Unusable(path, checked.error().message());
  }
  // It has none on Linux; should that change, nothing is sent from here.
  (void)library->Check(api.disable_telemetry(library->env), "leave telemetry out");
  return library.release();
}

}  // namespace

slipway::Status Library::Check(Status* status, const std::string& action) const {
  if (status == nullptr) return {};
  const std::string message = api.error_message(status);
  api.release_status(status);
  return Error(ErrorCode::kInvalidInput,
               fmt::format("ONNX Runtime can't {}: {}", action, Trim(message)));
}

Result<const Library*> OpenLibrary(const std::vector<std::string>& folders) {
  static std::mutex mutex;
  static const Library* opened = nullptr;  // Guarded by mutex.
  for (const std::string& folder : folders) {
    const std::string path = fmt::format("{}/{}", folder, kLibraryFile);
    if (::access(path.c_str(), F_OK) != 0) continue;
    const std::scoped_lock lock(mutex);
    if (opened != nullptr) return opened;
    SLIPWAY_ASSIGN_OR_RETURN(opened, Open(path));
    return opened;
  }
  return Missing(folders);
}

Result<OwnedSession> MakeSession(const Library& library, const std::string& onnx) {
  const Api& api = library.api;
  SessionOptions* options = nullptr;
  SLIPWAY_RETURN_IF_ERROR(library.Check(api.create_session_options(&options), "load the graph"));
  const std::unique_ptr<SessionOptions, void (*)(SessionOptions*)> owned(
      options, api.release_session_options);
  SLIPWAY_RETURN_IF_ERROR(
      library.Check(api.set_log_severity(options, kLogFatal), "load the graph"));
  SLIPWAY_RETURN_IF_ERROR(library.Check(api.set_threads(options, 1), "load the graph"));
  Session* session = nullptr;
  SLIPWAY_RETURN_IF_ERROR(
      library.Check(api.create_session(library.env, onnx.data(), onnx.size(), options, &session),
                    "load the graph"));
  return OwnedSession(session, api.release_session);
}

}  // namespace slipway::model::ort
