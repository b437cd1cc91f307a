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

/// Reads \p x at \p y and \p at, whose first dimension is that of the images.
static Value sample(NodeBuilder &n, Value x, Value y, Value at,
                    StringRef border, Value images = {}) {
  Values operands{x, y, at};
  if (images)
    operands.push_back(images);
  return n.emit<graph::SampleOp>(operands,
                                 {n.word<graph::BorderAttr>("border", border)});
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
  Value y = place(1, n.shape(x)[2]), at = place(0, n.shape(x)[3]);
  return sample(n, x, y, at, "zero");
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
  int64_t groups = 1;
  int64_t images = 0; ///< one for each group of offsets

  /// Of the sampled points: images, kernel and output.
  Shape getPoints() const {
    return {images, kernel[0], kernel[1], out[0], out[1]};
  }
};

} // namespace

/// A pair of numbers; \p value twice where the attribute is empty.
static std::optional<Shape> getPair(NodeBuilder &n, StringRef name,
                                    int64_t value) {
  Shape numbers = n.getShape(name);
  if (numbers.empty())
    numbers.assign(2, value);
  if (numbers.size() == 2)
    return numbers;
  n.fail(DiagnosticCode::BadAttribute, "attribute '" + name + "' has " +
                                           Twine(numbers.size()) +
                                           " numbers instead of two");
  return std::nullopt;
}

static std::optional<Deformation> getDeformation(NodeBuilder &n, Value x,
                                                 Value offset) {
  auto kernel = getPair(n, "kernel", 1), strides = getPair(n, "stride", 1);
  auto pads = getPair(n, "pad", 0), dilations = getPair(n, "dilate", 1);
  if (!kernel || !strides || !pads || !dilations)
    return std::nullopt;
  Deformation d{*kernel, *strides, *pads, *dilations, {}};
  d.groups = n.attributes.getInt("num_deformable_group");
  if (n.rank(x) != 4 || n.shape(x)[1] % d.groups) {
    n.fail(DiagnosticCode::ShapeMismatch,
           "needs data of four dimensions whose channels are a multiple of " +
               Twine(d.groups) + ", but got " + dimsText(n.shape(x)));
    return std::nullopt;
  }
  for (int i = 0; i < 2; ++i)
    d.out.push_back((n.shape(x)[2 + i] + 2 * d.pads[i] -
                     d.dilations[i] * (d.kernel[i] - 1) - 1) /
                        d.strides[i] +
                    1);
  d.images = n.shape(x)[0] * d.groups;
  Shape wanted{n.shape(x)[0], d.groups * 2 * d.kernel[0] * d.kernel[1],
               d.out[0], d.out[1]};
  if (d.out[0] < 1 || d.out[1] < 1 || n.shape(offset) != ArrayRef(wanted)) {
    n.fail(DiagnosticCode::ShapeMismatch, "needs offsets of the shape " +
                                              dimsText(wanted) + ", but got " +
                                              dimsText(n.shape(offset)));
    return std::nullopt;
  }
  return d;
}

/// Where each tap of the kernel reads along spatial dimension \p dim, \p shift
/// aside: [N groups, kernel..., out...].
static Value tapPlaces(NodeBuilder &n, const Deformation &d, int64_t dim,
                       Value shift) {
  Shape points = d.getPoints();
  Type element = n.element(shift);
  Value tap = n.iota(points, element, 1 + dim, -double(d.pads[dim]),
                     double(d.dilations[dim]));
  Value out = n.iota(points, element, 3 + dim, 0, double(d.strides[dim]));
  return n.binary<graph::AddOp>(n.binary<graph::AddOp>(tap, out),
                                n.reshape(shift, points));
}

/// The columns [N, C kernel, out...] that a convolution of the data multiplies;
/// \p mask is null where there is none.
static Value deformedColumns(NodeBuilder &n, const Deformation &d, Value x,
                             Value offset, Value mask) {
  Shape points = d.getPoints();
  int64_t taps = d.kernel[0] * d.kernel[1], channels = n.shape(x)[1];
  Value split = n.reshape(offset, {d.images, taps, 2, d.out[0], d.out[1]});
  Value y = tapPlaces(n, d, 0, takePart(n, split, 2, 0));
  Value at = tapPlaces(n, d, 1, takePart(n, split, 2, 1));
  Value images = n.reshape(
      x, {d.images, channels / d.groups, n.shape(x)[2], n.shape(x)[3]});
  // Without a mask, points between the image and its border read the nearest
  // pixels and those outside nothing; with one, zeros lie around the image.
  Value columns = sample(n, images, y, at, mask ? "zero" : "edge");
  if (!columns)
    return {};
  Shape shape(n.shape(columns)), dims{0, 2, 3, 4, 5};
  if (mask) {
    Value factor = n.broadcastInDims(n.reshape(mask, points), shape, dims);
    columns = n.binary<graph::MulOp>(columns, factor);
  } else {
    auto isInside = [&](Value place, int64_t extent) {
      return n.binary<graph::LogicalAndOp>(
          n.scalar<graph::GreaterEqualOp>(place, 0),
          n.scalar<graph::LessOp>(place, double(extent)));
    };
    Value inside = n.binary<graph::LogicalAndOp>(isInside(y, n.shape(x)[2]),
                                                 isInside(at, n.shape(x)[3]));
    columns = n.emit<graph::SelectOp>({n.broadcastInDims(inside, shape, dims),
                                       columns, n.splatLike(columns, 0)});
  }
  return n.reshape(columns,
                   {n.shape(x)[0], channels * taps, d.out[0], d.out[1]});
}

static Values deformableConvolution(NodeBuilder &n) {
  Value x = n.input("data"), offset = n.input("offset");
  Value filter = n.input("weight"), bias = n.input("bias");
  Value mask = n.input("mask");
  if (llvm::is_contained(n.getInputs(), Value()))
    return Values(1);
  std::optional<Deformation> d = getDeformation(n, x, offset);
  if (!d)
    return Values(1);
  Shape masks{n.shape(x)[0], d->groups * d->kernel[0] * d->kernel[1], d->out[0],
              d->out[1]};
  if (mask && n.shape(mask) != ArrayRef(masks))
    return {n.fail(DiagnosticCode::ShapeMismatch,
                   "needs a mask of the shape " + dimsText(masks) +
                       ", but got " + dimsText(n.shape(mask)))};
  // What is left is a convolution with a kernel of 1 x 1.
  int64_t filters = n.attributes.getInt("num_filter");
  Shape unit{1, 1}, none{0, 0};
  Values operands{deformedColumns(n, *d, x, offset, mask),
                  n.reshape(filter, {filters, -1, 1, 1})};
  if (bias)
    operands.push_back(bias);
  return {n.emit<graph::ConvOp>(
      operands, {n.attr("strides", unit), n.attr("pad_low", none),
                 n.attr("pad_high", none), n.attr("dilations", unit),
                 n.attr("groups", n.attributes.getInt("num_group"))})};
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
