// SPDX-License-Identifier: Apache-2.0
// Contractions on tensor cores: from shared memory to sums. The layout of
// fragments in registers is that of `mma.m16n8k8` and `mma.m16n8k16` in the PTX
// manual: lane 4 g + t has rows g and g + 8, columns g, and steps t. Words of
// four steps of 8 bits lie in `mma.m16n8k32` as steps in `mma.m16n8k8`.
#include "passes/gpu/TensorContract.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace dlc::kernel;

/// Steps of a square of shared memory that `ldmatrix` reads.
static constexpr int64_t kSquareSteps = 4;

int64_t TensorContract::getNumPieces(bool isLhs) const {
  return isLhs ? tile.rows / tile.shareRows / kPieceRows
               : tile.columns / tile.shareColumns / kPieceColumns;
}

Value TensorContract::getWarpOffset(Value thread, bool isLhs) {
  Value warp =
      remainder(divide(thread, 32), tile.shareRows * tile.shareColumns);
  Value position = isLhs ? divide(warp, tile.shareColumns)
                         : remainder(warp, tile.shareColumns);
  int64_t size =
      isLhs ? tile.rows / tile.shareRows : tile.columns / tile.shareColumns;
  return multiply(position, constant(size));
}

Value TensorContract::getSlice() {
  return divide(emitter.getThread(), getSliceThreads());
}

Value TensorContract::getLaneAddress(const Operand &operand) {
  Value lane = remainder(emitter.getThread(), 32);
  Value warp = getWarpOffset(emitter.getThread(), operand.isLhs);
  Value firstStep = multiply(getSlice(), constant(tile.depth / tile.slices));
  if (operand.isDepthFirst) {
    // First the squares of the first steps, then those of the others.
    int64_t rows = operand.isLhs ? kPieceRows : kPieceColumns;
    Value row = add(warp, remainder(lane, rows));
    Value half = remainder(divide(lane, rows), 2);
    return add(multiply(row, constant(operand.pitch)),
               add(firstStep, multiply(half, constant(kSquareSteps))));
  }
  Value across = add(warp, divide(lane, 4));
  Value step = add(firstStep, remainder(lane, 4));
  return add(multiply(step, constant(operand.pitch)), across);
}

//===----------------------------------------------------------------------===//
// Factors
//===----------------------------------------------------------------------===//

/// Rows, or columns whose steps are side by side, come in squares of 8 x 16
/// bytes, of which each lane names a row: four registers of lhs or two of rhs.
SmallVector<Value> TensorContract::loadSquares(const Operand &operand,
                                               Value stage, int64_t piece,
                                               int64_t step) {
  int64_t size = operand.isLhs ? kPieceRows : kPieceColumns;
  int64_t squares = size / 8 * 2;
  Value address = add(stage, constant(piece * size * operand.pitch + step));
  return unit.loadSquares(operand.memory, address, squares);
}

SmallVector<Value> TensorContract::loadEight(const Operand &operand,
                                             Value stage, int64_t piece,
                                             int64_t step) {
  if (operand.isDepthFirst)
    return loadSquares(operand, stage, piece, step);
  int64_t size = operand.isLhs ? kPieceRows : kPieceColumns;
  auto load = [&](int64_t across, int64_t steps) -> Value {
    across += piece * size;
    steps += step;
    return memref::LoadOp::create(
        builder, loc, operand.memory,
        add(stage, constant(steps * operand.pitch + across)));
  };
  SmallVector<Value> elements;
  for (int64_t half = 0; half < 2; ++half)
    for (int64_t across = 0; across < size; across += 8)
      elements.push_back(load(across, half * kSquareSteps));
  return elements;
}

/// Two steps of 16 bits share a register. Which ones makes no difference as
/// long as rows and columns have the same: t and t + 4, then t + 8 and t + 12,
/// which lie where steps of tf32 do.
SmallVector<Value> TensorContract::loadPiece(const Operand &operand,
                                             Value stage, int64_t piece,
                                             int64_t step) {
  SmallVector<Value> elements = loadEight(operand, stage, piece, step);
  if (!unit.isNarrow())
    return elements;
  elements.append(loadEight(operand, stage, piece, step + 8));
  SmallVector<Value> pairs;
  size_t rows = elements.size() / 4;
  for (ArrayRef<Value> left = elements; !left.empty();
       left = left.drop_front(2 * rows))
    for (size_t row = 0; row < rows; ++row)
      pairs.append({left[row], left[rows + row]});
  return pairs;
}

SmallVector<Value> TensorContract::loadPieces(Value stage, int64_t step) {
  SmallVector<Value> elements;
  for (const Operand *operand : {&lhs, &rhs}) {
    Value start =
        add(operand->lane, multiply(stage, constant(getStageSize(*operand))));
    for (int64_t i = 0; i < getNumPieces(operand->isLhs); ++i)
      elements.append(loadPiece(*operand, start, i, step));
  }
  return elements;
}

//===----------------------------------------------------------------------===//
// Sums
//===----------------------------------------------------------------------===//

void TensorContract::multiplyPieces(ArrayRef<Value> elements,
                                    MutableArrayRef<Value> sums) {
  SmallVector<TensorUnit::Factor> rows, columns;
  for (const Operand *operand : {&lhs, &rhs}) {
    int64_t size = operand->isLhs ? kPieceRows : kPieceColumns;
    int64_t count = size * unit.getDepth() / 32;
    for (int64_t i = 0; i < getNumPieces(operand->isLhs); ++i) {
      (operand->isLhs ? rows : columns)
          .push_back(unit.makeFactor(elements.take_front(count)));
      elements = elements.drop_front(count);
    }
  }
  unit.multiplyAll(rows, columns, sums);
}

int64_t TensorContract::getNumSums() const {
  return getNumPieces(true) * getNumPieces(false) * 4;
}

Value TensorContract::getFirstSum() {
  if (tile.slices == 1)
    return constant(0);
  return multiply(getSlice(), constant(getNumOwnSums()));
}

BlockContract::Sum TensorContract::placeSum(Value thread, Value index,
                                            Value value) {
  Value lane = remainder(thread, 32);
  Value piece = divide(index, 4), place = remainder(index, 4);
  int64_t numColumns = getNumPieces(/*isLhs=*/false);
  Value row = add(multiply(divide(piece, numColumns), constant(kPieceRows)),
                  multiply(divide(place, 2), constant(8)));
  Value column =
      add(multiply(remainder(piece, numColumns), constant(kPieceColumns)),
          remainder(place, 2));
  row = add(add(getWarpOffset(thread, /*isLhs=*/true), divide(lane, 4)), row);
  column = add(add(getWarpOffset(thread, /*isLhs=*/false),
                   multiply(remainder(lane, 4), constant(2))),
               column);
  return {row, column, value};
}

int64_t TensorContract::getAdjacentSums() const {
  return getNumOwnSums() % 2 == 0 ? 2 : 1;
}

SmallVector<Value> TensorContract::addSlices(ArrayRef<Value> values) {
  int64_t count = values.size(), numThreads = getSliceThreads();
  // Nobody needs the stages any more.
  emitter.startTile();
  emitter.emitBarrier(loc);
  Value memory =
      emitter.allocateForTile(loc, tile.slices * count * numThreads, sumType);
  Value slice = getSlice();
  Value thread = remainder(emitter.getThread(), numThreads);
  auto getPlace = [&](Value slice, Value index) {
    Value number = add(multiply(slice, constant(count)), index);
    return add(multiply(number, constant(numThreads)), thread);
  };
  for (auto [i, value] : llvm::enumerate(values))
    memref::StoreOp::create(builder, loc, value, memory,
                            getPlace(slice, constant(i)));
  emitter.emitBarrier(loc);
  SmallVector<Value> sums;
  for (int64_t i = 0; i < getNumOwnSums(); ++i) {
    Value index = add(getFirstSum(), constant(i));
    sums.push_back(addParts(memory, tile.slices, [&](int64_t other) {
      return getPlace(constant(other), index);
    }));
  }
  return sums;
}
