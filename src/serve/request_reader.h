// Rows to predict out of the bodies of requests, checked against the model's schema.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "serve/types.h"

namespace slipway::serve {

struct ReaderOptions {
  UnknownCategory unknown = UnknownCategory::kAccept;
  int64_t max_rows = 100'000;  // A request. Beyond: 413.
  // Rows × inputs of the model, whether a request gives them or leaves them out; eight bytes each.
  // Beyond: 413.
  int64_t max_values = 5'000'000;
};

// What a body of the Open Inference Protocol asked, kept from call to call for its room.
struct InferRequest {
  data::Table rows;               // The model's inputs in their order.
  std::optional<std::string> id;  // Any text, to be told again.
  // By place among the model's outputs, model::OutputNames: whether it is wanted. Empty for all.
  std::vector<bool> outputs;
};

// Whether a client's name for a request is fit to be told again, in a header too: 1 to 128
// characters of ASCII without blanks.
bool IsRequestId(std::string_view id);

// One a thread and model: it keeps the room that parsing takes. `schema` outlives it.
class RequestReader {
 public:
  virtual ~RequestReader() = default;
  static std::unique_ptr<RequestReader> Make(const model::ModelSchema& schema,
                                             const ReaderOptions& options);

  // Each returns nothing where `rows` hold what the body has. Values are taken as `slipway predict`
  // takes them from a line of JSON: what counts as missing there does here, and a text that is a
  // number is one for a numeric input. A named input that is not there, or null, is missing.

  // POST /predict: {"features": […]} (one row in the order of the inputs), {"features": {"age":
  // 41}}, {"instances": [[…], …]} or {"instances": [{"age": 41, …}, …]}.
  virtual std::optional<Rejection> ReadPredict(std::string_view body, Rows* rows) = 0;
  // POST /invocations of MLflow: dataframe_split, dataframe_records, instances, inputs (a mapping
  // of columns to lists, a list of rows, or a list of mappings).
  virtual std::optional<Rejection> ReadInvocation(std::string_view body, Rows* rows) = 0;
  // POST /v2/models/NAME/infer: tensors named as the inputs, each [N] or [N, 1], or one of all
  // inputs, [N, k]; `data` flat or a list a row. A value must be one of the tensor's datatype, or
  // null. Inputs without a tensor are missing in each row.
  virtual std::optional<Rejection> ReadInfer(std::string_view body, InferRequest* request) = 0;
};

}  // namespace slipway::serve
