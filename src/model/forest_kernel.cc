#include <optional>
#include <utility>

#include "model/forest_kernel_internal.h"

namespace slipway::model {
namespace {

std::variant<BlockForest, NodeForest> LayOut(const TreeEnsemble& ensemble) {
  if (std::optional<BlockForest> blocks = BlockForest::Make(ensemble)) return *std::move(blocks);
  return NodeForest(ensemble);
}

}  // namespace

ForestKernel::ForestKernel(const TreeEnsemble& ensemble)
    : outputs_(ensemble.outputs), forest_(LayOut(ensemble)) {}

}  // namespace slipway::model
