// SPDX-License-Identifier: Apache-2.0
// Contractions on the units for multiply-adds.
#include "passes/gpu/FmaContract.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace dlc::kernel;

/// Elements of a thread that lie next to each other: what one load of 16 bytes
/// brings.
static constexpr int64_t kVector = 4;

//===----------------------------------------------------------------------===//
// Copies
//===----------------------------------------------------------------------===//

SmallVector<FmaContract::Copy> FmaContract::planCopies(const Position &at,
                                                       bool isLhs) {
  int64_t width = getWidth(isLhs), count = width * tile.depth;
  int64_t extent = isLhs ? getNumRows(op) : getReadableColumns(op);
  // Neighbouring threads read what lies side by side.
  bool isStepFirst =
      getCopyTraits(op, isLhs ? ContractBuffer::Lhs : ContractBuffer::Rhs) &
      kDenseDepth;
  int64_t numThreads = emitter.getNumThreads();
  SmallVector<Copy> copies;
  for (int64_t first = 0; first < count; first += numThreads) {
    Value number = add(emitter.getThread(), constant(first));
    SmallVector<Value> digits =
        emitter.delinearize(loc, number,
                            isStepFirst ? ArrayRef<int64_t>{width, tile.depth}
                                        : ArrayRef<int64_t>{tile.depth, width});
    Value across = digits[isStepFirst ? 0 : 1];
    Copy copy;
    copy.step = digits[isStepFirst ? 1 : 0];
    copy.place = add(multiply(copy.step, constant(width)), across);
    Value index = add(isLhs ? at.row : at.column, across);
    if (hasPartialWidth(isLhs))
      copy.inBounds = isLess(index, extent);
    if (count - first < numThreads)
      copy.isOwn = isLess(number, count);
    copy.base = getBase(at, index, isLhs);
    copies.push_back(copy);
  }
  return copies;
}

Value FmaContract::loadElement(const Copy &copy, Value firstStep, bool isLhs) {
  Value step = add(firstStep, copy.step);
  Value isValid = both(copy.inBounds, copy.isOwn);
  if (hasPartialDepth())
    isValid = both(isValid, isLess(step, op.getKTotal()));
  Value address = getAddress(copy.base, step, isLhs);
  if (!isValid)
    return loadFactor(address, isLhs);
  Type type = isLhs ? lhsType : rhsType;
  auto choice = scf::IfOp::create(builder, loc, TypeRange(type), isValid,
                                  /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(choice.thenBlock());
  scf::YieldOp::create(builder, loc, loadFactor(address, isLhs));
  builder.setInsertionPointToStart(choice.elseBlock());
  Value zero =
      arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
  scf::YieldOp::create(builder, loc, zero);
  return choice.getResult(0);
}

void FmaContract::storeElement(const Copy &copy, Value element, bool isLhs) {
  OpBuilder::InsertionGuard guard(builder);
  if (copy.isOwn) {
    auto choice = scf::IfOp::create(builder, loc, copy.isOwn);
    builder.setInsertionPointToStart(choice.thenBlock());
  }
  memref::StoreOp::create(builder, loc, element, isLhs ? lhsTile : rhsTile,
                          copy.place);
}

//===----------------------------------------------------------------------===//
// Sums
//===----------------------------------------------------------------------===//

/// Where the results of a thread lie: in groups of kVector, each group next to
/// those of the other threads.
Value FmaContract::getThreadOffset(int64_t i, bool isLhs) {
  int64_t share = getShare(isLhs);
  int64_t columnsOfThreads = tile.columns / tile.shareColumns;
  Value thread = isLhs ? divide(emitter.getThread(), columnsOfThreads)
                       : remainder(emitter.getThread(), columnsOfThreads);
  int64_t group = std::min(share, kVector);
  int64_t offset = i / group * (getWidth(isLhs) / (share / group)) + i % group;
  return add(multiply(thread, constant(group)), constant(offset));
}

SmallVector<Value> FmaContract::loadFragment(int64_t step, bool isLhs) {
  int64_t group = std::min(getShare(isLhs), kVector);
  Type element = isLhs ? lhsType : rhsType;
  int64_t bytes = group * ((element.getIntOrFloatBitWidth() + 7) / 8);
  Value memory = isLhs ? lhsTile : rhsTile;
  SmallVector<Value> values;
  for (int64_t i = 0; i < getShare(isLhs); i += group) {
    Value offset =
        add(getThreadOffset(i, isLhs), constant(step * getWidth(isLhs)));
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

Value FmaContract::multiplyAdd(Value row, Value column, Value sum) {
  if (isa<FloatType>(sumType))
    return math::FmaOp::create(builder, loc, row, column, sum);
  auto widen = [&](Value factor, bool isUnsigned) -> Value {
    if (!op.isWidening())
      return factor;
    if (isUnsigned)
      return arith::ExtUIOp::create(builder, loc, sumType, factor);
    return arith::ExtSIOp::create(builder, loc, sumType, factor);
  };
  row = widen(row, op.getLhsUnsigned());
  column = widen(column, op.getRhsUnsigned());
  Value product = arith::MulIOp::create(builder, loc, row, column);
  return arith::AddIOp::create(builder, loc, product, sum);
}

void FmaContract::multiplyTile(MutableArrayRef<Value> sums) {
  for (int64_t step = 0; step < tile.depth; ++step) {
    SmallVector<Value> rows = loadFragment(step, /*isLhs=*/true);
    SmallVector<Value> columns = loadFragment(step, /*isLhs=*/false);
    for (auto [i, row] : llvm::enumerate(rows))
      for (auto [j, column] : llvm::enumerate(columns)) {
        Value &sum = sums[i * columns.size() + j];
        sum = multiplyAdd(row, column, sum);
      }
  }
}

int64_t FmaContract::getAdjacentSums() const {
  return std::min(tile.shareColumns, kVector);
}

SmallVector<BlockContract::Sum> FmaContract::emitSums(const Position &at) {
  lhsTile = emitter.allocateForTile(loc, tile.rows * tile.depth, lhsType);
  rhsTile = emitter.allocateForTile(loc, tile.columns * tile.depth, rhsType);
  SmallVector<Copy> lhsCopies = planCopies(at, /*isLhs=*/true);
  SmallVector<Copy> rhsCopies = planCopies(at, /*isLhs=*/false);
  Value zero =
      arith::ConstantOp::create(builder, loc, builder.getZeroAttr(sumType));
  SmallVector<Value> values(tile.shareRows * tile.shareColumns, zero);
  auto loop =
      scf::ForOp::create(builder, loc, constant(0), constant(op.getKTotal()),
                         constant(tile.depth), values);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    SmallVector<Value> lhs, rhs;
    for (const Copy &copy : lhsCopies)
      lhs.push_back(loadElement(copy, loop.getInductionVar(), true));
    for (const Copy &copy : rhsCopies)
      rhs.push_back(loadElement(copy, loop.getInductionVar(), false));
    // What was there before has been used.
    emitter.emitBarrier(loc);
    for (auto [copy, element] : llvm::zip(lhsCopies, lhs))
      storeElement(copy, element, /*isLhs=*/true);
    for (auto [copy, element] : llvm::zip(rhsCopies, rhs))
      storeElement(copy, element, /*isLhs=*/false);
    emitter.emitBarrier(loc);
    values.assign(loop.getRegionIterArgs().begin(),
                  loop.getRegionIterArgs().end());
    multiplyTile(values);
    scf::YieldOp::create(builder, loc, values);
  }
  SmallVector<Sum> sums;
  for (int64_t i = 0; i < tile.shareRows; ++i)
    for (int64_t j = 0; j < tile.shareColumns; ++j)
      sums.push_back({getThreadOffset(i, /*isLhs=*/true),
                      getThreadOffset(j, /*isLhs=*/false),
                      loop.getResult(i * tile.shareColumns + j)});
  return sums;
}
