// SPDX-License-Identifier: Apache-2.0
// Operators that order elements, along an axis that is moved to the end.
#include "compiler/import/mxnet/Formulas.h"
#include "compiler/import/mxnet/Operators.h"

using namespace mlir;

namespace dlc::mxnet {

namespace {

/// Rows to order: the data with the axis moved to the end.
struct Rows {
  Value values;
  Shape permutation;
  int64_t length = 0;
};

} // namespace

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
  if (!x)
    return std::nullopt;
  Rows rows;
  for (int64_t i = 0; i < n.rank(x); ++i)
    if (i != axis)
      rows.permutation.push_back(i);
  rows.permutation.push_back(axis);
  rows.values = n.transpose(x, rows.permutation);
  rows.length = n.shape(x)[axis];
  return rows;
}

/// The positions of the first \p count elements of each row in order, as int32.
/// Equal elements keep their order.
static Value getOrder(NodeBuilder &n, const Rows &rows, bool ascending,
                      int64_t count) {
  Value order = n.emit<graph::ArgsortOp>({rows.values},
                                         {n.flag("descending", !ascending)});
  return n.sliceAxis(order, n.rank(rows.values) - 1, 0, count);
}

/// The elements at the positions \p order of each row.
static Value takeInOrder(NodeBuilder &n, const Rows &rows, Value order) {
  return n.emit<graph::TakeAlongOp>(
      {rows.values, order}, {n.attr("axis", n.rank(rows.values) - 1),
                             n.word<graph::IndexModeAttr>("mode", "clip")});
}

/// Moves the last dimension back to where the axis was.
static Value restore(NodeBuilder &n, Value x, const Rows &rows) {
  Shape inverse(rows.permutation.size());
  for (auto [i, source] : llvm::enumerate(rows.permutation))
    inverse[source] = i;
  return n.transpose(x, inverse);
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
  bool ascending = n.attributes.getBool("is_ascend");
  if (kind == "mask") {
    // The rank of each element: the order of the order.
    Rows order = *rows;
    order.values = getOrder(n, *rows, ascending, rows->length);
    Value ranks =
        order.values ? getOrder(n, order, true, rows->length) : Value();
    Value inside = n.scalar<graph::LessOp>(ranks, double(count));
    Value mask = inside ? n.cast(inside, n.element(rows->values)) : inside;
    return {n.reshape(restore(n, mask, *rows), n.shape(n.input(0)))};
  }
  Value order = getOrder(n, *rows, ascending, count);
  Values results;
  if (kind != "indices")
    results.push_back(restore(n, takeInOrder(n, *rows, order), *rows));
  if (kind != "value") {
    Value typed = n.cast(order, n.element(n.attributes.getType("dtype")));
    results.push_back(restore(n, typed, *rows));
  }
  return results;
}

static Values sort(NodeBuilder &n) {
  std::optional<Rows> rows = getRows(n);
  if (!rows)
    return Values(1);
  Value order =
      getOrder(n, *rows, n.attributes.getBool("is_ascend"), rows->length);
  return {restore(n, takeInOrder(n, *rows, order), *rows)};
}

static Values argsort(NodeBuilder &n) {
  std::optional<Rows> rows = getRows(n);
  if (!rows)
    return Values(1);
  Value order =
      getOrder(n, *rows, n.attributes.getBool("is_ascend"), rows->length);
  return {restore(n, n.cast(order, n.element(n.attributes.getType("dtype"))),
                  *rows)};
}

Value sortRows(NodeBuilder &n, Value x, bool ascending, Value *positions) {
  if (!x)
    return {};
  Rows rows;
  rows.values = x;
  rows.length = n.shape(x).back();
  Value order = getOrder(n, rows, ascending, rows.length);
  if (positions)
    *positions = order;
  return takeInOrder(n, rows, order);
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
       "output0[ret_typ!=indices&ret_typ!=mask] output1[ret_typ=both]",
       "Compares all pairs: rows of at most 4096 elements."},
      {"sort _npi_sort", "axis:int?=-1 is_ascend:bool=True", "data", sort,
       nullptr, "output0",
       "Compares all pairs: rows of at most 4096 elements."},
      {"argsort _npi_argsort",
       "axis:int?=-1 is_ascend:bool=True dtype:dtype=float32", "data", argsort,
       nullptr, "output", "Compares all pairs: rows of at most 4096 elements."},
  };
  return rows;
}

} // namespace dlc::mxnet
