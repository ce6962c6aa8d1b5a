#include "config/yaml_text.h"

#include "config/node_internal.h"

namespace slipway::config {

Result<Json> JsonFromYaml(const std::string& text, const std::string& file) {
  Problems problems;
  const auto root = ParseYaml(text, file, &problems, kMaxSchemaNodes);
  if (!problems.empty()) return problems.Join({file});
  return root ? ToJson(*root) : Json();
}

}  // namespace slipway::config
