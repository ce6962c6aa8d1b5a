#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "config/fields_internal.h"
#include "config/reference_internal.h"
#include "config/scalar_internal.h"
#include "core/text.h"

namespace slipway::config {
namespace {

std::string TypeOf(const Field& field) {
  if (field.kind == Kind::kSection && field.shape == Shape::kOne) return "section";
  Field one = field;
  one.shape = Shape::kOne;
  std::string type = field.kind == Kind::kSection ? "section" : DescribeExpected(one);
  if (type.starts_with("a ")) type = type.substr(2);
  if (field.shape == Shape::kList) return "list of: " + type;
  if (field.shape == Shape::kMapOfLists) {
    return fmt::format("mapping of names to lists of: {}", type);
  }
  if (field.shape == Shape::kMap) {
    return fmt::format("mapping of {} to: {}", field.keys == nullptr ? "names" : "metrics", type);
  }
  return type;
}

std::string DefaultOf(const FieldTree& tree) {
  if (tree.field.required) return "required";
  const Json& value = tree.field.default_value();
  return value.is_null() ? "" : "`" + CompactJson(value) + "`";
}

// "approvals.*.minimum", "notifications[].type": with the names and indices that lists and maps put
// in between.
void AddRows(const FieldTree& tree, const std::string& path, const std::string& later,
             std::string* text) {
  const Field& field = tree.field;
  const std::string& waits_for = later.empty() ? field.later : later;
  *text += fmt::format("| `{}` | {} | {} | {} | {} |\n", path, TypeOf(field), DefaultOf(tree),
                       field.about, waits_for.empty() ? field.stage : "later: " + waits_for);
  std::string below = path;
  if (field.shape == Shape::kList) below += "[]";
  if (field.shape == Shape::kMap || field.shape == Shape::kMapOfLists) below += ".*";
  for (const FieldTree& child : tree.children) {
    AddRows(child, below + "." + child.name, waits_for, text);
  }
}

// Every table of names that a field chooses from, once, under the first key that does.
void AddNames(const FieldTree& tree, std::vector<const Names*>* seen, std::string* text) {
  for (const Names* names : {tree.field.values, tree.field.keys}) {
    const bool known = std::ranges::find(*seen, names) != seen->end();
    if (names == nullptr || known) continue;
    seen->push_back(names);
    *text += fmt::format("\n`{}`:\n\n", tree.field.key);
    for (const Name& name : *names) {
      std::string note;
      if (name.support == Support::kRefused) note = ", which " + RefusalOf(*names);
      *text += fmt::format("- `{}`: {}{}\n", name.name, name.about, note);
    }
  }
  for (const FieldTree& child : tree.children) AddNames(child, seen, text);
}

}  // namespace

std::string ReferenceMarkdown() {
  std::string text = "| key | type | default | meaning | stage |\n|---|---|---|---|---|\n";
  for (const FieldTree& child : EnvironmentFields().children) AddRows(child, child.name, "", &text);
  text += "\n### Names to choose from\n";
  std::vector<const Names*> seen;
  AddNames(EnvironmentFields(), &seen, &text);
  return text;
}

}  // namespace slipway::config
