// SPDX-License-Identifier: Apache-2.0
// Normalisations and softmax as their definitions have them.
#include "compiler/interpret/Array.h"

#include "llvm/ADT/TypeSwitch.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace dlc::interpret {

namespace {
/// Elements that are normalised together: \c count of them, \c inner apart,
/// [outer][count][inner].
struct Lines {
  Lines(const Array &x, int64_t first, int64_t last)
      : outer(x.getExtent(0, first)), count(x.getExtent(first, last)),
        inner(x.getExtent(last, x.getRank())) {}

  int64_t outer, count, inner;

  /// Calls \p body with the first element of each line.
  void run(llvm::function_ref<void(int64_t)> body) const {
    for (int64_t i = 0; i < outer; ++i)
      for (int64_t j = 0; j < inner; ++j)
        body(i * count * inner + j);
  }
};
} // namespace

/// (x - mean) / sqrt(variance + epsilon) along each line.
static Array normalize(const Array &x, const Lines &lines, double epsilon) {
  Array result(x.shape);
  lines.run([&](int64_t first) {
    auto at = [&](int64_t i) { return first + i * lines.inner; };
    double mean = 0, variance = 0;
    for (int64_t i = 0; i < lines.count; ++i)
      mean += x.values[at(i)];
    mean /= double(lines.count);
    for (int64_t i = 0; i < lines.count; ++i)
      variance += (x.values[at(i)] - mean) * (x.values[at(i)] - mean);
    variance /= double(lines.count);
    for (int64_t i = 0; i < lines.count; ++i)
      result.values[at(i)] =
          (x.values[at(i)] - mean) / std::sqrt(variance + epsilon);
  });
  return result;
}

/// Scales and shifts \p x by vectors along \p axis.
static void scale(Array &x, int64_t axis, const Array &gamma,
                  const Array &beta) {
  int64_t inner = x.getExtent(axis + 1, x.getRank()), extent = x.shape[axis];
  for (int64_t i = 0; i < x.getSize(); ++i) {
    int64_t channel = i / inner % extent;
    x.values[i] = x.values[i] * gamma.values[channel] + beta.values[channel];
  }
}

static Arrays batchNorm(Operation *operation, const Arrays &operands) {
  auto op = cast<graph::BatchNormOp>(operation);
  Array result = operands[0];
  Array factor(operands[1].shape), shift(operands[1].shape);
  for (int64_t i = 0; i < factor.getSize(); ++i) {
    factor.values[i] =
        operands[1].values[i] /
        std::sqrt(operands[4].values[i] + op.getEpsilon().convertToDouble());
    shift.values[i] =
        operands[2].values[i] - operands[3].values[i] * factor.values[i];
  }
  scale(result, op.getAxis(), factor, shift);
  return {result};
}

static Arrays layerNorm(Operation *operation, const Arrays &operands) {
  auto op = cast<graph::LayerNormOp>(operation);
  int64_t axis = op.getAxis();
  Array result = normalize(operands[0], Lines(operands[0], axis, axis + 1),
                           op.getEpsilon().convertToDouble());
  scale(result, axis, operands[1], operands[2]);
  return {result};
}

static Arrays instanceNorm(Operation *operation, const Arrays &operands) {
  auto op = cast<graph::InstanceNormOp>(operation);
  Array result =
      normalize(operands[0], Lines(operands[0], 2, operands[0].getRank()),
                op.getEpsilon().convertToDouble());
  scale(result, 1, operands[1], operands[2]);
  return {result};
}

static Arrays groupNorm(Operation *operation, const Arrays &operands) {
  auto op = cast<graph::GroupNormOp>(operation);
  Array grouped = operands[0];
  int64_t groups = op.getGroups(), images = grouped.shape[0];
  grouped.shape = {images, groups,
                   images * groups > 0 ? grouped.getSize() / (images * groups)
                                       : 0};
  Array result = normalize(grouped, Lines(grouped, 2, 3),
                           op.getEpsilon().convertToDouble());
  result.shape = operands[0].shape;
  scale(result, 1, operands[1], operands[2]);
  return {result};
}

static Arrays lrn(Operation *operation, const Arrays &operands) {
  auto op = cast<graph::LrnOp>(operation);
  const Array &x = operands[0];
  Array result(x.shape);
  int64_t half = op.getSize() / 2, channels = x.shape[1];
  Shape from;
  forEachIndex(x.shape, [&](ArrayRef<int64_t> at) {
    double sum = 0;
    from.assign(at.begin(), at.end());
    for (int64_t c = std::max<int64_t>(at[1] - half, 0);
         c <= std::min(at[1] + half, channels - 1); ++c) {
      from[1] = c;
      sum += x.at(from) * x.at(from);
    }
    double base = op.getKnorm().convertToDouble() +
                  op.getAlpha().convertToDouble() / double(op.getSize()) * sum;
    result.at(at) = x.at(at) * std::pow(base, -op.getBeta().convertToDouble());
  });
  return {result};
}

/// Softmax or its logarithm along \p axis.
static Array softmax(const Array &x, int64_t axis, bool isLog) {
  Array result(x.shape);
  Lines lines(x, axis, axis + 1);
  lines.run([&](int64_t first) {
    auto at = [&](int64_t i) { return first + i * lines.inner; };
    double greatest = -std::numeric_limits<double>::infinity(), sum = 0;
    for (int64_t i = 0; i < lines.count; ++i)
      greatest = std::max(greatest, x.values[at(i)]);
    for (int64_t i = 0; i < lines.count; ++i)
      sum += std::exp(x.values[at(i)] - greatest);
    for (int64_t i = 0; i < lines.count; ++i) {
      double shifted = x.values[at(i)] - greatest;
      result.values[at(i)] =
          isLog ? shifted - std::log(sum) : std::exp(shifted) / sum;
    }
  });
  return result;
}

Function getNormalization(Operation *op) {
  return llvm::TypeSwitch<Operation *, Function>(op)
      .Case<graph::BatchNormOp>([](auto) { return batchNorm; })
      .Case<graph::LayerNormOp>([](auto) { return layerNorm; })
      .Case<graph::InstanceNormOp>([](auto) { return instanceNorm; })
      .Case<graph::GroupNormOp>([](auto) { return groupNorm; })
      .Case<graph::LrnOp>([](auto) { return lrn; })
      .Case<graph::SoftmaxOp>([](auto) -> Function {
        return [](Operation *op, const Arrays &x) {
          return Arrays{
              softmax(x[0], cast<graph::SoftmaxOp>(op).getAxis(), false)};
        };
      })
      .Case<graph::LogSoftmaxOp>([](auto) -> Function {
        return [](Operation *op, const Arrays &x) {
          return Arrays{
              softmax(x[0], cast<graph::LogSoftmaxOp>(op).getAxis(), true)};
        };
      })
      .Default([](auto) { return nullptr; });
}

} // namespace dlc::interpret
