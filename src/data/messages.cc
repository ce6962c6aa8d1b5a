#include <fmt/format.h>

#include "core/text.h"
#include "data/messages_internal.h"

namespace slipway::data {

Location AtField(std::string field) { return AtRow(0, std::move(field)); }

Location AtRow(int64_t row, std::string column) {
  Location location;
  location.row = row;
  location.field = std::move(column);
  return location;
}

std::vector<std::string> ColumnNames(const Table& table) {
  std::vector<std::string> names;
  names.reserve(table.columns.size());
  for (const Column& column : table.columns) names.push_back(column.name);
  return names;
}

Error UnknownName(std::string message, std::string field, const std::string& name,
                  const std::vector<std::string>& known) {
  constexpr size_t kListed = 12;
  const std::string nearest = NearestName(name, known);
  return Error(ErrorCode::kInvalidInput, std::move(message))
      .At(AtField(std::move(field)))
      .Expected(known.size() <= kListed ? JoinOr(known) : "")
      .Try(nearest.empty() ? "" : fmt::format("'{}'", nearest));
}

}  // namespace slipway::data
