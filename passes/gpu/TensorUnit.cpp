// SPDX-License-Identifier: Apache-2.0
// What contractions and attention on tensor cores have in common.
#include "passes/gpu/TensorUnit.h"

#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include <cmath>

using namespace mlir;
using namespace dlc::kernel;

/// Bits of f32 that tf32 has.
static constexpr int64_t kTf32Mask = ~int64_t(0x1fff);

//===----------------------------------------------------------------------===//
// Factors
//===----------------------------------------------------------------------===//

/// \p value, of f32, with the bits of tf32 only: the others are cut off.
static Value cutToTf32(OpBuilder &builder, Location loc, Value value) {
  Value bits =
      arith::BitcastOp::create(builder, loc, builder.getI32Type(), value);
  Value mask =
      arith::ConstantIntOp::create(builder, loc, int32_t(kTf32Mask), 32);
  bits = arith::AndIOp::create(builder, loc, bits, mask);
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

TensorUnit::Factor TensorUnit::makeFactor(ArrayRef<Value> elements) {
  if (areUnsigned)
    return {SmallVector<Value>(elements), {}};
  if (precision == Precision::Float16)
    return {packPairs(builder, loc, elements, builder.getF16Type()), {}};
  if (precision == Precision::BFloat16)
    return {packPairs(builder, loc, elements, builder.getBF16Type()), {}};
  Factor factor;
  if (precision == Precision::Tf32) {
    for (Value element : elements)
      factor.high.push_back(NVVM::ConvertFloatToTF32Op::create(
          builder, loc, builder.getI32Type(), element,
          NVVM::FPRoundingMode::RNA));
    return factor;
  }
  auto toWord = [&](Value value) {
    return arith::BitcastOp::create(builder, loc, builder.getI32Type(), value);
  };
  for (Value element : elements) {
    Value high = cutToTf32(builder, loc, element);
    factor.high.push_back(toWord(high));
    factor.low.push_back(toWord(getRest(builder, loc, element, high)));
  }
  return factor;
}

SmallVector<Value> TensorUnit::loadSquares(Value memory, Value address,
                                           int64_t squares) {
  Type element = cast<MemRefType>(memory.getType()).getElementType();
  auto type = VectorType::get({squares, 1}, element);
  Value loaded = nvgpu::LdMatrixOp::create(builder, loc, type, memory, address,
                                           /*transpose=*/false, squares);
  SmallVector<Value> elements;
  for (int64_t i = 0; i < squares; ++i)
    elements.push_back(vector::ExtractOp::create(builder, loc, loaded,
                                                 ArrayRef<int64_t>{i, 0}));
  return elements;
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

std::array<NVVM::MMATypes, 2> TensorUnit::getFactorTypes() const {
  auto getByte = [](bool isUnsigned) {
    return isUnsigned ? NVVM::MMATypes::u8 : NVVM::MMATypes::s8;
  };
  if (areUnsigned)
    return {getByte(areUnsigned->first), getByte(areUnsigned->second)};
  NVVM::MMATypes type = NVVM::MMATypes::tf32;
  if (isNarrow())
    type = precision == Precision::Float16 ? NVVM::MMATypes::f16
                                           : NVVM::MMATypes::bf16;
  return {type, type};
}

void TensorUnit::addProduct(ArrayRef<Value> lhs, ArrayRef<Value> rhs,
                            MutableArrayRef<Value> sums) {
  auto type = LLVM::LLVMStructType::getLiteral(
      builder.getContext(), SmallVector<Type>(4, sums.front().getType()));
  int64_t shape[] = {kPieceRows, kPieceColumns,
                     areUnsigned ? getDepth() * ContractOp::kQuad : getDepth()};
  std::optional<NVVM::MMAIntOverflow> overflow;
  if (areUnsigned)
    overflow = NVVM::MMAIntOverflow::wrapped;
  Value result = NVVM::MmaOp::create(
      builder, loc, type, lhs, rhs, sums, shape, /*b1Op=*/std::nullopt,
      overflow, getFactorTypes(),
      std::array{NVVM::MMALayout::row, NVVM::MMALayout::col});
  for (auto [i, sum] : llvm::enumerate(sums))
    sum = LLVM::ExtractValueOp::create(builder, loc, result, i);
}

void TensorUnit::multiply(const Factor &a, const Factor &b,
                          MutableArrayRef<Value> sums) {
  multiplyAll(a, b, sums);
}

void TensorUnit::multiplyAll(ArrayRef<Factor> rows, ArrayRef<Factor> columns,
                             MutableArrayRef<Value> sums) {
  // A product waits for the one before it to the same sums: all pieces have
  // their turn before the next one to theirs.
  auto addProducts = [&](SmallVector<Value> Factor::*lhs,
                         SmallVector<Value> Factor::*rhs) {
    for (auto [i, row] : llvm::enumerate(rows))
      for (auto [j, column] : llvm::enumerate(columns))
        addProduct(row.*lhs, column.*rhs,
                   sums.slice(4 * (i * columns.size() + j), 4));
  };
  // The smallest first.
  if (!rows.front().low.empty()) {
    addProducts(&Factor::low, &Factor::high);
    addProducts(&Factor::high, &Factor::low);
  }
  addProducts(&Factor::high, &Factor::high);
}

//===----------------------------------------------------------------------===//
// Copies
//===----------------------------------------------------------------------===//

void dlc::kernel::copyAsync(OpBuilder &builder, Location loc, Value buffer,
                            Value address, Value memory, Value place,
                            int64_t count, Value isThere) {
  auto constant = [&](int64_t value) {
    return arith::ConstantIndexOp::create(builder, loc, value);
  };
  Value read;
  if (isThere)
    read = arith::SelectOp::create(builder, loc, isThere, constant(count),
                                   constant(0));
  // What comes from L2 would be in L1 and in shared memory.
  bool bypassesL1 = count == kCopyVector;
  nvgpu::DeviceAsyncCopyOp::create(
      builder, loc, nvgpu::DeviceAsyncTokenType::get(builder.getContext()),
      memory, place, buffer, address, builder.getIndexAttr(count), read,
      bypassesL1 ? builder.getUnitAttr() : UnitAttr());
}

Value dlc::kernel::closeCopies(OpBuilder &builder, Location loc) {
  return nvgpu::DeviceAsyncCreateGroupOp::create(
      builder, loc, nvgpu::DeviceAsyncTokenType::get(builder.getContext()),
      ValueRange());
}

void dlc::kernel::clearElements(OpBuilder &builder, Location loc, Value memory,
                                Value place, int64_t count) {
  auto type = VectorType::get(
      count, cast<MemRefType>(memory.getType()).getElementType());
  Value zeros =
      arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
  vector::StoreOp::create(builder, loc, zeros, memory, place,
                          /*nontemporal=*/false, llvm::MaybeAlign(count * 4));
}
