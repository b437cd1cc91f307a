// SPDX-License-Identifier: Apache-2.0
// Contractions of few rows.
#include "passes/gpu/StreamContract.h"
#include "passes/gpu/MemoryUse.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace dlc::kernel;

bool StreamContract::canLower(ContractOp op) {
  return getCopyTraits(op, ContractBuffer::Rhs) & kWholeColumns &&
         getAlignment(op.getRhs()) % kCopyBytes == 0 &&
         !ContractExtents(op).hasDynamicDepth;
}

void StreamContract::multiplySteps(const Start &start, ArrayRef<Value> steps,
                                   MutableArrayRef<Value> sums) {
  auto type = VectorType::get(kCopyVector, builder.getF32Type());
  SmallVector<Value> columns, rows;
  for (Value step : steps)
    columns.push_back(vector::LoadOp::create(
        builder, loc, type, emitter.lookup(op.getRhs()),
        getAddress(start.columns, step, /*isLhs=*/false),
        /*nontemporal=*/false, llvm::MaybeAlign(kCopyBytes)));
  for (Value step : steps)
    for (Value row : start.rows)
      rows.push_back(
          memref::LoadOp::create(builder, loc, emitter.lookup(op.getLhs()),
                                 getAddress(row, step, /*isLhs=*/true)));
  for (auto [i, row] : llvm::enumerate(rows)) {
    Value factor = vector::BroadcastOp::create(builder, loc, type, row);
    Value &sum = sums[i % sums.size()];
    sum = math::FmaOp::create(builder, loc, factor, columns[i / sums.size()],
                              sum);
  }
}

SmallVector<Value> StreamContract::emitSteps(const Start &start) {
  int64_t total = op.getKTotal(), round = tile.slices * tile.depth;
  int64_t whole = total / round * round;
  auto type = VectorType::get(kCopyVector, builder.getF32Type());
  Value zero =
      arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
  SmallVector<Value> sums(tile.rows, zero);
  {
    auto loop = scf::ForOp::create(builder, loc, constant(0), constant(whole),
                                   constant(round), sums);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    sums.assign(loop.getRegionIterArgs().begin(),
                loop.getRegionIterArgs().end());
    Value first = add(loop.getInductionVar(), slice);
    SmallVector<Value> steps;
    for (int64_t i = 0; i < tile.depth; ++i)
      steps.push_back(add(first, constant(i * tile.slices)));
    multiplySteps(start, steps, sums);
    scf::YieldOp::create(builder, loc, sums);
    sums.assign(loop.getResults().begin(), loop.getResults().end());
  }
  for (int64_t rest = whole; rest < total; rest += tile.slices) {
    Value step = add(slice, constant(rest));
    auto choice = scf::IfOp::create(builder, loc, ValueRange(sums).getTypes(),
                                    isLess(step, total),
                                    /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(choice.elseBlock());
    scf::YieldOp::create(builder, loc, sums);
    builder.setInsertionPointToStart(choice.thenBlock());
    multiplySteps(start, step, sums);
    scf::YieldOp::create(builder, loc, sums);
    sums.assign(choice.getResults().begin(), choice.getResults().end());
  }
  return sums;
}

SmallVector<BlockContract::Sum>
StreamContract::addSlices(ArrayRef<Value> sums) {
  int64_t size = tile.rows * tile.columns;
  Value memory =
      emitter.allocateForTile(loc, tile.slices * size, builder.getF32Type());
  if (op->getParentOfType<ParallelOp>())
    emitter.emitBarrier(loc);
  for (auto [row, sum] : llvm::enumerate(sums)) {
    Value place = add(multiply(slice, constant(size)),
                      add(constant(row * tile.columns), firstColumn));
    vector::StoreOp::create(builder, loc, sum, memory, place,
                            /*nontemporal=*/false,
                            llvm::MaybeAlign(kCopyBytes));
  }
  emitter.emitBarrier(loc);
  SmallVector<Sum> results;
  for (int64_t first = 0; first < size; first += tile.getNumThreads()) {
    Value number = add(emitter.getThread(), constant(first));
    Value isOwn;
    if (size - first < tile.getNumThreads()) {
      isOwn = isLess(number, size);
      number =
          arith::SelectOp::create(builder, loc, isOwn, number, constant(0));
    }
    Value sum = addParts(memory, tile.slices, [&](int64_t i) {
      return add(constant(i * size), number);
    });
    results.push_back({divide(number, tile.columns),
                       remainder(number, tile.columns), sum, isOwn});
  }
  return results;
}

SmallVector<BlockContract::Sum> StreamContract::emitSums(const Position &at) {
  int64_t groups = tile.columns / kCopyVector;
  slice = divide(emitter.getThread(), groups);
  firstColumn =
      multiply(remainder(emitter.getThread(), groups), constant(kCopyVector));
  Start start;
  // Rows and columns that aren't there are read as the first ones, and not
  // stored.
  auto clamp = [&](Value first, Value offset, int64_t extent, bool isPartial) {
    Value index = add(first, offset);
    if (!isPartial)
      return index;
    return arith::SelectOp::create(builder, loc, isLess(index, extent), index,
                                   first)
        .getResult();
  };
  for (int64_t i = 0; i < tile.rows; ++i)
    start.rows.push_back(getBase(
        at, clamp(at.row, constant(i), getNumRows(op), hasPartialRows()),
        /*isLhs=*/true));
  start.columns = getBase(at,
                          clamp(at.column, firstColumn, getReadableColumns(op),
                                hasPartialWidth(/*isLhs=*/false)),
                          /*isLhs=*/false);
  return addSlices(emitSteps(start));
}
