// SPDX-License-Identifier: Apache-2.0
// Contractions as tiles of blocks: addresses and results.
#include "passes/gpu/BlockContract.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"

using namespace mlir;
using namespace dlc::kernel;

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

Value BlockContract::isLess(Value value, int64_t bound) {
  return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult, value,
                               constant(bound));
}

Value BlockContract::both(Value a, Value b) {
  if (!a || !b)
    return a ? a : b;
  return arith::AndIOp::create(builder, loc, a, b);
}

Value BlockContract::divide(Value a, int64_t b) {
  return arith::DivUIOp::create(builder, loc, a, constant(b));
}

Value BlockContract::remainder(Value a, int64_t b) {
  return arith::RemUIOp::create(builder, loc, a, constant(b));
}

SmallVector<Value> BlockContract::getSymbols() {
  SmallVector<Value> symbols;
  for (Value symbol : op.getSymbols())
    symbols.push_back(emitter.lookup(symbol));
  return symbols;
}

//===----------------------------------------------------------------------===//
// Addresses
//===----------------------------------------------------------------------===//

/// Tiles of the same columns follow each other: what they read of rhs is in L2
/// then.
BlockContract::Position BlockContract::getPosition(Value index) {
  SmallVector<int64_t> extents(op.getBatch());
  extents.push_back(llvm::divideCeil(op.getN(), tile.columns));
  extents.push_back(llvm::divideCeil(op.getM(), tile.rows));
  SmallVector<Value> digits = emitter.delinearize(loc, index, extents);
  Position at;
  at.row = multiply(digits.pop_back_val(), constant(tile.rows));
  at.column = multiply(digits.pop_back_val(), constant(tile.columns));
  at.batch = std::move(digits);
  return at;
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
  SmallVector<Value> dims(at.batch);
  SmallVector<Value> start(op.getPacked() && !isLhs ? 1 : op.getK().size(),
                           constant(0));
  if (isLhs) {
    dims.push_back(index);
    dims.append(start);
    return emitter.emitIndex(loc, lhsOffset, dims, getSymbols());
  }
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

int64_t BlockContract::getReadableColumns() {
  return op.getPacked() ? op.getNumPanels() * ContractOp::kPanel
                        : int64_t(op.getN());
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

LogicalResult BlockContract::emitEpilogue(const Position &at,
                                          ArrayRef<Sum> sums) {
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
  SmallVector<Value> symbols = getSymbols();
  for (const Sum &sum : sums) {
    Value row = add(at.row, sum.row), column = add(at.column, sum.column);
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
    Value panel = divide(column, ContractOp::kPanel);
    Value lane = remainder(column, ContractOp::kPanel);
    emitter.map(arguments[numBatch], row);
    emitter.map(arguments[numBatch + 1], panel);
    emitter.map(arguments[numBatch + 2], lane);
    emitter.map(arguments[numBatch + 3], sum.value);
    if (failed(emitter.emitInThread(body)))
      return failure();
    SmallVector<Value> dims(at.batch);
    dims.append({row, panel, lane});
    Value offset = emitter.emitIndex(loc, outOffset, dims, symbols);
    memref::StoreOp::create(builder, loc, emitter.lookup(result),
                            emitter.lookup(op.getOut()), offset);
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

LogicalResult dlc::kernel::emitSharedContract(ContractOp op,
                                              BlockEmitter &emitter) {
  BlockTile tile =
      chooseBlockTile(op, /*multiprocessors=*/1, emitter.getNumThreads());
  auto contract = BlockContract::create(op, tile, emitter);
  Location loc = op.getLoc();
  Value zero = emitter.constantIndex(loc, 0);
  int64_t count = tile.getNumTiles(op);
  if (count == 1)
    return contract->emitTile(zero);
  OpBuilder &builder = emitter.getBuilder();
  auto loop =
      scf::ForOp::create(builder, loc, zero, emitter.constantIndex(loc, count),
                         emitter.constantIndex(loc, 1));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  return contract->emitTile(loop.getInductionVar());
}
