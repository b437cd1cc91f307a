// SPDX-License-Identifier: Apache-2.0
// Matrix products: fully connected layers, dot and its batched forms, and the
// products of interleaved attention.
#include "compiler/import/mxnet/Layers.h"
#include "compiler/import/mxnet/Operators.h"

using namespace mlir;

namespace dlc::mxnet {

//===----------------------------------------------------------------------===//
// Fully connected
//===----------------------------------------------------------------------===//

Value connectFully(NodeBuilder &n, Value x, Value weight, Value bias,
                   bool isWide) {
  bool hasBias = !n.attributes.getBool("no_bias");
  if (!x || !weight || (hasBias && !bias))
    return {};
  if (n.attributes.getBool("flatten") && n.rank(x) != 2) {
    int64_t rows = n.rank(x) ? n.shape(x)[0] : 1;
    x = n.reshape(x, {rows, rows ? n.type(x).getNumElements() / rows : 0});
  }
  int64_t units = n.attributes.getInt("num_hidden");
  if (n.rank(weight) == 0 || n.shape(weight)[0] != units)
    return n.fail(DiagnosticCode::ShapeMismatch,
                  "'weight' has the shape " + dimsText(n.shape(weight)) +
                      ", but num_hidden is " + Twine(units));
  Values operands{x, weight};
  if (hasBias)
    operands.push_back(n.reshape(bias, {units}));
  return n.emit<graph::DenseOp>(operands, n.flag("wide", isWide));
}

static Values fullyConnected(NodeBuilder &n) {
  return {connectFully(n, n.input("data"), n.input("weight"), n.input("bias"))};
}

static std::optional<Shape> inferFullyConnected(NodeBuilder &n, size_t index) {
  Value x = n.input("data");
  int64_t units = n.attributes.getInt("num_hidden");
  if (index == 2)
    return Shape{units};
  // The state that a recurrent cell starts from: only its batch is unknown.
  if (index == 0 && n.getResultShape() && n.getResultShape()->size() == 2)
    return Shape{n.getResultShape()->front(), -1};
  if (index != 1 || !x || n.rank(x) == 0)
    return std::nullopt;
  int64_t depth = n.shape(x).back();
  if (n.attributes.getBool("flatten") && n.shape(x)[0] > 0)
    depth = n.type(x).getNumElements() / n.shape(x)[0];
  return Shape{units, depth};
}

//===----------------------------------------------------------------------===//
// dot
//===----------------------------------------------------------------------===//

/// Contracts the last dimension of the left with the first of the right.
static Values dot(NodeBuilder &n) {
  Value lhs = n.input("lhs"), rhs = n.input("rhs");
  if (!lhs || !rhs)
    return Values(1);
  if (n.rank(lhs) == 0 || n.rank(rhs) == 0)
    return {n.fail(DiagnosticCode::ShapeMismatch, "needs no scalars")};
  int64_t left = n.attributes.getBool("transpose_a") ? 0 : n.rank(lhs) - 1;
  int64_t right = n.attributes.getBool("transpose_b") ? n.rank(rhs) - 1 : 0;
  Value result = n.dot(lhs, rhs, {}, {}, {left}, {right});
  if (result && n.rank(result) == 0)
    result = n.reshape(result, {1});
  return {result};
}

/// The product of the last two dimensions for each of the others.
static Value batchProduct(NodeBuilder &n, Value lhs, Value rhs) {
  if (!lhs || !rhs)
    return {};
  int64_t batch = n.rank(lhs) - 2;
  if (batch < 0 || n.rank(rhs) != batch + 2)
    return n.fail(DiagnosticCode::ShapeMismatch,
                  "the shapes " + dimsText(n.shape(lhs)) + " and " +
                      dimsText(n.shape(rhs)) + " don't fit each other");
  Shape dims = dimRange(0, batch);
  int64_t left = n.attributes.getBool("transpose_a") ? batch : batch + 1;
  int64_t right = n.attributes.getBool("transpose_b") ? batch + 1 : batch;
  return n.dot(lhs, rhs, dims, dims, {left}, {right});
}

static Values batchDot(NodeBuilder &n) {
  return {batchProduct(n, n.input(0), n.input(1))};
}

static Value scaled(NodeBuilder &n, Value x, double factor) {
  return factor == 1 ? x : n.scalar<graph::MulOp>(x, factor);
}

/// Moves the dimension with the matrices' rows, attribute `axis`, in front of
/// the last one; \p back undoes that.
static Value moveRows(NodeBuilder &n, Value x, bool back) {
  if (!x)
    return {};
  std::optional<int64_t> axis = n.axis("axis", x);
  if (!axis)
    return {};
  int64_t last = n.rank(x) - 1;
  if (*axis == last)
    return n.fail(DiagnosticCode::BadAttribute,
                  "attribute 'axis' must not be the last dimension");
  Shape permutation = dimRange(0, last + 1);
  auto from = permutation.begin() + *axis, to = permutation.end() - 1;
  if (back)
    std::rotate(from, to - 1, to);
  else
    std::rotate(from, from + 1, to);
  return n.transpose(x, permutation);
}

static Value gemmProduct(NodeBuilder &n) {
  Value product = batchProduct(n, moveRows(n, n.input(0), false),
                               moveRows(n, n.input(1), false));
  return moveRows(n, scaled(n, product, n.attributes.getFloat("alpha")), true);
}

static Values gemm2(NodeBuilder &n) { return {gemmProduct(n)}; }

static Values gemm(NodeBuilder &n) {
  Value addend = scaled(n, n.input(2), n.attributes.getFloat("beta"));
  return {n.binary<graph::AddOp>(gemmProduct(n), addend)};
}

//===----------------------------------------------------------------------===//
// Interleaved attention
//===----------------------------------------------------------------------===//

/// Takes part \p which of [T, N, heads * parts * D] as [T, N, heads, D].
static Value takeHeads(NodeBuilder &n, Value x, int64_t parts, int64_t which) {
  if (!x)
    return {};
  int64_t heads = n.attributes.getInt("heads");
  if (n.rank(x) != 3 || n.shape(x)[2] % (heads * parts))
    return n.fail(
        DiagnosticCode::ShapeMismatch,
        "needs data of three dimensions whose last is a multiple of " +
            Twine(heads * parts) + ", but got " + dimsText(n.shape(x)));
  int64_t time = n.shape(x)[0], batch = n.shape(x)[1];
  int64_t depth = n.shape(x)[2] / (heads * parts);
  Value split = n.reshape(x, {time, batch, heads, parts, depth});
  return n.reshape(n.sliceAxis(split, 3, which, which + 1),
                   {time, batch, heads, depth});
}

/// The scaled products of queries and keys: [N * heads, T, S].
static Value queryKeys(NodeBuilder &n, Value queries, Value keys) {
  if (!queries || !keys)
    return {};
  int64_t depth = n.shape(queries)[3];
  Value scores = n.dot(scaled(n, queries, 1.0 / std::sqrt(double(depth))), keys,
                       {1, 2}, {1, 2}, {3}, {3});
  if (!scores)
    return {};
  ArrayRef<int64_t> s = n.shape(scores);
  return n.reshape(scores, {s[0] * s[1], s[2], s[3]});
}

/// The values weighted by attention [N * heads, T, S]: [T, N, heads * D].
static Value weightValues(NodeBuilder &n, Value values, Value attention) {
  if (!values || !attention)
    return {};
  int64_t batch = n.shape(values)[1], heads = n.shape(values)[2];
  if (n.rank(attention) != 3 || n.shape(attention)[0] != batch * heads)
    return n.fail(DiagnosticCode::ShapeMismatch,
                  "the attention's shape " + dimsText(n.shape(attention)) +
                      " does not fit " + Twine(batch * heads) +
                      " heads of the batch");
  ArrayRef<int64_t> a = n.shape(attention);
  Value split = n.reshape(attention, {batch, heads, a[1], a[2]});
  Value result = n.dot(split, values, {0, 1}, {1, 2}, {3}, {0});
  Value moved = n.transpose(result, {2, 0, 1, 3});
  if (!moved)
    return {};
  ArrayRef<int64_t> m = n.shape(moved);
  return n.reshape(moved, {m[0], m[1], m[2] * m[3]});
}

static Values selfQueryKeys(NodeBuilder &n) {
  return {queryKeys(n, takeHeads(n, n.input(0), 3, 0),
                    takeHeads(n, n.input(0), 3, 1))};
}
static Values selfWeightValues(NodeBuilder &n) {
  return {weightValues(n, takeHeads(n, n.input(0), 3, 2), n.input(1))};
}
static Values crossQueryKeys(NodeBuilder &n) {
  return {queryKeys(n, takeHeads(n, n.input(0), 1, 0),
                    takeHeads(n, n.input(1), 2, 0))};
}
static Values crossWeightValues(NodeBuilder &n) {
  return {weightValues(n, takeHeads(n, n.input(0), 2, 1), n.input(1))};
}

static Values divSqrtDim(NodeBuilder &n) {
  Value x = n.input(0);
  if (!x || n.rank(x) == 0)
    return {x};
  return {
      n.scalar<graph::MulOp>(x, 1.0 / std::sqrt(double(n.shape(x).back())))};
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

static constexpr llvm::StringLiteral dotSpec =
    "transpose_a:bool=False transpose_b:bool=False "
    "forward_stype:{None|csr|default|row_sparse}=None";

ArrayRef<OperatorRow> getContractionOperators() {
  static const OperatorRow rows[] = {
      {"FullyConnected _npx_fully_connected",
       "num_hidden:count! no_bias:bool=False flatten:bool=True",
       "data weight bias[!no_bias]", fullyConnected, inferFullyConnected},
      {"dot", dotSpec, "lhs rhs", dot},
      {"batch_dot _npx_batch_dot", dotSpec, "lhs rhs", batchDot},
      {"_linalg_gemm2 linalg_gemm2",
       "transpose_a:bool=False transpose_b:bool=False alpha:float=1 "
       "axis:int=-2",
       "A B", gemm2},
      {"_linalg_gemm linalg_gemm",
       "transpose_a:bool=False transpose_b:bool=False alpha:float=1 "
       "beta:float=1 axis:int=-2",
       "A B C", gemm},
      {"_contrib_interleaved_matmul_selfatt_qk", "heads:count!",
       "queries_keys_values", selfQueryKeys},
      {"_contrib_interleaved_matmul_selfatt_valatt", "heads:count!",
       "queries_keys_values attention", selfWeightValues},
      {"_contrib_interleaved_matmul_encdec_qk", "heads:count!",
       "queries keys_values", crossQueryKeys},
      {"_contrib_interleaved_matmul_encdec_valatt", "heads:count!",
       "keys_values attention", crossWeightValues},
      {"_contrib_div_sqrt_dim", "", "data", divSqrtDim},
  };
  return rows;
}

} // namespace dlc::mxnet
