// SPDX-License-Identifier: Apache-2.0
// Operators whose results have as many rows as values say. Each finds the
// places of what stays, whose number becomes an extent of the model that is
// known only while it runs, and gathers what is there.
#include "compiler/import/mxnet/Formulas.h"
#include "compiler/import/mxnet/Operators.h"

using namespace mlir;

namespace dlc::mxnet {

static Value gatherRows(NodeBuilder &n, Value x, Value rows) {
  return n.emit<graph::GatherOp>(
      {x, rows}, {n.attr("axis", int64_t(0)),
                  n.word<graph::IndexModeAttr>("mode", "clip")});
}

/// Whether each element of \p x isn't zero; NaN isn't.
static Value isNonzero(NodeBuilder &n, Value x) {
  return x && n.element(x).isInteger(1) ? x : n.scalar<graph::NotEqualOp>(x, 0);
}

/// Reports an \p x without elements, or with more than can be counted.
static bool checkCountable(NodeBuilder &n, Value x) {
  int64_t count = 1;
  for (int64_t dim : n.shape(x))
    count *= dim;
  if (count > 0 && count < INT32_MAX - 1)
    return true;
  n.fail(DiagnosticCode::ShapeMismatch,
         "counts elements of a tensor of shape " + dimsText(n.shape(x)) +
             ", which has none or too many");
  return false;
}

static Values booleanMask(NodeBuilder &n) {
  Value x = n.input(0), mask = n.input(1);
  if (!x || !mask)
    return Values(1);
  if (n.attributes.getInt("axis") != 0)
    return {n.unsupported("axis", "anything but 0, as in MXNet")};
  if (n.rank(mask) != 1 || n.rank(x) < 1 || n.shape(mask)[0] != n.shape(x)[0])
    return {n.fail(DiagnosticCode::ShapeMismatch,
                   "needs a mask with an element for each row of the data, but "
                   "the shapes are " +
                       dimsText(n.shape(x)) + " and " +
                       dimsText(n.shape(mask)))};
  if (!checkCountable(n, mask))
    return Values(1);
  return {gatherRows(n, x, n.getCount(isNonzero(n, mask)).places)};
}

/// The shape of the mask follows from the data's, and the other way round.
static std::optional<Shape> inferMask(NodeBuilder &n, size_t index) {
  Value x = n.input(0);
  if (index == 1 && x && n.rank(x) > 0)
    return Shape{n.shape(x)[0]};
  return std::nullopt;
}

static Values nonzero(NodeBuilder &n) {
  Value x = n.input(0);
  if (!x || !checkCountable(n, x))
    return Values(1);
  Value rest = n.getCount(isNonzero(n, n.reshape(x, {-1}))).places;
  if (!rest)
    return Values(1);
  Shape column{n.shape(rest)[0], 1}, extents(n.shape(x));
  Values columns;
  for (size_t i = extents.size(); i-- > 1;) {
    Value index = n.scalar<graph::ModOp>(rest, double(extents[i]));
    columns.insert(columns.begin(), n.reshape(index, column));
    rest = n.scalar<graph::DivOp>(rest, double(extents[i]));
  }
  columns.insert(columns.begin(), n.reshape(rest, column));
  return {n.concat(columns, 1)};
}

static Values unique(NodeBuilder &n) {
  Value x = n.input(0);
  if (!x || !checkCountable(n, x))
    return Values(1);
  if (!n.attributes.isNone("axis") && n.rank(x) != 1)
    return {n.unsupported("axis", "None for more than one dimension")};
  Type i64 = n.element(ElementType::I64);
  Value flat = n.reshape(x, {-1}), positions;
  // What is sorted has a sign.
  Type element = n.element(x);
  bool isSorted = isa<FloatType>(element) || element.isSignlessInteger(32) ||
                  element.isSignlessInteger(64);
  Value sorted = sortRows(n, isSorted ? flat : n.cast(flat, i64),
                          /*ascending=*/true, &positions);
  if (!sorted || !positions)
    return Values(1);
  Shape line(n.shape(flat));
  Value index = n.iota(line, i64, 0);
  Value previous = gatherRows(n, sorted, n.scalar<graph::SubOp>(index, 1));
  Value isFirst = n.emit<graph::LogicalOrOp>(
      {n.scalar<graph::EqualOp>(index, 0),
       n.emit<graph::NotEqualOp>({sorted, previous})});
  Count count = n.getCount(isFirst);
  if (!count.places)
    return Values(1);
  Values results{n.cast(gatherRows(n, sorted, count.places), element)};
  if (n.attributes.getBool("return_index"))
    results.push_back(n.cast(gatherRows(n, positions, count.places), i64));
  if (n.attributes.getBool("return_inverse")) {
    // How many different values come before each, back where it was.
    Value number = n.scalar<graph::SubOp>(
        n.emit<graph::CumsumOp>({n.cast(isFirst, i64)},
                                {n.attr("axis", int64_t(0))}),
        1);
    Value ranks;
    sortRows(n, positions, /*ascending=*/true, &ranks);
    results.push_back(gatherRows(n, number, ranks));
  }
  if (n.attributes.getBool("return_counts"))
    results.push_back(
        n.emit<graph::SubOp>({n.getNextPlaces(count), count.places}));
  return results;
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

ArrayRef<OperatorRow> getCountingOperators() {
  static const OperatorRow rows[] = {
      {"_contrib_boolean_mask _npi_boolean_mask", "axis:int=0", "data index",
       booleanMask, inferMask},
      {"_npx_nonzero _npi_nonzero", "", "x", nonzero},
      {"_npi_unique",
       "return_index:bool=False return_inverse:bool=False "
       "return_counts:bool=False axis:int?=None",
       "data", unique, nullptr,
       "output[!return_index&!return_inverse&!return_counts] "
       "output0[return_index] output0[!return_index&return_inverse] "
       "output0[!return_index&!return_inverse&return_counts] "
       "output1[return_index] output1[!return_index&return_inverse] "
       "output1[!return_index&!return_inverse&return_counts] "
       "output2[return_index&return_inverse] "
       "output2[return_index&!return_inverse&return_counts] "
       "output2[!return_index&return_inverse&return_counts] "
       "output3[return_index&return_inverse&return_counts]",
       "Of all elements."},
  };
  return rows;
}

} // namespace dlc::mxnet
