// SPDX-License-Identifier: Apache-2.0
// Orders the launches of a model that counts: what depends on a count comes
// after it.
#include "compiler/dynamic/DynamicModel.h"

#include "llvm/ADT/SmallBitVector.h"

using namespace mlir;

namespace dlc::dynamic {

/// Adds the counted dims that \p expr depends on to \p counts; \p first is the
/// symbol of the first one.
static void addCounts(AffineExpr expr, size_t first,
                      llvm::SmallBitVector &counts) {
  for (size_t i = 0; i < counts.size(); ++i)
    if (expr.isFunctionOfSymbol(first + i))
      counts.set(i);
}

namespace {
/// What the launches of a program depend on.
class CountUsers {
public:
  CountUsers(device::ProgramOp program, size_t first, size_t count)
      : program(program), first(first), count(count) {}

  /// Notes that the kernel \p name depends on \p size.
  void add(StringRef name, AffineExpr size) {
    addCounts(size, first, kernels.try_emplace(name, count).first->second);
  }
  /// The counts that \p launch depends on.
  llvm::SmallBitVector get(device::LaunchOp launch);
  /// Moves what depends on \p counted behind it.
  LogicalResult delay(device::CountOp counted);

private:
  device::ProgramOp program;
  size_t first, count;
  llvm::StringMap<llvm::SmallBitVector> kernels;
};
} // namespace

llvm::SmallBitVector CountUsers::get(device::LaunchOp launch) {
  llvm::SmallBitVector counts(count);
  if (auto known = kernels.find(launch.getCallee()); known != kernels.end())
    counts = known->second;
  auto addMap = [&](std::optional<AffineMap> map) {
    for (AffineExpr expr : map ? map->getResults() : ArrayRef<AffineExpr>())
      addCounts(expr, first, counts);
  };
  addMap(launch.getDynamicFlops());
  for (Value buffer : launch->getOperands()) {
    while (auto view = buffer.getDefiningOp<device::ViewOp>()) {
      addMap(view.getDynamicOffset());
      buffer = view.getSource();
    }
    // An output has no memory before its shape is known.
    auto argument = dyn_cast<BlockArgument>(buffer);
    if (argument && argument.getArgNumber() >= program.getNumInputs()) {
      unsigned output = argument.getArgNumber() - program.getNumInputs();
      ArrayAttr shapes = *program.getDynamicOutputShapes();
      addMap(cast<AffineMapAttr>(shapes[output]).getValue());
    }
  }
  return counts;
}

LogicalResult CountUsers::delay(device::CountOp counted) {
  llvm::SmallBitVector late(count);
  late.set(counted.getCount());
  SmallVector<Operation *> waiting;
  llvm::SmallDenseSet<Value> written, touched;
  for (Operation &op : program.getBody().front()) {
    if (&op == counted)
      break;
    if (auto other = dyn_cast<device::CountOp>(op);
        other && written.contains(device::getRoot(other.getBuffer()))) {
      late.set(other.getCount());
      waiting.push_back(other);
    }
    auto launch = dyn_cast<device::LaunchOp>(op);
    if (!launch)
      continue;
    bool waits = get(launch).anyCommon(late);
    for (Value buffer : launch->getOperands())
      waits |= written.contains(device::getRoot(buffer));
    for (Value output : launch.getOutputs())
      waits |= touched.contains(device::getRoot(output));
    if (!waits)
      continue;
    waiting.push_back(launch);
    for (Value buffer : launch->getOperands())
      touched.insert(device::getRoot(buffer));
    for (Value output : launch.getOutputs())
      written.insert(device::getRoot(output));
  }
  if (written.contains(device::getRoot(counted.getBuffer())))
    return counted.emitOpError("counts what depends on its own result");
  Operation *last = counted;
  for (Operation *op : waiting) {
    op->moveAfter(last);
    last = op;
  }
  return success();
}

/// Launches that fill a tensor without reading another one may stand before the
/// count that says its size.
LogicalResult DynamicModel::delayLaunches(device::ProgramOp program) const {
  size_t first = getNumChosen();
  if (first == dims.size())
    return success();
  CountUsers users(program, first, dims.size() - first);
  MLIRContext *context = program.getContext();
  size_t next = 0;
  for (auto func :
       program->getParentOfType<ModuleOp>().getOps<kernel::FuncOp>())
    for (size_t target = 0; target < numTargets; ++target)
      for (const LeafSize &leaf : kernels[next++].leaves)
        users.add(func.getSymName(), leaf.size.toAffine(context));
  for (auto count :
       llvm::to_vector(program.getBody().getOps<device::CountOp>()))
    if (failed(users.delay(count)))
      return failure();
  return success();
}

} // namespace dlc::dynamic
