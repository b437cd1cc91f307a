// SPDX-License-Identifier: Apache-2.0
// Contractions as tiles of blocks: addresses and results.
#include "passes/gpu/BlockContract.h"
#include "passes/gpu/FmaContract.h"
#include "passes/gpu/MemoryUse.h"
#include "passes/gpu/StreamContract.h"
#include "passes/gpu/TensorContract.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"

using namespace mlir;
using namespace dlc::kernel;

BlockContract::BlockContract(ContractOp op, const BlockTile &tile,
                             BlockEmitter &emitter)
    : BlockArithmetic(emitter, op.getLoc()), op(op), typical(op), tile(tile) {
  MemRefType lhs = op.getFactorType(/*isLhs=*/true);
  MemRefType rhs = op.getFactorType(/*isLhs=*/false);
  lhsOffset = BodyEmitter::linearize(lhs, op.getLhsMap());
  rhsOffset = BodyEmitter::linearize(rhs, op.getRhsMap());
  lhsType = lhs.getElementType();
  rhsType = rhs.getElementType();
  sumType = op.getSumType();
}

LogicalResult BlockContract::analyze() {
  auto getStrides = [](AffineExpr offset, AffineMap map, unsigned first,
                       unsigned count, SmallVectorImpl<int64_t> &strides) {
    for (unsigned i = first; i < first + count; ++i) {
      auto stride = BodyEmitter::getStride(offset, i, map.getNumDims());
      if (!stride)
        return false;
      strides.push_back(*stride);
    }
    return true;
  };
  unsigned numBatch = op.getBatch().size(), numK = op.getK().size();
  bool isPacked = op.getPacked();
  if (!getStrides(lhsOffset, op.getLhsMap(), numBatch + 1, numK, lhsStrides) ||
      !getStrides(rhsOffset, op.getRhsMap(), numBatch + isPacked,
                  isPacked ? 1 : numK, rhsStrides))
    return op.emitOpError("requires its maps to be linear in k");
  return success();
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

SmallVector<Value> BlockContract::getSymbols() {
  SmallVector<Value> symbols;
  for (Value symbol : op.getSymbols())
    symbols.push_back(emitter.lookup(symbol));
  return symbols;
}

Value BlockContract::getFactors(bool isLhs) {
  Value buffer = emitter.lookup(isLhs ? op.getLhs() : op.getRhs());
  return op.getQuads() ? emitter.viewWords(loc, buffer) : buffer;
}

bool BlockContract::hasWholeWords(bool isLhs) {
  return !op.getQuads() ||
         getAlignment(isLhs ? op.getLhs() : op.getRhs()) % sizeof(int32_t) == 0;
}

Value BlockContract::loadFactor(Value address, bool isLhs) {
  if (hasWholeWords(isLhs))
    return memref::LoadOp::create(builder, loc, getFactors(isLhs), address);
  Value buffer = emitter.lookup(isLhs ? op.getLhs() : op.getRhs());
  Value first = multiply(address, constant(ContractOp::kQuad));
  SmallVector<Value> bytes;
  for (int64_t i = 0; i < ContractOp::kQuad; ++i)
    bytes.push_back(
        memref::LoadOp::create(builder, loc, buffer, add(first, constant(i))));
  Value word = vector::FromElementsOp::create(
      builder, loc, VectorType::get(bytes.size(), builder.getI8Type()), bytes);
  word = vector::BitCastOp::create(
      builder, loc, VectorType::get(1, builder.getI32Type()), word);
  return vector::ExtractOp::create(builder, loc, word, 0);
}

//===----------------------------------------------------------------------===//
// Addresses
//===----------------------------------------------------------------------===//

/// Tiles of the same columns follow each other: what they read of rhs is in L2
/// then.
BlockContract::Position BlockContract::getPosition(Value index) {
  SmallVector<Value> counts;
  for (const GridTerm &count : tile.getNumTiles(op))
    counts.push_back(count.emit(emitter, loc));
  SmallVector<Value> digits =
      emitter.delinearize(loc, index, ValueRange(counts));
  Position at;
  at.row = multiply(digits.pop_back_val(), constant(tile.rows));
  at.column = multiply(digits.pop_back_val(), constant(tile.columns));
  at.batch = std::move(digits);
  return at;
}

SmallVector<Value> BlockContract::getRow(const Position &at, Value row) {
  SmallVector<int64_t> extents(op.getBatch().take_back(getNumRowDims(op)));
  extents.push_back(op.getM());
  SmallVector<Value> indices(at.batch);
  indices.append(emitter.delinearize(loc, row, extents));
  return indices;
}

SmallVector<Value> BlockContract::getDepth(Value step) {
  SmallVector<int64_t> extents(op.getK());
  SmallVector<Value> k = emitter.delinearize(loc, step, extents);
  std::optional<uint64_t> tail = op.getKTail();
  if (!tail)
    return k;
  // The last block of the first extent counts fewer steps.
  int64_t whole =
      computeProduct(ArrayRef(extents).drop_front()) * (extents[0] - 1);
  Value isWhole = isLess(step, whole);
  Value rest = arith::SubIOp::create(builder, loc, step, constant(whole));
  extents[0] = 1;
  extents.back() = *tail;
  SmallVector<Value> last = emitter.delinearize(loc, rest, extents);
  last[0] = constant(op.getK()[0] - 1);
  for (auto [a, b] : llvm::zip(k, last))
    a = arith::SelectOp::create(builder, loc, isWhole, a, b);
  return k;
}

Value BlockContract::getBase(const Position &at, Value index, bool isLhs) {
  SmallVector<Value> start(op.getPacked() && !isLhs ? 1 : op.getK().size(),
                           constant(0));
  SmallVector<Value> dims;
  if (isLhs) {
    dims = getRow(at, index);
    dims.append(start);
    return emitter.emitIndex(loc, lhsOffset, dims, getSymbols());
  }
  dims = at.batch;
  dims.append(getNumRowDims(op), constant(0));
  Value panel = divide(index, ContractOp::kPanel);
  Value lane = remainder(index, ContractOp::kPanel);
  // Packed columns have the panel before k, others behind it.
  if (op.getPacked())
    dims.push_back(panel);
  dims.append(start);
  if (!op.getPacked())
    dims.push_back(panel);
  dims.push_back(lane);
  return emitter.emitIndex(loc, rhsOffset, dims, getSymbols());
}

Value BlockContract::getAddress(Value base, Value step, bool isLhs) {
  if (!isLhs && op.getPacked())
    return add(base, multiply(step, constant(rhsStrides.front())));
  for (auto [index, stride] :
       llvm::zip(getDepth(step), isLhs ? lhsStrides : rhsStrides))
    base = add(base, multiply(index, constant(stride)));
  return base;
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

/// Results that are computed before they are stored: what the epilogue loads
/// for them is on its way together.
static constexpr size_t kTogether = 16;

FailureOr<Value> BlockContract::emitResult(const Position &at, const Sum &sum,
                                           SmallVectorImpl<Value> &dims) {
  Value row = add(at.row, sum.row), column = add(at.column, sum.column);
  dims = getRow(at, row);
  dims.push_back(divide(column, ContractOp::kPanel));
  dims.push_back(remainder(column, ContractOp::kPanel));
  Block &body = op.getEpilogue().front();
  for (auto [argument, index] : llvm::zip(body.getArguments(), dims))
    emitter.map(argument, index);
  emitter.map(body.getArguments().back(), sum.value);
  if (failed(emitter.emitInThread(body)))
    return failure();
  return emitter.lookup(cast<YieldOp>(body.back()).getValue());
}

void BlockContract::storeResults(ArrayRef<Value> results,
                                 ArrayRef<Value> dims) {
  AffineExpr offset = BodyEmitter::linearize(
      cast<MemRefType>(op.getOut().getType()), op.getOutMap());
  Value place = emitter.emitIndex(loc, offset, dims, getSymbols());
  Value buffer = emitter.lookup(op.getOut());
  if (results.size() == 1) {
    memref::StoreOp::create(builder, loc, results.front(), buffer, place);
    return;
  }
  Type type = results.front().getType();
  int64_t size = results.size(),
          bytes = size * type.getIntOrFloatBitWidth() / 8;
  Value vector = vector::FromElementsOp::create(
      builder, loc, VectorType::get(size, type), results);
  vector::StoreOp::create(builder, loc, vector, buffer, place,
                          /*nontemporal=*/false, llvm::MaybeAlign(bytes));
}

/// Results that are stored by one instruction.
int64_t BlockContract::getRun() {
  int64_t run = getAdjacentSums();
  auto type = cast<MemRefType>(op.getOut().getType());
  int64_t bits = run * type.getElementTypeBitWidth();
  bool isWhole = getCopyTraits(op, ContractBuffer::Out) & kWholeColumns &&
                 getAlignment(op.getOut()) * CHAR_BIT % bits == 0;
  // Vectors of i1 are packed.
  return isWhole && kCopyVector % run == 0 && bits >= run * CHAR_BIT &&
                 bits <= kCopyBytes * CHAR_BIT
             ? run
             : 1;
}

LogicalResult BlockContract::emitEpilogue(const Position &at,
                                          ArrayRef<Sum> sums) {
  bool isGlobal =
      !cast<MemRefType>(emitter.lookup(op.getOut()).getType()).getMemorySpace();
  int64_t numRows = getNumRows(op), numColumns = getStoredColumns(op);
  int64_t run = isGlobal ? getRun() : 1;
  for (size_t together = isGlobal ? kTogether : 1; !sums.empty();
       sums = sums.drop_front(std::min(together, sums.size()))) {
    OpBuilder::InsertionGuard guard(builder);
    SmallVector<Value> results, valid;
    SmallVector<SmallVector<Value>> places;
    for (Sum sum : sums.take_front(together)) {
      Value row = add(at.row, sum.row), column = add(at.column, sum.column);
      Value isValid = sum.isOwn;
      if (hasPartialRows())
        isValid = both(isValid, isLess(row, numRows));
      if (hasPartialColumns(numColumns))
        isValid = both(isValid, isLess(column, numColumns));
      valid.push_back(isValid);
      // What isn't stored is computed from something that is there, or, in
      // shared memory, which others write, not at all.
      if (isValid && isGlobal) {
        Value zero = constant(0);
        sum.row = arith::SelectOp::create(builder, loc, isValid, sum.row, zero);
        sum.column =
            arith::SelectOp::create(builder, loc, isValid, sum.column, zero);
      } else if (isValid) {
        auto choice = scf::IfOp::create(builder, loc, isValid);
        builder.setInsertionPointToStart(choice.thenBlock());
      }
      FailureOr<Value> result = emitResult(at, sum, places.emplace_back());
      if (failed(result))
        return failure();
      results.push_back(*result);
    }
    for (size_t i = 0; i < results.size(); i += run) {
      OpBuilder::InsertionGuard inner(builder);
      if (valid[i] && isGlobal) {
        auto choice = scf::IfOp::create(builder, loc, valid[i]);
        builder.setInsertionPointToStart(choice.thenBlock());
      }
      storeResults(ArrayRef(results).slice(i, run), places[i]);
    }
  }
  return success();
}

LogicalResult BlockContract::emitTile(Value index) {
  if (failed(analyze()))
    return failure();
  emitter.startTile();
  Position at = getPosition(index);
  return emitEpilogue(at, emitSums(at));
}

std::unique_ptr<BlockContract> BlockContract::create(ContractOp op,
                                                     const BlockTile &tile,
                                                     BlockEmitter &emitter) {
  switch (tile.unit) {
  case BlockTile::Fma:
    return std::make_unique<FmaContract>(op, tile, emitter);
  case BlockTile::Tensor:
    return std::make_unique<TensorContract>(op, tile, emitter);
  case BlockTile::Stream:
    return std::make_unique<StreamContract>(op, tile, emitter);
  }
  llvm_unreachable("unknown unit");
}

LogicalResult dlc::kernel::emitSharedContract(ContractOp op,
                                              BlockEmitter &emitter) {
  BlockTileChoice choice =
      chooseBlockTile(op, /*multiprocessors=*/1, emitter.getNumThreads(),
                      emitter.getPrecision());
  emitter.addToSchedule(describeTile(op, choice));
  const BlockTile &tile = choice.best;
  auto contract = BlockContract::create(op, tile, emitter);
  Location loc = op.getLoc();
  Value zero = emitter.constantIndex(loc, 0);
  GridTerm count = getProduct(tile.getNumTiles(op));
  if (count.getValue() == 1 && !count.isDynamic)
    return contract->emitTile(zero);
  OpBuilder &builder = emitter.getBuilder();
  auto loop = scf::ForOp::create(builder, loc, zero, count.emit(emitter, loc),
                                 emitter.constantIndex(loc, 1));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  return contract->emitTile(loop.getInductionVar());
}
