#include "data/category_column.h"

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

}  // namespace slipway::data
