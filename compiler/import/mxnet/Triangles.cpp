// SPDX-License-Identifier: Apache-2.0
// Linear algebra that moves elements: diagonals and triangles of matrices.
#include "compiler/import/mxnet/Formulas.h"
#include "compiler/import/mxnet/Matrices.h"
#include "compiler/import/mxnet/Operators.h"

using namespace mlir;

namespace dlc::mxnet {

Value getMatrices(NodeBuilder &n, Value x, bool isSquare) {
  if (!x)
    return {};
  if (!isa<FloatType>(n.element(x)) || n.rank(x) < 2)
    return n.fail(DiagnosticCode::ShapeMismatch,
                  "needs matrices of floating-point numbers");
  int64_t rows = n.shape(x).drop_back().back(), columns = n.shape(x).back();
  if (isSquare && rows != columns)
    return n.fail(DiagnosticCode::ShapeMismatch,
                  "needs square matrices, but got " + dimsText(n.shape(x)));
  if (isSquare && rows > maxRows)
    return n.fail(DiagnosticCode::UnsupportedAttribute,
                  "matrices with more than " + Twine(maxRows) +
                      " rows can't be compiled, but got " +
                      dimsText(n.shape(x)));
  return n.reshape(x, {-1, rows, columns});
}

Value restoreBatch(NodeBuilder &n, Value x, Value like) {
  if (!x)
    return {};
  Shape shape(n.shape(like).drop_back(2));
  llvm::append_range(shape, n.shape(x).drop_front());
  return n.atLeastOneDim(n.reshape(x, shape));
}

//===----------------------------------------------------------------------===//
// Diagonals and triangles
//===----------------------------------------------------------------------===//

static Values extractDiagonal(NodeBuilder &n) {
  Value x = n.input(0);
  if (!getMatrices(n, x, false))
    return Values(1);
  return {n.atLeastOneDim(diagonal(n, x, n.attributes.getInt("offset"),
                                   n.rank(x) - 2, n.rank(x) - 1))};
}

static Values makeDiagonals(NodeBuilder &n) {
  Value x = n.input(0);
  if (x && n.rank(x) == 0)
    return {n.fail(DiagnosticCode::ShapeMismatch, "needs no scalar")};
  return {makeDiagonal(n, x, n.attributes.getInt("offset"))};
}

static Values sumLogDiagonal(NodeBuilder &n) {
  Value x = n.input(0);
  if (!getMatrices(n, x, false))
    return Values(1);
  Value line = diagonal(n, x, 0, n.rank(x) - 2, n.rank(x) - 1);
  Value logs = n.emit<graph::LogOp>({line});
  return {logs ? n.atLeastOneDim(n.reduce<graph::ReduceSumOp>(
                     logs, {n.rank(logs) - 1}, /*keepdims=*/false))
               : logs};
}

/// Where the elements of a triangle of size x size matrices lie, the lower one
/// row by row, the upper one column by column. An offset chooses the side.
static SmallVector<double> getTrianglePlaces(NodeBuilder &n, int64_t size) {
  int64_t offset = n.attributes.getInt("offset");
  bool lower = offset < 0 || (offset == 0 && n.attributes.getBool("lower"));
  SmallVector<double> places;
  for (int64_t i = 0; i < size; ++i)
    for (int64_t j = 0; j <= i - std::abs(offset); ++j)
      places.push_back(double(lower ? i * size + j : j * size + i));
  return places;
}

/// Elements of each of the rows of \p x, [batch, ...].
static Value takePlaces(NodeBuilder &n, Value x, ArrayRef<double> places) {
  Value index =
      n.constant({int64_t(places.size())}, n.element(ElementType::I64), places);
  return n.emit<graph::GatherOp>(
      {x, index}, {n.attr("axis", int64_t(1)),
                   n.word<graph::IndexModeAttr>("mode", "clip")});
}

static Values extractTriangle(NodeBuilder &n) {
  Value x = getMatrices(n, n.input(0), true);
  if (!x)
    return Values(1);
  int64_t size = n.shape(x)[1];
  SmallVector<double> places = getTrianglePlaces(n, size);
  if (places.empty())
    return {n.fail(DiagnosticCode::BadAttribute, "the triangle is empty")};
  Value taken =
      takePlaces(n, n.reshape(x, {n.shape(x)[0], size * size}), places);
  return {restoreBatch(n, taken, n.input(0))};
}

static Values makeTriangle(NodeBuilder &n) {
  Value x = n.input(0);
  if (!x || n.rank(x) == 0)
    return Values(1);
  int64_t length = n.shape(x).back();
  int64_t distance = std::abs(n.attributes.getInt("offset"));
  // length = m (m + 1) / 2 for the m rows that the triangle has.
  auto rows = int64_t((std::sqrt(8.0 * double(length) + 1) - 1) / 2 + 0.5);
  if (rows * (rows + 1) / 2 != length || distance > maxRows ||
      rows + distance > maxRows)
    return {n.fail(DiagnosticCode::ShapeMismatch,
                   Twine(length) + " elements are no triangle of at most " +
                       Twine(maxRows) + " rows")};
  int64_t size = rows + distance;
  SmallVector<double> sources(size * size, 0), mask(size * size, 0);
  for (auto [i, place] : llvm::enumerate(getTrianglePlaces(n, size))) {
    sources[size_t(place)] = double(i);
    mask[size_t(place)] = 1;
  }
  Value flat = n.reshape(x, {-1, length});
  Value taken = takePlaces(n, flat, sources);
  if (!taken)
    return Values(1);
  Value isThere =
      n.broadcast(n.constant({size * size}, n.element(ElementType::Bool), mask),
                  n.shape(taken));
  Value result =
      n.emit<graph::SelectOp>({isThere, taken, n.splatLike(taken, 0)});
  Shape shape(n.shape(x).drop_back());
  shape.append({size, size});
  return {n.reshape(result, shape)};
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

ArrayRef<OperatorRow> getTrianglesOperators() {
  static const OperatorRow rows[] = {
      {"_linalg_sumlogdiag linalg_sumlogdiag", "", "A", sumLogDiagonal},
      {"_linalg_extractdiag linalg_extractdiag", "offset:int=0", "A",
       extractDiagonal},
      {"_linalg_makediag linalg_makediag", "offset:int=0", "A", makeDiagonals},
      {"_linalg_extracttrian linalg_extracttrian",
       "offset:int=0 lower:bool=True", "A", extractTriangle, nullptr, "output",
       "At most 64 rows."},
      {"_linalg_maketrian linalg_maketrian", "offset:int=0 lower:bool=True",
       "A", makeTriangle, nullptr, "output", "At most 64 rows."},
  };
  return rows;
}

} // namespace dlc::mxnet
