#include "serve/request_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "core/text.h"
#include "serve/json_input_internal.h"
#include "serve/row_reader_internal.h"
#include "serve/tensor_reader_internal.h"
#include "serve/value_reader_internal.h"

namespace slipway::serve {
namespace {

constexpr std::string_view kPredictShapes = R"({"features": […]} or {"instances": [[…], …]})";
constexpr std::string_view kInvocationShapes =
    "a mapping with one of dataframe_split, dataframe_records, instances and inputs";
constexpr std::string_view kInferShapes =
    R"({"inputs": [{"name": "…", "shape": [1], "datatype": "FP64", "data": […]}, …]})";

constexpr std::array<std::string_view, 3> kSplitKeys = {"columns", "data", "index"};
constexpr std::array<std::string_view, 2> kNeededSplitKeys = {"columns", "data"};
constexpr std::array<std::string_view, 2> kInferKeys = {"id", "outputs"};
constexpr size_t kLongestId = 128;

class BodyReader : public RequestReader {
 public:
  BodyReader(const model::ModelSchema& schema, const ReaderOptions& options)
      : values_(schema, options, &input_),
        rows_reader_(schema, &input_, &values_),
        tensors_(schema, &input_, &values_) {}

  std::optional<Rejection> ReadPredict(std::string_view body, Rows* rows) override {
    Begin(rows);
    return Read(body, kPredictShapes, &BodyReader::ReadPredictKey, &rows->table);
  }
  std::optional<Rejection> ReadInvocation(std::string_view body, Rows* rows) override {
    Begin(rows);
    return Read(body, kInvocationShapes, &BodyReader::ReadInvocationKey, &rows->table);
  }
  std::optional<Rejection> ReadInfer(std::string_view body, InferRequest* request) override {
    request_ = request;
    request->id.reset();
    request->outputs.clear();
    return Read(body, kInferShapes, &BodyReader::ReadInferKey, &request->rows);
  }

 private:
  // Reads what stands at a key of the body.
  using KeyReader = bool (BodyReader::*)(std::string_view key);

  void Begin(Rows* rows) {
    rows_ = rows;
    rows->request_id.clear();
    rows->shape = Shape::kMany;
  }

  std::optional<Rejection> Read(std::string_view body, std::string_view shapes, KeyReader reader,
                                data::Table* table) {
    values_.Begin(table);
    rows_reader_.Begin();
    tensors_.Begin();
    input_.Open(body);
    if (ReadBody(shapes, reader)) values_.Finish();
    input_.Close();
    return std::move(values_.rejection);
  }

  bool ReadBody(std::string_view shapes, KeyReader reader) {
    const JsonKind kind = input_.Peek();
    if (kind == JsonKind::kNone) return values_.Broken();
    if (kind != JsonKind::kMapping) {
      // What begins as null, "nonsense" say, need not be it. A list may be long, and is none of
      // ours.
      if (kind != JsonKind::kList && (!input_.Walk(0) || !input_.AtEnd())) return values_.Broken();
      return values_.Reject(
          {.message = fmt::format("the body is {}; expected {}", NameOf(kind), shapes)});
    }
    source_.clear();
    seen_ = 0;
    if (!values_.EachField([&](std::string_view key) { return (this->*reader)(key); }))
      return false;
    if (!input_.AtEnd()) return values_.Broken();
    if (!source_.empty()) return true;
    return values_.Reject({.message = fmt::format("the body has no rows; expected {}", shapes)});
  }

  bool ReadPredictKey(std::string_view key) {
    if (key == "features") {
      rows_->shape = Shape::kOne;
      return Enter(key) && rows_reader_.ReadRow(key);
    }
    if (key == "instances") return Enter(key) && rows_reader_.ReadRows(key);
    if (key == "request_id") return ReadRequestId(key);
    return Unknown(key, {"features", "instances", "request_id"});
  }

  bool ReadInvocationKey(std::string_view key) {
    if (key == "dataframe_split") return Enter(key) && ReadSplit();
    if (key == "dataframe_records" || key == "instances")
      return Enter(key) && rows_reader_.ReadRows(key);
    if (key == "inputs") return Enter(key) && ReadInputs();
    if (key == "request_id") return ReadRequestId(key);
    if (key == "params") return values_.Skip(1);
    return Unknown(key, {"dataframe_split", "dataframe_records", "instances", "inputs", "params",
                         "request_id"});
  }

  bool ReadInferKey(std::string_view key) {
    if (key == "inputs") return Enter(key) && tensors_.ReadInputs();
    if (!values_.Once(kInferKeys, key, &seen_)) return false;
    if (key == "outputs") return tensors_.ReadOutputs(&request_->outputs);
    if (key == "id") return ReadId();
    // Parameters are extensions, of which there are none here.
    return values_.Skip(1);
  }

  // Rows come from one place.
  bool Enter(std::string_view key) {
    if (source_.empty()) {
      source_ = key;
      return true;
    }
    return values_.Reject(
        {.message = source_ == key ? fmt::format("'{}' is there twice", key)
                                   : fmt::format("both '{}' and '{}' are there", source_, key)});
  }

  bool ReadInputs() {
    return input_.Peek() == JsonKind::kMapping ? rows_reader_.ReadColumns("inputs")
                                               : rows_reader_.ReadRows("inputs");
  }

  bool ReadSplit() {
    if (input_.Peek() != JsonKind::kMapping)
      return values_.WrongKind("dataframe_split", "a mapping");
    unsigned seen = 0;
    names_read_ = false;
    unread_.reset();
    const auto read = [&](std::string_view key) {
      return values_.Once(kSplitKeys, key, &seen) && ReadSplitPart(key);
    };
    if (!values_.EachField(read)) return false;
    for (size_t i = 0; i < kNeededSplitKeys.size(); ++i) {
      if ((seen & (1U << i)) != 0) continue;
      return values_.Reject({.message = fmt::format("dataframe_split: '{}' is not there; expected "
                                                    R"({{"columns": ["…"], "data": [[…], …]}})",
                                                    kNeededSplitKeys[i])});
    }
    if (!unread_) return true;
    const JsonInput::Place end = input_.Here();
    input_.GoBack(*unread_);
    if (!rows_reader_.ReadRows("dataframe_split.data")) return false;
    input_.GoAhead(end);
    return true;
  }

  bool ReadSplitPart(std::string_view key) {
    constexpr int kDepth = 2;  // Body, split.
    if (key == "columns") {
      names_read_ = true;
      return rows_reader_.ReadNames("dataframe_split.columns");
    }
    if (key == "data" && names_read_) return rows_reader_.ReadRows("dataframe_split.data");
    if (key == "data") unread_ = input_.Here();
    if (key == "data" || key == "index") return values_.Skip(kDepth);
    return Unknown(key, {"columns", "data", "index"});
  }

  bool ReadRequestId(std::string_view key) {
    constexpr std::array<std::string_view, 1> kKeys = {"request_id"};
    if (!values_.Once(kKeys, key, &seen_)) return false;
    std::string_view id;
    if (!ReadText(key, &id)) return false;
    if (!IsRequestId(id)) {
      return values_.Reject({.message = fmt::format("request_id: expected 1 to {} characters of "
                                                    "ASCII without blanks",
                                                    kLongestId)});
    }
    rows_->request_id = id;
    return true;
  }

  // Clients that know no name for their request may say null.
  bool ReadId() {
    if (input_.Peek() == JsonKind::kNull) return input_.ReadNull() || values_.Broken();
    std::string_view id;
    if (!ReadText("id", &id)) return false;
    request_->id = id;
    return true;
  }

  bool ReadText(std::string_view what, std::string_view* text) {
    if (input_.Peek() != JsonKind::kText) return values_.WrongKind(what, "a text");
    return input_.ReadText(text) || values_.Broken();
  }

  bool Unknown(std::string_view key, const std::vector<std::string>& known) {
    const std::string nearest = NearestName(key, known);
    const std::string shown = Excerpt(key);
    return values_.Reject(
        {.message = nearest.empty()
                        ? fmt::format("'{}' is unknown here; expected {}", shown, JoinOr(known))
                        : fmt::format("'{}' is unknown here; did you mean '{}'?", shown, nearest),
         .field = shown});
  }

  JsonInput input_;
  ValueReader values_;
  RowReader rows_reader_;
  TensorReader tensors_;
  // Of the call at hand.
  Rows* rows_ = nullptr;
  InferRequest* request_ = nullptr;
  std::string source_;  // The key that held the rows.
  unsigned seen_ = 0;   // Which other keys were there.
  // How far a dataframe_split is read: its names, and its data where they came before them.
  bool names_read_ = false;
  std::optional<JsonInput::Place> unread_;
};

}  // namespace

bool IsRequestId(std::string_view id) {
  return !id.empty() && id.size() <= kLongestId &&
         std::ranges::all_of(id, [](char c) { return c > 0x20 && c < 0x7f; });
}

std::unique_ptr<RequestReader> RequestReader::Make(const model::ModelSchema& schema,
                                                   const ReaderOptions& options) {
  return std::make_unique<BodyReader>(schema, options);
}

}  // namespace slipway::serve
