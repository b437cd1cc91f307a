// SPDX-License-Identifier: Apache-2.0
// Computes operators whose operands are constants.
#include "dialects/graph/Decisions.h"
#include "dialects/graph/Inference.h"
#include "passes/graph/Evaluate.h"
#include "passes/graph/Passes.h"

#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/ADT/SetVector.h"

namespace dlc::graph {
#define GEN_PASS_DEF_GRAPHFOLDCONSTANTS
#include "passes/graph/Passes.h.inc"
} // namespace dlc::graph

using namespace mlir;
using namespace dlc::graph;

/// Operators that cost less to compute where they are used than to load: they
/// become constants only together with their users.
static bool isCheap(Operation *op) {
  return isa_and_nonnull<IotaOp, BroadcastOp>(op);
}

static int64_t getSizeBytes(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  std::optional<ElementFormat> format =
      ElementFormat::get(tensor.getElementType());
  return format ? tensor.getNumElements() * format->getSizeBytes() : 0;
}

namespace {
class GraphFoldConstants
    : public dlc::graph::impl::GraphFoldConstantsBase<GraphFoldConstants> {
public:
  using GraphFoldConstantsBase::GraphFoldConstantsBase;

  void runOnOperation() override {
    ConstantReaper reaper(getOperation());
    // Producers come before their users: one walk folds chains.
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) {
      if (isa<GraphDialect>(op->getDialect()) && !isa<ConstantOp>(op) &&
          !isCheap(op))
        ops.push_back(op);
    });
    // What is spread or counted out may have another size next time.
    bool isForManySizes = Decisions(getOperation()).isForManySizes();
    for (Operation *op : ops)
      if (!isForManySizes || llvm::none_of(op->getOperands(), [](Value v) {
            return isCheap(v.getDefiningOp());
          }))
        fold(op, reaper);
  }

private:
  void fold(Operation *op, ConstantReaper &reaper) {
    TypedAttr value = view(op);
    if (!value)
      value = compute(op);
    if (!value)
      return;
    OpBuilder builder(op);
    auto constant = ConstantOp::create(builder, op->getLoc(), value);
    reaper.add(constant);
    op->replaceAllUsesWith(constant);
    erase(op, reaper);
    ++numFolded;
  }

  /// The value of a movement of a constant that needs no new bytes.
  static TypedAttr view(Operation *op) {
    auto movement = dyn_cast<MovementOpInterface>(op);
    auto source =
        movement ? op->getOperand(0).getDefiningOp<ConstantOp>() : ConstantOp();
    if (!source)
      return {};
    auto type = cast<RankedTensorType>(op->getResult(0).getType());
    if (auto splat = dyn_cast<SplatElementsAttr>(source.getValue()))
      return splat.resizeSplat(type);
    if (!isa<ReshapeOp>(op))
      return {};
    if (auto resource = dyn_cast<DenseResourceElementsAttr>(source.getValue()))
      return DenseResourceElementsAttr::get(type, resource.getRawHandle());
    if (auto dense = dyn_cast<DenseElementsAttr>(source.getValue()))
      return dense.reshape(type);
    return {};
  }

  /// The value of \p op, or null if it isn't constant or too large.
  TypedAttr compute(Operation *op) {
    Evaluation evaluation = getEvaluation(op);
    if (!evaluation)
      return {};
    auto type = cast<RankedTensorType>(op->getResult(0).getType());
    SmallVector<ConstantData> operands;
    int64_t operandBytes = 0;
    for (Value operand : op->getOperands()) {
      std::optional<ConstantData> data = resolve(operand);
      if (!data)
        return {};
      operandBytes += data->getBytes().size();
      operands.push_back(std::move(*data));
    }
    bool isSplat = isa<ElementwiseOpInterface>(op) &&
                   llvm::all_of(operands, [](const ConstantData &data) {
                     return data.isSplat();
                   });
    if (isSplat)
      return makeSplat(type, [&](MutableArrayRef<char> bytes) {
        evaluation(operands, bytes);
      });
    if (getSizeBytes(type) > operandBytes + int64_t(maxGrowth))
      return {};
    return makeConstantValue(
        type, getKey(op),
        [&](MutableArrayRef<char> bytes) { evaluation(operands, bytes); });
  }

  /// The elements of \p value if they are known. What is cheap to compute is
  /// computed, if it is small enough.
  std::optional<ConstantData> resolve(Value value) {
    if (std::optional<ConstantData> data = ConstantData::get(value))
      return data;
    Operation *op = value.getDefiningOp();
    if (!isCheap(op) || getSizeBytes(value.getType()) > int64_t(maxGrowth))
      return std::nullopt;
    Evaluation evaluation = getEvaluation(op);
    if (!evaluation)
      return std::nullopt;
    SmallVector<ConstantData> operands;
    for (Value operand : op->getOperands()) {
      std::optional<ConstantData> data = resolve(operand);
      if (!data)
        return std::nullopt;
      operands.push_back(std::move(*data));
    }
    return ConstantData::compute(
        cast<RankedTensorType>(value.getType()),
        [&](MutableArrayRef<char> bytes) { evaluation(operands, bytes); });
  }

  /// A key for the resource that holds the value of \p op.
  static std::string getKey(Operation *op) {
    std::string suffix = ("." + op->getName().stripDialect()).str();
    for (Value operand : op->getOperands())
      if (operand.getDefiningOp<ConstantOp>())
        return getDerivedKey(operand, suffix);
    return "constant" + suffix;
  }

  /// Erases \p op and what only it used.
  static void erase(Operation *op, ConstantReaper &reaper) {
    llvm::SetVector<Value> operands(op->operand_begin(), op->operand_end());
    op->erase();
    for (Value operand : operands) {
      Operation *producer = operand.getDefiningOp();
      if (isCheap(producer) && producer->use_empty())
        erase(producer, reaper);
      else
        reaper.eraseUnused(operand);
    }
  }
};
} // namespace
