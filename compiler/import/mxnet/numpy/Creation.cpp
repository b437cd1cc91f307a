// SPDX-License-Identifier: Apache-2.0
// Numpy's operators that make tensors of nothing but a shape: ranges, windows,
// indices.
#include "compiler/import/mxnet/Formulas.h"
#include "compiler/import/mxnet/Operators.h"

using namespace mlir;

namespace dlc::mxnet {

static Type getElement(NodeBuilder &n) {
  return n.element(n.attributes.getType("dtype"));
}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

template <int value>
static Values fill(NodeBuilder &n) {
  return {n.splat(n.getShape("shape"), getElement(n), value)};
}

static Values full(NodeBuilder &n) {
  return {n.splat(n.getShape("shape"), getElement(n),
                  n.attributes.getFloat("value"))};
}

static Values fullLike(NodeBuilder &n) {
  Value x = n.input(0);
  if (!x)
    return Values(1);
  Type element = n.attributes.isNone("dtype") ? n.element(x) : getElement(n);
  return {n.splat(n.shape(x), element, n.attributes.getFloat("fill_value"))};
}

/// Ones on diagonal \p offset.
static Value makeEye(NodeBuilder &n, ArrayRef<int64_t> shape, int64_t offset) {
  Type index = n.element(ElementType::I64);
  Value hit = n.emit<graph::EqualOp>(
      {n.iota(shape, index, 0, offset), n.iota(shape, index, 1)});
  return n.cast(hit, getElement(n));
}

static Values eye(NodeBuilder &n) {
  int64_t rows = n.attributes.getInt("N");
  int64_t columns = n.attributes.isNone("M") ? rows : n.attributes.getInt("M");
  return {makeEye(n, {rows, columns}, n.attributes.getInt("k"))};
}

static Values identity(NodeBuilder &n) {
  Shape shape = n.getShape("shape");
  if (shape.size() != 2)
    return {n.fail(DiagnosticCode::BadAttribute,
                   "attribute 'shape' needs two sizes")};
  return {makeEye(n, shape, 0)};
}

//===----------------------------------------------------------------------===//
// Ranges
//===----------------------------------------------------------------------===//

/// start + step i for the values of i, computed in float64.
static Value makeRange(NodeBuilder &n,
                       const std::optional<NumberRange> &range) {
  if (!range)
    return {};
  Value values = n.iota({range->count}, n.element(ElementType::F64), 0,
                        range->start, range->step);
  return n.cast(values, getElement(n));
}

static Values arange(NodeBuilder &n) {
  return {makeRange(n, getNumberRange(n))};
}

/// The step between `num` values from `start` to `stop`, which is the last of
/// them with `endpoint`.
static double getLinearStep(NodeBuilder &n) {
  double distance =
      n.attributes.getFloat("stop") - n.attributes.getFloat("start");
  int64_t count = n.attributes.getInt("num");
  int64_t steps = n.attributes.getBool("endpoint") ? count - 1 : count;
  return steps > 0 ? distance / double(steps) : 0;
}

static Values linspace(NodeBuilder &n) {
  return {makeRange(n, checkNumberRange(n, n.attributes.getFloat("start"),
                                        getLinearStep(n),
                                        double(n.attributes.getInt("num"))))};
}

static Values logspace(NodeBuilder &n) {
  int64_t count = n.attributes.getInt("num");
  if (count > INT32_MAX)
    return {n.fail(DiagnosticCode::SizeOverflow, "has too many elements")};
  Value exponent = n.iota({count}, n.element(ElementType::F64), 0,
                          n.attributes.getFloat("start"), getLinearStep(n));
  Value base = n.splatLike(exponent, n.attributes.getFloat("base"));
  return {n.cast(n.emit<graph::PowerOp>({base, exponent}), getElement(n))};
}

//===----------------------------------------------------------------------===//
// Windows
//===----------------------------------------------------------------------===//

/// a - b cos(2 pi i / (M - 1)) + c cos(4 pi i / (M - 1)).
static Value makeWindow(NodeBuilder &n, double a, double b, double c) {
  int64_t count = n.attributes.getInt("M");
  if (count > INT32_MAX)
    return n.fail(DiagnosticCode::SizeOverflow, "has too many elements");
  Type f64 = n.element(ElementType::F64);
  if (count == 1)
    return n.splat({1}, getElement(n), 1);
  Value angle = n.iota({count}, f64, 0, 0, 2 * M_PI / double(count - 1));
  Value result = n.scalar<graph::AddOp>(
      n.scalar<graph::MulOp>(n.emit<graph::CosOp>({angle}), -b), a);
  if (c != 0) {
    Value twice = n.scalar<graph::MulOp>(angle, 2);
    result = n.emit<graph::AddOp>(
        {result, n.scalar<graph::MulOp>(n.emit<graph::CosOp>({twice}), c)});
  }
  return n.cast(result, getElement(n));
}

static Values hanning(NodeBuilder &n) { return {makeWindow(n, 0.5, 0.5, 0)}; }
static Values hamming(NodeBuilder &n) { return {makeWindow(n, 0.54, 0.46, 0)}; }
static Values blackman(NodeBuilder &n) {
  return {makeWindow(n, 0.42, 0.5, 0.08)};
}

//===----------------------------------------------------------------------===//
// Indices
//===----------------------------------------------------------------------===//

/// [rank, dimensions...]: the index along each dimension.
static Values indices(NodeBuilder &n) {
  Shape dims = n.getShape("dimensions"), one(dims);
  one.insert(one.begin(), 1);
  Values parts;
  for (size_t i = 0; i < dims.size(); ++i)
    parts.push_back(n.reshape(n.iota(dims, getElement(n), i), one));
  if (parts.empty())
    return {n.fail(DiagnosticCode::BadAttribute, "needs a dimension")};
  return {n.concat(parts, 0)};
}

/// [rank, size]: where the main diagonal of a tensor lies.
static Values diagonalIndices(NodeBuilder &n) {
  Value x = n.input(0);
  if (!x)
    return Values(1);
  if (n.rank(x) < 2 || !llvm::all_equal(n.shape(x)))
    return {n.fail(DiagnosticCode::ShapeMismatch,
                   "needs equal dimensions, but got " + dimsText(n.shape(x)))};
  return {n.iota({n.rank(x), n.shape(x)[0]}, n.element(ElementType::I64), 1)};
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

static constexpr llvm::StringLiteral fillSpec =
    "shape:sizes=() ctx:string= dtype:dtype=float32";
static constexpr llvm::StringLiteral windowSpec =
    "M:count! ctx:string= dtype:dtype=float32";

ArrayRef<OperatorRow> getNumpyCreationOperators() {
  static const OperatorRow rows[] = {
      {"_npi_zeros", fillSpec, "", fill<0>},
      {"_npi_ones", fillSpec, "", fill<1>},
      {"_npi_full",
       "shape:sizes=() ctx:string= dtype:dtype=float32 value:float!", "", full},
      {"_npi_full_like", "fill_value:float! ctx:string= dtype:dtype?=None", "a",
       fullLike},
      {"_npi_identity", fillSpec, "", identity},
      {"_npi_eye",
       "N:count! M:int?=None k:int=0 ctx:string= dtype:dtype=float32", "", eye},
      {"_npi_arange",
       "start:float! stop:float?=None step:float=1 repeat:count=1 "
       "infer_range:bool=False ctx:string= dtype:dtype=float32",
       "", arange},
      {"_npi_linspace _linspace",
       "start:float! stop:float! num:count! endpoint:bool=True step:float=1 "
       "repeat:count=1 infer_range:bool=False ctx:string= dtype:dtype=float32",
       "", linspace},
      {"_npi_logspace",
       "start:float! stop:float! num:count! endpoint:bool=True base:float=10 "
       "ctx:string= dtype:dtype=float32",
       "", logspace},
      {"_npi_hanning", windowSpec, "", hanning},
      {"_npi_hamming", windowSpec, "", hamming},
      {"_npi_blackman", windowSpec, "", blackman},
      {"_npi_indices", "dimensions:sizes! dtype:dtype=int32 ctx:string=", "",
       indices},
      {"_npi_diag_indices_from", "", "data", diagonalIndices},
  };
  return rows;
}

} // namespace dlc::mxnet
