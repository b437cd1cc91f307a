// SPDX-License-Identifier: Apache-2.0
// How many blocks share a task: what their launches take is weighed against
// what one block takes.
#include "passes/gpu/TeamPlan.h"
#include "passes/gpu/MemoryUse.h"
#include "passes/kernel/TypicalExtents.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace dlc::kernel;

/// Reductions of fewer elements aren't worth a launch.
static constexpr int64_t kLongTrips = 256;
/// Blocks of a team that a multiprocessor has at once, and operations of the
/// longest loop that a thread has at least.
static constexpr int64_t kResidentBlocks = 4, kLeastOperations = 12;
/// Operations of a thread that a multiprocessor executes in a cycle, with as
/// many threads as those blocks have; a launch, in cycles.
static constexpr double kOperationsPerCycle = 40, kLaunchCycles = 1600;
/// Of one block what a team should take at most.
static constexpr double kWorthIt = 0.75;
/// Iterations of a loop whose bounds aren't constants, about.
static constexpr double kUnknownTrips = 16;

bool dlc::kernel::isLong(ReduceOp op) { return getTrips(op) >= kLongTrips; }

//===----------------------------------------------------------------------===//
// What can be shared
//===----------------------------------------------------------------------===//

/// Whether \p op is done again in each launch of a team.
static bool isRepeated(Operation &op) {
  auto reduce = dyn_cast<ReduceOp>(op);
  return isa<LoadOp>(op) || (reduce && !isLong(reduce));
}

bool dlc::kernel::isForOneBlock(Operation &op) {
  if (!isa<LoopOp, scf::ForOp, scf::IfOp>(op) || op.getNumResults() > 0 ||
      (isa<LoopOp>(op) && getSharedNest(&op)))
    return false;
  // Their tiles are for blocks of another size.
  return !op.walk([](ContractOp) {
              return WalkResult::interrupt();
            }).wasInterrupted();
}

/// Whether \p op can be in a shareable block, whose operations use \p whole.
static bool isShareable(Operation &op, const MemoryUse &whole) {
  if (isRepeated(op)) {
    MemoryUse repeated = getMemoryUse(&op), others;
    others.writes = whole.writes;
    return !repeated.conflictsWith(others);
  }
  if (isPureOperation(op) || isa<ReduceOp, StoreOp, ScratchOp>(op))
    return true;
  if (!isa<LoopOp, VectorLoopOp>(op))
    return false;
  if (!lanesHaveGroups(&op))
    return getSharedNest(&op).has_value();
  return llvm::all_of(op.getRegion(0).front(), [&](Operation &inner) {
    return isShareable(inner, whole);
  });
}

bool dlc::kernel::isShareable(Block &block) {
  MemoryUse whole = getMemoryUse(block.getParentOp());
  return llvm::all_of(block,
                      [&](Operation &op) { return ::isShareable(op, whole); });
}

//===----------------------------------------------------------------------===//
// What it takes
//===----------------------------------------------------------------------===//

/// How often the region of \p op is run, typically.
static double getIterations(Operation *op) {
  return TypeSwitch<Operation *, double>(op)
      .Case<LoopOp, VectorLoopOp, ReduceOp>([](auto loop) {
        LoopNest nest;
        nest.push(loop);
        return double(nest.getTypicalIterations());
      })
      .Case([](scf::ForOp loop) {
        llvm::APInt first, end;
        bool isKnown =
            matchPattern(loop.getLowerBound(), m_ConstantInt(&first)) &&
            matchPattern(loop.getUpperBound(), m_ConstantInt(&end));
        return isKnown ? double((end - first).getSExtValue()) : kUnknownTrips;
      })
      .Default([](Operation *) { return 1.0; });
}

namespace {
/// The work of a task.
struct Work {
  double operations = 0; ///< of all iterations that blocks share
  double repeated = 0;   ///< what each block does
  double single = 0;     ///< what one block does
  double widest = 0;     ///< iterations that a loop has at most
  double longest = 0;    ///< operations that a loop has at most
  int64_t stages = 1;
};
} // namespace

/// Operations in \p block, with those of all iterations of inner loops.
static double countOperations(Block &block) {
  double count = 0;
  for (Operation &op : block) {
    double inside = 0;
    for (Region &region : op.getRegions())
      for (Block &inner : region)
        inside += countOperations(inner);
    count += 1 + inside * getIterations(&op);
  }
  return count;
}

/// Adds what is in \p block, whose operations all \p lanes run.
static void addWork(Block &block, double lanes, MemoryUse &pending,
                    Work &work) {
  for (Operation &op : block) {
    if (lanesHaveGroups(&op)) {
      double inner = double(cast<VectorLoopOp>(op).getExtent());
      addWork(op.getRegion(0).front(), inner, pending, work);
      continue;
    }
    MemoryUse use = getMemoryUse(&op);
    if (pending.conflictsWith(use)) {
      ++work.stages;
      pending.clear();
    }
    pending.reads.insert(use.reads.begin(), use.reads.end());
    pending.writes.insert(use.writes.begin(), use.writes.end());
    if (op.getNumRegions() == 0)
      continue;
    double operations =
        lanes * getIterations(&op) * countOperations(op.getRegion(0).front());
    if (isRepeated(op) || isForOneBlock(op)) {
      (isRepeated(op) ? work.repeated : work.single) += operations;
      continue;
    }
    work.operations += operations;
    auto nest = isa<ReduceOp>(op) ? std::nullopt : getSharedNest(&op);
    double iterations =
        nest ? double(nest->getTypicalIterations()) : getIterations(&op);
    work.widest = std::max(work.widest, lanes * iterations);
    work.longest = std::max(work.longest, operations);
    auto reduce = dyn_cast<ReduceOp>(op);
    if (reduce && isLong(reduce)) {
      ++work.stages;
      pending.clear();
    }
  }
}

/// Whether blocks can share \p task, as a whole or with statements that one of
/// them does.
static bool canHaveTeam(Block &task) {
  MemoryUse whole = getMemoryUse(task.getParentOp());
  return llvm::all_of(task, [&](Operation &op) {
    return isForOneBlock(op) || ::isShareable(op, whole);
  });
}

int64_t dlc::kernel::chooseTeam(const GridPart &part, int64_t multiprocessors) {
  // Groups are there for shareable bodies only.
  bool isGroup = part.kind == GridPart::Groups;
  if (!isGroup && part.kind != GridPart::Blocks)
    return 1;
  Block *task =
      isGroup ? &part.nest.getBody() : &part.section->getRegion(0).front();
  if (!isGroup && !canHaveTeam(*task))
    return 1;
  Work work;
  MemoryUse pending;
  addWork(*task, double(part.lanes), pending, work);
  auto tasks = double(part.getTypicalTasks());
  double threads =
      std::min(work.widest, work.longest / double(kLeastOperations));
  auto team =
      int64_t(std::min(double(kResidentBlocks * multiprocessors) / tasks,
                       threads / double(kTeamThreads)));
  if (team < 2)
    return 1;
  double rounds = std::ceil(tasks / double(multiprocessors));
  double alone = (work.operations + work.repeated + work.single) /
                 kOperationsPerCycle * rounds;
  double shared = work.operations / double(team) + work.repeated;
  double together = (shared * double(kResidentBlocks) + work.single * rounds) /
                        kOperationsPerCycle +
                    double(work.stages - 1) * kLaunchCycles;
  return together < kWorthIt * alone ? team : 1;
}
