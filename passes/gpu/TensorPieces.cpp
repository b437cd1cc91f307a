// SPDX-License-Identifier: Apache-2.0
// Contractions on tensor cores: from shared memory to sums. The layout of
// fragments in registers is that of `mma.m16n8k8` and `mma.m16n8k16` in the PTX
// manual: lane 4 g + t has rows g and g + 8, columns g, and steps t.
#include "passes/gpu/TensorContract.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include <cmath>

using namespace mlir;
using namespace dlc::kernel;

static constexpr int64_t kPieceRows = 16, kPieceColumns = 8;
/// Steps of a square of shared memory that `ldmatrix` reads.
static constexpr int64_t kSquareSteps = 4;
/// Bits of f32 that tf32 has.
static constexpr int64_t kTf32Mask = ~int64_t(0x1fff);
static constexpr int64_t kTf32Half = 0x1000;

int64_t TensorContract::getNumPieces(bool isLhs) const {
  return isLhs ? tile.rows / tile.shareRows / kPieceRows
               : tile.columns / tile.shareColumns / kPieceColumns;
}

Value TensorContract::getWarpOffset(bool isLhs) {
  Value warp = remainder(divide(emitter.getThread(), 32),
                         tile.shareRows * tile.shareColumns);
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
  Value warp = getWarpOffset(operand.isLhs);
  Value firstStep = multiply(getSlice(), constant(tile.depth / tile.slices));
  if (usesSquares(operand)) {
    // First the squares of the first steps, then those of the others.
    int64_t rows = operand.isLhs ? kPieceRows : kPieceColumns;
    Value row = add(warp, remainder(lane, rows));
    Value half = remainder(divide(lane, rows), 2);
    return add(multiply(row, constant(operand.pitch)),
               add(firstStep, multiply(half, constant(kSquareSteps))));
  }
  Value across = add(warp, divide(lane, 4));
  Value step = remainder(lane, 4);
  if (isNarrow)
    step = multiply(step, constant(2));
  step = add(firstStep, step);
  Value pitch = constant(operand.pitch);
  return operand.isDepthFirst ? add(multiply(across, pitch), step)
                              : add(multiply(step, pitch), across);
}

//===----------------------------------------------------------------------===//
// Factors
//===----------------------------------------------------------------------===//

/// \p value, of f32, with the bits of tf32 only: cut off, or rounded to the
/// nearest.
static Value toTf32(OpBuilder &builder, Location loc, Value value,
                    bool rounds) {
  Type i32 = builder.getI32Type();
  auto constant = [&](int64_t bits) {
    return arith::ConstantIntOp::create(builder, loc, bits, 32);
  };
  Value bits = arith::BitcastOp::create(builder, loc, i32, value);
  if (rounds)
    bits = arith::AddIOp::create(builder, loc, bits, constant(kTf32Half));
  bits =
      arith::AndIOp::create(builder, loc, bits, constant(int32_t(kTf32Mask)));
  return arith::BitcastOp::create(builder, loc, value.getType(), bits);
}

/// What \p high leaves of \p value. The instruction ignores the bits that tf32
/// doesn't have.
static Value getRest(OpBuilder &builder, Location loc, Value value,
                     Value high) {
  Value rest = arith::SubFOp::create(builder, loc, value, high);
  // Infinity less infinity isn't a number; the maximum is one, and too small
  // to make a difference beside an infinite product. No other rest is less,
  // but of values beyond 1e36.
  Value least = arith::ConstantOp::create(
      builder, loc,
      builder.getFloatAttr(value.getType(), -std::ldexp(1.0, 110)));
  return arith::MaxNumFOp::create(builder, loc, rest, least);
}

/// Two of \p elements, rounded to \p type, in each register.
static SmallVector<Value> packPairs(OpBuilder &builder, Location loc,
                                    ArrayRef<Value> elements, Type type) {
  SmallVector<Value> registers;
  for (size_t i = 0; i < elements.size(); i += 2) {
    SmallVector<Value> pair;
    for (Value element : elements.slice(i, 2))
      pair.push_back(arith::TruncFOp::create(builder, loc, type, element));
    Value packed = vector::FromElementsOp::create(
        builder, loc, VectorType::get(2, type), pair);
    // Instructions for bf16 take words.
    if (type.isBF16()) {
      packed = vector::BitCastOp::create(
          builder, loc, VectorType::get(1, builder.getI32Type()), packed);
      packed = vector::ExtractOp::create(builder, loc, packed, 0);
    }
    registers.push_back(packed);
  }
  return registers;
}

TensorContract::Factor TensorContract::makeFactor(ArrayRef<Value> elements) {
  if (emitter.getPrecision() == Precision::Float16)
    return {packPairs(builder, loc, elements, builder.getF16Type()), {}};
  if (emitter.getPrecision() == Precision::BFloat16)
    return {packPairs(builder, loc, elements, builder.getBF16Type()), {}};
  bool isExact = emitter.getPrecision() == Precision::Float32;
  auto toWord = [&](Value value) {
    return arith::BitcastOp::create(builder, loc, builder.getI32Type(), value);
  };
  Factor factor;
  for (Value element : elements) {
    Value high = toTf32(builder, loc, element, /*rounds=*/!isExact);
    factor.high.push_back(toWord(high));
    if (isExact)
      factor.low.push_back(toWord(getRest(builder, loc, element, high)));
  }
  return factor;
}

/// Rows, or columns whose steps are side by side, come in squares of 8 x 16
/// bytes, of which each lane names a row: four registers of lhs or two of rhs.
SmallVector<Value> TensorContract::loadSquares(const Operand &operand,
                                               Value stage, int64_t piece,
                                               int64_t step) {
  int64_t size = operand.isLhs ? kPieceRows : kPieceColumns;
  int64_t squares = size / 8 * 2;
  auto type = VectorType::get({squares, 1}, builder.getF32Type());
  Value address = add(stage, constant(piece * size * operand.pitch + step));
  Value loaded =
      nvgpu::LdMatrixOp::create(builder, loc, type, operand.memory, address,
                                /*transpose=*/false, squares);
  SmallVector<Value> elements;
  for (int64_t i = 0; i < squares; ++i)
    elements.push_back(vector::ExtractOp::create(builder, loc, loaded,
                                                 ArrayRef<int64_t>{i, 0}));
  return elements;
}

SmallVector<Value> TensorContract::loadPiece(const Operand &operand,
                                             Value stage, int64_t piece,
                                             int64_t step) {
  if (usesSquares(operand))
    return loadSquares(operand, stage, piece, step);
  int64_t size = operand.isLhs ? kPieceRows : kPieceColumns;
  auto load = [&](int64_t across, int64_t steps) -> Value {
    across += piece * size;
    steps += step;
    int64_t offset = operand.isDepthFirst ? across * operand.pitch + steps
                                          : steps * operand.pitch + across;
    return memref::LoadOp::create(builder, loc, operand.memory,
                                  add(stage, constant(offset)));
  };
  // Two steps of 16 bits share a register.
  auto loadPair = [&](int64_t across, int64_t steps) {
    if (!operand.isDepthFirst)
      return SmallVector<Value>{load(across, steps), load(across, steps + 1)};
    across += piece * size;
    Value address = add(stage, constant(across * operand.pitch + step + steps));
    Value pair = vector::LoadOp::create(
        builder, loc, VectorType::get(2, builder.getF32Type()), operand.memory,
        address, /*nontemporal=*/false, llvm::MaybeAlign(8));
    return SmallVector<Value>{vector::ExtractOp::create(builder, loc, pair, 0),
                              vector::ExtractOp::create(builder, loc, pair, 1)};
  };
  // Registers in order: steps of the first half, each for rows g and g + 8,
  // then those of the second half.
  SmallVector<Value> elements;
  for (int64_t half = 0; half < 2; ++half)
    for (int64_t across = 0; across < size; across += 8) {
      int64_t steps = half * pieceDepth / 2;
      if (isNarrow)
        elements.append(loadPair(across, steps));
      else
        elements.push_back(load(across, steps));
    }
  return elements;
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

void TensorContract::multiplyPiece(ArrayRef<Value> lhs, ArrayRef<Value> rhs,
                                   MutableArrayRef<Value> sums) {
  NVVM::MMATypes factorType = NVVM::MMATypes::tf32;
  if (isNarrow)
    factorType = emitter.getPrecision() == Precision::Float16
                     ? NVVM::MMATypes::f16
                     : NVVM::MMATypes::bf16;
  auto type = LLVM::LLVMStructType::getLiteral(
      op.getContext(), SmallVector<Type>(4, builder.getF32Type()));
  int64_t shape[] = {kPieceRows, kPieceColumns, pieceDepth};
  Value result = NVVM::MmaOp::create(
      builder, loc, type, lhs, rhs, sums, shape, /*b1Op=*/std::nullopt,
      /*intOverflow=*/std::nullopt, std::array{factorType, factorType},
      std::array{NVVM::MMALayout::row, NVVM::MMALayout::col});
  for (auto [i, sum] : llvm::enumerate(sums))
    sum = LLVM::ExtractValueOp::create(builder, loc, result, i);
}

void TensorContract::multiplyPieces(ArrayRef<Value> elements,
                                    MutableArrayRef<Value> sums) {
  SmallVector<Factor> rows, columns;
  for (const Operand *operand : {&lhs, &rhs}) {
    int64_t size = operand->isLhs ? kPieceRows : kPieceColumns;
    int64_t count = size * pieceDepth / 32;
    for (int64_t i = 0; i < getNumPieces(operand->isLhs); ++i) {
      (operand->isLhs ? rows : columns)
          .push_back(makeFactor(elements.take_front(count)));
      elements = elements.drop_front(count);
    }
  }
  // A product waits for the one before it to the same sums: all pieces have
  // their turn before the next one to theirs.
  auto multiplyAll = [&](SmallVector<Value> Factor::*lhs,
                         SmallVector<Value> Factor::*rhs) {
    for (auto [i, row] : llvm::enumerate(rows))
      for (auto [j, column] : llvm::enumerate(columns))
        multiplyPiece(row.*lhs, column.*rhs,
                      sums.slice(4 * (i * columns.size() + j), 4));
  };
  // The smallest first.
  if (!rows.front().low.empty()) {
    multiplyAll(&Factor::low, &Factor::high);
    multiplyAll(&Factor::high, &Factor::low);
  }
  multiplyAll(&Factor::high, &Factor::high);
}

BlockContract::Sum TensorContract::placeSum(Value index, Value value) {
  Value lane = remainder(emitter.getThread(), 32);
  Value piece = divide(index, 4), place = remainder(index, 4);
  int64_t numColumns = getNumPieces(/*isLhs=*/false);
  Value row = add(multiply(divide(piece, numColumns), constant(kPieceRows)),
                  multiply(divide(place, 2), constant(8)));
  Value column =
      add(multiply(remainder(piece, numColumns), constant(kPieceColumns)),
          remainder(place, 2));
  row = add(add(getWarpOffset(/*isLhs=*/true), divide(lane, 4)), row);
  column = add(add(getWarpOffset(/*isLhs=*/false),
                   multiply(remainder(lane, 4), constant(2))),
               column);
  return {row, column, value};
}

int64_t TensorContract::getAdjacentSums() const {
  int64_t sums = getNumPieces(true) * getNumPieces(false) * 4 / tile.slices;
  return sums % 2 == 0 ? 2 : 1;
}

SmallVector<BlockContract::Sum>
TensorContract::placeSums(ArrayRef<Value> values) {
  SmallVector<Sum> sums;
  for (auto [i, value] : llvm::enumerate(values))
    sums.push_back(placeSum(constant(i), value));
  return sums;
}

SmallVector<BlockContract::Sum>
TensorContract::addSlices(ArrayRef<Value> values) {
  int64_t count = values.size(), numThreads = getSliceThreads();
  Value memory = emitter.allocateForTile(loc, tile.slices * count * numThreads,
                                         builder.getF32Type());
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
  int64_t share = count / tile.slices;
  SmallVector<Sum> sums;
  for (int64_t i = 0; i < share; ++i) {
    Value index = add(multiply(slice, constant(share)), constant(i));
    Value sum;
    for (int64_t other = 0; other < tile.slices; ++other) {
      Value part = memref::LoadOp::create(builder, loc, memory,
                                          getPlace(constant(other), index));
      sum = sum ? arith::AddFOp::create(builder, loc, sum, part).getResult()
                : part;
    }
    sums.push_back(placeSum(index, sum));
  }
  return sums;
}
