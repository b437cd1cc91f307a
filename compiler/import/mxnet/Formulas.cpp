// SPDX-License-Identifier: Apache-2.0
// Formulas that several families of operators share.
#include "compiler/import/mxnet/Formulas.h"

using namespace mlir;

namespace dlc::mxnet {

//===----------------------------------------------------------------------===//
// Of elements
//===----------------------------------------------------------------------===//

Value copySign(NodeBuilder &n, Value x, Value sign) {
  Value size = n.emit<graph::AbsOp>({x});
  Value isNegative = n.scalar<graph::LessOp>(sign, 0);
  return n.emit<graph::SelectOp>(
      {isNegative, n.emit<graph::NegOp>({size}), size});
}

Value scaleByPowerOfTwo(NodeBuilder &n, Value x, Value y) {
  if (!x || !y)
    return {};
  Type element = n.element(x);
  if (!isa<FloatType>(element)) {
    x = n.cast(x, n.element(ElementType::F64));
    y = n.cast(y, n.element(ElementType::F64));
  }
  Value power = n.emit<graph::PowerOp>({n.splatLike(y, 2), y});
  return n.cast(n.emit<graph::MulOp>({x, power}), element);
}

Value leastCommonMultiple(NodeBuilder &n, Value x, Value y) {
  if (!x || !y)
    return {};
  if (isa<FloatType>(n.element(x)))
    return n.fail(DiagnosticCode::TypeMismatch, "needs integers");
  // Euclid's algorithm takes the most steps for neighbours in Fibonacci's
  // series, which grows by 0.694 bits a step. A remainder by 0 is 0, so that
  // the divisor stays in `a` from there on.
  unsigned bits = n.element(x).getIntOrFloatBitWidth();
  Value a = n.emit<graph::AbsOp>({x}), b = n.emit<graph::AbsOp>({y});
  Value product = n.emit<graph::MulOp>({a, b});
  Value zero = n.splatLike(x, 0);
  for (unsigned step = 0; step < bits * 3 / 2 && a && b; ++step) {
    Value isDone = n.emit<graph::EqualOp>({b, zero});
    Value rest = n.emit<graph::ModOp>({a, b});
    a = n.emit<graph::SelectOp>({isDone, a, b});
    b = rest;
  }
  return n.emit<graph::DivOp>({product, a});
}

Value choose(NodeBuilder &n, Value condition, Value x, Value other) {
  if (!condition || !x || !other)
    return {};
  // Two by two, for each has another element type.
  Value mask = n.cast(condition, n.element(ElementType::Bool));
  if (!n.broadcastPair(x, other))
    return {};
  Value like = n.splat(n.shape(x), n.element(ElementType::Bool), 0);
  if (!n.broadcastPair(mask, like))
    return {};
  return n.emit<graph::SelectOp>(
      {mask, n.broadcast(x, n.shape(mask)), n.broadcast(other, n.shape(mask))});
}

//===----------------------------------------------------------------------===//
// Along dimensions
//===----------------------------------------------------------------------===//

Value dropAxis(NodeBuilder &n, Value x, int64_t axis) {
  if (!x)
    return {};
  Shape target(n.shape(x));
  target.erase(target.begin() + axis);
  return n.reshape(x, target);
}

Value takeAlong(NodeBuilder &n, Value x, Value index, int64_t axis,
                bool keepdims, StringRef mode) {
  if (!x || !index)
    return {};
  Shape kept(n.shape(x)), result(n.shape(x));
  kept[axis] = 1;
  result.erase(result.begin() + axis);
  if (result.empty() && !n.usesNumpyShapes)
    result.push_back(1);
  Value taken = n.emit<graph::TakeAlongOp>(
      {x, n.reshape(index, kept)},
      {n.attr("axis", axis), n.word<graph::IndexModeAttr>("mode", mode)});
  return n.reshape(taken, keepdims ? kept : result);
}

//===----------------------------------------------------------------------===//
// Of matrices
//===----------------------------------------------------------------------===//

Value triangle(NodeBuilder &n, ArrayRef<int64_t> shape, int64_t offset,
               bool lower) {
  Type index = n.element(ElementType::I64);
  int64_t rank = shape.size();
  Value row = n.iota(shape, index, rank - 2, offset);
  Value column = n.iota(shape, index, rank - 1);
  return lower ? n.emit<graph::LessEqualOp>({column, row})
               : n.emit<graph::GreaterEqualOp>({column, row});
}

Value diagonal(NodeBuilder &n, Value x, int64_t offset, int64_t first,
               int64_t second) {
  if (!x)
    return {};
  if (first == second)
    return n.fail(DiagnosticCode::BadAttribute,
                  "the diagonal needs two different dimensions");
  int64_t rows = n.shape(x)[first], columns = n.shape(x)[second];
  // Far beyond the tensor is as good as at its border.
  offset = std::clamp(offset, -rows, columns);
  int64_t row = std::max<int64_t>(-offset, 0);
  int64_t column = std::max<int64_t>(offset, 0);
  int64_t count = std::min(rows - row, columns - column);
  if (count < 1)
    return n.fail(DiagnosticCode::BadAttribute, "the diagonal is empty");
  x = n.sliceAxis(x, first, row, row + count);
  x = n.sliceAxis(x, second, column, column + count);
  Shape permutation;
  for (int64_t i = 0; i < n.rank(x); ++i)
    if (i != first && i != second)
      permutation.push_back(i);
  permutation.append({first, second});
  x = n.transpose(x, permutation);
  if (!x)
    return {};
  // Element i of row i, for each of the other dimensions.
  int64_t last = n.rank(x) - 1;
  Shape kept(n.shape(x));
  kept[last] = 1;
  Value index = n.iota(kept, n.element(ElementType::I64), last - 1);
  Value taken = n.emit<graph::TakeAlongOp>(
      {x, index},
      {n.attr("axis", last), n.word<graph::IndexModeAttr>("mode", "clip")});
  return taken ? dropAxis(n, taken, last) : taken;
}

Value diagonalOfAxes(NodeBuilder &n, Value x, int64_t offset) {
  if (!x)
    return {};
  std::optional<int64_t> first = n.axis("axis1", x),
                         second = n.axis("axis2", x);
  return first && second ? diagonal(n, x, offset, *first, *second) : Value();
}

std::optional<NumberRange> checkNumberRange(NodeBuilder &n, double start,
                                            double step, double count) {
  if (count >= 1 && count <= INT32_MAX)
    return NumberRange{start, step, static_cast<int64_t>(count)};
  n.fail(DiagnosticCode::BadAttribute,
         "the range is empty or has too many elements");
  return std::nullopt;
}

std::optional<NumberRange> getNumberRange(NodeBuilder &n) {
  double start = n.attributes.getFloat("start");
  double stop = n.attributes.getFloat("stop");
  double step = n.attributes.getFloat("step");
  if (n.attributes.isNone("stop")) {
    stop = start;
    start = 0;
  }
  double count = step != 0 ? std::ceil((stop - start) / step) : 0;
  return checkNumberRange(n, start, step, count);
}

Value makeDiagonal(NodeBuilder &n, Value x, int64_t offset) {
  if (!x)
    return {};
  if (std::abs(offset) > INT32_MAX)
    return n.fail(DiagnosticCode::SizeOverflow, "makes too large a matrix");
  int64_t last = n.rank(x) - 1;
  Shape low(n.rank(x), 0), high(n.rank(x), 0);
  low[last] = std::max<int64_t>(offset, 0);
  high[last] = std::max<int64_t>(-offset, 0);
  // Column c of the result holds element c - offset.
  Value padded =
      n.emit<graph::PadOp>({x}, {n.attr("low", low), n.attr("high", high),
                                 n.word<graph::PadModeAttr>("mode", "constant"),
                                 n.attr("value", 0.0)});
  if (!padded)
    return {};
  Shape square(n.shape(padded));
  square.insert(square.begin() + last, square[last]);
  Shape dims = dimRange(0, last);
  dims.push_back(last + 1);
  Value spread = n.broadcastInDims(padded, square, dims);
  Type index = n.element(ElementType::I64);
  Value hit = n.emit<graph::EqualOp>(
      {n.iota(square, index, last, offset), n.iota(square, index, last + 1)});
  return n.emit<graph::SelectOp>({hit, spread, n.splatLike(spread, 0)});
}

} // namespace dlc::mxnet
