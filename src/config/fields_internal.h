// The field table: every key of an environment, described once. Checking, typed filling, the JSON
// Schema and the table of docs/configuration.md all come from it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/binding_internal.h"
#include "config/names_internal.h"

namespace slipway::config {

enum class Kind {
  kSection,  // A mapping with the keys of the table and no others.
  kText,     // A number or a boolean must be quoted.
  kLabel,    // Text that may look like a number: a version, a column, a class.
  kInteger,
  kNumber,
  kBoolean,
  kChoice,       // One of `values`.
  kQuantity,     // Of Kubernetes: 500m, 1Gi.
  kStep,         // A name of `values`, or a mapping of that one name to options.
  kClassWeight,  // "balanced", or a mapping of labels to weights.
  kThreshold,    // A share, "auto", or a mapping with the keys of the table.
  kMapping,      // Any mapping.
};

enum class Shape { kOne, kList, kMap, kMapOfLists };

struct Field {
  // Dotted. Elements of lists and values of maps have no part of their own: "approvals.minimum".
  std::string key;
  Binding bind = {};
  Kind kind = Kind::kText;
  Shape shape = Shape::kOne;
  std::string about = {};
  Range range = {};               // Of numbers.
  const Names* values = nullptr;  // Of kChoice and kStep.
  const Names* keys = nullptr;    // That a map may have; any where absent.
  bool required = false;
  bool literal = false;  // For a shell, whose variables are its own.
  // For sections: false leaves their defaults out of what is resolved unless the section is
  // written.
  bool fill = true;
  // The value of the sibling `deployment_strategy` that chooses this section, and so fills it too.
  std::string strategy = {};
  Json fallback = nullptr;  // Where `bind` does not say it.
  // The stage that acts on it; of a section, on all keys below that name no other.
  std::string stage = {};
  // What will act on it; "" where this build does. Holds for all keys below.
  std::string later = {};

  const Json& default_value() const { return fallback.is_null() ? bind.fallback : fallback; }
};

// A key whose path in the file is its path in Config.
#define SLIPWAY_KEY(path) .key = #path, .bind = Into([](auto& c) -> auto& { return c.path; })

std::vector<Field> ProjectFields();
std::vector<Field> DataFields();
std::vector<Field> ModelFields();
std::vector<Field> DeploymentFields();
std::vector<Field> StoreFields();

// The table as the tree that the dots say, in table order.
struct FieldTree {
  Field field;
  std::string name;  // The last part of the key; "" for the root.
  std::vector<FieldTree> children;

  const FieldTree* Find(std::string_view child) const;
  std::vector<std::string> ChildNames() const;
};

// The root: an environment.
const FieldTree& EnvironmentFields();

}  // namespace slipway::config
