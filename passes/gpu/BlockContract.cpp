// SPDX-License-Identifier: Apache-2.0
// Contractions as tiles of blocks.
#include "passes/gpu/BlockContract.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace dlc::kernel;

/// Elements of a thread that lie next to each other: what one load of 16 bytes
/// brings.
static constexpr int64_t kVector = 4;

static int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

//===----------------------------------------------------------------------===//
// The tile
//===----------------------------------------------------------------------===//

static constexpr BlockTile kTiles[] = {
    // 256 threads
    {128, 128, 8, 8, 8},
    {128, 64, 8, 8, 4},
    {64, 128, 8, 4, 8},
    {64, 64, 16, 4, 4},
    {32, 64, 16, 2, 4},
    {16, 128, 16, 2, 4},
    // 128
    {64, 64, 16, 8, 4},
    {32, 64, 16, 4, 4},
    {64, 32, 16, 4, 4},
    {16, 128, 16, 4, 4},
    {32, 32, 16, 2, 4},
    {16, 64, 16, 2, 4},
    // 64
    {32, 32, 16, 4, 4},
    {16, 64, 16, 4, 4},
    {16, 32, 16, 2, 4},
    {4, 64, 32, 1, 4},
    // 32
    {16, 32, 16, 4, 4},
    {16, 16, 16, 2, 4},
    {4, 32, 32, 1, 4},
};

static int64_t getProduct(ArrayRef<int64_t> extents) {
  int64_t product = 1;
  for (int64_t extent : extents)
    product *= extent;
  return product;
}

BlockTile dlc::kernel::chooseBlockTile(ContractOp op, int64_t multiprocessors,
                                       int64_t numThreads) {
  const BlockTile *best = nullptr;
  double bestCost = 0;
  for (const BlockTile &tile : kTiles) {
    if (numThreads && tile.getNumThreads() != numThreads)
      continue;
    int64_t blocks = getProduct(op.getBatch()) * ceilDiv(op.getM(), tile.rows) *
                     ceilDiv(op.getN(), tile.columns);
    // A multiprocessor has four schedulers of a warp each: smaller blocks
    // leave some without work unless there are several.
    int64_t together = std::max<int64_t>(1, 256 / tile.getNumThreads());
    double waves = double(ceilDiv(blocks, multiprocessors * together));
    // Multiply-adds and the loads from shared memory that feed them.
    double work = double(tile.threadRows * tile.threadColumns) +
                  (tile.threadRows + tile.threadColumns);
    double cost = waves * work;
    if (!best || cost < bestCost) {
      best = &tile;
      bestCost = cost;
    }
  }
  assert(best && "no tile for this number of threads");
  return *best;
}

//===----------------------------------------------------------------------===//
// Addresses
//===----------------------------------------------------------------------===//

BlockContract::BlockContract(ContractOp op, const BlockTile &tile,
                             BlockEmitter &emitter)
    : op(op), tile(tile), emitter(emitter), builder(emitter.getBuilder()),
      loc(op.getLoc()) {
  auto lhs = cast<MemRefType>(op.getLhs().getType());
  auto rhs = cast<MemRefType>(op.getRhs().getType());
  lhsOffset = BodyEmitter::linearize(lhs, op.getLhsMap());
  rhsOffset = BodyEmitter::linearize(rhs, op.getRhsMap());
  lhsType = lhs.getElementType();
  rhsType = rhs.getElementType();
  sumType = op.getEpilogue().front().getArguments().back().getType();
}

LogicalResult BlockContract::analyze() {
  unsigned numBatch = op.getBatch().size(), numK = op.getK().size();
  auto getStrides = [&](AffineExpr offset, unsigned first, unsigned count,
                        unsigned numDims, SmallVectorImpl<int64_t> &strides) {
    for (unsigned i = 0; i < count; ++i) {
      auto stride = BodyEmitter::getStride(offset, first + i, numDims);
      if (!stride)
        return false;
      strides.push_back(*stride);
    }
    return true;
  };
  lhsStrides.clear();
  rhsStrides.clear();
  bool isLinear =
      getStrides(lhsOffset, numBatch + 1, numK, op.getLhsMap().getNumDims(),
                 lhsStrides) &&
      (op.getPacked() ? getStrides(rhsOffset, numBatch + 1, 1,
                                   op.getRhsMap().getNumDims(), rhsStrides)
                      : getStrides(rhsOffset, numBatch, numK,
                                   op.getRhsMap().getNumDims(), rhsStrides));
  if (!isLinear)
    return op.emitOpError("requires its maps to be linear in k");
  return success();
}

int64_t BlockContract::getNumTiles() const {
  ContractOp contract = op;
  return getProduct(contract.getBatch()) * ceilDiv(contract.getM(), tile.rows) *
         ceilDiv(contract.getN(), tile.columns);
}

Value BlockContract::isLess(Value value, int64_t bound) {
  return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult, value,
                               constant(bound));
}

Value BlockContract::both(Value a, Value b) {
  if (!a || !b)
    return a ? a : b;
  return arith::AndIOp::create(builder, loc, a, b);
}

/// Tiles of the same columns follow each other: what they read of rhs is in L2
/// then.
BlockContract::Position BlockContract::getPosition(Value index) {
  SmallVector<int64_t> extents(op.getBatch());
  extents.push_back(ceilDiv(op.getN(), tile.columns));
  extents.push_back(ceilDiv(op.getM(), tile.rows));
  SmallVector<Value> digits = emitter.delinearize(loc, index, extents);
  Position at;
  at.row = emitter.multiply(loc, digits.pop_back_val(), constant(tile.rows));
  at.column =
      emitter.multiply(loc, digits.pop_back_val(), constant(tile.columns));
  at.batch = std::move(digits);
  return at;
}

std::pair<SmallVector<Value>, Value> BlockContract::getDepth(Value step) {
  int64_t total = op.getKTotal();
  SmallVector<int64_t> extents(op.getK());
  SmallVector<Value> k = emitter.delinearize(loc, step, extents);
  if (std::optional<uint64_t> tail = op.getKTail()) {
    // The last block of the first extent counts fewer steps.
    int64_t whole = getProduct(op.getK()) / extents[0] * (extents[0] - 1);
    Value isWhole = isLess(step, whole);
    Value rest = arith::SubIOp::create(builder, loc, step, constant(whole));
    extents[0] = 1;
    extents.back() = *tail;
    SmallVector<Value> last = emitter.delinearize(loc, rest, extents);
    last[0] = constant(op.getK()[0] - 1);
    for (auto [a, b] : llvm::zip(k, last))
      a = arith::SelectOp::create(builder, loc, isWhole, a, b);
  }
  return {k, total % tile.depth == 0 ? Value() : isLess(step, total)};
}

//===----------------------------------------------------------------------===//
// Copies
//===----------------------------------------------------------------------===//

SmallVector<BlockContract::Copy> BlockContract::planCopies(const Position &at,
                                                           bool isLhs) {
  int64_t width = isLhs ? tile.rows : tile.columns;
  int64_t extent = isLhs ? op.getM() : op.getN();
  unsigned numK = op.getK().size();
  // Neighbouring threads read what lies side by side.
  bool isStepFirst = isLhs ? lhsStrides.back() == 1
                           : !op.getPacked() && rhsStrides.back() == 1;
  int64_t numThreads = emitter.getNumThreads();
  SmallVector<Copy> copies;
  for (int64_t first = 0; first < width * tile.depth; first += numThreads) {
    Value number = emitter.add(loc, emitter.getThread(), constant(first));
    SmallVector<Value> digits =
        emitter.delinearize(loc, number,
                            isStepFirst ? ArrayRef<int64_t>{width, tile.depth}
                                        : ArrayRef<int64_t>{tile.depth, width});
    Value across = digits[isStepFirst ? 0 : 1];
    Copy copy;
    copy.step = digits[isStepFirst ? 1 : 0];
    copy.place = emitter.add(
        loc, emitter.multiply(loc, copy.step, constant(width)), across);
    Value index = emitter.add(loc, isLhs ? at.row : at.column, across);
    if (extent % width != 0)
      copy.inBounds = isLess(index, extent);
    if (width * tile.depth - first < numThreads)
      copy.inBounds = both(copy.inBounds, isLess(number, width * tile.depth));
    SmallVector<Value> dims(at.batch);
    SmallVector<Value> zeros(numK, constant(0)), symbols;
    for (Value symbol : op.getSymbols())
      symbols.push_back(emitter.lookup(symbol));
    if (isLhs) {
      dims.push_back(index);
      dims.append(zeros);
    } else {
      Value panel = constant(ContractOp::kPanel);
      Value lane = arith::RemUIOp::create(builder, loc, index, panel);
      panel = arith::DivUIOp::create(builder, loc, index, panel);
      if (op.getPacked())
        dims.append({panel, constant(0), lane});
      else {
        dims.append(zeros);
        dims.append({panel, lane});
      }
    }
    copy.base =
        emitter.emitIndex(loc, isLhs ? lhsOffset : rhsOffset, dims, symbols);
    copies.push_back(copy);
  }
  return copies;
}

Value BlockContract::loadElement(const Copy &copy, Value firstStep,
                                 bool isLhs) {
  Value step = emitter.add(loc, firstStep, copy.step);
  Value offset = copy.base, inDepth;
  if (!isLhs && op.getPacked()) {
    offset = emitter.add(
        loc, offset, emitter.multiply(loc, step, constant(rhsStrides.front())));
    if (op.getKTotal() % tile.depth != 0)
      inDepth = isLess(step, op.getKTotal());
  } else {
    SmallVector<Value> k;
    std::tie(k, inDepth) = getDepth(step);
    for (auto [index, stride] : llvm::zip(k, isLhs ? lhsStrides : rhsStrides))
      offset = emitter.add(loc, offset,
                           emitter.multiply(loc, index, constant(stride)));
  }
  Value isValid = both(copy.inBounds, inDepth);
  Value buffer = emitter.lookup(isLhs ? op.getLhs() : op.getRhs());
  if (!isValid)
    return memref::LoadOp::create(builder, loc, buffer, offset);
  Type type = isLhs ? lhsType : rhsType;
  auto choice = scf::IfOp::create(builder, loc, TypeRange(type), isValid,
                                  /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(choice.thenBlock());
  Value element = memref::LoadOp::create(builder, loc, buffer, offset);
  scf::YieldOp::create(builder, loc, element);
  builder.setInsertionPointToStart(choice.elseBlock());
  Value zero =
      arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
  scf::YieldOp::create(builder, loc, zero);
  return choice.getResult(0);
}

//===----------------------------------------------------------------------===//
// Sums
//===----------------------------------------------------------------------===//

/// Where the results of a thread lie: in groups of kVector, each group next to
/// those of the other threads.
Value BlockContract::getThreadOffset(int64_t i, bool isLhs) {
  int64_t count = isLhs ? tile.threadRows : tile.threadColumns;
  int64_t width = isLhs ? tile.rows : tile.columns;
  int64_t columnsOfThreads = tile.columns / tile.threadColumns;
  Value thread = isLhs
                     ? arith::DivUIOp::create(builder, loc, emitter.getThread(),
                                              constant(columnsOfThreads))
                           .getResult()
                     : arith::RemUIOp::create(builder, loc, emitter.getThread(),
                                              constant(columnsOfThreads))
                           .getResult();
  int64_t group = std::min(count, kVector);
  int64_t offset = i / group * (width / (count / group)) + i % group;
  return emitter.add(loc, emitter.multiply(loc, thread, constant(group)),
                     constant(offset));
}

SmallVector<Value> BlockContract::loadFragment(Value memory, int64_t step,
                                               bool isLhs) {
  int64_t count = isLhs ? tile.threadRows : tile.threadColumns;
  int64_t width = isLhs ? tile.rows : tile.columns;
  Type element = isLhs ? lhsType : rhsType;
  int64_t group = std::min(count, kVector);
  int64_t bytes = group * ((element.getIntOrFloatBitWidth() + 7) / 8);
  SmallVector<Value> values;
  for (int64_t i = 0; i < count; i += group) {
    Value offset =
        emitter.add(loc, getThreadOffset(i, isLhs), constant(step * width));
    if (group == 1) {
      values.push_back(memref::LoadOp::create(builder, loc, memory, offset));
      continue;
    }
    Value vector = vector::LoadOp::create(
        builder, loc, VectorType::get(group, element), memory, offset,
        /*nontemporal=*/false, llvm::MaybeAlign(std::min<int64_t>(bytes, 16)));
    for (int64_t j = 0; j < group; ++j)
      values.push_back(vector::ExtractOp::create(builder, loc, vector, j));
  }
  return values;
}

Value BlockContract::multiplyAdd(Value row, Value column, Value sum) {
  if (isa<FloatType>(sumType))
    return math::FmaOp::create(builder, loc, row, column, sum);
  Value product = arith::MulIOp::create(builder, loc, row, column);
  return arith::AddIOp::create(builder, loc, product, sum);
}

void BlockContract::multiplyTile(MutableArrayRef<Value> sums) {
  for (int64_t step = 0; step < tile.depth; ++step) {
    SmallVector<Value> rows = loadFragment(lhsTile, step, /*isLhs=*/true);
    SmallVector<Value> columns = loadFragment(rhsTile, step, /*isLhs=*/false);
    for (auto [i, row] : llvm::enumerate(rows))
      for (auto [j, column] : llvm::enumerate(columns)) {
        Value &sum = sums[i * columns.size() + j];
        sum = multiplyAdd(row, column, sum);
      }
  }
}

SmallVector<Value> BlockContract::emitDepth(const Position &at) {
  lhsTile = emitter.allocateShared(loc, tile.rows * tile.depth, lhsType);
  rhsTile = emitter.allocateShared(loc, tile.columns * tile.depth, rhsType);
  SmallVector<Copy> lhsCopies = planCopies(at, /*isLhs=*/true);
  SmallVector<Copy> rhsCopies = planCopies(at, /*isLhs=*/false);
  Value zero =
      arith::ConstantOp::create(builder, loc, builder.getZeroAttr(sumType));
  SmallVector<Value> sums(tile.threadRows * tile.threadColumns, zero);
  auto loop =
      scf::ForOp::create(builder, loc, constant(0), constant(op.getKTotal()),
                         constant(tile.depth), sums);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  SmallVector<Value> elements;
  for (const Copy &copy : lhsCopies)
    elements.push_back(loadElement(copy, loop.getInductionVar(), true));
  for (const Copy &copy : rhsCopies)
    elements.push_back(loadElement(copy, loop.getInductionVar(), false));
  // What was there before has been used.
  emitter.emitBarrier(loc);
  for (auto [i, element] : llvm::enumerate(elements)) {
    bool isLhs = i < lhsCopies.size();
    const Copy &copy = isLhs ? lhsCopies[i] : rhsCopies[i - lhsCopies.size()];
    int64_t size = (isLhs ? tile.rows : tile.columns) * tile.depth;
    OpBuilder::InsertionGuard guard(builder);
    if (size % emitter.getNumThreads() != 0) {
      auto choice = scf::IfOp::create(builder, loc, isLess(copy.place, size));
      builder.setInsertionPointToStart(choice.thenBlock());
    }
    memref::StoreOp::create(builder, loc, element, isLhs ? lhsTile : rhsTile,
                            copy.place);
  }
  emitter.emitBarrier(loc);
  sums.assign(loop.getRegionIterArgs().begin(), loop.getRegionIterArgs().end());
  multiplyTile(sums);
  scf::YieldOp::create(builder, loc, sums);
  return SmallVector<Value>(loop.getResults());
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

LogicalResult BlockContract::emitEpilogue(const Position &at,
                                          ArrayRef<Value> sums) {
  Block &body = op.getEpilogue().front();
  ArrayRef<BlockArgument> arguments = body.getArguments();
  unsigned numBatch = op.getBatch().size();
  for (unsigned i = 0; i < numBatch; ++i)
    emitter.map(arguments[i], at.batch[i]);
  auto outType = cast<MemRefType>(op.getOut().getType());
  AffineExpr outOffset = BodyEmitter::linearize(outType, op.getOutMap());
  Value result = cast<YieldOp>(body.back()).getValue();
  int64_t numColumns = op.getWholePanels()
                           ? op.getNumPanels() * ContractOp::kPanel
                           : int64_t(op.getN());
  Value panelSize = constant(ContractOp::kPanel);
  SmallVector<Value> symbols;
  for (Value symbol : op.getSymbols())
    symbols.push_back(emitter.lookup(symbol));
  for (int64_t i = 0; i < tile.threadRows; ++i) {
    Value row = emitter.add(loc, at.row, getThreadOffset(i, /*isLhs=*/true));
    for (int64_t j = 0; j < tile.threadColumns; ++j) {
      Value column =
          emitter.add(loc, at.column, getThreadOffset(j, /*isLhs=*/false));
      Value isValid;
      if (op.getM() % tile.rows != 0)
        isValid = isLess(row, op.getM());
      if (numColumns % tile.columns != 0)
        isValid = both(isValid, isLess(column, numColumns));
      OpBuilder::InsertionGuard guard(builder);
      if (isValid) {
        auto choice = scf::IfOp::create(builder, loc, isValid);
        builder.setInsertionPointToStart(choice.thenBlock());
      }
      Value panel = arith::DivUIOp::create(builder, loc, column, panelSize);
      Value lane = arith::RemUIOp::create(builder, loc, column, panelSize);
      emitter.map(arguments[numBatch], row);
      emitter.map(arguments[numBatch + 1], panel);
      emitter.map(arguments[numBatch + 2], lane);
      emitter.map(arguments[numBatch + 3], sums[i * tile.threadColumns + j]);
      if (failed(emitter.emitInThread(body)))
        return failure();
      SmallVector<Value> dims(at.batch);
      dims.append({row, panel, lane});
      Value offset = emitter.emitIndex(loc, outOffset, dims, symbols);
      memref::StoreOp::create(builder, loc, emitter.lookup(result),
                              emitter.lookup(op.getOut()), offset);
    }
  }
  return success();
}

LogicalResult BlockContract::emitTile(Value index) {
  if (failed(analyze()))
    return failure();
  Position at = getPosition(index);
  return emitEpilogue(at, emitDepth(at));
}

LogicalResult BlockContract::emitAllTiles() {
  int64_t count = getNumTiles();
  if (count == 1)
    return emitTile(constant(0));
  auto loop = scf::ForOp::create(builder, loc, constant(0), constant(count),
                                 constant(1));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  return emitTile(loop.getInductionVar());
}

LogicalResult dlc::kernel::emitSharedContract(ContractOp op,
                                              BlockEmitter &emitter) {
  BlockTile tile =
      chooseBlockTile(op, /*multiprocessors=*/1, emitter.getNumThreads());
  return BlockContract(op, tile, emitter).emitAllTiles();
}
