// SPDX-License-Identifier: Apache-2.0
// Gives the tensors around convolutions and pooling a channel-blocked layout.
#include "passes/graph/Passes.h"

#include "dialects/graph/ConvolutionKind.h"
#include "dialects/graph/Decisions.h"
#include "dialects/graph/GraphOps.h"
#include "dialects/graph/Inference.h"
#include "dialects/graph/Layout.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/EquivalenceClasses.h"

namespace dlc::graph {
#define GEN_PASS_DEF_GRAPHASSIGNLAYOUTS
#include "passes/graph/Passes.h.inc"
} // namespace dlc::graph

using namespace mlir;
using namespace dlc::graph;

static BlockedLayoutAttr makeLayout(MLIRContext *context, int64_t block,
                                    ArrayRef<int64_t> low,
                                    ArrayRef<int64_t> high) {
  return BlockedLayoutAttr::get(context, block, low, high);
}

/// The blocked layout without a halo of \p value, which has images, channels
/// and \p value's other dimensions.
static BlockedLayoutAttr makePlainBlocked(Value value) {
  SmallVector<int64_t> none(getTensorType(value).getRank() - 2, 0);
  return makeLayout(value.getContext(), kChannelBlock, none, none);
}

/// Whether tensors of \p type can have blocks: those of a plane, or of several
/// one behind the other.
static bool canBeBlocked(RankedTensorType type) {
  return type && (type.getRank() == 4 || type.getRank() == 5);
}

static RankedTensorType withLayout(RankedTensorType type, Attribute layout) {
  return RankedTensorType::get(type.getShape(), type.getElementType(), layout);
}

namespace {
/// Zeros around the data of a tensor, by spatial dimension.
struct Halo {
  SmallVector<int64_t> low, high;
};

/// Tensors that are parts of each other, and the halo of each class.
struct HaloClasses {
  SmallVector<Value> members; ///< in the order of their computation
  llvm::EquivalenceClasses<Value> classes;
  DenseMap<Value, Halo> halos; ///< by leader
  /// What joins and cuts them.
  llvm::SmallDenseSet<Operation *> links;
};

struct GraphAssignLayouts
    : dlc::graph::impl::GraphAssignLayoutsBase<GraphAssignLayouts> {
  using GraphAssignLayoutsBase::GraphAssignLayoutsBase;

  void runOnOperation() override;

private:
  Value relayout(OpBuilder &builder, Value value, Attribute layout);
  /// The value in the blocked layout without a halo.
  Value getBlocked(OpBuilder &builder, Value value);
  void assignConv(ConvOp op);
  void assignDeconv(DeconvOp op);
  void assignBlocked(Operation *op, ArrayRef<unsigned> blockedOperands);
  bool isBlocked(Value value) { return blocked.contains(value); }
  bool staysBlocked(Operation *op);
  void replace(Operation *op, Value result);
  void shareHalos(func::FuncOp function);

  /// For a plain value, the same in the blocked layout, if that exists.
  DenseMap<Value, Value> blocked;
};
} // namespace

Value GraphAssignLayouts::relayout(OpBuilder &builder, Value value,
                                   Attribute layout) {
  RankedTensorType type = withLayout(getTensorType(value), layout);
  if (type == value.getType())
    return value;
  ++numRelayouts;
  return RelayoutOp::create(builder, value.getLoc(), type, value);
}

Value GraphAssignLayouts::getBlocked(OpBuilder &builder, Value value) {
  if (Value found = blocked.lookup(value))
    return found;
  // A broadcast is never stored: it can have any layout.
  auto layout = makePlainBlocked(value);
  if (auto broadcast = value.getDefiningOp<BroadcastOp>())
    return BroadcastOp::create(builder, value.getLoc(),
                               withLayout(getTensorType(value), layout),
                               broadcast.getInput(), broadcast.getDims());
  if (auto constant = value.getDefiningOp<ConstantOp>())
    if (auto splat = dyn_cast<SplatElementsAttr>(constant.getValue())) {
      auto type = withLayout(getTensorType(value), layout);
      return ConstantOp::create(
          builder, value.getLoc(),
          cast<TypedAttr>(Attribute(
              DenseElementsAttr::get(type, splat.getSplatValue<Attribute>()))));
    }
  return relayout(builder, value, layout);
}

/// Makes the plain result of \p op available next to the blocked \p result.
void GraphAssignLayouts::replace(Operation *op, Value result) {
  OpBuilder builder(op);
  builder.setInsertionPointAfter(result.getDefiningOp());
  Value plain = RelayoutOp::create(builder, op->getLoc(),
                                   getPlainType(result.getType()), result);
  remark::passed(op->getLoc(),
                 remark::RemarkOpts::name("blocked").category("layout"))
      << remark::add("{0} computes {1} channels in blocks of {2}",
                     op->getName().getStringRef(),
                     getTensorType(result).getDimSize(1),
                     int64_t(kChannelBlock));
  op->getResult(0).replaceAllUsesWith(plain);
  blocked[plain] = result;
  op->erase();
  ++numBlocked;
}

void GraphAssignLayouts::assignConv(ConvOp op) {
  OpBuilder builder(op);
  Value input = op.getInput();
  auto type = getTensorType(input);
  bool isConstant = isa_and_nonnull<ConstantOp>(op.getFilter().getDefiningOp());
  ConvolutionKind kind = getConvolutionKind(op, isConstant);
  SmallVector<int64_t> low(op.getPadLow()), high;
  // What the last window reads beyond the input.
  auto output = getTensorType(op.getResult()),
       filter = getTensorType(op.getFilter());
  for (size_t i = 0; i < low.size(); ++i) {
    int64_t extent = output.getDimSize(2 + i);
    // Whole tiles, the last one beyond the output.
    if (kind == ConvolutionKind::Winograd)
      extent = getWinogradTiles(extent, *op.getWinograd()) * *op.getWinograd();
    int64_t reach = (extent - 1) * op.getStrides()[i] +
                    op.getDilations()[i] * (filter.getDimSize(2 + i) - 1) + 1 -
                    low[i];
    int64_t least = 0;
    if (op->getParentOp()->hasAttr(kRaggedAttr))
      least = kind == ConvolutionKind::Winograd ? std::max<int64_t>(1, low[i])
                                                : op.getPadHigh()[i];
    high.push_back(std::max(least, reach - type.getDimSize(2 + i)));
  }
  bool hasHalo = llvm::any_of(llvm::concat<int64_t>(low, high),
                              [](int64_t halo) { return halo > 0; });
  int64_t channels = type.getDimSize(1);
  bool isNarrow = kind == ConvolutionKind::Contraction && !isBlocked(input) &&
                  channels < kChannelBlock;
  if (isNarrow && op.getWide()) {
    // A pixel's few channels, side by side.
    input = relayout(builder, input,
                     makeLayout(&getContext(), channels, low, high));
  } else if (isNarrow || kind == ConvolutionKind::Direct) {
    if (hasHalo)
      input = relayout(builder, input,
                       makeLayout(&getContext(), /*block=*/1, low, high));
  } else {
    input = relayout(builder, getBlocked(builder, input),
                     makeLayout(&getContext(), kChannelBlock, low, high));
  }
  if (kind == ConvolutionKind::Direct) {
    op.getInputMutable().assign(input);
    return;
  }
  auto conv =
      ConvOp::create(builder, op.getLoc(), input, op.getFilter(), op.getBias(),
                     op.getStrides(), op.getPadLow(), op.getPadHigh(),
                     op.getDilations(), op.getGroups(), op.getWinogradAttr(),
                     op.getWide(), makePlainBlocked(op.getResult()));
  replace(op, conv);
}

void GraphAssignLayouts::assignDeconv(DeconvOp op) {
  OpBuilder builder(op);
  auto conv = DeconvOp::create(
      builder, op.getLoc(), op.getInput(), op.getFilter(), op.getBias(),
      op.getStrides(), op.getPadLow(), op.getPadHigh(), op.getDilations(),
      op.getOutputPadding(), op.getGroups(), makePlainBlocked(op.getResult()));
  replace(op, conv);
}

/// Gives \p op's result and the operands of that number the blocked layout.
void GraphAssignLayouts::assignBlocked(Operation *op,
                                       ArrayRef<unsigned> blockedOperands) {
  OpBuilder builder(op);
  IRMapping mapping;
  for (unsigned i : blockedOperands)
    mapping.map(op->getOperand(i), getBlocked(builder, op->getOperand(i)));
  Operation *clone = builder.clone(*op, mapping);
  Value result = clone->getResult(0);
  result.setType(withLayout(getTensorType(result), makePlainBlocked(result)));
  replace(op, result);
}

/// Whether \p op, one operand of which is blocked, computes in that layout.
bool GraphAssignLayouts::staysBlocked(Operation *op) {
  if (op->getNumResults() != 1)
    return false;
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  if (!canBeBlocked(type))
    return false;
  if (auto concat = dyn_cast<ConcatOp>(op))
    return concat.getAxis() == 1 &&
           llvm::all_of(concat.getInputs().drop_back(), [](Value input) {
             return getTensorType(input).getDimSize(1) % kChannelBlock == 0;
           });
  if (auto slice = dyn_cast<SliceOp>(op)) {
    int64_t start = slice.getStarts()[1], count = type.getDimSize(1);
    bool isWhole =
        count % kChannelBlock == 0 ||
        start + count == getTensorType(slice.getInput()).getDimSize(1);
    return slice.getSteps()[1] == 1 && start % kChannelBlock == 0 && isWhole;
  }
  return isa<ElementwiseOpInterface, PoolOp, ResizeOp, InstanceNormOp>(op);
}

/// Whether \p op, on blocked tensors, can leave its bytes where they are.
static bool isJoinOrPart(Operation *op) {
  if (op->getNumResults() != 1 || !getLayout(op->getResult(0).getType()))
    return false;
  if (auto concat = dyn_cast<ConcatOp>(op))
    return isContiguousJoin(concat);
  auto slice = dyn_cast<SliceOp>(op);
  return slice && getPartOffset(slice);
}

/// Finds which blocked tensors have to have the same halo, and how wide it is.
static HaloClasses findHalos(func::FuncOp function) {
  HaloClasses found;
  auto add = [&](Value value) {
    if (found.classes.findLeader(value) == found.classes.member_end())
      found.members.push_back(value);
    found.classes.insert(value);
  };
  for (Operation &op : function.getBody().front()) {
    if (isHaloChange(&op)) {
      add(op.getOperand(0));
    } else if (isJoinOrPart(&op)) {
      found.links.insert(&op);
      for (Value operand : op.getOperands())
        add(operand);
      add(op.getResult(0));
      for (Value operand : op.getOperands())
        found.classes.unionSets(operand, op.getResult(0));
    }
  }
  function.walk([&](RelayoutOp op) {
    if (!isHaloChange(op))
      return;
    BlockedLayoutAttr layout = getLayout(op.getType());
    Halo &halo = found.halos[found.classes.getLeaderValue(op.getInput())];
    halo.low.resize(layout.getHaloLow().size());
    halo.high.resize(layout.getHaloHigh().size());
    for (size_t i = 0; i < halo.low.size(); ++i) {
      halo.low[i] = std::max(halo.low[i], layout.getHaloLow()[i]);
      halo.high[i] = std::max(halo.high[i], layout.getHaloHigh()[i]);
    }
  });
  return found;
}

/// Stores each blocked tensor once, with the largest halo that a convolution
/// reads: other users, and convolutions with smaller halos, skip it. A
/// concatenation has the halo of its inputs, so that they can be computed
/// right in it; so has a part of a tensor.
void GraphAssignLayouts::shareHalos(func::FuncOp function) {
  HaloClasses found = findHalos(function);
  DenseMap<Value, Value> shared;
  for (Value source : found.members) {
    auto halo = found.halos.find(found.classes.getLeaderValue(source));
    if (halo == found.halos.end())
      continue;
    Type plain = source.getType();
    RankedTensorType type = withLayout(
        getTensorType(source), makeLayout(&getContext(), kChannelBlock,
                                          halo->second.low, halo->second.high));
    Operation *producer = source.getDefiningOp();
    if (found.links.contains(producer)) {
      for (OpOperand &operand : producer->getOpOperands())
        operand.set(shared.lookup(operand.get()));
      source.setType(type);
      shared[source] = source;
    } else {
      OpBuilder builder(&getContext());
      builder.setInsertionPointAfter(producer);
      shared[source] =
          RelayoutOp::create(builder, source.getLoc(), type, source);
    }
    Value stored = shared[source];
    for (OpOperand &use : llvm::make_early_inc_range(source.getUses())) {
      Operation *user = use.getOwner();
      if (user == stored.getDefiningOp() || found.links.contains(user))
        continue;
      if (isHaloChange(user)) {
        user->getResult(0).replaceAllUsesWith(stored);
        user->erase();
        continue;
      }
      // Convolutions step over a halo wider than theirs.
      if (auto conv = dyn_cast<ConvOp>(user);
          conv && conv.getInput() == source) {
        use.set(stored);
        continue;
      }
      // Everybody else reads through the halo, too.
      OpBuilder builder(user);
      use.set(RelayoutOp::create(builder, source.getLoc(), plain, stored));
    }
  }
}

void GraphAssignLayouts::runOnOperation() {
  func::FuncOp function = getOperation();
  // Text of a later point of the pipeline has its layouts already.
  auto isAssigned = [](Operation *op) { return isa<RelayoutOp, GroupOp>(op); };
  if (llvm::any_of(function.getBody().front(),
                   [&](Operation &op) { return isAssigned(&op); }))
    return;
  SmallVector<Operation *> ops;
  function.walk([&](Operation *op) { ops.push_back(op); });
  blocked.clear();
  for (Operation *op : ops) {
    if (auto conv = dyn_cast<ConvOp>(op)) {
      assignConv(conv);
    } else if (auto deconv = dyn_cast<DeconvOp>(op);
               deconv && getTensorType(deconv.getInput()).getRank() == 4) {
      assignDeconv(deconv);
    } else if (auto pool = dyn_cast<PoolOp>(op);
               pool && getTensorType(pool.getInput()).getRank() == 4) {
      assignBlocked(op, 0u);
    } else if (staysBlocked(op) &&
               llvm::any_of(op->getOperands(),
                            [&](Value v) { return isBlocked(v); })) {
      SmallVector<unsigned> operands;
      int64_t rank = getTensorType(op->getResult(0)).getRank();
      for (unsigned i = 0; i < op->getNumOperands(); ++i)
        if (getTensorType(op->getOperand(i)).getRank() == rank)
          operands.push_back(i);
      assignBlocked(op, operands);
    }
  }
  // Plain versions that nobody reads.
  for (Operation &op :
       llvm::make_early_inc_range(llvm::reverse(function.getBody().front())))
    if (isa<RelayoutOp, BroadcastOp>(op) && op.use_empty())
      op.erase();
  shareHalos(function);
}
