// The field table as JSON Schema 2020-12, https://json-schema.org/draft/2020-12.
#include <cmath>

#include "config/config.h"
#include "config/fields_internal.h"

namespace slipway::config {
namespace {

// A variable may stand for any scalar; what it holds is checked when it is loaded.
constexpr const char* kVariable = "\\$\\{";

Json SectionSchema(const FieldTree& tree);

Json NumberSchema(const char* type, const Range& range) {
  Json schema = {{"type", {type, "string"}}, {"pattern", kVariable}};
  const auto bound = [&](const char* name, double value) {
    if (std::isfinite(value)) schema[name] = CanonicalNumber(value);
  };
  bound(range.above_min ? "exclusiveMinimum" : "minimum", range.min);
  bound("maximum", range.max);
  return schema;
}

Json NamesSchema(const Names& names) {
  Json variable = {{"type", "string"}, {"pattern", kVariable}};
  return {{"anyOf", Json::array({Json{{"enum", AcceptedNames(names)}}, std::move(variable)})}};
}

Json StepSchema(const FieldTree& tree) {
  Json schema = NamesSchema(*tree.field.values);
  Json options = {{"type", "object"},
                  {"minProperties", 1},
                  {"maxProperties", 1},
                  {"additionalProperties", false},
                  {"properties", Json::object()}};
  for (const FieldTree& step : tree.children) {
    options["properties"][step.name] = SectionSchema(step);
  }
  schema["anyOf"].push_back(std::move(options));
  return schema;
}

Json ClassWeightSchema() {
  Json weights = {{"type", "object"},
                  {"additionalProperties", NumberSchema("number", {.min = 0, .above_min = true})}};
  Json variable = {{"type", "string"}, {"pattern", kVariable}};
  return {{"anyOf",
           Json::array({Json{{"const", "balanced"}}, std::move(weights), std::move(variable)})}};
}

// One value, whatever the field's shape.
Json OneSchema(const FieldTree& tree) {
  switch (tree.field.kind) {
    case Kind::kSection: return SectionSchema(tree);
    case Kind::kText: return {{"type", "string"}};
    case Kind::kLabel: return {{"type", {"string", "number", "boolean"}}};
    case Kind::kInteger: return NumberSchema("integer", tree.field.range);
    case Kind::kNumber: return NumberSchema("number", tree.field.range);
    case Kind::kBoolean: return NumberSchema("boolean", {});
    case Kind::kChoice: return NamesSchema(*tree.field.values);
    case Kind::kQuantity:
      return {{"type", {"string", "number"}},
              {"pattern", "^[0-9]+(\\.[0-9]+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$|\\$\\{"}};
    case Kind::kStep: return StepSchema(tree);
    case Kind::kClassWeight: return ClassWeightSchema();
    case Kind::kThreshold:
      return {{"anyOf", Json::array({NumberSchema("number", tree.field.range),
                                     Json{{"const", "auto"}}, SectionSchema(tree)})}};
    case Kind::kMapping: return {{"type", "object"}};
  }
  return Json::object();
}

Json ListSchema(const FieldTree& tree) {
  Json schema = {{"type", "array"}, {"items", OneSchema(tree)}};
  if (tree.field.kind != Kind::kNumber) schema["uniqueItems"] = true;
  return schema;
}

Json MapSchema(const FieldTree& tree) {
  Json schema = {{"type", "object"}};
  if (tree.field.keys == nullptr) {
    schema["additionalProperties"] =
        tree.field.shape == Shape::kMapOfLists ? ListSchema(tree) : OneSchema(tree);
    return schema;
  }
  schema["additionalProperties"] = false;
  for (const Name& name : *tree.field.keys) {
    if (name.support == Support::kRefused) continue;
    FieldTree one = tree;
    one.field.range = RangeOfKey(*tree.field.keys, name.name, tree.field.range);
    Json value = OneSchema(one);
    value["description"] = name.about;
    schema["properties"][name.name] = std::move(value);
  }
  return schema;
}

Json FieldSchema(const FieldTree& tree) {
  const Field& field = tree.field;
  Json schema = field.shape == Shape::kList  ? ListSchema(tree)
                : field.shape == Shape::kOne ? OneSchema(tree)
                                             : MapSchema(tree);
  schema["description"] = field.about;
  if (!field.later.empty()) {
    schema["description"] = field.about + " Accepted, and for " + field.later + ".";
  }
  if (!field.default_value().is_null()) schema["default"] = field.default_value();
  return schema;
}

// A section must be there when something in it must.
bool IsRequired(const FieldTree& tree) {
  if (tree.field.kind != Kind::kSection || tree.field.shape != Shape::kOne) {
    return tree.field.required;
  }
  if (!tree.field.fill) return false;
  return std::ranges::any_of(tree.children, IsRequired);
}

Json SectionSchema(const FieldTree& tree) {
  Json schema = {{"type", "object"}, {"additionalProperties", false}};
  Json required = Json::array();
  for (const FieldTree& child : tree.children) {
    schema["properties"][child.name] = FieldSchema(child);
    if (IsRequired(child)) required.push_back(child.name);
  }
  if (!required.empty()) schema["required"] = std::move(required);
  return schema;
}

}  // namespace

Json ConfigSchema() {
  Json environment = SectionSchema(EnvironmentFields());
  environment["description"] = EnvironmentFields().field.about;
  Json schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                 {"title", "Slipway configuration"},
                 {"description",
                  "Environments by name. An environment that is absent falls back to `default`; "
                  "names that start with x- or a dot only hold anchors."},
                 {"type", "object"},
                 {"minProperties", 1}};
  schema["patternProperties"] = {{"^(x-|\\.)", true}};
  schema["additionalProperties"] = {{"$ref", "#/$defs/environment"}};
  schema["$defs"] = {{"environment", std::move(environment)}};
  return schema;
}

}  // namespace slipway::config
