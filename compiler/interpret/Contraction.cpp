// SPDX-License-Identifier: Apache-2.0
// Convolutions, matrix products, pooling and attention as their definitions
// have them.
#include "compiler/interpret/Array.h"

#include "llvm/ADT/TypeSwitch.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace dlc::interpret {

/// The three spatial extents of \p shape, [.., .., spatial...], the first ones
/// 1 where there are fewer.
static std::array<int64_t, 3> getSpatial(ArrayRef<int64_t> values,
                                         int64_t fill) {
  std::array<int64_t, 3> result{fill, fill, fill};
  llvm::copy(values, result.end() - values.size());
  return result;
}

namespace {
/// A convolution's geometry, in three spatial dimensions: the element `out` of
/// one side meets the element out * stride + tap * dilation - pad of the other.
struct Windows {
  std::array<int64_t, 3> small, large, kernel, stride, dilation, pad;

  /// Calls \p body for each tap with its number and, row by row, the first
  /// elements of both sides that meet, how many do, and the large side's step.
  void run(llvm::function_ref<void(int64_t tap, int64_t small, int64_t large,
                                   int64_t count)>
               body) const;
};
} // namespace

void Windows::run(
    llvm::function_ref<void(int64_t, int64_t, int64_t, int64_t)> body) const {
  auto place = [&](int dim, int64_t out, int64_t tap) {
    return out * stride[dim] + tap * dilation[dim] - pad[dim];
  };
  for (int64_t tap = 0; tap < kernel[0] * kernel[1] * kernel[2]; ++tap) {
    int64_t taps[] = {tap / (kernel[1] * kernel[2]),
                      tap / kernel[2] % kernel[1], tap % kernel[2]};
    // The part of a row that lies within the large side.
    int64_t begin = 0, end = small[2];
    while (begin < end && place(2, begin, taps[2]) < 0)
      ++begin;
    while (end > begin && place(2, end - 1, taps[2]) >= large[2])
      --end;
    for (int64_t z = 0; z < small[0]; ++z)
      for (int64_t y = 0; y < small[1]; ++y) {
        int64_t fromZ = place(0, z, taps[0]), fromY = place(1, y, taps[1]);
        if (fromZ < 0 || fromZ >= large[0] || fromY < 0 || fromY >= large[1])
          continue;
        body(tap, (z * small[1] + y) * small[2] + begin,
             (fromZ * large[1] + fromY) * large[2] + place(2, begin, taps[2]),
             end - begin);
      }
  }
}

/// A convolution (from `large` to `small`) or its transpose (back).
static void convolve(const Windows &windows, int64_t images, int64_t groups,
                     const Array &filter, bool isTransposed, const Array &input,
                     Array &result) {
  int64_t taps = filter.getExtent(2, filter.getRank());
  int64_t rows = filter.shape[0] / groups, columns = filter.shape[1];
  auto volume = [](const std::array<int64_t, 3> &e) {
    return e[0] * e[1] * e[2];
  };
  int64_t small = volume(windows.small), large = volume(windows.large);
  int64_t step = windows.stride[2];
  for (int64_t image = 0; image < images; ++image)
    for (int64_t group = 0; group < groups; ++group)
      for (int64_t row = 0; row < rows; ++row)
        for (int64_t column = 0; column < columns; ++column) {
          int64_t r = group * rows + row, c = group * columns + column;
          const double *weights = &filter.values[(r * columns + column) * taps];
          // Rows of the filter are channels of the small side.
          int64_t smallPlane = (image * groups * rows + r) * small;
          int64_t largePlane = (image * groups * columns + c) * large;
          windows.run([&](int64_t tap, int64_t s, int64_t l, int64_t count) {
            const double *from =
                &input.values[isTransposed ? smallPlane + s : largePlane + l];
            double *to =
                &result.values[isTransposed ? largePlane + l : smallPlane + s];
            int64_t fromStep = isTransposed ? 1 : step,
                    toStep = isTransposed ? step : 1;
            for (int64_t i = 0; i < count; ++i)
              to[i * toStep] += weights[tap] * from[i * fromStep];
          });
        }
}

/// Starts a result [N, C, ...] from the bias of its channels, if there is one.
static Array startFromBias(ArrayRef<int64_t> shape, const Array &bias) {
  Array result(shape);
  int64_t plane = result.getExtent(2, shape.size());
  if (bias.getSize() > 0 && plane > 0)
    for (int64_t i = 0; i < result.getSize(); ++i)
      result.values[i] = bias.values[i / plane % shape[1]];
  return result;
}

/// A convolution or, with the sides exchanged, its transpose.
template <typename Op, bool isTransposed>
static Arrays convolve(Operation *operation, const Arrays &operands) {
  auto op = cast<Op>(operation);
  const Array &input = operands[0], &filter = operands[1];
  Array result = startFromBias(getResultShape(op),
                               operands.size() > 2 ? operands[2] : Array());
  auto getExtents = [](const Array &x) {
    return getSpatial(ArrayRef(x.shape).drop_front(2), 1);
  };
  Windows windows{getExtents(isTransposed ? input : result),
                  getExtents(isTransposed ? result : input),
                  getExtents(filter),
                  getSpatial(op.getStrides(), 1),
                  getSpatial(op.getDilations(), 1),
                  getSpatial(op.getPadLow(), 0)};
  convolve(windows, input.shape[0], op.getGroups(), filter, isTransposed, input,
           result);
  return {result};
}

/// result[m, n] = start[m, n] + sum over k of lhs[m, k] rhs[n, k].
static void multiply(int64_t m, int64_t n, int64_t k, const double *lhs,
                     const double *rhs, double *result) {
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < n; ++j) {
      double sum = 0;
      for (int64_t x = 0; x < k; ++x)
        sum += lhs[i * k + x] * rhs[j * k + x];
      result[i * n + j] += sum;
    }
}

static Arrays dense(Operation *op, const Arrays &operands) {
  const Array &input = operands[0], &filter = operands[1];
  int64_t n = filter.shape[0], k = filter.shape[1];
  Array result(getResultShape(op));
  if (operands.size() > 2)
    for (int64_t i = 0; i < result.getSize(); ++i)
      result.values[i] = operands[2].values[i % n];
  int64_t m = input.getExtent(0, input.getRank() - 1);
  multiply(m, n, k, input.values.data(), filter.values.data(),
           result.values.data());
  return {result};
}

/// \p x with its dimensions in the order \p order.
static Array permute(const Array &x, ArrayRef<int64_t> order) {
  Shape shape;
  for (int64_t dim : order)
    shape.push_back(x.shape[dim]);
  Array result(shape);
  Shape from(order.size());
  forEachIndex(shape, [&](ArrayRef<int64_t> at) {
    for (auto [dim, index] : llvm::zip(order, at))
      from[dim] = index;
    result.at(at) = x.at(from);
  });
  return result;
}

static Arrays dot(Operation *operation, const Arrays &operands) {
  auto op = cast<graph::DotOp>(operation);
  // Both sides as [batch, free, contracted].
  auto arrange = [](const Array &x, ArrayRef<int64_t> batch,
                    ArrayRef<int64_t> contract) {
    Shape order(batch);
    for (int64_t dim = 0; dim < x.getRank(); ++dim)
      if (!llvm::is_contained(batch, dim) && !llvm::is_contained(contract, dim))
        order.push_back(dim);
    llvm::append_range(order, contract);
    return permute(x, order);
  };
  Array lhs = arrange(operands[0], op.getLhsBatch(), op.getLhsContract());
  Array rhs = arrange(operands[1], op.getRhsBatch(), op.getRhsContract());
  int64_t numBatch = op.getLhsBatch().size(), numK = op.getLhsContract().size();
  int64_t batch = lhs.getExtent(0, numBatch);
  int64_t k = lhs.getExtent(lhs.getRank() - numK, lhs.getRank());
  int64_t m = lhs.getExtent(numBatch, lhs.getRank() - numK);
  int64_t n = rhs.getExtent(numBatch, rhs.getRank() - numK);
  Array result(getResultShape(op));
  for (int64_t i = 0; i < batch; ++i)
    multiply(m, n, k, &lhs.values[i * m * k], &rhs.values[i * n * k],
             &result.values[i * m * n]);
  return {result};
}

/// The elements that the mean of a window is taken over.
static double getCount(graph::PoolOp op, ArrayRef<int64_t> spatial,
                       ArrayRef<int64_t> at) {
  double count = 1;
  for (size_t i = 0; i < spatial.size(); ++i) {
    int64_t low = op.getCountIncludePad() ? op.getPadLow()[i] : 0;
    int64_t high = op.getCountIncludePad() ? op.getPadHigh()[i] : 0;
    int64_t start = at[2 + i] * op.getStrides()[i] - op.getPadLow()[i];
    int64_t end = std::min(start + op.getKernel()[i], spatial[i] + high);
    count *= double(std::max<int64_t>(end - std::max(start, -low), 1));
  }
  return count;
}

static Arrays pool(Operation *operation, const Arrays &operands) {
  auto op = cast<graph::PoolOp>(operation);
  const Array &input = operands[0];
  Array result(getResultShape(op));
  auto spatial = ArrayRef(input.shape).drop_front(2);
  bool isMax = op.getKind() == graph::PoolKind::Max;
  double p = double(op.getP());
  forEachIndex(result.shape, [&](ArrayRef<int64_t> at) {
    double value = isMax ? -std::numeric_limits<double>::infinity() : 0;
    bool isEmpty = true;
    Shape from(at);
    forEachIndex(op.getKernel(), [&](ArrayRef<int64_t> tap) {
      for (size_t i = 0; i < spatial.size(); ++i) {
        from[2 + i] =
            at[2 + i] * op.getStrides()[i] + tap[i] - op.getPadLow()[i];
        if (from[2 + i] < 0 || from[2 + i] >= spatial[i])
          return;
      }
      isEmpty = false;
      double x = input.at(from);
      if (isMax)
        value = x > value ? x : value;
      else
        value +=
            op.getKind() == graph::PoolKind::Lp ? std::pow(std::fabs(x), p) : x;
    });
    if (isEmpty)
      value = isMax ? -std::numeric_limits<float>::max() : 0;
    if (op.getKind() == graph::PoolKind::Avg)
      value /= getCount(op, spatial, at);
    if (op.getKind() == graph::PoolKind::Lp)
      value = std::pow(value, 1 / p);
    result.at(at) = value;
  });
  return {result};
}

Function getContraction(Operation *op) {
  return llvm::TypeSwitch<Operation *, Function>(op)
      .Case<graph::ConvOp>([](auto) { return convolve<graph::ConvOp, false>; })
      .Case<graph::DeconvOp>(
          [](auto) { return convolve<graph::DeconvOp, true>; })
      .Case<graph::DenseOp>([](auto) { return dense; })
      .Case<graph::DotOp>([](auto) { return dot; })
      .Case<graph::PoolOp>([](auto) { return pool; })
      .Default([](auto) { return nullptr; });
}

} // namespace dlc::interpret
