#include "data/category_column.h"

#include <algorithm>
#include <map>
#include <string_view>

namespace slipway::data {

Column MakeCategoryColumn(std::string name, std::span<const std::string> texts) {
  Column column;
  column.name = std::move(name);
  column.type = ColumnType::kCategory;
  std::map<std::string_view, int32_t> codes;
  for (const std::string& text : texts) {
    if (!text.empty()) codes.emplace(text, 0);
  }
  for (auto& [text, code] : codes) {
    code = static_cast<int32_t>(column.categories.size());
    column.categories.emplace_back(text);
  }
  column.codes.reserve(texts.size());
  for (const std::string& text : texts)
    column.codes.push_back(text.empty() ? kMissingCode : codes.at(text));
  return column;
}

std::string_view CanonicalBoolean(std::string_view text) {
  constexpr std::string_view kTrue = "True";
  constexpr std::string_view kFalse = "False";
  const auto same = [&](std::string_view word) {
    // In ASCII this bit is the only difference between a letter and its capital.
    return std::ranges::equal(text, word, [](char a, char b) { return (a | 0x20) == (b | 0x20); });
  };
  if (text.size() == kTrue.size() && same(kTrue)) return kTrue;
  if (text.size() == kFalse.size() && same(kFalse)) return kFalse;
  return text;
}

}  // namespace slipway::data
