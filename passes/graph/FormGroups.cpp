// SPDX-License-Identifier: Apache-2.0
// Decides which operators become one kernel. Operators are visited from the
// results backwards: each joins the group of its users where all of them are
// in one and nothing would be computed more often than before, else it roots a
// group of its own.
#include "passes/graph/Passes.h"

#include "dialects/graph/ConvolutionKind.h"
#include "dialects/graph/Decisions.h"
#include "dialects/graph/GraphOps.h"
#include "dialects/graph/Inference.h"
#include "dialects/graph/Layout.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Remarks.h"
#include <deque>

namespace dlc::graph {
#define GEN_PASS_DEF_GRAPHFORMGROUPS
#include "passes/graph/Passes.h.inc"
} // namespace dlc::graph

using namespace mlir;
using namespace dlc::graph;

/// Larger groups don't get faster, but their kernels slower to compile.
static constexpr size_t kMaxOps = 48;

/// The most tensors that one kernel joins: a GPU's takes 4096 bytes of
/// arguments, 512 addresses, of which others than these are some.
static constexpr size_t kMaxJoined = 256;

static bool isSplat(Operation *op) {
  auto constant = dyn_cast<ConstantOp>(op);
  return constant && isa<SplatElementsAttr>(constant.getValue());
}

/// Whether elements of \p op's result can be computed one by one where they
/// are needed.
static bool isPullable(Operation *op) {
  return isa<ElementwiseOpInterface, MovementOpInterface, RelayoutOp, IotaOp,
             GatherOp, GatherNdOp, TakeAlongOp, PadOp, ResizeOp, SampleOp>(
             op) ||
         isSplat(op);
}

/// Whether computing an element of \p op again costs no more than loading it.
static bool isCheap(Operation *op) {
  return isa<AddOp, SubOp, MulOp, MaximumOp, MinimumOp, ReluOp, ClipOp, NegOp,
             AbsOp, CastOp, SelectOp, EqualOp, NotEqualOp, GreaterOp,
             GreaterEqualOp, LessOp, LessEqualOp, LogicalAndOp, LogicalOrOp,
             LogicalNotOp, LeakyReluOp, SquareOp, MovementOpInterface,
             RelayoutOp, IotaOp>(op) ||
         isSplat(op);
}

/// Whether \p op leaves out halo of its operand: that costs nothing.
static bool dropsHalo(Operation *op) {
  if (!isHaloChange(op))
    return false;
  auto from = getLayout(op->getOperand(0).getType());
  auto to = getLayout(op->getResult(0).getType());
  auto fits = [](ArrayRef<int64_t> smaller, ArrayRef<int64_t> larger) {
    return llvm::all_of(llvm::zip(smaller, larger), [](auto pair) {
      return std::get<0>(pair) <= std::get<1>(pair);
    });
  };
  return fits(to.getHaloLow(), from.getHaloLow()) &&
         fits(to.getHaloHigh(), from.getHaloHigh());
}

/// Whether \p op reshapes by adding or dropping extents of one.
static bool isUnitReshape(ReshapeOp op) {
  auto dropUnits = [](RankedTensorType type) {
    SmallVector<int64_t> shape;
    for (int64_t extent : type.getShape())
      if (extent != 1)
        shape.push_back(extent);
    return shape;
  };
  return dropUnits(getTensorType(op.getInput())) ==
         dropUnits(getTensorType(op));
}

/// Whether a reshape is a view of a stored tensor and needs no kernel.
static bool isView(Operation *op) {
  auto reshape = dyn_cast<ReshapeOp>(op);
  if (!reshape)
    return false;
  Operation *source = reshape.getInput().getDefiningOp();
  bool isMoved = source && isa<MovementOpInterface>(source) &&
                 !isa<ReshapeOp>(source) && source->hasOneUse();
  return !isMoved || !isUnitReshape(reshape);
}

/// Whether the elementwise operators after \p op can be applied to its
/// elements as they are computed.
static bool takesEpilogue(Operation *op) {
  return isa<ConvOp, DeconvOp, DenseOp, DotOp, PoolOp, ReductionOpInterface,
             ArgmaxOp, ArgminOp, CumsumOp, SoftmaxOp, LogSoftmaxOp, LayerNormOp,
             InstanceNormOp, GroupNormOp, LrnOp, ConcatOp, AttentionOp,
             RoiAlignOp, RoiPoolOp, ArgsortOp, SuppressOp, MatchOp>(op);
}

/// Whether \p transpose, right behind the structured \p op, is only another
/// place to store its elements: those next to each other stay so.
static bool isStoredTransposed(Operation *op, TransposeOp transpose) {
  return isa<DenseOp, DotOp, AttentionOp, LayerNormOp>(op) &&
         transpose.getInput() == op->getResult(0) && op->hasOneUse() &&
         transpose.getPermutation().back() ==
             getTensorType(transpose).getRank() - 1;
}

/// Whether elements of \p value are computed by a kernel of their own whoever
/// uses them: one that stores them may store them in a part of a buffer.
static bool isStoredAnyway(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op || isa<ConstantOp>(op))
    return false;
  if (!isPullable(op) || !op->hasOneUse())
    return true;
  // The epilogue of what computes one of its operands.
  return (isa<ElementwiseOpInterface>(op) || isHaloChange(op)) &&
         llvm::any_of(op->getOperands(), [](Value operand) {
           return operand.hasOneUse() && isStoredAnyway(operand);
         });
}

/// Whether \p concat is left to the planner, which lets its inputs be computed
/// in their parts of the result. One input may have to be copied: that is no
/// more kernels than there would be.
static bool isJoin(ConcatOp concat) {
  if (!isContiguousJoin(concat))
    return false;
  size_t stored = llvm::count_if(concat.getInputs(), isStoredAnyway);
  return stored > 0 && stored + 1 >= concat.getInputs().size();
}

/// Whether \p slice, which its users can't read through, is a part of a tensor
/// that is stored: no kernel has to copy it.
static bool isPart(SliceOp slice) {
  Value input = slice.getInput();
  Operation *source = input.getDefiningOp();
  bool isStored = !source || isa<ConstantOp>(source) || !isPullable(source) ||
                  !source->hasOneUse() || isView(source);
  return isStored && getPartOffset(slice) &&
         llvm::none_of(slice->getUsers(), [](Operation *user) {
           return isa<func::ReturnOp>(user);
         });
}

/// Whether a contraction reads through \p op in place.
static bool isReadInPlace(Operation *op) {
  return isa<SliceOp, TransposeOp>(op) ||
         (isa<ReshapeOp>(op) && isUnitReshape(cast<ReshapeOp>(op)));
}

namespace {
/// A group while it is formed.
struct Group {
  Operation *root;
  Operation *structured = nullptr;
  SmallVector<Operation *> ops; ///< from the root backwards
  /// Operators whose elements the structured one reads.
  llvm::SmallDenseSet<Operation *> prologue;
  /// The convolution whose tiles the structured one pools, and what is between.
  llvm::SmallDenseSet<Operation *> pooled;
  /// Operators whose elements overlapping windows read again and again.
  llvm::SmallDenseSet<Operation *> windowed;
};

struct GraphFormGroups
    : dlc::graph::impl::GraphFormGroupsBase<GraphFormGroups> {
  using GraphFormGroupsBase::GraphFormGroupsBase;

  void runOnOperation() override;

private:
  Group *findGroup(Operation *op);
  bool joins(Operation *op, Group &group);
  std::string explainBoundary(Operation *op, Group *users);
  bool mayFeed(Operation *op, Operation *user, Group &group);
  bool structuredJoins(Operation *op, Group &group);
  void materialize(Group &group);

  std::deque<Group> groups;
  DenseMap<Operation *, Group *> groupOf;
};
} // namespace

/// Whether the structured operator \p op can pull \p producer's elements
/// instead of loading them.
static bool acceptsProducer(Operation *op, Operation *producer) {
  if (isa<ReductionOpInterface, ArgmaxOp, ArgminOp, CumsumOp, ConcatOp,
          ArgsortOp, SuppressOp, MatchOp, CompactOp>(op))
    return true;
  // Read several times.
  if (isa<SoftmaxOp, LogSoftmaxOp, LayerNormOp, InstanceNormOp, GroupNormOp,
          LrnOp>(op))
    return isCheap(producer);
  if (isa<PoolOp>(op))
    return isHaloChange(producer);
  // Pixels are read several times, what says where they are, by each row.
  if (isa<RoiAlignOp, RoiPoolOp>(op))
    return isCheap(producer) && op->getOperand(0).getDefiningOp() != producer;
  // Becomes part of the contraction's index maps.
  if (isa<DotOp>(op))
    return isReadInPlace(producer);
  if (auto attention = dyn_cast<AttentionOp>(op)) {
    // The body's tensors are read once; the others by its contractions.
    bool isInput = llvm::any_of(attention.getInputs(), [&](Value input) {
      return input.getDefiningOp() == producer;
    });
    return isReadInPlace(producer) ||
           (isInput && isCheap(producer) && producer->hasOneUse());
  }
  return false;
}

/// Whether \p op may be computed where \p user, of \p group, needs it.
bool GraphFormGroups::mayFeed(Operation *op, Operation *user, Group &group) {
  if (group.pooled.contains(user))
    return false;
  if (user == group.structured)
    return acceptsProducer(user, op);
  if (group.prologue.contains(user) && !acceptsProducer(group.structured, op))
    return false;
  // These read an element more than once.
  if (isa<BroadcastOp, GatherOp, GatherNdOp, TakeAlongOp, WindowsOp>(user) ||
      group.windowed.contains(user))
    return isCheap(op);
  if (auto sample = dyn_cast<SampleOp>(user))
    return sample.getData().getDefiningOp() != op && isCheap(op);
  if (isa<ResizeOp>(user))
    return isHaloChange(op);
  return true;
}

/// Lets the convolution that can pool its own tiles join \p pool, of \p group.
static void collectPooled(PoolOp pool, Group &group) {
  ConvOp conv = getPooledConv(pool);
  if (!conv)
    return;
  for (Operation *op = pool; op != conv;) {
    op = op->getOperand(0).getDefiningOp();
    group.pooled.insert(op);
  }
}

/// Whether the structured \p op can compute \p group as its epilogue: its
/// elements are used where they are.
bool GraphFormGroups::structuredJoins(Operation *op, Group &group) {
  if (group.structured || !takesEpilogue(op) || op->getNumResults() != 1)
    return false;
  // From the result of `op` to the root only elementwise operators.
  llvm::SmallDenseSet<Value> values{op->getResult(0)};
  for (Operation *later : llvm::reverse(group.ops)) {
    bool uses = llvm::any_of(later->getOperands(), [&](Value operand) {
      return values.contains(operand);
    });
    if (!uses)
      continue;
    auto transpose = dyn_cast<TransposeOp>(later);
    if (!isa<ElementwiseOpInterface>(later) && !isHaloChange(later) &&
        !(transpose && isStoredTransposed(op, transpose)))
      return false;
    values.insert(later->getResult(0));
  }
  // A maximum over its own window is read again while it is computed.
  return true;
}

bool GraphFormGroups::joins(Operation *op, Group &group) {
  if (group.ops.size() >= kMaxOps)
    return false;
  if (group.pooled.contains(op))
    return true;
  if (!isPullable(op))
    return structuredJoins(op, group);
  return llvm::all_of(op->getUsers(), [&](Operation *user) {
    return mayFeed(op, user, group);
  });
}

/// Why the result of \p op is stored instead of becoming part of the kernel
/// that uses it. \p users: the group of all users; null where there are several
/// or none.
std::string GraphFormGroups::explainBoundary(Operation *op, Group *users) {
  if (llvm::any_of(op->getUsers(),
                   [](Operation *user) { return isa<func::ReturnOp>(user); }))
    return "is a result of the model";
  if (!fuse)
    return "is a kernel of its own: fusion is off";
  if (!users)
    return "is read by several kernels or through a view";
  if (users->ops.size() >= kMaxOps)
    return "would make the kernel of its user too large";
  if (isPullable(op))
    return "would be computed several times by its user";
  if (users->structured)
    return "and its user " + users->structured->getName().getStringRef().str() +
           " both need loops of their own";
  return "is moved or combined by its users, not used element by element";
}

/// The group of all users of \p op; null where there are several or none.
Group *GraphFormGroups::findGroup(Operation *op) {
  Group *found = nullptr;
  for (Operation *user : op->getUsers()) {
    Group *group = groupOf.lookup(user);
    if (!group || (found && found != group))
      return nullptr;
    found = group;
  }
  return found;
}

void GraphFormGroups::materialize(Group &group) {
  ++numGroups;
  Operation *root = group.root;
  OpBuilder builder(root);
  SmallVector<Value> inputs;
  llvm::SmallDenseSet<Operation *> members(group.ops.begin(), group.ops.end());
  for (Operation *op : llvm::reverse(group.ops))
    for (Value operand : op->getOperands())
      if (!members.contains(operand.getDefiningOp()) &&
          !llvm::is_contained(inputs, operand))
        inputs.push_back(operand);
  OperationState state(root->getLoc(), GroupOp::getOperationName());
  state.addOperands(inputs);
  state.addTypes(root->getResultTypes());
  Block &body = state.addRegion()->emplaceBlock();
  auto groupOp = cast<GroupOp>(builder.create(state));
  IRMapping mapping;
  for (Value input : inputs)
    mapping.map(input, body.addArgument(input.getType(), input.getLoc()));
  builder.setInsertionPointToStart(&groupOp.getBody().front());
  for (Operation *op : llvm::reverse(group.ops))
    builder.clone(*op, mapping);
  SmallVector<Value> results;
  for (Value result : root->getResults())
    results.push_back(mapping.lookup(result));
  YieldOp::create(builder, root->getLoc(), results);
  root->replaceAllUsesWith(groupOp.getResults());
  for (Operation *op : group.ops)
    op->erase();
}

/// Whether \p use of a constant is no weight, which has one size: a result, or
/// the first state of a recurrent layer.
static bool hasAnySize(OpOperand &use) {
  if (auto recurrence = dyn_cast<RecurrenceOp>(use.getOwner()))
    return use.get() != recurrence.getWHidden() &&
           use.get() != recurrence.getBCandidate();
  return isa<func::ReturnOp>(use.getOwner());
}

/// Gives each user of \p op a copy of its own.
static void duplicate(Operation *op) {
  for (OpOperand &use : llvm::make_early_inc_range(op->getUses())) {
    OpBuilder builder(use.getOwner());
    use.set(builder.clone(*op)->getResult(0));
  }
  op->erase();
}

/// Joins parts of the inputs of \p concat first, so that no concatenation has
/// too many for a kernel.
static void splitConcat(ConcatOp concat) {
  OpBuilder builder(concat);
  while (concat.getInputs().size() > kMaxJoined) {
    SmallVector<Value> joined, rest(concat.getInputs());
    for (ArrayRef<Value> left = rest; !left.empty();) {
      ArrayRef<Value> part = left.take_front(kMaxJoined);
      left = left.drop_front(part.size());
      joined.push_back(part.size() == 1
                           ? part.front()
                           : ConcatOp::create(builder, concat.getLoc(), part,
                                              concat.getAxis()));
    }
    concat.getInputsMutable().assign(joined);
  }
}

void GraphFormGroups::runOnOperation() {
  func::FuncOp function = getOperation();
  Block &block = function.getBody().front();
  groups.clear();
  groupOf.clear();
  // Text of a later point of the pipeline has its groups already.
  if (!block.getOps<GroupOp>().empty())
    return;
  // Constants have one size, what is computed has any.
  bool isForManySizes = function->hasAttr(kDecisionsAttr);
  for (auto concat : llvm::make_early_inc_range(block.getOps<ConcatOp>()))
    if (!fuse || !isJoin(concat))
      splitConcat(concat);
  // What is free to compute is computed in every group that needs it.
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if ((isSplat(&op) || isa<BroadcastOp, IotaOp>(op) || dropsHalo(&op)) &&
        !op.use_empty())
      duplicate(&op);
  for (Operation &op : llvm::reverse(block)) {
    auto concat = dyn_cast<ConcatOp>(op);
    if (isa<func::ReturnOp, CountedOp>(op) || isView(&op) ||
        (fuse && concat && isJoin(concat)) ||
        (isa<ConstantOp>(op) && !isSplat(&op)))
      continue;
    bool mayJoin = fuse || (isForManySizes && isSplat(&op));
    Group *group = mayJoin ? findGroup(&op) : nullptr;
    bool isMember = group && joins(&op, *group);
    if (auto slice = dyn_cast<SliceOp>(op);
        fuse && slice && !isMember && isPart(slice))
      continue;
    if (isMember) {
      group->ops.push_back(&op);
      bool isPooled = group->pooled.contains(&op);
      bool feeds =
          !isPooled && llvm::any_of(op.getUsers(), [&](Operation *user) {
            return user == group->structured || group->prologue.contains(user);
          });
      if (feeds)
        group->prologue.insert(&op);
      bool isWindowed = llvm::any_of(op.getUsers(), [&](Operation *user) {
        return isa<WindowsOp>(user) || group->windowed.contains(user);
      });
      if (isWindowed)
        group->windowed.insert(&op);
    } else {
      auto remark = remark::missed(
          op.getLoc(), remark::RemarkOpts::name("stored").category("fusion"));
      if (remark) // The reason is built for listeners only.
        remark << remark::add("{0} {1}", op.getName().getStringRef(),
                              explainBoundary(&op, group));
      group = &groups.emplace_back();
      group->root = &op;
      group->ops.push_back(&op);
    }
    if (!isPullable(&op) && !group->structured) {
      group->structured = &op;
      if (auto pool = dyn_cast<PoolOp>(op); fuse && pool)
        collectPooled(pool, *group);
    }
    groupOf[&op] = group;
  }
  // Splat constants that are a result or a structured operator's operand stay
  // what they are; but not those that may have another size.
  for (Group &group : llvm::reverse(groups)) {
    bool isFilled = isForManySizes && isSplat(group.root) &&
                    llvm::all_of(group.root->getUses(), hasAnySize);
    if (group.ops.size() == 1 && isSplat(group.root) && !isFilled)
      continue;
    materialize(group);
  }
}
