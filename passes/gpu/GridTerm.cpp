// SPDX-License-Identifier: Apache-2.0
// Numbers of blocks, and of bytes, as products of quotients of extents.
#include "passes/gpu/GridTerm.h"

using namespace mlir;
using namespace dlc::kernel;

GridTerm GridTerm::operator*(const GridTerm &other) const {
  GridTerm product = *this;
  llvm::append_range(product.factors, other.factors);
  product.isDynamic |= other.isDynamic;
  return product;
}

GridTerm dlc::kernel::getProduct(ArrayRef<GridTerm> terms) {
  GridTerm product;
  for (const GridTerm &term : terms)
    product = product * term;
  return product;
}

int64_t GridTerm::getValue() const {
  int64_t value = 1;
  for (auto [extent, divisor] : factors)
    value *= llvm::divideCeil(extent, divisor);
  return value;
}

DenseI64ArrayAttr GridTerm::toAttr(Builder &builder) const {
  SmallVector<int64_t> numbers;
  for (auto [extent, divisor] : factors)
    numbers.append({extent, divisor});
  return builder.getDenseI64ArrayAttr(numbers);
}

Value GridTerm::emit(BlockEmitter &emitter, Location loc) const {
  if (!isDynamic)
    return emitter.constantIndex(loc, getValue());
  Value product;
  for (auto [extent, divisor] : factors) {
    Value factor = emitter.constantIndex(loc, extent);
    if (divisor != 1)
      factor = arith::DivUIOp::create(
          emitter.getBuilder(), loc,
          emitter.add(loc, factor, emitter.constantIndex(loc, divisor - 1)),
          emitter.constantIndex(loc, divisor));
    product = product ? emitter.multiply(loc, product, factor) : factor;
  }
  return product ? product : emitter.constantIndex(loc, 1);
}
