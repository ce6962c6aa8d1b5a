#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>
#include <tuple>

#include "config/node_internal.h"

namespace slipway::config {
namespace {

bool IsOneOf(std::string_view text, std::initializer_list<std::string_view> names) {
  return std::ranges::find(names, text) != names.end();
}

bool AllDigits(std::string_view text, std::string_view digits = "0123456789") {
  return !text.empty() && text.find_first_not_of(digits) == std::string_view::npos;
}

template <typename T>
std::optional<T> Convert(std::string_view text, int base) {
  T value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<double> ToDouble(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// [-+]?[0-9]+, 0o[0-7]+, 0x[0-9a-fA-F]+; one that no 64 bits hold becomes a float.
std::optional<Json> IntegerValue(std::string_view text) {
  int base = 10;
  std::string_view digits = text;
  const bool negative = text.starts_with('-');
  if (text.starts_with("0o") || text.starts_with("0x")) {
    base = text[1] == 'o' ? 8 : 16;
    digits.remove_prefix(2);
    if (!AllDigits(digits, base == 8 ? "01234567" : "0123456789abcdefABCDEF")) return std::nullopt;
  } else {
    if (negative || text.starts_with('+')) digits.remove_prefix(1);
    if (!AllDigits(digits)) return std::nullopt;
  }
  if (negative) {
    if (const auto value = Convert<int64_t>(text, base)) return Json(*value);
  } else if (const auto value = Convert<int64_t>(digits, base)) {
    return Json(*value);
  } else if (const auto large = Convert<uint64_t>(digits, base)) {
    return Json(*large);
  }
  if (base != 10) return std::nullopt;
  if (const auto value = ToDouble(text)) return Json(*value);
  return std::nullopt;
}

// [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?, .inf and .nan.
std::optional<Json> FloatValue(std::string_view text) {
  std::string_view rest = text;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  if (IsOneOf(rest, {".inf", ".Inf", ".INF"})) return Json(negative ? -INFINITY : INFINITY);
  if (IsOneOf(text, {".nan", ".NaN", ".NAN"})) return Json(NAN);

  if (const size_t e = rest.find_first_of("eE"); e != std::string_view::npos) {
    std::string_view power = rest.substr(e + 1);
    if (power.starts_with('-') || power.starts_with('+')) power.remove_prefix(1);
    if (!AllDigits(power)) return std::nullopt;
    rest = rest.substr(0, e);
  }
  const size_t dot = rest.find('.');
  const std::string_view whole = rest.substr(0, dot);
  const std::string_view part = dot == std::string_view::npos ? "" : rest.substr(dot + 1);
  if (whole.empty() && part.empty()) return std::nullopt;
  if ((!whole.empty() && !AllDigits(whole)) || (!part.empty() && !AllDigits(part))) {
    return std::nullopt;
  }
  if (const auto value = ToDouble(text)) return Json(*value);
  return std::nullopt;
}

size_t IndexOf(const std::vector<std::string>& files, const std::string& file) {
  return static_cast<size_t>(std::ranges::find(files, file) - files.begin());
}

}  // namespace

const Entry* YamlNode::Find(std::string_view key) const {
  const auto it = std::ranges::find(entries, key, &Entry::key);
  return it == entries.end() ? nullptr : &*it;
}

Location LocationAt(const Position& at, std::string field) {
  Location location;
  location.file = at.file;
  location.line = at.line;
  location.column = at.column;
  location.field = std::move(field);
  return location;
}

Error Problems::Join(const std::vector<std::string>& files) const {
  // Those of one place stay in the order in which they were found.
  using Place = std::tuple<size_t, int64_t, int64_t, size_t>;
  std::vector<Place> places;
  for (size_t i = 0; i < errors_.size(); ++i) {
    const Location& at = errors_[i].location();
    places.emplace_back(IndexOf(files, at.file), at.line, at.column, i);
  }
  std::ranges::sort(places);

  std::set<std::string> told;
  std::optional<Error> joined;
  for (const Place& place : places) {
    const Error& error = errors_[std::get<3>(place)];
    if (!told.insert(error.ToString()).second) continue;
    if (!joined) {
      joined = error;
    } else {
      joined = std::move(*joined).Also(error);
    }
  }
  return *joined;
}

Json PlainValue(std::string_view text) {
  if (IsOneOf(text, {"", "~", "null", "Null", "NULL"})) return nullptr;
  if (IsOneOf(text, {"true", "True", "TRUE"})) return true;
  if (IsOneOf(text, {"false", "False", "FALSE"})) return false;
  if (auto integer = IntegerValue(text)) return *std::move(integer);
  if (auto number = FloatValue(text)) return *std::move(number);
  return std::string(text);
}

Json ToJson(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kNull: return nullptr;
    case YamlNode::Kind::kScalar: return node.plain ? PlainValue(node.text) : Json(node.text);
    case YamlNode::Kind::kList: {
      Json list = Json::array();
      for (const YamlNode& item : node.items) list.push_back(ToJson(item));
      return list;
    }
    case YamlNode::Kind::kMap: {
      Json map = Json::object();
      for (const Entry& entry : node.entries) map[entry.key] = ToJson(entry.value);
      return map;
    }
  }
  return nullptr;
}

void Overlay(YamlNode* base, YamlNode over) {
  if (base->kind != YamlNode::Kind::kMap || over.kind != YamlNode::Kind::kMap) {
    *base = std::move(over);
    return;
  }
  for (Entry& entry : over.entries) {
    const auto there = std::ranges::find(base->entries, entry.key, &Entry::key);
    if (there == base->entries.end()) {
      base->entries.push_back(std::move(entry));
    } else {
      there->at = entry.at;
      Overlay(&there->value, std::move(entry.value));
    }
  }
}

}  // namespace slipway::config
