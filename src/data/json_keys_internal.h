// The keys of objects, nested as these are.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace slipway::data {

// One key of an object, or with no name the object of a line itself. Not thread-safe.
struct JsonKey {
  std::string name;
  std::vector<std::unique_ptr<JsonKey>> children;       // Keys of the object that it holds.
  std::unordered_map<std::string_view, size_t> places;  // Of `children`, by name.

  // What it held, and where it came first: a block, and how many keys were new in it before.
  bool has_value = false, has_null = false, has_object = false;
  size_t first_block = 0;
  size_t first_place = 0;

  int column = -1;        // What the value belongs to, for whoever reads; -1 for nothing.
  int64_t last_row = -1;  // That had it, to find it twice in one object.

  // Null where it is not there. `place` is where it probably is; it becomes where the next one
  // probably is.
  JsonKey* Find(std::string_view key, size_t& place);
  JsonKey& Add(std::string_view key);

  // Adds what another one, of the same name, held.
  void Merge(const JsonKey& other);
  std::unique_ptr<JsonKey> Clone() const;
};

// The columns that the keys below `root` make, in the order of their first appearance: a.b for key
// b of the object that key a holds. Sets each key's `column` to its place; a key that only ever
// held null or objects is no column, unless it held null only.
std::vector<std::string> NameJsonColumns(JsonKey& root);

}  // namespace slipway::data
