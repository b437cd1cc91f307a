// SPDX-License-Identifier: Apache-2.0
// Which part of an attention a block computes.
#include "passes/gpu/AttentionTile.h"

#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "passes/kernel/TypicalExtents.h"
#include <numeric>

using namespace mlir;
using namespace dlc::kernel;

/// Columns of the result whose sums are still in registers.
static constexpr int64_t kMaxColumns = 128;
/// Registers that there are for sums, scores and queries, and loads of a score
/// that are under way.
static constexpr int64_t kMaxRegisters = 112, kLoadsAhead = 4;

// Cycles of a multiprocessor (H100), whose parts run a warp each at a time.
static constexpr double kParts = 4;
/// A product of 16 x 8 x 8 on all four parts' tensor cores: three of tf32.
static constexpr double kProductCycles = 4.8;
/// Instructions of a product with the loads and splitting of one factor, of
/// splitting eight columns of 16 queries, and of turning 16 x 8 scores into
/// weights; to copy 16 bytes, and to merge eight columns of a warp's results.
static constexpr double kProductInstructions = 9, kQueryInstructions = 13,
                        kWeightInstructions = 48, kCopyInstructions = 3,
                        kMergeInstructions = 24;
/// Bytes that a cycle brings from or to shared memory, and from L2 for each of
/// all multiprocessors.
static constexpr double kSharedBytes = 128, kL2Bytes = 40;
/// Waiting for a tile of keys, and for memory at the beginning and the end.
static constexpr double kTileLatency = 100, kBlockLatency = 1000;
/// Blocks of a multiprocessor that registers are enough for, about.
static constexpr int64_t kResidentBlocks = 4;

AttentionExtents::AttentionExtents(AttendOp op) {
  TypicalExtents typical(op);
  unsigned i = 0;
  for (int64_t extent : op.getBatch())
    batch *= typical.get(i++, extent);
  hasDynamicRows = typical.isDynamic(i);
  rows = typical.get(i++, op.getM());
  hasDynamicKeys = typical.isDynamic(i);
  keys = typical.get(i++, op.getN());
  hasDynamicColumns = typical.isDynamic(i) || typical.isDynamic(i + 1);
}

SmallVector<GridTerm> AttentionTile::getNumBlocks(AttendOp op) const {
  TypicalExtents typical(op);
  SmallVector<GridTerm> counts;
  for (auto [i, extent] : llvm::enumerate(op.getBatch()))
    counts.push_back({{{extent}}, typical.isDynamic(i)});
  counts.push_back(
      {{{int64_t(op.getM()), getRows()}}, AttentionExtents(op).hasDynamicRows});
  return counts;
}

GridTerm AttentionTile::getNumTiles(AttendOp op) const {
  return {{{int64_t(op.getN()), getKeys()}},
          AttentionExtents(op).hasDynamicKeys};
}

SmallVector<int64_t> dlc::kernel::computeAttentionTraits(AttendOp op) {
  return {hasWholeRows(op.getQueries(), op.getQueriesMap(), op.getD()),
          hasWholeRows(op.getKeys(), op.getKeysMap(), op.getD()),
          hasWholeRows(op.getValues(), op.getValuesMap(), op.getE())};
}

SmallVector<int64_t> dlc::kernel::getAttentionTraits(AttendOp op) {
  if (auto traits = op->getAttrOfType<DenseI64ArrayAttr>(kTraitsAttr))
    return llvm::to_vector(traits.asArrayRef());
  return computeAttentionTraits(op);
}

AttentionMemory::AttentionMemory(AttendOp op, const AttentionTile &tile,
                                 bool isNarrow) {
  int64_t depth = isNarrow ? 16 : 8;
  queryWidth = llvm::alignTo(op.getD(), depth);
  // Lanes read from different banks: rows of 16 bytes, and single elements of
  // every second row.
  queryPitch = queryWidth + kDepthPadding;
  valueWidth = llvm::alignTo(op.getE(), kPieceColumns);
  valuePitch = valueWidth + 4;
  partialPitch = llvm::alignTo(valueWidth, 16) + 8;
  keysStart = tile.getRows() * queryPitch;
  valuesStart = keysStart + tile.getKeys() * queryPitch;
  int64_t end = valuesStart + tile.getKeys() * valuePitch;
  int64_t partial =
      tile.keyWarps > 1 ? tile.keyWarps * tile.getRows() * partialPitch : 0;
  numElements = std::max(end, partial);
  numStatistics = tile.keyWarps > 1 ? tile.keyWarps * tile.getRows() : 0;
}

/// Whether a multiprocessor's tensor cores compute \p op.
static bool canUseTensorCores(AttendOp op) {
  auto isF32 = [](Type type) { return getElementTypeOrSelf(type).isF32(); };
  AttentionExtents typical(op);
  return typical.rows >= kMinTensorRows && int64_t(op.getE()) <= kMaxColumns &&
         !typical.hasDynamicColumns && isF32(op.getQueries().getType()) &&
         isF32(op.getKeys().getType()) && isF32(op.getValues().getType()) &&
         op.getScore().front().getArguments().back().getType().isF32() &&
         op.getEpilogue().front().getArguments().back().getType().isF32();
}

/// Registers of a lane for sums and scores, and for what each score is made
/// from: it is loaded before it is needed.
static int64_t getRegisters(AttendOp op, const AttentionTile &tile,
                            const AttentionMemory &memory) {
  int64_t loads = 0;
  for (Region *region : {&op.getScore(), &op.getWeight()})
    region->walk([&](LoadOp) { ++loads; });
  return memory.valueWidth / 2 +
         4 * tile.pieces * (1 + std::min(loads, kLoadsAhead));
}

bool dlc::kernel::keepsQueries(AttendOp op, const AttentionTile &tile,
                               const AttentionMemory &memory) {
  return AttentionExtents(op).keys > tile.getKeys() &&
         getRegisters(op, tile, memory) + memory.queryWidth <= kMaxRegisters;
}

/// Cycles of the multiprocessor that has most to do.
static double estimate(AttendOp op, const AttentionTile &tile,
                       const AttentionMemory &memory, int64_t multiprocessors,
                       int64_t sharedBytes) {
  double depth = double(memory.queryWidth) / 8;
  double columns = double(memory.valueWidth) / 8;
  AttentionExtents typical(op);
  int64_t numTiles = llvm::divideCeil(typical.keys, tile.getKeys());
  int64_t numBlocks =
      typical.batch * llvm::divideCeil(typical.rows, tile.getRows());
  double tiles = double(numTiles), keys = double(numTiles * tile.getKeys());
  double rows = double(tile.getRows()), keyWarps = double(tile.keyWarps);
  double warps = double(tile.getNumThreads()) / 32;
  bool isMerged = tile.keyWarps > 1;
  // Of a block: pieces of 16 x 8 scores, times that queries are loaded, bytes
  // that are copied.
  double pieces = rows / 16 * keys / 8;
  double loads =
      rows / 16 * keyWarps * (keepsQueries(op, tile, memory) ? 1 : tiles);
  double bytes = 32 * (keys * (depth + columns) + rows * (depth + columns));

  double tensor = pieces * (depth + columns) * kProductCycles;
  double instructions =
      pieces *
          ((depth + columns) * kProductInstructions + kWeightInstructions) +
      loads * depth * kQueryInstructions + bytes / 16 / 32 * kCopyInstructions;
  double shared = bytes + rows / 16 * keys * (depth + columns) * 32 +
                  loads * depth * 16 * 32;
  if (isMerged) {
    instructions += warps * columns * kMergeInstructions;
    shared += 2 * warps * columns * 16 * 32;
  }
  auto blocks = double(llvm::divideCeil(numBlocks, multiprocessors));
  double resident = std::min({blocks, double(sharedBytes / memory.getBytes()),
                              double(kResidentBlocks)});
  // Warps that don't come in fours leave parts without work.
  double used = resident * warps / kParts;
  used /= std::ceil(used);
  double terms[] = {
      blocks * tensor / used, blocks * instructions / kParts / used,
      blocks * shared / kSharedBytes,
      double(numBlocks) * bytes / double(multiprocessors) / kL2Bytes};
  double longest = *llvm::max_element(terms);
  double sum = std::accumulate(std::begin(terms), std::end(terms), 0.0);
  double latency = std::ceil(blocks / resident) * kBlockLatency +
                   blocks / resident * tiles * kTileLatency;
  return longest + 0.25 * (sum - longest) + latency;
}

std::optional<AttentionTile>
dlc::kernel::chooseAttentionTile(AttendOp op, int64_t multiprocessors,
                                 int64_t sharedBytes, Precision precision) {
  if (!canUseTensorCores(op))
    return std::nullopt;
  bool isNarrow =
      precision == Precision::Float16 || precision == Precision::BFloat16;
  std::optional<AttentionTile> best;
  double bestCost = 0;
  for (int64_t rowWarps : {1, 2, 4, 8})
    for (int64_t keyWarps : {1, 2, 4, 8})
      for (int64_t pieces : {2, 4, 8}) {
        AttentionTile tile{rowWarps, keyWarps, pieces};
        AttentionMemory memory(op, tile, isNarrow);
        if (tile.getNumThreads() > 256 || memory.getBytes() > sharedBytes ||
            getRegisters(op, tile, memory) > kMaxRegisters)
          continue;
        double cost = estimate(op, tile, memory, multiprocessors, sharedBytes);
        if (!best || cost < bestCost) {
          best = tile;
          bestCost = cost;
        }
      }
  return best;
}
