#include <algorithm>
#include <tuple>
#include <utility>

#include "data/json_keys_internal.h"

namespace slipway::data {
namespace {

struct Named {
  JsonKey* key = nullptr;
  std::string name;
};

void Collect(JsonKey& object, const std::string& prefix, std::vector<Named>& found) {
  for (const std::unique_ptr<JsonKey>& key : object.children) {
    std::string name = prefix + key->name;
    Collect(*key, name + ".", found);
    const bool column = key->has_value || (key->has_null && !key->has_object);
    if (column) found.push_back({key.get(), std::move(name)});
  }
}

}  // namespace

JsonKey* JsonKey::Find(std::string_view key, size_t& place) {
  if (place >= children.size() || children[place]->name != key) {
    const auto found = places.find(key);
    if (found == places.end()) return nullptr;
    place = found->second;
  }
  return children[place++].get();
}

JsonKey& JsonKey::Add(std::string_view key) {
  children.push_back(std::make_unique<JsonKey>());
  children.back()->name = key;
  places.emplace(children.back()->name, children.size() - 1);
  return *children.back();
}

void JsonKey::Merge(const JsonKey& other) {
  has_value |= other.has_value;
  has_null |= other.has_null;
  has_object |= other.has_object;
  size_t place = 0;
  for (const std::unique_ptr<JsonKey>& theirs : other.children) {
    JsonKey* ours = Find(theirs->name, place);
    const bool earlier = ours == nullptr || std::tie(theirs->first_block, theirs->first_place) <
                                                std::tie(ours->first_block, ours->first_place);
    if (ours == nullptr) ours = &Add(theirs->name);
    if (earlier)
      std::tie(ours->first_block, ours->first_place) =
          std::tie(theirs->first_block, theirs->first_place);
    ours->Merge(*theirs);
  }
}

std::unique_ptr<JsonKey> JsonKey::Clone() const {
  auto copy = std::make_unique<JsonKey>();
  copy->column = column;
  for (const std::unique_ptr<JsonKey>& child : children) {
    copy->children.push_back(child->Clone());
    copy->children.back()->name = child->name;
    copy->places.emplace(copy->children.back()->name, copy->children.size() - 1);
  }
  return copy;
}

std::vector<std::string> NameJsonColumns(JsonKey& root) {
  std::vector<Named> found;
  Collect(root, "", found);
  std::ranges::sort(found, [](const Named& a, const Named& b) {
    return std::tie(a.key->first_block, a.key->first_place) <
           std::tie(b.key->first_block, b.key->first_place);
  });
  std::vector<std::string> names;
  for (Named& one : found) {
    one.key->column = static_cast<int>(names.size());
    names.push_back(std::move(one.name));
  }
  return names;
}

}  // namespace slipway::data
