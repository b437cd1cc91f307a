// SPDX-License-Identifier: Apache-2.0
// How the threads of a nest of loops touch memory, and how they would better.
#include "passes/gpu/NestAccess.h"
#include "passes/gpu/MemoryUse.h"
#include "passes/kernel/BodyEmitter.h"

using namespace mlir;
using namespace dlc::kernel;

/// What one instruction loads or stores, at most.
static constexpr int64_t kVectorBytes = 16, kMostLanes = 8;
/// Elements of a tile, and how many neighbours are worth one: fewer fill less
/// than a sector of the cache.
static constexpr int64_t kTileElements = 1024, kFewNeighbours = 8;
static constexpr int64_t kWarp = 32;
/// Loads that have a tile each.
static constexpr size_t kMostTiles = 4;

namespace {
/// A load or store: its address as an expression of `indices`, in elements.
struct Access {
  Operation *op;
  Value memref;
  AffineExpr offset;
  ValueRange indices;

  int64_t getElementBytes() const {
    auto type = cast<MemRefType>(memref.getType());
    return (type.getElementTypeBitWidth() + 7) / 8;
  }
  /// How far the elements of neighbouring values of \p index are apart, if that
  /// is the same for all. Where an expression of the index counts blocks, they
  /// are those inside a block, which \p tile divides.
  std::optional<int64_t> getStride(Value index, int64_t tile = 1) const;
  /// The address where \p index is 0.
  AffineExpr getAtZero(Value index) const;
};
} // namespace

/// \p offset for the first one of the blocks that it divides \p dim into; as it
/// is where \p tile doesn't divide these.
static AffineExpr getInBlock(AffineExpr offset, AffineExpr dim, int64_t tile) {
  if (tile == 1)
    return offset;
  llvm::DenseMap<AffineExpr, AffineExpr> inBlock;
  offset.walk([&](AffineExpr part) {
    auto binary = dyn_cast<AffineBinaryOpExpr>(part);
    if (!binary || binary.getLHS() != dim)
      return;
    auto block = dyn_cast<AffineConstantExpr>(binary.getRHS());
    if (!block || block.getValue() % tile != 0)
      return;
    if (binary.getKind() == AffineExprKind::FloorDiv)
      inBlock[part] = getAffineConstantExpr(0, offset.getContext());
    else if (binary.getKind() == AffineExprKind::Mod)
      inBlock[part] = dim;
  });
  return offset.replace(inBlock);
}

std::optional<int64_t> Access::getStride(Value index, int64_t tile) const {
  int64_t stride = 0;
  for (auto [i, operand] : llvm::enumerate(indices)) {
    if (operand != index)
      continue;
    AffineExpr dim = getAffineDimExpr(i, offset.getContext());
    std::optional<int64_t> part = BodyEmitter::getStride(
        getInBlock(offset, dim, tile), i, indices.size());
    if (!part)
      return std::nullopt;
    stride += *part;
  }
  return stride;
}

AffineExpr Access::getAtZero(Value index) const {
  AffineExpr expr = offset;
  MLIRContext *context = offset.getContext();
  for (auto [i, operand] : llvm::enumerate(indices))
    if (operand == index)
      expr = expr.replace(getAffineDimExpr(i, context),
                          getAffineConstantExpr(0, context));
  return simplifyAffineExpr(expr, indices.size(), /*numSymbols=*/0);
}

/// Whether \p value is there before \p nest, or an index of it.
static bool isKnown(const LoopNest &nest, Value value) {
  if (isa<BlockArgument>(value))
    return true;
  return !nest.loops.front()->isAncestor(value.getDefiningOp());
}

/// The accesses of \p nest, if its body is straight code whose addresses no
/// other code computes.
static std::optional<SmallVector<Access>> getAccesses(const LoopNest &nest) {
  SmallVector<Access> accesses;
  auto add = [&](auto op) {
    accesses.push_back(
        {op, op.getMemref(),
         BodyEmitter::linearize(cast<MemRefType>(op.getMemref().getType()),
                                op.getMap()),
         op.getIndices()});
  };
  for (Operation &op : nest.getBody()) {
    if (auto load = dyn_cast<LoadOp>(op))
      add(load);
    else if (auto store = dyn_cast<StoreOp>(op))
      add(store);
    else if (!isPureOperation(op))
      return std::nullopt;
  }
  bool areKnown = llvm::all_of(accesses, [&](const Access &access) {
    return isKnown(nest, access.memref) &&
           llvm::all_of(access.indices,
                        [&](Value index) { return isKnown(nest, index); });
  });
  if (!areKnown)
    return std::nullopt;
  return accesses;
}

//===----------------------------------------------------------------------===//
// Wide accesses
//===----------------------------------------------------------------------===//

/// Whether what stands between the loops of \p nest is the same for all values
/// of \p lane.
static bool isOnlyInBody(const LoopNest &nest, BlockArgument lane) {
  Operation *own = lane.getOwner()->getParentOp();
  return llvm::all_of(ArrayRef(nest.loops).drop_back(), [&](Operation *loop) {
    return !own->isAncestor(loop) ||
           llvm::all_of(loop->getRegion(0).front(), [](Operation &op) {
             return op.getNumRegions() > 0 || op.getNumOperands() == 0;
           });
  });
}

WideAccess dlc::kernel::getWideAccess(const LoopNest &nest) {
  std::optional<SmallVector<Access>> accesses = getAccesses(nest);
  if (!accesses || nest.indices.empty())
    return {};
  BlockArgument lane = nest.indices.back();
  if (!isOnlyInBody(nest, lane))
    return {};
  WideAccess wide;
  int64_t width = kMostLanes;
  for (const Access &access : *accesses) {
    std::optional<int64_t> stride = access.getStride(lane);
    if (stride == 0 && isa<LoadOp>(access.op))
      continue;
    if (stride != 1)
      return {};
    int64_t bytes = access.getElementBytes();
    width = std::min(width, kVectorBytes / bytes);
    int64_t step = access.getAtZero(lane).getLargestKnownDivisor();
    while (width > 1 && (step % width != 0 ||
                         getAlignment(access.memref) % (width * bytes) != 0))
      width /= 2;
    wide.accesses.insert(access.op);
  }
  while (width > 1 && nest.extents.back() % width != 0)
    width /= 2;
  if (width <= 1 || wide.accesses.empty())
    return {};
  wide.width = width;
  return wide;
}

//===----------------------------------------------------------------------===//
// Transpositions
//===----------------------------------------------------------------------===//

int64_t Transposition::getRowElements() const {
  return readTile + std::max<int64_t>(1, kWarp / writeTile);
}

SmallVector<unsigned> Transposition::getOthers(const LoopNest &nest) const {
  SmallVector<unsigned> others;
  for (unsigned i = 0; i < nest.indices.size(); ++i)
    if (!llvm::is_contained(read, i) && !llvm::is_contained(write, i))
      others.push_back(i);
  return others;
}

static int64_t countIterations(const LoopNest &nest,
                               ArrayRef<unsigned> positions) {
  int64_t count = 1;
  for (unsigned i : positions)
    count *= nest.extents[i];
  return count;
}

SmallVector<int64_t> Transposition::getGrid(const LoopNest &nest) const {
  SmallVector<int64_t> grid;
  for (unsigned i : getOthers(nest))
    grid.push_back(nest.extents[i]);
  grid.push_back(llvm::divideCeil(countIterations(nest, read), readTile));
  grid.push_back(llvm::divideCeil(countIterations(nest, write), writeTile));
  return grid;
}

/// The position of the index of \p nest that runs through the neighbours of all
/// \p accesses inside tiles of \p tile of them.
static std::optional<unsigned> findFastest(const LoopNest &nest,
                                           ArrayRef<const Access *> accesses,
                                           int64_t tile) {
  for (unsigned i = 0; i < nest.indices.size(); ++i) {
    auto isFastest = [&](const Access *access) {
      return access->getStride(nest.indices[i], tile) == 1;
    };
    if (nest.extents[i] > 1 && llvm::all_of(accesses, isFastest))
      return i;
  }
  return std::nullopt;
}

/// The positions of the indices that run through neighbours of all \p accesses
/// one inside the other, of which \p last varies fastest. \p taken is used
/// otherwise.
static SmallVector<unsigned> extend(const LoopNest &nest, unsigned last,
                                    ArrayRef<const Access *> accesses,
                                    ArrayRef<unsigned> taken) {
  SmallVector<unsigned> run{last};
  auto isNext = [&](unsigned i, int64_t stride) {
    return !llvm::is_contained(taken, i) && nest.extents[i] > 1 &&
           llvm::all_of(accesses, [&](const Access *access) {
             return access->getStride(nest.indices[i]) == stride;
           });
  };
  while (true) {
    int64_t stride = countIterations(nest, run);
    auto all = llvm::seq<unsigned>(0, nest.indices.size());
    auto next = llvm::find_if(all, [&](unsigned i) {
      return !llvm::is_contained(run, i) && isNext(i, stride);
    });
    if (next == all.end())
      return run;
    run.insert(run.begin(), *next);
  }
}

std::optional<Transposition>
dlc::kernel::getTransposition(const LoopNest &nest) {
  std::optional<SmallVector<Access>> accesses = getAccesses(nest);
  if (!accesses)
    return std::nullopt;
  SmallVector<const Access *> stores, loads;
  for (const Access &access : *accesses)
    if (isa<StoreOp>(access.op))
      stores.push_back(&access);
  std::optional<unsigned> write = findFastest(nest, stores, /*tile=*/1);
  if (!write || stores.empty())
    return std::nullopt;
  auto isFar = [&](std::optional<int64_t> stride) {
    return !stride || std::abs(*stride) >= kFewNeighbours;
  };
  for (const Access &access : *accesses)
    if (isa<LoadOp>(access.op) && isFar(access.getStride(nest.indices[*write])))
      loads.push_back(&access);
  if (loads.empty() || loads.size() > kMostTiles)
    return std::nullopt;

  Transposition result;
  for (int64_t tile = kWarp; tile >= kFewNeighbours && result.read.empty();
       tile /= 2) {
    // Blocks, such as those of channels, are as large as that.
    std::optional<unsigned> read = findFastest(nest, loads, tile);
    if (!read || *read == *write)
      continue;
    result.read = extend(nest, *read, loads, *write);
    bool isWhole = llvm::all_of(loads, [&](const Access *load) {
      return load->getStride(nest.indices[*read]) == 1;
    });
    result.readTile = isWhole ? kTileElements : tile;
    if (!isWhole)
      result.read = {*read};
  }
  if (result.read.empty())
    return std::nullopt;
  result.write = extend(nest, *write, stores, result.read);
  int64_t reads = countIterations(nest, result.read);
  int64_t writes = countIterations(nest, result.write);
  if (reads < kFewNeighbours || writes < kFewNeighbours)
    return std::nullopt;
  auto limit = [](int64_t count, int64_t most) {
    return std::min<int64_t>(llvm::PowerOf2Ceil(count), most);
  };
  bool isBlock = result.readTile < kTileElements;
  result.writeTile =
      limit(writes, isBlock ? kTileElements / result.readTile : kWarp);
  if (!isBlock)
    result.readTile = limit(reads, kTileElements / result.writeTile);
  for (const Access *load : loads)
    result.loads.push_back(cast<LoadOp>(load->op));
  return result;
}
