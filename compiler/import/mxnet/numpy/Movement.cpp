// SPDX-License-Identifier: Apache-2.0
// Numpy's operators that move elements without computing: reshapes, rotations,
// stacks, splits.
#include "compiler/import/mxnet/Formulas.h"
#include "compiler/import/mxnet/Operators.h"

using namespace mlir;

namespace dlc::mxnet {

//===----------------------------------------------------------------------===//
// Reshapes
//===----------------------------------------------------------------------===//

/// Applies the codes of `npx.reshape`: -1 infers a dimension, -2 copies one,
/// -3 drops one of size 1, -4 copies the rest, -5 merges two, -6 splits one
/// into the two that follow.
static std::optional<Shape> applyCodes(ArrayRef<int64_t> source,
                                       ArrayRef<int64_t> codes) {
  Shape result;
  size_t next = 0;
  for (size_t i = 0; i < codes.size(); ++i) {
    int64_t code = codes[i];
    size_t needed = code == -5 ? 2 : code <= -2 && code != -4 ? 1 : 0;
    if (next + needed > source.size() || code < -6)
      return std::nullopt;
    if (code >= -1) {
      result.push_back(code);
      next = std::min(next + 1, source.size());
    } else if (code == -2) {
      result.push_back(source[next++]);
    } else if (code == -3) {
      if (source[next++] != 1)
        return std::nullopt;
    } else if (code == -4) {
      while (next < source.size())
        result.push_back(source[next++]);
    } else if (code == -5) {
      result.push_back(source[next] * source[next + 1]);
      next += 2;
    } else {
      if (i + 2 >= codes.size())
        return std::nullopt;
      int64_t dim = source[next++], first = codes[++i], last = codes[++i];
      if ((first < 1 && first != -1) || (last < 1 && last != -1) ||
          (first == -1 && last == -1))
        return std::nullopt;
      result.push_back(first == -1 ? dim / last : first);
      result.push_back(last == -1 ? dim / first : last);
    }
  }
  return result;
}

static Value reshapeTo(NodeBuilder &n, const std::optional<Shape> &target) {
  if (!target || llvm::count(*target, -1) > 1)
    return n.fail(DiagnosticCode::BadAttribute,
                  "attribute 'newshape' does not fit a tensor of shape " +
                      dimsText(n.shape(n.input(0))));
  return n.reshape(n.input(0), *target);
}

static Values reshapeByCodes(NodeBuilder &n) {
  Value x = n.input(0);
  if (!x)
    return Values(1);
  Shape codes = n.getShape("newshape"), source(n.shape(x));
  bool reverse = n.attributes.getBool("reverse");
  if (reverse) {
    std::reverse(source.begin(), source.end());
    std::reverse(codes.begin(), codes.end());
  }
  std::optional<Shape> target = applyCodes(source, codes);
  if (target && reverse)
    std::reverse(target->begin(), target->end());
  return {reshapeTo(n, target)};
}

static Values reshape(NodeBuilder &n) {
  Shape target = n.getShape("newshape");
  bool isPlain = llvm::all_of(target, [](int64_t dim) { return dim >= -1; });
  if (!n.input(0))
    return Values(1);
  return {reshapeTo(n, isPlain ? std::optional(target) : std::nullopt)};
}

/// At least \p rank dimensions, by numpy's rules of where to add them.
static Value toRank(NodeBuilder &n, Value x, int64_t rank) {
  if (!x || n.rank(x) >= rank)
    return x;
  Shape shape(n.shape(x));
  if (shape.empty())
    shape.push_back(1);
  if (rank >= 2 && shape.size() == 1)
    shape.insert(shape.begin(), 1);
  if (rank == 3 && shape.size() == 2)
    shape.push_back(1);
  return n.reshape(x, shape);
}

template <int rank>
static Values atLeast(NodeBuilder &n) {
  Values results;
  if (n.attributes.getInt("num_args") != int64_t(n.getInputCount()))
    return {n.fail(DiagnosticCode::WrongInputCount,
                   "attribute 'num_args' differs from the number of inputs")};
  for (Value value : n.getInputs())
    results.push_back(toRank(n, value, rank));
  return results;
}

//===----------------------------------------------------------------------===//
// Permutations
//===----------------------------------------------------------------------===//

static Values moveAxis(NodeBuilder &n) {
  Value x = n.input(0);
  Shape from = n.getShape("source"), to = n.getShape("destination");
  if (!x)
    return Values(1);
  Shape permutation(n.rank(x), -1), moved;
  bool fits = from.size() == to.size();
  for (size_t i = 0; fits && i < from.size(); ++i) {
    std::optional<int64_t> source = n.axis(from[i], n.rank(x));
    std::optional<int64_t> target = n.axis(to[i], n.rank(x));
    if (!source || !target)
      return Values(1);
    fits = permutation[*target] < 0 && !llvm::is_contained(moved, *source);
    permutation[*target] = *source;
    moved.push_back(*source);
  }
  if (!fits)
    return {n.fail(DiagnosticCode::BadAttribute,
                   "attributes 'source' and 'destination' don't pair "
                   "different dimensions")};
  int64_t next = 0;
  for (int64_t &axis : permutation) {
    while (llvm::is_contained(moved, next))
      ++next;
    if (axis < 0)
      axis = next++;
  }
  return {n.transpose(x, permutation)};
}

/// Moves what leaves the end of an axis to its beginning.
static Value rollAxis(NodeBuilder &n, Value x, int64_t axis, int64_t shift) {
  if (!x || n.shape(x)[axis] == 0)
    return x;
  int64_t size = n.shape(x)[axis];
  shift = (shift % size + size) % size;
  if (shift == 0)
    return x;
  return n.concat({n.sliceAxis(x, axis, size - shift, size),
                   n.sliceAxis(x, axis, 0, size - shift)},
                  axis);
}

static Values roll(NodeBuilder &n) {
  Value x = n.input(0);
  Shape shifts = n.getShape("shift"), axes = n.getShape("axis");
  if (!x)
    return Values(1);
  if (shifts.empty() || (axes.empty() && !n.attributes.isNone("axis")) ||
      (shifts.size() != 1 && axes.size() > 1 && shifts.size() != axes.size()))
    return {n.fail(DiagnosticCode::BadAttribute,
                   "attributes 'shift' and 'axis' don't fit each other")};
  if (n.attributes.isNone("axis")) {
    Value rolled = rollAxis(n, n.reshape(x, {-1}), 0, shifts.front());
    return {n.reshape(rolled, n.shape(x))};
  }
  for (size_t i = 0, e = std::max(axes.size(), shifts.size()); i < e; ++i) {
    std::optional<int64_t> axis =
        n.axis(axes[axes.size() == 1 ? 0 : i], n.rank(n.input(0)));
    if (!axis)
      return Values(1);
    x = rollAxis(n, x, *axis, shifts[shifts.size() == 1 ? 0 : i]);
  }
  return {x};
}

static Values rotate(NodeBuilder &n) {
  Value x = n.input(0);
  Shape axes = n.getShape("axes");
  if (n.attributes.isNone("axes"))
    axes = {0, 1};
  if (!x)
    return Values(1);
  if (axes.size() != 2)
    return {n.fail(DiagnosticCode::BadAttribute,
                   "attribute 'axes' needs two dimensions")};
  std::optional<int64_t> first = n.axis(axes[0], n.rank(x));
  std::optional<int64_t> second = n.axis(axes[1], n.rank(x));
  if (!first || !second)
    return Values(1);
  if (*first == *second)
    return {n.fail(DiagnosticCode::BadAttribute,
                   "attribute 'axes' needs two different dimensions")};
  int64_t turns = (n.attributes.getInt("k") % 4 + 4) % 4;
  auto reverse = [&](Value value, Shape along) {
    llvm::sort(along);
    return n.emit<graph::ReverseOp>({value}, {n.attr("axes", along)});
  };
  Shape swapped = dimRange(0, n.rank(x));
  std::swap(swapped[*first], swapped[*second]);
  if (turns == 0)
    return {x};
  if (turns == 2)
    return {reverse(x, {*first, *second})};
  if (turns == 1)
    return {n.transpose(reverse(x, {*second}), swapped)};
  return {reverse(n.transpose(x, swapped), {*second})};
}

//===----------------------------------------------------------------------===//
// Joins
//===----------------------------------------------------------------------===//

/// Joins the inputs, each with at least \p rank dimensions, along \p axis.
static Value join(NodeBuilder &n, int64_t rank, int64_t axis) {
  Values parts;
  for (Value value : n.getInputs()) {
    Value part = toRank(n, value, rank);
    if (!part)
      return {};
    parts.push_back(part);
  }
  if (axis >= n.rank(parts.front()))
    return n.fail(DiagnosticCode::ShapeMismatch,
                  "can't join tensors of shape " +
                      dimsText(n.shape(parts.front())) + " along dimension " +
                      Twine(axis));
  return n.concat(parts, axis);
}

static Values vstack(NodeBuilder &n) { return {join(n, 2, 0)}; }
static Values dstack(NodeBuilder &n) { return {join(n, 3, 2)}; }

/// Vectors are joined along their only dimension.
static Values hstack(NodeBuilder &n) {
  bool isFlat = n.input(0) && n.rank(n.input(0)) < 2;
  return {join(n, 1, isFlat ? 0 : 1)};
}

static Values columnStack(NodeBuilder &n) {
  Values parts;
  for (Value value : n.getInputs()) {
    if (!value)
      return Values(1);
    parts.push_back(n.rank(value) < 2 ? n.reshape(value, {-1, 1}) : value);
  }
  return {n.concat(parts, 1)};
}

static Values concatenate(NodeBuilder &n) {
  Values parts;
  bool isFlat = n.attributes.isNone("axis");
  for (Value value : n.getInputs()) {
    if (!value)
      return Values(1);
    parts.push_back(isFlat ? n.reshape(value, {-1}) : value);
  }
  std::optional<int64_t> axis =
      isFlat ? int64_t(0) : n.axis("axis", n.input(0));
  return {axis ? n.concat(parts, *axis) : Value()};
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

ArrayRef<OperatorRow> getNumpyMovementOperators() {
  static const OperatorRow rows[] = {
      {"_np_reshape", "newshape:shape! order:string=C", "a", reshape},
      {"_npi_reshape _npx_reshape",
       "newshape:shape! reverse:bool=False order:string=C", "a",
       reshapeByCodes},
      {"_np_atleast_1d", "num_args:count!", "arys*", atLeast<1>, nullptr,
       "output#num_args"},
      {"_np_atleast_2d", "num_args:count!", "arys*", atLeast<2>, nullptr,
       "output#num_args"},
      {"_np_atleast_3d", "num_args:count!", "arys*", atLeast<3>, nullptr,
       "output#num_args"},
      {"_np_moveaxis", "source:shape! destination:shape!", "a", moveAxis},
      {"_np_roll", "shift:shape?=None axis:shape?=None", "data", roll},
      {"_npi_rot90", "k:int=1 axes:shape?=None", "data", rotate},
      {"_npi_vstack", "num_args:count! dim:int=1", "data*", vstack},
      {"_npi_hstack", "num_args:count! dim:int=1", "data*", hstack, nullptr,
       "out"},
      {"_npi_dstack", "num_args:count! dim:int=1", "data*", dstack, nullptr,
       "out"},
      {"_npi_column_stack", "num_args:count!", "data*", columnStack},
      {"_npi_concatenate", "num_args:count! axis:int?=0", "data*", concatenate,
       nullptr, "out"},
  };
  return rows;
}

} // namespace dlc::mxnet
