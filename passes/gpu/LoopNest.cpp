// SPDX-License-Identifier: Apache-2.0
// Loops whose iterations may be run by different threads.
#include "passes/gpu/LoopNest.h"
#include "passes/gpu/MemoryUse.h"
#include "passes/kernel/BodyEmitter.h"

#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace dlc::kernel;

int64_t LoopNest::getNumIterations() const { return computeProduct(extents); }

int64_t LoopNest::getTypicalIterations() const {
  return computeProduct(typicalExtents);
}

SmallVector<int64_t> dlc::kernel::getLoopExtents(Operation *loop) {
  return TypeSwitch<Operation *, SmallVector<int64_t>>(loop)
      .Case<ParallelOp, LoopOp, ReduceOp>(
          [](auto op) { return SmallVector<int64_t>(op.getExtents()); })
      .Case([](VectorLoopOp op) {
        return SmallVector<int64_t>{int64_t(op.getExtent())};
      });
}

void LoopNest::push(Operation *op) {
  TypicalExtents typical(op);
  ArrayRef<BlockArgument> arguments = op->getRegion(0).front().getArguments();
  // Lanes stay last.
  size_t at = hasLanes() ? indices.size() - 1 : indices.size();
  for (auto [i, extent] : llvm::enumerate(getLoopExtents(op))) {
    indices.insert(indices.begin() + at + i, arguments[i]);
    extents.insert(extents.begin() + at + i, extent);
    typicalExtents.insert(typicalExtents.begin() + at + i,
                          typical.get(i, extent));
  }
  isDynamic |= typical.isAnyDynamic();
  loops.push_back(op);
}

bool LoopNest::hasLanes() const {
  return llvm::any_of(loops,
                      [](Operation *op) { return isa<VectorLoopOp>(op); });
}

//===----------------------------------------------------------------------===//
// Independence
//===----------------------------------------------------------------------===//

namespace {
/// The address of an access: a constant and a multiple of each of some indices.
struct Address {
  llvm::SmallMapVector<Value, int64_t, 8> strides;
  int64_t constant = 0;
};
} // namespace

/// The address of element \p indices of \p map in a buffer of \p type; nothing
/// where it isn't linear.
static std::optional<Address> getAddress(MemRefType type, AffineMap map,
                                         ValueRange indices) {
  AffineExpr offset = BodyEmitter::linearize(type, map);
  Address address;
  AffineExpr atZero = offset;
  for (unsigned i = 0; i < map.getNumDims(); ++i) {
    AffineExpr zero = getAffineConstantExpr(0, map.getContext());
    atZero = atZero.replace(getAffineDimExpr(i, map.getContext()), zero);
    if (!offset.isFunctionOfDim(i))
      continue;
    std::optional<int64_t> stride =
        BodyEmitter::getStride(offset, i, map.getNumDims());
    if (!stride)
      return std::nullopt;
    address.strides[indices[i]] += *stride;
  }
  auto constant = dyn_cast<AffineConstantExpr>(
      simplifyAffineExpr(atZero, map.getNumDims(), map.getNumSymbols()));
  if (!constant)
    return std::nullopt;
  address.constant = constant.getValue();
  return address;
}

/// How many values \p index has; nothing where it isn't a loop's.
static std::optional<int64_t> getExtent(Value index) {
  auto argument = dyn_cast<BlockArgument>(index);
  if (!argument)
    return std::nullopt;
  unsigned i = argument.getArgNumber();
  return TypeSwitch<Operation *, std::optional<int64_t>>(
             argument.getOwner()->getParentOp())
      .Case<ParallelOp, LoopOp, ReduceOp>(
          [&](auto op) { return op.getExtents()[i]; })
      .Case([&](VectorLoopOp op) { return int64_t(op.getExtent()); })
      .Default([](Operation *) { return std::nullopt; });
}

namespace {
/// What the accesses of one buffer inside a loop have in common.
struct AccessPattern {
  SmallVector<int64_t> loopStrides; ///< one for each index of the loop
  llvm::SmallMapVector<Value, int64_t, 8> outerStrides;
  int64_t least = 0, most = 0; ///< what inner loops add, constants included
};
} // namespace

/// The pattern of \p address inside \p loop; nothing where it depends on values
/// that are computed there.
static std::optional<AccessPattern> getPattern(LoopOp loop,
                                               const Address &address) {
  AccessPattern pattern;
  pattern.loopStrides.assign(loop.getExtents().size(), 0);
  pattern.least = pattern.most = address.constant;
  for (auto [index, stride] : address.strides) {
    auto argument = dyn_cast<BlockArgument>(index);
    if (argument && argument.getOwner() == &loop.getBody().front()) {
      pattern.loopStrides[argument.getArgNumber()] = stride;
      continue;
    }
    if (!loop->isProperAncestor(index.getParentBlock()->getParentOp()) &&
        index.getParentBlock() != &loop.getBody().front()) {
      pattern.outerStrides[index] = stride;
      continue;
    }
    std::optional<int64_t> extent = getExtent(index);
    if (!extent)
      return std::nullopt;
    int64_t span = stride * std::max<int64_t>(*extent - 1, 0);
    pattern.least += std::min<int64_t>(span, 0);
    pattern.most += std::max<int64_t>(span, 0);
  }
  return pattern;
}

static bool isSameOutside(const AccessPattern &a, const AccessPattern &b) {
  if (a.loopStrides != b.loopStrides ||
      a.outerStrides.size() != b.outerStrides.size())
    return false;
  return llvm::all_of(a.outerStrides, [&](auto entry) {
    auto it = b.outerStrides.find(entry.first);
    return it != b.outerStrides.end() && it->second == entry.second;
  });
}

/// Whether iterations of \p loop that differ are further apart than the \p span
/// elements that one of them uses.
static bool areDisjoint(LoopOp loop, ArrayRef<int64_t> strides, int64_t span) {
  SmallVector<std::pair<int64_t, int64_t>> steps;
  for (auto [stride, extent] : llvm::zip(strides, loop.getExtents()))
    if (extent > 1)
      steps.push_back({std::abs(stride), extent});
  llvm::sort(steps);
  for (auto [stride, extent] : steps) {
    if (stride < span)
      return false;
    span += stride * (extent - 1);
  }
  return true;
}

bool dlc::kernel::isIndependent(LoopOp op) {
  if (op.getUnroll() > 1)
    return true;
  if (auto traits = op->getAttrOfType<DenseI64ArrayAttr>(kTraitsAttr))
    return traits[0] != 0;
  MemoryUse use = getMemoryUse(op);
  llvm::SmallMapVector<void *, std::vector<AccessPattern>, 4> patterns;
  bool isPlain = true;
  auto add = [&](Value memref, AffineMap map, ValueRange indices) {
    BufferSet buffers;
    addBuffers(memref, buffers);
    if (!llvm::any_of(
            buffers, [&](void *buffer) { return use.writes.contains(buffer); }))
      return;
    auto address = getAddress(cast<MemRefType>(memref.getType()), map, indices);
    auto pattern = address ? getPattern(op, *address) : std::nullopt;
    // A slice has an address of its own.
    bool isWhole =
        memref.getDefiningOp<ScratchOp>() || isa<BlockArgument>(memref);
    if (!pattern || !isWhole)
      isPlain = false;
    else
      patterns[*buffers.begin()].push_back(std::move(*pattern));
  };
  op->walk([&](Operation *inner) {
    if (auto load = dyn_cast<LoadOp>(inner))
      add(load.getMemref(), load.getMap(), load.getIndices());
    else if (auto store = dyn_cast<StoreOp>(inner))
      add(store.getMemref(), store.getMap(), store.getIndices());
    else if (isa<ContractOp>(inner))
      isPlain = false;
  });
  if (!isPlain)
    return false;
  return llvm::all_of(patterns, [&](auto &entry) {
    ArrayRef<AccessPattern> accesses = entry.second;
    int64_t least = accesses.front().least, most = accesses.front().most;
    for (const AccessPattern &access : accesses) {
      if (!isSameOutside(access, accesses.front()))
        return false;
      least = std::min(least, access.least);
      most = std::max(most, access.most);
    }
    return areDisjoint(op, accesses.front().loopStrides, most - least + 1);
  });
}

//===----------------------------------------------------------------------===//
// Nests
//===----------------------------------------------------------------------===//

/// The loop that \p block consists of, but for operations before it that every
/// thread can repeat; null where there is none.
static Operation *getOnlyLoop(Block &block) {
  Operation *loop = nullptr;
  MemoryUse use = getMemoryUse(block.getParentOp());
  for (Operation &op : block) {
    if (loop)
      return nullptr;
    if (isa<VectorLoopOp>(op) ||
        (isa<LoopOp>(op) && isIndependent(cast<LoopOp>(op))))
      loop = &op;
    else if (!isPureOperation(op) && !isa<LoadOp>(op))
      return nullptr;
    else if (isa<LoadOp>(op) && getMemoryUse(&op).conflictsWith(use))
      return nullptr;
  }
  return loop;
}

LoopNest dlc::kernel::getLoopNest(Operation *loop) {
  LoopNest nest;
  for (; loop; loop = getOnlyLoop(nest.getBody()))
    nest.push(loop);
  return nest;
}
