#include "serve/feedback.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "core/text.h"
#include "serve/json_input_internal.h"

namespace slipway::serve {
namespace {

constexpr std::array<std::string_view, 4> kKeys = {"request_id", "label", "labels", "row"};
// As long as a request's own may be, and more, for the ids of other protocols.
constexpr size_t kLongestId = 1024;
constexpr size_t kLongestLabel = 4096;
// Rows of a request are counted in 32 bits.
constexpr double kMostRow = 4294967295.0;
// List, mapping, labels.
constexpr int kDepthOfLabels = 3;

class FeedbackReader {
 public:
  FeedbackReader(std::string_view body, int64_t max_labels, std::vector<Feedback>* feedback)
      : max_labels_(max_labels), feedback_(*feedback) {
    input_.Open(body);
  }

  std::optional<Rejection> Read() {
    feedback_.clear();
    if (ReadBody() && (input_.AtEnd() || Broken())) return std::nullopt;
    return std::move(rejection_);
  }

 private:
  bool ReadBody() {
    switch (input_.Peek()) {
      case JsonKind::kMapping: return ReadOne();
      case JsonKind::kList: return ReadList();
      case JsonKind::kNone: return Broken();
      default:
        return WrongKind("the body", R"({"request_id": "…", "label": …}, or a list of these,)");
    }
  }

  bool ReadList() {
    input_.Enter();
    bool first = true;
    for (item_ = 0; input_.NextItem(&first); item_ = *item_ + 1) {
      if (input_.Peek() != JsonKind::kMapping) return WrongKind("an item", "a mapping");
      if (!ReadOne()) return false;
    }
    if (input_.broken()) return Broken();
    return item_ > 0 || Reject({.message = "the list is empty; expected feedback"});
  }

  bool ReadOne() {
    input_.Enter();
    seen_ = {};
    begin_ = feedback_.size();
    bool first = true;
    while (input_.NextField(&first)) {
      std::string_view key;
      if (!input_.ReadKey(&key) || !input_.TakeColon()) return Broken();
      const auto known = std::ranges::find(kKeys, key);
      if (known == kKeys.end()) return Unknown(key);
      if (std::exchange(seen_[static_cast<size_t>(known - kKeys.begin())], true)) {
        return RejectField(key, "the field is there twice");
      }
      if (!ReadField(key)) return false;
    }
    return input_.broken() ? Broken() : FinishOne();
  }

  bool ReadField(std::string_view key) {
    if (key == "request_id") return ReadId();
    if (key == "row") return ReadRow();
    if (key == "label") return ReadLabel(key);
    if (input_.Peek() != JsonKind::kList) return WrongKind(key, "a list of labels");
    input_.Enter();
    bool first = true;
    while (input_.NextItem(&first)) {
      if (!ReadLabel(key)) return false;
    }
    return !input_.broken() || Broken();
  }

  bool ReadId() {
    if (input_.Peek() != JsonKind::kText) return WrongKind("request_id", "a text");
    if (!input_.ReadText(&id_)) return Broken();
    if (!id_.empty() && id_.size() <= kLongestId) return true;
    return RejectField("request_id", fmt::format("expected 1 to {} bytes", kLongestId));
  }

  bool ReadRow() {
    if (input_.Peek() != JsonKind::kNumber) return WrongKind("row", "a number");
    double number = 0;
    if (!input_.ReadNumber(&number)) return Broken();
    if (!(number >= 0 && number <= kMostRow) || number != std::floor(number)) {
      return RejectField("row", "expected a row of the request, from 0");
    }
    row_ = static_cast<int64_t>(number);
    return true;
  }

  bool ReadLabel(std::string_view key) {
    if (std::ssize(feedback_) >= max_labels_) {
      return Reject({.status = 413,
                     .message = fmt::format("more than {}; send them in several requests",
                                            Plural(max_labels_, "label", "labels"))});
    }
    GivenLabel label;
    switch (input_.Peek()) {
      case JsonKind::kNumber: {
        if (!input_.ReadNumber(&label.number)) return Broken();
        if (!(std::abs(label.number) <= kMostLabel)) {
          return RejectField(
              key, fmt::format("the number is too large: expected {:g} to {:g}, or a text where "
                               "it is the name of a class",
                               -kMostLabel, kMostLabel));
        }
        label.kind = GivenLabel::Kind::kNumber;
        label.text = input_.number_text();
        break;
      }
      case JsonKind::kText: {
        std::string_view text;
        if (!input_.ReadText(&text)) return Broken();
        label.text = text;
        const double number = NumberOfText(text);
        if (std::abs(number) <= kMostLabel) label.number = number;
        break;
      }
      case JsonKind::kBoolean: {
        bool truth = false;
        if (!input_.ReadBoolean(&truth)) return Broken();
        label = {GivenLabel::Kind::kBoolean, truth ? "true" : "false", truth ? 1.0 : 0.0};
        break;
      }
      default:
        return input_.Walk(kDepthOfLabels)
                   ? RejectField(key, "a label is a number, a text, true or false")
                   : Broken();
    }
    if (label.text.size() > kLongestLabel) return RejectField(key, "the label is too long");
    feedback_.push_back({.label = std::move(label)});
    return true;
  }

  // Labels may come before the id that they are of.
  bool FinishOne() {
    const auto [has_id, has_label, has_labels, has_row] = seen_;
    if (!has_id) return RejectField("request_id", "the field is missing");
    if (has_label && has_labels) return RejectField("labels", "both label and labels are there");
    if (has_labels && has_row) return RejectField("row", "labels are of the rows from 0 on");
    if (feedback_.size() == begin_) {
      return RejectField("label", has_labels ? "the list is empty" : "the field is missing");
    }
    for (size_t i = begin_; i < feedback_.size(); ++i) {
      feedback_[i].request_id = id_;
      feedback_[i].row = has_row ? row_ : static_cast<int64_t>(i - begin_);
    }
    return true;
  }

  bool Reject(Rejection rejection) {
    rejection_ = std::move(rejection);
    rejection_.row = item_;
    return false;
  }
  bool RejectField(std::string_view field, std::string_view why) {
    return Reject({.message = fmt::format("{}: {}", field, why), .field = std::string(field)});
  }
  bool Broken() {
    rejection_ = input_.Broken();
    return false;
  }
  bool WrongKind(std::string_view what, std::string_view expected) {
    const JsonKind kind = input_.Peek();
    if (kind == JsonKind::kNone) return Broken();
    const bool field = std::ranges::find(kKeys, what) != kKeys.end();
    return Reject(
        {.message = fmt::format("{}: {} where {} is expected", what, NameOf(kind), expected),
         .field = field ? std::string(what) : ""});
  }
  bool Unknown(std::string_view key) {
    const std::vector<std::string> known(kKeys.begin(), kKeys.end());
    return Reject(
        {.message = fmt::format("'{}' is unknown here; expected {}", Excerpt(key), JoinOr(known)),
         .field = Excerpt(key)});
  }

  const int64_t max_labels_;
  std::vector<Feedback>& feedback_;
  JsonInput input_;
  Rejection rejection_;
  std::optional<int64_t> item_;  // That is read, of a list.
  // Of one mapping:
  std::array<bool, kKeys.size()> seen_{};
  size_t begin_ = 0;  // Of its labels.
  std::string_view id_;
  int64_t row_ = 0;
};

}  // namespace

std::optional<Rejection> ParseFeedback(std::string_view body, int64_t max_labels,
                                       std::vector<Feedback>* feedback) {
  return FeedbackReader(body, max_labels, feedback).Read();
}

double NumberOfText(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && std::isfinite(value) ? value : std::numeric_limits<double>::quiet_NaN();
}

bool IsClass(const GivenLabel& label, std::string_view name, double number) {
  if (label.text == name) return true;
  if (label.kind == GivenLabel::Kind::kBoolean && ToLower(name) == label.text) return true;
  return label.number == number;  // False of what is no number.
}

}  // namespace slipway::serve
