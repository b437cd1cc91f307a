// SPDX-License-Identifier: Apache-2.0
// Operators that select elements by position or by index, and those that make
// tensors from nothing but a shape.
#include "compiler/import/mxnet/Formulas.h"
#include "compiler/import/mxnet/Operators.h"

using namespace mlir;

namespace dlc::mxnet {

//===----------------------------------------------------------------------===//
// Slices
//===----------------------------------------------------------------------===//

static SliceRange normalise(std::optional<int64_t> begin,
                            std::optional<int64_t> end, int64_t step,
                            int64_t dim) {
  bool forward = step > 0;
  auto clamp = [&](int64_t value, int64_t low, int64_t high) {
    return std::clamp(value < 0 ? value + dim : value, low, high);
  };
  SliceRange range;
  range.step = step;
  if (forward) {
    range.begin = begin ? clamp(*begin, 0, dim) : 0;
    range.end = end ? clamp(*end, 0, dim) : dim;
  } else {
    range.begin = begin ? clamp(*begin, -1, dim - 1) : dim - 1;
    range.end = end ? clamp(*end, -1, dim - 1) : -1;
  }
  return range;
}

static Value sliceRanges(NodeBuilder &n, Value x, ArrayRef<SliceRange> ranges) {
  Shape starts, limits, steps;
  for (auto [i, range] : llvm::enumerate(ranges)) {
    int64_t count = range.getCount();
    if (count == 0)
      return n.fail(DiagnosticCode::BadAttribute,
                    "the slice of dimension " + Twine(i) + " of " +
                        dimsText(n.shape(x)) + " is empty");
    int64_t last = range.begin + (count - 1) * range.step;
    starts.push_back(range.begin);
    limits.push_back(last + (range.step > 0 ? 1 : -1));
    steps.push_back(range.step);
  }
  return n.emit<graph::SliceOp>({x}, {n.attr("starts", starts),
                                      n.attr("limits", limits),
                                      n.attr("steps", steps)});
}

std::optional<SmallVector<SliceRange>> getSliceRanges(NodeBuilder &n, Value x) {
  const auto &begin = n.attributes.getSlots("begin");
  const auto &end = n.attributes.getSlots("end");
  const auto &step = n.attributes.getSlots("step");
  size_t rank = n.rank(x);
  if (begin.size() > rank || end.size() != begin.size() || step.size() > rank) {
    n.fail(DiagnosticCode::BadAttribute,
           "attributes 'begin', 'end' and 'step' don't fit each other "
           "or a tensor of " +
               Twine(rank) + " dimensions");
    return std::nullopt;
  }
  SmallVector<SliceRange> ranges;
  for (size_t i = 0; i < rank; ++i) {
    int64_t stride = i < step.size() ? step[i].value_or(1) : 1;
    if (stride == 0 || stride < INT32_MIN || stride > INT32_MAX) {
      n.fail(DiagnosticCode::BadAttribute,
             "attribute 'step' holds " + Twine(stride));
      return std::nullopt;
    }
    bool given = i < begin.size();
    ranges.push_back(normalise(given ? begin[i] : std::nullopt,
                               given ? end[i] : std::nullopt, stride,
                               n.shape(x)[i]));
  }
  return ranges;
}

static Values slice(NodeBuilder &n) {
  Value x = n.input(0);
  auto ranges = x ? getSliceRanges(n, x) : std::nullopt;
  return {ranges ? sliceRanges(n, x, *ranges) : Value()};
}

/// The whole of every dimension of \p x.
static SmallVector<SliceRange> wholeRanges(NodeBuilder &n, Value x) {
  SmallVector<SliceRange> ranges;
  for (int64_t dim : n.shape(x))
    ranges.push_back({0, dim, 1});
  return ranges;
}

static Values sliceAxis(NodeBuilder &n) {
  Value x = n.input(0);
  if (!x)
    return Values(1);
  std::optional<int64_t> axis = n.axis("axis", x);
  if (!axis)
    return Values(1);
  std::optional<int64_t> end;
  if (!n.attributes.isNone("end"))
    end = n.attributes.getInt("end");
  SmallVector<SliceRange> ranges = wholeRanges(n, x);
  ranges[*axis] =
      normalise(n.attributes.getInt("begin"), end, 1, n.shape(x)[*axis]);
  return {sliceRanges(n, x, ranges)};
}

static Values sliceLike(NodeBuilder &n) {
  Value x = n.input(0), like = n.input(1);
  if (!x || !like)
    return Values(1);
  std::optional<Shape> axes = n.axes(n.getShape("axes"), n.rank(x));
  if (!axes)
    return Values(1);
  if (axes->empty())
    axes = dimRange(0, n.rank(x));
  SmallVector<SliceRange> ranges = wholeRanges(n, x);
  for (int64_t axis : *axes) {
    int64_t size = axis < n.rank(like) ? n.shape(like)[axis] : 0;
    if (size < 1 || size > n.shape(x)[axis])
      return {n.fail(DiagnosticCode::ShapeMismatch,
                     "can't slice " + dimsText(n.shape(x)) + " like " +
                         dimsText(n.shape(like)))};
    ranges[axis].end = size;
  }
  return {sliceRanges(n, x, ranges)};
}

/// Crops height and width to a size, at an offset or around the centre.
static Values crop(NodeBuilder &n) {
  Value x = n.input(0);
  if (!x)
    return Values(1);
  Shape size = n.getShape("h_w");
  Shape offset = n.getShape("offset");
  if (n.rank(x) != 4 || size.size() != 2 || offset.size() != 2)
    return {n.fail(DiagnosticCode::ShapeMismatch,
                   "needs a tensor of four dimensions, but got " +
                       dimsText(n.shape(x)))};
  if (Value like = n.input(1)) {
    if (n.rank(like) != 4)
      return {n.fail(DiagnosticCode::ShapeMismatch,
                     "can't crop like " + dimsText(n.shape(like)))};
    size.assign(n.shape(like).begin() + 2, n.shape(like).end());
  }
  SmallVector<SliceRange> ranges = wholeRanges(n, x);
  for (int i = 0; i < 2; ++i) {
    int64_t dim = n.shape(x)[2 + i];
    int64_t begin =
        n.attributes.getBool("center_crop") ? (dim - size[i]) / 2 : offset[i];
    if (size[i] > dim || begin < 0 || begin > dim - size[i])
      return {n.fail(DiagnosticCode::ShapeMismatch,
                     "can't crop " + dimsText(n.shape(x)) + " to " +
                         dimsText(size))};
    ranges[2 + i] = {begin, begin + size[i], 1};
  }
  return {sliceRanges(n, x, ranges)};
}

static Values sliceChannel(NodeBuilder &n) {
  Value x = n.input(0);
  int64_t count = n.attributes.getInt("num_outputs");
  if (!x)
    return Values(1);
  std::optional<int64_t> axis = n.axis("axis", x);
  if (!axis)
    return Values(1);
  int64_t dim = n.shape(x)[*axis], part = dim / count;
  bool squeeze = n.attributes.getBool("squeeze_axis");
  if (dim % count || part == 0 || (squeeze && part != 1))
    return {n.fail(DiagnosticCode::ShapeMismatch,
                   "can't split dimension " + Twine(*axis) + " of " +
                       dimsText(n.shape(x)) + " into " + Twine(count) +
                       " parts" + (squeeze ? " of size 1" : ""))};
  Values parts;
  for (int64_t i = 0; i < count; ++i) {
    Value one = n.sliceAxis(x, *axis, i * part, (i + 1) * part);
    parts.push_back(squeeze ? dropAxis(n, one, *axis) : one);
  }
  return parts;
}

static std::optional<Shape> inferWhole(NodeBuilder &n, size_t) {
  std::optional<Shape> part = n.getResultShape();
  int64_t axis = n.attributes.getInt("axis");
  if (!part || n.attributes.getBool("squeeze_axis") || axis < 0 ||
      axis >= static_cast<int64_t>(part->size()))
    return std::nullopt;
  if ((*part)[axis] > 0)
    (*part)[axis] = graph::multiplySizes(
        {(*part)[axis], n.attributes.getInt("num_outputs")});
  return part;
}

/// Splits \p axis at given positions, of which the first is always 0, or into
/// equal parts.
static Values splitAt(NodeBuilder &n, Value x, int64_t axis) {
  int64_t dim = n.shape(x)[axis], sections = n.attributes.getInt("sections");
  Shape begins = n.getShape("indices");
  if (sections > 0) {
    if (dim % sections)
      return {n.fail(DiagnosticCode::ShapeMismatch,
                     "can't split dimension " + Twine(axis) + " of " +
                         dimsText(n.shape(x)) + " into " + Twine(sections) +
                         " parts")};
    begins.clear();
    for (int64_t i = 0; i < sections; ++i)
      begins.push_back(i * (dim / sections));
  }
  begins.push_back(dim);
  Values parts;
  for (size_t i = 0; i + 1 < begins.size(); ++i) {
    if (begins[i] < 0 || begins[i] >= begins[i + 1] || begins[i + 1] > dim)
      return {n.fail(DiagnosticCode::BadAttribute,
                     "attribute 'indices' does not split dimension " +
                         Twine(axis) + " of " + dimsText(n.shape(x)))};
    Value part = n.sliceAxis(x, axis, begins[i], begins[i + 1]);
    bool squeeze = n.attributes.getBool("squeeze_axis");
    parts.push_back(squeeze ? dropAxis(n, part, axis) : part);
  }
  return parts;
}

static Values splitV2(NodeBuilder &n) {
  Value x = n.input(0);
  if (!x)
    return Values(1);
  std::optional<int64_t> axis = n.axis("axis", x);
  if (!axis)
    return Values(1);
  return splitAt(n, x, *axis);
}

/// Splits the columns, or a vector.
static Values splitColumns(NodeBuilder &n) {
  Value x = n.input(0);
  if (!x)
    return Values(1);
  if (n.rank(x) == 0)
    return {n.fail(DiagnosticCode::ShapeMismatch, "can't split a scalar")};
  return splitAt(n, x, n.rank(x) == 1 ? 0 : 1);
}

//===----------------------------------------------------------------------===//
// Indices
//===----------------------------------------------------------------------===//

/// `raise` can't be honoured by compiled code; indices are clipped then.
static StringRef getMode(NodeBuilder &n) {
  return n.attributes.getText("mode") == "wrap" ? "wrap" : "clip";
}

static Values take(NodeBuilder &n) {
  Value x = n.input("a"), indices = n.input("indices");
  if (!x || !indices)
    return Values(1);
  std::optional<int64_t> axis = n.axis("axis", x);
  if (!axis)
    return Values(1);
  return {n.emit<graph::GatherOp>(
      {x, indices}, {n.attr("axis", *axis),
                     n.word<graph::IndexModeAttr>("mode", getMode(n))})};
}

static Values embedding(NodeBuilder &n) {
  return {
      n.emit<graph::GatherOp>({n.input("weight"), n.input("data")},
                              {n.attr("axis", int64_t(0)),
                               n.word<graph::IndexModeAttr>("mode", "clip")})};
}

static std::optional<Shape> inferEmbedding(NodeBuilder &n, size_t index) {
  if (index != 1)
    return std::nullopt;
  return Shape{n.attributes.getInt("input_dim"),
               n.attributes.getInt("output_dim")};
}

static Values pick(NodeBuilder &n) {
  Value x = n.input("data");
  if (!x)
    return Values(1);
  if (n.attributes.isNone("axis"))
    return {takeAlong(n, n.reshape(x, {-1}), n.input("index"), 0,
                      n.attributes.getBool("keepdims"), getMode(n))};
  std::optional<int64_t> axis = n.axis("axis", x);
  if (!axis)
    return Values(1);
  return {takeAlong(n, x, n.input("index"), *axis,
                    n.attributes.getBool("keepdims"), getMode(n))};
}

static Values batchTake(NodeBuilder &n) {
  Value x = n.input("a");
  if (!x || n.rank(x) != 2)
    return {n.fail(DiagnosticCode::ShapeMismatch, "needs a matrix")};
  return {takeAlong(n, x, n.input("indices"), 1, false, "clip")};
}

static Values gatherNd(NodeBuilder &n) {
  return {n.emit<graph::GatherNdOp>({n.input(0), n.input(1)})};
}

static Values oneHot(NodeBuilder &n) {
  Value indices = n.input(0);
  Type element = n.element(n.attributes.getType("dtype"));
  if (!indices || !element)
    return Values(1);
  Shape result(n.shape(indices));
  result.push_back(n.attributes.getInt("depth"));
  int64_t rank = n.rank(indices);
  Value whole = n.cast(indices, n.element(ElementType::I32));
  Value spread = n.broadcastInDims(whole, result, dimRange(0, rank));
  Value hit = n.emit<graph::EqualOp>(
      {spread, n.iota(result, n.element(ElementType::I32), rank)});
  Value on = n.splat(result, element, n.attributes.getFloat("on_value"));
  Value off = n.splat(result, element, n.attributes.getFloat("off_value"));
  return {n.emit<graph::SelectOp>({hit, on, off})};
}

/// A condition with one dimension selects rows.
static Values where(NodeBuilder &n) {
  Value condition = n.input(0), x = n.input(1), y = n.input(2);
  if (!condition || !x || !y)
    return Values(1);
  ArrayRef<int64_t> dims = n.shape(x);
  bool rows = n.rank(condition) == 1 && !dims.empty() && dims.size() > 1 &&
              n.shape(condition)[0] == dims[0];
  if (n.shape(y) != dims || (!rows && n.shape(condition) != dims))
    return {n.fail(DiagnosticCode::ShapeMismatch,
                   "the shapes of the condition, " +
                       dimsText(n.shape(condition)) + ", and of the choices, " +
                       dimsText(dims) + " and " + dimsText(n.shape(y)) +
                       ", don't fit each other")};
  Value mask = n.cast(condition, n.element(ElementType::Bool));
  if (rows)
    mask = n.broadcastInDims(mask, dims, {0});
  return {n.emit<graph::SelectOp>({mask, x, y})};
}

static std::optional<Shape> inferChoice(NodeBuilder &n, size_t index) {
  Value other = n.input(index == 1 ? 2 : 1);
  other = other ? other : n.input(size_t(0));
  if (!other)
    return std::nullopt;
  return Shape(n.shape(other));
}

//===----------------------------------------------------------------------===//
// Creation
//===----------------------------------------------------------------------===//

static Values fill(NodeBuilder &n, double value) {
  Shape shape = n.getShape("shape");
  if (shape.empty())
    shape.push_back(1);
  return {n.splat(shape, n.element(n.attributes.getType("dtype")), value)};
}
static Values zeros(NodeBuilder &n) { return fill(n, 0); }
/// MXNet takes float32 where the type is left to inference.
static Values zerosOfNoType(NodeBuilder &n) {
  return {n.splat(n.getShape("shape"), n.element(ElementType::F32), 0)};
}
static Values ones(NodeBuilder &n) { return fill(n, 1); }
static Values full(NodeBuilder &n) {
  return fill(n, n.attributes.getFloat("value"));
}

/// \p count steps from \p start, each of them \p repeat times.
static Value makeRange(NodeBuilder &n, double start, double step, int64_t count,
                       int64_t repeat, Type element) {
  Value range = n.iota({count, repeat}, element, 0, start, step);
  return n.reshape(range, {count * repeat});
}

static Values arange(NodeBuilder &n) {
  std::optional<NumberRange> range = getNumberRange(n);
  if (!range)
    return Values(1);
  return {makeRange(n, range->start, range->step, range->count,
                    n.attributes.getInt("repeat"),
                    n.element(n.attributes.getType("dtype")))};
}

static Values arangeLike(NodeBuilder &n) {
  Value x = n.input(0);
  if (!x)
    return Values(1);
  double start = n.attributes.getFloat("start");
  double step = n.attributes.getFloat("step");
  int64_t repeat = n.attributes.getInt("repeat");
  int64_t length = n.type(x).getNumElements();
  if (!n.attributes.isNone("axis")) {
    std::optional<int64_t> axis = n.axis("axis", x);
    if (!axis)
      return Values(1);
    length = n.shape(x)[*axis];
  }
  if (length % repeat)
    return {n.unsupported("repeat", "must divide the length")};
  Value range =
      makeRange(n, start, step, length / repeat, repeat, n.element(x));
  return {n.attributes.isNone("axis") ? n.reshape(range, n.shape(x)) : range};
}

static Values eye(NodeBuilder &n) {
  int64_t rows = n.attributes.getInt("N"), columns = n.attributes.getInt("M");
  Type element = n.element(n.attributes.getType("dtype"));
  Type index = n.element(ElementType::I64);
  if (!element)
    return Values(1);
  Shape shape{rows, columns > 0 ? columns : rows};
  Value row = n.iota(shape, index, 0, n.attributes.getInt("k"));
  Value hit = n.emit<graph::EqualOp>({row, n.iota(shape, index, 1)});
  return {n.cast(hit, element)};
}

/// Diagonals of a tensor, or the matrix that has a vector as diagonal.
static Values diag(NodeBuilder &n) {
  Value x = n.input(0);
  int64_t offset = n.attributes.getInt("k");
  if (!x)
    return Values(1);
  if (n.rank(x) == 1)
    return {makeDiagonal(n, x, offset)};
  return {diagonalOfAxes(n, x, offset)};
}

static Values shapeArray(NodeBuilder &n) {
  if (!n.input(0))
    return Values(1);
  SmallVector<double> dims(n.shape(n.input(0)));
  return {n.constant({static_cast<int64_t>(dims.size())},
                     n.element(ElementType::I64), dims)};
}

static Values sizeArray(NodeBuilder &n) {
  if (!n.input(0))
    return Values(1);
  return {n.splat({1}, n.element(ElementType::I64),
                  n.type(n.input(0)).getNumElements())};
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

static constexpr llvm::StringLiteral fillSpec =
    "shape:sizes=() ctx:string= dtype:dtype=float32";

ArrayRef<OperatorRow> getIndexingOperators() {
  static const OperatorRow rows[] = {
      {"slice crop _npi_slice _npx_slice",
       "begin:slots! end:slots! step:slots=()", "data", slice},
      {"slice_axis", "axis:int! begin:long! end:long?!", "data", sliceAxis},
      {"slice_like", "axes:shape=()", "data shape_like", sliceLike},
      {"Crop",
       "num_args:count! offset:sizes=(0,0) h_w:sizes=(0,0) "
       "center_crop:bool=False",
       "data*", crop},
      {"SliceChannel split",
       "num_outputs:count! axis:int=1 squeeze_axis:bool=False", "data",
       sliceChannel, inferWhole, "output#num_outputs"},
      {"_split_v2 _npi_split _npi_dsplit",
       "indices:shape! axis:int=1 squeeze_axis:bool=False sections:int=0",
       "data", splitV2, nullptr, "output#sections|indices"},
      {"_npi_hsplit",
       "indices:shape! axis:int=1 squeeze_axis:bool=False sections:int=0",
       "data", splitColumns, nullptr, "output#sections|indices"},
      {"take _npi_take", "axis:int=0 mode:{clip|raise|wrap}=clip", "a indices",
       take, nullptr, "output", "Mode raise clips."},
      {"Embedding _npx_embedding _contrib_SparseEmbedding",
       "input_dim:count! output_dim:count! dtype:dtype=float32 "
       "sparse_grad:bool=False deterministic:bool=False",
       "data weight", embedding, inferEmbedding},
      {"pick choose_element_0index _npx_pick",
       "axis:int?=-1 keepdims:bool=False mode:{clip|wrap}=clip", "data index",
       pick},
      {"batch_take", "", "a indices", batchTake},
      {"gather_nd _npx_gather_nd _npi_gather_nd", "", "data indices", gatherNd},
      {"one_hot _npx_one_hot",
       "depth:count! on_value:float=1 off_value:float=0 dtype:dtype=float32",
       "indices", oneHot},
      {"where", "", "condition x y", where, inferChoice},
      {"_zeros", fillSpec, "", zeros},
      {"_zeros_without_dtype", "shape:sizes?=None ctx:string= dtype:int=-1", "",
       zerosOfNoType},
      {"_ones", fillSpec, "", ones},
      {"_full", "shape:sizes=() ctx:string= dtype:dtype=float32 value:float!",
       "", full},
      {"_arange",
       "start:float! stop:float?=None step:float=1 repeat:count=1 "
       "infer_range:bool=False ctx:string= dtype:dtype=float32",
       "", arange},
      {"_contrib_arange_like _npx_arange_like",
       "start:float=0 step:float=1 repeat:count=1 ctx:string= axis:int?=None",
       "data", arangeLike},
      {"_eye", "N:count! M:int=0 k:int=0 ctx:string= dtype:dtype=float32", "",
       eye},
      {"diag", "k:int=0 axis1:int=0 axis2:int=1", "data", diag},
      {"shape_array _npx_shape_array", "", "data", shapeArray},
      {"size_array", "", "data", sizeArray},
  };
  return rows;
}

} // namespace dlc::mxnet
