// SPDX-License-Identifier: Apache-2.0
// Lowers convolutions to Winograd's minimal filtering: a task transforms a
// chunk of tiles, multiplies, and transforms the products.
#include "passes/lower/Winograd.h"
#include "passes/lower/PooledConvolution.h"

#include "dialects/graph/ConvolutionKind.h"
#include "dialects/graph/Inference.h"
#include "dialects/graph/Layout.h"
#include "dialects/graph/Scalar.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include <limits>

using namespace mlir;
using namespace dlc;
using namespace dlc::lower;
namespace scalar = dlc::graph::scalar;

using graph::getTensorType;
using graph::kChannelBlock;

static constexpr int64_t kPanel = kernel::ContractOp::kPanel;

//===----------------------------------------------------------------------===//
// One-dimensional transforms
//===----------------------------------------------------------------------===//

namespace {
/// Emits the transforms of one row or column; elements are scalars of f32.
class RowTransform {
public:
  RowTransform(OpBuilder &builder, Location loc) : builder(builder), loc(loc) {}

  /// B^T d: a row of inputs to as many points.
  SmallVector<Value> transformInput(ArrayRef<Value> d);
  /// A^T x: a row of points to \p count results.
  SmallVector<Value> transformOutput(ArrayRef<Value> x, int64_t count);

private:
  Value add(Value x, Value y) { return scalar::add(builder, loc, x, y); }
  Value sub(Value x, Value y) { return scalar::sub(builder, loc, x, y); }
  Value mul(double factor, Value x) {
    return scalar::mul(builder, loc, x, constant(factor));
  }
  /// factor * x + y
  Value fma(double factor, Value x, Value y) {
    return math::FmaOp::create(builder, loc, constant(factor), x, y);
  }
  Value constant(double value) {
    return scalar::constant(builder, loc, builder.getF32Type(), value);
  }

  OpBuilder &builder;
  Location loc;
};
} // namespace

SmallVector<Value> RowTransform::transformInput(ArrayRef<Value> d) {
  if (d.size() == 4)
    return {sub(d[0], d[2]), add(d[1], d[2]), sub(d[2], d[1]), sub(d[1], d[3])};
  constexpr double a = kWinogradA, b = kWinogradB, a2 = a * a, b2 = b * b;
  Value evenA = fma(-b2, d[2], d[4]), oddA = fma(-b2, d[1], d[3]);
  Value evenB = fma(-a2, d[2], d[4]), oddB = fma(-a2, d[1], d[3]);
  return {fma(a2 * b2, d[0], fma(-(a2 + b2), d[2], d[4])),
          fma(a, oddA, evenA),
          fma(-a, oddA, evenA),
          fma(b, oddB, evenB),
          fma(-b, oddB, evenB),
          fma(a2 * b2, d[1], fma(-(a2 + b2), d[3], d[5]))};
}

SmallVector<Value> RowTransform::transformOutput(ArrayRef<Value> x,
                                                 int64_t count) {
  Value evenA = add(x[1], x[2]), oddA = sub(x[1], x[2]);
  if (x.size() == 4)
    return {add(x[0], evenA), sub(oddA, x[3])};
  constexpr double a = kWinogradA, b = kWinogradB;
  Value evenB = add(x[3], x[4]), oddB = sub(x[3], x[4]);
  if (count == 2)
    return {add(x[0], add(evenA, evenB)), fma(b, oddB, fma(a, oddA, x[5]))};
  return {add(x[0], add(evenA, evenB)), fma(b, oddB, mul(a, oddA)),
          fma(b * b, evenB, mul(a * a, evenA)),
          fma(b * b * b, oddB, fma(a * a * a, oddA, x[5]))};
}

//===----------------------------------------------------------------------===//
// The kernel
//===----------------------------------------------------------------------===//

namespace {
/// How the work is cut into tasks: chunks of tiles times chunks of panels.
struct Chunks {
  int64_t tiles;      ///< of a chunk
  int64_t tileChunks; ///< the last one may have fewer tiles
  int64_t panels;     ///< of a chunk
  int64_t panelChunks;
};

class WinogradLowering {
public:
  WinogradLowering(GroupLowering &lowering, graph::ConvOp op, bool wholePanels);

  LogicalResult run();

private:
  using Indices = GroupLowering::Indices;

  double getTaskNs(const Chunks &chunks);
  Chunks chooseChunks();
  /// Opens a loop over the tiles of the task's chunk, which closeLoop() ends;
  /// sets `tile`, `image`, `tileRow` and `tileColumn`.
  void openTiles();
  LogicalResult transformInput();
  void multiply();
  /// Transforms the products of \p blocks blocks of \p lanes outputs, from
  /// block \p first of the chunk on.
  LogicalResult transformOutput(int64_t first, int64_t blocks, int64_t lanes);
  AffineExpr openBelow(AffineExpr first, int64_t count, int64_t extent,
                       bool isWhole);
  /// Opens a loop over the \p count rows of a tile, of \p extent in the plane.
  AffineExpr openRows(int64_t count, int64_t extent) {
    return openBelow(tileRow * count, count, extent, rows * count == extent);
  }
  LogicalResult finishRow(AffineExpr output, AffineExpr row, AffineExpr lane);
  LogicalResult poolTile(AffineExpr block, int64_t lanes);
  void zeroHalo();
  /// Whether there may be more than one chunk of tiles.
  bool hasTileChunks() {
    return chunks.tileChunks > 1 || lowering.decisions.isForManySizes();
  }
  Value makeScratch(ArrayRef<int64_t> shape) {
    return kernel::ScratchOp::create(b, loc,
                                     MemRefType::get(shape, b.getF32Type()));
  }
  Value emitLess(AffineExpr lhs, int64_t rhs);

  GroupLowering &lowering;
  ElementEmitter &emitter;
  OpBuilder &b;
  graph::ConvOp op;
  Location loc;
  bool wholePanels;
  int64_t m, points;
  int64_t channels, channelBlocks, outputs, panels;
  int64_t height, width, rows, columns, numTiles;
  Chunks chunks;

  Value transformed; ///< scratch [block of channels][points^2][tile][16]
  Value products;    ///< scratch [panel][points^2][tile][16]
  Value square;      ///< scratch [points][points][16], a tile between passes
  Value results;     ///< scratch [1][1][m][m][16], a tile to be pooled, or null
  AffineExpr tileChunk, panelChunk; ///< of the task
  AffineExpr tile;                  ///< in the chunk
  AffineExpr image, tileRow, tileColumn;
};
} // namespace

//===----------------------------------------------------------------------===//
// Chunks
//===----------------------------------------------------------------------===//

// Of one typical core; graph-choose-winograd has two. The weights of a chunk
// come from a cache behind L2.
static constexpr double kFlopsPerNs = 80;
static constexpr double kFarBytesPerNs = 24;
static constexpr double kTransformNs[] = {1.6, 4}; ///< of 4 and of 6 points
/// What a task may keep in L2, and have in all: scratch is memory that each
/// thread needs.
static constexpr int64_t kNearBytes = 640 << 10;
static constexpr int64_t kMaxScratch = 4 << 20;
static constexpr int64_t kMaxTileChunks = 256, kMaxPanelChunks = 8;

/// The time of a task.
double WinogradLowering::getTaskNs(const Chunks &chunks) {
  double area = double(points * points);
  double inputs = double(channelBlocks * kChannelBlock);
  double outputs = double(chunks.panels * kPanel);
  double tiles = double(chunks.tiles);
  double products = 2 * area * tiles * inputs * outputs / kFlopsPerNs;
  double weights = 4 * area * inputs * outputs / kFarBytesPerNs;
  double scratch = 4 * area * tiles * (inputs + outputs);
  double spilled = std::max(0.0, scratch - kNearBytes) / kFarBytesPerNs;
  return std::max(products, weights) + std::min(products, weights) / 4 +
         spilled + tiles * (inputs + outputs) * kTransformNs[points == 6];
}

/// The chunks with the least time for one, two and four threads together.
Chunks WinogradLowering::chooseChunks() {
  Chunks best{numTiles, 1, panels, 1};
  double bestNs = std::numeric_limits<double>::max();
  for (int64_t panelChunks = 1; panelChunks <= kMaxPanelChunks; ++panelChunks) {
    // The last panel has code of its own where it isn't whole.
    if (panels % panelChunks != 0 || (panelChunks > 1 && !wholePanels))
      continue;
    for (int64_t count = 1; count <= std::min(kMaxTileChunks, numTiles);
         ++count) {
      Chunks chunks{(numTiles + count - 1) / count, 0, panels / panelChunks,
                    panelChunks};
      chunks.tileChunks = (numTiles + chunks.tiles - 1) / chunks.tiles;
      int64_t scratch =
          4 * points * points * chunks.tiles *
          (channelBlocks * kChannelBlock + chunks.panels * kPanel);
      if (scratch > kMaxScratch && chunks.tiles > 1)
        continue;
      int64_t tasks = chunks.tileChunks * panelChunks;
      double ns = 0;
      for (int64_t threads : {1, 2, 4})
        ns += double((tasks + threads - 1) / threads * threads);
      ns *= getTaskNs(chunks);
      if (ns < bestNs) {
        bestNs = ns;
        best = chunks;
      }
    }
  }
  return best;
}

WinogradLowering::WinogradLowering(GroupLowering &lowering, graph::ConvOp op,
                                   bool wholePanels)
    : lowering(lowering), emitter(lowering.emitter), b(lowering.builder),
      op(op), loc(op.getLoc()), wholePanels(wholePanels) {
  ArrayRef<int64_t> output = getTensorType(op.getResult()).getShape();
  m = *op.getWinograd();
  points = m + getTensorType(op.getFilter()).getDimSize(2) - 1;
  channels = getTensorType(op.getInput()).getDimSize(1);
  channelBlocks = (channels + kChannelBlock - 1) / kChannelBlock;
  outputs = output[1];
  panels = (outputs + kPanel - 1) / kPanel;
  height = output[2];
  width = output[3];
  rows = graph::getWinogradTiles(height, m);
  columns = graph::getWinogradTiles(width, m);
  numTiles = output[0] * rows * columns;
  if (outputs % kPanel == 0)
    this->wholePanels = true;
  graph::Decisions &decisions = lowering.decisions;
  int64_t allTiles = numTiles;
  // Tiles of a chunk that aren't there are multiplied all the same: no chunk is
  // larger than one image, of which there may be one only.
  if (decisions.isForManySizes())
    numTiles = rows * columns;
  chunks = chooseChunks();
  numTiles = allTiles;
  chunks.tiles = decisions.decide(chunks.tiles);
  chunks.tileChunks = (numTiles + chunks.tiles - 1) / chunks.tiles;
  chunks.panelChunks = decisions.decide(chunks.panelChunks);
  chunks.panels = panels / chunks.panelChunks;
}

Value WinogradLowering::emitLess(AffineExpr lhs, int64_t rhs) {
  return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult,
                               emitter.emitIndex(loc, lhs),
                               arith::ConstantIndexOp::create(b, loc, rhs));
}

/// Opens a loop over \p count places from \p first on that ends at \p extent;
/// all of them are below that if \p isWhole.
AffineExpr WinogradLowering::openBelow(AffineExpr first, int64_t count,
                                       int64_t extent, bool isWhole) {
  if (isWhole && !lowering.decisions.isForManySizes())
    return lowering.openLoop(loc, count).front();
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(b, loc, value);
  };
  Value left = arith::SubIOp::create(b, loc, constant(extent),
                                     emitter.emitIndex(loc, first));
  Value bound = arith::MinUIOp::create(b, loc, left, constant(count));
  return lowering.openBoundedLoop(loc, bound, count);
}

void WinogradLowering::openTiles() {
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(b, loc, value);
  };
  AffineExpr first = tileChunk * chunks.tiles;
  tile = openBelow(first, chunks.tiles, numTiles, numTiles % chunks.tiles == 0);
  // The divisions once, not in each access.
  Value linear = emitter.emitIndex(loc, first + tile);
  auto split = [&](int64_t extent, int64_t count) {
    Value rest = arith::RemUIOp::create(b, loc, linear, constant(extent));
    linear = arith::DivUIOp::create(b, loc, linear, constant(extent));
    return emitter.addIndex(rest, count);
  };
  tileColumn = split(columns, columns);
  tileRow = split(rows, rows);
  image = emitter.addIndex(linear, numTiles / (rows * columns));
}

LogicalResult WinogradLowering::transformInput() {
  RowTransform transform(b, loc);
  auto input = getTensorType(op.getInput());
  AffineExpr block = lowering.openLoop(loc, channelBlocks).front();
  openTiles();
  // Columns into the square, then rows out of it.
  AffineExpr column = lowering.openLoop(loc, points).front();
  AffineExpr lane = lowering.openVectorLoop(loc, kChannelBlock);
  SmallVector<Value> elements;
  for (int64_t i = 0; i < points; ++i)
    elements.push_back(
        emitter.load(loc, emitter.getBuffer(op.getInput()), input,
                     {image, block * kChannelBlock + lane,
                      tileRow * m + i - op.getPadLow()[0],
                      tileColumn * m + column - op.getPadLow()[1]}));
  for (auto [i, value] : llvm::enumerate(transform.transformInput(elements)))
    emitter.storePhysical(loc, value, square,
                          {emitter.constant(i), column, lane});
  lowering.closeLoop();
  lowering.closeLoop();

  AffineExpr row = lowering.openLoop(loc, points).front();
  lane = lowering.openVectorLoop(loc, kChannelBlock);
  elements.clear();
  for (int64_t i = 0; i < points; ++i)
    elements.push_back(
        emitter.loadPhysical(loc, square, {row, emitter.constant(i), lane}));
  for (auto [i, value] : llvm::enumerate(transform.transformInput(elements)))
    emitter.storePhysical(loc, value, transformed,
                          {block, row * points + i, tile, lane});
  for (int i = 0; i < 4; ++i)
    lowering.closeLoop();
  return success();
}

/// The products of each point: tiles times outputs, summed over channels.
void WinogradLowering::multiply() {
  MLIRContext *context = b.getContext();
  auto dim = [&](unsigned i) { return getAffineDimExpr(i, context); };
  bool isSplit = chunks.panelChunks > 1;
  SmallVector<Value> symbols;
  AffineExpr panel = dim(1);
  if (isSplit) {
    symbols.push_back(emitter.emitIndex(loc, panelChunk));
    panel = getAffineSymbolExpr(0, context) * chunks.panels + panel;
  }
  unsigned numSymbols = symbols.size();
  int64_t tail = channels % kChannelBlock;
  auto contract = kernel::ContractOp::create(
      b, loc, transformed, emitter.getBuffer(op.getFilter()), products,
      ArrayRef<int64_t>{points * points}, chunks.tiles, chunks.panels * kPanel,
      ArrayRef<int64_t>{channelBlocks, kChannelBlock},
      tail ? b.getI64IntegerAttr(tail) : IntegerAttr(),
      // point, tile, block, channel
      AffineMap::get(4, numSymbols, {dim(2), dim(0), dim(1), dim(3)}, context),
      // point, panel, channel, lane
      AffineMap::get(4, numSymbols, {dim(0), panel, dim(2), dim(3)}, context),
      // point, tile, panel, lane
      AffineMap::get(4, numSymbols, {dim(2), dim(0), dim(1), dim(3)}, context),
      /*packed=*/true, /*whole_panels=*/true, symbols,
      /*schedules=*/ArrayAttr());
  Block &epilogue = contract.getEpilogue().emplaceBlock();
  Type index = b.getIndexType();
  epilogue.addArguments({index, index, index, index, b.getF32Type()},
                        SmallVector<Location>(5, loc));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(&epilogue);
  kernel::YieldOp::create(b, loc, epilogue.getArguments().back());
}

LogicalResult WinogradLowering::transformOutput(int64_t first, int64_t blocks,
                                                int64_t lanes) {
  RowTransform transform(b, loc);
  AffineExpr block = lowering.openLoop(loc, blocks).front() + first;
  openTiles();
  AffineExpr column = lowering.openLoop(loc, points).front();
  AffineExpr lane = lowering.openVectorLoop(loc, lanes);
  SmallVector<Value> elements;
  for (int64_t i = 0; i < points; ++i)
    elements.push_back(emitter.loadPhysical(
        loc, products, {block, column + i * points, tile, lane}));
  for (auto [i, value] :
       llvm::enumerate(transform.transformOutput(elements, m)))
    emitter.storePhysical(loc, value, square,
                          {emitter.constant(i), column, lane});
  lowering.closeLoop();
  lowering.closeLoop();

  AffineExpr output = (panelChunk * chunks.panels + block) * kPanel;
  // Of a tile that is pooled all rows are computed, for the rest is skipped.
  AffineExpr row =
      results ? lowering.openLoop(loc, m).front() : openRows(m, height);
  lane = lowering.openVectorLoop(loc, lanes);
  if (failed(finishRow(output + lane, row, lane)))
    return failure();
  lowering.closeLoop();
  lowering.closeLoop();
  if (results && failed(poolTile(output, lanes)))
    return failure();
  lowering.closeLoop();
  lowering.closeLoop();
  return success();
}

/// Computes the row \p row of a tile; stores it to `results`, or finishes it.
LogicalResult WinogradLowering::finishRow(AffineExpr output, AffineExpr row,
                                          AffineExpr lane) {
  SmallVector<Value> elements;
  for (int64_t i = 0; i < points; ++i)
    elements.push_back(
        emitter.loadPhysical(loc, square, {row, emitter.constant(i), lane}));
  elements = RowTransform(b, loc).transformOutput(elements, m);
  if (op.getBias()) {
    Value bias =
        emitter.loadPhysical(loc, emitter.getBuffer(op.getBias()), output);
    for (Value &element : elements)
      element = scalar::add(b, loc, element, bias);
  }
  AffineExpr zero = emitter.constant(0);
  for (int64_t i = 0; i < m; ++i) {
    if (results) {
      emitter.storePhysical(loc, elements[i], results,
                            {zero, zero, row, emitter.constant(i), lane});
      continue;
    }
    AffineExpr column = tileColumn * m + i;
    bool isBounded = (width % m != 0 && i >= width % m) ||
                     lowering.decisions.isForManySizes();
    if (isBounded)
      lowering.openIf(loc, emitLess(column, width));
    {
      ElementEmitter::Scope scope(emitter);
      emitter.setElement(op.getResult(), elements[i]);
      if (failed(
              lowering.finish(loc, {image, output, tileRow * m + row, column})))
        return failure();
    }
    if (isBounded)
      lowering.closeLoop();
  }
  return success();
}

/// Pools `results`, a tile of \p lanes outputs from \p output on.
LogicalResult WinogradLowering::poolTile(AffineExpr output, int64_t lanes) {
  ArrayRef<int64_t> pooled =
      getTensorType(lowering.getPool().getResult()).getShape();
  int64_t count = m / lowering.getPool().getKernel().front();
  AffineExpr row = openRows(count, pooled[2]);
  AffineExpr lane = lowering.openVectorLoop(loc, lanes);
  AffineExpr zero = emitter.constant(0);
  for (int64_t i = 0; i < count; ++i) {
    AffineExpr column = tileColumn * count + i;
    bool isBounded = i >= pooled[3] - (columns - 1) * count ||
                     lowering.decisions.isForManySizes();
    if (isBounded)
      lowering.openIf(loc, emitLess(column, pooled[3]));
    if (failed(finishPooled(
            lowering, {zero, lane, row, emitter.constant(i)},
            {image, output + lane, tileRow * count + row, column})))
      return failure();
    if (isBounded)
      lowering.closeLoop();
  }
  lowering.closeLoop();
  lowering.closeLoop();
  return success();
}

/// The tasks of the first chunk of tiles zero the halo of their panels.
void WinogradLowering::zeroHalo() {
  if (!lowering.hasHalo())
    return;
  if (hasTileChunks())
    lowering.openIf(loc, emitLess(tileChunk, 1));
  int64_t images = numTiles / (rows * columns);
  Indices plane = lowering.openLoop(loc, {images, chunks.panels});
  plane[1] = panelChunk * chunks.panels + plane[1];
  lowering.zeroHaloOfPlane(loc, 0, plane);
  lowering.closeLoop();
  if (hasTileChunks())
    lowering.closeLoop();
}

LogicalResult WinogradLowering::run() {
  // A tile is read as a whole.
  auto input = getTensorType(op.getInput());
  graph::BlockedLayoutAttr layout = graph::getLayout(input);
  int64_t extents[] = {(rows - 1) * m + points, (columns - 1) * m + points};
  for (int i = 0; i < 2; ++i)
    if (!layout || layout.getBlock() != kChannelBlock ||
        layout.getHaloLow()[i] < op.getPadLow()[i] ||
        input.getDimSize(2 + i) + layout.getHaloHigh()[i] + op.getPadLow()[i] <
            extents[i])
      return op.emitOpError("requires an input in blocks of 16 channels, with "
                            "a halo that reaches whole tiles, for 'winograd'");
  Indices task =
      lowering.openTasks(loc, {chunks.tileChunks, chunks.panelChunks});
  tileChunk = emitter.simplify(task[0]);
  panelChunk = emitter.simplify(task[1]);
  if (chunks.panelChunks == 1)
    panelChunk = emitter.constant(0);
  if (!hasTileChunks())
    tileChunk = emitter.constant(0);
  // A tile's points lie an odd number of cache lines apart, else they would
  // evict each other.
  int64_t area = points * points, stride = chunks.tiles | 1;
  transformed = makeScratch({channelBlocks, area, stride, kChannelBlock});
  products = makeScratch({chunks.panels, area, stride, kPanel});
  square = makeScratch({points, points, kPanel});
  if (lowering.getPool()) {
    results = makeScratch({1, 1, m, m, kPanel});
    emitter.setBuffer(op.getResult(), results);
  }
  zeroHalo();
  if (failed(transformInput()))
    return failure();
  multiply();
  int64_t tail = wholePanels ? 0 : outputs % kPanel;
  int64_t whole = chunks.panels - (tail > 0);
  if (whole && failed(transformOutput(0, whole, kPanel)))
    return failure();
  if (tail && failed(transformOutput(whole, 1, tail)))
    return failure();
  lowering.closeSection();
  return success();
}

LogicalResult dlc::lower::lowerWinograd(GroupLowering &lowering,
                                        graph::ConvOp op, bool wholePanels) {
  return WinogradLowering(lowering, op, wholePanels).run();
}
