// Where a mistake is, and what a person is told about a name that is not there.
#pragma once

#include <string>
#include <vector>

#include "core/error.h"
#include "data/types.h"

namespace slipway::data {

// A place in the configuration ("data.split") or a column of the data.
Location AtField(std::string field);
// A row of the data, from 1.
Location AtRow(int64_t row, std::string column);

std::vector<std::string> ColumnNames(const Table& table);

// kInvalidInput at `field`, with the `known` names (if they are few) and the one nearest to `name`.
Error UnknownName(std::string message, std::string field, const std::string& name,
                  const std::vector<std::string>& known);

}  // namespace slipway::data
