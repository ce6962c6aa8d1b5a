#include <fmt/format.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/text.h"
#include "data/json_line_internal.h"
#include "data/value_parser.h"

namespace slipway::data {
namespace {

constexpr const char* kOneObject = "one JSON object a line";
constexpr size_t kMaxObjects = 32;  // One within another.
constexpr int kMaxArrays = 1000;
constexpr size_t kMaxKeys = 65536;

// No recursion, numbers as they are written.
constexpr unsigned kFlags = rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag |
                            rapidjson::kParseValidateEncodingFlag;

// Without the blanks between its parts.
void AppendCompact(std::string_view json, std::string& text) {
  bool quoted = false;
  for (size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (!quoted && (c == ' ' || c == '\t' || c == '\r' || c == '\n')) continue;
    text += c;
    if (quoted && c == '\\') {
      text += json[++i];
    } else if (c == '"') {
      quoted = !quoted;
    }
  }
}

// The parser stops at the first byte of such a number, or shortly behind it.
bool IsForeignNumberNear(std::string_view line, size_t at) {
  const size_t first = at > 1 ? at - 2 : 0;
  for (size_t i = first; i <= std::min(at, line.size()); ++i) {
    if (IsForeignNumber(line.substr(i))) return true;
  }
  return false;
}

// Takes what the parser finds in one line.
class LineHandler {
 public:
  LineHandler(JsonKey& root, bool discover) : root_(root), discover_(discover) {}

  void BeginBlock(size_t index) {
    block_ = index;
    new_keys_ = 0;
  }

  void BeginLine(std::string_view line, const rapidjson::MemoryStream& stream, JsonValues* values) {
    line_ = line;
    stream_ = &stream;
    values_ = values;
    ++row_;
    objects_.clear();
    key_ = nullptr;
    arrays_ = 0;
    refusal.clear();
    no_object = false;
  }

  bool Null() {
    if (!InObject()) return arrays_ > 0;
    if (key_ != nullptr) key_->has_null = true;
    return true;
  }

  bool Bool(bool value) {
    if (!InObject()) return arrays_ > 0;
    if (key_ == nullptr) return true;
    key_->has_value = true;
    if (values_ != nullptr && key_->column >= 0) values_->AddBoolean(key_->column, value);
    return true;
  }

  bool RawNumber(const char* text, rapidjson::SizeType size, bool /*copy*/) {
    return AddText({text, size});
  }
  bool String(const char* text, rapidjson::SizeType size, bool /*copy*/) {
    return AddText({text, size});
  }

  // Numbers come raw.
  static bool Int(int) { return false; }
  static bool Uint(unsigned) { return false; }
  static bool Int64(int64_t) { return false; }
  static bool Uint64(uint64_t) { return false; }
  static bool Double(double) { return false; }

  bool StartObject() {
    if (arrays_ > 0) return true;
    if (!objects_.empty() && key_ != nullptr) key_->has_object = true;
    if (objects_.size() == kMaxObjects) {
      return Refuse(fmt::format("objects are nested more than {} deep", kMaxObjects));
    }
    objects_.push_back({objects_.empty() ? &root_ : key_, 0});
    return true;
  }

  bool Key(const char* text, rapidjson::SizeType size, bool /*copy*/) {
    if (arrays_ > 0) return true;
    const std::string_view name(text, size);
    auto& [object, place] = objects_.back();
    key_ = object == nullptr ? nullptr : object->Find(name, place);
    if (key_ == nullptr && discover_ && object != nullptr) {
      if (++key_count_ > kMaxKeys) {
        return Refuse(fmt::format("there are more than {} different keys", FormatCount(kMaxKeys)));
      }
      key_ = &object->Add(name);
      key_->first_block = block_;
      key_->first_place = new_keys_++;
    }
    if (key_ != nullptr && std::exchange(key_->last_row, row_) == row_) {
      return Refuse(fmt::format("key '{}' is there twice in one object", Excerpt(name)));
    }
    return true;
  }

  bool EndObject(rapidjson::SizeType /*count*/) {
    if (arrays_ == 0) objects_.pop_back();
    return true;
  }

  bool StartArray() {
    if (arrays_ == 0 && !InObject()) return false;
    if (arrays_ == 0) array_begin_ = stream_->Tell();
    return ++arrays_ <= kMaxArrays ||
           Refuse(fmt::format("arrays are nested more than {} deep", FormatCount(kMaxArrays)));
  }

  bool EndArray(rapidjson::SizeType /*count*/) {
    if (--arrays_ > 0) return true;
    text_.clear();
    AppendCompact(line_.substr(array_begin_, stream_->Tell() + 1 - array_begin_), text_);
    return AddText(text_);
  }

  std::string refusal;     // Why the line is not taken, though it is JSON.
  bool no_object = false;  // The line holds something else.

 private:
  struct Object {
    JsonKey* keys = nullptr;  // Null where nobody knows it.
    size_t place = 0;         // Of the key that probably comes next.
  };

  // Whether a value belongs to a key of an object that is no part of an array.
  bool InObject() {
    if (arrays_ > 0) return false;
    if (objects_.empty()) no_object = true;
    return !objects_.empty();
  }

  bool AddText(std::string_view text) {
    if (!InObject()) return arrays_ > 0;
    if (key_ == nullptr) return true;
    key_->has_value = true;
    if (values_ != nullptr && key_->column >= 0) values_->AddText(key_->column, text);
    return true;
  }

  bool Refuse(std::string why) {
    refusal = std::move(why);
    return false;
  }

  JsonKey& root_;
  const bool discover_;
  size_t block_ = 0;
  size_t new_keys_ = 0;   // In this block.
  size_t key_count_ = 0;  // That were added.

  std::string_view line_;
  const rapidjson::MemoryStream* stream_ = nullptr;
  JsonValues* values_ = nullptr;
  int64_t row_ = 0;
  std::vector<Object> objects_;
  JsonKey* key_ = nullptr;  // The one whose value comes next.
  int arrays_ = 0;          // That are open.
  size_t array_begin_ = 0;  // Of the outermost, in the line.
  std::string text_;
};

JsonFault BrokenLine(std::string_view line, size_t at) {
  JsonFault fault{static_cast<int64_t>(at) + 1, "the line is not JSON", kOneObject, ""};
  if (!IsValidUtf8(line)) {
    fault.message = "the line is not valid UTF-8";
    fault.hint = kToUtf8;
  } else if (at >= line.size()) {
    fault.message = "the line ends in the middle of a JSON value";
    fault.hint = "jq -c . FILE, which writes each value on a line of its own";
  } else if (IsForeignNumberNear(line, at)) {
    fault.hint = "null for a number that is missing";
  }
  return fault;
}

}  // namespace

struct JsonLineReader::Parser {
  LineHandler handler;
  rapidjson::Reader reader;
};

JsonLineReader::JsonLineReader(JsonKey& root, bool discover)
    : parser_(new Parser{LineHandler(root, discover), {}}) {}

JsonLineReader::~JsonLineReader() = default;

void JsonLineReader::BeginBlock(size_t index) { parser_->handler.BeginBlock(index); }

std::optional<JsonFault> JsonLineReader::Read(std::string_view line, JsonValues* values) {
  LineHandler& handler = parser_->handler;
  rapidjson::MemoryStream stream(line.data(), line.size());
  handler.BeginLine(line, stream, values);
  const rapidjson::ParseResult parsed = parser_->reader.Parse<kFlags>(stream, handler);
  if (!parsed.IsError()) return std::nullopt;
  if (!handler.refusal.empty()) return JsonFault{0, std::move(handler.refusal), "", ""};
  if (!handler.no_object) return BrokenLine(line, parsed.Offset());
  const size_t first = line.find_first_not_of(" \t");
  const bool array = line[first] == '[';
  return JsonFault{static_cast<int64_t>(first) + 1,
                   array ? "the line is an array" : "the line is no object", kOneObject,
                   array ? "an object with a key for each column" : ""};
}

}  // namespace slipway::data
