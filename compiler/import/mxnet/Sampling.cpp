// SPDX-License-Identifier: Apache-2.0
// Operators that read images between their pixels, and the correlation of two
// images.
#include "compiler/import/mxnet/Operators.h"

using namespace mlir;

namespace dlc::mxnet {

//===----------------------------------------------------------------------===//
// Grids and samplers
//===----------------------------------------------------------------------===//

/// Part \p index of dimension \p axis, which goes away.
static Value takePart(NodeBuilder &n, Value x, int64_t axis, int64_t index) {
  Value part = n.sliceAxis(x, axis, index, index + 1);
  if (!part)
    return part;
  Shape shape(n.shape(part));
  shape.erase(shape.begin() + axis);
  return n.reshape(part, shape);
}

/// The height and width that a grid is asked to have.
static std::optional<Shape> getTarget(NodeBuilder &n) {
  Shape target = n.getShape("target_shape");
  if (target.size() == 2 && target[0] > 0 && target[1] > 0)
    return target;
  n.fail(DiagnosticCode::BadAttribute,
         "attribute 'target_shape' needs a positive height and width, but is " +
             dimsText(target));
  return std::nullopt;
}

/// The points (x, y) that the matrices \p theta [N, 6] move a regular grid over
/// [-1, 1] to, as [N, 2, H, W].
static Value affineGrid(NodeBuilder &n, Value theta, ArrayRef<int64_t> target) {
  if (n.rank(theta) != 2 || n.shape(theta)[1] != 6)
    return n.fail(DiagnosticCode::ShapeMismatch,
                  "needs an affine matrix of 6 numbers for each image, but got "
                  "the shape " +
                      dimsText(n.shape(theta)));
  int64_t images = n.shape(theta)[0];
  Shape shape{images, 2, target[0], target[1]};
  Value matrix = n.reshape(theta, {images, 2, 3});
  auto entry = [&](int64_t column) {
    return n.broadcastInDims(takePart(n, matrix, 2, column), shape, {0, 1});
  };
  // A single point is NaN, as MXNet divides 0 by 0.
  auto coordinate = [&](int64_t dim) {
    return n.iota(shape, n.element(theta), dim, -1.0,
                  2.0 / double(shape[dim] - 1));
  };
  Value moved =
      n.binary<graph::AddOp>(n.binary<graph::MulOp>(entry(0), coordinate(3)),
                             n.binary<graph::MulOp>(entry(1), coordinate(2)));
  return n.binary<graph::AddOp>(moved, entry(2));
}

/// A regular grid moved by a flow [N, 2, H, W], in pixels.
static Value warpedGrid(NodeBuilder &n, Value flow) {
  if (n.rank(flow) != 4 || n.shape(flow)[1] != 2)
    return n.fail(DiagnosticCode::ShapeMismatch,
                  "needs a flow of the shape Nx2xHxW, but got " +
                      dimsText(n.shape(flow)));
  Shape part(n.shape(flow));
  part[1] = 1;
  Values moved;
  for (int64_t i = 0; i < 2; ++i) {
    int64_t dim = 3 - i;
    Value place = n.binary<graph::AddOp>(n.sliceAxis(flow, 1, i, i + 1),
                                         n.iota(part, n.element(flow), dim));
    moved.push_back(n.scalar<graph::SubOp>(
        n.scalar<graph::DivOp>(place, double(part[dim] - 1) / 2), 1));
  }
  return n.concat(moved, 1);
}

static Values gridGenerator(NodeBuilder &n) {
  Value x = n.input(0);
  if (!x)
    return Values(1);
  if (n.attributes.getText("transform_type") == "warp")
    return {warpedGrid(n, x)};
  std::optional<Shape> target = getTarget(n);
  return {target ? affineGrid(n, x, *target) : Value()};
}

/// Reads \p x at the points (x, y) of \p grid; -1 and 1 are its edges.
static Value sampleGrid(NodeBuilder &n, Value x, Value grid) {
  if (!x || !grid)
    return {};
  if (n.rank(x) != 4 || n.rank(grid) != 4 || n.shape(grid)[1] != 2)
    return n.fail(DiagnosticCode::ShapeMismatch,
                  "needs data of four dimensions and a grid of the shape "
                  "Nx2xHxW, but got " +
                      dimsText(n.shape(x)) + " and " + dimsText(n.shape(grid)));
  auto place = [&](int64_t part, int64_t extent) {
    Value moved = n.scalar<graph::AddOp>(takePart(n, grid, 1, part), 1);
    return n.scalar<graph::MulOp>(
        n.scalar<graph::MulOp>(moved, double(extent - 1)), 0.5);
  };
  return n.emit<graph::SampleOp>(
      {x, place(1, n.shape(x)[2]), place(0, n.shape(x)[3])},
      {n.word<graph::BorderAttr>("border", "zero")});
}

static Values bilinearSampler(NodeBuilder &n) {
  return {sampleGrid(n, n.input("data"), n.input("grid"))};
}

static Values spatialTransformer(NodeBuilder &n) {
  Value x = n.input("data"), theta = n.input("loc");
  std::optional<Shape> target = getTarget(n);
  if (!x || !theta || !target)
    return Values(1);
  return {sampleGrid(n, x, affineGrid(n, theta, *target))};
}

//===----------------------------------------------------------------------===//
// Deformable convolutions
//===----------------------------------------------------------------------===//

namespace {

/// The attributes of a deformable convolution and the sizes that follow.
struct Deformation {
  Shape kernel, strides, pads, dilations, out;
  int64_t images = 0;
  int64_t groups = 1; ///< of channels that share their offsets
  int64_t channels = 0, height = 0, width = 0;

  int64_t getTaps() const { return kernel[0] * kernel[1]; }
  /// The shape of \p count numbers for each group and tap.
  Shape getInput(int64_t count) const {
    return {images, graph::multiplySizes({groups, getTaps(), count}), out[0],
            out[1]};
  }
};

/// Builds the matrix that the filter is multiplied with. Its rows are the
/// places of the output; its columns the groups, their taps and, if \p isLast,
/// their channels. Else channels come before taps, and places last.
class DeformedColumns {
public:
  DeformedColumns(NodeBuilder &n, const Deformation &d, bool isLast)
      : n(n), d(d), isLast(isLast), points{d.images,    d.groups, d.kernel[0],
                                           d.kernel[1], d.out[0], d.out[1]} {}

  /// \p mask is null where there is none.
  Value build(Value x, Value offset, Value mask);

private:
  /// Brings [N, groups, kernel..., out...] into the order of the samples.
  Value arrange(Value x) {
    if (!x)
      return x;
    Value moved = isLast ? n.transpose(x, {0, 4, 5, 1, 2, 3}) : x;
    int64_t taps = d.getTaps(), all = n.type(x).getNumElements();
    return isLast ? n.reshape(moved, {all / taps, taps})
                  : n.reshape(moved, {d.images * d.groups, -1});
  }
  /// Where each tap of the kernel reads along spatial dimension \p dim.
  Value getPlaces(int64_t dim, Value offset);
  /// The images that \p x is cut into, one for each group.
  Value getImages(Value x);
  Value sampleImages(Value x, Value y, Value at, StringRef border);

  NodeBuilder &n;
  const Deformation &d;
  bool isLast;
  Shape points;
};

} // namespace

Value DeformedColumns::getPlaces(int64_t dim, Value offset) {
  Value split = n.reshape(
      offset, {d.images * d.groups, d.getTaps(), 2, d.out[0], d.out[1]});
  Value shift = n.reshape(takePart(n, split, 2, dim), points);
  if (!shift)
    return shift;
  Type element = n.element(shift);
  Value tap = n.iota(points, element, 2 + dim, -double(d.pads[dim]),
                     double(d.dilations[dim]));
  Value out = n.iota(points, element, 4 + dim, 0, double(d.strides[dim]));
  return arrange(
      n.binary<graph::AddOp>(n.binary<graph::AddOp>(tap, out), shift));
}

Value DeformedColumns::getImages(Value x) {
  int64_t each = d.channels / d.groups;
  if (!isLast)
    return n.reshape(x, {d.images * d.groups, each, d.height, d.width});
  Value split = n.reshape(x, {d.images, d.groups, each, d.height, d.width});
  return n.reshape(n.transpose(split, {0, 1, 3, 4, 2}),
                   {d.images * d.groups, d.height, d.width, each});
}

Value DeformedColumns::sampleImages(Value x, Value y, Value at,
                                    StringRef border) {
  Values operands{getImages(x), y, at};
  if (isLast) {
    // Rows are [N, out..., groups]: which image each reads.
    Shape rows{d.images, d.out[0], d.out[1], d.groups};
    Type index = n.element(ElementType::I32);
    operands.push_back(n.reshape(
        n.binary<graph::AddOp>(n.iota(rows, index, 0, 0, double(d.groups)),
                               n.iota(rows, index, 3)),
        {-1}));
  }
  return n.emit<graph::SampleOp>(operands,
                                 {n.word<graph::BorderAttr>("border", border),
                                  n.flag("channels_last", isLast)});
}

Value DeformedColumns::build(Value x, Value offset, Value mask) {
  Value y = getPlaces(0, offset), at = getPlaces(1, offset);
  // Without a mask, points between the image and its border read the nearest
  // pixels and those outside nothing; with one, zeros lie around the image.
  Value columns = sampleImages(x, y, at, mask ? "zero" : "edge");
  if (!columns)
    return {};
  Shape shape(n.shape(columns)), dims{0, isLast ? 1 : 2};
  if (mask) {
    Value factor = arrange(n.reshape(mask, points));
    return n.binary<graph::MulOp>(columns,
                                  n.broadcastInDims(factor, shape, dims));
  }
  auto isInside = [&](Value place, int64_t extent) {
    return n.binary<graph::LogicalAndOp>(
        n.scalar<graph::GreaterEqualOp>(place, 0),
        n.scalar<graph::LessOp>(place, double(extent)));
  };
  Value inside = n.binary<graph::LogicalAndOp>(isInside(y, d.height),
                                               isInside(at, d.width));
  return n.emit<graph::SelectOp>({n.broadcastInDims(inside, shape, dims),
                                  columns, n.splatLike(columns, 0)});
}

/// A pair of numbers; \p value twice where the attribute is empty.
static std::optional<Shape> getPair(NodeBuilder &n, StringRef name,
                                    int64_t value) {
  Shape numbers = n.getShape(name);
  if (numbers.empty())
    numbers.assign(2, value);
  if (numbers.size() == 2 && std::max(numbers[0], numbers[1]) <= INT32_MAX)
    return numbers;
  n.fail(DiagnosticCode::BadAttribute,
         "attribute '" + name + "' needs two numbers of at most " +
             Twine(INT32_MAX) + ", but is " + dimsText(numbers));
  return std::nullopt;
}

static std::optional<Deformation> getDeformation(NodeBuilder &n, Value x) {
  auto kernel = getPair(n, "kernel", 1), strides = getPair(n, "stride", 1);
  auto pads = getPair(n, "pad", 0), dilations = getPair(n, "dilate", 1);
  if (!kernel || !strides || !pads || !dilations)
    return std::nullopt;
  Deformation d;
  d.kernel = *kernel;
  d.strides = *strides;
  d.pads = *pads;
  d.dilations = *dilations;
  d.groups = n.attributes.getInt("num_deformable_group");
  if (n.rank(x) != 4 || n.shape(x)[1] < d.groups || n.shape(x)[1] % d.groups) {
    n.fail(DiagnosticCode::ShapeMismatch,
           "needs data of four dimensions whose channels are a multiple of " +
               Twine(d.groups) + ", but got " + dimsText(n.shape(x)));
    return std::nullopt;
  }
  d.images = n.shape(x)[0];
  d.channels = n.shape(x)[1];
  d.height = n.shape(x)[2];
  d.width = n.shape(x)[3];
  for (int i = 0; i < 2; ++i) {
    int64_t reach = d.dilations[i] * (d.kernel[i] - 1) + 1;
    int64_t room = n.shape(x)[2 + i] + 2 * d.pads[i] - reach;
    if (room < 0) {
      n.fail(DiagnosticCode::ShapeMismatch,
             "the kernel is larger than the padded data " +
                 dimsText(n.shape(x)));
      return std::nullopt;
    }
    d.out.push_back(room / d.strides[i] + 1);
  }
  return d;
}

/// Whether \p value has the shape of \p count numbers for each tap.
static bool checkTaps(NodeBuilder &n, const Deformation &d, Value value,
                      StringRef name, int64_t count) {
  Shape wanted = d.getInput(count);
  if (n.shape(value) == ArrayRef(wanted))
    return true;
  n.fail(DiagnosticCode::ShapeMismatch, "needs " + name + " of the shape " +
                                            dimsText(wanted) + ", but got " +
                                            dimsText(n.shape(value)));
  return false;
}

/// The filter as a matrix whose columns are in the order of channels-last
/// samples.
static Value arrangeFilter(NodeBuilder &n, const Deformation &d, Value filter,
                           int64_t filters) {
  Value split = n.reshape(
      filter, {filters, d.groups, d.channels / d.groups, d.getTaps()});
  return split ? n.reshape(n.transpose(split, {0, 1, 3, 2}), {filters, -1})
               : split;
}

static Values deformableConvolution(NodeBuilder &n) {
  Value x = n.input("data"), offset = n.input("offset");
  Value filter = n.input("weight"), bias = n.input("bias");
  Value mask = n.input("mask");
  if (llvm::is_contained(n.getInputs(), Value()))
    return Values(1);
  std::optional<Deformation> d = getDeformation(n, x);
  if (!d || !checkTaps(n, *d, offset, "offsets", 2) ||
      (mask && !checkTaps(n, *d, mask, "a mask", 1)))
    return Values(1);
  int64_t filters = n.attributes.getInt("num_filter");
  int64_t groups = n.attributes.getInt("num_group");
  // Many channels are read in vectors; what is left is a dense layer.
  constexpr int64_t fewChannels = 8;
  bool isLast = groups == 1 && d->channels / d->groups >= fewChannels;
  Value columns = DeformedColumns(n, *d, isLast).build(x, offset, mask);
  int64_t depth = graph::multiplySizes({d->channels, d->getTaps()});
  Values operands;
  if (isLast)
    operands = {n.reshape(columns, {d->images, d->out[0], d->out[1], depth}),
                arrangeFilter(n, *d, filter, filters)};
  else
    operands = {n.reshape(columns, {d->images, depth, d->out[0], d->out[1]}),
                n.reshape(filter, {filters, -1, 1, 1})};
  if (bias)
    operands.push_back(bias);
  if (isLast)
    return {n.channelsFirst(n.emit<graph::DenseOp>(operands))};
  Shape unit{1, 1}, none{0, 0};
  return {n.emit<graph::ConvOp>(
      operands, {n.attr("strides", unit), n.attr("pad_low", none),
                 n.attr("pad_high", none), n.attr("dilations", unit),
                 n.attr("groups", groups)})};
}

/// Weight and bias come last.
static std::optional<Shape> inferDeformable(NodeBuilder &n, size_t index) {
  Value x = n.input("data");
  int64_t filters = n.attributes.getInt("num_filter");
  size_t bias = n.attributes.getBool("no_bias") ? n.getInputCount()
                                                : n.getInputCount() - 1;
  if (index == bias)
    return Shape{filters};
  if (index + 1 != bias || !x || n.rank(x) != 4)
    return std::nullopt;
  Shape shape{filters, n.shape(x)[1] / n.attributes.getInt("num_group")};
  shape.append(n.getShape("kernel"));
  return shape;
}

//===----------------------------------------------------------------------===//
// Correlation
//===----------------------------------------------------------------------===//

/// The windows of a correlation along one dimension: at each of `count` places
/// `size` elements, of the second image at `shifts` displacements.
namespace {
struct CorrelationSpan {
  int64_t count, size, stride, shifts, shiftStride, first;
};
} // namespace

static std::optional<CorrelationSpan> getSpan(NodeBuilder &n, int64_t extent) {
  int64_t reach = n.attributes.getInt("max_displacement");
  int64_t size = n.attributes.getInt("kernel_size");
  int64_t stride = n.attributes.getInt("stride1");
  int64_t shiftStride = n.attributes.getInt("stride2");
  int64_t pad = n.attributes.getInt("pad_size");
  if (reach < 0 || pad < 0 || std::max({reach, pad, size}) > INT32_MAX) {
    n.fail(DiagnosticCode::BadAttribute,
           "attributes 'max_displacement' and 'pad_size' can't be negative or "
           "this large");
    return std::nullopt;
  }
  int64_t inner = extent + 2 * pad - 2 * (reach + (size - 1) / 2);
  if (size % 2 == 0 || inner < 1) {
    n.fail(size % 2 ? DiagnosticCode::ShapeMismatch
                    : DiagnosticCode::BadAttribute,
           size % 2 ? "the neighbourhood and the kernel don't fit into " +
                          Twine(extent) + " pixels and their padding"
                    : "attribute 'kernel_size' is even: " + Twine(size));
    return std::nullopt;
  }
  int64_t radius = reach / shiftStride;
  return CorrelationSpan{(inner - 1) / stride + 1, size,        stride,
                         2 * radius + 1,           shiftStride, reach};
}

static Value windows(NodeBuilder &n, Value x, int64_t axis, int64_t size,
                     int64_t stride, int64_t dilation) {
  return n.emit<graph::WindowsOp>(
      {x}, {n.attr("axis", axis), n.attr("size", size),
            n.attr("stride", stride), n.attr("dilation", dilation)});
}

/// Dimension \p axis becomes three: places, elements of the window and, if
/// \p shifted, displacements, else 1.
static Value correlationWindows(NodeBuilder &n, Value x, int64_t axis,
                                const CorrelationSpan &span, bool shifted) {
  if (!x)
    return x;
  int64_t shifts = shifted ? span.shifts : 1;
  int64_t reach = (shifts - 1) * span.shiftStride;
  int64_t first = span.first - reach / 2;
  int64_t length = (span.count - 1) * span.stride + span.size + reach;
  Value part = n.sliceAxis(x, axis, first, first + length);
  Value shiftedParts = windows(n, part, axis, shifts, 1, span.shiftStride);
  return windows(n, shiftedParts, axis, span.size, span.stride, 1);
}

static Values correlation(NodeBuilder &n) {
  Value first = n.input(0), second = n.input(1);
  if (!first || !second)
    return Values(1);
  if (n.rank(first) != 4 || n.shape(first) != n.shape(second))
    return {n.fail(DiagnosticCode::ShapeMismatch,
                   "needs two tensors of four dimensions and one shape, but "
                   "got " +
                       dimsText(n.shape(first)) + " and " +
                       dimsText(n.shape(second)))};
  Shape shape(n.shape(first));
  auto rows = getSpan(n, shape[2]);
  auto columns = rows ? getSpan(n, shape[3]) : std::nullopt;
  if (!columns)
    return Values(1);
  int64_t pad = n.attributes.getInt("pad_size");
  Shape border{0, 0, pad, pad};
  // [N, C, places, windows, shifts] for rows and columns, then the places last.
  auto getWindows = [&](Value x, bool shifted) {
    if (pad > 0)
      x = n.emit<graph::PadOp>({x},
                               {n.attr("low", border), n.attr("high", border),
                                n.word<graph::PadModeAttr>("mode", "constant"),
                                n.attr("value", 0.0)});
    x = correlationWindows(n, x, 2, *rows, shifted);
    x = correlationWindows(n, x, 5, *columns, shifted);
    return x ? n.transpose(x, {0, 1, 3, 6, 4, 7, 2, 5}) : x;
  };
  Value here = getWindows(first, false), there = getWindows(second, true);
  Value pairs;
  if (n.attributes.getBool("is_multiply"))
    pairs = n.binary<graph::MulOp>(here, there);
  else if (Value change = n.binary<graph::SubOp>(here, there))
    pairs = n.emit<graph::AbsOp>({change});
  if (!pairs)
    return Values(1);
  Value sums = n.reduce<graph::ReduceSumOp>(pairs, {1, 2, 3}, false);
  Value means = n.scalar<graph::DivOp>(
      sums, double(rows->size * columns->size * shape[1]));
  return {n.reshape(means, {shape[0], rows->shifts * columns->shifts,
                            rows->count, columns->count})};
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

ArrayRef<OperatorRow> getSamplingOperators() {
  static const OperatorRow rows[] = {
      {"GridGenerator",
       "transform_type:{affine|warp}! target_shape:shape=(0,0)", "data",
       gridGenerator},
      {"BilinearSampler", "", "data grid", bilinearSampler},
      {"SpatialTransformer",
       "target_shape:shape=(0,0) transform_type:{affine}! "
       "sampler_type:{bilinear}!",
       "data loc", spatialTransformer},
      {"_contrib_DeformableConvolution _npx_deformable_convolution",
       "kernel:counts! stride:counts=() dilate:counts=() pad:sizes=() "
       "num_filter:count! num_group:count=1 num_deformable_group:count=1 "
       "no_bias:bool=False layout:{None|NCDHW|NCHW|NCW}=None",
       "data offset weight bias[!no_bias]", deformableConvolution,
       inferDeformable},
      {"_contrib_ModulatedDeformableConvolution "
       "_npx_modulated_deformable_convolution",
       "kernel:counts! stride:counts=() dilate:counts=() pad:sizes=() "
       "num_filter:count! num_group:count=1 num_deformable_group:count=1 "
       "no_bias:bool=False im2col_step:count=64 "
       "layout:{None|NCDHW|NCHW|NCW}=None",
       "data offset mask weight bias[!no_bias]", deformableConvolution,
       inferDeformable},
      {"Correlation",
       "kernel_size:count=1 max_displacement:int=1 stride1:count=1 "
       "stride2:count=1 pad_size:int=0 is_multiply:bool=True",
       "data1 data2", correlation},
  };
  return rows;
}

} // namespace dlc::mxnet
