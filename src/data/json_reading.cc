#include <fmt/format.h>

#include <array>

#include "data/json_reading_internal.h"

namespace slipway::data {
namespace {

bool IsString(const Json& json) { return json.is_string(); }
bool IsBool(const Json& json) { return json.is_boolean(); }
bool IsInteger(const Json& json) { return json.is_number_integer(); }
bool IsNumber(const Json& json) { return json.is_number() || json.is_null(); }
bool IsArray(const Json& json) { return json.is_array(); }

template <bool (*fits)(const Json&)>
bool IsArrayOf(const Json& json) {
  if (!json.is_array()) return false;
  for (const Json& item : json) {
    if (!fits(item)) return false;
  }
  return true;
}

double ToNumber(const Json& json) { return json.is_null() ? kMissingNumber : json.get<double>(); }

}  // namespace

Json NumberToJson(double value) {
  constexpr double kExact = 9007199254740992.0;  // 2^53
  if (!std::isfinite(value)) return nullptr;
  const bool negative_zero = value == 0 && std::signbit(value);
  if (value == std::trunc(value) && std::abs(value) <= kExact && !negative_zero) {
    return static_cast<int64_t>(value);
  }
  return value;
}

JsonReader::JsonReader(const Json& object, std::string what)
    : object_(object), what_(std::move(what)) {
  if (!object.is_object()) Fail("is not an object");
}

std::string JsonReader::String(const char* key) {
  const Json* member = Member(key, "a text", IsString);
  return member != nullptr ? member->get<std::string>() : "";
}

bool JsonReader::Bool(const char* key) {
  const Json* member = Member(key, "true or false", IsBool);
  return member != nullptr && member->get<bool>();
}

int64_t JsonReader::Integer(const char* key) {
  const Json* member = Member(key, "a whole number", IsInteger);
  return member != nullptr ? member->get<int64_t>() : 0;
}

double JsonReader::Number(const char* key) {
  const Json* member = Member(key, "a number or null", IsNumber);
  return member != nullptr ? ToNumber(*member) : 0;
}

std::vector<double> JsonReader::Numbers(const char* key) {
  std::vector<double> values;
  const Json* member = Member(key, "a list of numbers", IsArrayOf<IsNumber>);
  if (member == nullptr) return values;
  for (const Json& item : *member) values.push_back(ToNumber(item));
  return values;
}

std::vector<int64_t> JsonReader::Integers(const char* key) {
  const Json* member = Member(key, "a list of whole numbers", IsArrayOf<IsInteger>);
  return member != nullptr ? member->get<std::vector<int64_t>>() : std::vector<int64_t>{};
}

std::vector<std::string> JsonReader::Strings(const char* key) {
  const Json* member = Member(key, "a list of texts", IsArrayOf<IsString>);
  return member != nullptr ? member->get<std::vector<std::string>>() : std::vector<std::string>{};
}

const Json& JsonReader::Array(const char* key) {
  static const Json kNone = Json::array();
  const Json* member = Member(key, "a list", IsArray);
  return member != nullptr ? *member : kNone;
}

bool JsonReader::Has(const char* key) const { return object_.is_object() && object_.contains(key); }

ColumnType JsonReader::Type(const char* key) {
  const std::string name = String(key);
  for (const ColumnType type :
       {ColumnType::kNumeric, ColumnType::kCategory, ColumnType::kTimestamp}) {
    if (name == ToString(type)) return type;
  }
  Fail(fmt::format("'{}' is '{}', not numeric, category or timestamp", key, name));
  return ColumnType::kNumeric;
}

void JsonReader::Fail(const std::string& message) {
  if (failure_.empty()) failure_ = fmt::format("{}: {}", what_, message);
}

Status JsonReader::status() const {
  if (failure_.empty()) return {};
  return Error(ErrorCode::kInvalidInput, failure_);
}

const Json* JsonReader::Member(const char* key, const char* expected, bool (*fits)(const Json&)) {
  if (!object_.is_object()) return nullptr;
  const auto found = object_.find(key);
  if (found == object_.end()) {
    Fail(fmt::format("'{}' is missing", key));
    return nullptr;
  }
  if (!fits(*found)) {
    Fail(fmt::format("'{}' is not {}", key, expected));
    return nullptr;
  }
  return &*found;
}

}  // namespace slipway::data
