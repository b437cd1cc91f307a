// SPDX-License-Identifier: Apache-2.0
// Sorting, and choices that depend on an order, as their definitions have them.
#include "compiler/interpret/Array.h"

#include "llvm/ADT/TypeSwitch.h"

#include <cmath>
#include <numeric>

using namespace mlir;

namespace dlc::interpret {

/// Whether \p x comes before \p y in ascending order. NaN is larger than any
/// number, or smaller where its sign is set.
static bool isBefore(double x, double y) {
  auto getRank = [](double value) {
    return !std::isnan(value) ? 0 : std::signbit(value) ? -1 : 1;
  };
  int left = getRank(x), right = getRank(y);
  return left != right ? left < right : left == 0 && x < y;
}

static Arrays argsort(Operation *operation, const Arrays &operands) {
  bool isDescending = cast<graph::ArgsortOp>(operation).getDescending();
  const Array &input = operands[0];
  Array result(getResultShape(operation));
  int64_t length = input.shape.back();
  std::vector<int64_t> order(length);
  for (int64_t row = 0; row < input.getSize(); row += length) {
    std::iota(order.begin(), order.end(), 0);
    const double *values = &input.values[row];
    llvm::sort(order, [&](int64_t i, int64_t j) {
      double x = values[isDescending ? j : i], y = values[isDescending ? i : j];
      // Equal elements keep their order.
      return isBefore(x, y) || (!isBefore(y, x) && i < j);
    });
    llvm::copy(order, result.values.begin() + row);
  }
  return {result};
}

/// What the boxes \p a and \p b, with their areas, have in common.
static double getOverlap(const double *a, double areaA, const double *b,
                         double areaB, double border) {
  auto getExtent = [&](int axis) {
    return std::max(std::min(a[axis + 2], b[axis + 2]) -
                        std::max(a[axis], b[axis]) + border,
                    0.0);
  };
  double common = getExtent(0) * getExtent(1);
  return common / (areaA + areaB - common);
}

static Arrays suppress(Operation *operation, const Arrays &operands) {
  auto op = cast<graph::SuppressOp>(operation);
  const Array &boxes = operands[0], &areas = operands[1];
  Array kept = operands[2];
  const Array *classes = op.getClasses() ? &operands[3] : nullptr;
  double threshold = op.getThreshold().convertToDouble(),
         border = op.getBorder().convertToDouble();
  int64_t count = kept.shape[1];
  for (int64_t row = 0; row < kept.getSize(); row += count)
    for (int64_t i = row; i < row + count; ++i)
      for (int64_t j = i + 1; kept.values[i] && j < row + count; ++j) {
        if (classes && classes->values[i] != classes->values[j])
          continue;
        // As kernels compute it: on the threshold a digit decides.
        auto overlap =
            float(getOverlap(&boxes.values[i * 4], areas.values[i],
                             &boxes.values[j * 4], areas.values[j], border));
        if (op.getInclusive() ? overlap >= float(threshold)
                              : overlap > float(threshold))
          kept.values[j] = 0;
      }
  return {kept};
}

static Arrays match(Operation *operation, const Arrays &operands) {
  auto op = cast<graph::MatchOp>(operation);
  const Array &order = operands[0], &allowed = operands[1];
  Array result(getResultShape(op), -1);
  int64_t rows = op.getRows(), columns = op.getColumns();
  int64_t count = order.shape[1];
  for (int64_t batch = 0; batch < order.shape[0]; ++batch) {
    std::vector<bool> hasRow(columns);
    int64_t matches = 0;
    for (int64_t k = 0; k < count && matches < int64_t(op.getLimit()); ++k) {
      auto pair = int64_t(std::clamp(order.values[batch * count + k], 0.0,
                                     double(rows * columns - 1)));
      double &column = result.values[batch * rows + pair / columns];
      if (!allowed.values[batch * count + k] || column >= 0 ||
          hasRow[pair % columns])
        continue;
      column = double(pair % columns);
      hasRow[pair % columns] = true;
      ++matches;
    }
  }
  return {result};
}

static Arrays compact(Operation *operation, const Arrays &operands) {
  const Array &input = operands[0];
  Array result(getResultShape(operation), double(input.getSize()));
  int64_t count = 0;
  for (int64_t i = 0; i < input.getSize(); ++i)
    if (input.values[i] != 0)
      result.values[++count] = double(i);
  result.values[0] = double(count);
  return {result};
}

Function getOrdering(Operation *op) {
  return llvm::TypeSwitch<Operation *, Function>(op)
      .Case<graph::ArgsortOp>([](auto) { return argsort; })
      .Case<graph::SuppressOp>([](auto) { return suppress; })
      .Case<graph::MatchOp>([](auto) { return match; })
      .Case<graph::CompactOp>([](auto) { return compact; })
      .Default([](auto) { return nullptr; });
}

} // namespace dlc::interpret
