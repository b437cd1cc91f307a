// SPDX-License-Identifier: Apache-2.0
// Recognises attention: a product, what scales and masks its elements, a
// softmax along the rows, and a second product with the weights.
#include "passes/graph/Passes.h"

#include "dialects/graph/Decisions.h"
#include "dialects/graph/GraphOps.h"
#include "dialects/graph/Inference.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"
#include "passes/graph/Simplify.h"

namespace dlc::graph {
#define GEN_PASS_DEF_GRAPHFUSEATTENTION
#include "passes/graph/Passes.h.inc"
} // namespace dlc::graph

using namespace mlir;
using namespace dlc::graph;

/// Operators that the search between two products looks at, masks included.
static constexpr size_t kMaxVisited = 64;
/// Heads that are enough for the threads of most CPUs.
static constexpr int64_t kMinHeads = 8;

//===----------------------------------------------------------------------===//
// One side of a product
//===----------------------------------------------------------------------===//

namespace {
/// A side of a product of matrices: batch dimensions, one that is contracted
/// and one that is free.
struct MatrixSide {
  Value tensor;
  SmallVector<int64_t> batch;
  int64_t contracted = 0, free = 0;

  static FailureOr<MatrixSide> get(Value tensor, ArrayRef<int64_t> batch,
                                   ArrayRef<int64_t> contract) {
    int64_t rank = getTensorType(tensor).getRank();
    if (contract.size() != 1 || int64_t(batch.size()) + 2 != rank)
      return failure();
    MatrixSide side{tensor, SmallVector<int64_t>(batch), contract[0]};
    for (int64_t i = 0; i < rank; ++i)
      if (!llvm::is_contained(batch, i) && i != contract[0])
        side.free = i;
    return side;
  }

  /// The extents that a reshape has merged into the only batch dimension;
  /// empty if there is none.
  SmallVector<int64_t> getMergedBatch() const {
    auto reshape = tensor.getDefiningOp<ReshapeOp>();
    if (!reshape || batch != ArrayRef<int64_t>(0))
      return {};
    ArrayRef<int64_t> from = getTensorType(reshape.getInput()).getShape();
    ArrayRef<int64_t> to = getTensorType(reshape).getShape();
    if (from.size() <= to.size() || from.take_back(2) != to.take_back(2))
      return {};
    return SmallVector<int64_t>(from.drop_back(2));
  }
  /// Takes the tensor before the reshape that merged its batch dimensions.
  void splitBatch() {
    tensor = tensor.getDefiningOp<ReshapeOp>().getInput();
    int64_t added = getTensorType(tensor).getRank() - 3;
    batch = llvm::to_vector(llvm::seq<int64_t>(0, added + 1));
    contracted += added;
    free += added;
  }

  /// Emits the tensor with its dimensions in the order batch, then \p rows,
  /// then \p columns.
  Value emit(OpBuilder &builder, Location loc, int64_t rows,
             int64_t columns) const {
    SmallVector<int64_t> order(batch);
    order.append({rows, columns});
    if (llvm::equal(order, llvm::seq<int64_t>(0, order.size())))
      return tensor;
    return TransposeOp::create(builder, loc, tensor, order);
  }
};
} // namespace

/// Finds a factor that all elements of \p value were multiplied with, be it
/// before movements, and takes it away. Returns 1 if there is none.
static double takeFactor(Value &value, OpBuilder &builder) {
  SmallVector<Operation *> moves;
  Value source = value;
  while (auto move = source.getDefiningOp<MovementOpInterface>()) {
    moves.push_back(move);
    source = move->getOperand(0);
  }
  Operation *op = source.getDefiningOp();
  if (!op || !isa<MulOp, DivOp>(op))
    return 1;
  std::optional<double> factor = getUniformValue(op->getOperand(1));
  unsigned scaled = 0;
  if (!factor && isa<MulOp>(op)) {
    factor = getUniformValue(op->getOperand(0));
    scaled = 1;
  }
  if (!factor || (isa<DivOp>(op) && *factor == 0))
    return 1;
  IRMapping mapping;
  mapping.map(source, op->getOperand(scaled));
  for (Operation *move : llvm::reverse(moves))
    builder.clone(*move, mapping);
  value = mapping.lookup(value);
  return isa<DivOp>(op) ? 1 / *factor : *factor;
}

//===----------------------------------------------------------------------===//
// The body
//===----------------------------------------------------------------------===//

namespace {
/// The operators between two products.
class BodyMatcher {
public:
  /// Matches what makes \p weights from the scores of a product.
  LogicalResult match(Value weights);
  DotOp getScoresOp() { return scores; }
  /// The tensors that the body reads beside the scores.
  ArrayRef<Value> getInputs() { return inputs.getArrayRef(); }
  ArrayRef<Operation *> getOps() { return ops.getArrayRef(); }

private:
  LogicalResult visit(Value value);

  DotOp scores;
  SoftmaxOp softmax;
  llvm::SetVector<Operation *> ops; ///< each behind what it uses
  llvm::SetVector<Value> inputs;
  DenseSet<Value> onPath; ///< values that depend on the scores
};
} // namespace

/// Whether \p op computes elements from nothing or from fewer elements, so
/// that the body does it again where it needs them.
static bool isFree(Operation *op) {
  auto constant = dyn_cast<ConstantOp>(op);
  return (constant && isa<SplatElementsAttr>(constant.getValue())) ||
         isa<IotaOp, BroadcastOp>(op);
}

static ArrayRef<int64_t> getMatrixShape(Value value) {
  return getTensorType(value).getShape().take_back(2);
}

/// Whether a reshape merges or splits batch dimensions alone.
static bool keepsMatrices(ReshapeOp op) {
  return getTensorType(op.getInput()).getRank() >= 2 &&
         getTensorType(op).getRank() >= 2 &&
         getMatrixShape(op.getInput()) == getMatrixShape(op);
}

LogicalResult BodyMatcher::visit(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op || ops.contains(op) || inputs.contains(value) ||
      onPath.contains(value))
    return success();
  if (auto dot = dyn_cast<DotOp>(op); dot && !scores) {
    scores = dot;
    onPath.insert(value);
    return success();
  }
  auto reshape = dyn_cast<ReshapeOp>(op);
  auto found = dyn_cast<SoftmaxOp>(op);
  bool isInner = isa<ElementwiseOpInterface>(op) || isFree(op) ||
                 (reshape && keepsMatrices(reshape)) || (found && !softmax);
  if (!isInner || ops.size() > kMaxVisited)
    return success();
  if (found) {
    if (int64_t(found.getAxis()) != getTensorType(value).getRank() - 1)
      return failure();
    softmax = found;
  }
  bool usesScores = false;
  if (!isFree(op))
    for (Value operand : op->getOperands()) {
      if (failed(visit(operand)))
        return failure();
      usesScores |= onPath.contains(operand);
    }
  if (usesScores)
    onPath.insert(value);
  if (usesScores || isFree(op))
    ops.insert(op);
  return success();
}

LogicalResult BodyMatcher::match(Value weights) {
  if (failed(visit(weights)) || !softmax || !onPath.contains(softmax))
    return failure();
  // Nothing else needs the scores or what is made of them.
  auto isLocal = [&](Value value) {
    return llvm::all_of(value.getUsers(),
                        [&](Operation *user) { return ops.contains(user); });
  };
  if (!isLocal(scores))
    return failure();
  SmallVector<Operation *> unused;
  for (Operation *op : ops) {
    Value value = op->getResult(0);
    if (!onPath.contains(value)) {
      // Free, but of an operator that does not depend on the scores.
      if (llvm::none_of(op->getUsers(),
                        [&](Operation *user) { return ops.contains(user); }))
        unused.push_back(op);
      continue;
    }
    if (getMatrixShape(value) != getMatrixShape(scores) ||
        (value != weights && !isLocal(value)))
      return failure();
  }
  for (Operation *op : unused)
    ops.remove(op);
  for (Operation *op : ops)
    for (Value operand : op->getOperands())
      if (operand != scores && !ops.contains(operand.getDefiningOp()))
        inputs.insert(operand);
  return success();
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

/// \p value with the shape of \p type.
static Value reshapeTo(OpBuilder &builder, Location loc, Value value,
                       RankedTensorType type) {
  if (value.getType() == type)
    return value;
  return ReshapeOp::create(builder, loc, type, value);
}

namespace {
/// Queries, keys and values of an attention that was found.
struct Sides {
  MatrixSide queries, keys, values;

  static FailureOr<Sides> get(DotOp scores, DotOp product) {
    FailureOr<MatrixSide> queries = MatrixSide::get(
        scores.getLhs(), scores.getLhsBatch(), scores.getLhsContract());
    FailureOr<MatrixSide> keys = MatrixSide::get(
        scores.getRhs(), scores.getRhsBatch(), scores.getRhsContract());
    FailureOr<MatrixSide> weights = MatrixSide::get(
        product.getLhs(), product.getLhsBatch(), product.getLhsContract());
    FailureOr<MatrixSide> values = MatrixSide::get(
        product.getRhs(), product.getRhsBatch(), product.getRhsContract());
    if (failed(queries) || failed(keys) || failed(weights) || failed(values))
      return failure();
    int64_t rank = getTensorType(product.getLhs()).getRank();
    if (weights->contracted != rank - 1 ||
        !llvm::equal(weights->batch, llvm::seq<int64_t>(0, rank - 2)))
      return failure();
    return Sides{*queries, *keys, *values};
  }

  /// Undoes the merging of batch dimensions where all sides have had the same:
  /// what is before it can be read in place.
  void splitBatch() {
    SmallVector<int64_t> merged = queries.getMergedBatch();
    if (merged.empty() || keys.getMergedBatch() != merged ||
        values.getMergedBatch() != merged)
      return;
    for (MatrixSide *side : {&queries, &keys, &values})
      side->splitBatch();
  }
};

struct GraphFuseAttention
    : dlc::graph::impl::GraphFuseAttentionBase<GraphFuseAttention> {
  using GraphFuseAttentionBase::GraphFuseAttentionBase;

  void runOnOperation() override {
    SmallVector<DotOp> products;
    getOperation().walk([&](DotOp op) { products.push_back(op); });
    // Backwards: the product of the scores comes before its attention, and is
    // erased with it.
    llvm::SmallDenseSet<Operation *> erased;
    decisions = Decisions(getOperation(), kFusionDecisionsAttr);
    for (DotOp product : llvm::reverse(products))
      if (!erased.contains(product))
        fuse(product, erased);
    decisions.save(getOperation());
  }

private:
  /// Whether one kernel is better for a result like that of \p product. On a
  /// CPU it has a task for each head where queries may be any number.
  bool isWorthIt(DotOp product) {
    if (!decisions.isForManySizes())
      return true;
    ArrayRef<int64_t> shape = getTensorType(product).getShape();
    return decisions.decide(forGpus ||
                            computeProduct(shape.drop_back(2)) >= kMinHeads);
  }
  void fuse(DotOp product, llvm::SmallDenseSet<Operation *> &erased);
  AttentionOp build(DotOp product, BodyMatcher &matcher, const Sides &sides);

  Decisions decisions;
};
} // namespace

AttentionOp GraphFuseAttention::build(DotOp product, BodyMatcher &matcher,
                                      const Sides &sides) {
  OpBuilder builder(product);
  SmallVector<Location> locs{matcher.getScoresOp().getLoc()};
  for (Operation *op : matcher.getOps())
    locs.push_back(op->getLoc());
  locs.push_back(product.getLoc());
  Location loc = builder.getFusedLoc(locs);

  Value queries = sides.queries.emit(builder, loc, sides.queries.free,
                                     sides.queries.contracted);
  Value keys =
      sides.keys.emit(builder, loc, sides.keys.free, sides.keys.contracted);
  Value values = sides.values.emit(builder, loc, sides.values.contracted,
                                   sides.values.free);
  double factor = takeFactor(queries, builder) * takeFactor(keys, builder);
  RankedTensorType scores =
      AttentionOp::getScoresType(getTensorType(queries), getTensorType(keys));
  auto withBatchOf = [](RankedTensorType like, ArrayRef<int64_t> matrix) {
    SmallVector<int64_t> shape(like.getShape().drop_back(2));
    llvm::append_range(shape, matrix);
    return RankedTensorType::get(shape, like.getElementType());
  };
  values = reshapeTo(builder, loc, values,
                     withBatchOf(scores, getMatrixShape(values)));
  SmallVector<Value> operands{queries, keys, values};
  llvm::append_range(operands, matcher.getInputs());

  OperationState state(loc, AttentionOp::getOperationName());
  state.addOperands(operands);
  state.addTypes(withBatchOf(scores, getMatrixShape(product)));
  Block &body = state.addRegion()->emplaceBlock();
  IRMapping mapping;
  Value element = body.addArgument(scores, loc);
  for (Value input : matcher.getInputs())
    mapping.map(input, body.addArgument(input.getType(), loc));
  auto attention = cast<AttentionOp>(builder.create(state));

  builder.setInsertionPointToStart(&attention.getBody().front());
  if (factor != 1) {
    Attribute value = builder.getFloatAttr(scores.getElementType(), factor);
    Value splat = ConstantOp::create(
        builder, loc, cast<TypedAttr>(DenseElementsAttr::get(scores, value)));
    element = MulOp::create(builder, loc, element, splat);
  }
  DotOp dot = matcher.getScoresOp();
  mapping.map(dot, reshapeTo(builder, loc, element, getTensorType(dot)));
  for (Operation *op : matcher.getOps())
    builder.clone(*op, mapping);
  Value weights = mapping.lookup(product.getLhs());
  YieldOp::create(builder, loc, reshapeTo(builder, loc, weights, scores));
  return attention;
}

void GraphFuseAttention::fuse(DotOp product,
                              llvm::SmallDenseSet<Operation *> &erased) {
  BodyMatcher matcher;
  if (!isa<FloatType>(product.getType().getElementType()) ||
      !product.getLhs().hasOneUse() || failed(matcher.match(product.getLhs())))
    return;
  FailureOr<Sides> sides = Sides::get(matcher.getScoresOp(), product);
  if (failed(sides) || !isWorthIt(product))
    return;
  sides->splitBatch();
  AttentionOp attention = build(product, matcher, *sides);

  OpBuilder builder(product);
  Value result =
      reshapeTo(builder, product.getLoc(), attention, getTensorType(product));
  // What undoes the reshape of the result.
  for (Operation *user : llvm::make_early_inc_range(product->getUsers()))
    if (isa<ReshapeOp>(user) &&
        user->getResultTypes()[0] == attention.getType())
      user->getResult(0).replaceAllUsesWith(attention);
  product->getResult(0).replaceAllUsesWith(result);
  // Everything that was only there for the old operators.
  for (Operation &op :
       llvm::make_early_inc_range(llvm::reverse(*product->getBlock())))
    if (isOpTriviallyDead(&op) && (!isa<ConstantOp>(op) || isFree(&op))) {
      erased.insert(&op);
      op.erase();
    }
  ++numFused;
}
