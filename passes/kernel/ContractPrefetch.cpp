// SPDX-License-Identifier: Apache-2.0
// Fetches packed columns into L2 while the columns before them are in use.
//
// A core loads columns that lie in memory at the pace of its outstanding
// misses, which is slower than it multiplies them, unless the next columns
// arrive while many rows meet the present ones. The hardware's prefetchers
// don't see that: they follow the columns in use.
#include "passes/kernel/ContractLowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace dlc::kernel;

/// `prefetcht1` of x86, `prfm pldl2keep` of AArch64: into L2.
static constexpr unsigned kIntoL2 = 2;

bool ContractLowering::isWorthPrefetching() {
  auto type = cast<MemRefType>(op.getRhs().getType());
  int64_t bytes =
      type.getNumElements() * ((type.getElementTypeBitWidth() + 7) / 8);
  return op.getPacked() && bytes > emitter.getTarget().l2Bytes / 2;
}

ContractLowering::Visits ContractLowering::countVisits(const Task &task,
                                                       const TilePosition &at) {
  if (blocks.groupsPerBlock > 1 || numDepthBlocks > 1)
    return {at.tileOfStrip, blocks.tilesPerStrip};
  // The tasks of a group of panels follow each other.
  Value index = constant(0);
  int64_t count = 1;
  for (unsigned dim : innerBatch) {
    int64_t extent = op.getBatch()[dim];
    index = add(multiply(index, constant(extent)), task.batch[dim]);
    count *= typical.get(dim, extent);
  }
  int64_t rows = typical.get(op.getBatch().size(), op.getM());
  return {add(multiply(index, constant(numRowTiles)), at.tile),
          count * int64_t(llvm::divideCeil(rows, tile.rows))};
}

/// Which columns the loops turn to after those of \p at: the next group's at
/// the same depth, or after a block's last group the first one's further down.
std::pair<Value, Value>
ContractLowering::getNextColumns(const Task &task, const TilePosition &at) {
  Value panel = add(at.panel, constant(tile.panels));
  if (numDepthBlocks == 1)
    return {panel, constant(0)};
  Value group = add(task.firstGroup, at.groupOfBlock);
  auto isEqual = [&](Value a, Value b) -> Value {
    return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, a, b);
  };
  auto select = [&](Value condition, Value a, Value b) -> Value {
    return arith::SelectOp::create(builder, loc, condition, a, b);
  };
  Value isLastGroup = isEqual(add(group, constant(1)), task.endGroup);
  Value isLastDepth = isEqual(task.endDepth, constant(op.getK().front()));
  Value firstPanel = multiply(task.firstGroup, constant(tile.panels));
  Value nextBlock = select(isLastDepth, panel, firstPanel);
  Value nextDepth = select(isLastDepth, constant(0), task.endDepth);
  return {select(isLastGroup, nextBlock, panel),
          multiply(select(isLastGroup, nextDepth, task.firstDepth),
                   constant(depthUnit))};
}

/// The elements to fetch in \p steps steps, a panel's row in every
/// `1 << \p shift` of them. Addresses within lines are as good as their first
/// ones and cheaper to compute.
Value ContractLowering::getDistance(Value steps, int64_t shift) {
  int64_t perStep = ContractOp::kPanel >> shift;
  if (perStep > 0)
    return multiply(steps, constant(perStep));
  int64_t excess = shift - llvm::Log2_64(ContractOp::kPanel);
  return arith::ShRUIOp::create(builder, loc, steps, constant(excess));
}

std::optional<ContractLowering::Prefetch>
ContractLowering::startPrefetch(const Task &task, const TilePosition &at) {
  if (!prefetches)
    return std::nullopt;
  Visits visits = countVisits(task, at);
  // A single tile is bound by its loads: the hardware follows it better.
  if (visits.count < 2)
    return std::nullopt;
  // Each visit of the present columns fetches a part of one of the next panels
  // (of all where visits are few), a row for some of its own steps.
  bool areFew = visits.count < tile.panels;
  int64_t visitsPerPanel = areFew ? visits.count : visits.count / tile.panels;
  Prefetch prefetch;
  prefetch.shift = llvm::Log2_64(visitsPerPanel);
  auto [panel, depth] = getNextColumns(task, at);
  Value part = visits.index;
  if (tile.panels > 1 && !areFew) {
    Value panels = constant(tile.panels);
    panel =
        add(panel, arith::RemUIOp::create(builder, loc, visits.index, panels));
    part = arith::DivUIOp::create(builder, loc, visits.index, panels);
  }
  int64_t steps = blocks.depthBlock * depthUnit >> prefetch.shift;
  depth = add(depth, multiply(part, constant(steps)));
  Value firstStep = getDistance(multiply(task.firstDepth, constant(depthUnit)),
                                prefetch.shift);
  for (int64_t i = 0; i < (areFew ? tile.panels : 1); ++i) {
    SmallVector<Value> dims(task.batch);
    dims.append({add(panel, constant(i)), depth, constant(0)});
    Value first = emitter.emitIndex(loc, rhsOffset, dims, symbols);
    prefetch.offsets.push_back(
        arith::SubIOp::create(builder, loc, first, firstStep));
  }
  return prefetch;
}

void ContractLowering::emitPrefetch(const Prefetch &prefetch, Value position) {
  Value distance = getDistance(position, prefetch.shift);
  for (Value offset : prefetch.offsets)
    memref::PrefetchOp::create(builder, loc, getFactors(/*isLhs=*/false),
                               add(offset, distance), /*isWrite=*/false,
                               kIntoL2, /*isDataCache=*/true);
}
