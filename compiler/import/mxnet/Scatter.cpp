// SPDX-License-Identifier: Apache-2.0
// Operators that write parts of a tensor at places given by indices or slices,
// and the arithmetic of flat indices. A scatter compares every place with every
// index, which suits a few hundred of them.
#include "compiler/import/mxnet/Formulas.h"
#include "compiler/import/mxnet/Operators.h"

using namespace mlir;

namespace dlc::mxnet {

//===----------------------------------------------------------------------===//
// Scatters
//===----------------------------------------------------------------------===//

/// More comparisons than this would make a kernel too slow.
static constexpr int64_t maxComparisons = int64_t(1) << 24;

/// \p base with row \p places[i] replaced by row i of \p updates; the last of
/// several for one place counts. Shapes: base [P, R], updates [M, R], places
/// [M] of int64.
static Value scatterRows(NodeBuilder &n, Value base, Value updates,
                         Value places) {
  if (!base || !updates || !places)
    return {};
  int64_t numPlaces = n.shape(base)[0], numUpdates = n.shape(updates)[0];
  if (numUpdates > maxComparisons / std::max<int64_t>(numPlaces, 1))
    return n.fail(DiagnosticCode::UnsupportedAttribute,
                  "writes " + Twine(numUpdates) + " of " + Twine(numPlaces) +
                      " places by index; so many can't be compiled");
  Type index = n.element(ElementType::I64);
  Shape pairs{numPlaces, numUpdates};
  Value hit = n.emit<graph::EqualOp>(
      {n.broadcastInDims(places, pairs, {1}), n.iota(pairs, index, 0)});
  // The number of the update that counts, from 1 on; 0 for none.
  Value number = n.emit<graph::SelectOp>(
      {hit, n.iota(pairs, index, 1, 1), n.splat(pairs, index, 0)});
  Value last = n.reduce<graph::ReduceMaxOp>(number, {1}, /*keepdims=*/false);
  Value source = n.scalar<graph::SubOp>(last, 1);
  Value taken = n.emit<graph::GatherOp>(
      {updates, source}, {n.attr("axis", int64_t(0)),
                          n.word<graph::IndexModeAttr>("mode", "clip")});
  Value isWritten = n.scalar<graph::GreaterOp>(last, 0);
  if (!taken || !isWritten)
    return {};
  return n.emit<graph::SelectOp>(
      {n.broadcastInDims(isWritten, n.shape(base), {0}), taken, base});
}

/// The flat place of each column of \p indices, [K, M], in a tensor of
/// \p shape, as int64.
static Value getPlaces(NodeBuilder &n, Value indices, ArrayRef<int64_t> shape) {
  Value places;
  for (auto [row, dim] : llvm::enumerate(shape)) {
    Value one = dropAxis(n, n.sliceAxis(indices, 0, row, row + 1), 0);
    places = places ? n.emit<graph::AddOp>(
                          {n.scalar<graph::MulOp>(places, double(dim)), one})
                    : one;
  }
  return places;
}

/// Writes updates, [M..., R...], into \p base at index tuples [K, M...].
static Value scatterNd(NodeBuilder &n, Value base, Value updates,
                       Value indices) {
  if (!base || !updates || !indices)
    return {};
  ArrayRef<int64_t> shape = n.shape(base);
  size_t depth = n.rank(indices) > 0 ? n.shape(indices)[0] : 0;
  if (depth < 1 || depth > shape.size())
    return n.fail(DiagnosticCode::ShapeMismatch,
                  "indices of shape " + dimsText(n.shape(indices)) +
                      " don't fit a tensor of shape " + dimsText(shape));
  Shape expected(n.shape(indices).drop_front());
  llvm::append_range(expected, shape.drop_front(depth));
  if (n.shape(updates) != ArrayRef<int64_t>(expected))
    return n.fail(DiagnosticCode::ShapeMismatch,
                  "the data needs the shape " + dimsText(expected) +
                      ", but got " + dimsText(n.shape(updates)));
  int64_t columns = graph::multiplySizes(n.shape(indices).drop_front());
  int64_t rest = graph::multiplySizes(shape.drop_front(depth));
  Value whole = n.cast(indices, n.element(ElementType::I64));
  Value flat = n.reshape(whole, {int64_t(depth), columns});
  Value places = getPlaces(n, flat, shape.take_front(depth));
  int64_t numPlaces = graph::multiplySizes(shape.take_front(depth));
  Value result = scatterRows(n, n.reshape(base, {numPlaces, rest}),
                             n.reshape(updates, {columns, rest}), places);
  return n.reshape(result, shape);
}

static Values scatter(NodeBuilder &n) {
  if (!n.input(0))
    return Values(1);
  Value zeros = n.splat(n.getShape("shape"), n.element(n.input(0)), 0);
  return {scatterNd(n, zeros, n.input(0), n.input(1))};
}

static Values scatterInto(NodeBuilder &n) {
  return {scatterNd(n, n.input(0), n.input(1), n.input(2))};
}

static Values indexCopy(NodeBuilder &n) {
  Value base = n.input(0), indices = n.input(1), rows = n.input(2);
  if (!base || !indices || !rows)
    return Values(1);
  if (n.rank(indices) != 1)
    return {n.fail(DiagnosticCode::ShapeMismatch,
                   "'index_vector' needs one dimension, but has the shape " +
                       dimsText(n.shape(indices)))};
  return {
      scatterNd(n, base, rows, n.reshape(indices, {1, n.shape(indices)[0]}))};
}

//===----------------------------------------------------------------------===//
// Slices
//===----------------------------------------------------------------------===//

/// Places \p part, a slice's elements, where `begin`, `end` and `step` say, and
/// keeps the rest of the data. For each dimension the position in the slice
/// follows from that in the data.
static Value assignSlice(NodeBuilder &n, Value x, Value part) {
  if (!x || !part)
    return {};
  std::optional<SmallVector<SliceRange>> ranges = getSliceRanges(n, x);
  if (!ranges)
    return {};
  Shape counts;
  for (const SliceRange &range : *ranges)
    counts.push_back(range.getCount());
  part = n.broadcast(part, counts);
  Type index = n.element(ElementType::I64);
  Value isInside;
  for (auto [axis, range] : llvm::enumerate(*ranges)) {
    if (range.begin == 0 && range.step == 1 && counts[axis] == n.shape(x)[axis])
      continue;
    if (counts[axis] == 0)
      return x;
    Shape line{n.shape(x)[axis]};
    // (position - begin) / step, if that is whole and in range.
    Value distance = n.iota(line, index, 0, double(-range.begin));
    Value number = n.scalar<graph::DivOp>(distance, double(range.step));
    Value back = n.scalar<graph::MulOp>(number, double(range.step));
    Value isWhole = n.emit<graph::EqualOp>({back, distance});
    Value isLow = n.scalar<graph::GreaterEqualOp>(number, 0);
    Value isHigh = n.scalar<graph::LessOp>(number, double(counts[axis]));
    Value isHit = n.emit<graph::LogicalAndOp>(
        {n.emit<graph::LogicalAndOp>({isWhole, isLow}), isHigh});
    part = n.emit<graph::GatherOp>(
        {part, number}, {n.attr("axis", int64_t(axis)),
                         n.word<graph::IndexModeAttr>("mode", "clip")});
    Value spread = n.broadcastInDims(isHit, n.shape(x), {int64_t(axis)});
    isInside =
        isInside ? n.emit<graph::LogicalAndOp>({isInside, spread}) : spread;
  }
  return isInside ? n.emit<graph::SelectOp>({isInside, part, x}) : part;
}

static Values sliceAssign(NodeBuilder &n) {
  return {assignSlice(n, n.input(0), n.input(1))};
}

static Values sliceAssignScalar(NodeBuilder &n) {
  Value x = n.input(0);
  if (!x)
    return Values(1);
  Value scalar = n.splat({}, n.element(x), n.attributes.getFloat("scalar"));
  return {assignSlice(n, x, scalar)};
}

//===----------------------------------------------------------------------===//
// Flat indices
//===----------------------------------------------------------------------===//

static Values ravel(NodeBuilder &n) {
  Value x = n.input(0);
  Shape shape = n.getShape("shape");
  if (!x)
    return Values(1);
  if (n.rank(x) < 1 || n.shape(x)[0] != int64_t(shape.size()) || shape.empty())
    return {n.fail(DiagnosticCode::ShapeMismatch,
                   "needs one row of indices for each dimension of 'shape'")};
  Value whole = n.cast(x, n.element(ElementType::I64));
  return {n.cast(getPlaces(n, whole, shape), n.element(x))};
}

/// [rank, ...]: the index along each dimension.
static Values unravel(NodeBuilder &n) {
  Value x = n.input(0);
  Shape shape = n.getShape("shape");
  if (!x)
    return Values(1);
  if (shape.empty())
    return {n.fail(DiagnosticCode::BadAttribute,
                   "attribute 'shape' needs a dimension")};
  Value rest = n.cast(x, n.element(ElementType::I64));
  Shape row(n.shape(x));
  row.insert(row.begin(), 1);
  Values rows;
  for (size_t i = shape.size(); i-- > 0;) {
    // The first dimension takes what is left, whatever its size.
    Value index =
        i == 0 ? rest : n.scalar<graph::ModOp>(rest, double(shape[i]));
    rows.insert(rows.begin(), n.reshape(index, row));
    if (i > 0)
      rest = n.scalar<graph::DivOp>(rest, double(shape[i]));
  }
  return {n.cast(n.concat(rows, 0), n.element(x))};
}

/// The indices of every element along some dimensions, as int64.
static Values indexArray(NodeBuilder &n) {
  Value x = n.input(0);
  if (!x)
    return Values(1);
  Shape axes =
      n.attributes.isNone("axes") ? dimRange(0, n.rank(x)) : n.getShape("axes");
  Shape one(n.shape(x));
  one.push_back(1);
  Values parts;
  for (int64_t value : axes) {
    std::optional<int64_t> axis = n.axis(value, n.rank(x));
    if (!axis)
      return Values(1);
    parts.push_back(n.iota(one, n.element(ElementType::I64), *axis));
  }
  if (parts.empty())
    return {n.fail(DiagnosticCode::BadAttribute, "needs an axis")};
  return {n.concat(parts, n.rank(x))};
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

ArrayRef<OperatorRow> getScatterOperators() {
  static const OperatorRow rows[] = {
      {"scatter_nd", "shape:sizes!", "data indices", scatter, nullptr, "output",
       "Compares places with indices: at most 2^24 pairs."},
      {"_scatter_set_nd _npi_scatter_set_nd", "shape:sizes!", "lhs rhs indices",
       scatterInto, nullptr, "output",
       "Compares places with indices: at most 2^24 pairs."},
      {"_contrib_index_copy", "", "old_tensor index_vector new_tensor",
       indexCopy, nullptr, "output",
       "Compares places with indices: at most 2^24 pairs."},
      {"_slice_assign _npi_slice_assign _crop_assign",
       "begin:slots! end:slots! step:slots=()", "lhs rhs", sliceAssign},
      {"_slice_assign_scalar _npi_slice_assign_scalar _crop_assign_scalar",
       "scalar:float=0 begin:slots! end:slots! step:slots=()", "data",
       sliceAssignScalar},
      {"_ravel_multi_index ravel_multi_index", "shape:shape!", "data", ravel},
      {"_unravel_index unravel_index", "shape:shape!", "data", unravel},
      {"_contrib_index_array", "axes:shape?=None", "data", indexArray},
  };
  return rows;
}

} // namespace dlc::mxnet
