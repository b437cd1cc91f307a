// SPDX-License-Identifier: Apache-2.0
// Which part of a contraction a block computes.
#include "passes/gpu/BlockTile.h"
#include "passes/gpu/MemoryUse.h"
#include "passes/gpu/StreamContract.h"

#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::kernel;

// Of each number of threads that a block may have, some of each kind. Tiles of
// tensor cores that no contraction of the tests' models was fastest with on an
// H100 aren't here, nor are those that need more than 99 KiB of shared memory,
// which not every chip gives to a block: the two with two stages were timed
// with three.
static constexpr BlockTile kTensorTiles[] = {
    // 256 threads
    {BlockTile::Tensor, 64, 64, 32, 2, 2, 3, 2},
    {BlockTile::Tensor, 64, 48, 64, 2, 1, 2, 4},
    {BlockTile::Tensor, 32, 96, 64, 1, 2, 2, 4},
    {BlockTile::Tensor, 32, 64, 64, 1, 2, 3, 4},
    {BlockTile::Tensor, 16, 32, 128, 1, 1, 3, 8},
    // 128
    {BlockTile::Tensor, 128, 128, 16, 2, 2, 3, 1},
    {BlockTile::Tensor, 128, 64, 16, 2, 2, 4, 1},
    {BlockTile::Tensor, 64, 128, 16, 2, 2, 4, 1},
    {BlockTile::Tensor, 64, 64, 16, 2, 2, 4, 1},
    {BlockTile::Tensor, 64, 32, 32, 2, 1, 4, 2},
    {BlockTile::Tensor, 32, 64, 32, 1, 2, 4, 2},
    {BlockTile::Tensor, 32, 32, 32, 1, 2, 4, 2},
    {BlockTile::Tensor, 32, 32, 64, 1, 1, 4, 4},
    {BlockTile::Tensor, 16, 32, 64, 1, 1, 4, 4},
    // 64
    {BlockTile::Tensor, 64, 32, 32, 2, 1, 3, 1},
    {BlockTile::Tensor, 32, 64, 32, 1, 2, 3, 1},
    {BlockTile::Tensor, 32, 32, 32, 2, 1, 3, 1},
    {BlockTile::Tensor, 16, 32, 32, 1, 2, 3, 1},
    // 32
    {BlockTile::Tensor, 32, 32, 32, 1, 1, 3, 1},
    {BlockTile::Tensor, 16, 32, 32, 1, 1, 3, 1},
};
static constexpr BlockTile kFmaTiles[] = {
    // 256 threads
    {BlockTile::Fma, 128, 128, 8, 8, 8},
    {BlockTile::Fma, 64, 64, 16, 4, 4},
    {BlockTile::Fma, 16, 128, 16, 2, 4},
    {BlockTile::Fma, 4, 256, 16, 1, 4},
    // 128
    {BlockTile::Fma, 64, 64, 16, 8, 4},
    {BlockTile::Fma, 32, 32, 16, 2, 4},
    {BlockTile::Fma, 16, 64, 16, 2, 4},
    {BlockTile::Fma, 4, 128, 32, 1, 4},
    // 64
    {BlockTile::Fma, 32, 32, 16, 4, 4},
    {BlockTile::Fma, 16, 32, 16, 2, 4},
    {BlockTile::Fma, 4, 64, 32, 1, 4},
    // 32
    {BlockTile::Fma, 16, 16, 16, 2, 4},
    {BlockTile::Fma, 4, 32, 32, 1, 4},
};

/// Blocks that share a tile's depth at most, and stages that each of them has
/// at least.
static constexpr int64_t kMostParts = 32, kLeastPartStages = 3;
/// Threads of a block that has few rows, and how many such blocks each
/// multiprocessor should have at most.
static constexpr int64_t kStreamThreads = 256, kStreamBlocks = 16;

//===----------------------------------------------------------------------===//
// Contractions
//===----------------------------------------------------------------------===//

unsigned dlc::kernel::getNumRowDims(ContractOp op) {
  unsigned numBatch = op.getBatch().size(), first = numBatch;
  while (first > 0 && !op.getRhsMap().isFunctionOfDim(first - 1))
    --first;
  return numBatch - first;
}

int64_t dlc::kernel::getNumRows(ContractOp op) {
  ArrayRef<int64_t> batch = op.getBatch();
  return computeProduct(batch.take_back(getNumRowDims(op))) *
         int64_t(op.getM());
}

ContractExtents::ContractExtents(ContractOp op) {
  TypicalExtents typical(op);
  unsigned i = 0;
  auto multiply = [&](ArrayRef<int64_t> extents, int64_t &product,
                      bool &isDynamic) {
    for (int64_t extent : extents) {
      isDynamic |= typical.isDynamic(i);
      product *= typical.get(i++, extent);
    }
  };
  unsigned numRowDims = getNumRowDims(op);
  bool hasDynamicBatch = false;
  multiply(op.getBatch().drop_back(numRowDims), batch, hasDynamicBatch);
  multiply(op.getBatch().take_back(numRowDims), rows, hasDynamicRows);
  multiply(int64_t(op.getM()), rows, hasDynamicRows);
  hasDynamicColumns = typical.isDynamic(i);
  columns = typical.get(i++, op.getN());
  multiply(op.getK(), depth, hasDynamicDepth);
  if (!hasDynamicDepth)
    depth = op.getKTotal(); // the last block may have fewer steps
}

int64_t dlc::kernel::getReadableColumns(ContractOp op) {
  return op.getPacked() ? op.getNumPanels() * ContractOp::kPanel
                        : int64_t(op.getN());
}

int64_t dlc::kernel::getStoredColumns(ContractOp op) {
  return op.getWholePanels() ? op.getNumPanels() * ContractOp::kPanel
                             : int64_t(op.getN());
}

/// Whether \p offset, which is where \p map leads, is a multiple of a vector's
/// elements for every index of dimension \p dim that is one.
static bool startsVectors(AffineExpr offset, AffineMap map, unsigned dim) {
  AffineExpr index = getAffineDimExpr(dim, map.getContext());
  return simplifyAffineExpr(offset.replace(index, index * kCopyVector),
                            map.getNumDims(), map.getNumSymbols())
      .isMultipleOf(kCopyVector);
}

/// The traits of a buffer that \p map leads to, as one of \p type, whose
/// dimensions number \p depth and \p column, if it has them, are steps and
/// columns.
static int64_t computeTraits(Value buffer, MemRefType type, AffineMap map,
                             std::optional<unsigned> depth, bool isWholeDepth,
                             std::optional<unsigned> column,
                             int64_t numColumns) {
  unsigned numDims = map.getNumDims();
  AffineExpr offset = BodyEmitter::linearize(type, map);
  int64_t bytes =
      kCopyVector * llvm::divideCeil(type.getElementTypeBitWidth(), CHAR_BIT);
  bool isPlaced = getSliceAlignment(buffer) % std::min(bytes, kCopyBytes) == 0;
  auto isAligned = [&](unsigned dim) {
    return isPlaced && startsVectors(offset, map, dim);
  };
  auto isDense = [&](unsigned dim) {
    return BodyEmitter::getStride(offset, dim, numDims) == 1;
  };
  int64_t traits = 0;
  if (depth && isDense(*depth))
    traits |= kDenseDepth;
  if (depth && isWholeDepth && isAligned(*depth))
    traits |= kWholeDepth;
  if (column && isDense(*column) && numColumns % kCopyVector == 0 &&
      isAligned(*column))
    traits |= kWholeColumns;
  return traits;
}

bool dlc::kernel::hasWholeRows(Value buffer, AffineMap map, int64_t columns) {
  return computeTraits(buffer, cast<MemRefType>(buffer.getType()), map,
                       map.getNumDims() - 1, columns % kCopyVector == 0,
                       std::nullopt, 0) == (kDenseDepth | kWholeDepth);
}

SmallVector<int64_t> dlc::kernel::computeCopyTraits(ContractOp op) {
  AffineMap lhs = op.getLhsMap(), rhs = op.getRhsMap(), out = op.getOutMap();
  bool isWhole = op.getK().back() % kCopyVector == 0 &&
                 op.getKTail().value_or(0) % kCopyVector == 0;
  std::optional<unsigned> rhsDepth;
  if (!op.getPacked())
    rhsDepth = rhs.getNumDims() - 3;
  return {computeTraits(op.getLhs(), op.getFactorType(true), lhs,
                        lhs.getNumDims() - 1, isWhole, std::nullopt, 0),
          computeTraits(op.getRhs(), op.getFactorType(false), rhs, rhsDepth,
                        isWhole, rhs.getNumDims() - 1, getReadableColumns(op)),
          computeTraits(op.getOut(), cast<MemRefType>(op.getOut().getType()),
                        out, std::nullopt, false, out.getNumDims() - 1,
                        getStoredColumns(op))};
}

int64_t dlc::kernel::getCopyTraits(ContractOp op, ContractBuffer buffer) {
  if (auto traits = op->getAttrOfType<DenseI64ArrayAttr>(kTraitsAttr))
    return traits[size_t(buffer)];
  return computeCopyTraits(op)[size_t(buffer)];
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

int64_t BlockTile::getNumThreads() const {
  if (unit == Tensor)
    return 32 * shareRows * shareColumns * slices;
  if (unit == Stream)
    return columns / kCopyVector * slices;
  return rows / shareRows * (columns / shareColumns);
}

int64_t BlockTile::getSharedBytes(ContractOp op) const {
  MemRefType type = op.getFactorType(/*isLhs=*/false);
  int64_t elementBytes = (type.getElementTypeBitWidth() + 7) / 8;
  if (unit == Fma)
    return (rows + columns) * depth * elementBytes;
  if (unit == Stream)
    return slices * rows * columns * elementBytes;
  int64_t tables =
      ContractExtents(op).hasDynamicDepth
          ? 0
          : 2 * sizeof(int32_t) * std::min(op.getKTotal(), kMostTableSteps);
  int64_t lhs = rows * (depth + kDepthPadding);
  int64_t rhs = std::max(columns * (depth + kDepthPadding),
                         depth * (columns + kWidthPadding));
  int64_t sums = slices > 1 ? slices * rows * columns : 0;
  return std::max(stages * (lhs + rhs) * elementBytes + tables,
                  sums * elementBytes);
}

SmallVector<GridTerm> BlockTile::getNumTiles(ContractOp op) const {
  TypicalExtents typical(op);
  SmallVector<GridTerm> counts;
  for (auto [i, extent] :
       llvm::enumerate(op.getBatch().drop_back(getNumRowDims(op))))
    counts.push_back({{{extent}}, typical.isDynamic(i)});
  ContractExtents extents(op);
  counts.push_back(
      {{{int64_t(op.getN()), columns}}, extents.hasDynamicColumns});
  counts.push_back({{{getNumRows(op), rows}}, extents.hasDynamicRows});
  return counts;
}

int64_t BlockTile::getPartDepth(int64_t depth) const {
  return llvm::divideCeil(llvm::divideCeil(depth, this->depth), parts) *
         this->depth;
}

int64_t BlockTile::getTypicalTiles(const ContractExtents &typical) const {
  return typical.batch * llvm::divideCeil(typical.rows, rows) *
         llvm::divideCeil(typical.columns, columns);
}

/// Whether the factors and sums of \p op are f32.
static bool isOfFloats(ContractOp op) {
  return cast<MemRefType>(op.getLhs().getType()).getElementType().isF32() &&
         cast<MemRefType>(op.getRhs().getType()).getElementType().isF32() &&
         op.getSumType().isF32();
}

//===----------------------------------------------------------------------===//
// Costs
//===----------------------------------------------------------------------===//

// Cycles of an H100's multiprocessor. Fitted to times of 26 tiles in each of 80
// contractions (ResNet-50 with 1 and 32 images, an encoder of 12 layers): what
// is chosen takes 2 % longer than the best of them, on average.
/// Of one of its four parts, for a product of 16 x 8 x 8 in tf32, with what it
/// waits for; 6 is what the instruction takes.
static constexpr double kPieceCycles = 8.4;
/// What a warp takes for it that is alone there.
static constexpr double kAlonePieceCycles = 4.2;
/// From one stage to the next, with nothing to do; and for each block.
static constexpr double kStageLatency = 370, kStageCycles = 95;
static constexpr double kL2BytesPerCycle = 28, kSharedBytesPerCycle = 146,
                        kMemoryBytesPerCycle = 13;
/// Multiply-adds of mma.sync in tf32, of a multiprocessor.
static constexpr double kMmaRate = 682;
static constexpr double kWarp = 32, kParts = 4;
/// Before the first stage and behind the last one, and for each result.
static constexpr double kTileCycles = 5400, kResultCycles = 0.27;
/// What the launch takes in which the sums of the parts of a depth are added
/// up: a launch in a graph takes 1600, and what its blocks load together comes
/// from L2.
static constexpr double kPhaseCycles = 1600 + 800;
/// Registers of a thread besides its sums.
static constexpr int64_t kOtherRegisters = 32;
/// What a multiprocessor has.
static constexpr int64_t kRegisters = 64 << 10, kSharedBytes = 227 << 10,
                         kThreads = 2048;

/// Products of 16 x 8 x 8 that make up one of such factors. One of words of
/// four integers takes as long as one in tf32.
static double getProducts(Precision precision) {
  switch (precision) {
  case Precision::Float32:
    return 3;
  case Precision::Tf32:
    return 1;
  case Precision::Float16:
  case Precision::BFloat16:
    return 0.5;
  }
  llvm_unreachable("unknown precision");
}

/// The cycles of a multiprocessor for \p numTiles tiles of \p depth steps, with
/// tensor cores that take \p slowness times as long as an H100's.
static double estimateTensor(int64_t depth, const BlockTile &tile,
                             int64_t numTiles, int64_t together,
                             Precision precision, double slowness) {
  double rows = double(tile.rows) / double(tile.shareRows) / 16;
  double columns = double(tile.columns) / double(tile.shareColumns) / 8;
  double pieces = rows * columns * double(tile.depth) / double(tile.slices) /
                  8 * getProducts(precision) * slowness;
  double warps = double(tile.getNumThreads()) / 32;
  double compute = pieces * warps / kParts * kPieceCycles + kStageCycles;
  double alone = pieces * kAlonePieceCycles + kStageLatency;
  double bytes =
      double(tile.rows + tile.columns) * double(tile.depth) * sizeof(float);
  double stages = double(llvm::divideCeil(depth, tile.depth));
  auto getCycles = [&](int64_t blocks) {
    auto count = double(blocks);
    double stage =
        std::max({count * compute, alone, count * bytes / kL2BytesPerCycle}) +
        count * bytes / kSharedBytesPerCycle;
    return blocks ? stage * stages + kTileCycles : 0;
  };
  return double(numTiles / together) * getCycles(together) +
         getCycles(numTiles % together) +
         double(numTiles * tile.rows * tile.columns) * kResultCycles;
}

/// Tiles that are on a multiprocessor at once.
static int64_t getResidentTiles(ContractOp op, const BlockTile &tile) {
  int64_t threads = tile.getNumThreads();
  int64_t sums = tile.rows * tile.columns * tile.slices;
  int64_t registers = sums + threads * kOtherRegisters;
  return std::max<int64_t>(1, std::min({kRegisters / registers,
                                        kSharedBytes / tile.getSharedBytes(op),
                                        kThreads / threads}));
}

/// Likewise of FMAs, of which a warp's take \p cycles; a load brings four
/// elements.
static double estimateFma(int64_t depth, const BlockTile &tile,
                          int64_t numTiles, double cycles) {
  constexpr double kCopyCycles = 64, kBusyWarps = 8, kSectorCycles = 0.5;
  double width = double(tile.rows + tile.columns);
  double rows = double(tile.shareRows), columns = double(tile.shareColumns);
  double copies = width * 2 / double(tile.getNumThreads()) * kCopyCycles;
  double steps = 8 * (cycles * rows * columns + (rows + columns) / 2) + copies;
  double warps = double(numTiles * tile.getNumThreads()) / 32;
  double compute = warps / kParts * steps / std::min(1.0, warps / kBusyWarps);
  double memory = double(numTiles) * width * kSectorCycles;
  double cost = std::max(compute, memory) + 0.25 * std::min(compute, memory);
  return cost * double(depth) / 8;
}

//===----------------------------------------------------------------------===//
// Choice
//===----------------------------------------------------------------------===//

/// Few columns for each block, so that many read at once, and many loads.
static BlockTile getStreamTile(ContractOp op, int64_t multiprocessors,
                               int64_t numThreads) {
  if (numThreads == 0)
    numThreads = kStreamThreads;
  BlockTile tile{BlockTile::Stream, 0, 0, 0, 0, 0};
  ContractExtents typical(op);
  tile.rows = llvm::PowerOf2Ceil(typical.rows);
  tile.depth = std::max<int64_t>(2, 8 / tile.rows);
  tile.columns = ContractOp::kPanel;
  while (tile.columns < numThreads &&
         tile.getTypicalTiles(typical) >
             (multiprocessors > 1 ? kStreamBlocks * multiprocessors : 1))
    tile.columns *= 2;
  tile.slices = numThreads / (tile.columns / kCopyVector);
  return tile;
}

/// Whether tensor cores multiply \p op.
static bool usesTensorCores(ContractOp op) {
  return op.getQuads() ||
         (isOfFloats(op) && ContractExtents(op).rows >= kMinTensorRows);
}

/// The cycles of a multiprocessor in which its tiles' sums go to memory, of
/// \p depth's parts, and are read again in another launch.
static double estimateParts(const BlockTile &tile, int64_t numTiles) {
  if (tile.parts == 1)
    return 0;
  double bytes = double(numTiles * tile.rows * tile.columns) * sizeof(float);
  return kPhaseCycles + 2 * bytes / kL2BytesPerCycle;
}

/// The cycles of the multiprocessor that has most to do.
static double estimate(ContractOp op, const BlockTile &tile,
                       int64_t multiprocessors, Precision precision,
                       double slowness, double fmaCycles) {
  ContractExtents typical(op);
  int64_t numTiles = llvm::divideCeil(
      tile.getTypicalTiles(typical) * tile.parts, multiprocessors);
  if (tile.unit == BlockTile::Fma)
    return estimateFma(typical.depth, tile, numTiles, fmaCycles);
  // A task has one block, which computes one tile at a time.
  int64_t together =
      multiprocessors > 1 ? std::min(getResidentTiles(op, tile), numTiles) : 1;
  return estimateTensor(tile.getPartDepth(typical.depth), tile, numTiles,
                        together, op.getQuads() ? Precision::Tf32 : precision,
                        slowness) +
         estimateParts(tile, numTiles);
}

/// \p tile, and, with \p sharesDepth, the same with parts of \p op's depth for
/// as many blocks as are on all multiprocessors at once.
static SmallVector<BlockTile> getVariants(ContractOp op, const BlockTile &tile,
                                          int64_t multiprocessors,
                                          bool sharesDepth) {
  SmallVector<BlockTile> variants{tile};
  // Groups of four sums stay together.
  if (!sharesDepth || tile.unit != BlockTile::Tensor ||
      tile.rows * tile.columns / tile.getNumThreads() % 4 != 0)
    return variants;
  ContractExtents typical(op);
  int64_t stages = llvm::divideCeil(typical.depth, tile.depth);
  int64_t most = std::min({kMostParts, stages / kLeastPartStages,
                           multiprocessors * getResidentTiles(op, tile) /
                               tile.getTypicalTiles(typical)});
  for (int64_t parts = 2; parts <= most; ++parts) {
    // All parts have some steps: what the next number makes may be this again.
    int64_t used = llvm::divideCeil(stages, llvm::divideCeil(stages, parts));
    if (used == variants.back().parts)
      continue;
    variants.push_back(tile);
    variants.back().parts = used;
  }
  return variants;
}

/// What it takes to read columns once, which is most of the work.
static double estimateStream(ContractOp op, int64_t multiprocessors) {
  return double(op.getKTotal() * op.getN()) * sizeof(float) /
         (kMemoryBytesPerCycle * double(multiprocessors));
}

BlockTileChoice dlc::kernel::chooseBlockTile(ContractOp op,
                                             int64_t multiprocessors,
                                             int64_t numThreads,
                                             Precision precision,
                                             bool sharesDepth) {
  if (isOfFloats(op) && !usesTensorCores(op) && StreamContract::canLower(op))
    return {getStreamTile(op, multiprocessors, numThreads),
            estimateStream(op, multiprocessors)};
  std::optional<BlockTileChoice> choice;
  sharesDepth = sharesDepth && !TypicalExtents(op).isAnyDynamic();
  for (const BlockTile &tile :
       usesTensorCores(op) ? ArrayRef(kTensorTiles) : ArrayRef(kFmaTiles)) {
    if (numThreads && tile.getNumThreads() != numThreads)
      continue;
    for (const BlockTile &variant :
         getVariants(op, tile, multiprocessors, sharesDepth)) {
      double cycles = estimate(op, variant, multiprocessors, precision,
                               /*slowness=*/1, /*fmaCycles=*/2);
      if (!choice)
        choice = {variant, cycles};
      else if (cycles < choice->cycles)
        choice = {variant, cycles, choice->best, choice->cycles};
      else if (!choice->runnerUp || cycles < choice->runnerUpCycles)
        choice = {choice->best, choice->cycles, variant, cycles};
    }
  }
  assert(choice && "no tile for this number of threads");
  return *choice;
}

double dlc::kernel::estimateCycles(ContractOp op, device::GpuAttr gpu,
                                   Precision precision) {
  int64_t multiprocessors = gpu.getMultiprocessors();
  BlockTile tile =
      chooseBlockTile(op, multiprocessors, /*numThreads=*/0, precision,
                      /*sharesDepth=*/true)
          .best;
  if (tile.unit == BlockTile::Stream)
    return estimateStream(op, multiprocessors);
  return estimate(op, tile, multiprocessors, precision,
                  kMmaRate / double(gpu.getMmaRate()),
                  kWarp * kParts / double(gpu.getFmaRate()));
}
