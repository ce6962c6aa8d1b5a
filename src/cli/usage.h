// What is told about a command line that can't be understood.
#pragma once

#include "core/result.h"

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace slipway::cli {

// Names the wrong word and the nearest valid one. `app` is the root after its parse failed.
Error UsageError(const CLI::App& app, const CLI::ParseError& parse_error);

// The same for a word where a command of `level` was expected. `path` is the level as it is typed:
// "slipway models".
Error NoSuchCommand(const CLI::App& app, const CLI::App& level, const std::string& path,
                    const std::string& word);

}  // namespace slipway::cli
