// The field table as the tables of docs/configuration.md, which a test compares with the file.
#pragma once

#include <string>

namespace slipway::config {

std::string ReferenceMarkdown();

}  // namespace slipway::config
