// SPDX-License-Identifier: Apache-2.0
// Which part of a contraction a block computes.
#include "passes/gpu/BlockTile.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace dlc::kernel;

static constexpr BlockTile kTiles[] = {
    // 256 threads
    {BlockTile::Tensor, 128, 128, 16, 2, 4},
    {BlockTile::Tensor, 128, 64, 16, 4, 2},
    {BlockTile::Tensor, 64, 128, 16, 2, 4},
    {BlockTile::Tensor, 64, 64, 32, 4, 2},
    {BlockTile::Tensor, 16, 128, 32, 1, 8},
    {BlockTile::Fma, 128, 128, 8, 8, 8},
    {BlockTile::Fma, 64, 64, 16, 4, 4},
    {BlockTile::Fma, 16, 128, 16, 2, 4},
    {BlockTile::Fma, 4, 256, 16, 1, 4},
    // 128
    {BlockTile::Tensor, 64, 64, 16, 2, 2},
    {BlockTile::Tensor, 64, 32, 32, 4, 1},
    {BlockTile::Tensor, 32, 64, 32, 2, 2},
    {BlockTile::Tensor, 32, 32, 32, 2, 2},
    {BlockTile::Tensor, 16, 64, 32, 1, 4},
    {BlockTile::Fma, 64, 64, 16, 8, 4},
    {BlockTile::Fma, 32, 32, 16, 2, 4},
    {BlockTile::Fma, 16, 64, 16, 2, 4},
    {BlockTile::Fma, 4, 128, 32, 1, 4},
    // 64
    {BlockTile::Tensor, 32, 32, 32, 2, 1},
    {BlockTile::Tensor, 16, 32, 32, 1, 2},
    {BlockTile::Fma, 32, 32, 16, 4, 4},
    {BlockTile::Fma, 16, 32, 16, 2, 4},
    {BlockTile::Fma, 4, 64, 32, 1, 4},
    // 32
    {BlockTile::Tensor, 16, 32, 32, 1, 1},
    {BlockTile::Tensor, 16, 16, 32, 1, 1},
    {BlockTile::Fma, 16, 16, 16, 2, 4},
    {BlockTile::Fma, 4, 32, 32, 1, 4},
};

/// Rows below which tensor cores, whose tiles have 16, compute mostly zeros.
static constexpr int64_t kMinTensorRows = 8;
/// How much longer FMAs take than tensor cores: 64 products a cycle against
/// 512 of tf32, three of which are one of f32 (A100).
static constexpr double kFmaCost = 512.0 / 3 / 64;
/// Copying an element to shared memory costs as much as so many products.
static constexpr double kCopyCost = 16;
/// Warps that keep a multiprocessor busy.
static constexpr double kBusyWarps = 8;

int64_t BlockTile::getNumThreads() const {
  if (unit == Tensor)
    return 32 * shareRows * shareColumns;
  return rows / shareRows * (columns / shareColumns);
}

int64_t BlockTile::getSharedBytes(int64_t elementBytes) const {
  if (unit == Fma)
    return (rows + columns) * depth * elementBytes;
  int64_t lhs = rows * (depth + kDepthPadding);
  int64_t rhs = std::max(columns * (depth + kDepthPadding),
                         depth * (columns + kWidthPadding));
  return kStages * (lhs + rhs) * elementBytes;
}

int64_t BlockTile::getNumTiles(ContractOp op) const {
  int64_t batch = 1;
  for (int64_t extent : op.getBatch())
    batch *= extent;
  return batch * llvm::divideCeil(op.getM(), rows) *
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

/// How long \p op takes in \p tile; the unit doesn't matter.
static double estimate(ContractOp op, const BlockTile &tile,
                       int64_t multiprocessors) {
  int64_t each = llvm::divideCeil(tile.getNumTiles(op), multiprocessors);
  double work = double(tile.rows * tile.columns) *
                    (tile.unit == BlockTile::Fma ? kFmaCost : 1) +
                kCopyCost * double(tile.rows + tile.columns);
  double warps = double(each * tile.getNumThreads()) / 32;
  return double(each) * work / std::min(1.0, warps / kBusyWarps);
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
