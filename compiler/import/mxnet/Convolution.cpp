// SPDX-License-Identifier: Apache-2.0
// Operators over spatial windows: convolutions, pooling and resizing.
#include "compiler/import/mxnet/Layers.h"
#include "compiler/import/mxnet/Operators.h"

using namespace mlir;

namespace dlc::mxnet {

/// A list of numbers for each spatial dimension; \p value where it is empty.
static std::optional<Shape> perDimension(NodeBuilder &n, StringRef name,
                                         int64_t count, int64_t value) {
  Shape numbers = n.getShape(name);
  if (numbers.empty())
    numbers.assign(count, value);
  if (static_cast<int64_t>(numbers.size()) == count)
    return numbers;
  n.fail(DiagnosticCode::BadAttribute,
         "attribute '" + name + "' has " + Twine(numbers.size()) +
             " numbers, but there are " + Twine(count) + " spatial dimensions");
  return std::nullopt;
}

static bool isChannelsLast(NodeBuilder &n) {
  return StringRef(n.attributes.getText("layout")).ends_with("C");
}

/// Checks the data's rank against the window's.
static bool checkRank(NodeBuilder &n, Value x, int64_t spatial) {
  if (n.rank(x) == spatial + 2 && spatial >= 1 && spatial <= 3)
    return true;
  n.fail(DiagnosticCode::ShapeMismatch,
         "a window of " + Twine(spatial) + " dimensions needs data of " +
             Twine(spatial + 2) + ", but got the shape " +
             dimsText(n.shape(x)));
  return false;
}

//===----------------------------------------------------------------------===//
// Convolution
//===----------------------------------------------------------------------===//

Value convolve(NodeBuilder &n, Value x, Value filter, Value bias, bool isWide) {
  bool hasBias = !n.attributes.getBool("no_bias");
  if (!x || !filter || (hasBias && !bias))
    return {};
  int64_t spatial = n.getShape("kernel").size();
  auto strides = perDimension(n, "stride", spatial, 1);
  auto pads = perDimension(n, "pad", spatial, 0);
  auto dilations = perDimension(n, "dilate", spatial, 1);
  if (!strides || !pads || !dilations || !checkRank(n, x, spatial))
    return {};
  bool last = isChannelsLast(n);
  if (last) {
    // The filter is [O, kernel.., C / g] then.
    x = n.channelsFirst(x);
    filter = n.channelsFirst(filter);
  }
  Values operands{x, filter};
  if (hasBias)
    operands.push_back(bias);
  Value result = n.emit<graph::ConvOp>(
      operands, {n.attr("strides", *strides), n.attr("pad_low", *pads),
                 n.attr("pad_high", *pads), n.attr("dilations", *dilations),
                 n.attr("groups", n.attributes.getInt("num_group")),
                 n.flag("wide", isWide)});
  return last ? n.channelsLast(result) : result;
}

static Values convolution(NodeBuilder &n) {
  return {convolve(n, n.input("data"), n.input("weight"), n.input("bias"))};
}

static std::optional<Shape> inferConvolution(NodeBuilder &n, size_t index) {
  Value x = n.input("data");
  int64_t filters = n.attributes.getInt("num_filter");
  if (index == 2)
    return Shape{filters};
  if (index != 1 || !x || n.rank(x) < 3)
    return std::nullopt;
  bool last = isChannelsLast(n);
  Shape kernel = n.getShape("kernel");
  int64_t channels =
      n.shape(x)[last ? n.rank(x) - 1 : 1] / n.attributes.getInt("num_group");
  Shape shape{filters};
  if (!last)
    shape.push_back(channels);
  shape.append(kernel);
  if (last)
    shape.push_back(channels);
  return shape;
}

//===----------------------------------------------------------------------===//
// Deconvolution
//===----------------------------------------------------------------------===//

/// `target_shape` asks for an output size; padding follows from it.
static bool fitTarget(NodeBuilder &n, Value x, ArrayRef<int64_t> kernel,
                      ArrayRef<int64_t> strides, ArrayRef<int64_t> dilations,
                      Shape &pads, Shape &extra) {
  Shape target = n.getShape("target_shape");
  if (llvm::all_of(target, [](int64_t size) { return size == 0; }))
    return true;
  for (size_t i = 0; i < pads.size(); ++i) {
    int64_t full = graph::multiplySizes({n.shape(x)[2 + i] - 1, strides[i]}) +
                   graph::multiplySizes({kernel[i] - 1, dilations[i]}) + 1;
    if (i >= target.size() || full < target[i]) {
      n.fail(DiagnosticCode::BadAttribute,
             "attribute 'target_shape' is larger than the result can be");
      return false;
    }
    int64_t excess = full - target[i];
    extra[i] = excess % 2;
    pads[i] = (excess + 1) / 2;
  }
  return true;
}

static Values deconvolution(NodeBuilder &n) {
  Value x = n.input("data"), filter = n.input("weight"), bias = n.input("bias");
  bool hasBias = !n.attributes.getBool("no_bias");
  if (!x || !filter || (hasBias && !bias))
    return Values(1);
  if (isChannelsLast(n))
    return {n.unsupported("layout", "only channels-first layouts can be "
                                    "compiled")};
  Shape kernel = n.getShape("kernel");
  int64_t spatial = kernel.size();
  auto strides = perDimension(n, "stride", spatial, 1);
  auto pads = perDimension(n, "pad", spatial, 0);
  auto dilations = perDimension(n, "dilate", spatial, 1);
  auto extra = perDimension(n, "adj", spatial, 0);
  if (!strides || !pads || !dilations || !extra || !checkRank(n, x, spatial) ||
      !fitTarget(n, x, kernel, *strides, *dilations, *pads, *extra))
    return Values(1);
  Values operands{x, filter};
  if (hasBias)
    operands.push_back(bias);
  return {n.emit<graph::DeconvOp>(
      operands, {n.attr("strides", *strides), n.attr("pad_low", *pads),
                 n.attr("pad_high", *pads), n.attr("dilations", *dilations),
                 n.attr("output_padding", *extra),
                 n.attr("groups", n.attributes.getInt("num_group"))})};
}

static std::optional<Shape> inferDeconvolution(NodeBuilder &n, size_t index) {
  Value x = n.input("data");
  int64_t filters = n.attributes.getInt("num_filter");
  if (index == 2)
    return Shape{filters};
  if (index != 1 || !x || n.rank(x) < 3)
    return std::nullopt;
  Shape shape{n.shape(x)[1], filters / n.attributes.getInt("num_group")};
  llvm::append_range(shape, n.getShape("kernel"));
  return shape;
}

//===----------------------------------------------------------------------===//
// Pooling
//===----------------------------------------------------------------------===//

static Value pool(NodeBuilder &n, Value x, StringRef kind,
                  ArrayRef<int64_t> kernel, ArrayRef<int64_t> strides,
                  ArrayRef<int64_t> pads, bool ceilMode, bool countPads,
                  int64_t power) {
  return n.emit<graph::PoolOp>(
      {x}, {n.word<graph::PoolKindAttr>("kind", kind), n.attr("kernel", kernel),
            n.attr("strides", strides), n.attr("pad_low", pads),
            n.attr("pad_high", pads), n.flag("ceil_mode", ceilMode),
            n.flag("count_include_pad", countPads), n.attr("p", power)});
}

Value poolWindows(NodeBuilder &n, Value x) {
  if (!x)
    return {};
  bool global = n.attributes.getBool("global_pool");
  bool last = isChannelsLast(n);
  int64_t spatial = global ? n.rank(x) - 2 : n.getShape("kernel").size();
  if (!checkRank(n, x, spatial))
    return {};
  StringRef convention = n.attributes.getText("pooling_convention");
  if (convention == "same" && !global)
    return n.unsupported("pooling_convention", "'same' can't be compiled; "
                                               "use 'valid' and 'pad'");
  x = last ? n.channelsFirst(x) : x;
  if (!x)
    return {};
  Shape kernel = n.getShape("kernel"), strides(spatial, 1), pads(spatial, 0);
  if (global) {
    kernel.assign(n.shape(x).begin() + 2, n.shape(x).end());
  } else {
    auto givenStrides = perDimension(n, "stride", spatial, 1);
    auto givenPads = perDimension(n, "pad", spatial, 0);
    if (!givenStrides || !givenPads)
      return {};
    strides = *givenStrides;
    pads = *givenPads;
  }
  bool countPads = n.attributes.isNone("count_include_pad") ||
                   n.attributes.getBool("count_include_pad");
  StringRef kind = n.attributes.getText("pool_type");
  if (kind == "lp" && !isa<FloatType>(n.element(x)))
    return n.fail(DiagnosticCode::TypeMismatch,
                  "needs floating-point data for pool_type 'lp'");
  if (kind == "lp" && n.attributes.isNone("p_value"))
    return n.fail(DiagnosticCode::MissingAttribute,
                  "attribute 'p_value' is missing");
  int64_t power = kind == "lp" ? n.attributes.getInt("p_value") : 2;
  Value result = pool(n, x, kind, kernel, strides, pads,
                      convention == "full" && !global, countPads, power);
  return last ? n.channelsLast(result) : result;
}

static Values pooling(NodeBuilder &n) { return {poolWindows(n, n.input(0))}; }

/// Row i holds the weights of the inputs that output i averages.
static Value averagingMatrix(NodeBuilder &n, int64_t in, int64_t out,
                             Type element) {
  if (in > (int64_t(1) << 22) / std::max<int64_t>(out, 1))
    return n.fail(DiagnosticCode::SizeOverflow,
                  "averages " + Twine(in) + " elements to " + Twine(out) +
                      ": too large a matrix");
  SmallVector<double> weights(in * out, 0.0);
  for (int64_t i = 0; i < out; ++i) {
    int64_t begin = i * in / out, end = ((i + 1) * in + out - 1) / out;
    for (int64_t j = begin; j < end; ++j)
      weights[i * in + j] = 1.0 / (end - begin);
  }
  return n.constant({out, in}, element, weights);
}

static Values adaptivePooling(NodeBuilder &n) {
  Value x = n.input(0);
  if (!x)
    return Values(1);
  Shape out = n.getShape("output_size");
  if (out.empty())
    out.push_back(1);
  if (out.size() == 1)
    out.push_back(out[0]);
  if (n.rank(x) != 4 || out.size() != 2 || out[0] > 4096 || out[1] > 4096)
    return {
        n.fail(DiagnosticCode::ShapeMismatch,
               "can't pool " + dimsText(n.shape(x)) + " to " + dimsText(out))};
  int64_t h = n.shape(x)[2], w = n.shape(x)[3];
  if (h % out[0] == 0 && w % out[1] == 0) {
    Shape window{h / out[0], w / out[1]};
    return {pool(n, x, "avg", window, window, {0, 0}, false, true, 2)};
  }
  // Windows of several sizes: average rows and columns by two products.
  Type element = n.element(x);
  Value columns =
      n.dot(x, averagingMatrix(n, w, out[1], element), {}, {}, {3}, {1});
  Value both =
      n.dot(columns, averagingMatrix(n, h, out[0], element), {}, {}, {2}, {1});
  return {n.transpose(both, {0, 1, 3, 2})};
}

//===----------------------------------------------------------------------===//
// Resizing
//===----------------------------------------------------------------------===//

static Value resize(NodeBuilder &n, Value x, StringRef mode,
                    StringRef coordinates, int64_t height, int64_t width) {
  if (!x)
    return {};
  if (n.rank(x) != 4 || height < 1 || width < 1 || height > INT32_MAX ||
      width > INT32_MAX)
    return n.fail(DiagnosticCode::ShapeMismatch,
                  "can't resize " + dimsText(n.shape(x)) + " to " +
                      dimsText({height, width}));
  if (n.shape(x)[2] == height && n.shape(x)[3] == width)
    return x;
  return n.emit<graph::ResizeOp>(
      {x}, {n.word<graph::ResizeModeAttr>("mode", mode),
            n.word<graph::CoordinatesAttr>("coordinates", coordinates),
            n.attr("size", {height, width})});
}

/// Bilinear up-sampling is a transposed convolution of each channel.
static Value upsampleBilinear(NodeBuilder &n, Value x, Value filter,
                              int64_t scale) {
  if (!x || !filter)
    return {};
  int64_t pad = scale / 2; // ceil((scale - 1) / 2)
  Shape ones{1, 1};
  return n.emit<graph::DeconvOp>(
      {x, filter},
      {n.attr("strides", {scale, scale}), n.attr("pad_low", {pad, pad}),
       n.attr("pad_high", {pad, pad}), n.attr("dilations", ones),
       n.attr("output_padding", {0, 0}), n.attr("groups", n.shape(x)[1])});
}

static Values upSampling(NodeBuilder &n) {
  Value x = n.input(0);
  int64_t scale = n.attributes.getInt("scale");
  if (!x)
    return Values(1);
  if (n.rank(x) != 4)
    return {n.fail(DiagnosticCode::ShapeMismatch,
                   "needs data of four dimensions, but got " +
                       dimsText(n.shape(x)))};
  if (n.attributes.getText("sample_type") == "bilinear")
    return {upsampleBilinear(n, x, n.input(1), scale)};
  // Every input grows to the size of the first result.
  int64_t height = graph::multiplySizes({n.shape(x)[2], scale});
  int64_t width = graph::multiplySizes({n.shape(x)[3], scale});
  Values parts;
  for (Value input : n.getInputs()) {
    if (!input)
      return Values(1);
    ArrayRef<int64_t> shape = n.shape(input);
    if (n.rank(input) != 4 || shape[2] < 1 || shape[3] < 1 ||
        height % shape[2] != 0 || width % shape[3] != 0)
      return {n.fail(DiagnosticCode::ShapeMismatch,
                     "can't repeat the pixels of " + dimsText(n.shape(input)) +
                         " to " + dimsText({height, width}))};
    parts.push_back(resize(n, input, "nearest", "asymmetric", height, width));
  }
  if (n.attributes.getText("multi_input_mode") == "concat")
    return {n.concat(parts, 1)};
  Value sum = parts.front();
  for (Value part : ArrayRef(parts).drop_front())
    sum = n.binary<graph::AddOp>(sum, part);
  return {sum};
}

static std::optional<Shape> inferUpSampling(NodeBuilder &n, size_t index) {
  Value x = n.input(0);
  if (index != 1 || !x || n.rank(x) != 4 ||
      n.attributes.getText("sample_type") != "bilinear")
    return std::nullopt;
  int64_t scale = n.attributes.getInt("scale"), kernel = 2 * scale - scale % 2;
  return Shape{n.shape(x)[1], 1, kernel, kernel};
}

/// The size of one dimension after BilinearResize2D; \p like is that of the
/// second input. 0 where the scale makes it too large.
static int64_t resizedDim(NodeBuilder &n, int64_t dim, StringRef scaleName,
                          StringRef sizeName, int64_t like) {
  StringRef mode = n.attributes.getText("mode");
  int64_t isOdd = dim % 2;
  if (mode == "like")
    return like;
  if (mode == "to_even_down")
    return dim - isOdd;
  if (mode == "to_even_up")
    return dim + isOdd;
  if (mode == "to_odd_down")
    return dim - (1 - isOdd);
  if (mode == "to_odd_up")
    return dim + (1 - isOdd);
  // MXNet asks for the height's scale alone.
  if (mode == "size" && n.attributes.isNone("scale_height"))
    return n.attributes.getInt(sizeName);
  // An odd size keeps its last pixel: (dim - 1) scale + 1.
  int64_t last = mode == "odd_scale" ? isOdd : 0;
  float scaled = float(dim - last) * float(n.attributes.getFloat(scaleName));
  return scaled >= 0 && scaled < 0x1p31f ? int64_t(scaled) + last : 0;
}

static Values bilinearResize(NodeBuilder &n) {
  Value x = n.input("data"), like = n.input("like");
  if (!x)
    return Values(1);
  bool fits = n.rank(x) == 4 && (!like || n.rank(like) == 4);
  if (!fits)
    return {n.fail(DiagnosticCode::ShapeMismatch,
                   "needs data of four dimensions, but got " +
                       dimsText(n.shape(x)))};
  StringRef mode = n.attributes.getText("mode");
  bool hasHeight = !n.attributes.isNone("scale_height");
  bool isScaled = mode == "odd_scale" || (mode == "size" && hasHeight);
  if (isScaled && (!hasHeight || n.attributes.isNone("scale_width")))
    return {n.fail(DiagnosticCode::MissingAttribute,
                   "needs both attributes 'scale_height' and 'scale_width'")};
  int64_t height = resizedDim(n, n.shape(x)[2], "scale_height", "height",
                              like ? n.shape(like)[2] : 0);
  int64_t width = resizedDim(n, n.shape(x)[3], "scale_width", "width",
                             like ? n.shape(like)[3] : 0);
  bool align = n.attributes.getBool("align_corners");
  // A single pixel is the first one, not the one in the middle.
  if (!align && height == 1)
    x = n.sliceAxis(x, 2, 0, 1);
  if (!align && width == 1)
    x = n.sliceAxis(x, 3, 0, 1);
  return {resize(n, x, "bilinear", align ? "align_corners" : "half_pixel",
                 height, width)};
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

ArrayRef<OperatorRow> getConvolutionOperators() {
  static const OperatorRow rows[] = {
      {"Convolution Convolution_v1 _npx_convolution",
       "kernel:counts! stride:counts=() dilate:counts=() pad:sizes=() "
       "num_filter:count! num_group:count=1 no_bias:bool=False "
       "layout:{None|NCDHW|NCHW|NCW|NDHWC|NHWC|NWC}=None",
       "data weight bias[!no_bias]", convolution, inferConvolution},
      {"Deconvolution _npx_deconvolution",
       "kernel:counts! stride:counts=() dilate:counts=() pad:sizes=() "
       "adj:sizes=() target_shape:sizes=() num_filter:count! "
       "num_group:count=1 no_bias:bool=True "
       "layout:{None|NCDHW|NCHW|NCW|NDHWC|NHWC}=None",
       "data weight bias[!no_bias]", deconvolution, inferDeconvolution},
      {"Pooling Pooling_v1 _npx_pooling",
       "kernel:sizes=() pool_type:{avg|lp|max|sum}=max "
       "global_pool:bool=False pooling_convention:{full|same|valid}=valid "
       "stride:counts=() pad:sizes=() p_value:int?=None "
       "count_include_pad:bool?=None "
       "layout:{None|NCDHW|NCHW|NCW|NDHWC|NHWC|NWC}=None",
       "data", pooling, nullptr, "output",
       "Without pooling_convention 'same'."},
      {"_contrib_AdaptiveAvgPooling2D", "output_size:counts=()", "data",
       adaptivePooling},
      {"UpSampling",
       "scale:count! num_filter:int=0 sample_type:{bilinear|nearest}! "
       "multi_input_mode:{concat|sum}=concat num_args:count=1",
       "data weight[sample_type=bilinear] data*[sample_type=nearest]",
       upSampling, inferUpSampling},
      {"_contrib_BilinearResize2D",
       "height:count=1 width:count=1 scale_height:float?=None "
       "scale_width:float?=None "
       "mode:{like|odd_scale|size|to_even_down|to_even_up|to_odd_down|"
       "to_odd_up}=size align_corners:bool=True",
       "data like[mode=like]", bilinearResize},
  };
  return rows;
}

} // namespace dlc::mxnet
