// YAML as a tree that remembers where each value was written. The only place that knows yaml-cpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "core/result.h"

namespace slipway::config {

// `file` is also "--set a.b=1" or "--local" for what the command line says; then line and column
// are 0.
struct Position {
  std::string file;
  int64_t line = 0;
  int64_t column = 0;
};

struct Entry;

struct YamlNode {
  enum class Kind { kNull, kScalar, kList, kMap };
  Kind kind = Kind::kNull;
  Position at;
  std::string text;             // Of a scalar.
  bool plain = true;            // Not quoted: `text` may be a number, a boolean, …
  std::vector<YamlNode> items;  // Of a list.
  std::vector<Entry> entries;   // Of a map, in file order, keys distinct.

  const Entry* Find(std::string_view key) const;
};

struct Entry {
  std::string key;
  Position at;
  YamlNode value;
};

// What is wrong in the same pass, sorted and told at once at the end.
class Problems {
 public:
  void Add(Error error) { errors_.push_back(std::move(error)); }
  bool empty() const { return errors_.empty(); }
  // One Error with others(), by the order of `files`, then by line and column; each told once. Call
  // on a non-empty list.
  Error Join(const std::vector<std::string>& files) const;

 private:
  std::vector<Error> errors_;
};

Location LocationAt(const Position& at, std::string field = "");

// Bounds what one file can hold, aliases included: a few lines of nested aliases would otherwise
// fill the memory. The largest configuration that people write lists a few thousand columns; a
// table's schema says a dozen things of each.
inline constexpr size_t kMaxConfigNodes = 20'000;
inline constexpr size_t kMaxSchemaNodes = 400'000;

// Reads one YAML document. nullopt where the text is no YAML at all; duplicate keys and the like
// are told and reading goes on. Aliases are copied, `<<` merges, both within a bound on the tree's
// size. An empty text is kNull.
std::optional<YamlNode> ParseYaml(const std::string& text, const std::string& file,
                                  Problems* problems, size_t max_nodes = kMaxConfigNodes);

// What a plain scalar means by YAML 1.2's core schema: null, boolean, integer, float or text.
Json PlainValue(std::string_view text);

// The node as JSON, with scalars that are numbers and the like typed.
Json ToJson(const YamlNode& node);

// Lays `over` over `base`: maps merge key by key, everything else is replaced.
void Overlay(YamlNode* base, YamlNode over);

}  // namespace slipway::config
