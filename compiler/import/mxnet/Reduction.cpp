// SPDX-License-Identifier: Apache-2.0
// Operators that reduce dimensions: sums, extrema, norms, argmax, cumsum.
#include "compiler/import/mxnet/Operators.h"

using namespace mlir;

namespace dlc::mxnet {

/// The axes to reduce: none given means all, `exclude` means the others.
static std::optional<Shape> getAxes(NodeBuilder &n) {
  int64_t rank = n.rank(n.input(0));
  std::optional<Shape> given = n.axes(n.getShape("axis"), rank);
  if (!given)
    return std::nullopt;
  bool exclude = n.attributes.getBool("exclude");
  if (given->empty() && !exclude)
    return dimRange(0, rank);
  if (!exclude)
    return given;
  Shape others;
  for (int64_t i = 0; i < rank; ++i)
    if (!llvm::is_contained(*given, i))
      others.push_back(i);
  return others;
}

template <typename OpTy>
static Value reduceBy(NodeBuilder &n, Value value) {
  std::optional<Shape> axes = getAxes(n);
  if (!axes)
    return {};
  if (axes->empty()) // `exclude` left nothing to reduce
    return value;
  bool keepdims = n.attributes.getBool("keepdims");
  return n.atLeastOneDim(n.reduce<OpTy>(value, *axes, keepdims));
}

template <typename OpTy>
static Values reduction(NodeBuilder &n) {
  return {n.input(0) ? reduceBy<OpTy>(n, n.input(0)) : Value()};
}

static Values squareSum(NodeBuilder &n) {
  Value square = n.emit<graph::SquareOp>({n.input(0)});
  return {square ? reduceBy<graph::ReduceSumOp>(n, square) : square};
}

static Values norm(NodeBuilder &n) {
  Value x = n.input(0);
  int64_t order = n.attributes.getInt("ord");
  if (!x)
    return Values(1);
  if (order != 1 && order != 2)
    return {n.unsupported("ord", "only norms of order 1 and 2 are supported")};
  Value result = order == 1 ? reduceBy<graph::ReduceL1Op>(n, x)
                            : reduceBy<graph::ReduceL2Op>(n, x);
  StringRef type = n.attributes.getText("out_dtype");
  if (!type.empty() && type != "None")
    result = n.cast(result, n.element(*parseElementType(type)));
  return {result};
}

/// The index of the extreme element, in the type of the input.
template <typename OpTy>
static Values argExtreme(NodeBuilder &n) {
  Value x = n.input(0);
  if (!x)
    return Values(1);
  Type element = n.element(x);
  int64_t axis = 0;
  bool keepdims = n.attributes.getBool("keepdims");
  Shape full(n.rank(x), 1);
  bool flatten = n.attributes.isNone("axis");
  if (flatten) {
    x = n.reshape(x, {-1});
  } else {
    std::optional<int64_t> given = n.axis("axis", x);
    if (!given)
      return Values(1);
    axis = *given;
  }
  Value index = n.emit<OpTy>(
      {x}, {n.attr("axis", axis), n.flag("keepdims", keepdims && !flatten)});
  if (flatten && keepdims)
    index = n.reshape(index, full);
  return {n.cast(n.atLeastOneDim(index), element)};
}

static Values argmaxChannel(NodeBuilder &n) {
  Value x = n.input(0);
  Value index = n.emit<graph::ArgmaxOp>(
      {x}, {n.attr("axis", int64_t(1)), n.flag("keepdims", false)});
  return {index ? n.cast(index, n.element(x)) : index};
}

static Values cumsum(NodeBuilder &n) {
  Value x = n.input(0);
  if (!x)
    return Values(1);
  if (n.attributes.isGiven("dtype") && !n.attributes.isNone("dtype"))
    x = n.cast(x, n.element(n.attributes.getType("dtype")));
  int64_t axis = 0;
  if (n.attributes.isNone("axis"))
    x = n.reshape(x, {-1});
  else if (std::optional<int64_t> given = n.axis("axis", x))
    axis = *given;
  else
    return Values(1);
  return {n.emit<graph::CumsumOp>({x}, {n.attr("axis", axis)})};
}

/// Mean and variance over the axes.
static Values moments(NodeBuilder &n) {
  Value x = n.input(0);
  if (!x)
    return Values(2);
  std::optional<Shape> axes = n.axes(n.getShape("axes"), n.rank(x));
  if (!axes)
    return Values(2);
  if (axes->empty())
    axes = dimRange(0, n.rank(x));
  bool keepdims = n.attributes.getBool("keepdims");
  Value mean = n.reduce<graph::ReduceMeanOp>(x, *axes, /*keepdims=*/true);
  Value centred = n.binary<graph::SubOp>(x, mean);
  Value variance = n.reduce<graph::ReduceMeanOp>(
      n.emit<graph::SquareOp>({centred}), *axes, keepdims);
  Value result = n.reduce<graph::ReduceMeanOp>(x, *axes, keepdims);
  return {n.atLeastOneDim(result), n.atLeastOneDim(variance)};
}

static constexpr llvm::StringLiteral reduceSpec =
    "axis:shape?=None keepdims:bool=False exclude:bool=False";

ArrayRef<OperatorRow> getReductionOperators() {
  static const OperatorRow rows[] = {
      {"sum sum_axis", reduceSpec, "data", reduction<graph::ReduceSumOp>},
      {"mean", reduceSpec, "data", reduction<graph::ReduceMeanOp>},
      {"prod", reduceSpec, "data", reduction<graph::ReduceProdOp>},
      {"max max_axis", reduceSpec, "data", reduction<graph::ReduceMaxOp>},
      {"min min_axis", reduceSpec, "data", reduction<graph::ReduceMinOp>},
      {"nansum", reduceSpec, "data", reduction<graph::ReduceNansumOp>},
      {"nanprod", reduceSpec, "data", reduction<graph::ReduceNanprodOp>},
      {"_square_sum", reduceSpec, "data", squareSum},
      {"norm",
       "ord:int=2 axis:shape?=None keepdims:bool=False "
       "out_dtype:{None|float16|float32|float64|int32|int64|int8}=None",
       "data", norm},
      {"argmax", "axis:int?=None keepdims:bool=False", "data",
       argExtreme<graph::ArgmaxOp>},
      {"argmin", "axis:int?=None keepdims:bool=False", "data",
       argExtreme<graph::ArgminOp>},
      {"argmax_channel", "", "data", argmaxChannel},
      {"_np_cumsum cumsum", "axis:int?=None dtype:dtype?=None", "a", cumsum},
      {"moments", "axes:shape?=None keepdims:bool=False", "data", moments,
       nullptr, "output0 output1"},
  };
  return rows;
}

} // namespace dlc::mxnet
