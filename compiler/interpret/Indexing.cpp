// SPDX-License-Identifier: Apache-2.0
// Operators that choose where to read, as their definitions have them.
#include "compiler/interpret/Array.h"

#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;

namespace dlc::interpret {

/// \p index, truncated and brought into [0, extent).
static int64_t bound(double index, int64_t extent, graph::IndexMode mode) {
  index = std::trunc(index);
  if (mode == graph::IndexMode::Wrap) {
    index = std::fmod(index, double(extent));
    index = index < 0 ? index + double(extent) : index;
  }
  // NaN is no number of a place: it becomes the first.
  index = index > 0 ? index : 0;
  return int64_t(std::min(index, double(extent - 1)));
}

static Arrays gather(Operation *operation, const Arrays &operands) {
  auto op = cast<graph::GatherOp>(operation);
  const Array &data = operands[0], &indices = operands[1];
  int64_t axis = op.getAxis(), rank = indices.getRank();
  Array result(getResultShape(op));
  forEachIndex(result.shape, [&](ArrayRef<int64_t> at) {
    Shape from(at.take_front(axis));
    from.push_back(bound(indices.at(at.slice(axis, rank)), data.shape[axis],
                         op.getMode()));
    llvm::append_range(from, at.drop_front(axis + rank));
    result.at(at) = data.at(from);
  });
  return {result};
}

static Arrays gatherNd(Operation *op, const Arrays &operands) {
  const Array &data = operands[0], &indices = operands[1];
  Array result(getResultShape(op));
  int64_t rank = indices.getRank() - 1;
  forEachIndex(result.shape, [&](ArrayRef<int64_t> at) {
    Shape from, place{0};
    llvm::append_range(place, at.take_front(rank));
    for (place[0] = 0; place[0] < indices.shape[0]; ++place[0])
      from.push_back(bound(indices.at(place), data.shape[place[0]],
                           graph::IndexMode::Clip));
    llvm::append_range(from, at.drop_front(rank));
    result.at(at) = data.at(from);
  });
  return {result};
}

static Arrays takeAlong(Operation *operation, const Arrays &operands) {
  auto op = cast<graph::TakeAlongOp>(operation);
  const Array &data = operands[0], &indices = operands[1];
  int64_t axis = op.getAxis();
  Array result(getResultShape(op));
  forEachIndex(result.shape, [&](ArrayRef<int64_t> at) {
    Shape from(at);
    from[axis] = bound(indices.at(at), data.shape[axis], op.getMode());
    result.at(at) = data.at(from);
  });
  return {result};
}

static Arrays pad(Operation *operation, const Arrays &operands) {
  auto op = cast<graph::PadOp>(operation);
  const Array &input = operands[0];
  Array result(getResultShape(op));
  forEachIndex(result.shape, [&](ArrayRef<int64_t> at) {
    bool isInside = true;
    Shape from;
    for (auto [index, low, extent] : llvm::zip(at, op.getLow(), input.shape)) {
      int64_t last = extent - 1, place = index - low;
      if (op.getMode() == graph::PadMode::Reflect)
        place = last - std::abs(last - std::abs(place));
      int64_t clamped =
          std::clamp<int64_t>(place, 0, std::max<int64_t>(last, 0));
      isInside &= clamped == place && extent > 0;
      from.push_back(clamped);
    }
    bool isFilled = op.getMode() == graph::PadMode::Constant && !isInside;
    result.at(at) = isFilled ? op.getValue().convertToDouble() : input.at(from);
  });
  return {result};
}

namespace {
/// Where an index of a resized image reads.
struct Tap {
  int64_t low, high;
  double weight; ///< of `high`
};
} // namespace

/// The tap for index \p i of \p out, in an image of \p in. In single precision,
/// as kernels compute it: a place just below a pixel's border is another one.
static Tap getTap(graph::ResizeOp op, int64_t i, int64_t in, int64_t out) {
  double scale = double(in) / double(out), shift = 0;
  if (op.getCoordinates() == graph::Coordinates::AlignCorners)
    scale = out > 1 ? double(in - 1) / double(out - 1) : 0;
  else if (op.getCoordinates() == graph::Coordinates::HalfPixel)
    shift = 0.5 * scale - 0.5;
  float source = float(i) * float(scale) + float(shift);
  source = std::min(std::max(source, 0.0f), float(in - 1));
  if (op.getMode() == graph::ResizeMode::Nearest) {
    if (op.getCoordinates() != graph::Coordinates::Asymmetric)
      source = std::round(source);
    return {int64_t(source), int64_t(source), 0};
  }
  int64_t low = int64_t(std::floor(source));
  return {low, std::min(low + 1, in - 1), double(source - std::floor(source))};
}

static Arrays resize(Operation *operation, const Arrays &operands) {
  auto op = cast<graph::ResizeOp>(operation);
  const Array &input = operands[0];
  Array result(getResultShape(op));
  forEachIndex(result.shape, [&](ArrayRef<int64_t> at) {
    Tap y = getTap(op, at[2], input.shape[2], op.getSize()[0]);
    Tap x = getTap(op, at[3], input.shape[3], op.getSize()[1]);
    auto row = [&](int64_t from) {
      double left = input.at({at[0], at[1], from, x.low});
      double right = input.at({at[0], at[1], from, x.high});
      return left + x.weight * (right - left);
    };
    double top = row(y.low);
    result.at(at) = y.weight == 0 ? top : top + y.weight * (row(y.high) - top);
  });
  return {result};
}

/// The place of the first greatest (or least) element along an axis.
template <typename Op, bool isMax>
static Arrays findExtreme(Operation *operation, const Arrays &operands) {
  auto op = cast<Op>(operation);
  const Array &input = operands[0];
  int64_t axis = op.getAxis();
  Array result(getResultShape(op));
  forEachIndex(result.shape, [&](ArrayRef<int64_t> at) {
    Shape from(at);
    if (!op.getKeepdims())
      from.insert(from.begin() + axis, 0);
    int64_t best = 0;
    double value = 0;
    for (int64_t i = 0; i < input.shape[axis]; ++i) {
      from[axis] = i;
      double x = input.at(from);
      if (i == 0 || (isMax ? x > value : x < value)) {
        best = i;
        value = x;
      }
    }
    result.at(at) = double(best);
  });
  return {result};
}

static Arrays cumsum(Operation *operation, const Arrays &operands) {
  int64_t axis = cast<graph::CumsumOp>(operation).getAxis();
  Array result = operands[0];
  int64_t inner = result.getExtent(axis + 1, result.getRank());
  for (int64_t i = 0; i < result.getSize(); ++i)
    if (i / inner % result.shape[axis] > 0)
      result.values[i] += result.values[i - inner];
  return {result};
}

Function getIndexing(Operation *op) {
  return llvm::TypeSwitch<Operation *, Function>(op)
      .Case<graph::GatherOp>([](auto) { return gather; })
      .Case<graph::GatherNdOp>([](auto) { return gatherNd; })
      .Case<graph::TakeAlongOp>([](auto) { return takeAlong; })
      .Case<graph::PadOp>([](auto) { return pad; })
      .Case<graph::ResizeOp>([](auto) { return resize; })
      .Case<graph::ArgmaxOp>(
          [](auto) { return findExtreme<graph::ArgmaxOp, true>; })
      .Case<graph::ArgminOp>(
          [](auto) { return findExtreme<graph::ArgminOp, false>; })
      .Case<graph::CumsumOp>([](auto) { return cumsum; })
      .Default([](auto) { return nullptr; });
}

} // namespace dlc::interpret
