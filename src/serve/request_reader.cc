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

namespace slipway::serve {
namespace {

constexpr std::string_view kPredictShapes = R"({"features": […]} or {"instances": [[…], …]})";
constexpr std::string_view kInvocationShapes =
    "a mapping with one of dataframe_split, dataframe_records, instances and inputs";

constexpr std::array<std::string_view, 3> kSplitParts = {"columns", "data", "index"};

class BodyReader : public RequestReader {
 public:
  BodyReader(const model::ModelSchema& schema, const ReaderOptions& options)
      : reader_(schema, options, &input_) {}

  std::optional<Rejection> ReadPredict(std::string_view body, Rows* rows) override {
    return Read(body, kPredictShapes, &BodyReader::ReadPredictKey, rows);
  }
  std::optional<Rejection> ReadInvocation(std::string_view body, Rows* rows) override {
    return Read(body, kInvocationShapes, &BodyReader::ReadInvocationKey, rows);
  }

 private:
  // Reads what stands at a key of the body.
  using KeyReader = bool (BodyReader::*)(std::string_view key);

  std::optional<Rejection> Read(std::string_view body, std::string_view shapes, KeyReader reader,
                                Rows* rows) {
    rows_ = rows;
    rows->request_id.clear();
    rows->shape = Shape::kMany;
    reader_.Begin(rows);
    split_ = Split();
    input_.Open(body);
    if (ReadBody(shapes, reader)) reader_.Finish();
    input_.Close();
    return std::move(reader_.rejection);
  }

  bool ReadBody(std::string_view shapes, KeyReader reader) {
    if (!ReadKeys(shapes, reader)) return false;
    if (!split_.unread) return true;
    // The names of the columns stood behind their rows.
    split_ = {.names = true};
    input_.Rewind();
    return ReadKeys(shapes, reader);
  }

  bool ReadKeys(std::string_view shapes, KeyReader reader) {
    const JsonKind kind = input_.Peek();
    if (kind == JsonKind::kNone) return reader_.Broken();
    if (kind != JsonKind::kMapping) {
      return reader_.Reject(
          {.message = fmt::format("the body is {}; expected {}", NameOf(kind), shapes)});
    }
    source_.clear();
    has_id_ = false;
    if (!EachField([&](std::string_view key) { return (this->*reader)(key); })) return false;
    if (!input_.AtEnd()) return reader_.Broken();
    if (!source_.empty()) return true;
    return reader_.Reject({.message = fmt::format("the body has no rows; expected {}", shapes)});
  }

  // Calls `read` for each field of the mapping that comes next, which takes its value.
  template <typename Read>
  bool EachField(Read read) {
    input_.Enter();
    bool first = true;
    while (input_.NextField(&first)) {
      std::string_view key;
      if (!input_.ReadKey(&key) || !input_.TakeColon()) return reader_.Broken();
      if (!read(key)) return false;
    }
    return !input_.broken() || reader_.Broken();
  }

  bool ReadPredictKey(std::string_view key) {
    if (key == "features") {
      rows_->shape = Shape::kOne;
      return Enter(key) && reader_.ReadRow(key);
    }
    if (key == "instances") return Enter(key) && reader_.ReadRows(key);
    if (key == "request_id") return ReadId();
    return Unknown(key, {"features", "instances", "request_id"});
  }

  bool ReadInvocationKey(std::string_view key) {
    if (key == "dataframe_split") return Enter(key) && ReadSplit();
    if (key == "dataframe_records" || key == "instances")
      return Enter(key) && reader_.ReadRows(key);
    if (key == "inputs") return Enter(key) && ReadInputs();
    if (key == "request_id") return ReadId();
    if (key == "params") return Skip(1);
    return Unknown(key, {"dataframe_split", "dataframe_records", "instances", "inputs", "params",
                         "request_id"});
  }

  // Rows come from one place.
  bool Enter(std::string_view key) {
    if (source_.empty()) {
      source_ = key;
      return true;
    }
    return reader_.Reject(
        {.message = source_ == key ? fmt::format("'{}' is there twice", key)
                                   : fmt::format("both '{}' and '{}' are there", source_, key)});
  }

  bool ReadInputs() {
    return input_.Peek() == JsonKind::kMapping ? reader_.ReadColumns("inputs")
                                               : reader_.ReadRows("inputs");
  }

  bool ReadSplit() {
    if (input_.Peek() != JsonKind::kMapping)
      return reader_.WrongKind("dataframe_split", "a mapping");
    std::array<bool, kSplitParts.size()> seen{};
    const auto read = [&](std::string_view key) {
      const auto part = std::ranges::find(kSplitParts, key);
      if (part == kSplitParts.end()) return Unknown(key, {"columns", "data", "index"});
      bool& twice = seen[static_cast<size_t>(part - kSplitParts.begin())];
      if (twice) return reader_.Reject({.message = fmt::format("'{}' is there twice", key)});
      twice = true;
      return ReadSplitPart(key);
    };
    if (!EachField(read)) return false;
    for (size_t i = 0; i < 2; ++i) {
      if (seen[i]) continue;
      return reader_.Reject({.message = fmt::format("dataframe_split: '{}' is not there; expected "
                                                    R"({{"columns": ["…"], "data": [[…], …]}})",
                                                    kSplitParts[i])});
    }
    return true;
  }

  bool ReadSplitPart(std::string_view key) {
    if (key == "columns" && !split_.names) {
      split_.names = true;
      return reader_.ReadNames("dataframe_split.columns");
    }
    if (key == "data" && split_.names) return reader_.ReadRows("dataframe_split.data");
    if (key == "data") split_.unread = true;
    return Skip(2);
  }

  bool Skip(int depth) { return input_.Walk(depth) || reader_.Broken(); }

  // Fit to be told again, in a header too.
  bool ReadId() {
    constexpr size_t kLongest = 128;
    if (has_id_) return reader_.Reject({.message = "'request_id' is there twice"});
    has_id_ = true;
    if (input_.Peek() != JsonKind::kText) return reader_.WrongKind("request_id", "a text");
    std::string_view id;
    if (!input_.ReadText(&id)) return reader_.Broken();
    const bool plain = std::ranges::all_of(id, [](char c) { return c > 0x20 && c < 0x7f; });
    if (!plain || id.empty() || id.size() > kLongest) {
      return reader_.Reject({.message = fmt::format("request_id: expected 1 to {} characters of "
                                                    "ASCII without blanks",
                                                    kLongest)});
    }
    rows_->request_id = id;
    return true;
  }

  bool Unknown(std::string_view key, const std::vector<std::string>& known) {
    const std::string nearest = NearestName(key, known);
    const std::string shown = Excerpt(key);
    return reader_.Reject(
        {.message = nearest.empty()
                        ? fmt::format("'{}' is unknown here; expected {}", shown, JoinOr(known))
                        : fmt::format("'{}' is unknown here; did you mean '{}'?", shown, nearest),
         .field = shown});
  }

  // How far a dataframe_split is read.
  struct Split {
    bool names = false;
    bool unread = false;  // Its data came before them.
  };

  JsonInput input_;
  RowReader reader_;
  Rows* rows_ = nullptr;
  std::string source_;  // The key that held the rows.
  bool has_id_ = false;
  Split split_;
};

}  // namespace

std::unique_ptr<RequestReader> RequestReader::Make(const model::ModelSchema& schema,
                                                   const ReaderOptions& options) {
  return std::make_unique<BodyReader>(schema, options);
}

}  // namespace slipway::serve
