// SPDX-License-Identifier: Apache-2.0
// Linear algebra on the last two dimensions: factorisations, systems, inverses,
// determinants, triangles. Algorithms are unrolled, a few operations for each
// row, which suits the small matrices of models.
#include "compiler/import/mxnet/Formulas.h"
#include "compiler/import/mxnet/Matrices.h"
#include "compiler/import/mxnet/Operators.h"

using namespace mlir;

namespace dlc::mxnet {

//===----------------------------------------------------------------------===//
// Batches of matrices
//===----------------------------------------------------------------------===//

static Value transposed(NodeBuilder &n, Value x) {
  return n.transpose(x, {0, 2, 1});
}

static Value slice(NodeBuilder &n, Value x, int64_t axis, int64_t begin,
                   int64_t size) {
  return x ? n.sliceAxis(x, axis, begin, begin + size) : x;
}

static Value scaled(NodeBuilder &n, Value x, double factor) {
  return factor == 1 ? x : n.scalar<graph::MulOp>(x, factor);
}

static Value product(NodeBuilder &n, Value lhs, Value rhs) {
  if (!lhs || !rhs)
    return {};
  if (n.shape(lhs)[2] != n.shape(rhs)[1] || n.shape(lhs)[0] != n.shape(rhs)[0])
    return n.fail(DiagnosticCode::ShapeMismatch,
                  "matrices " + dimsText(n.shape(lhs)) + " and " +
                      dimsText(n.shape(rhs)) + " can't be multiplied");
  return n.dot(lhs, rhs, {0}, {0}, {2}, {1});
}

/// The identity for each matrix of \p like.
static Value identityLike(NodeBuilder &n, Value like) {
  if (!like)
    return {};
  Type index = n.element(ElementType::I64);
  Value hit = n.emit<graph::EqualOp>(
      {n.iota(n.shape(like), index, 1), n.iota(n.shape(like), index, 2)});
  return n.cast(hit, n.element(like));
}

/// Zero above (or below) the diagonal.
static Value triangleOf(NodeBuilder &n, Value x, bool lower) {
  if (!x)
    return {};
  Value mask = triangle(n, n.shape(x), 0, lower);
  return n.emit<graph::SelectOp>({mask, x, n.splatLike(x, 0)});
}

//===----------------------------------------------------------------------===//
// Cholesky's factorisation
//===----------------------------------------------------------------------===//

/// The lower triangle L with L L^T = x, column by column.
static Value cholesky(NodeBuilder &n, Value x) {
  if (!x)
    return {};
  int64_t size = n.shape(x)[1];
  Values columns;
  for (int64_t k = 0; k < size && x; ++k) {
    int64_t rest = size - k - 1;
    Value pivot = slice(n, slice(n, x, 1, 0, 1), 2, 0, 1);
    Value column = n.binary<graph::DivOp>(slice(n, x, 2, 0, 1),
                                          n.emit<graph::SqrtOp>({pivot}));
    Shape low{0, k, 0}, high{0, 0, 0};
    columns.push_back(n.emit<graph::PadOp>(
        {column}, {n.attr("low", low), n.attr("high", high),
                   n.word<graph::PadModeAttr>("mode", "constant"),
                   n.attr("value", 0.0)}));
    if (rest == 0)
      break;
    Value below = slice(n, column, 1, 1, rest);
    Value trailing = slice(n, slice(n, x, 1, 1, rest), 2, 1, rest);
    x = n.binary<graph::SubOp>(
        trailing, n.binary<graph::MulOp>(below, transposed(n, below)));
  }
  return n.concat(columns, 2);
}

static Values potrf(NodeBuilder &n) {
  Value x = getMatrices(n, n.input(0), true);
  return {x ? restoreBatch(n, cholesky(n, x), n.input(0)) : x};
}

//===----------------------------------------------------------------------===//
// Triangular systems
//===----------------------------------------------------------------------===//

/// X with L X = \p rhs, L being lower triangular, row by row.
static Value solveLower(NodeBuilder &n, Value lower, Value rhs) {
  if (!lower || !rhs)
    return {};
  int64_t size = n.shape(lower)[1];
  Values rows;
  for (int64_t k = 0; k < size && rhs; ++k) {
    int64_t rest = size - k - 1;
    Value column = slice(n, lower, 2, k, 1);
    Value row = n.binary<graph::DivOp>(slice(n, rhs, 1, 0, 1),
                                       slice(n, column, 1, k, 1));
    rows.push_back(row);
    if (rest > 0)
      rhs = n.binary<graph::SubOp>(
          slice(n, rhs, 1, 1, rest),
          n.binary<graph::MulOp>(slice(n, column, 1, k + 1, rest), row));
  }
  return n.concat(rows, 1);
}

static Value reversed(NodeBuilder &n, Value x, ArrayRef<int64_t> axes) {
  return n.emit<graph::ReverseOp>({x}, {n.attr("axes", axes)});
}

/// X with A X = \p rhs, A being triangular: an upper one is a lower one when
/// read from the end.
static Value solveTriangular(NodeBuilder &n, Value a, Value rhs, bool lower) {
  if (lower)
    return solveLower(n, a, rhs);
  return reversed(n, solveLower(n, reversed(n, a, {1, 2}), reversed(n, rhs, 1)),
                  1);
}

static Values trsm(NodeBuilder &n) {
  Value a = getMatrices(n, n.input(0), true);
  Value b = getMatrices(n, n.input(1), false);
  if (!a || !b)
    return Values(1);
  bool right = n.attributes.getBool("rightside");
  bool lower = n.attributes.getBool("lower");
  if (n.shape(b)[right ? 2 : 1] != n.shape(a)[1] ||
      n.shape(b)[0] != n.shape(a)[0])
    return {n.fail(DiagnosticCode::ShapeMismatch,
                   "matrices " + dimsText(n.shape(a)) + " and " +
                       dimsText(n.shape(b)) + " don't fit each other")};
  b = scaled(n, b, n.attributes.getFloat("alpha"));
  // X A = B is A^T X^T = B^T.
  if (n.attributes.getBool("transpose") != right) {
    a = transposed(n, a);
    lower = !lower;
  }
  Value x = right
                ? transposed(n, solveTriangular(n, a, transposed(n, b), lower))
                : solveTriangular(n, a, b, lower);
  return {restoreBatch(n, x, n.input(1))};
}

static Values trmm(NodeBuilder &n) {
  Value a = getMatrices(n, n.input(0), false);
  Value b = getMatrices(n, n.input(1), false);
  a = triangleOf(n, a, n.attributes.getBool("lower"));
  if (n.attributes.getBool("transpose"))
    a = transposed(n, a);
  Value x =
      n.attributes.getBool("rightside") ? product(n, b, a) : product(n, a, b);
  x = scaled(n, x, n.attributes.getFloat("alpha"));
  return {x ? restoreBatch(n, x, n.input(1)) : x};
}

/// The inverse of L L^T for a lower triangle L.
static Values potri(NodeBuilder &n) {
  Value lower = getMatrices(n, n.input(0), true);
  Value inverse = solveLower(n, lower, identityLike(n, lower));
  if (!inverse)
    return Values(1);
  return {
      restoreBatch(n, product(n, transposed(n, inverse), inverse), n.input(0))};
}

static Values syrk(NodeBuilder &n) {
  Value a = getMatrices(n, n.input(0), false);
  if (!a)
    return Values(1);
  Value b = transposed(n, a);
  Value x =
      n.attributes.getBool("transpose") ? product(n, b, a) : product(n, a, b);
  x = scaled(n, x, n.attributes.getFloat("alpha"));
  return {x ? restoreBatch(n, x, n.input(0)) : x};
}

//===----------------------------------------------------------------------===//
// Householder's reflections
//===----------------------------------------------------------------------===//

/// Reflects the rows of \p x, [batch, rows, size], at the plane that \p v,
/// [batch, 1, size], is normal to.
static Value reflect(NodeBuilder &n, Value x, Value v) {
  if (!x || !v)
    return {};
  Value column = transposed(n, v);
  Value twice = n.scalar<graph::MulOp>(product(n, x, column), 2);
  Value norm = product(n, v, column);
  return n.binary<graph::SubOp>(
      x, product(n, n.binary<graph::DivOp>(twice, norm), v));
}

/// Q with orthogonal rows and L lower triangular, L Q = x. Each reflection
/// clears what is right of the diagonal in a row, as LAPACK's do.
static Values gelqf(NodeBuilder &n) {
  Value x = getMatrices(n, n.input(0), false);
  if (!x)
    return Values(2);
  int64_t batch = n.shape(x)[0], rows = n.shape(x)[1], size = n.shape(x)[2];
  if (rows > size || rows > maxRows)
    return {n.fail(DiagnosticCode::ShapeMismatch,
                   "needs at most as many rows as columns, and at most " +
                       Twine(maxRows) + ", but got " +
                       dimsText(n.shape(n.input(0)))),
            Value()};
  Type index = n.element(ElementType::I64);
  Shape line{batch, 1, size};
  Values normals;
  // Nothing is right of the last column.
  for (int64_t k = 0; k < std::min(rows, size - 1) && x; ++k) {
    // The part of row k from the diagonal on, lengthened at the diagonal.
    Value position = n.iota(line, index, 2);
    Value isBehind = n.scalar<graph::GreaterEqualOp>(position, double(k));
    Value row = slice(n, x, 1, k, 1);
    Value tail = n.emit<graph::SelectOp>(
        {isBehind, row, n.splat(line, n.element(x), 0)});
    Value norm = n.emit<graph::SqrtOp>({product(n, tail, transposed(n, tail))});
    Value isNegative = n.scalar<graph::LessOp>(slice(n, row, 2, k, 1), 0);
    Value change = n.emit<graph::SelectOp>(
        {isNegative, n.emit<graph::NegOp>({norm}), norm});
    Value isDiagonal = n.scalar<graph::EqualOp>(position, double(k));
    Value added =
        n.emit<graph::SelectOp>({isDiagonal, n.broadcast(change, line),
                                 n.splat(line, n.element(x), 0)});
    normals.push_back(n.emit<graph::AddOp>({tail, added}));
    x = reflect(n, x, normals.back());
  }
  // Q is the first rows of the reflections' product.
  Value q =
      x ? identityLike(n, n.splat({batch, rows, size}, n.element(x), 0)) : x;
  for (Value normal : llvm::reverse(normals))
    q = reflect(n, q, normal);
  Value lower = triangleOf(n, slice(n, x, 2, 0, rows), true);
  return {q ? restoreBatch(n, q, n.input(0)) : q,
          lower ? restoreBatch(n, lower, n.input(0)) : lower};
}

//===----------------------------------------------------------------------===//
// Elimination
//===----------------------------------------------------------------------===//

namespace {

/// Rows of an upper triangle, each from its pivot on and with the right-hand
/// side behind it, and the sign of the permutation, [batch, 1, 1].
struct Eliminated {
  Values rows;
  Value sign;
};

} // namespace

/// Eliminates with partial pivoting what lies below the diagonal of the first
/// dimensions of \p x, [batch, size, size + right-hand sides].
static Eliminated eliminate(NodeBuilder &n, Value x) {
  Eliminated result;
  int64_t batch = n.shape(x)[0], size = n.shape(x)[1];
  result.sign = n.splat({batch, 1, 1}, n.element(x), 1);
  Type index = n.element(ElementType::I64);
  for (int64_t k = 0; k < size && x; ++k) {
    int64_t rest = size - k - 1, width = n.shape(x)[2];
    if (rest == 0) {
      result.rows.push_back(x);
      break;
    }
    Value column = n.emit<graph::AbsOp>({slice(n, x, 2, 0, 1)});
    Value pivot = n.emit<graph::ArgmaxOp>(
        {column}, {n.attr("axis", int64_t(1)), n.flag("keepdims", true)});
    if (!pivot)
      return {};
    Value row = n.emit<graph::TakeAlongOp>(
        {x, n.broadcast(pivot, {batch, 1, width})},
        {n.attr("axis", int64_t(1)),
         n.word<graph::IndexModeAttr>("mode", "clip")});
    result.rows.push_back(row);
    // The first row goes where the pivot's was.
    Value isMoved = n.scalar<graph::GreaterOp>(pivot, 0);
    result.sign = n.emit<graph::SelectOp>(
        {isMoved, n.emit<graph::NegOp>({result.sign}), result.sign});
    Shape below{batch, rest, width};
    Value isPlace = n.emit<graph::EqualOp>(
        {n.iota(below, index, 1, 1), n.broadcast(pivot, below)});
    Value others = n.emit<graph::SelectOp>(
        {isPlace, n.broadcast(slice(n, x, 1, 0, 1), below),
         slice(n, x, 1, 1, rest)});
    Value factors = n.binary<graph::DivOp>(slice(n, others, 2, 0, 1),
                                           slice(n, row, 2, 0, 1));
    x = n.binary<graph::SubOp>(
        slice(n, others, 2, 1, width - 1),
        n.binary<graph::MulOp>(factors, slice(n, row, 2, 1, width - 1)));
  }
  return result;
}

/// X with A X = \p rhs.
static Value solve(NodeBuilder &n, Value a, Value rhs) {
  if (!a || !rhs)
    return {};
  int64_t size = n.shape(a)[1], width = n.shape(rhs)[2];
  if (n.shape(rhs)[1] != size || n.shape(rhs)[0] != n.shape(a)[0])
    return n.fail(DiagnosticCode::ShapeMismatch,
                  "matrices " + dimsText(n.shape(a)) + " and " +
                      dimsText(n.shape(rhs)) + " don't fit each other");
  Value joined = n.concat({a, rhs}, 2);
  if (!joined)
    return {};
  Eliminated upper = eliminate(n, joined);
  if (int64_t(upper.rows.size()) != size)
    return {};
  // From the last row up; `solved` are the rows below.
  Value solved;
  for (int64_t k = size - 1; k >= 0; --k) {
    Value row = upper.rows[k];
    int64_t behind = size - k - 1;
    Value right = slice(n, row, 2, behind + 1, width);
    if (behind > 0)
      right = n.binary<graph::SubOp>(
          right, product(n, slice(n, row, 2, 1, behind), solved));
    right = n.binary<graph::DivOp>(right, slice(n, row, 2, 0, 1));
    solved = solved ? n.concat({right, solved}, 1) : right;
    if (!solved)
      return {};
  }
  return solved;
}

static Values inverse(NodeBuilder &n) {
  Value a = getMatrices(n, n.input(0), true);
  return {a ? restoreBatch(n, solve(n, a, identityLike(n, a)), n.input(0)) : a};
}

static Values solveSystem(NodeBuilder &n) {
  Value a = getMatrices(n, n.input(0), true), b = n.input(1);
  if (!a || !b)
    return Values(1);
  int64_t size = n.shape(a)[1];
  Value rhs = n.reshape(b, {n.shape(a)[0], size, -1});
  return {n.reshape(solve(n, a, rhs), n.shape(b))};
}

/// The pivots of every matrix, [batch, size], and the permutation's sign,
/// [batch].
static std::pair<Value, Value> getPivots(NodeBuilder &n) {
  Value a = getMatrices(n, n.input(0), true);
  if (!a)
    return {};
  int64_t batch = n.shape(a)[0];
  Eliminated upper = eliminate(n, a);
  Values pivots;
  for (Value row : upper.rows)
    pivots.push_back(slice(n, row, 2, 0, 1));
  if (pivots.empty())
    return {};
  return {n.reshape(n.concat(pivots, 1), {batch, -1}),
          n.reshape(upper.sign, {batch})};
}

static Values determinant(NodeBuilder &n) {
  auto [pivots, sign] = getPivots(n);
  if (!pivots)
    return Values(1);
  Value size = n.reduce<graph::ReduceProdOp>(pivots, {1}, /*keepdims=*/false);
  return {restoreBatch(n, n.binary<graph::MulOp>(size, sign), n.input(0))};
}

static Values signAndLog(NodeBuilder &n) {
  auto [pivots, sign] = getPivots(n);
  if (!pivots)
    return Values(2);
  Value signs = n.reduce<graph::ReduceProdOp>(n.emit<graph::SignOp>({pivots}),
                                              {1}, /*keepdims=*/false);
  Value logs = n.emit<graph::LogOp>({n.emit<graph::AbsOp>({pivots})});
  Value sum = n.reduce<graph::ReduceSumOp>(logs, {1}, /*keepdims=*/false);
  return {restoreBatch(n, n.binary<graph::MulOp>(signs, sign), n.input(0)),
          restoreBatch(n, sum, n.input(0))};
}

/// The inverse of a tensor as a linear map of its last dimensions to its first
/// `ind`.
static Values tensorInverse(NodeBuilder &n) {
  Value x = n.input(0);
  int64_t count = n.attributes.getInt("ind");
  if (!x)
    return Values(1);
  if (count < 1 || count >= n.rank(x))
    return {n.fail(DiagnosticCode::BadAttribute,
                   "attribute 'ind' must split the dimensions")};
  int64_t rows = 1;
  for (int64_t dim : n.shape(x).take_front(count))
    rows *= dim;
  Value a = getMatrices(n, n.reshape(x, {rows, -1}), true);
  Value result = solve(n, a, identityLike(n, a));
  Shape shape(n.shape(x).drop_front(count));
  llvm::append_range(shape, n.shape(x).take_front(count));
  return {n.reshape(result, shape)};
}

/// X with the products of A and X over X's dimensions equal to B.
static Values tensorSolve(NodeBuilder &n) {
  Value a = n.input(0), b = n.input(1);
  if (!a || !b)
    return Values(1);
  Shape axes = n.getShape("a_axes"), permutation;
  for (int64_t &axis : axes) {
    std::optional<int64_t> one = n.axis(axis, n.rank(a));
    if (!one)
      return Values(1);
    axis = *one;
  }
  for (int64_t i = 0; i < n.rank(a); ++i)
    if (!llvm::is_contained(axes, i))
      permutation.push_back(i);
  llvm::append_range(permutation, axes);
  a = n.transpose(a, permutation);
  int64_t size = n.type(b).getNumElements();
  if (!a || n.rank(a) < n.rank(b))
    return {a ? n.fail(DiagnosticCode::ShapeMismatch,
                       "the first tensor has fewer dimensions")
              : a};
  Value square = getMatrices(n, n.reshape(a, {size, -1}), true);
  Value x = solve(n, square, n.reshape(b, {1, size, 1}));
  return {n.reshape(x, n.shape(a).drop_front(n.rank(b)))};
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

static constexpr llvm::StringLiteral triangularSpec =
    "transpose:bool=False rightside:bool=False lower:bool=True alpha:float=1";

ArrayRef<OperatorRow> getLinalgOperators() {
  static const OperatorRow rows[] = {
      {"_linalg_potrf linalg_potrf _npi_cholesky", "lower:bool=True", "A",
       potrf, nullptr, "output", "At most 64 rows."},
      {"_linalg_potri linalg_potri", "lower:bool=True", "A", potri, nullptr,
       "output", "At most 64 rows."},
      {"_linalg_trsm linalg_trsm", triangularSpec, "A B", trsm, nullptr,
       "output", "At most 64 rows."},
      {"_linalg_trmm linalg_trmm", triangularSpec, "A B", trmm},
      {"_linalg_syrk linalg_syrk", "transpose:bool=False alpha:float=1", "A",
       syrk},
      {"_linalg_gelqf linalg_gelqf", "", "A", gelqf, nullptr, "output0 output1",
       "At most 64 rows."},
      {"_linalg_inverse linalg_inverse _npi_inv", "", "A", inverse, nullptr,
       "output", "At most 64 rows."},
      {"_linalg_det linalg_det _npi_det", "", "A", determinant, nullptr,
       "output0", "At most 64 rows."},
      {"_linalg_slogdet linalg_slogdet _npi_slogdet", "", "A", signAndLog,
       nullptr, "output0 output1", "At most 64 rows."},
      {"_npi_solve", "", "A B", solveSystem, nullptr, "output",
       "At most 64 rows."},
      {"_npi_tensorinv", "ind:int=2", "a", tensorInverse, nullptr, "output",
       "At most 64 rows."},
      {"_npi_tensorsolve", "a_axes:shape=()", "a b", tensorSolve, nullptr,
       "output", "At most 64 rows."},
  };
  return rows;
}

} // namespace dlc::mxnet
