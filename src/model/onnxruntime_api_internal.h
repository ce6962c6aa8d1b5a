// ONNX Runtime's C API as far as it is used here: functions by their places in the table that
// OrtGetApiBase gives. Functions are only ever added at the table's end, so the places hold for
// every library from 1.8 on, and no header of theirs is needed (docs/design/0008-onnx-runtime.md).
#pragma once

#include <cstddef>
#include <cstdint>

namespace slipway::model::ort {

// Theirs, seen by pointer only.
struct Status;
struct Env;
struct MemoryInfo;
struct Allocator;
struct SessionOptions;
struct Session;
struct RunOptions;
struct Value;
struct TensorInfo;

// Of ONNXTensorElementDataType, which has the numbers of ONNX's own TensorProto.DataType.
enum Element : int { kFloat = 1, kInt32 = 6, kInt64 = 7, kString = 8, kDouble = 11 };

inline constexpr uint32_t kApiVersion = 8;
inline constexpr int kLogFatal = 4;
inline constexpr int kDeviceAllocator = 0;
inline constexpr int kDefaultMemory = 0;

// What OrtGetApiBase points to.
struct ApiBase {
  const void* const* (*get_api)(uint32_t version);
  const char* (*version)();
};

// Each returns null, or a status to be released.
struct Api {
  explicit Api(const void* const* table) {
    Take(table[2], error_message);
    Take(table[3], create_env);
    Take(table[6], disable_telemetry);
    Take(table[8], create_session);
    Take(table[9], run);
    Take(table[10], create_session_options);
    Take(table[22], set_log_severity);
    Take(table[24], set_threads);
    Take(table[48], create_tensor);
    Take(table[49], wrap_tensor);
    Take(table[51], tensor_data);
    Take(table[52], fill_strings);
    Take(table[53], strings_length);
    Take(table[54], strings_content);
    Take(table[60], element_type);
    Take(table[64], element_count);
    Take(table[65], tensor_info);
    Take(table[69], create_memory_info);
    Take(table[78], default_allocator);
    Take(table[93], release_status);
    Take(table[95], release_session);
    Take(table[96], release_value);
    Take(table[99], release_tensor_info);
    Take(table[100], release_session_options);
  }

  const char* (*error_message)(const Status*);
  Status* (*create_env)(int severity, const char* id, Env**);
  Status* (*disable_telemetry)(const Env*);
  Status* (*create_session)(const Env*, const void* model, size_t bytes, const SessionOptions*,
                            Session**);
  Status* (*run)(Session*, const RunOptions*, const char* const* input_names,
                 const Value* const* inputs, size_t input_count, const char* const* output_names,
                 size_t output_count, Value** outputs);
  Status* (*create_session_options)(SessionOptions**);
  Status* (*set_log_severity)(SessionOptions*, int severity);
  Status* (*set_threads)(SessionOptions*, int threads);
  Status* (*create_tensor)(Allocator*, const int64_t* shape, size_t rank, int element, Value**);
  // The data stay the caller's, and must outlive the value.
  Status* (*wrap_tensor)(const MemoryInfo*, void* data, size_t bytes, const int64_t* shape,
                         size_t rank, int element, Value**);
  Status* (*tensor_data)(Value*, void** data);
  Status* (*fill_strings)(Value*, const char* const* texts, size_t count);
  Status* (*strings_length)(const Value*, size_t* bytes);
  Status* (*strings_content)(const Value*, void* bytes, size_t size, size_t* offsets, size_t count);
  Status* (*element_type)(const TensorInfo*, int* element);
  Status* (*element_count)(const TensorInfo*, size_t* count);
  Status* (*tensor_info)(const Value*, TensorInfo**);
  Status* (*create_memory_info)(int allocator, int memory, MemoryInfo**);
  Status* (*default_allocator)(Allocator**);
  void (*release_status)(Status*);
  void (*release_session)(Session*);
  void (*release_value)(Value*);
  void (*release_tensor_info)(TensorInfo*);
  void (*release_session_options)(SessionOptions*);

 private:
  template <typename Function>
  static void Take(const void* place, Function*& function) {
    function = reinterpret_cast<Function*>(const_cast<void*>(place));
  }
};

}  // namespace slipway::model::ort
