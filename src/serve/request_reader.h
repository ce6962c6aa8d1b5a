// Rows to predict out of the bodies of requests, checked against the model's schema.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "serve/types.h"

namespace slipway::serve {

struct ReaderOptions {
  UnknownCategory unknown = UnknownCategory::kAccept;
  int64_t max_rows = 100'000;  // A request. Beyond: 413.
};

// One a thread and model: it keeps the room that parsing takes. `schema` outlives it.
class RequestReader {
 public:
  virtual ~RequestReader() = default;
  static std::unique_ptr<RequestReader> Make(const model::ModelSchema& schema,
                                             const ReaderOptions& options);

  // POST /predict: {"features": […]} (one row in the order of the inputs), {"features": {"age":
  // 41}},
  // {"instances": [[…], …]} or {"instances": [{"age": 41, …}, …]}. A named input that is not there,
  // or null, is missing. Nothing where `rows` holds them.
  virtual std::optional<Rejection> ReadPredict(std::string_view body, Rows* rows) = 0;
  // POST /invocations of MLflow: dataframe_split, dataframe_records, instances, inputs (a mapping
  // of columns to lists, a list of rows, or a list of mappings).
  virtual std::optional<Rejection> ReadInvocation(std::string_view body, Rows* rows) = 0;
};

}  // namespace slipway::serve
