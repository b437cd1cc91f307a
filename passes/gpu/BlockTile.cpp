// SPDX-License-Identifier: Apache-2.0
// Which part of a contraction a block computes.
#include "passes/gpu/BlockTile.h"

#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace dlc::kernel;

static constexpr BlockTile kTiles[] = {
    // 256 threads
    {BlockTile::Tensor, 128, 256, 16, 2, 4},
    {BlockTile::Tensor, 256, 128, 16, 4, 2},
    {BlockTile::Tensor, 128, 128, 16, 2, 4},
    {BlockTile::Tensor, 128, 64, 16, 4, 2},
    {BlockTile::Tensor, 64, 128, 16, 2, 4},
    {BlockTile::Tensor, 64, 64, 32, 2, 4},
    {BlockTile::Tensor, 16, 128, 32, 1, 8},
    {BlockTile::Fma, 128, 128, 8, 8, 8},
    {BlockTile::Fma, 64, 64, 16, 4, 4},
    {BlockTile::Fma, 16, 128, 16, 2, 4},
    {BlockTile::Fma, 4, 256, 16, 1, 4},
    // 128
    {BlockTile::Tensor, 128, 128, 16, 2, 2},
    {BlockTile::Tensor, 128, 64, 16, 2, 2},
    {BlockTile::Tensor, 64, 128, 16, 2, 2},
    {BlockTile::Tensor, 64, 64, 16, 2, 2},
    {BlockTile::Tensor, 128, 32, 32, 4, 1},
    {BlockTile::Tensor, 64, 32, 32, 2, 2},
    {BlockTile::Tensor, 32, 64, 32, 1, 4},
    {BlockTile::Tensor, 32, 32, 32, 2, 2},
    {BlockTile::Tensor, 16, 128, 32, 1, 4},
    {BlockTile::Tensor, 16, 64, 32, 1, 4},
    {BlockTile::Fma, 64, 64, 16, 8, 4},
    {BlockTile::Fma, 32, 32, 16, 2, 4},
    {BlockTile::Fma, 16, 64, 16, 2, 4},
    {BlockTile::Fma, 4, 128, 32, 1, 4},
    // 64
    {BlockTile::Tensor, 64, 32, 32, 2, 1},
    {BlockTile::Tensor, 32, 64, 32, 1, 2},
    {BlockTile::Tensor, 32, 32, 32, 2, 1},
    {BlockTile::Tensor, 16, 32, 32, 1, 2},
    {BlockTile::Fma, 32, 32, 16, 4, 4},
    {BlockTile::Fma, 16, 32, 16, 2, 4},
    {BlockTile::Fma, 4, 64, 32, 1, 4},
    // 32
    {BlockTile::Tensor, 32, 32, 32, 1, 1},
    {BlockTile::Tensor, 16, 32, 32, 1, 1},
    {BlockTile::Tensor, 16, 16, 32, 1, 1},
    {BlockTile::Fma, 16, 16, 16, 2, 4},
    {BlockTile::Fma, 4, 32, 32, 1, 4},
};

/// Rows below which tensor cores, whose tiles have 16, compute mostly zeros.
static constexpr int64_t kMinTensorRows = 8;
/// Cycles in which one of the four parts of a multiprocessor computes a product
/// of 16 x 8 x 8 in tf32 (H100; an A100 takes twice as long).
static constexpr double kPieceCycles = 4;
/// Products of tf32 that make up one of f32.
static constexpr double kProducts = 3;
/// Instructions that split an element of a factor into two, with its load.
static constexpr double kSplitInstructions = 4;
/// Instructions that a thread needs to copy 16 bytes to shared memory.
static constexpr double kCopyInstructions = 16;
/// Warps that keep a multiprocessor busy.
static constexpr double kBusyWarps = 8;
/// Cycles in which a multiprocessor gets 32 bytes from L2.
static constexpr double kSectorCycles = 0.5;

int64_t BlockTile::getNumThreads() const {
  if (unit == Tensor)
    return 32 * shareRows * shareColumns;
  return rows / shareRows * (columns / shareColumns);
}

int64_t BlockTile::getSharedBytes(ContractOp op) const {
  auto type = cast<MemRefType>(op.getRhs().getType());
  int64_t elementBytes = (type.getElementTypeBitWidth() + 7) / 8;
  if (unit == Fma)
    return (rows + columns) * depth * elementBytes;
  int64_t tables =
      2 * sizeof(int32_t) * std::min(op.getKTotal(), kMostTableSteps);
  int64_t lhs = rows * (depth + kDepthPadding);
  int64_t rhs = std::max(columns * (depth + kDepthPadding),
                         depth * (columns + kWidthPadding));
  return kStages * (lhs + rhs) * elementBytes + tables;
}

int64_t BlockTile::getNumTiles(ContractOp op) const {
  return computeProduct(op.getBatch()) * llvm::divideCeil(op.getM(), rows) *
         llvm::divideCeil(op.getN(), columns);
}

/// Whether tensor cores multiply the elements of \p op.
static bool canUseTensorCores(ContractOp op) {
  auto isF32 = [](Type type) { return type.isF32(); };
  return op.getM() >= kMinTensorRows &&
         isF32(cast<MemRefType>(op.getLhs().getType()).getElementType()) &&
         isF32(cast<MemRefType>(op.getRhs().getType()).getElementType()) &&
         isF32(op.getEpilogue().getArguments().back().getType());
}

/// Cycles of a part of a multiprocessor for eight steps of a warp.
static double estimateSteps(const BlockTile &tile) {
  // Elements that a thread copies, in vectors of four.
  double copies = double(tile.rows + tile.columns) * 8 / 4 /
                  double(tile.getNumThreads()) * kCopyInstructions;
  if (tile.unit == BlockTile::Fma) {
    double rows = double(tile.shareRows), columns = double(tile.shareColumns);
    // Half of a warp multiplies in a cycle; a load brings four elements.
    return 8 * (2 * rows * columns + (rows + columns) / 2) + 4 * copies;
  }
  double rows = double(tile.rows) / double(tile.shareRows) / 16;
  double columns = double(tile.columns) / double(tile.shareColumns) / 8;
  double products = kProducts * rows * columns;
  double instructions =
      products + (4 * rows + 2 * columns) * kSplitInstructions + copies;
  return std::max(products * kPieceCycles, instructions);
}

/// How many cycles eight steps of \p op take on the multiprocessor that has
/// most to do.
static double estimate(ContractOp op, const BlockTile &tile,
                       int64_t multiprocessors) {
  double blocks =
      double(llvm::divideCeil(tile.getNumTiles(op), multiprocessors));
  double warps = blocks * double(tile.getNumThreads()) / 32;
  double compute =
      warps / 4 * estimateSteps(tile) / std::min(1.0, warps / kBusyWarps);
  double memory = blocks * double(tile.rows + tile.columns) * kSectorCycles;
  return std::max(compute, memory) + 0.25 * std::min(compute, memory);
}

BlockTile dlc::kernel::chooseBlockTile(ContractOp op, int64_t multiprocessors,
                                       int64_t numThreads) {
  bool usesTensorCores = canUseTensorCores(op);
  const BlockTile *best = nullptr;
  double bestCost = 0;
  for (const BlockTile &tile : kTiles) {
    if ((numThreads && tile.getNumThreads() != numThreads) ||
        (tile.unit == BlockTile::Tensor && !usesTensorCores))
      continue;
    double cost = estimate(op, tile, multiprocessors);
    if (!best || cost < bestCost) {
      best = &tile;
      bestCost = cost;
    }
  }
  assert(best && "no tile for this number of threads");
  return *best;
}
