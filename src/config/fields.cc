#include <algorithm>
#include <cmath>

#include "config/fields_internal.h"

namespace slipway::config {
namespace {

void Insert(FieldTree* root, Field field) {
  FieldTree* at = root;
  std::string_view rest = field.key;
  for (size_t dot = rest.find('.'); dot != std::string_view::npos; dot = rest.find('.')) {
    const auto parent = std::ranges::find(at->children, rest.substr(0, dot), &FieldTree::name);
    at = &*parent;
    rest.remove_prefix(dot + 1);
  }
  FieldTree leaf;
  leaf.name = std::string(rest);
  leaf.field = std::move(field);
  if (leaf.field.stage.empty()) leaf.field.stage = at->field.stage;
  at->children.push_back(std::move(leaf));
}

}  // namespace

Json CanonicalNumber(double value) {
  constexpr double kExact = 9007199254740992.0;  // 2^53
  if (value == std::trunc(value) && std::abs(value) < kExact) return static_cast<int64_t>(value);
  return value;
}

Json StepToJson(const PreprocessingStep& step) {
  if (step.options.empty()) return step.name;
  return Json{{step.name, step.options}};
}

PreprocessingStep StepFromJson(const Json& json) {
  if (json.is_string()) return {json.get<std::string>(), Json::object()};
  return {json.begin().key(), json.begin().value()};
}

void Assign(DecisionThresholdConfig& to, const Json& value) {
  to = {};
  if (value.is_number()) {
    to.value = value.get<double>();
    return;
  }
  to.maximize = GetString(value, "maximize");
  // What scikit-learn's TunedThresholdClassifierCV asks for where it is told nothing.
  if (value.is_string()) to.maximize = "balanced_accuracy";
  const auto cost = value.find("cost");
  if (!value.is_object() || cost == value.end()) return;
  to.false_positive = cost->value("false_positive", to.false_positive);
  to.false_negative = cost->value("false_negative", to.false_negative);
}

const FieldTree* FieldTree::Find(std::string_view child) const {
  const auto it = std::ranges::find(children, child, &FieldTree::name);
  return it == children.end() ? nullptr : &*it;
}

std::vector<std::string> FieldTree::ChildNames() const {
  std::vector<std::string> names;
  for (const FieldTree& child : children) names.push_back(child.name);
  return names;
}

const FieldTree& EnvironmentFields() {
  static const FieldTree root = [] {
    FieldTree tree;
    tree.field.kind = Kind::kSection;
    tree.field.about = "One environment";
    for (auto* part :
         {&ProjectFields, &DataFields, &ModelFields, &DeploymentFields, &StoreFields}) {
      for (Field& field : part()) Insert(&tree, std::move(field));
    }
    return tree;
  }();
  return root;
}

}  // namespace slipway::config
