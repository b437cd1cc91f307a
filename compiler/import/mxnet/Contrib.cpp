// SPDX-License-Identifier: Apache-2.0
// Operators that belong to no larger family: polynomials, transforms, sketches,
// windows of images as columns, histograms, tests of all elements.
#include "compiler/import/mxnet/Formulas.h"
#include "compiler/import/mxnet/Operators.h"

using namespace mlir;

namespace dlc::mxnet {

//===----------------------------------------------------------------------===//
// Polynomials and products
//===----------------------------------------------------------------------===//

static Values quadratic(NodeBuilder &n) {
  Value x = n.input(0);
  Value square = n.scalar<graph::MulOp>(n.emit<graph::SquareOp>({x}),
                                        n.attributes.getFloat("a"));
  Value linear = n.scalar<graph::MulOp>(x, n.attributes.getFloat("b"));
  return {n.scalar<graph::AddOp>(n.emit<graph::AddOp>({square, linear}),
                                 n.attributes.getFloat("c"))};
}

/// Horner's scheme; the highest power comes first.
static Values polynomial(NodeBuilder &n) {
  Value p = n.input(0), x = n.input(1);
  if (!p || !x)
    return Values(1);
  if (n.rank(p) != 1 || n.shape(p)[0] > 1024)
    return {n.fail(DiagnosticCode::ShapeMismatch,
                   "needs a vector of at most 1024 coefficients")};
  Value result = n.splatLike(x, 0);
  for (int64_t i = 0; i < n.shape(p)[0]; ++i) {
    Value one =
        n.broadcast(n.reshape(n.sliceAxis(p, 0, i, i + 1), {}), n.shape(x));
    result = n.emit<graph::AddOp>({n.emit<graph::MulOp>({result, x}), one});
  }
  return {result};
}

/// Kronecker's product of corresponding columns.
static Values khatriRao(NodeBuilder &n) {
  Value result;
  for (Value value : n.getInputs()) {
    if (!value)
      return Values(1);
    if (n.rank(value) != 2 ||
        (result && n.shape(value)[1] != n.shape(result)[1]))
      return {n.fail(DiagnosticCode::ShapeMismatch,
                     "needs matrices with as many columns")};
    if (!result) {
      result = value;
      continue;
    }
    int64_t left = n.shape(result)[0], right = n.shape(value)[0];
    int64_t columns = n.shape(value)[1];
    Value product =
        n.binary<graph::MulOp>(n.reshape(result, {left, 1, columns}),
                               n.reshape(value, {1, right, columns}));
    result = n.reshape(product, {graph::multiplySizes({left, right}), columns});
    if (!result)
      return Values(1);
  }
  return {result};
}

//===----------------------------------------------------------------------===//
// Transforms
//===----------------------------------------------------------------------===//

/// cos or -sin of 2 pi j k / size, [size, size]; j k is taken modulo size
/// first, for precision.
static Value makeWaves(NodeBuilder &n, int64_t size, Type element,
                       bool isSine) {
  Type index = n.element(ElementType::I64);
  Shape square{size, size};
  Value product = n.emit<graph::MulOp>(
      {n.iota(square, index, 0), n.iota(square, index, 1)});
  Value turn = n.scalar<graph::ModOp>(product, double(size));
  Value angle = n.scalar<graph::MulOp>(
      n.cast(turn, n.element(ElementType::F64)), 2 * M_PI / double(size));
  Value wave = isSine ? n.emit<graph::NegOp>({n.emit<graph::SinOp>({angle})})
                      : n.emit<graph::CosOp>({angle});
  return n.cast(wave, element);
}

static bool checkTransform(NodeBuilder &n, Value x, int64_t size) {
  if (isa<FloatType>(n.element(x)) && size >= 1 && size <= 4096)
    return true;
  n.fail(DiagnosticCode::UnsupportedAttribute,
         "transforms rows of 1 to 4096 floating-point numbers, but got " +
             dimsText(n.shape(x)));
  return false;
}

/// Real rows of d numbers to d complex ones, real and imaginary parts in turn.
/// Multiplies by the matrix of waves, which suits short rows.
static Values fourier(NodeBuilder &n) {
  Value x = n.input(0);
  if (!x || n.rank(x) == 0 || !checkTransform(n, x, n.shape(x).back()))
    return Values(1);
  int64_t last = n.rank(x) - 1, size = n.shape(x)[last];
  Shape pairs(n.shape(x)), result(n.shape(x));
  pairs.push_back(1);
  result[last] *= 2;
  Values parts;
  for (bool isSine : {false, true}) {
    Value part =
        n.dot(x, makeWaves(n, size, n.element(x), isSine), {}, {}, {last}, {0});
    parts.push_back(n.reshape(part, pairs));
  }
  return {n.reshape(n.concat(parts, last + 1), result)};
}

/// The real part of the inverse, without the division by d.
static Values inverseFourier(NodeBuilder &n) {
  Value x = n.input(0);
  if (!x || n.rank(x) == 0 || !checkTransform(n, x, n.shape(x).back() / 2))
    return Values(1);
  int64_t last = n.rank(x) - 1, size = n.shape(x)[last] / 2;
  Shape pairs(n.shape(x)), one(n.shape(x));
  pairs[last] = size;
  pairs.push_back(2);
  one[last] = size;
  Value split = n.reshape(x, pairs);
  Values parts;
  for (bool isSine : {false, true}) {
    Value part =
        n.reshape(n.sliceAxis(split, last + 1, isSine, isSine + 1), one);
    parts.push_back(n.dot(part, makeWaves(n, size, n.element(x), isSine), {},
                          {}, {last}, {0}));
  }
  return {n.emit<graph::AddOp>(parts)};
}

/// Column h[i] of the result gets s[i] times column i of the data.
static Values countSketch(NodeBuilder &n) {
  Value x = n.input(0), h = n.input(1), s = n.input(2);
  int64_t size = n.attributes.getInt("out_dim");
  if (!x || !h || !s)
    return Values(1);
  int64_t last = n.rank(x) - 1;
  if (last < 0 || n.type(h).getNumElements() != n.shape(x)[last] ||
      n.type(s).getNumElements() != n.shape(x)[last])
    return {n.fail(DiagnosticCode::ShapeMismatch,
                   "'h' and 's' need an element for each column of the data")};
  Shape places{n.shape(x)[last], size};
  Type index = n.element(ElementType::I64);
  Value target = n.cast(n.reshape(h, {places[0]}), index);
  Value hit = n.emit<graph::EqualOp>(
      {n.broadcastInDims(target, places, {0}), n.iota(places, index, 1)});
  Value sign = n.broadcastInDims(
      n.cast(n.reshape(s, {places[0]}), n.element(x)), places, {0});
  Value matrix = n.emit<graph::SelectOp>({hit, sign, n.splatLike(sign, 0)});
  return {n.dot(x, matrix, {}, {}, {last}, {0})};
}

//===----------------------------------------------------------------------===//
// Windows of images as columns
//===----------------------------------------------------------------------===//

namespace {

/// The windows of a convolution over some spatial dimensions.
struct Windows {
  Shape kernel, stride, dilate, pad, out;
  int64_t numTaps = 1, numPlaces = 1;

  /// The offset of tap \p number along \p dim, in elements.
  int64_t getOffset(int64_t number, size_t dim) const {
    for (size_t i = kernel.size() - 1; i > dim; --i)
      number /= kernel[i];
    return number % kernel[dim] * dilate[dim];
  }
};

} // namespace

/// Reads the windows over an image of \p size; reports those that don't fit.
static std::optional<Windows> getWindows(NodeBuilder &n,
                                         ArrayRef<int64_t> size) {
  Windows w;
  w.kernel = n.getShape("kernel");
  size_t rank = w.kernel.size();
  auto get = [&](StringRef name, int64_t none) {
    Shape shape = n.getShape(name);
    return shape.empty() ? Shape(rank, none) : shape;
  };
  w.stride = get("stride", 1);
  w.dilate = get("dilate", 1);
  w.pad = get("pad", 0);
  bool fits = rank == size.size() && w.stride.size() == rank &&
              w.dilate.size() == rank && w.pad.size() == rank;
  for (size_t i = 0; fits && i < rank; ++i) {
    int64_t span = size[i] + 2 * w.pad[i] - w.dilate[i] * (w.kernel[i] - 1) - 1;
    fits = span >= 0 && w.dilate[i] <= INT32_MAX && w.pad[i] <= INT32_MAX;
    w.out.push_back(fits ? span / w.stride[i] + 1 : 0);
  }
  w.numTaps = graph::multiplySizes(w.kernel);
  w.numPlaces = graph::multiplySizes(w.out);
  if (fits && w.numTaps <= 1024)
    return w;
  n.fail(DiagnosticCode::ShapeMismatch,
         "windows of at most 1024 elements don't fit an image of " +
             dimsText(size));
  return std::nullopt;
}

static Value padSpatially(NodeBuilder &n, Value x, ArrayRef<int64_t> low,
                          ArrayRef<int64_t> high) {
  Shape lows{0, 0}, highs{0, 0};
  llvm::append_range(lows, low);
  llvm::append_range(highs, high);
  return n.emit<graph::PadOp>({x},
                              {n.attr("low", lows), n.attr("high", highs),
                               n.word<graph::PadModeAttr>("mode", "constant"),
                               n.attr("value", 0.0)});
}

/// [N, C, spatial...] to [N, C taps, places].
static Values imageToColumns(NodeBuilder &n) {
  Value x = n.input(0);
  if (!x || n.rank(x) < 3)
    return {x ? n.fail(DiagnosticCode::ShapeMismatch,
                       "needs data of at least three dimensions")
              : x};
  std::optional<Windows> w = getWindows(n, n.shape(x).drop_front(2));
  if (!w)
    return Values(1);
  int64_t batch = n.shape(x)[0], channels = n.shape(x)[1];
  Value padded = padSpatially(n, x, w->pad, w->pad);
  Values taps;
  for (int64_t tap = 0; padded && tap < w->numTaps; ++tap) {
    Shape starts{0, 0}, limits{batch, channels}, steps{1, 1};
    for (size_t i = 0; i < w->kernel.size(); ++i) {
      int64_t offset = w->getOffset(tap, i);
      starts.push_back(offset);
      limits.push_back(offset + (w->out[i] - 1) * w->stride[i] + 1);
      steps.push_back(w->stride[i]);
    }
    Value part = n.emit<graph::SliceOp>({padded}, {n.attr("starts", starts),
                                                   n.attr("limits", limits),
                                                   n.attr("steps", steps)});
    taps.push_back(n.reshape(part, {batch, channels, 1, w->numPlaces}));
  }
  if (taps.empty())
    return Values(1);
  return {n.reshape(n.concat(taps, 2),
                    {batch, channels * w->numTaps, w->numPlaces})};
}

/// Puts \p x's elements \p stride apart, with zeros between them.
static Value spread(NodeBuilder &n, Value x, ArrayRef<int64_t> stride) {
  for (auto [i, step] : llvm::enumerate(stride)) {
    int64_t axis = int64_t(i) + 2;
    if (!x || step == 1)
      continue;
    Shape split(n.shape(x)), merged(n.shape(x)), low(n.rank(x) + 1, 0);
    split.insert(split.begin() + axis + 1, 1);
    merged[axis] = graph::multiplySizes({merged[axis], step});
    Shape high(low);
    high[axis + 1] = step - 1;
    Value padded = n.emit<graph::PadOp>(
        {n.reshape(x, split)},
        {n.attr("low", low), n.attr("high", high),
         n.word<graph::PadModeAttr>("mode", "constant"), n.attr("value", 0.0)});
    x = n.reshape(padded, merged);
  }
  return x;
}

/// The sum of what the columns put at each pixel: the inverse way.
static Values columnsToImage(NodeBuilder &n) {
  Value x = n.input(0);
  Shape size = n.getShape("output_size");
  if (!x)
    return Values(1);
  std::optional<Windows> w = getWindows(n, size);
  if (!w)
    return Values(1);
  if (n.rank(x) != 3 || n.shape(x)[1] % w->numTaps ||
      n.shape(x)[2] != w->numPlaces)
    return {n.fail(DiagnosticCode::ShapeMismatch,
                   "columns of shape " + dimsText(n.shape(x)) +
                       " don't fit the windows")};
  int64_t batch = n.shape(x)[0], channels = n.shape(x)[1] / w->numTaps;
  Value columns = n.reshape(x, {batch, channels, w->numTaps, w->numPlaces});
  Shape grid{batch, channels};
  llvm::append_range(grid, w->out);
  Value sum;
  for (int64_t tap = 0; tap < w->numTaps; ++tap) {
    Value part = spread(
        n, n.reshape(n.sliceAxis(columns, 2, tap, tap + 1), grid), w->stride);
    if (!part)
      return Values(1);
    // To the padded image; zeros may reach beyond its end.
    Shape low, high;
    for (size_t i = 0; i < size.size(); ++i) {
      int64_t padded = size[i] + 2 * w->pad[i];
      low.push_back(w->getOffset(tap, i));
      int64_t rest = padded - low[i] - n.shape(part)[2 + i];
      if (rest < 0)
        part = n.sliceAxis(part, 2 + i, 0, padded - low[i]);
      high.push_back(std::max<int64_t>(rest, 0));
    }
    part = padSpatially(n, part, low, high);
    sum = sum ? n.emit<graph::AddOp>({sum, part}) : part;
  }
  for (size_t i = 0; i < size.size(); ++i)
    sum = n.sliceAxis(sum, 2 + i, w->pad[i], w->pad[i] + size[i]);
  return {sum};
}

//===----------------------------------------------------------------------===//
// Histograms
//===----------------------------------------------------------------------===//

/// How many of \p x, a vector, lie in each interval of \p edges; the last one
/// has its upper edge too.
static Value countBetween(NodeBuilder &n, Value x, Value edges) {
  int64_t bins = n.shape(edges)[0] - 1, count = n.shape(x)[0];
  Shape pairs{bins, count};
  Value values = n.broadcastInDims(x, pairs, {1});
  Value low = n.broadcastInDims(n.sliceAxis(edges, 0, 0, bins), pairs, {0});
  Value high =
      n.broadcastInDims(n.sliceAxis(edges, 0, 1, bins + 1), pairs, {0});
  Value isLast = n.scalar<graph::EqualOp>(
      n.iota(pairs, n.element(ElementType::I64), 0), double(bins - 1));
  Value isEnd = n.emit<graph::LogicalAndOp>(
      {isLast, n.emit<graph::EqualOp>({values, high})});
  Value isBelow = n.emit<graph::LogicalOrOp>(
      {n.emit<graph::LessOp>({values, high}), isEnd});
  Value isInside = n.emit<graph::LogicalAndOp>(
      {n.emit<graph::GreaterEqualOp>({values, low}), isBelow});
  if (!isInside)
    return {};
  return n.reduce<graph::ReduceSumOp>(
      n.cast(isInside, n.element(ElementType::I64)), {1}, false);
}

static Values histogram(NodeBuilder &n) {
  Value x = n.reshape(n.input(0), {-1}), edges = n.input("bins");
  if (!x)
    return Values(2);
  if (!n.attributes.isNone("bin_cnt")) {
    int64_t bins = n.attributes.getInt("bin_cnt");
    const auto &range = n.attributes.getFloats("range");
    if (range.size() != 2 || !(range[0] < range[1]) || bins < 1 ||
        bins > (1 << 20))
      return {n.fail(DiagnosticCode::BadAttribute,
                     "attribute 'range' needs a lower and an upper bound, and "
                     "'bin_cnt' a number of intervals"),
              Value()};
    edges = n.iota({bins + 1}, n.element(x), 0, range[0],
                   (range[1] - range[0]) / double(bins));
  }
  if (!edges || n.rank(edges) != 1 || n.shape(edges)[0] < 2)
    return Values(2);
  return {countBetween(n, x, n.cast(edges, n.element(x))), edges};
}

//===----------------------------------------------------------------------===//
// All elements at once
//===----------------------------------------------------------------------===//

static Value allOf(NodeBuilder &n, Value mask) {
  if (!mask)
    return {};
  Value bits = n.cast(n.reshape(mask, {-1}), n.element(ElementType::I8));
  return n.reduce<graph::ReduceMinOp>(bits, {0}, /*keepdims=*/true);
}

/// 1 if no element of any input is infinite or NaN, as a float of shape (1,).
static Values allFinite(NodeBuilder &n) {
  Value result;
  for (Value value : n.getInputs()) {
    Value difference = n.emit<graph::SubOp>({value, value});
    Value isNan = n.emit<graph::IsNanOp>({difference});
    Value one = allOf(n, n.emit<graph::LogicalNotOp>({isNan}));
    result = result ? n.binary<graph::MinimumOp>(result, one) : one;
  }
  return {n.cast(result, n.element(ElementType::F32))};
}

/// Whether |a - b| <= atol + rtol |b| everywhere, as an uint8 scalar.
static Values allClose(NodeBuilder &n) {
  Value a = n.input(0), b = n.input(1);
  if (!n.broadcastPair(a, b))
    return Values(1);
  Value distance = n.emit<graph::AbsOp>({n.emit<graph::SubOp>({a, b})});
  Value limit = n.scalar<graph::AddOp>(
      n.scalar<graph::MulOp>(n.emit<graph::AbsOp>({b}),
                             n.attributes.getFloat("rtol")),
      n.attributes.getFloat("atol"));
  Value isNear = n.emit<graph::LessEqualOp>({distance, limit});
  isNear = n.emit<graph::LogicalOrOp>(
      {isNear, n.emit<graph::EqualOp>({a, b})}); // infinities
  if (n.attributes.getBool("equal_nan"))
    isNear = n.emit<graph::LogicalOrOp>(
        {isNear, n.emit<graph::LogicalAndOp>({n.emit<graph::IsNanOp>({a}),
                                              n.emit<graph::IsNanOp>({b})})});
  Value result = n.cast(allOf(n, isNear), n.element(ElementType::U8));
  return {n.reshape(result, {})};
}

/// The sum of the squares of each input, [inputs].
static Values sumsOfSquares(NodeBuilder &n) {
  Values parts;
  for (Value value : n.getInputs()) {
    Value square = n.emit<graph::SquareOp>({n.reshape(value, {-1})});
    Value sum =
        square ? n.reduce<graph::ReduceSumOp>(square, {0}, true) : square;
    parts.push_back(n.cast(sum, n.element(ElementType::F32)));
  }
  return {n.concat(parts, 0)};
}

//===----------------------------------------------------------------------===//
// Dense tensors as sparse ones
//===----------------------------------------------------------------------===//

/// A tensor is dense here, whatever its storage is called.
static Values castStorage(NodeBuilder &n) { return {n.input(0)}; }

/// Keeps the rows of the given indices, zero elsewhere.
static Values retain(NodeBuilder &n) {
  Value x = n.input(0), indices = n.input(1);
  if (!x || !indices || n.rank(x) == 0 || n.rank(indices) != 1)
    return Values(1);
  Type index = n.element(ElementType::I64);
  Shape pairs{n.shape(x)[0], n.shape(indices)[0]};
  Value hit = n.emit<graph::EqualOp>(
      {n.broadcastInDims(n.cast(indices, index), pairs, {1}),
       n.iota(pairs, index, 0)});
  if (!hit)
    return Values(1);
  Value any = n.reduce<graph::ReduceMaxOp>(
      n.cast(hit, n.element(ElementType::I8)), {1}, /*keepdims=*/false);
  Value mask = n.broadcastInDims(n.cast(any, n.element(ElementType::Bool)),
                                 n.shape(x), {0});
  return {n.emit<graph::SelectOp>({mask, x, n.splatLike(x, 0)})};
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

ArrayRef<OperatorRow> getContribOperators() {
  static const OperatorRow rows[] = {
      {"_contrib_quadratic", "a:float=0 b:float=0 c:float=0", "data",
       quadratic},
      {"_npi_polyval", "", "p x", polynomial},
      {"khatri_rao", "num_args:count!", "args*", khatriRao},
      {"_contrib_fft", "compute_size:int=128", "data", fourier, nullptr,
       "output", "A product with a matrix: rows of at most 4096 elements."},
      {"_contrib_ifft", "compute_size:int=128", "data", inverseFourier, nullptr,
       "output", "As _contrib_fft; without the division by the size."},
      {"_contrib_count_sketch", "out_dim:count! processing_batch_size:int=32",
       "data h s", countSketch},
      {"im2col",
       "kernel:counts! stride:counts=() dilate:counts=() pad:sizes=()", "data",
       imageToColumns},
      {"col2im",
       "output_size:counts! kernel:counts! stride:counts=() "
       "dilate:counts=() pad:sizes=()",
       "data", columnsToImage},
      {"_histogram _npi_histogram", "bin_cnt:int?=None range:floats?=None",
       "data bins[bin_cnt=None]", histogram, nullptr, "output0 output1"},
      {"all_finite", "init_output:bool=True", "data", allFinite},
      {"multi_all_finite", "num_arrays:int=1 init_output:bool=True", "data*",
       allFinite},
      {"multi_sum_sq", "num_arrays:int!", "data*", sumsOfSquares},
      {"_contrib_allclose",
       "rtol:float=1e-5 atol:float=1e-8 equal_nan:bool=True", "a b", allClose},
      {"cast_storage", "stype:{csr|default|row_sparse}!", "data", castStorage,
       nullptr, "output",
       "Tensors are dense, whatever their storage is called."},
      {"_sparse_retain", "", "data indices", retain},
  };
  return rows;
}

} // namespace dlc::mxnet
