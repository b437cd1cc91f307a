// SPDX-License-Identifier: Apache-2.0
// Recurrent layers as their definitions have them.
#include "compiler/interpret/Array.h"

#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;

namespace dlc::interpret {

static double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

/// Parts that the gates of a cell of kind \p mode have.
static int64_t getGates(graph::RnnMode mode) {
  return mode == graph::RnnMode::Lstm ? 4 : mode == graph::RnnMode::Gru ? 3 : 1;
}

namespace {
/// One unit of a cell: `a` and `r`, the input's and the state's part of each
/// gate.
struct Unit {
  double a[4], r[4];

  /// The unit's next h; updates \p c, for lstm.
  double step(graph::RnnMode mode, double h, double &c) const;
};
} // namespace

double Unit::step(graph::RnnMode mode, double h, double &c) const {
  switch (mode) {
  case graph::RnnMode::Lstm:
    c = sigmoid(a[1] + r[1]) * c +
        sigmoid(a[0] + r[0]) * std::tanh(a[2] + r[2]);
    return sigmoid(a[3] + r[3]) * std::tanh(c);
  case graph::RnnMode::Gru: {
    double z = sigmoid(a[1] + r[1]);
    return (1 - z) * std::tanh(a[2] + sigmoid(a[0] + r[0]) * r[2]) + z * h;
  }
  case graph::RnnMode::Tanh:
    return std::tanh(a[0] + r[0]);
  case graph::RnnMode::Relu:
    return std::max(a[0] + r[0], 0.0);
  }
  llvm_unreachable("unknown mode");
}

namespace {
/// One direction of a layer.
struct Direction {
  graph::RnnMode mode;
  bool isReverse;
  int64_t hidden;
  /// The input's part, and the bias of the state's part, of a gate's row.
  llvm::function_ref<double(int64_t step, int64_t image, int64_t row)> input;
  llvm::function_ref<double(int64_t row)> stateBias;
  const double *weights; ///< [G H, H]

  /// Runs \p steps steps of one image from \p h and \p c, which end as the last
  /// states; \p output gets each step's.
  void run(int64_t steps, int64_t image, std::vector<double> &h,
           std::vector<double> &c,
           llvm::function_ref<void(int64_t step, int64_t unit, double h)>
               output) const;
};
} // namespace

void Direction::run(
    int64_t steps, int64_t image, std::vector<double> &h,
    std::vector<double> &c,
    llvm::function_ref<void(int64_t, int64_t, double)> output) const {
  int64_t gates = getGates(mode);
  for (int64_t i = 0; i < steps; ++i) {
    int64_t step = isReverse ? steps - 1 - i : i;
    std::vector<double> next(hidden);
    for (int64_t unit = 0; unit < hidden; ++unit) {
      Unit cell{};
      for (int64_t gate = 0; gate < gates; ++gate) {
        int64_t row = gate * hidden + unit;
        cell.a[gate] = input(step, image, row);
        cell.r[gate] = stateBias(row);
        for (int64_t k = 0; k < hidden; ++k)
          cell.r[gate] += weights[row * hidden + k] * h[k];
      }
      next[unit] = cell.step(mode, h[unit], c[unit]);
      output(step, unit, next[unit]);
    }
    h = next;
  }
}

/// Columns [first, first + count) of row \p row of \p x.
static std::vector<double> getRow(const Array &x, int64_t row, int64_t first,
                                  int64_t count) {
  auto begin = x.values.begin() + row * x.shape.back() + first;
  return std::vector<double>(begin, begin + count);
}

static Arrays rnn(Operation *operation, const Arrays &operands) {
  auto op = cast<graph::RnnOp>(operation);
  const Array &x = operands[0], &wInput = operands[1], &wHidden = operands[2];
  int64_t steps = x.shape[0], images = x.shape[1], inputs = x.shape[2];
  int64_t hidden = wHidden.shape[1];
  auto input = [&](int64_t step, int64_t image, int64_t row) {
    double sum = operands[3].values[row];
    for (int64_t k = 0; k < inputs; ++k)
      sum += wInput.values[row * inputs + k] *
             x.values[(step * images + image) * inputs + k];
    return sum;
  };
  auto bias = [&](int64_t row) { return operands[4].values[row]; };
  Direction direction{op.getMode(), op.getReverse(),      hidden, input,
                      bias,         wHidden.values.data()};
  Array output({steps, images, hidden}), last({images, hidden}), cell = last;
  for (int64_t image = 0; image < images; ++image) {
    std::vector<double> h = getRow(operands[5], image, 0, hidden);
    std::vector<double> c = op.getC0() ? getRow(operands[6], image, 0, hidden)
                                       : std::vector<double>(hidden);
    direction.run(steps, image, h, c,
                  [&](int64_t step, int64_t unit, double value) {
                    output.at({step, image, unit}) = value;
                  });
    llvm::copy(h, last.values.begin() + image * hidden);
    llvm::copy(c, cell.values.begin() + image * hidden);
  }
  Arrays results{output, last};
  if (op.getCN())
    results.push_back(cell);
  return results;
}

static Arrays recurrence(Operation *operation, const Arrays &operands) {
  auto op = cast<graph::RecurrenceOp>(operation);
  const Array &x = operands[0], &weights = operands[1], &h0 = operands[2];
  int64_t steps = x.shape[0], images = x.shape[1], columns = x.shape[2];
  int64_t hidden = weights.shape[1], width = h0.shape[1];
  int64_t rows = getGates(op.getMode()) * hidden;
  const Array *c0 = op.getC0() ? &operands[3] : nullptr;
  const Array *candidate = op.getBCandidate() ? &operands[c0 ? 4 : 3] : nullptr;
  Array output({steps, images, width}), cell({images, width});
  for (auto [number, isReverse] : llvm::enumerate(op.getReverse())) {
    int64_t first = int64_t(number) * rows, unit0 = int64_t(number) * hidden;
    auto input = [&](int64_t step, int64_t image, int64_t row) {
      return x.values[(step * images + image) * columns + first + row];
    };
    // Only the candidate of gru has one.
    auto bias = [&](int64_t row) {
      return candidate && row >= 2 * hidden
                 ? candidate->values[unit0 + row - 2 * hidden]
                 : 0;
    };
    Direction direction{op.getMode(), isReverse,
                        hidden,       input,
                        bias,         &weights.values[first * hidden]};
    for (int64_t image = 0; image < images; ++image) {
      std::vector<double> h = getRow(h0, image, unit0, hidden);
      std::vector<double> c =
          c0 ? getRow(*c0, image, unit0, hidden) : std::vector<double>(hidden);
      direction.run(steps, image, h, c,
                    [&](int64_t step, int64_t unit, double value) {
                      output.at({step, image, unit0 + unit}) = value;
                    });
      llvm::copy(c, cell.values.begin() + image * width + unit0);
    }
  }
  Arrays results{output};
  if (op.getCN())
    results.push_back(cell);
  return results;
}

Function getRecurrent(Operation *op) {
  return llvm::TypeSwitch<Operation *, Function>(op)
      .Case<graph::RnnOp>([](auto) { return rnn; })
      .Case<graph::RecurrenceOp>([](auto) { return recurrence; })
      .Default([](auto) { return nullptr; });
}

} // namespace dlc::interpret
