#include "data/expression.h"

#include "data/expression_evaluation_internal.h"
#include "data/expression_tree_internal.h"

namespace slipway::data {

Result<CompiledExpression> CompiledExpression::Compile(const std::string& text,
                                                       const std::vector<ExpressionColumn>& columns,
                                                       double now) {
  SLIPWAY_ASSIGN_OR_RETURN(const std::vector<Token> tokens, Tokenize(text));
  SLIPWAY_ASSIGN_OR_RETURN(ExpressionNode root, ParseExpression(text, tokens, now));
  SLIPWAY_ASSIGN_OR_RETURN(ExpressionTree tree, ResolveTypes(text, std::move(root), columns));
  return CompiledExpression(std::make_shared<const ExpressionTree>(std::move(tree)));
}

void CompiledExpression::Evaluate(const Block& block, std::span<Truth> results) const {
  ExpressionEvaluation(*tree_, block).Run(results);
}

const std::vector<size_t>& CompiledExpression::columns() const { return tree_->columns; }

}  // namespace slipway::data
