// Checks one value that is no section against its field.
#pragma once

#include <optional>
#include <string>

#include "config/resolve_internal.h"

namespace slipway::config {

// What a field takes, in words: "a whole number, 1 or more", "one of csv or tsv", "text".
std::string DescribeExpected(const Field& field);

// What a node is, in words: "a list", "the number 5", "the text "abc"". Variables unexpanded, long
// texts cut.
std::string DescribeNode(const YamlNode& node);

// Any value, with variables expanded: hyper-parameters and options.
std::optional<ResolvedValue> ResolveAny(const YamlNode& node, const std::string& key,
                                        Problems* problems);

// A value of the field's kind, which is no kSection (of kStep and kThreshold: no mapping). nullopt
// after telling `problems`.
std::optional<ResolvedValue> ResolveScalar(const Field& field, const YamlNode& node,
                                           const std::string& key, Problems* problems);

// `name` is none of `names`: says those that are accepted and the nearest.
void TellUnknownName(const Names& names, const std::string& name, const Position& at,
                     const std::string& key, const std::string& what, Problems* problems);

}  // namespace slipway::config
