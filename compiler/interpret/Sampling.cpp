// SPDX-License-Identifier: Apache-2.0
// Images read at computed places, as the definitions have it.
#include "compiler/interpret/Array.h"

#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;

namespace dlc::interpret {

/// The image that \p index names, of \p count.
static int64_t getImage(double index, int64_t count) {
  return int64_t(std::clamp(index, 0.0, double(count - 1)));
}

/// The element between the four pixels around (y, x); \p read gets whole ones.
static double interpolate(double y, double x,
                          llvm::function_ref<double(double, double)> read) {
  double top = std::floor(y), left = std::floor(x);
  double down = y - top, right = x - left;
  auto row = [&](double from) {
    return (1 - right) * read(from, left) + right * read(from, left + 1);
  };
  return (1 - down) * row(top) + down * row(top + 1);
}

static Arrays sample(Operation *operation, const Arrays &operands) {
  auto op = cast<graph::SampleOp>(operation);
  const Array &data = operands[0], &ys = operands[1], &xs = operands[2];
  bool isLast = op.getChannelsLast(),
       isZero = op.getBorder() == graph::Border::Zero;
  int64_t height = data.shape[isLast ? 1 : 2],
          width = data.shape[isLast ? 2 : 3];
  Array result(getResultShape(op));
  forEachIndex(result.shape, [&](ArrayRef<int64_t> at) {
    int64_t channel = isLast ? at.back() : at[1];
    Shape place{at[0]};
    llvm::append_range(place,
                       isLast ? at.drop_front().drop_back() : at.drop_front(2));
    int64_t image = op.getImages()
                        ? getImage(operands[3].values[at[0]], data.shape[0])
                        : at[0];
    auto read = [&](double y, double x) {
      bool isInside =
          y >= 0 && y < double(height) && x >= 0 && x < double(width);
      if (isZero && !isInside)
        return 0.0;
      auto row = int64_t(std::clamp(y, 0.0, double(height - 1)));
      auto column = int64_t(std::clamp(x, 0.0, double(width - 1)));
      return isLast ? data.at({image, row, column, channel})
                    : data.at({image, channel, row, column});
    };
    result.at(at) = interpolate(ys.at(place), xs.at(place), read);
  });
  return {result};
}

/// The channel of the data that cell (p, q) of channel \p c reads.
static int64_t getChannel(ArrayRef<int64_t> groups, ArrayRef<int64_t> pooled,
                          int64_t c, int64_t p, int64_t q) {
  return (c * groups[0] + p * groups[0] / pooled[0]) * groups[1] +
         q * groups[1] / pooled[1];
}

namespace {
/// The samples of a cell in one direction. In single precision, as kernels
/// compute them: the last digit may decide how many there are.
struct Grid {
  Grid(double low, double high, double least, int64_t cells, int64_t cell,
       int64_t sampling) {
    float extent = std::max(float(high) - float(low), float(least));
    step = extent / float(cells);
    count = sampling > 0 ? sampling : int64_t(std::ceil(step));
    first = float(low) + float(cell) * step;
  }
  float get(int64_t i) const {
    return first + (float(i) + 0.5f) * step / float(count);
  }

  float first, step;
  int64_t count;
};
} // namespace

static Arrays roiAlign(Operation *operation, const Arrays &operands) {
  auto op = cast<graph::RoiAlignOp>(operation);
  const Array &data = operands[0], &boxes = operands[2];
  auto height = double(data.shape[1]), width = double(data.shape[2]);
  ArrayRef<int64_t> pooled = op.getPooled();
  double least = op.getMinSize().convertToDouble();
  Array result(getResultShape(op));
  forEachIndex(result.shape, [&](ArrayRef<int64_t> at) {
    const double *box = &boxes.values[at[0] * 4];
    Grid rows(box[1], box[3], least, pooled[0], at[1], op.getSampling());
    Grid columns(box[0], box[2], least, pooled[1], at[2], op.getSampling());
    int64_t image = getImage(operands[1].values[at[0]], data.shape[0]);
    int64_t channel = getChannel(op.getGroups(), pooled, at[3], at[1], at[2]);
    double sum = 0;
    for (int64_t i = 0; i < rows.count; ++i)
      for (int64_t j = 0; j < columns.count; ++j) {
        double y = rows.get(i), x = columns.get(j);
        if (!(y >= -1 && y <= height && x >= -1 && x <= width))
          continue;
        y = std::clamp(y, 0.0, height - 1);
        x = std::clamp(x, 0.0, width - 1);
        sum += interpolate(y, x, [&](double row, double column) {
          return data.at({image, int64_t(std::min(row, height - 1)),
                          int64_t(std::min(column, width - 1)), channel});
        });
      }
    result.at(at) =
        sum / double(std::max<int64_t>(rows.count * columns.count, 1));
  });
  return {result};
}

static Arrays roiPool(Operation *operation, const Arrays &operands) {
  auto op = cast<graph::RoiPoolOp>(operation);
  const Array &data = operands[0], &rows = operands[2], &columns = operands[3];
  Array result(getResultShape(op));
  auto getEnds = [](const Array &ends, int64_t region, int64_t cell,
                    int64_t extent) {
    auto get = [&](int64_t side) {
      return int64_t(
          std::clamp(ends.at({region, cell, side}), 0.0, double(extent)));
    };
    return std::pair(get(0), get(1));
  };
  int64_t pooled[] = {rows.shape[1], columns.shape[1]};
  bool isMax = op.getKind() == graph::PoolKind::Max;
  forEachIndex(result.shape, [&](ArrayRef<int64_t> at) {
    auto [top, bottom] = getEnds(rows, at[0], at[1], data.shape[1]);
    auto [left, right] = getEnds(columns, at[0], at[2], data.shape[2]);
    int64_t image = getImage(operands[1].values[at[0]], data.shape[0]);
    int64_t channel = getChannel(op.getGroups(), pooled, at[3], at[1], at[2]);
    if (top >= bottom || left >= right)
      return;
    double value = isMax ? -std::numeric_limits<double>::infinity() : 0;
    for (int64_t y = top; y < bottom; ++y)
      for (int64_t x = left; x < right; ++x) {
        double pixel = data.at({image, y, x, channel});
        value = !isMax ? value + pixel : pixel > value ? pixel : value;
      }
    result.at(at) =
        isMax ? value : value / double((bottom - top) * (right - left));
  });
  return {result};
}

Function getSampling(Operation *op) {
  return llvm::TypeSwitch<Operation *, Function>(op)
      .Case<graph::SampleOp>([](auto) { return sample; })
      .Case<graph::RoiAlignOp>([](auto) { return roiAlign; })
      .Case<graph::RoiPoolOp>([](auto) { return roiPool; })
      .Default([](auto) { return nullptr; });
}

} // namespace dlc::interpret
