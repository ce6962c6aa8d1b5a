#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "config/config.h"
#include "config/yaml_lines_internal.h"

namespace slipway::config {
namespace {

// Comments start no further right than this, so that one long value does not push them off the
// screen.
constexpr size_t kFurthestComment = 56;

// Characters, not bytes.
size_t Width(const std::string& text) {
  return static_cast<size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; }));
}

std::string Pad(const std::string& text, size_t width) {
  return text + std::string(width - std::min(width, Width(text)), ' ');
}

Json Member(const Json& object, const std::string& name) {
  if (!object.is_object()) return nullptr;
  const auto it = object.find(name);
  return it == object.end() ? Json() : *it;
}

// Differences below one key, in the left's order, then what only the right has.
void Compare(const std::string& key, const Json& left, const Json& right,
             std::vector<Difference>* differences) {
  if (left == right) return;
  const bool mappings = (left.is_object() && (right.is_object() || right.is_null())) ||
                        (right.is_object() && left.is_null());
  if (!mappings) {
    differences->push_back({key, left, right});
    return;
  }
  const auto below = [&](const std::string& name) { return key.empty() ? name : key + "." + name; };
  if (left.is_object()) {
    for (const auto& [name, value] : left.items()) {
      Compare(below(name), value, Member(right, name), differences);
    }
  }
  if (right.is_object()) {
    for (const auto& [name, value] : right.items()) {
      if (left.is_object() && left.contains(name)) continue;
      Compare(below(name), nullptr, value, differences);
    }
  }
}

std::string Shown(const Json& value) {
  if (value.is_null()) return "-";
  return value.is_string() ? value.get<std::string>() : CompactJson(value);
}

}  // namespace

std::string RenderWithOrigins(const LoadedConfig& loaded) {
  std::map<std::string, std::string> sources;
  for (const Origin& origin : loaded.origins) {
    sources[loaded.config.environment + "." + origin.key] = origin.source;
  }
  const auto lines = YamlLines(Json{{loaded.config.environment, loaded.config.resolved}});
  size_t column = 0;
  for (const YamlLine& line : lines) {
    const size_t width = Width(line.text);
    if (sources.contains(line.key) && width <= kFurthestComment) column = std::max(column, width);
  }
  std::string text;
  for (const YamlLine& line : lines) {
    const auto source = sources.find(line.key);
    const bool told = !line.key.empty() && source != sources.end();
    text +=
        told ? fmt::format("{}  # {}\n", Pad(line.text, column), source->second) : line.text + "\n";
  }
  if (loaded.later.empty()) return text;
  text += "\n# Accepted, and not acted on by this build:\n";
  for (const Origin& later : loaded.later) {
    text += fmt::format("#   {}: for {}\n", later.key, later.source);
  }
  return text;
}

Json ToJson(const LoadedConfig& loaded) {
  Json json = {{"environment", loaded.config.environment},
               {"config", loaded.config.resolved},
               {"origins", Json::object()},
               {"later", Json::object()}};
  for (const Origin& origin : loaded.origins) json["origins"][origin.key] = origin.source;
  for (const Origin& later : loaded.later) json["later"][later.key] = later.source;
  return json;
}

std::vector<Difference> Diff(const Config& left, const Config& right) {
  std::vector<Difference> differences;
  Compare("", left.resolved, right.resolved, &differences);
  return differences;
}

std::string RenderDiff(const Config& left, const Config& right) {
  const std::vector<Difference> differences = Diff(left, right);
  if (differences.empty()) {
    return fmt::format("{} and {} are the same\n", left.environment, right.environment);
  }
  std::vector<std::array<std::string, 3>> rows = {{"key", left.environment, right.environment}};
  for (const Difference& difference : differences) {
    rows.push_back({difference.key, Shown(difference.left), Shown(difference.right)});
  }
  size_t keys = 0;
  size_t lefts = 0;
  for (const auto& row : rows) {
    keys = std::max(keys, Width(row[0]));
    lefts = std::max(lefts, Width(row[1]));
  }
  std::string text;
  for (const auto& row : rows) {
    text += fmt::format("{}  {}  {}\n", Pad(row[0], keys), Pad(row[1], lefts), row[2]);
  }
  return text;
}

}  // namespace slipway::config
