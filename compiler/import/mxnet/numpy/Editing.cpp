// SPDX-License-Identifier: Apache-2.0
// Numpy's operators that add or take away parts of tensors: padding, inserting,
// deleting, diagonals and triangles.
#include "compiler/import/mxnet/Formulas.h"
#include "compiler/import/mxnet/Operators.h"

using namespace mlir;

namespace dlc::mxnet {

//===----------------------------------------------------------------------===//
// Padding
//===----------------------------------------------------------------------===//

/// The numbers of "((1, 2), (0, 1))", flat.
static std::optional<Shape> getPadding(NodeBuilder &n, int64_t rank) {
  std::string flat = "(";
  for (char c : n.attributes.getText("pad_width"))
    if (!StringRef("()[]").contains(c))
      flat += c;
  std::vector<std::optional<int64_t>> slots;
  bool good = parseSlots(flat + ")", /*allowNone=*/false, slots) &&
              slots.size() == 2 * size_t(rank);
  Shape widths;
  for (size_t i = 0; good && i < slots.size(); ++i) {
    widths.push_back(*slots[i]);
    good = *slots[i] >= 0;
  }
  if (good)
    return widths;
  n.fail(DiagnosticCode::BadAttribute,
         "attribute 'pad_width' needs two numbers, not negative, for each of "
         "the " +
             Twine(rank) + " dimensions");
  return std::nullopt;
}

/// What symmetric padding puts before or behind \p axis: a mirror image of
/// \p width elements at that end, the border included.
static Value mirror(NodeBuilder &n, Value x, int64_t axis, int64_t width,
                    bool atEnd) {
  int64_t size = n.shape(x)[axis];
  Value part = atEnd ? n.sliceAxis(x, axis, size - width, size)
                     : n.sliceAxis(x, axis, 0, width);
  return n.emit<graph::ReverseOp>({part},
                                  {n.attr("axes", ArrayRef<int64_t>(axis))});
}

/// Pads one axis after the other by joining.
static Value padByParts(NodeBuilder &n, Value x, ArrayRef<int64_t> widths,
                        StringRef mode) {
  for (int64_t axis = 0; x && axis < n.rank(x); ++axis) {
    int64_t low = widths[2 * axis], high = widths[2 * axis + 1];
    bool mirrors = mode == "symmetric";
    if (mirrors && std::max(low, high) > n.shape(x)[axis])
      return n.unsupported("pad_width",
                           "can't mirror more elements than there are");
    auto makePart = [&](int64_t width, bool atEnd) -> Value {
      if (mirrors)
        return mirror(n, x, axis, width, atEnd);
      Value extreme = mode == "maximum"
                          ? n.reduce<graph::ReduceMaxOp>(x, {axis}, true)
                          : n.reduce<graph::ReduceMinOp>(x, {axis}, true);
      Shape shape(n.shape(x));
      shape[axis] = width;
      return n.broadcast(extreme, shape);
    };
    Values parts{x};
    if (low > 0)
      parts.insert(parts.begin(), makePart(low, false));
    if (high > 0)
      parts.push_back(makePart(high, true));
    x = n.concat(parts, axis);
  }
  return x;
}

static Values pad(NodeBuilder &n) {
  Value x = n.input(0);
  StringRef mode = n.attributes.getText("mode");
  if (!x)
    return Values(1);
  std::optional<Shape> widths = getPadding(n, n.rank(x));
  if (!widths)
    return Values(1);
  if (mode == "reflect" && n.attributes.getText("reflect_type") != "even")
    return {n.unsupported("reflect_type", "only 'even' can be compiled")};
  if (mode == "symmetric" || mode == "maximum" || mode == "minimum")
    return {padByParts(n, x, *widths, mode)};
  Shape low, high;
  for (size_t i = 0; i < widths->size(); i += 2) {
    low.push_back((*widths)[i]);
    high.push_back((*widths)[i + 1]);
  }
  return {n.emit<graph::PadOp>(
      {x}, {n.attr("low", low), n.attr("high", high),
            n.word<graph::PadModeAttr>("mode", mode),
            n.attr("value", n.attributes.getFloat("constant_value"))})};
}

//===----------------------------------------------------------------------===//
// Inserting and deleting
//===----------------------------------------------------------------------===//

/// More comparisons than this would make a kernel too slow.
static constexpr int64_t maxErasedPairs = int64_t(1) << 24;

/// The data and the axis to edit; flat where no axis is given.
static std::optional<int64_t> getEdited(NodeBuilder &n, Value &x) {
  x = n.input(0);
  if (!x)
    return std::nullopt;
  if (!n.attributes.isNone("axis"))
    return n.axis("axis", x);
  x = n.reshape(x, {-1});
  return 0;
}

/// The positions that `int_ind` or start, stop and step name in [0, size], as
/// slices of Python do.
static std::optional<Shape> getPositions(NodeBuilder &n, int64_t size,
                                         int64_t last) {
  Shape positions;
  if (!n.attributes.isNone("int_ind")) {
    int64_t index = n.attributes.getInt("int_ind");
    index += index < 0 ? size : 0;
    if (index < 0 || index > last) {
      n.fail(DiagnosticCode::BadAttribute,
             "index " + Twine(n.attributes.getInt("int_ind")) +
                 " is out of range for a size of " + Twine(size));
      return std::nullopt;
    }
    return Shape{index};
  }
  int64_t step = n.attributes.isNone("step") ? 1 : n.attributes.getInt("step");
  if (step == 0) {
    n.fail(DiagnosticCode::BadAttribute, "attribute 'step' is out of range");
    return std::nullopt;
  }
  auto bound = [&](StringRef name, int64_t none, int64_t low, int64_t high) {
    if (n.attributes.isNone(name))
      return none;
    int64_t value = n.attributes.getInt(name);
    return std::clamp(value < 0 ? value + size : value, low, high);
  };
  SliceRange range = step > 0
                         ? SliceRange{bound("start", 0, 0, size),
                                      bound("stop", size, 0, size), step}
                         : SliceRange{bound("start", size - 1, -1, size - 1),
                                      bound("stop", -1, -1, size - 1), step};
  // Each may become an operation of its own.
  constexpr int64_t limit = 1 << 16;
  if (range.getCount() > limit) {
    n.fail(DiagnosticCode::UnsupportedAttribute,
           "names " + Twine(range.getCount()) + " places, more than the " +
               Twine(limit) + " that can be compiled");
    return std::nullopt;
  }
  for (int64_t i = 0; i < range.getCount(); ++i)
    positions.push_back(range.begin + i * step);
  return positions;
}

/// \p x without the positions along \p axis that are in the second input, in
/// any order and several times. Those out of range are ignored, and so are
/// negative ones: MXNet doesn't count them from the end.
static Value eraseAt(NodeBuilder &n, Value x, int64_t axis) {
  Type i64 = n.element(ElementType::I64);
  Value given = n.reshape(n.cast(n.input(1), i64), {-1});
  if (!given)
    return {};
  int64_t size = n.shape(x)[axis], count = n.shape(given)[0];
  if (size == 0 || count == 0 || count > maxErasedPairs / size)
    return n.fail(DiagnosticCode::UnsupportedAttribute,
                  "deletes " + Twine(count) + " of " + Twine(size) +
                      " positions by index; that can't be compiled");
  Shape pairs{size, count};
  Value isHit = n.emit<graph::EqualOp>(
      {n.broadcastInDims(given, pairs, {1}), n.iota(pairs, i64, 0)});
  Value hits = n.reduce<graph::ReduceSumOp>(n.cast(isHit, i64), {1},
                                            /*keepdims=*/false);
  Value kept = n.getCount(n.scalar<graph::EqualOp>(hits, 0)).places;
  return n.emit<graph::GatherOp>(
      {x, kept},
      {n.attr("axis", axis), n.word<graph::IndexModeAttr>("mode", "clip")});
}

static Values erase(NodeBuilder &n) {
  Value x;
  std::optional<int64_t> axis = getEdited(n, x);
  if (!axis || !x)
    return Values(1);
  if (n.getInputCount() > 1)
    return {eraseAt(n, x, *axis)};
  int64_t size = n.shape(x)[*axis];
  std::optional<Shape> positions = getPositions(n, size, size - 1);
  if (!positions)
    return Values(1);
  llvm::sort(*positions);
  Values parts;
  int64_t begin = 0;
  for (int64_t position : *positions) {
    if (position > begin)
      parts.push_back(n.sliceAxis(x, *axis, begin, position));
    begin = position + 1;
  }
  if (begin < size)
    parts.push_back(n.sliceAxis(x, *axis, begin, size));
  if (parts.empty())
    return {n.fail(DiagnosticCode::BadAttribute, "deletes all elements")};
  return {n.concat(parts, *axis)};
}

/// What to insert, as \p count elements along the axis of tensors like \p x.
/// \p count gets larger where one place takes several.
static Value getInserted(NodeBuilder &n, Value x, int64_t axis, int64_t &count,
                         bool isIndex) {
  if (!n.attributes.isNone("val")) {
    Shape shape(n.shape(x));
    shape[axis] = count;
    return n.splat(shape, n.element(x), n.attributes.getFloat("val"));
  }
  Value values = n.cast(n.input(1), n.element(x));
  if (!values || n.rank(values) > n.rank(x))
    return values ? n.fail(DiagnosticCode::ShapeMismatch,
                           "the values have more dimensions than the data")
                  : values;
  Shape shape(n.shape(values));
  shape.insert(shape.begin(), n.rank(x) - n.rank(values), 1);
  values = n.reshape(values, shape);
  if (isIndex) { // Numpy takes the first dimension for the axis then.
    Shape permutation = dimRange(1, n.rank(x));
    permutation.insert(permutation.begin() + axis, 0);
    values = n.transpose(values, permutation);
  }
  if (!values)
    return {};
  if (count == 1)
    count = n.shape(values)[axis];
  Shape target(n.shape(x));
  target[axis] = count;
  return n.broadcast(values, target);
}

static Values insert(NodeBuilder &n) {
  Value x;
  std::optional<int64_t> axis = getEdited(n, x);
  if (!axis || !x)
    return Values(1);
  int64_t size = n.shape(x)[*axis];
  std::optional<Shape> positions = getPositions(n, size, size);
  if (!positions)
    return Values(1);
  if (positions->empty())
    return {x};
  int64_t count = positions->size();
  Value values =
      getInserted(n, x, *axis, count, !n.attributes.isNone("int_ind"));
  if (!values)
    return Values(1);
  // Positions in the data, in order, each with the values' index.
  SmallVector<std::pair<int64_t, int64_t>> places;
  for (auto [i, position] : llvm::enumerate(*positions))
    places.push_back({position, i});
  llvm::sort(places);
  Values parts;
  int64_t begin = 0;
  for (auto [position, index] : places) {
    if (position > begin)
      parts.push_back(n.sliceAxis(x, *axis, begin, position));
    begin = position;
    bool isWhole = positions->size() == 1;
    parts.push_back(isWhole ? values
                            : n.sliceAxis(values, *axis, index, index + 1));
  }
  if (begin < size)
    parts.push_back(n.sliceAxis(x, *axis, begin, size));
  return {n.concat(parts, *axis)};
}

/// Inserts at places that a vector of indices holds: each result looks up
/// whether it is new, and which element it is.
static Values insertAt(NodeBuilder &n) {
  Value x, indices = n.input(n.getInputCount() - 1);
  std::optional<int64_t> axis = getEdited(n, x);
  if (!axis || !x || !indices)
    return Values(1);
  indices = n.reshape(n.cast(indices, n.element(ElementType::I64)), {-1});
  int64_t size = n.shape(x)[*axis], places = n.shape(indices)[0];
  int64_t count = places;
  Value values = getInserted(n, x, *axis, count, /*isIndex=*/false);
  if (!values)
    return Values(1);
  if (count != places) // several at one place
    indices = n.broadcast(indices, {count});
  Type i64 = n.element(ElementType::I64);
  Value isNegative = n.scalar<graph::LessOp>(indices, 0);
  Value moved = n.scalar<graph::AddOp>(indices, double(size));
  indices = n.emit<graph::SelectOp>({isNegative, moved, indices});
  // Each comes behind those before it, in the data and among the inserted.
  Shape pairs{count, count};
  Value mine = n.broadcastInDims(indices, pairs, {0});
  Value other = n.broadcastInDims(indices, pairs, {1});
  Value isTie = n.emit<graph::LogicalAndOp>(
      {n.emit<graph::EqualOp>({other, mine}),
       n.emit<graph::LessOp>({n.iota(pairs, i64, 1), n.iota(pairs, i64, 0)})});
  Value isBefore =
      n.emit<graph::LogicalOrOp>({n.emit<graph::LessOp>({other, mine}), isTie});
  auto countTrue = [&](Value mask) {
    return mask ? n.reduce<graph::ReduceSumOp>(n.cast(mask, i64), {1}, false)
                : mask;
  };
  Value targets = n.emit<graph::AddOp>({indices, countTrue(isBefore)});
  // Positions of the result against targets.
  Shape grid{size + count, count};
  Value position = n.iota(grid, i64, 0);
  Value target = n.broadcastInDims(targets, grid, {1});
  Value isHere = n.emit<graph::EqualOp>({position, target});
  Value number = n.emit<graph::SelectOp>(
      {isHere, n.iota(grid, i64, 1), n.splat(grid, i64, 0)});
  Value isNew = n.scalar<graph::GreaterOp>(countTrue(isHere), 0);
  Value which =
      number ? n.reduce<graph::ReduceSumOp>(number, {1}, false) : number;
  Value shift = countTrue(n.emit<graph::LessOp>({target, position}));
  Value old = n.emit<graph::SubOp>({n.iota({size + count}, i64, 0), shift});
  auto take = [&](Value from, Value at) {
    return n.emit<graph::GatherOp>(
        {from, at},
        {n.attr("axis", *axis), n.word<graph::IndexModeAttr>("mode", "clip")});
  };
  Value inserted = take(values, which), kept = take(x, old);
  if (!inserted || !kept || !isNew)
    return Values(1);
  return {n.emit<graph::SelectOp>(
      {n.broadcastInDims(isNew, n.shape(kept), {*axis}), inserted, kept})};
}

//===----------------------------------------------------------------------===//
// Diagonals and triangles
//===----------------------------------------------------------------------===//

static Values diag(NodeBuilder &n) {
  Value x = n.input(0);
  int64_t offset = n.attributes.getInt("k");
  if (!x)
    return Values(1);
  if (n.rank(x) == 1)
    return {makeDiagonal(n, x, offset)};
  if (n.rank(x) != 2)
    return {
        n.fail(DiagnosticCode::ShapeMismatch,
               "needs a vector or a matrix, but got " + dimsText(n.shape(x)))};
  return {diagonal(n, x, offset, 0, 1)};
}

static Values diagFlat(NodeBuilder &n) {
  return {
      makeDiagonal(n, n.reshape(n.input(0), {-1}), n.attributes.getInt("k"))};
}

static Values takeDiagonal(NodeBuilder &n) {
  return {diagonalOfAxes(n, n.input(0), n.attributes.getInt("offset"))};
}

/// Zero above diagonal k; a vector is repeated to a square first.
static Values lowerTriangle(NodeBuilder &n) {
  Value x = n.input(0);
  if (!x || n.rank(x) == 0)
    return {x ? n.fail(DiagnosticCode::ShapeMismatch, "needs no scalar") : x};
  if (n.rank(x) == 1)
    x = n.broadcast(x, {n.shape(x)[0], n.shape(x)[0]});
  Value mask = triangle(n, n.shape(x), n.attributes.getInt("k"), true);
  return {n.emit<graph::SelectOp>({mask, x, n.splatLike(x, 0)})};
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

static constexpr llvm::StringLiteral insertSpec =
    "val:float?=None start:int?=None stop:int?=None step:int?=None "
    "int_ind:int?=None axis:int?=None";

ArrayRef<OperatorRow> getNumpyEditingOperators() {
  static const OperatorRow rows[] = {
      {"_npi_pad",
       "pad_width:string! "
       "mode:{constant|edge|maximum|minimum|reflect|symmetric}=constant "
       "constant_value:float=0 reflect_type:string=even",
       "data", pad},
      {"_npi_delete",
       "start:int?=None stop:int?=None step:int?=None int_ind:int?=None "
       "axis:int?=None",
       "arr*", erase, nullptr, "output",
       "Compares places with a tensor of indices: at most 2^24 pairs."},
      {"_npi_insert_scalar", insertSpec, "arr values[val=None]", insert},
      {"_npi_insert_slice", insertSpec, "arr values[val=None]", insert},
      {"_npi_insert_tensor", insertSpec, "arr values[val=None] obj", insertAt},
      {"_np_diag", "k:int=0", "data", diag},
      {"_np_diagflat", "k:int=0", "data", diagFlat},
      {"_np_diagonal", "offset:int=0 axis1:int=0 axis2:int=1", "data",
       takeDiagonal},
      {"_npi_tril", "k:int=0", "data", lowerTriangle},
  };
  return rows;
}

} // namespace dlc::mxnet
