// SPDX-License-Identifier: Apache-2.0
// Conflicts of launches, from what was touched before.
#include "passes/plan/Conflicts.h"

#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace dlc::device;
using namespace dlc::plan;

namespace {
struct Access {
  unsigned step;
  bool isWrite;
  BufferRange range;
};

/// The accesses of a buffer so far.
using Accesses = SmallVector<Access>;
} // namespace

/// Whether nothing ever writes \p root.
static bool isReadOnly(Value root, ProgramOp program) {
  auto argument = dyn_cast<BlockArgument>(root);
  return argument ? argument.getArgNumber() < program.getNumInputs()
                  : bool(root.getDefiningOp<WeightsOp>());
}

/// What comes after the write \p last of the same bytes comes after all of
/// \p accesses that are part of them, too: those go.
static void forget(Accesses &accesses, const Access &last) {
  llvm::erase_if(accesses, [&](const Access &access) {
    return access.step < last.step && last.range.begin <= access.range.begin &&
           access.range.end <= last.range.end;
  });
}

SmallVector<Conflict> dlc::plan::findConflicts(ProgramOp program) {
  SmallVector<Conflict> conflicts;
  llvm::DenseMap<Value, Accesses> known;
  unsigned step = 0;
  for (auto launch : program.getBody().getOps<LaunchOp>()) {
    SmallVector<Access> made;
    auto add = [&](Value buffer, bool isWrite) {
      Access access{step, isWrite, getRange(buffer)};
      if (program.isDynamic())
        access.range = getRange(access.range.root);
      if (access.range.getSize() > 0 && !isReadOnly(access.range.root, program))
        made.push_back(access);
    };
    for (Value input : launch.getInputs())
      add(input, /*isWrite=*/false);
    for (Value output : launch.getOutputs())
      add(output, /*isWrite=*/true);
    llvm::SmallSetVector<unsigned, 8> seen;
    for (const Access &access : made)
      for (const Access &before : known[access.range.root])
        if ((access.isWrite || before.isWrite) &&
            access.range.overlaps(before.range) && seen.insert(before.step))
          conflicts.push_back({before.step, step, access.range.root});
    for (const Access &access : made) {
      Accesses &accesses = known[access.range.root];
      if (access.isWrite)
        forget(accesses, access);
      accesses.push_back(access);
    }
    ++step;
  }
  return conflicts;
}
