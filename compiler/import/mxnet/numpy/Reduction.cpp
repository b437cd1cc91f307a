// SPDX-License-Identifier: Apache-2.0
// Numpy's reductions, and what it computes of the neighbours in a row.
#include "compiler/import/mxnet/Formulas.h"
#include "compiler/import/mxnet/Operators.h"

using namespace mlir;

namespace dlc::mxnet {

//===----------------------------------------------------------------------===//
// Axes and types
//===----------------------------------------------------------------------===//

/// The axes to reduce; all of them where none is given.
static std::optional<Shape> getAxes(NodeBuilder &n, Value x) {
  if (!x)
    return std::nullopt;
  if (n.attributes.isNone("axis"))
    return dimRange(0, n.rank(x));
  return n.axes(n.getShape("axis"), n.rank(x));
}

template <typename OpTy>
static Value reduce(NodeBuilder &n, Value x, ArrayRef<int64_t> axes,
                    bool keepdims) {
  return axes.empty() ? x : n.reduce<OpTy>(x, axes, keepdims);
}

/// \p x in the type of attribute `dtype`, if it is given; else booleans become
/// int64.
static Value inResultType(NodeBuilder &n, Value x) {
  if (!x)
    return {};
  if (!n.attributes.isNone("dtype") && n.attributes.isGiven("dtype"))
    return n.cast(x, n.element(n.attributes.getType("dtype")));
  return n.element(x).isInteger(1) ? n.cast(x, n.element(ElementType::I64)) : x;
}

/// \p x as a float: the type of attribute `dtype`, its own, or float32.
static Value asFloat(NodeBuilder &n, Value x) {
  x = inResultType(n, x);
  return x && !isa<FloatType>(n.element(x))
             ? n.cast(x, n.element(ElementType::F32))
             : x;
}

static int64_t countAlong(NodeBuilder &n, Value x, ArrayRef<int64_t> axes) {
  Shape sizes;
  for (int64_t axis : axes)
    sizes.push_back(n.shape(x)[axis]);
  return graph::multiplySizes(sizes);
}

//===----------------------------------------------------------------------===//
// Sums, extrema, moments
//===----------------------------------------------------------------------===//

template <typename OpTy>
static Values reduction(NodeBuilder &n) {
  Value x = inResultType(n, n.input(0));
  std::optional<Shape> axes = getAxes(n, x);
  if (!axes)
    return Values(1);
  if (!n.attributes.isNone("initial")) // MXNet has none either.
    return {n.unsupported("initial", "can't be compiled")};
  return {reduce<OpTy>(n, x, *axes, n.attributes.getBool("keepdims"))};
}

/// Whether all (with the minimum) or any (with the maximum) are not zero.
template <typename OpTy>
static Values boolean(NodeBuilder &n) {
  Value x = n.input(0);
  std::optional<Shape> axes = getAxes(n, x);
  if (!axes)
    return Values(1);
  Type i1 = n.element(ElementType::Bool);
  Value bits = n.cast(n.cast(x, i1), n.element(ElementType::I8));
  return {n.cast(reduce<OpTy>(n, bits, *axes, n.attributes.getBool("keepdims")),
                 i1)};
}

static Values mean(NodeBuilder &n) {
  Value x = asFloat(n, n.input(0));
  std::optional<Shape> axes = getAxes(n, x);
  if (!axes)
    return Values(1);
  return {reduce<graph::ReduceMeanOp>(n, x, *axes,
                                      n.attributes.getBool("keepdims"))};
}

/// \p x in the type of attribute `dtype` or of the input.
static Value inOwnType(NodeBuilder &n, Value x) {
  Value like = inResultType(n, n.input(0));
  return like ? n.cast(x, n.element(like)) : like;
}

/// The sum of the squared distances from the mean over the number of elements
/// less `ddof`.
static Value getVariance(NodeBuilder &n) {
  Value x = asFloat(n, n.input(0));
  std::optional<Shape> axes = getAxes(n, x);
  if (!axes)
    return {};
  int64_t count = countAlong(n, x, *axes) - n.attributes.getInt("ddof");
  Value centre = reduce<graph::ReduceMeanOp>(n, x, *axes, /*keepdims=*/true);
  // Integers have a whole one.
  centre = n.cast(inOwnType(n, centre), n.element(x));
  Value square = n.emit<graph::SquareOp>({n.binary<graph::SubOp>(x, centre)});
  Value sum = reduce<graph::ReduceSumOp>(n, square, *axes,
                                         n.attributes.getBool("keepdims"));
  return n.scalar<graph::DivOp>(sum, double(count));
}

static Values variance(NodeBuilder &n) {
  return {inOwnType(n, getVariance(n))};
}

static Values deviation(NodeBuilder &n) {
  return {inOwnType(n, n.emit<graph::SqrtOp>({getVariance(n)}))};
}

static Values average(NodeBuilder &n) {
  Value x = asFloat(n, n.input(0)), weights = n.input("weights");
  Values none(n.attributes.getBool("returned") ? 2 : 1);
  std::optional<Shape> axes = getAxes(n, x);
  if (!axes)
    return none;
  if (!n.attributes.getBool("weighted")) {
    Value result = reduce<graph::ReduceMeanOp>(n, x, *axes, false);
    return {result, n.splat({}, n.element(x), double(countAlong(n, x, *axes)))};
  }
  if (!weights)
    return none;
  weights = n.cast(weights, n.element(x));
  Value total;
  // Weights with one dimension belong to the axis.
  if (n.rank(weights) == 1 && n.rank(x) > 1) {
    if (axes->size() != 1)
      return {n.fail(DiagnosticCode::ShapeMismatch,
                     "weights with one dimension need one axis"),
              Value()};
    total = n.reduce<graph::ReduceSumOp>(weights, {0}, /*keepdims=*/false);
    weights = n.broadcastInDims(weights, n.shape(x), *axes);
  }
  Value product = n.binary<graph::MulOp>(x, weights);
  Value sum =
      product ? reduce<graph::ReduceSumOp>(n, product, *axes, false) : product;
  if (!total)
    total = reduce<graph::ReduceSumOp>(n, weights, *axes, false);
  return {n.binary<graph::DivOp>(sum, total), total};
}

/// The p-norm of the elements along the axes; `flag` tells numpy's cases
/// apart.
static Values norm(NodeBuilder &n) {
  Value x = asFloat(n, n.input(0));
  std::optional<Shape> axes = getAxes(n, x);
  int64_t flag = n.attributes.getInt("flag");
  double order = n.attributes.getFloat("ord");
  if (!axes)
    return Values(1);
  if (flag == 0 || flag == 2)
    return {n.unsupported("flag", "the norm of singular values can't be "
                                  "compiled")};
  bool keepdims = n.attributes.getBool("keepdims");
  if (flag == -2)
    axes = dimRange(0, n.rank(x));
  else if (flag == 1 && n.attributes.isNone("axis") && n.rank(x) > 2)
    axes = dimRange(n.rank(x) - 2, n.rank(x)); // of each matrix
  if (flag == -2 || flag == 1 || order == 2)
    return {reduce<graph::ReduceL2Op>(n, x, *axes, keepdims)};
  Value size = n.emit<graph::AbsOp>({x});
  if (order == 0) {
    Value isThere = n.scalar<graph::NotEqualOp>(size, 0);
    return {reduce<graph::ReduceSumOp>(n, n.cast(isThere, n.element(x)), *axes,
                                       keepdims)};
  }
  Value power = n.scalar<graph::PowerOp>(size, order);
  Value sum = reduce<graph::ReduceSumOp>(n, power, *axes, keepdims);
  return {n.scalar<graph::PowerOp>(sum, 1 / order)};
}

/// The index of the extreme element, as int64.
template <typename OpTy>
static Values argExtreme(NodeBuilder &n) {
  Value x = n.input(0);
  if (!x)
    return Values(1);
  bool keepdims = n.attributes.getBool("keepdims");
  if (n.element(x).isInteger(1))
    x = n.cast(x, n.element(ElementType::I32));
  if (!n.attributes.isNone("axis")) {
    std::optional<int64_t> axis = n.axis("axis", x);
    return {axis ? n.emit<OpTy>({x}, {n.attr("axis", *axis),
                                      n.flag("keepdims", keepdims)})
                 : Value()};
  }
  Value index = n.emit<OpTy>({n.reshape(x, {-1})}, {n.attr("axis", int64_t(0)),
                                                    n.flag("keepdims", false)});
  return {keepdims ? n.reshape(index, Shape(n.rank(x), 1)) : index};
}

static Values trace(NodeBuilder &n) {
  Value line = diagonalOfAxes(n, n.input(0), n.attributes.getInt("offset"));
  return {line ? n.reduce<graph::ReduceSumOp>(line, {n.rank(line) - 1}, false)
               : line};
}

//===----------------------------------------------------------------------===//
// Percentiles
//===----------------------------------------------------------------------===//

/// The elements of rank \p position, a whole number in a float, of sorted rows.
static Value takeRank(NodeBuilder &n, Value sorted, Value position) {
  return n.emit<graph::GatherOp>(
      {sorted, position}, {n.attr("axis", n.rank(sorted) - 1),
                           n.word<graph::IndexModeAttr>("mode", "clip")});
}

/// The elements of sorted rows at \p q percent of the way, \p q's dimensions at
/// the end.
static Value interpolate(NodeBuilder &n, Value sorted, Value q) {
  double last = double(n.shape(sorted).back() - 1);
  StringRef mode = n.attributes.getText("interpolation");
  Value position = n.scalar<graph::MulOp>(q, last / 100.0);
  Value low = n.emit<graph::FloorOp>({position});
  Value high = n.emit<graph::CeilOp>({position});
  if (mode == "lower")
    return takeRank(n, sorted, low);
  if (mode == "higher")
    return takeRank(n, sorted, high);
  if (mode == "nearest")
    return takeRank(n, sorted, n.emit<graph::RoundEvenOp>({position}));
  Value weight =
      mode == "midpoint"
          ? n.scalar<graph::MulOp>(n.emit<graph::SubOp>({high, low}), 0.5)
          : n.emit<graph::SubOp>({position, low});
  Value from = takeRank(n, sorted, low), to = takeRank(n, sorted, high);
  Value change = n.binary<graph::SubOp>(to, from);
  Value step =
      change ? n.binary<graph::MulOp>(change, n.cast(weight, n.element(change)))
             : change;
  return n.binary<graph::AddOp>(from, step);
}

static Values percentile(NodeBuilder &n) {
  Value x = n.input(0), q = n.input("q");
  std::optional<Shape> axes = getAxes(n, x);
  if (!axes)
    return Values(1);
  if (!isa<FloatType>(n.element(x)))
    x = n.cast(x, n.element(ElementType::F32));
  if (!n.attributes.isNone("q_scalar"))
    q = n.splat({}, n.element(ElementType::F64),
                n.attributes.getFloat("q_scalar"));
  if (!q)
    return Values(1);
  q = n.cast(q, n.element(ElementType::F64));
  // The reduced dimensions become the rows to sort.
  Shape permutation, kept, keptUnits;
  for (int64_t i = 0; i < n.rank(x); ++i) {
    bool isReduced = llvm::is_contained(*axes, i);
    keptUnits.push_back(isReduced ? 1 : n.shape(x)[i]);
    if (isReduced)
      continue;
    permutation.push_back(i);
    kept.push_back(n.shape(x)[i]);
  }
  llvm::append_range(permutation, *axes);
  Shape rows(kept);
  rows.push_back(countAlong(n, x, *axes));
  Value sorted = sortRows(n, n.reshape(n.transpose(x, permutation), rows),
                          /*ascending=*/true);
  Value result = sorted ? interpolate(n, sorted, q) : sorted;
  if (!result)
    return Values(1);
  // Numpy has the dimensions of q first.
  int64_t numKept = kept.size();
  Shape order = dimRange(numKept, n.rank(result));
  llvm::append_range(order, dimRange(0, numKept));
  result = n.transpose(result, order);
  if (!n.attributes.getBool("keepdims"))
    return {result};
  Shape target(n.shape(q));
  llvm::append_range(target, keptUnits);
  return {n.reshape(result, target)};
}

//===----------------------------------------------------------------------===//
// Differences
//===----------------------------------------------------------------------===//

static Value difference(NodeBuilder &n, Value x, int64_t axis) {
  int64_t size = n.shape(x)[axis];
  Value upper = n.sliceAxis(x, axis, 1, size);
  return n.emit<graph::SubOp>({upper, n.sliceAxis(x, axis, 0, size - 1)});
}

static Values diff(NodeBuilder &n) {
  Value x = n.input(0);
  if (!x)
    return Values(1);
  std::optional<int64_t> axis = n.axis("axis", x);
  int64_t times = n.attributes.getInt("n");
  if (!axis)
    return Values(1);
  if (times < 0 || times >= n.shape(x)[*axis])
    return {n.unsupported("n", "must leave at least one element")};
  for (; times > 0 && x; --times)
    x = difference(n, x, *axis);
  return {x};
}

/// The differences of all neighbours, between what comes before and after.
static Values flatDiff(NodeBuilder &n) {
  Value x = n.reshape(n.input(0), {-1});
  if (!x)
    return Values(1);
  if (n.shape(x)[0] < 2)
    return {n.fail(DiagnosticCode::ShapeMismatch, "needs two elements")};
  size_t next = 1;
  auto getEnd = [&](StringRef scalar, StringRef isTensor) -> Value {
    if (n.attributes.getBool(isTensor))
      return n.reshape(n.input(next++), {-1});
    if (!n.attributes.isNone(scalar))
      return n.splat({1}, n.element(x), n.attributes.getFloat(scalar));
    return {};
  };
  Values parts;
  if (Value begin = getEnd("to_begin_scalar", "to_begin_arr_given"))
    parts.push_back(begin);
  parts.push_back(difference(n, x, 0));
  if (Value end = getEnd("to_end_scalar", "to_end_arr_given"))
    parts.push_back(end);
  return {n.concat(parts, 0)};
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

static constexpr llvm::StringLiteral reduceSpec =
    "axis:shape?=None dtype:dtype?=None keepdims:bool=False "
    "initial:float?=None";
static constexpr llvm::StringLiteral varianceSpec =
    "axis:shape?=None dtype:dtype?=None ddof:int=0 keepdims:bool=False";
static constexpr llvm::StringLiteral argSpec =
    "axis:int?=None keepdims:bool=False";

ArrayRef<OperatorRow> getNumpyReductionOperators() {
  static const OperatorRow rows[] = {
      {"_np_sum", reduceSpec, "a", reduction<graph::ReduceSumOp>},
      {"_np_prod _np_product", reduceSpec, "a", reduction<graph::ReduceProdOp>},
      {"_np_max _np_amax", reduceSpec, "a", reduction<graph::ReduceMaxOp>},
      {"_np_min _np_amin", reduceSpec, "a", reduction<graph::ReduceMinOp>},
      {"_np_all", "axis:shape?=None keepdims:bool=False", "data",
       boolean<graph::ReduceMinOp>},
      {"_np_any _np_sometrue", "axis:shape?=None keepdims:bool=False", "data",
       boolean<graph::ReduceMaxOp>},
      {"_npi_mean", reduceSpec, "a", mean},
      {"_npi_var", varianceSpec, "a", variance, nullptr, "var"},
      {"_npi_std", varianceSpec, "a", deviation, nullptr, "std"},
      {"_npi_average",
       "axis:shape?=None returned:bool=False weighted:bool=True",
       "a weights[weighted]", average, nullptr, "output0 output1[returned]"},
      {"_npi_norm",
       "ord:float=2 axis:shape?=None keepdims:bool=False flag:int=-1", "data",
       norm, nullptr, "output0", "Without norms of singular values."},
      {"_npi_argmax", argSpec, "data", argExtreme<graph::ArgmaxOp>},
      {"_npi_argmin", argSpec, "data", argExtreme<graph::ArgminOp>},
      {"_np_trace", "offset:int=0 axis1:int=0 axis2:int=1", "data", trace},
      {"_npi_percentile",
       "axis:shape?=None "
       "interpolation:{higher|linear|lower|midpoint|nearest}=linear "
       "keepdims:bool=False q_scalar:float?=None",
       "a q[q_scalar=None]", percentile},
      {"_npi_diff", "n:int=1 axis:int=-1", "a", diff},
      {"_npi_ediff1d",
       "to_begin_arr_given:bool=False to_end_arr_given:bool=False "
       "to_begin_scalar:float?=None to_end_scalar:float?=None",
       "ary to_begin[to_begin_arr_given] to_end[to_end_arr_given]", flatDiff},
  };
  return rows;
}

} // namespace dlc::mxnet
