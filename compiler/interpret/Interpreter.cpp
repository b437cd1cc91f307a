// SPDX-License-Identifier: Apache-2.0
// The walk over a function's operators.
#include "compiler/interpret/Interpreter.h"

#include "compiler/interpret/Array.h"
#include "dialects/graph/Inference.h"
#include "dialects/graph/Layout.h"
#include "passes/graph/Evaluate.h"

#include <cmath>

using namespace mlir;
using dlc::graph::ConstantData;

namespace dlc::interpret {

namespace {
class Interpreter {
public:
  explicit Interpreter(OnValue onValue) : onValue(onValue) {}

  void set(Value value, ValuePtr data) {
    if (onValue)
      onValue(value, data);
    values[value] = std::move(data);
  }
  /// The same without telling. A copy: what it was found in may move.
  void alias(Value value, ValuePtr data) { values[value] = std::move(data); }
  /// Computes all operators of \p block; returns the terminator's operands.
  FailureOr<SmallVector<ValuePtr>> run(Block &block);

private:
  LogicalResult compute(Operation &op);
  LogicalResult computeGroup(graph::GroupOp op);
  LogicalResult computeAttention(graph::AttentionOp op);
  LogicalResult computeCounted(graph::CountedOp op);
  bool computeByEvaluation(Operation &op);
  LogicalResult computeByFunction(Operation &op);
  SmallVector<ValuePtr> lookup(ValueRange range) {
    return llvm::map_to_vector(range, [&](Value v) { return values.at(v); });
  }

  OnValue onValue;
  llvm::DenseMap<Value, ValuePtr> values;
};
} // namespace

/// A copy of \p op on plain tensors, with operands of its own, in \p block.
static Operation *makePlain(Operation &op, Block &block) {
  IRMapping mapping;
  for (Value operand : op.getOperands())
    if (!mapping.contains(operand))
      mapping.map(operand,
                  block.addArgument(graph::getPlainType(operand.getType()),
                                    operand.getLoc()));
  OpBuilder builder(op.getContext());
  builder.setInsertionPointToEnd(&block);
  Operation *plain = builder.clone(op, mapping);
  for (OpResult result : plain->getResults())
    result.setType(graph::getPlainType(result.getType()));
  return plain;
}

static bool isStatic(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.hasStaticShape() &&
         graph::ElementFormat::get(tensor.getElementType());
}

/// Computes \p op as the constant folder does; returns false where that can't.
bool Interpreter::computeByEvaluation(Operation &op) {
  Block block;
  Operation *plain = makePlain(op, block);
  graph::Evaluation evaluation = graph::getEvaluation(plain);
  if (!evaluation)
    return false;
  std::vector<ConstantData> operands;
  for (Value operand : op.getOperands())
    operands.push_back(*values.at(operand));
  auto type = cast<RankedTensorType>(plain->getResult(0).getType());
  set(op.getResult(0), std::make_shared<ConstantData>(ConstantData::compute(
                           type, [&](MutableArrayRef<char> result) {
                             if (!result.empty())
                               evaluation(operands, result);
                           })));
  return true;
}

LogicalResult Interpreter::computeByFunction(Operation &op) {
  Function function = nullptr;
  for (auto get : {getContraction, getNormalization, getIndexing, getOrdering,
                   getRecurrent, getSampling})
    if (!function)
      function = get(&op);
  if (!function)
    return op.emitOpError("isn't known to the reference interpreter");
  Arrays operands;
  for (Value operand : op.getOperands())
    operands.emplace_back(*values.at(operand));
  Arrays results = function(&op, operands);
  for (auto [result, array] : llvm::zip_equal(op.getResults(), results))
    set(result, std::make_shared<ConstantData>(
                    array.toConstant(graph::getPlainType(result.getType()))));
  return success();
}

LogicalResult Interpreter::computeGroup(graph::GroupOp op) {
  Block &body = op.getBody().front();
  for (auto [argument, input] : llvm::zip(body.getArguments(), op.getInputs()))
    alias(argument, values.at(input));
  FailureOr<SmallVector<ValuePtr>> results = run(body);
  if (failed(results))
    return failure();
  for (auto [result, value] : llvm::zip(op.getResults(), *results))
    set(result, value);
  return success();
}

/// The products around the body, which turns scores into weights.
LogicalResult Interpreter::computeAttention(graph::AttentionOp op) {
  Array queries(*values.at(op.getQueries())), keys(*values.at(op.getKeys())),
      weighted(*values.at(op.getValues()));
  auto type = cast<RankedTensorType>(op.getScores().getType());
  Array scores(type.getShape());
  int64_t rank = queries.getRank(), depth = queries.shape.back();
  int64_t m = queries.shape[rank - 2], n = keys.shape[rank - 2];
  for (int64_t i = 0; i < scores.getSize(); ++i) {
    const double *q = &queries.values[i / n * depth];
    const double *k = &keys.values[(i / (m * n) * n + i % n) * depth];
    for (int64_t d = 0; d < depth; ++d)
      scores.values[i] += q[d] * k[d];
  }
  Block &body = op.getBody().front();
  values[op.getScores()] =
      std::make_shared<ConstantData>(scores.toConstant(type));
  for (auto [argument, input] :
       llvm::zip(body.getArguments().drop_front(), op.getInputs()))
    alias(argument, values.at(input));
  FailureOr<SmallVector<ValuePtr>> yielded = run(body);
  if (failed(yielded))
    return failure();
  Array weights(*yielded->front());
  auto resultType = cast<RankedTensorType>(op.getType());
  Array result(resultType.getShape());
  int64_t width = weighted.shape.back();
  for (int64_t i = 0; i < result.getSize(); ++i) {
    const double *w = &weights.values[i / width * n];
    const double *v = &weighted.values[i / (m * width) * n * width + i % width];
    for (int64_t j = 0; j < n; ++j)
      result.values[i] += w[j] * v[j * width];
  }
  set(op.getResult(),
      std::make_shared<ConstantData>(result.toConstant(resultType)));
  return success();
}

/// The type says how many elements there are to be; so many there must be.
LogicalResult Interpreter::computeCounted(graph::CountedOp op) {
  Array packed(*values.at(op.getPacked()));
  RankedTensorType type = cast<RankedTensorType>(op.getType());
  Array result(type.getShape());
  if (int64_t(packed.values.front()) != result.getSize())
    return op.emitOpError("is looked at for a count of ")
           << result.getSize() << ", but there are "
           << int64_t(packed.values.front());
  std::copy_n(packed.values.begin() + op.getStart(), result.getSize(),
              result.values.begin());
  set(op.getResult(), std::make_shared<ConstantData>(result.toConstant(type)));
  return success();
}

LogicalResult Interpreter::compute(Operation &op) {
  for (Type type :
       llvm::concat<const Type>(op.getOperandTypes(), op.getResultTypes()))
    if (!isStatic(type))
      return op.emitOpError("has a type that can't be interpreted: ") << type;
  if (auto group = dyn_cast<graph::GroupOp>(op))
    return computeGroup(group);
  if (auto attention = dyn_cast<graph::AttentionOp>(op))
    return computeAttention(attention);
  if (auto relayout = dyn_cast<graph::RelayoutOp>(op)) {
    set(relayout.getResult(), values.at(relayout.getInput()));
    return success();
  }
  if (auto reshape = dyn_cast<graph::ReshapeOp>(op)) {
    Array array(*values.at(reshape.getInput()));
    RankedTensorType type = graph::getPlainType(reshape.getType());
    array.shape.assign(type.getShape().begin(), type.getShape().end());
    set(reshape.getResult(),
        std::make_shared<ConstantData>(array.toConstant(type)));
    return success();
  }
  if (auto counted = dyn_cast<graph::CountedOp>(op))
    return computeCounted(counted);
  if (auto constant = dyn_cast<graph::ConstantOp>(op)) {
    Attribute value = constant.getValue();
    // What is one number everywhere may have any layout.
    if (auto splat = dyn_cast<DenseElementsAttr>(value);
        splat && splat.isSplat())
      value = splat.resizeSplat(graph::getPlainType(constant.getType()));
    std::optional<ConstantData> data = ConstantData::get(value);
    if (!data)
      return op.emitOpError("has no data");
    set(constant.getResult(), std::make_shared<ConstantData>(std::move(*data)));
    return success();
  }
  return computeByEvaluation(op) ? success() : computeByFunction(op);
}

FailureOr<SmallVector<ValuePtr>> Interpreter::run(Block &block) {
  for (Operation &op : block.without_terminator())
    if (failed(compute(op)))
      return failure();
  return lookup(block.getTerminator()->getOperands());
}

FailureOr<SmallVector<ValuePtr>>
interpret(func::FuncOp function, ArrayRef<ValuePtr> inputs, OnValue onValue) {
  Interpreter interpreter(onValue);
  for (auto [argument, input] :
       llvm::zip_equal(function.getArguments(), inputs))
    interpreter.set(argument, input);
  return interpreter.run(function.getBody().front());
}

} // namespace dlc::interpret
