// The body of a request as JSON, read once from front to back: strict, without a tree, and texts
// without escapes where they stand. A caller asks what comes next and takes it; what nobody wants
// is walked over, so that no mistake goes unseen.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "serve/short_number_internal.h"
#include "serve/types.h"

namespace slipway::serve {

enum class JsonKind : uint8_t { kNone, kList, kMapping, kNumber, kText, kBoolean, kNull };

// "a list", "a mapping", …; kNone, where no JSON begins, has no name.
const char* NameOf(JsonKind kind);

// Functions that read return false where the body is not JSON: Broken says why, and nothing may be
// read then.
class JsonInput {
 public:
  // Texts live until the next call, or until a GoBack over them.
  void Open(std::string_view body);
  // Ends the use of the body; gives back what an unusually large one took.
  void Close();

  // A place of the body, to come back to once what stands behind it is known.
  struct Place {
    const char* at = nullptr;
    size_t texts = 0;
  };
  Place Here() const { return {at_, texts_.size()}; }
  // To an earlier place.
  void GoBack(const Place& place);
  // From there on, to a place where one was already.
  void GoAhead(const Place& place) { at_ = place.at; }

  // What comes next; stands at its first byte.
  JsonKind Peek();

  // Of a list that comes next: Enter, and Next before each item, which is false behind the last or
  // where the body is broken. `first` is true before the first call and kept by the caller.
  void Enter() { ++at_; }
  bool NextItem(bool* first) { return Next(']', first); }
  // The same for a mapping. Before a field's value come its key, by TakeKey or ReadKey, and
  // TakeColon.
  bool NextField(bool* first);
  bool broken() const { return fault_ != Fault::kNone; }

  // Takes the key, if it is `name`, which needs no escapes.
  bool TakeKey(std::string_view name);
  [[nodiscard]] bool ReadKey(std::string_view* key) { return ReadRest(key); }
  [[nodiscard]] bool TakeColon();

  // Of the kind that comes next.
  [[nodiscard]] bool ReadText(std::string_view* text) {
    ++at_;
    return ReadRest(text);
  }
  // Infinite for a number beyond those of a double.
  [[nodiscard]] bool ReadNumber(double* number);
  // The number that was read last, as it is written.
  std::string_view number_text() const { return {number_, static_cast<size_t>(at_ - number_)}; }
  [[nodiscard]] bool ReadBoolean(bool* truth);
  [[nodiscard]] bool ReadNull() { return TakeWord("null"); }
  // Anything at all, with what it holds. `depth` counts the lists and mappings around it: 32 within
  // one another are the most.
  [[nodiscard]] bool Walk(int depth);

  // Whether nothing is left.
  [[nodiscard]] bool AtEnd();

  // What is wrong with the body.
  Rejection Broken() const;

 private:
  enum class Fault : uint8_t { kNone, kNoJson, kDepth, kUtf8, kNoQuote, kControl };

  bool Fail(Fault fault);
  void SkipBlanks() {
    while (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t') ++at_;
  }
  bool Next(char close, bool* first);
  bool TakeWord(std::string_view word);
  // Behind the quote that begins a text.
  bool ReadRest(std::string_view* text);
  bool SkipPlain();
  bool ReadEscaped(const char* begin, std::string_view* text);
  bool Unescape();
  std::optional<uint32_t> TakeHex();
  void AppendUtf8(uint32_t point);
  bool ReadLongNumber(double* number);
  bool TakeDigits();
  bool WalkList(int depth);
  bool WalkMapping(int depth);

  std::vector<char> buffer_;  // The body, and zeros behind it, which end whatever is read.
  size_t size_ = 0;           // Of the body.
  const char* at_ = nullptr;
  const char* number_ = nullptr;
  Fault fault_ = Fault::kNone;
  // Texts that had escapes. Never longer than the body: GoBack forgets those that will be read
  // again.
  std::string texts_;
};

inline JsonKind JsonInput::Peek() {
  SkipBlanks();
  switch (*at_) {
    case '[': return JsonKind::kList;
    case '{': return JsonKind::kMapping;
    case '"': return JsonKind::kText;
    case 't':
    case 'f': return JsonKind::kBoolean;
    case 'n': return JsonKind::kNull;
    default:
      return *at_ == '-' || (*at_ >= '0' && *at_ <= '9') ? JsonKind::kNumber : JsonKind::kNone;
  }
}

inline bool JsonInput::Next(char close, bool* first) {
  SkipBlanks();
  if (*at_ == close) {
    ++at_;
    return false;
  }
  if (*first) {
    *first = false;
    return true;
  }
  if (*at_ != ',') return Fail(Fault::kNoJson);
  ++at_;
  return true;
}

inline bool JsonInput::NextField(bool* first) {
  if (!Next('}', first)) return false;
  SkipBlanks();
  if (*at_ != '"') return Fail(Fault::kNoJson);
  ++at_;
  return true;
}

inline bool JsonInput::TakeKey(std::string_view name) {
  const auto rest = static_cast<size_t>(buffer_.data() + buffer_.size() - at_);
  if (rest <= name.size() || at_[name.size()] != '"') return false;
  if (std::memcmp(at_, name.data(), name.size()) != 0) return false;
  at_ += name.size() + 1;
  return true;
}

inline bool JsonInput::TakeColon() {
  SkipBlanks();
  if (*at_ != ':') return Fail(Fault::kNoJson);
  ++at_;
  return true;
}

inline bool JsonInput::ReadNumber(double* number) {
  number_ = at_;
  if (const char* end = ShortNumber(at_, number)) {
    at_ = end;
    return true;
  }
  return ReadLongNumber(number);
}

// The beginning of a text, for a message.
std::string Excerpt(std::string_view text);

}  // namespace slipway::serve
