// Rows and labels as bytes, on their way from a loop to the log's own files: only this program
// reads them, on the machine that wrote them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "serve/feedback.h"
#include "serve/logged_model_internal.h"
#include "serve/prediction_log.h"

namespace slipway::serve {

enum class RecordKind : uint16_t {
  // Rows of a request: id, labels or estimates, scores, inputs, trace.
  kPrediction = 1,
  // The same without scores, inputs and trace, where only feedback will ask for them.
  kOutcome = 2,
  // A label.
  kFeedback = 3,
};

struct RecordHead {
  RecordKind kind = RecordKind::kPrediction;
  // Of a label, on its way: another server keeps it; its prediction may be known to others alone.
  uint8_t is_copy = 0, may_be_others = 0;
  uint32_t model = 0;  // LoggedModel::number.
  uint32_t first_row = 0, rows = 0;
  // When the request began: of CLOCK_MONOTONIC in nanoseconds on its way, in the log's files
  // microseconds since 1970.
  int64_t time = 0;
  float latency_ms = 0;
  uint32_t id_bytes = 0;  // Of the request's id, which follows.
};

// Stands for the length of a text that is missing.
inline constexpr uint32_t kMissingText = UINT32_MAX;

// Writes one behind the other into room that is large enough.
class RecordWriter {
 public:
  explicit RecordWriter(char* room) : at_(room) {}

  template <typename T>
  void Put(const T& value) {
    PutBytes(&value, sizeof(value));
  }
  void PutBytes(const void* bytes, size_t count) {
    if (count > 0) std::memcpy(at_, bytes, count);
    at_ += count;
  }
  void PutText(std::string_view text) {
    Put(static_cast<uint32_t>(text.size()));
    PutBytes(text.data(), text.size());
  }
  const char* at() const { return at_; }

 private:
  char* at_;
};

// Reads them again; what is not there makes it not `ok` for good, and is zero or empty.
class RecordReader {
 public:
  explicit RecordReader(std::string_view record) : rest_(record) {}

  template <typename T>
  T Take() {
    T value{};
    const std::string_view bytes = TakeBytes(sizeof(T));
    if (bytes.size() == sizeof(T)) bytes.copy(reinterpret_cast<char*>(&value), sizeof(T));
    return value;
  }
  std::string_view TakeBytes(size_t count) {
    if (count > rest_.size()) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    const std::string_view bytes = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return bytes;
  }
  std::string_view TakeText() { return TakeBytes(Take<uint32_t>()); }
  std::string_view rest() const { return rest_; }
  bool ok() const { return ok_; }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

// Whether rows and answers are of the model that they are said to be of.
bool Fits(const LoggedModel& model, const Observation& observation);

// Which rows of an observation a record holds.
struct RowRange {
  int64_t first = 0, count = 0;
};
// As many rows from the first on as make a record of some hundred kilobytes.
int64_t RowsPerRecord(const Observation& observation);
size_t SizeOfRecord(RecordKind kind, const Observation& observation, RowRange rows);
// Into room of that size.
void WriteRecord(RecordKind kind, const Observation& observation, RowRange rows, char* room);

// A label: head, id, and its parts. `asked` is the model whose log has it where no prediction is
// known.
size_t SizeOfRecord(const Feedback& feedback);
void WriteRecord(const LoggedModel& asked, const Feedback& feedback, const FeedbackArrival& arrival,
                 char* room);
// `record` behind its head and id.
GivenLabel ReadLabel(RecordReader* record);

// What is written of a label in the log's files: the record as it came, and this behind it.
struct FeedbackMatch {
  bool known = false;          // Whether the prediction was still known.
  std::string_view version;    // That predicted.
  std::string_view predicted;  // The class, or the estimate as text.
  double predicted_number = data::kMissingNumber;
  int32_t correct = data::kMissingCode;  // Of classes.
};
void AppendMatch(const FeedbackMatch& match, std::string* record);
FeedbackMatch ReadMatch(RecordReader* record);

}  // namespace slipway::serve
