#include <fmt/format.h>

#include <algorithm>

#include "config/fields_internal.h"
#include "config/scalar_internal.h"
#include "config/split_files_internal.h"
#include "core/text.h"

namespace slipway::config {
namespace {

constexpr const char* kDefault = "default";

bool Holds(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

const FieldTree& FieldsOf(const std::string& section) { return *EnvironmentFields().Find(section); }

bool IsSection(const std::string& key) {
  const FieldTree* found = EnvironmentFields().Find(key);
  return found != nullptr && found->field.kind == Kind::kSection &&
         found->field.shape == Shape::kOne;
}

// The names that are likeliest meant come first, so that an equally near key does not win.
std::string Nearest(const SplitFile& file, const std::string& key) {
  std::vector<std::string> names = file.environments;
  names.emplace_back(kDefault);
  names.push_back(file.section);
  for (const std::string& name : FieldsOf(file.section).ChildNames()) names.push_back(name);
  return NearestName(key, names);
}

YamlNode Wrap(const std::string& section, const Position& at, YamlNode value) {
  YamlNode wrapped;
  wrapped.kind = YamlNode::Kind::kMap;
  wrapped.at = value.at;
  wrapped.entries.push_back({section, at, std::move(value)});
  return wrapped;
}

void TellTwice(const Entry& there, const Entry& entry, const std::string& key, Problems* problems) {
  problems->Add(
      Error(ErrorCode::kInvalidInput,
            fmt::format("given already in {}:{}:{}", there.at.file, there.at.line, there.at.column))
          .At(LocationAt(entry.at, key))
          .Expected("each key in one file"));
}

void TellNoMapping(const YamlNode& node, const std::string& key, Problems* problems) {
  problems->Add(Error(ErrorCode::kInvalidInput, "wrong type: " + DescribeNode(node))
                    .At(LocationAt(node.at, key))
                    .Expected("a mapping"));
}

// Of a key that two files give. Without a value it counts as not given.
void JoinValues(Entry* there, Entry entry, const std::string& key, Problems* problems) {
  const bool map = entry.value.kind == YamlNode::Kind::kMap;
  const bool map_there = there->value.kind == YamlNode::Kind::kMap;
  if (there->value.kind == YamlNode::Kind::kNull) {
    *there = std::move(entry);
  } else if (entry.value.kind == YamlNode::Kind::kNull) {
    return;
  } else if (map && map_there) {
    JoinFiles(&there->value, std::move(entry.value), key, problems);
  } else if (IsSection(key)) {
    TellNoMapping(map ? there->value : entry.value, key, problems);
  } else {
    TellTwice(*there, entry, key, problems);
  }
}

}  // namespace

bool IsHidden(const std::string& name) { return name.starts_with("x-") || name.starts_with('.'); }

// Where the main file has a `default`, any name can be asked for, so that a name of its own is an
// environment here too, unless it looks like a slip.
bool SplitFile::IsEnvironment(const std::string& key) const {
  if (IsHidden(key)) return false;
  if (key == kDefault || Holds(environments, key)) return true;
  return !IsShared(key) && Holds(environments, kDefault) && Nearest(*this, key).empty();
}

bool SplitFile::IsShared(const std::string& key) const {
  if (Holds(environments, key)) return false;
  return key == section || FieldsOf(section).Find(key) != nullptr;
}

void CheckSplitFile(const SplitFile& file, Problems* problems) {
  for (const Entry& entry : file.root.entries) {
    if (IsHidden(entry.key) || file.IsShared(entry.key) || file.IsEnvironment(entry.key)) continue;
    std::vector<std::string> names = file.environments;
    if (!Holds(names, kDefault)) names.emplace_back(kDefault);
    names.push_back(file.section);
    Error error =
        Error(ErrorCode::kInvalidInput, fmt::format("unknown key {}", CompactJson(entry.key)))
            .At(LocationAt(entry.at))
            .Expected(fmt::format("{}, or a key of `{}`", Join(names, ", "), file.section));
    const std::string nearest = Nearest(file, entry.key);
    if (!nearest.empty()) error = std::move(error).Try(nearest);
    problems->Add(std::move(error));
  }
}

std::vector<YamlNode> SharedParts(const SplitFile& file) {
  std::vector<YamlNode> parts;
  YamlNode flat;
  flat.kind = YamlNode::Kind::kMap;
  for (const Entry& entry : file.root.entries) {
    if (!file.IsShared(entry.key)) continue;
    if (entry.key == file.section) {
      parts.push_back(Wrap(file.section, entry.at, entry.value));
    } else {
      if (flat.entries.empty()) flat.at = entry.at;
      flat.entries.push_back(entry);
    }
  }
  const Position at = flat.at;
  if (!flat.entries.empty()) parts.push_back(Wrap(file.section, at, std::move(flat)));
  return parts;
}

YamlNode AsSection(const Entry& environment, const std::string& section) {
  const YamlNode& node = environment.value;
  if (node.kind == YamlNode::Kind::kMap && node.Find(section) != nullptr) return node;
  return Wrap(section, environment.at, node);
}

void JoinFiles(YamlNode* into, YamlNode from, const std::string& key, Problems* problems) {
  if (into->kind == YamlNode::Kind::kNull) {
    *into = std::move(from);
    return;
  }
  for (Entry& entry : from.entries) {
    const std::string entry_key = key.empty() ? entry.key : key + "." + entry.key;
    const auto there = std::ranges::find(into->entries, entry.key, &Entry::key);
    if (there == into->entries.end()) {
      into->entries.push_back(std::move(entry));
    } else {
      JoinValues(&*there, std::move(entry), entry_key, problems);
    }
  }
}

}  // namespace slipway::config
