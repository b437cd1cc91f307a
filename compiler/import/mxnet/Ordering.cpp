// SPDX-License-Identifier: Apache-2.0
// Operators that order elements. An element's rank is the number of elements
// that come before it; whoever has rank r is the r-th result. That compares
// all pairs, which vectorises and suits the short rows of networks.
#include "compiler/import/mxnet/Formulas.h"
#include "compiler/import/mxnet/Operators.h"

using namespace mlir;

namespace dlc::mxnet {

/// Rows longer than this would need too many comparisons.
static constexpr int64_t maxLength = 4096;

namespace {

/// Rows to order: the data with the axis moved to the end.
struct Rows {
  Value values;
  Shape permutation;
  int64_t length = 0;
};

} // namespace

static bool checkLength(NodeBuilder &n, int64_t length) {
  if (length <= maxLength)
    return true;
  n.fail(DiagnosticCode::UnsupportedAttribute,
         "orders rows of " + Twine(length) + " elements; at most " +
             Twine(maxLength) + " can be compiled");
  return false;
}

static std::optional<Rows> getRows(NodeBuilder &n) {
  Value x = n.input(0);
  if (!x)
    return std::nullopt;
  int64_t axis = 0;
  if (n.attributes.isNone("axis"))
    x = n.reshape(x, {-1});
  else if (std::optional<int64_t> given = n.axis("axis", x))
    axis = *given;
  else
    return std::nullopt;
  Rows rows;
  for (int64_t i = 0; i < n.rank(x); ++i)
    if (i != axis)
      rows.permutation.push_back(i);
  rows.permutation.push_back(axis);
  rows.values = n.transpose(x, rows.permutation);
  rows.length = n.shape(x)[axis];
  if (!checkLength(n, rows.length))
    return std::nullopt;
  return rows;
}

/// For each element the number of those that come before it, as int32. Equal
/// elements keep their order.
static Value getRanks(NodeBuilder &n, const Rows &rows, bool ascending) {
  Value x = rows.values;
  int64_t last = n.rank(x) - 1;
  Shape pairs(n.shape(x));
  pairs.push_back(rows.length);
  Shape own = dimRange(0, last + 1), other = own;
  other.back() = last + 1;
  Value mine = n.broadcastInDims(x, pairs, own);
  Value theirs = n.broadcastInDims(x, pairs, other);
  Type index = n.element(ElementType::I32);
  Value isBefore = ascending ? n.emit<graph::LessOp>({theirs, mine})
                             : n.emit<graph::GreaterOp>({theirs, mine});
  Value isEqual = n.emit<graph::EqualOp>({theirs, mine});
  Value isEarlier = n.emit<graph::LessOp>(
      {n.iota(pairs, index, last + 1), n.iota(pairs, index, last)});
  Value tie = n.emit<graph::LogicalAndOp>({isEqual, isEarlier});
  Value before = n.emit<graph::LogicalOrOp>({isBefore, tie});
  if (!before)
    return {};
  return n.reduce<graph::ReduceSumOp>(n.cast(before, index), {last + 1},
                                      /*keepdims=*/false);
}

/// Takes from \p source, shaped like the rows, the elements of the ranks below
/// \p count, in order of their rank.
static Value takeByRank(NodeBuilder &n, Value source, Value ranks,
                        int64_t count) {
  if (!source || !ranks)
    return {};
  int64_t last = n.rank(source) - 1;
  Shape places(n.shape(source));
  places.insert(places.begin() + last, count);
  Shape dims = dimRange(0, last + 1);
  dims.back() = last + 1;
  Value wanted = n.iota(places, n.element(ElementType::I32), last);
  Value hit =
      n.emit<graph::EqualOp>({n.broadcastInDims(ranks, places, dims), wanted});
  Value spread = n.broadcastInDims(source, places, dims);
  Value chosen = n.emit<graph::SelectOp>({hit, spread, n.splatLike(spread, 0)});
  return chosen ? n.reduce<graph::ReduceSumOp>(chosen, {last + 1}, false)
                : chosen;
}

/// Moves the last dimension back to where the axis was.
static Value restore(NodeBuilder &n, Value x, const Rows &rows) {
  Shape inverse(rows.permutation.size());
  for (auto [i, source] : llvm::enumerate(rows.permutation))
    inverse[source] = i;
  return n.transpose(x, inverse);
}

/// The positions in each row.
static Value getPositions(NodeBuilder &n, const Rows &rows) {
  return n.iota(n.shape(rows.values), n.element(ElementType::I32),
                n.rank(rows.values) - 1);
}

static Values topk(NodeBuilder &n) {
  StringRef kind = n.attributes.getText("ret_typ");
  Values none(kind == "both" ? 2 : 1);
  std::optional<Rows> rows = getRows(n);
  if (!rows)
    return none;
  int64_t count = n.attributes.getInt("k");
  count = count < 1 ? rows->length : count;
  if (count > rows->length) {
    n.fail(DiagnosticCode::BadAttribute, "attribute 'k' is " + Twine(count) +
                                             ", but there are only " +
                                             Twine(rows->length) + " elements");
    return none;
  }
  Value ranks = getRanks(n, *rows, n.attributes.getBool("is_ascend"));
  if (kind == "mask") {
    Value inside = ranks ? n.scalar<graph::LessOp>(ranks, count) : ranks;
    Value mask = inside ? n.cast(inside, n.element(rows->values)) : inside;
    return {n.reshape(restore(n, mask, *rows), n.shape(n.input(0)))};
  }
  Values results;
  if (kind != "indices")
    results.push_back(
        restore(n, takeByRank(n, rows->values, ranks, count), *rows));
  if (kind != "value") {
    Value index = takeByRank(n, getPositions(n, *rows), ranks, count);
    Value typed = n.cast(index, n.element(n.attributes.getType("dtype")));
    results.push_back(restore(n, typed, *rows));
  }
  return results;
}

static Values sort(NodeBuilder &n) {
  std::optional<Rows> rows = getRows(n);
  if (!rows)
    return Values(1);
  Value ranks = getRanks(n, *rows, n.attributes.getBool("is_ascend"));
  return {restore(n, takeByRank(n, rows->values, ranks, rows->length), *rows)};
}

static Values argsort(NodeBuilder &n) {
  std::optional<Rows> rows = getRows(n);
  if (!rows)
    return Values(1);
  Value ranks = getRanks(n, *rows, n.attributes.getBool("is_ascend"));
  Value index = takeByRank(n, getPositions(n, *rows), ranks, rows->length);
  return {restore(n, n.cast(index, n.element(n.attributes.getType("dtype"))),
                  *rows)};
}

Value sortRows(NodeBuilder &n, Value x, bool ascending, Value *positions) {
  if (!x)
    return {};
  Rows rows;
  rows.values = x;
  rows.length = n.shape(x).back();
  if (!checkLength(n, rows.length))
    return {};
  Value ranks = getRanks(n, rows, ascending);
  if (positions)
    *positions = takeByRank(n, getPositions(n, rows), ranks, rows.length);
  return takeByRank(n, x, ranks, rows.length);
}

//===----------------------------------------------------------------------===//
// Rows of the table
//===----------------------------------------------------------------------===//

ArrayRef<OperatorRow> getOrderingOperators() {
  static const OperatorRow rows[] = {
      {"topk _npx_topk",
       "axis:int?=-1 k:int=1 ret_typ:{both|indices|mask|value}=indices "
       "is_ascend:bool=False dtype:dtype=float32",
       "data", topk, nullptr,
       "output[ret_typ=indices] output[ret_typ=mask] "
       "output0[ret_typ!=indices&ret_typ!=mask] output1[ret_typ=both]"},
      {"sort _npi_sort", "axis:int?=-1 is_ascend:bool=True", "data", sort,
       nullptr, "output0"},
      {"argsort _npi_argsort",
       "axis:int?=-1 is_ascend:bool=True dtype:dtype=float32", "data", argsort},
  };
  return rows;
}

} // namespace dlc::mxnet
