#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <string>
#include <utility>

#include "core/text.h"
#include "serve/json_input_internal.h"

namespace slipway::serve {
namespace {

// simdjson takes some eight times the body's size; what is larger is too rare to keep it.
constexpr size_t kKeptBytes = size_t{1} << 20U;
constexpr size_t kLeastBytes = 4096;

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

simdjson::error_code WalkList(ondemand::value& value, int depth) {
  ondemand::array list;
  if (const auto error = value.get_array().get(list)) return error;
  for (auto item : list) {
    ondemand::value inner;
    if (const auto error = std::move(item).get(inner)) return error;
    if (const auto error = Walk(inner, depth)) return error;
  }
  return simdjson::SUCCESS;
}

simdjson::error_code WalkMapping(ondemand::value& value, int depth) {
  ondemand::object mapping;
  if (const auto error = value.get_object().get(mapping)) return error;
  for (auto item : mapping) {
    ondemand::field field;
    if (const auto error = std::move(item).get(field)) return error;
    if (const auto error = field.unescaped_key().error()) return error;
    if (const auto error = Walk(field.value(), depth)) return error;
  }
  return simdjson::SUCCESS;
}

// JSON has no such numbers, though other writers put them out.
bool IsForeignNumber(std::string_view text) {
  constexpr std::array<std::string_view, 6> kWords = {"NaN",  "nan", "Infinity",
                                                      "None", "inf", "Inf"};
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return std::ranges::any_of(kWords, [&](auto word) { return text.starts_with(word); });
}

const char* WhatIsWrong(simdjson::error_code error) {
  switch (error) {
    case simdjson::EMPTY: return "the body is empty; expected a JSON object";
    case simdjson::UTF8_ERROR: return "the body is not valid UTF-8";
    case simdjson::UNCLOSED_STRING: return "the body is not JSON: a text in it does not end";
    case simdjson::UNESCAPED_CHARS:
      return "the body is not JSON: a text in it holds a control character; expected it escaped";
    default: return "the body is not JSON";
  }
}

}  // namespace

simdjson::error_code JsonInput::Open(std::string_view body) {
  opened_ = false;
  if (body.starts_with(kByteOrderMark)) body.remove_prefix(kByteOrderMark.size());
  size_ = body.size();
  if (size_ + simdjson::SIMDJSON_PADDING > buffer_.size()) {
    const size_t room = std::max(kLeastBytes, std::bit_ceil(size_));
    buffer_.resize(room + simdjson::SIMDJSON_PADDING);
    if (const auto error = parser_.allocate(room)) return error;
  }
  std::copy_n(body.data(), size_, buffer_.data());
  std::fill_n(buffer_.data() + size_, simdjson::SIMDJSON_PADDING, '\0');
  const auto error = parser_.iterate(buffer_.data(), size_, buffer_.size()).get(document_);
  opened_ = error == simdjson::SUCCESS;
  return error;
}

void JsonInput::Close() {
  if (buffer_.size() <= kKeptBytes + simdjson::SIMDJSON_PADDING) return;
  document_ = {};
  opened_ = false;
  parser_ = ondemand::parser();
  buffer_ = {};
}

std::string_view JsonInput::Behind(size_t offset) const {
  return std::string_view(buffer_.data(), size_).substr(offset);
}

Rejection JsonInput::Broken(simdjson::error_code error) {
  if (error == simdjson::MEMALLOC)
    return {.status = 503, .message = "there is no memory left to read the body"};
  if (error == simdjson::DEPTH_ERROR)
    return {.message = fmt::format("the body is nested more than {} deep", kMostDepth)};
  Rejection rejection{.message = WhatIsWrong(error)};
  const char* place = nullptr;
  if (!opened_ || document_.current_location().get(place) != simdjson::SUCCESS) return rejection;
  const auto offset = std::min(size_, static_cast<size_t>(place - buffer_.data()));
  const std::string_view before(buffer_.data(), offset);
  const auto line = std::ranges::count(before, '\n') + 1;
  // Without a line end before it, the first column is that of the first byte.
  const size_t column = offset - (before.rfind('\n') + 1) + 1;
  rejection.message += fmt::format(" near line {}, column {}", line, column);
  const size_t nearby = offset - std::min<size_t>(offset, 2);
  if (IsForeignNumber(Behind(offset)) || IsForeignNumber(Behind(nearby)))
    rejection.message += "; null stands for a number that is missing";
  return rejection;
}

simdjson::error_code Walk(ondemand::value value, int depth) {
  ondemand::json_type type{};
  if (const auto error = value.type().get(type)) return error;
  const bool holds = type == ondemand::json_type::array || type == ondemand::json_type::object;
  if (holds && depth == kMostDepth) return simdjson::DEPTH_ERROR;
  switch (type) {
    case ondemand::json_type::array: return WalkList(value, depth + 1);
    case ondemand::json_type::object: return WalkMapping(value, depth + 1);
    case ondemand::json_type::number: return value.get_double().error();
    case ondemand::json_type::string: return value.get_string().error();
    case ondemand::json_type::boolean: return value.get_bool().error();
    case ondemand::json_type::null: return value.is_null().error();
  }
  return simdjson::TAPE_ERROR;
}

simdjson::simdjson_result<const char*> KindOf(ondemand::value& value) {
  ondemand::json_type type{};
  if (const auto error = value.type().get(type)) return error;
  switch (type) {
    case ondemand::json_type::array: return "a list";
    case ondemand::json_type::object: return "a mapping";
    case ondemand::json_type::number: return "a number";
    case ondemand::json_type::string: return "a text";
    case ondemand::json_type::boolean: return "true or false";
    case ondemand::json_type::null: return "null";
  }
  return simdjson::TAPE_ERROR;
}

std::string Excerpt(std::string_view text) {
  constexpr size_t kMostBytes = 60;
  if (text.size() <= kMostBytes) return Printable(text);
  size_t end = kMostBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
  return Printable(text.substr(0, end)) + "…";
}

}  // namespace slipway::serve
