#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "config/quantity.h"
#include "config/scalar_internal.h"
#include "config/variables_internal.h"
#include "core/text.h"

namespace slipway::config {
namespace {

std::string DescribeRange(const Range& range) {
  const bool low = std::isfinite(range.min);
  const bool high = std::isfinite(range.max);
  if (low && high) {
    if (range.above_min) return fmt::format(" above {} and at most {}", range.min, range.max);
    return fmt::format(" from {} to {}", range.min, range.max);
  }
  if (low && range.above_min) return fmt::format(" above {}", range.min);
  if (low) return fmt::format(", {} or more", range.min);
  return high ? fmt::format(", at most {}", range.max) : "";
}

// Long and many-line texts would drown the message. Cut between characters, never inside one.
std::string Quoted(std::string text) {
  constexpr size_t kMost = 60;
  if (text.size() <= kMost) return CompactJson(text);
  size_t end = kMost;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80) --end;
  return CompactJson(text.substr(0, end) + "…");
}

// One scalar on its way through the checks.
class ScalarCheck {
 public:
  ScalarCheck(const Field& field, const YamlNode& node, const std::string& key, Problems* problems)
      : field_(field), node_(node), key_(key), problems_(problems) {}

  std::optional<ResolvedValue> Run();

 private:
  std::nullopt_t WrongType(std::string hint = "") {
    const std::string value = DescribeNode(node_);
    Tell(variable_ ? "the value of " + value + " has the wrong type" : "wrong type: " + value,
         std::move(hint));
    return std::nullopt;
  }
  std::nullopt_t OutOfRange() {
    constexpr double kPercent = 100;
    const double value = plain_.get<double>();
    const bool percent = field_.range.is_share && !variable_ && value > 1 && value <= kPercent;
    Tell(variable_ ? "the value of " + DescribeNode(node_) + " is out of range"
                   : node_.text + " is out of range",
         percent ? fmt::format("{:g}, which is {:g} %: it is a share", value / kPercent, value)
                 : "");
    return std::nullopt;
  }
  void Tell(std::string message, std::string hint) {
    Error error = Error(ErrorCode::kInvalidInput, std::move(message))
                      .At(LocationAt(node_.at, key_))
                      .Expected(DescribeExpected(field_));
    if (!hint.empty()) error = std::move(error).Try(std::move(hint));
    problems_->Add(std::move(error));
  }

  std::optional<ResolvedValue> Text();
  std::optional<ResolvedValue> Label();
  std::optional<ResolvedValue> Choice();
  std::optional<ResolvedValue> Quantity();
  std::optional<ResolvedValue> Boolean();
  std::optional<ResolvedValue> Number();
  std::optional<ResolvedValue> Threshold();
  // Typed by the key: what the file shows of it is the variable, or the value itself.
  ResolvedValue Typed(const Json& value) const {
    return {variable_ ? Json(node_.text) : value, value};
  }

  const Field& field_;
  const YamlNode& node_;
  const std::string& key_;
  Problems* problems_;
  bool variable_ = false;
  std::string text_;  // Expanded.
  Json plain_;        // What `text_` means unquoted, or `text_` where it was quoted.
};

std::optional<ResolvedValue> ScalarCheck::Run() {
  if (node_.kind == YamlNode::Kind::kNull && field_.kind == Kind::kLabel) {
    return ResolvedValue{"null", "null"};  // "null" without quotes in a list of labels.
  }
  if (node_.kind != YamlNode::Kind::kScalar) return WrongType();
  variable_ = !field_.literal && HasVariable(node_.text);
  auto expanded = field_.literal ? WithoutPassword(node_.text, node_.at, key_, problems_)
                                 : ExpandVariables(node_.text, node_.at, key_, problems_);
  if (!expanded) return std::nullopt;
  text_ = *std::move(expanded);
  const bool typed = field_.kind != Kind::kText && field_.kind != Kind::kLabel;
  // A line end that a file or a secret store leaves behind is no part of a number or a name.
  if (variable_ && typed) text_ = std::string(Trim(text_));
  plain_ = node_.plain || variable_ ? PlainValue(text_) : Json(text_);
  switch (field_.kind) {
    case Kind::kText: return Text();
    case Kind::kLabel: return Label();
    case Kind::kChoice:
    case Kind::kStep: return Choice();
    case Kind::kQuantity: return Quantity();
    case Kind::kBoolean: return Boolean();
    case Kind::kInteger:
    case Kind::kNumber: return Number();
    case Kind::kThreshold: return Threshold();
    default: return WrongType();
  }
}

std::optional<ResolvedValue> ScalarCheck::Text() {
  if (!variable_ && !plain_.is_string()) {
    return WrongType(fmt::format("\"{}\" in quotes", node_.text));
  }
  return Label();
}

std::optional<ResolvedValue> ScalarCheck::Label() {
  if (!field_.required || !Trim(text_).empty()) return ResolvedValue{node_.text, text_};
  Tell(variable_ ? "the value of " + DescribeNode(node_) + " is empty" : "empty", "");
  return std::nullopt;
}

std::optional<ResolvedValue> ScalarCheck::Choice() {
  if (Accepts(*field_.values, text_)) return ResolvedValue{node_.text, text_};
  TellUnknownName(*field_.values, variable_ ? node_.text : text_, node_.at, key_, "name",
                  problems_);
  return std::nullopt;
}

std::optional<ResolvedValue> ScalarCheck::Quantity() {
  if (!ParseQuantity(text_)) return WrongType();
  return ResolvedValue{node_.text, text_};
}

std::optional<ResolvedValue> ScalarCheck::Boolean() {
  if (plain_.is_boolean()) return Typed(plain_);
  // YAML 1.1's words, which older tools still write.
  const bool unquoted = node_.plain || variable_;
  const std::string word = plain_.is_string() && unquoted ? ToLower(text_) : "";
  if (word == "yes" || word == "on") return Typed(true);
  if (word == "no" || word == "off") return Typed(false);
  return WrongType();
}

std::optional<ResolvedValue> ScalarCheck::Number() {
  const bool whole = field_.kind == Kind::kInteger;
  // 1000.0 and 1e3 are whole numbers too.
  if (plain_.is_number_float()) plain_ = CanonicalNumber(plain_.get<double>());
  const bool right = whole ? plain_.is_number_integer() : plain_.is_number();
  if (!right) {
    const bool quoted = !node_.plain && PlainValue(text_).is_number();
    return WrongType(quoted && !variable_ ? node_.text + " without quotes" : "");
  }
  const double value = plain_.get<double>();
  if (!std::isfinite(value) || !field_.range.Holds(value)) return OutOfRange();
  if (whole && plain_.is_number_unsigned() && !std::in_range<int64_t>(plain_.get<uint64_t>())) {
    return OutOfRange();
  }
  return Typed(whole ? Json(plain_.get<int64_t>()) : CanonicalNumber(value));
}

std::optional<ResolvedValue> ScalarCheck::Threshold() {
  if (text_ == "auto") return ResolvedValue{node_.text, text_};
  return Number();
}

std::optional<ResolvedValue> ResolveClassWeight(const Field& field, const YamlNode& node,
                                                const std::string& key, Problems* problems) {
  if (node.kind == YamlNode::Kind::kScalar) {
    const auto text = ExpandVariables(node.text, node.at, key, problems);
    if (!text) return std::nullopt;
    if (Trim(*text) == "balanced") return ResolvedValue{node.text, "balanced"};
  }
  if (node.kind != YamlNode::Kind::kMap) {
    problems->Add(Error(ErrorCode::kInvalidInput, "wrong type: " + DescribeNode(node))
                      .At(LocationAt(node.at, key))
                      .Expected(DescribeExpected(field)));
    return std::nullopt;
  }
  const Field weight = {
      .key = field.key, .kind = Kind::kNumber, .range = {.min = 0, .above_min = true}};
  ResolvedValue weights = {Json::object(), Json::object()};
  bool good = true;
  for (const Entry& entry : node.entries) {
    const auto value = ResolveScalar(weight, entry.value, key + "." + entry.key, problems);
    good = good && value;
    if (!value) continue;
    weights.written[entry.key] = value->written;
    weights.expanded[entry.key] = value->expanded;
  }
  if (!good) return std::nullopt;
  return weights;
}

std::optional<ResolvedValue> ResolveAnyScalar(const YamlNode& node, const std::string& key,
                                              Problems* problems) {
  const bool variable = HasVariable(node.text);
  const auto text = ExpandVariables(node.text, node.at, key, problems);
  if (!text) return std::nullopt;
  // A variable's value is typed as if it stood there unquoted; the file's quotes would be lost on
  // saving.
  Json value = node.plain || variable ? PlainValue(*text) : Json(*text);
  if (variable && value.is_string()) {
    const Json trimmed = PlainValue(Trim(*text));
    if (!trimmed.is_string() && !trimmed.is_null()) value = trimmed;
  }
  if (value.is_number_float() && !std::isfinite(value.get<double>())) {
    problems->Add(Error(ErrorCode::kInvalidInput, DescribeNode(node) + " is not finite")
                      .At(LocationAt(node.at, key))
                      .Expected("a finite number"));
    return std::nullopt;
  }
  // 1.0 stays a number with a point: in max_features it means all, and 1 means one.
  const bool changed = variable || *text != node.text;
  return ResolvedValue{changed ? Json(node.text) : value, value};
}

}  // namespace

std::string DescribeExpected(const Field& field) {
  switch (field.kind) {
    case Kind::kText:
    case Kind::kLabel: return "text";
    case Kind::kInteger: return "a whole number" + DescribeRange(field.range);
    case Kind::kNumber: return "a number" + DescribeRange(field.range);
    case Kind::kBoolean: return "true or false";
    case Kind::kChoice:
    case Kind::kStep: return JoinOr(AcceptedNames(*field.values));
    case Kind::kQuantity: return "a quantity such as 500m, 2 or 1Gi";
    case Kind::kClassWeight: return "balanced, or a mapping of labels to weights";
    case Kind::kThreshold:
      return "auto, a number" + DescribeRange(field.range) + ", or a mapping with maximize";
    case Kind::kSection:
    case Kind::kMapping: return "a mapping";
  }
  return "";
}

std::string DescribeNode(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kNull: return "nothing";
    case YamlNode::Kind::kList: return "a list";
    case YamlNode::Kind::kMap: return "a mapping";
    case YamlNode::Kind::kScalar: break;
  }
  const Json value = node.plain ? PlainValue(node.text) : Json(node.text);
  if (value.is_number()) return "the number " + node.text;
  if (value.is_boolean()) return "the boolean " + node.text;
  return "the text " + Quoted(node.text);
}

void TellUnknownName(const Names& names, const std::string& name, const Position& at,
                     const std::string& key, const std::string& what, Problems* problems) {
  const std::vector<std::string> accepted = AcceptedNames(names);
  const Name* refused = FindName(names, name);
  std::string message = refused != nullptr ? Quoted(name) + " " + RefusalOf(names)
                                           : fmt::format("unknown {} {}", what, Quoted(name));
  Error error = Error(ErrorCode::kInvalidInput, std::move(message))
                    .At(LocationAt(at, key))
                    .Expected(JoinOr(accepted));
  const std::string nearest = refused != nullptr ? "" : NearestName(name, accepted);
  if (!nearest.empty()) error = std::move(error).Try(nearest);
  problems->Add(std::move(error));
}

std::optional<ResolvedValue> ResolveAny(const YamlNode& node, const std::string& key,
                                        Problems* problems) {
  if (node.kind == YamlNode::Kind::kNull) return ResolvedValue{nullptr, nullptr};
  if (node.kind == YamlNode::Kind::kScalar) return ResolveAnyScalar(node, key, problems);
  const bool list = node.kind == YamlNode::Kind::kList;
  ResolvedValue value = {list ? Json::array() : Json::object(),
                         list ? Json::array() : Json::object()};
  bool good = true;
  for (size_t i = 0; i < node.items.size(); ++i) {
    const auto item = ResolveAny(node.items[i], fmt::format("{}[{}]", key, i), problems);
    good = good && item;
    if (!item) continue;
    value.written.push_back(item->written);
    value.expanded.push_back(item->expanded);
  }
  for (const Entry& entry : node.entries) {
    const auto item = ResolveAny(entry.value, key + "." + entry.key, problems);
    good = good && item;
    if (!item) continue;
    value.written[entry.key] = item->written;
    value.expanded[entry.key] = item->expanded;
  }
  if (!good) return std::nullopt;
  return value;
}

std::optional<ResolvedValue> ResolveScalar(const Field& field, const YamlNode& node,
                                           const std::string& key, Problems* problems) {
  if (field.kind == Kind::kClassWeight) return ResolveClassWeight(field, node, key, problems);
  if (field.kind == Kind::kMapping && node.kind == YamlNode::Kind::kMap) {
    return ResolveAny(node, key, problems);
  }
  return ScalarCheck(field, node, key, problems).Run();
}

}  // namespace slipway::config
