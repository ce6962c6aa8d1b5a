#include <fmt/format.h>

#include <set>

#include "config/resolve_internal.h"
#include "config/scalar_internal.h"
#include "config/variables_internal.h"
#include "core/text.h"

namespace slipway::config {
namespace {

std::string Below(const std::string& key, const std::string& name) {
  return key.empty() ? name : key + "." + name;
}

std::string DescribeOrigin(const YamlNode& node) {
  const Position& at = node.at;
  std::string source = at.file;
  // "--set a.b=1" would repeat what stands before it.
  if (at.line > 0) source += fmt::format(":{}:{}", at.line, at.column);
  if (at.line == 0) source = source.substr(0, source.find(' '));
  const std::string variables =
      node.kind == YamlNode::Kind::kScalar ? DescribeVariables(node.text) : "";
  return variables.empty() ? source : source + ", " + variables;
}

// The dotted key of a field with this name anywhere in the table, for one that was put into the
// wrong section.
std::string FindElsewhere(const FieldTree& tree, const std::string& name) {
  for (const FieldTree& child : tree.children) {
    if (child.name == name) return child.field.key;
    if (std::string found = FindElsewhere(child, name); !found.empty()) return found;
  }
  return "";
}

class Resolver {
 public:
  explicit Resolver(Problems* problems) : problems_(problems) {}

  // `node` is nullptr for a section that is not written: its defaults, and the keys that it misses.
  ResolvedValue Section(const FieldTree& tree, const YamlNode* node, const Position& at,
                        const std::string& key);
  Resolved Take() { return std::move(resolved_); }

 private:
  std::optional<ResolvedValue> Child(const FieldTree& tree, const Entry* entry,
                                     const Position& section_at, const std::string& key);
  std::optional<ResolvedValue> Default(const FieldTree& tree, const Position& section_at,
                                       const std::string& key);
  bool IsFilled(const Field& field) const;
  std::optional<ResolvedValue> Value(const FieldTree& tree, const Entry& entry,
                                     const std::string& key);
  std::optional<ResolvedValue> One(const FieldTree& tree, const YamlNode& node, const Position& at,
                                   const std::string& key);
  std::optional<ResolvedValue> List(const FieldTree& tree, const YamlNode& node,
                                    const std::string& key);
  std::optional<ResolvedValue> Map(const FieldTree& tree, const YamlNode& node,
                                   const std::string& key);
  std::optional<ResolvedValue> Step(const FieldTree& tree, const YamlNode& node,
                                    const std::string& key);
  bool CheckMapKey(const Field& field, const Entry& entry, const std::string& key);
  void TellUnknownKey(const FieldTree& tree, const Entry& entry, const std::string& key);
  void TellWrongShape(const Field& field, const YamlNode& node, const std::string& key);
  void TellTwice(const YamlNode& list, const std::string& key);
  void NoteLater(const FieldTree& tree, const Json& value, const std::string& key);
  void AddOrigins(const YamlNode& node, const std::string& key);
  void AddDefaultOrigins(const Json& value, const std::string& key);

  Problems* problems_;
  Resolved resolved_;
  std::string strategy_;  // That of the deployment, once it is known.
  int inside_list_ = 0;   // Lists have one origin as a whole.
  int inside_later_ = 0;  // Said once, of the section.
};

ResolvedValue Resolver::Section(const FieldTree& tree, const YamlNode* node, const Position& at,
                                const std::string& key) {
  ResolvedValue section = {Json::object(), Json::object()};
  if (node != nullptr) {
    for (const Entry& entry : node->entries) {
      if (tree.Find(entry.key) == nullptr) TellUnknownKey(tree, entry, key);
    }
  }
  for (const FieldTree& child : tree.children) {
    const Entry* entry = node == nullptr ? nullptr : node->Find(child.name);
    // A key without a value is a key that is not given.
    if (entry != nullptr && entry->value.kind == YamlNode::Kind::kNull) entry = nullptr;
    auto value = Child(child, entry, at, Below(key, child.name));
    if (!value) continue;
    if (child.field.values == &DeploymentStrategies()) strategy_ = value->expanded;
    section.written[child.name] = std::move(value->written);
    section.expanded[child.name] = std::move(value->expanded);
  }
  return section;
}

std::optional<ResolvedValue> Resolver::Child(const FieldTree& tree, const Entry* entry,
                                             const Position& section_at, const std::string& key) {
  if (entry == nullptr) return Default(tree, section_at, key);
  if (inside_list_ == 0) resolved_.positions[key] = entry->at;
  const bool later = !tree.field.later.empty();
  inside_later_ += later ? 1 : 0;
  auto value = Value(tree, *entry, key);
  inside_later_ -= later ? 1 : 0;
  if (value) NoteLater(tree, value->expanded, key);
  return value;
}

std::optional<ResolvedValue> Resolver::Default(const FieldTree& tree, const Position& section_at,
                                               const std::string& key) {
  const Field& field = tree.field;
  if (field.kind == Kind::kSection && field.shape == Shape::kOne) {
    if (!IsFilled(field)) return std::nullopt;
    ResolvedValue section = Section(tree, nullptr, section_at, key);
    if (section.written.empty()) return std::nullopt;
    return section;
  }
  if (field.required) {
    problems_->Add(Error(ErrorCode::kInvalidInput, "missing key")
                       .At(LocationAt(section_at, key))
                       .Expected(DescribeExpected(field)));
    return std::nullopt;
  }
  const Json& fallback = field.default_value();
  if (fallback.is_null()) return std::nullopt;
  AddDefaultOrigins(fallback, key);
  return ResolvedValue{fallback, fallback};
}

// The strategy stands before the sections of strategies in the table.
bool Resolver::IsFilled(const Field& field) const {
  return field.fill || (!field.strategy.empty() && field.strategy == strategy_);
}

std::optional<ResolvedValue> Resolver::Value(const FieldTree& tree, const Entry& entry,
                                             const std::string& key) {
  const Field& field = tree.field;
  if (field.shape == Shape::kList) return List(tree, entry.value, key);
  if (field.shape != Shape::kOne) return Map(tree, entry.value, key);
  return One(tree, entry.value, entry.at, key);
}

std::optional<ResolvedValue> Resolver::One(const FieldTree& tree, const YamlNode& node,
                                           const Position& at, const std::string& key) {
  if (tree.field.kind == Kind::kSection) {
    if (node.kind == YamlNode::Kind::kMap) return Section(tree, &node, at, key);
    TellWrongShape(tree.field, node, key);
    return std::nullopt;
  }
  if (tree.field.kind == Kind::kStep) return Step(tree, node, key);
  const bool map = node.kind == YamlNode::Kind::kMap;
  if (tree.field.kind == Kind::kThreshold && map) return Section(tree, &node, at, key);
  auto value = ResolveScalar(tree.field, node, key, problems_);
  if (value) AddOrigins(node, key);
  return value;
}

std::optional<ResolvedValue> Resolver::List(const FieldTree& tree, const YamlNode& node,
                                            const std::string& key) {
  if (node.kind != YamlNode::Kind::kList) {
    TellWrongShape(tree.field, node, key);
    return std::nullopt;
  }
  AddOrigins(node, key);
  ResolvedValue list = {Json::array(), Json::array()};
  bool good = true;
  ++inside_list_;
  for (size_t i = 0; i < node.items.size(); ++i) {
    const YamlNode& item = node.items[i];
    auto value = One(tree, item, item.at, fmt::format("{}[{}]", key, i));
    good = good && value;
    if (!value) continue;
    list.written.push_back(std::move(value->written));
    list.expanded.push_back(std::move(value->expanded));
  }
  --inside_list_;
  const bool names = tree.field.kind != Kind::kNumber && tree.field.kind != Kind::kSection;
  if (names) TellTwice(node, key);
  if (!good) return std::nullopt;
  return list;
}

std::optional<ResolvedValue> Resolver::Map(const FieldTree& tree, const YamlNode& node,
                                           const std::string& key) {
  if (node.kind != YamlNode::Kind::kMap) {
    TellWrongShape(tree.field, node, key);
    return std::nullopt;
  }
  ResolvedValue map = {Json::object(), Json::object()};
  bool good = true;
  FieldTree value_tree = tree;
  value_tree.field.shape = tree.field.shape == Shape::kMapOfLists ? Shape::kList : Shape::kOne;
  for (const Entry& entry : node.entries) {
    const std::string entry_key = Below(key, entry.key);
    resolved_.positions[entry_key] = entry.at;
    if (!CheckMapKey(tree.field, entry, entry_key)) continue;
    if (tree.field.keys != nullptr)
      value_tree.field.range = RangeOfKey(*tree.field.keys, entry.key, tree.field.range);
    auto value = Value(value_tree, entry, entry_key);
    good = good && value;
    if (!value) continue;
    map.written[entry.key] = std::move(value->written);
    map.expanded[entry.key] = std::move(value->expanded);
  }
  if (!good) return std::nullopt;
  return map;
}

// A step's options are sections below it in the table, without defaults: the step has them.
std::optional<ResolvedValue> Resolver::Step(const FieldTree& tree, const YamlNode& node,
                                            const std::string& key) {
  if (node.kind != YamlNode::Kind::kMap || node.entries.size() != 1) {
    return ResolveScalar(tree.field, node, key, problems_);
  }
  const Entry& entry = node.entries.front();
  const FieldTree* step = tree.Find(entry.key);
  if (step == nullptr) {
    TellUnknownName(*tree.field.values, entry.key, entry.at, key, "name", problems_);
    return std::nullopt;
  }
  const std::string step_key = Below(key, entry.key);
  if (entry.value.kind != YamlNode::Kind::kMap && entry.value.kind != YamlNode::Kind::kNull) {
    TellWrongShape(step->field, entry.value, step_key);
    return std::nullopt;
  }
  ResolvedValue options = Section(*step, &entry.value, entry.at, step_key);
  if (options.written.empty()) return ResolvedValue{entry.key, entry.key};
  return ResolvedValue{Json{{entry.key, std::move(options.written)}},
                       Json{{entry.key, std::move(options.expanded)}}};
}

bool Resolver::CheckMapKey(const Field& field, const Entry& entry, const std::string& key) {
  if (field.keys == nullptr || Accepts(*field.keys, entry.key)) return true;
  TellUnknownName(*field.keys, entry.key, entry.at, key.substr(0, key.rfind('.')), "name",
                  problems_);
  return false;
}

void Resolver::TellUnknownKey(const FieldTree& tree, const Entry& entry, const std::string& key) {
  const std::vector<std::string> names = tree.ChildNames();
  std::string nearest = NearestName(entry.key, names);
  if (nearest.empty()) nearest = FindElsewhere(EnvironmentFields(), entry.key);
  Error error =
      Error(ErrorCode::kInvalidInput, fmt::format("unknown key {}", CompactJson(entry.key)))
          .At(LocationAt(entry.at, key))
          .Expected(JoinOr(names));
  if (!nearest.empty()) error = std::move(error).Try(std::move(nearest));
  problems_->Add(std::move(error));
}

void Resolver::TellWrongShape(const Field& field, const YamlNode& node, const std::string& key) {
  const bool list = field.shape == Shape::kList;
  Error error = Error(ErrorCode::kInvalidInput, "wrong type: " + DescribeNode(node))
                    .At(LocationAt(node.at, key))
                    .Expected(list ? "a list" : "a mapping");
  if (list && node.kind == YamlNode::Kind::kScalar) {
    error = std::move(error).Try(fmt::format("[{}]", node.text));
  }
  problems_->Add(std::move(error));
}

// Steps by their names, with whatever options.
void Resolver::TellTwice(const YamlNode& list, const std::string& key) {
  std::set<std::string> seen;
  for (const YamlNode& item : list.items) {
    const bool named = item.kind == YamlNode::Kind::kMap && item.entries.size() == 1;
    if (item.kind != YamlNode::Kind::kScalar && !named) continue;
    const std::string& name = named ? item.entries.front().key : item.text;
    if (seen.insert(name).second) continue;
    problems_->Add(Error(ErrorCode::kInvalidInput, CompactJson(name) + " is listed twice")
                       .At(LocationAt(item.at, key))
                       .Expected("each once"));
  }
}

void Resolver::NoteLater(const FieldTree& tree, const Json& value, const std::string& key) {
  const Field& field = tree.field;
  if (inside_later_ > 0) return;
  if (!field.later.empty() && value != field.default_value())
    resolved_.later.push_back({key, field.later});
}

void Resolver::AddOrigins(const YamlNode& node, const std::string& key) {
  if (inside_list_ > 0) return;
  if (node.kind == YamlNode::Kind::kMap && !node.entries.empty()) {
    for (const Entry& entry : node.entries) AddOrigins(entry.value, Below(key, entry.key));
    return;
  }
  resolved_.origins.push_back({key, DescribeOrigin(node)});
}

void Resolver::AddDefaultOrigins(const Json& value, const std::string& key) {
  if (inside_list_ > 0) return;
  if (value.is_object()) {
    for (const auto& [name, item] : value.items()) AddDefaultOrigins(item, Below(key, name));
    return;
  }
  resolved_.origins.push_back({key, "default"});
}

void AddPositions(const YamlNode& node, const std::string& key,
                  std::map<std::string, Position>* positions) {
  positions->emplace(key, node.at);
  for (size_t i = 0; i < node.items.size(); ++i) {
    AddPositions(node.items[i], fmt::format("{}[{}]", key, i), positions);
  }
  for (const Entry& entry : node.entries) {
    AddPositions(entry.value, Below(key, entry.key), positions);
  }
}

// Children first, so that a section's own binding sees what it takes whole.
void Fill(const FieldTree& tree, const Json& value, Config* config) {
  if (tree.field.kind == Kind::kSection && tree.field.shape == Shape::kOne) {
    for (const FieldTree& child : tree.children) {
      if (const auto it = value.find(child.name); it != value.end()) Fill(child, *it, config);
    }
  }
  if (tree.field.bind.set) tree.field.bind.set(*config, value);
}

}  // namespace

Position Resolved::PositionOf(std::string key) const {
  while (true) {
    if (const auto it = positions.find(key); it != positions.end()) return it->second;
    const size_t dot = key.rfind('.');
    if (key.empty()) return {};
    key = dot == std::string::npos ? "" : key.substr(0, dot);
  }
}

Resolved ResolveEnvironment(const YamlNode& environment, const Position& at, Problems* problems) {
  Resolver resolver(problems);
  const bool map = environment.kind == YamlNode::Kind::kMap;
  ResolvedValue value = resolver.Section(EnvironmentFields(), map ? &environment : nullptr, at, "");
  Resolved resolved = resolver.Take();
  resolved.environment = std::move(value);
  resolved.positions[""] = at;
  AddPositions(environment, "", &resolved.values);
  return resolved;
}

void FillConfig(const Resolved& resolved, Config* config) {
  Fill(EnvironmentFields(), resolved.environment.expanded, config);
  config->resolved = resolved.environment.written;
}

}  // namespace slipway::config
