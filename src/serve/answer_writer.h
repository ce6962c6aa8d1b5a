// Predictions as the contract's JSON.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/types.h"
#include "serve/request_reader.h"
#include "serve/types.h"

namespace slipway::serve {

// One a model; const calls from all threads.
class AnswerWriter {
 public:
  AnswerWriter(const model::ModelSchema& schema, const std::string& model,
               const std::string& version);

  // {"prediction":1,"probability":{"0":0.1,"1":0.9},"model":"…","version":"3","request_id":"…"} of
  // one row, {"predictions":[…],"probabilities":[{…},…],…} of many; without probabilities of a
  // regression. Labels are numbers where schema.integer_labels. Appends to `out`.
  void WritePredict(const model::Predictions& predictions, Shape shape, std::string_view request_id,
                    std::string* out) const;
  // MLflow's: {"predictions":[…]}: of classes {"label":…,"probability_<class>":…} a row, as
  // mlflow.pyfunc answers a data frame of these columns; of a regression {"prediction":…}.
  void WriteInvocation(const model::Predictions& predictions, std::string* out) const;
  // {"model_name":…,"model_version":…,"id":…,"outputs":[{"name","shape","datatype","data"}]} of the
  // Open Inference Protocol: the outputs of the model's graph, those that are wanted. The version
  // and the id where there are.
  void WriteInfer(const model::Predictions& predictions, const InferRequest& request,
                  std::string* out) const;
  // {"error":"…","field":"…","row":0}; field and row where there are.
  static void WriteRejection(const Rejection& rejection, std::string* out);

 private:
  void AppendAnswer(const model::Predictions& predictions, int64_t row, std::string* out) const;
  void AppendProbabilities(const model::Predictions& predictions, int64_t row,
                           std::string* out) const;
  void AppendRows(const model::Predictions& predictions, std::string* out) const;
  // Of the output at `place`.
  void AppendTensor(const model::Predictions& predictions, size_t place, std::string* out) const;

  // JSON as it is answered. By class:
  std::vector<std::string> labels_;
  std::vector<std::string> probability_keys_;  // {"no": and ,"yes":
  // By column of an answer to MLflow, the label's or number's first: {"label": and so on.
  std::vector<std::string> output_keys_;
  std::string behind_;  // What stands behind the predictions, but for the request's id.
  // Of an inference: what stands before its id, and a tensor's begin up to its rows and from there
  // to its values.
  std::string infer_begin_;
  std::vector<std::string> tensor_begins_, tensor_middles_;
};

}  // namespace slipway::serve
