// SPDX-License-Identifier: Apache-2.0
// Which buffers a piece of a kernel reads and writes.
#include "passes/gpu/MemoryUse.h"
#include "passes/kernel/BodyEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/TypeSwitch.h"
#include <numeric>

using namespace mlir;
using namespace dlc::kernel;

static bool intersects(const BufferSet &a, const BufferSet &b) {
  return llvm::any_of(a, [&](void *buffer) { return b.contains(buffer); });
}

bool MemoryUse::conflictsWith(const MemoryUse &other) const {
  return intersects(writes, other.writes) || intersects(writes, other.reads) ||
         intersects(reads, other.writes);
}

/// The input that \p argument of \p kernel may share memory with; itself where
/// there is none.
static BlockArgument getSharedInput(FuncOp kernel, BlockArgument argument) {
  ArrayAttr inplace = kernel.getInplaceAttr();
  if (!inplace)
    return argument;
  for (Attribute attr : inplace) {
    ArrayRef<int64_t> pair = cast<DenseI64ArrayAttr>(attr).asArrayRef();
    if (argument.getArgNumber() == kernel.getNumInputs() + pair[1])
      return kernel.getBody().getArgument(pair[0]);
  }
  return argument;
}

void dlc::kernel::addBuffers(Value memref, BufferSet &buffers) {
  if (auto argument = dyn_cast<BlockArgument>(memref)) {
    auto kernel = cast<FuncOp>(argument.getOwner()->getParentOp());
    buffers.insert(getSharedInput(kernel, argument).getAsOpaquePointer());
    return;
  }
  TypeSwitch<Operation *>(memref.getDefiningOp())
      .Case([&](SliceOp op) { addBuffers(op.getMemref(), buffers); })
      .Case([&](arith::SelectOp op) {
        addBuffers(op.getTrueValue(), buffers);
        addBuffers(op.getFalseValue(), buffers);
      })
      .Default(
          [&](Operation *) { buffers.insert(memref.getAsOpaquePointer()); });
}

/// What \p memref begins at a multiple of where arguments begin at those that
/// \p getOfArgument says.
static int64_t
getAlignment(Value memref,
             llvm::function_ref<int64_t(BlockArgument)> getOfArgument) {
  auto type = cast<MemRefType>(memref.getType());
  int64_t bytes = (type.getElementTypeBitWidth() + 7) / 8;
  if (auto argument = dyn_cast<BlockArgument>(memref))
    return getOfArgument(argument);
  return TypeSwitch<Operation *, int64_t>(memref.getDefiningOp())
      .Case([&](SliceOp op) {
        AffineMap map = op.getMap();
        SmallVector<AffineExpr> subscripts(map.getResults());
        auto whole = cast<MemRefType>(op.getMemref().getType());
        subscripts.resize(whole.getRank(),
                          getAffineConstantExpr(0, op.getContext()));
        AffineExpr offset = BodyEmitter::linearize(
            whole,
            AffineMap::get(map.getNumDims(), 0, subscripts, op.getContext()));
        int64_t step = offset.getLargestKnownDivisor() * bytes;
        return std::gcd(step, ::getAlignment(op.getMemref(), getOfArgument));
      })
      .Case([&](arith::SelectOp op) {
        return std::gcd(::getAlignment(op.getTrueValue(), getOfArgument),
                        ::getAlignment(op.getFalseValue(), getOfArgument));
      })
      .Default([](Operation *) { return kBufferAlignment; });
}

int64_t dlc::kernel::getAlignment(Value memref) {
  return ::getAlignment(memref, [](BlockArgument argument) {
    auto type = cast<MemRefType>(argument.getType());
    auto alignments =
        argument.getOwner()->getParentOp()->getAttrOfType<DenseI64ArrayAttr>(
            kAlignmentsAttr);
    return alignments ? alignments[argument.getArgNumber()]
                      : int64_t(type.getElementTypeBitWidth() + 7) / 8;
  });
}

int64_t dlc::kernel::getSliceAlignment(Value memref) {
  return ::getAlignment(memref, [](BlockArgument) { return kBufferAlignment; });
}

MemoryUse dlc::kernel::getMemoryUse(Operation *op) {
  MemoryUse use;
  op->walk([&](Operation *inner) {
    TypeSwitch<Operation *>(inner)
        .Case([&](LoadOp load) { addBuffers(load.getMemref(), use.reads); })
        .Case([&](StoreOp store) { addBuffers(store.getMemref(), use.writes); })
        .Case([&](ContractOp contract) {
          addBuffers(contract.getLhs(), use.reads);
          addBuffers(contract.getRhs(), use.reads);
          addBuffers(contract.getOut(), use.writes);
        });
  });
  return use;
}

bool dlc::kernel::isPureOperation(Operation &op) {
  return op.getNumRegions() == 0 &&
         !isa<LoadOp, StoreOp, ContractOp, ScratchOp>(op);
}
