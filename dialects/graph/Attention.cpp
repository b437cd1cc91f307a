// SPDX-License-Identifier: Apache-2.0
// Attention: assembly form and verifier.
#include "dialects/graph/Inference.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace dlc::graph;

RankedTensorType AttentionOp::getScoresType(RankedTensorType queries,
                                            RankedTensorType keys) {
  SmallVector<int64_t> shape(queries.getShape());
  shape.back() = keys.getDimSize(keys.getRank() - 2);
  return RankedTensorType::get(shape, queries.getElementType());
}

Operation *AttentionOp::getSoftmax() {
  auto ops = getBody().getOps<SoftmaxOp>();
  return ops.empty() ? nullptr : (*ops.begin()).getOperation();
}

Value AttentionOp::getWeights() {
  return cast<YieldOp>(getBody().front().back()).getValues().front();
}

int64_t AttentionOp::getFlops() {
  auto queries = getTensorType(getQueries());
  auto scores = cast<RankedTensorType>(getScores().getType());
  int64_t products = queries.getShape().back() +
                     cast<RankedTensorType>(getType()).getShape().back();
  int64_t flops = 2 * products * scores.getNumElements();
  for (Operation &op : getBody().front()) {
    if (auto softmax = dyn_cast<SoftmaxOp>(op))
      flops += softmax.getFlops();
    else if (isa<ElementwiseOpInterface>(op))
      flops += scores.getNumElements();
  }
  return flops;
}

ParseResult AttentionOp::parse(OpAsmParser &parser, OperationState &state) {
  SmallVector<OpAsmParser::UnresolvedOperand> operands;
  SmallVector<OpAsmParser::Argument> arguments(1);
  SMLoc location = parser.getCurrentLocation();
  for (int i = 0; i < 3; ++i)
    if ((i > 0 && parser.parseComma()) ||
        parser.parseOperand(operands.emplace_back()))
      return failure();
  if (parser.parseLParen() || parser.parseArgument(arguments.front()))
    return failure();
  while (succeeded(parser.parseOptionalComma()))
    if (parser.parseArgument(arguments.emplace_back()) || parser.parseEqual() ||
        parser.parseOperand(operands.emplace_back()))
      return failure();
  SmallVector<Type> types;
  Type result;
  if (parser.parseRParen() || parser.parseOptionalAttrDict(state.attributes) ||
      parser.parseColonTypeList(types) || parser.parseArrow() ||
      parser.parseType(result) ||
      parser.resolveOperands(operands, types, location, state.operands))
    return failure();
  auto queries = dyn_cast<RankedTensorType>(types[0]);
  auto keys = dyn_cast<RankedTensorType>(types[1]);
  if (!queries || !keys || queries.getRank() < 2 || keys.getRank() < 2)
    return parser.emitError(location, "requires queries and keys of at least "
                                      "two dimensions");
  arguments[0].type = getScoresType(queries, keys);
  for (size_t i = 1; i < arguments.size(); ++i)
    arguments[i].type = types[i + 2];
  state.addTypes(result);
  return parser.parseRegion(*state.addRegion(), arguments);
}

void AttentionOp::print(OpAsmPrinter &printer) {
  printer << ' ' << getQueries() << ", " << getKeys() << ", " << getValues()
          << " (" << getScores();
  for (auto [argument, operand] :
       llvm::zip(getBody().getArguments().drop_front(), getInputs()))
    printer << ", " << argument << " = " << operand;
  printer << ')';
  printer.printOptionalAttrDict((*this)->getAttrs());
  printer << " : ";
  llvm::interleaveComma((*this)->getOperandTypes(), printer);
  printer << " -> " << getType() << ' ';
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false);
}

LogicalResult AttentionOp::verify() {
  auto queries = getTensorType(getQueries()), keys = getTensorType(getKeys());
  auto values = getTensorType(getValues());
  auto result = cast<RankedTensorType>(getType());
  // C1
  int64_t rank = queries.getRank();
  if (rank < 2 || keys.getRank() != rank || values.getRank() != rank)
    return emitOpError("requires queries, keys and values of one rank, at "
                       "least 2, but got ")
           << queries << ", " << keys << " and " << values;
  auto shapeOf = [](RankedTensorType like, int64_t rows, int64_t columns) {
    SmallVector<int64_t> shape(like.getShape().drop_back(2));
    shape.append({rows, columns});
    return RankedTensorType::get(shape, like.getElementType());
  };
  int64_t m = queries.getDimSize(rank - 2), d = queries.getDimSize(rank - 1);
  int64_t n = keys.getDimSize(rank - 2), e = values.getDimSize(rank - 1);
  if (keys != shapeOf(queries, n, d) || values != shapeOf(queries, n, e) ||
      result != shapeOf(queries, m, e))
    return emitOpError("requires keys [B..., N, D], values [B..., N, E] and a "
                       "result [B..., M, E] for queries [B..., M, D], but got ")
           << queries << ", " << keys << ", " << values << " and " << result;
  // C2
  RankedTensorType scores = getScoresType(queries, keys);
  SmallVector<Type> types{scores};
  llvm::append_range(types, getInputs().getTypes());
  if (getBody().getArgumentTypes() != TypeRange(types))
    return emitOpError("requires a body on ")
           << scores << " and the types of 'inputs'";
  auto yield = dyn_cast<YieldOp>(getBody().front().back());
  if (!yield || yield.getOperandTypes() != TypeRange(scores))
    return emitOpError("requires a body that yields ") << scores;
  // C3
  auto softmaxes = llvm::to_vector(getBody().getOps<SoftmaxOp>());
  auto isRowwise = [&](SoftmaxOp op) {
    auto type = cast<RankedTensorType>(op.getType());
    return type.getRank() >= 2 && int64_t(op.getAxis()) == type.getRank() - 1 &&
           type.getShape().take_back(2) == scores.getShape().take_back(2) &&
           type.getNumElements() == scores.getNumElements();
  };
  if (softmaxes.size() != 1 || !isRowwise(softmaxes[0]))
    return emitOpError("requires a body with one softmax along the rows of "
                       "the scores ")
           << scores;
  SetVector<Operation *> before;
  llvm::SmallVector<Value> pending{yield.getValues().front()};
  while (!pending.empty()) {
    Value value = pending.pop_back_val();
    if (value == getScores())
      return emitOpError("requires weights that depend on the scores through "
                         "the softmax alone");
    Operation *op = value.getDefiningOp();
    if (op && op != softmaxes[0] && before.insert(op))
      llvm::append_range(pending, op->getOperands());
  }
  return success();
}
