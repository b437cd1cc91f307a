// SPDX-License-Identifier: Apache-2.0
// How the sections of a kernel become parts of a grid.
#include "passes/gpu/SectionPlan.h"
#include "passes/gpu/BlockTile.h"
#include "passes/gpu/MemoryUse.h"
#include "passes/gpu/TeamPlan.h"
#include "passes/kernel/TypicalExtents.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace dlc::kernel;

/// Reductions of fewer elements aren't worth more threads than one.
static constexpr int64_t kSharedTrips = 32;
/// Reductions of so many are worth it where each lane has its own.
static constexpr int64_t kGroupTrips = 128;
/// Threads that keep a GPU busy, about.
static constexpr int64_t kBusyThreads = 32 << 10;
/// Threads that keep a multiprocessor busy, about, where each loads 16 bytes.
static constexpr int64_t kEnoughThreads = 256;
static constexpr int64_t kWarp = 32;

int64_t dlc::kernel::getTrips(ReduceOp op) {
  LoopNest nest;
  nest.push(op);
  return nest.getTypicalIterations();
}

SmallVector<ScratchOp> dlc::kernel::getScratch(Operation *op) {
  llvm::SetVector<ScratchOp> scratch;
  op->walk([&](Operation *inner) {
    for (Value operand : inner->getOperands())
      if (auto def = operand.getDefiningOp<ScratchOp>())
        scratch.insert(def);
  });
  return scratch.takeVector();
}

template <typename... Ops>
static bool contains(Operation *op) {
  return op
      ->walk([&](Operation *inner) {
        return inner != op && isa<Ops...>(inner) ? WalkResult::interrupt()
                                                 : WalkResult::advance();
      })
      .wasInterrupted();
}

/// Whether \p task writes memory in the middle of serial code: such a task is
/// the work of one thread.
static bool isSerial(ParallelOp task) {
  return task
      .walk([&](Operation *inner) {
        bool isSerial = isa<scf::ForOp, scf::IfOp>(inner) &&
                        !inner->getParentOfType<VectorLoopOp>() &&
                        contains<StoreOp>(inner) &&
                        !contains<VectorLoopOp, ContractOp>(inner);
        return isSerial ? WalkResult::interrupt() : WalkResult::advance();
      })
      .wasInterrupted();
}

/// Whether a task has nothing that several threads would share.
static bool isSmall(ParallelOp task) {
  return !task.walk([&](Operation *inner) {
                auto reduce = dyn_cast<ReduceOp>(inner);
                bool isShared = isa<VectorLoopOp, ContractOp>(inner) ||
                                (reduce && getTrips(reduce) >= kSharedTrips);
                return isShared ? WalkResult::interrupt()
                                : WalkResult::advance();
              })
              .wasInterrupted();
}

/// The constant that \p loop stores, wherever it stores; null where it stores
/// something else.
static Attribute getStoredConstant(Operation *loop) {
  Attribute constant;
  auto result = loop->walk([&](StoreOp store) {
    Attribute stored;
    if (!matchPattern(store.getValue(), m_Constant(&stored)) ||
        (constant && constant != stored))
      return WalkResult::interrupt();
    constant = stored;
    return WalkResult::advance();
  });
  return result.wasInterrupted() ? Attribute() : constant;
}

/// Whether the order of two loops doesn't matter: neither writes what the other
/// uses, or both fill places of one buffer with the same value.
static bool areUnordered(Operation *a, Operation *b) {
  MemoryUse first = getMemoryUse(a), second = getMemoryUse(b);
  if (!first.conflictsWith(second))
    return true;
  Attribute constant = getStoredConstant(a);
  return constant && constant == getStoredConstant(b) && first.reads.empty() &&
         second.reads.empty();
}

/// The loops that the body of \p task consists of, where they need nothing of
/// each other and all have lanes; else nothing.
static SmallVector<Operation *> getSiblings(ParallelOp task) {
  SmallVector<Operation *> siblings;
  for (Operation &op : task.getBody().front()) {
    if (isPureOperation(op))
      continue;
    bool isLoop = isa<VectorLoopOp>(op) ||
                  (isa<LoopOp>(op) && isIndependent(cast<LoopOp>(op)));
    if (!isLoop || !getLoopNest(&op).hasLanes() ||
        !llvm::all_of(siblings, [&](Operation *sibling) {
          return areUnordered(sibling, &op);
        }))
      return {};
    siblings.push_back(&op);
  }
  return siblings;
}

bool dlc::kernel::lanesHaveGroups(Operation *loop) {
  auto lanes = dyn_cast<VectorLoopOp>(loop);
  // The lanes of a warp have to be whole groups.
  if (!lanes || TypicalExtents(loop).isAnyDynamic() ||
      lanes.getExtent() > kWarp || !llvm::isPowerOf2_64(lanes.getExtent()))
    return false;
  return llvm::any_of(
      lanes.getBody().front().getOps<ReduceOp>(),
      [](ReduceOp reduce) { return getTrips(reduce) >= kGroupTrips; });
}

/// How many neighbouring iterations of \p nest, which have long reductions and
/// are too few for a thread each to keep a GPU busy, share the threads of a
/// block; 0: that isn't so.
static int64_t getGroupLanes(const LoopNest &nest) {
  int64_t iterations = nest.getTypicalIterations();
  if (!nest.hasLanes() || iterations >= kBusyThreads ||
      !isShareable(nest.getBody()) ||
      llvm::none_of(nest.getBody().getOps<ReduceOp>(), [](ReduceOp reduce) {
        return getTrips(reduce) >= kGroupTrips;
      }))
    return 0;
  // Those that are neighbours in memory, if a warp has room for them.
  auto inner = cast<VectorLoopOp>(*llvm::find_if(
      nest.loops, [](Operation *loop) { return isa<VectorLoopOp>(loop); }));
  int64_t lanes = TypicalExtents(inner).get(0, inner.getExtent());
  lanes = lanes < kWarp && llvm::isPowerOf2_64(lanes) ? lanes : iterations;
  return std::min<int64_t>(llvm::PowerOf2Ceil(lanes), kWarp);
}

static void planParallel(ParallelOp op, std::vector<GridPart> &parts) {
  bool usesScratch = !getScratch(op).empty();
  LoopNest nest = getLoopNest(op);
  if (int64_t lanes = usesScratch ? 0 : getGroupLanes(nest)) {
    GridPart part{GridPart::Groups, op, std::move(nest)};
    part.lanes = lanes;
    parts.push_back(std::move(part));
    return;
  }
  if (nest.hasLanes() && !usesScratch && !contains<ContractOp>(op)) {
    parts.push_back({GridPart::Threads, op, std::move(nest)});
    return;
  }
  if (isSmall(op) || isSerial(op)) {
    LoopNest tasks;
    tasks.push(op);
    parts.push_back({GridPart::Threads, op, std::move(tasks)});
    return;
  }
  SmallVector<Operation *> siblings;
  if (!usesScratch)
    siblings = getSiblings(op);
  for (Operation *sibling : siblings) {
    LoopNest part;
    part.push(op);
    for (Operation *loop : getLoopNest(sibling).loops)
      part.push(loop);
    parts.push_back({GridPart::Threads, op, std::move(part)});
  }
  if (siblings.empty())
    parts.push_back({GridPart::Blocks, op});
}

/// Lets the threads of \p part access memory in larger pieces, where as many of
/// them remain as keep a chip with so many \p multiprocessors busy.
static void planAccess(GridPart &part, int64_t multiprocessors) {
  if (part.kind != GridPart::Threads || !part.nest.hasLanes())
    return;
  if (auto transposition = getTransposition(part.nest)) {
    part.kind = GridPart::Transposed;
    part.transposition = std::move(*transposition);
    return;
  }
  WideAccess wide = getWideAccess(part.nest);
  if (part.nest.getNumIterations() / wide.width >=
      multiprocessors * kEnoughThreads)
    part.wide = std::move(wide);
}

void dlc::kernel::planAccesses(MutableArrayRef<GridPart> parts,
                               int64_t multiprocessors) {
  for (GridPart &part : parts)
    planAccess(part, multiprocessors);
}

std::vector<GridPart> dlc::kernel::planSections(Block &block) {
  std::vector<GridPart> parts;
  for (Operation &op : block) {
    if (auto parallel = dyn_cast<ParallelOp>(op))
      planParallel(parallel, parts);
    else if (isa<ContractOp>(op))
      parts.push_back({GridPart::Tiles, &op});
    else if (isa<AttendOp>(op))
      parts.push_back({GridPart::Attention, &op});
  }
  return parts;
}

std::optional<LoopNest> dlc::kernel::getSharedNest(Operation *loop) {
  auto ordered = dyn_cast<LoopOp>(loop);
  if (ordered && !isIndependent(ordered))
    return std::nullopt;
  LoopNest nest = getLoopNest(loop);
  if (nest.hasLanes())
    return nest;
  // Rows that are reduced: their elements are worth more threads than they.
  bool hasInside = contains<VectorLoopOp, ContractOp>(loop) ||
                   loop->walk([](ReduceOp reduce) {
                         return getTrips(reduce) >= kSharedTrips
                                    ? WalkResult::interrupt()
                                    : WalkResult::advance();
                       })
                       .wasInterrupted();
  if (hasInside)
    return std::nullopt;
  return nest;
}

/// As many as \p op has results, or, with few rows, parts of their sums.
static int64_t getUsefulThreads(ContractOp op) {
  ContractExtents typical(op);
  int64_t results =
      typical.rows * llvm::alignTo(typical.columns, ContractOp::kPanel);
  int64_t parts = std::clamp<int64_t>(typical.depth / kSharedTrips, 1, 8);
  return typical.rows < kMinTensorRows ? results * parts : results;
}

int64_t GridPart::getTypicalTasks() const {
  LoopNest tasks = nest;
  if (kind == Blocks)
    tasks.push(section);
  return llvm::divideCeil(tasks.getTypicalIterations(), lanes);
}

int64_t GridPart::getUsefulThreads() const {
  if (kind == Threads)
    return nest.isDynamic ? kBusyThreads : getNumThreads();
  if (kind == Transposed)
    return transposition.readTile * transposition.writeTile;
  if (kind == Groups)
    return lanes * kGroupTrips;
  int64_t threads = 1;
  section->walk([&](Operation *inner) {
    if (lanesHaveGroups(inner))
      threads = kGroupTrips * cast<VectorLoopOp>(inner).getExtent();
    else if (auto reduce = dyn_cast<ReduceOp>(inner))
      threads = std::max(threads, getTrips(reduce));
    else if (isa<LoopOp, VectorLoopOp>(inner))
      threads = std::max(threads, getLoopNest(inner).getTypicalIterations());
    else if (auto contract = dyn_cast<ContractOp>(inner))
      threads = std::max(threads, ::getUsefulThreads(contract));
  });
  return threads;
}
