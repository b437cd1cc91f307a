// SPDX-License-Identifier: Apache-2.0
// Operators that move elements without computing: reshapes, transposes,
// slices, joins and repetitions.
#include "compiler/import/mxnet/Operators.h"

using namespace mlir;

namespace dlc::mxnet {

//===----------------------------------------------------------------------===//
// Reshape
//===----------------------------------------------------------------------===//

/// Applies MXNet's codes: 0 copies a dimension, -1 infers one, -2 copies the
/// rest, -3 merges two, -4 splits one into the two that follow.
static std::optional<Shape> applyCodes(ArrayRef<int64_t> source,
                                       ArrayRef<int64_t> codes) {
  Shape result;
  size_t next = 0;
  auto take = [&](int64_t &dim) {
    if (next >= source.size())
      return false;
    dim = source[next++];
    return true;
  };
  for (size_t i = 0; i < codes.size(); ++i) {
    int64_t code = codes[i], dim, second;
    if (code > 0 || code == -1) {
      result.push_back(code);
      ++next;
    } else if (code == 0) {
      if (!take(dim))
        return std::nullopt;
      result.push_back(dim);
    } else if (code == -2) {
      while (take(dim))
        result.push_back(dim);
    } else if (code == -3) {
      if (!take(dim) || !take(second))
        return std::nullopt;
      result.push_back(dim * second);
    } else if (code == -4) {
      if (i + 2 >= codes.size() || !take(dim))
        return std::nullopt;
      int64_t first = codes[++i], last = codes[++i];
      if ((first < 1 && first != -1) || (last < 1 && last != -1) ||
          (first == -1 && last == -1))
        return std::nullopt;
      result.push_back(first == -1 ? dim / last : first);
      result.push_back(last == -1 ? dim / first : last);
    } else {
      return std::nullopt;
    }
  }
  return result;
}

static Values reshape(NodeBuilder &n) {
  Value x = n.input(0);
  if (!x)
    return Values(1);
  Shape codes = n.getShape("shape");
  Shape source(n.shape(x));
  if (codes.empty() && n.attributes.isGiven("target_shape")) {
    // The oldest form: 0 infers.
    codes = n.getShape("target_shape");
    for (int64_t &code : codes)
      code = code == 0 ? -1 : code;
    if (n.attributes.getBool("keep_highest") && !codes.empty())
      codes[0] = 0;
  }
  bool reverse = n.attributes.getBool("reverse");
  if (reverse) {
    std::reverse(source.begin(), source.end());
    // A split stays in front of its two sizes, which are now back to front.
    std::reverse(codes.begin(), codes.end());
    for (size_t i = 0; i + 2 < codes.size(); ++i)
      if (codes[i + 2] == -4) {
        std::rotate(codes.begin() + i, codes.begin() + i + 2,
                    codes.begin() + i + 3);
        i += 2;
      }
  }
  std::optional<Shape> target = applyCodes(source, codes);
  if (!target || llvm::count(*target, -1) > 1)
    return {n.fail(DiagnosticCode::BadAttribute,
                   "attribute 'shape' does not fit a tensor of shape " +
                       dimsText(n.shape(x)))};
  if (reverse)
    std::reverse(target->begin(), target->end());
  return {n.reshape(x, *target)};
}

/// Takes some dimensions of the data from those of the other tensor.
static Values reshapeLike(NodeBuilder &n) {
  Value x = n.input(0), like = n.input(1);
  if (!x || !like)
    return Values(1);
  auto bound = [&](StringRef name, int64_t rank, int64_t none) {
    int64_t value =
        n.attributes.isNone(name) ? none : n.attributes.getInt(name);
    value += value < 0 ? rank : 0;
    return std::clamp<int64_t>(value, 0, rank);
  };
  int64_t lhsRank = n.rank(x), rhsRank = n.rank(like);
  int64_t lhsBegin = bound("lhs_begin", lhsRank, 0);
  int64_t lhsEnd = std::max(lhsBegin, bound("lhs_end", lhsRank, lhsRank));
  int64_t rhsBegin = bound("rhs_begin", rhsRank, 0);
  int64_t rhsEnd = std::max(rhsBegin, bound("rhs_end", rhsRank, rhsRank));
  Shape target(n.shape(x).take_front(lhsBegin));
  llvm::append_range(target, n.shape(like).slice(rhsBegin, rhsEnd - rhsBegin));
  llvm::append_range(target, n.shape(x).drop_front(lhsEnd));
  return {n.reshape(x, target)};
}

static Values flatten(NodeBuilder &n) {
  Value x = n.input(0);
  if (!x)
    return Values(1);
  if (n.rank(x) == 0)
    return {n.reshape(x, {1, 1})};
  int64_t first = n.shape(x)[0];
  return {
      n.reshape(x, {first, first ? n.type(x).getNumElements() / first : 0})};
}

static Values expandDims(NodeBuilder &n) {
  Value x = n.input(0);
  if (!x)
    return Values(1);
  std::optional<int64_t> axis =
      n.axis(n.attributes.getInt("axis"), n.rank(x) + 1);
  if (!axis)
    return Values(1);
  Shape target(n.shape(x));
  target.insert(target.begin() + *axis, 1);
  return {n.reshape(x, target)};
}

static Values squeeze(NodeBuilder &n) {
  Value x = n.input(0);
  if (!x)
    return Values(1);
  std::optional<Shape> axes = n.axes(n.getShape("axis"), n.rank(x));
  if (!axes)
    return Values(1);
  Shape target;
  for (auto [i, dim] : llvm::enumerate(n.shape(x))) {
    bool named = llvm::is_contained(*axes, static_cast<int64_t>(i));
    if (named && dim != 1)
      return {n.fail(DiagnosticCode::BadAttribute,
                     "dimension " + Twine(i) + " of " + dimsText(n.shape(x)) +
                         " can't be squeezed: its size is not 1")};
    if (!named && (dim != 1 || !axes->empty()))
      target.push_back(dim);
  }
  return {n.atLeastOneDim(n.reshape(x, target))};
}

//===----------------------------------------------------------------------===//
// Transposes
//===----------------------------------------------------------------------===//

static Values transpose(NodeBuilder &n) {
  Value x = n.input(0);
  if (!x)
    return Values(1);
  Shape permutation;
  for (int64_t value : n.getShape("axes")) {
    std::optional<int64_t> axis = n.axis(value, n.rank(x));
    if (!axis)
      return Values(1);
    permutation.push_back(*axis);
  }
  if (permutation.empty())
    permutation =
        llvm::to_vector(llvm::reverse(llvm::seq<int64_t>(0, n.rank(x))));
  return {n.transpose(x, permutation)};
}

static Values swapAxes(NodeBuilder &n) {
  Value x = n.input(0);
  if (!x)
    return Values(1);
  std::optional<int64_t> first = n.axis("dim1", x), second = n.axis("dim2", x);
  if (!first || !second)
    return Values(1);
  Shape permutation = dimRange(0, n.rank(x));
  std::swap(permutation[*first], permutation[*second]);
  return {n.transpose(x, permutation)};
}

static Values reverse(NodeBuilder &n) {
  Value x = n.input(0);
  if (!x)
    return Values(1);
  std::optional<Shape> axes = n.axes(n.getShape("axis"), n.rank(x));
  if (!axes)
    return Values(1);
  return {n.emit<graph::ReverseOp>({x}, {n.attr("axes", *axes)})};
}

/// [N, C, H, W] to [N, C / b^2, H b, W b].
static Values depthToSpace(NodeBuilder &n) {
  Value x = n.input(0);
  int64_t block = n.attributes.getInt("block_size");
  if (!x)
    return Values(1);
  ArrayRef<int64_t> s = n.shape(x);
  if (s.size() != 4 || s[1] % (block * block))
    return {n.fail(DiagnosticCode::ShapeMismatch,
                   "needs a tensor of four dimensions whose channels are a "
                   "multiple of block_size squared, but got " +
                       dimsText(s))};
  int64_t channels = s[1] / (block * block);
  Value split = n.reshape(x, {s[0], block, block, channels, s[2], s[3]});
  Value moved = n.transpose(split, {0, 3, 4, 1, 5, 2});
  return {n.reshape(moved, {s[0], channels, graph::multiplySizes({s[2], block}),
                            graph::multiplySizes({s[3], block})})};
}

static Values spaceToDepth(NodeBuilder &n) {
  Value x = n.input(0);
  int64_t block = n.attributes.getInt("block_size");
  if (!x)
    return Values(1);
  ArrayRef<int64_t> s = n.shape(x);
  if (s.size() != 4 || s[2] % block || s[3] % block)
    return {n.fail(DiagnosticCode::ShapeMismatch,
                   "needs a tensor of four dimensions whose last two are "
                   "multiples of block_size, but got " +
                       dimsText(s))};
  int64_t h = s[2] / block, w = s[3] / block;
  Value split = n.reshape(x, {s[0], s[1], h, block, w, block});
  Value moved = n.transpose(split, {0, 3, 5, 1, 2, 4});
  return {n.reshape(moved,
                    {s[0], graph::multiplySizes({s[1], block, block}), h, w})};
}

//===----------------------------------------------------------------------===//
// Joining and repeating
//===----------------------------------------------------------------------===//

static Values concat(NodeBuilder &n) {
  if (!n.input(0))
    return Values(1);
  std::optional<int64_t> axis = n.axis("dim", n.input(0));
  return {axis ? n.concat(n.getInputs(), *axis) : Value()};
}

static Values stack(NodeBuilder &n) {
  if (!n.input(0))
    return Values(1);
  std::optional<int64_t> axis =
      n.axis(n.attributes.getInt("axis"), n.rank(n.input(0)) + 1);
  if (!axis)
    return Values(1);
  Values parts;
  for (Value value : n.getInputs()) {
    if (!value)
      return Values(1);
    Shape target(n.shape(value));
    target.insert(target.begin() + std::min<int64_t>(*axis, target.size()), 1);
    parts.push_back(n.reshape(value, target));
  }
  return {n.concat(parts, *axis)};
}

static std::optional<Shape> inferLikeOthers(NodeBuilder &n, size_t) {
  for (Value other : n.getInputs())
    if (other)
      return Shape(n.shape(other));
  return std::nullopt;
}

static Values broadcastTo(NodeBuilder &n) {
  Value x = n.input(0);
  Shape target = n.getShape("shape");
  if (!x)
    return Values(1);
  // 0 keeps the dimension.
  int64_t offset = static_cast<int64_t>(target.size()) - n.rank(x);
  for (int64_t i = std::max<int64_t>(offset, 0), e = target.size(); i < e; ++i)
    if (target[i] == 0)
      target[i] = n.shape(x)[i - offset];
  return {n.broadcast(x, target)};
}

static Values broadcastLike(NodeBuilder &n) {
  Value x = n.input(0), like = n.input(1);
  if (!x || !like)
    return Values(1);
  if (n.attributes.isNone("lhs_axes") || n.attributes.isNone("rhs_axes"))
    return {n.broadcast(x, n.shape(like))};
  Shape target(n.shape(x));
  Shape from = n.getShape("rhs_axes");
  Shape to = n.getShape("lhs_axes");
  if (from.size() != to.size())
    return {n.fail(DiagnosticCode::BadAttribute,
                   "attributes 'lhs_axes' and 'rhs_axes' differ in length")};
  for (auto [lhs, rhs] : llvm::zip(to, from)) {
    std::optional<int64_t> lhsAxis = n.axis(lhs, n.rank(x));
    std::optional<int64_t> rhsAxis = n.axis(rhs, n.rank(like));
    if (!lhsAxis || !rhsAxis)
      return Values(1);
    target[*lhsAxis] = n.shape(like)[*rhsAxis];
  }
  return {n.broadcast(x, target)};
}

static Values broadcastAxis(NodeBuilder &n) {
  Value x = n.input(0);
  if (!x)
    return Values(1);
  Shape target(n.shape(x));
  Shape axes = n.getShape("axis");
  Shape sizes = n.getShape("size");
  if (axes.size() != sizes.size())
    return {n.fail(DiagnosticCode::BadAttribute,
                   "attributes 'axis' and 'size' differ in length")};
  for (auto [value, size] : llvm::zip(axes, sizes)) {
    std::optional<int64_t> axis = n.axis(value, n.rank(x));
    if (!axis)
      return Values(1);
    target[*axis] = size;
  }
  return {n.broadcast(x, target)};
}

static Values tile(NodeBuilder &n) {
  Value x = n.input(0);
  if (!x)
    return Values(1);
  Shape reps = n.getShape("reps"), dims(n.shape(x));
  size_t rank = std::max(reps.size(), dims.size());
  reps.insert(reps.begin(), rank - reps.size(), 1);
  dims.insert(dims.begin(), rank - dims.size(), 1);
  // [a, b] becomes [1, a, 1, b], is broadcast to [r, a, s, b], then merged.
  Shape split, repeated, merged;
  for (size_t i = 0; i < rank; ++i) {
    split.append({1, dims[i]});
    repeated.append({reps[i], dims[i]});
    merged.push_back(graph::multiplySizes({reps[i], dims[i]}));
  }
  return {n.reshape(n.broadcast(n.reshape(x, split), repeated), merged)};
}

static Values repeat(NodeBuilder &n) {
  Value x = n.input(0);
  int64_t count = n.attributes.getInt("repeats"), position = 0;
  if (!x)
    return Values(1);
  if (n.attributes.isNone("axis"))
    x = n.reshape(x, {-1});
  else if (std::optional<int64_t> axis = n.axis("axis", x))
    position = *axis;
  else
    return Values(1);
  if (!x)
    return Values(1);
  Shape split(n.shape(x)), repeated, merged(n.shape(x));
  split.insert(split.begin() + position + 1, 1);
  repeated = split;
  repeated[position + 1] = count;
  merged[position] = graph::multiplySizes({merged[position], count});
  return {n.reshape(n.broadcast(n.reshape(x, split), repeated), merged)};
}

static Values pad(NodeBuilder &n) {
  Value x = n.input(0);
  Shape width = n.getShape("pad_width");
  if (!x)
    return Values(1);
  if (width.size() != 2 * static_cast<size_t>(n.rank(x)))
    return {n.fail(DiagnosticCode::BadAttribute,
                   "attribute 'pad_width' needs two numbers for each of the " +
                       Twine(n.rank(x)) + " dimensions, but has " +
                       Twine(width.size()))};
  Shape low, high;
  for (size_t i = 0; i < width.size(); i += 2) {
    low.push_back(width[i]);
    high.push_back(width[i + 1]);
  }
  OpAttribute mode =
      n.word<graph::PadModeAttr>("mode", n.attributes.getText("mode"));
  return {n.emit<graph::PadOp>(
      {x}, {n.attr("low", low), n.attr("high", high), mode,
            n.attr("value", n.attributes.getFloat("constant_value"))})};
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

ArrayRef<OperatorRow> getMovementOperators() {
  static const OperatorRow rows[] = {
      {"Reshape reshape",
       "shape:shape=() reverse:bool=False target_shape:shape=() "
       "keep_highest:bool=False",
       "data", reshape},
      {"reshape_like _npx_reshape_like",
       "lhs_begin:long?=None lhs_end:long?=None rhs_begin:long?=None "
       "rhs_end:long?=None",
       "lhs rhs", reshapeLike},
      {"Flatten flatten _npx_batch_flatten", "", "data", flatten},
      {"expand_dims _npi_expand_dims", "axis:int!", "data", expandDims},
      {"squeeze _np_squeeze", "axis:shape?=None", "data", squeeze},
      {"transpose _np_transpose", "axes:shape?=None", "data", transpose},
      {"SwapAxis swapaxes _npi_swapaxes", "dim1:int=0 dim2:int=0", "data",
       swapAxes},
      {"reverse flip _npi_flip", "axis:shape!", "data", reverse},
      {"depth_to_space", "block_size:count!", "data", depthToSpace},
      {"space_to_depth", "block_size:count!", "data", spaceToDepth},
      {"Concat concat", "num_args:count! dim:int=1", "data*", concat},
      {"stack _npi_stack", "num_args:count! axis:int=0", "data*", stack,
       inferLikeOthers},
      {"broadcast_to _npi_broadcast_to", "shape:sizes=()", "data", broadcastTo},
      {"broadcast_like", "lhs_axes:shape?=None rhs_axes:shape?=None", "lhs rhs",
       broadcastLike},
      {"broadcast_axis broadcast_axes", "axis:shape=() size:counts=()", "data",
       broadcastAxis},
      {"tile _npi_tile", "reps:counts!", "data", tile},
      {"repeat _np_repeat", "repeats:count! axis:int?=None", "data", repeat},
      {"Pad pad",
       "mode:{constant|edge|reflect}! pad_width:sizes! "
       "constant_value:float=0",
       "data", pad},
  };
  return rows;
}

} // namespace dlc::mxnet
