// SPDX-License-Identifier: Apache-2.0
// Lowers the pooling of regions. A task makes a row of cells of one region: for
// each cell it visits the pixels, as many as the data say, and combines all
// channels of each in scratch memory.
#include "passes/lower/GroupLowering.h"

#include "dialects/graph/Inference.h"
#include "dialects/graph/Scalar.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <cfloat>

using namespace mlir;
using namespace dlc;
using namespace dlc::lower;
namespace scalar = dlc::graph::scalar;

using graph::getTensorType;
using Indices = GroupLowering::Indices;

namespace {
/// What both kinds of pooling do alike.
class RegionEmitter {
public:
  RegionEmitter(GroupLowering &lowering, Operation *op, Value data,
                Value images, ArrayRef<int64_t> groups)
      : lowering(lowering), emitter(lowering.emitter), b(lowering.builder),
        op(op), loc(op->getLoc()), data(data), images(images), groups(groups),
        type(getTensorType(data)), element(type.getElementType()),
        cells(getTensorType(op->getResult(0)).getShape().slice(1, 2)),
        channels(getTensorType(op->getResult(0)).getDimSize(3)) {}

protected:
  /// Opens the task of a row of cells; sets `region`, `row` and `image`.
  LogicalResult openTask();
  /// Opens the loop over the row's cells; sets `column` and clears the sums.
  void openCell(double initial);
  /// Combines the sums with what \p compute makes of each channel.
  LogicalResult
  combine(llvm::function_ref<FailureOr<Value>(Value sum, AffineExpr channel)>
              compute);
  /// Stores what \p compute makes of the sums as the cell's elements.
  LogicalResult closeCell(llvm::function_ref<Value(Value sum)> compute);
  /// The element of \p channel at a pixel.
  FailureOr<Value> read(AffineExpr channel, AffineExpr y, AffineExpr x);

  Value constant(double value) {
    return scalar::constant(b, loc, element, value);
  }
  Value constantIndex(int64_t value) {
    return arith::ConstantIndexOp::create(b, loc, value);
  }
  /// An index as a number of the data's type.
  Value toNumber(Value index) {
    Value integer = arith::IndexCastOp::create(b, loc, b.getI64Type(), index);
    return scalar::cast(b, loc, integer, element);
  }
  Value toNumber(AffineExpr index) {
    return toNumber(emitter.emitIndex(loc, index));
  }

  GroupLowering &lowering;
  ElementEmitter &emitter;
  OpBuilder &b;
  Operation *op;
  Location loc;
  Value data, images;
  ArrayRef<int64_t> groups;
  RankedTensorType type;
  Type element;
  ArrayRef<int64_t> cells;
  int64_t channels;
  Value sums; ///< scratch, a number for each channel

  AffineExpr region, row, column, image;
};
} // namespace

LogicalResult RegionEmitter::openTask() {
  sums = kernel::ScratchOp::create(b, loc, MemRefType::get(channels, element));
  int64_t regions = getTensorType(op->getResult(0)).getDimSize(0);
  Indices task = lowering.openTasks(loc, {regions, cells[0]});
  region = task[0];
  row = task[1];
  FailureOr<Value> number = emitter.emit(images, region);
  if (failed(number))
    return failure();
  image = emitter.emitBoundedIndex(loc, *number, type.getDimSize(0),
                                   graph::IndexMode::Clip);
  return success();
}

void RegionEmitter::openCell(double initial) {
  column = lowering.openLoop(loc, cells[1]).front();
  Value value = constant(initial);
  AffineExpr channel = lowering.openVectorLoop(loc, channels);
  emitter.storePhysical(loc, value, sums, channel);
  lowering.closeLoop();
}

LogicalResult RegionEmitter::combine(
    llvm::function_ref<FailureOr<Value>(Value, AffineExpr)> compute) {
  AffineExpr channel = lowering.openVectorLoop(loc, channels);
  Value sum = emitter.loadPhysical(loc, sums, channel);
  FailureOr<Value> combined = compute(sum, channel);
  if (failed(combined))
    return failure();
  emitter.storePhysical(loc, *combined, sums, channel);
  lowering.closeLoop();
  return success();
}

LogicalResult
RegionEmitter::closeCell(llvm::function_ref<Value(Value)> compute) {
  AffineExpr channel = lowering.openVectorLoop(loc, channels);
  Value sum = emitter.loadPhysical(loc, sums, channel);
  emitter.setElement(op->getResult(0), compute(sum));
  if (failed(lowering.finish(loc, {region, row, column, channel})))
    return failure();
  lowering.closeLoop();
  lowering.closeLoop();
  return success();
}

FailureOr<Value> RegionEmitter::read(AffineExpr channel, AffineExpr y,
                                     AffineExpr x) {
  AffineExpr down = (row * groups[0]).floorDiv(cells[0]);
  AffineExpr across = (column * groups[1]).floorDiv(cells[1]);
  AffineExpr from = (channel * groups[0] + down) * groups[1] + across;
  return emitter.emit(data, {image, y, x, from});
}

//===----------------------------------------------------------------------===//
// RoiPoolOp
//===----------------------------------------------------------------------===//

namespace {
class RoiPoolEmitter : RegionEmitter {
public:
  RoiPoolEmitter(GroupLowering &lowering, graph::RoiPoolOp op)
      : RegionEmitter(lowering, op, op.getData(), op.getImages(),
                      op.getGroups()),
        pool(op), isMax(op.getKind() == graph::PoolKind::Max) {}

  LogicalResult emit();

private:
  /// A cell's pixels along one dimension: from begin on, before end.
  struct Span {
    Value begin, end;
  };
  FailureOr<Span> emitSpan(Value bounds, AffineExpr cell, int64_t extent);
  LogicalResult emitPixels(const Span &rows, const Span &columns);

  graph::RoiPoolOp pool;
  bool isMax;
};
} // namespace

FailureOr<RoiPoolEmitter::Span>
RoiPoolEmitter::emitSpan(Value bounds, AffineExpr cell, int64_t extent) {
  Value ends[2];
  for (int i = 0; i < 2; ++i) {
    FailureOr<Value> bound =
        emitter.emit(bounds, {region, cell, emitter.constant(i)});
    if (failed(bound))
      return failure();
    AffineExpr index = emitter.emitBoundedIndex(loc, *bound, extent + 1,
                                                graph::IndexMode::Clip);
    ends[i] = emitter.emitIndex(loc, index);
  }
  Value end = arith::MaxSIOp::create(b, loc, ends[0], ends[1]);
  return Span{ends[0], end};
}

LogicalResult RoiPoolEmitter::emitPixels(const Span &rows,
                                         const Span &columns) {
  AffineExpr y =
      lowering.openBoundedLoop(loc, rows.end, type.getDimSize(1), rows.begin);
  AffineExpr x = lowering.openBoundedLoop(loc, columns.end, type.getDimSize(2),
                                          columns.begin);
  auto compute = [&](Value sum, AffineExpr channel) -> FailureOr<Value> {
    FailureOr<Value> pixel = read(channel, y, x);
    if (failed(pixel) || !isMax)
      return failed(pixel) ? pixel : scalar::add(b, loc, sum, *pixel);
    Value isMore =
        arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, *pixel, sum);
    return Value(arith::SelectOp::create(b, loc, isMore, *pixel, sum));
  };
  if (failed(combine(compute)))
    return failure();
  lowering.closeLoop();
  lowering.closeLoop();
  return success();
}

LogicalResult RoiPoolEmitter::emit() {
  if (failed(openTask()))
    return failure();
  FailureOr<Span> rows = emitSpan(pool.getRows(), row, type.getDimSize(1));
  if (failed(rows))
    return failure();
  openCell(isMax ? -FLT_MAX : 0);
  FailureOr<Span> columns =
      emitSpan(pool.getColumns(), column, type.getDimSize(2));
  if (failed(columns) || failed(emitPixels(*rows, *columns)))
    return failure();
  auto count = [&](const Span &span) -> Value {
    return arith::SubIOp::create(b, loc, span.end, span.begin);
  };
  Value pixels = arith::MulIOp::create(b, loc, count(*rows), count(*columns));
  Value hasPixels = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne,
                                          pixels, constantIndex(0));
  Value number = toNumber(pixels);
  auto finish = [&](Value sum) -> Value {
    Value value = isMax ? sum : scalar::div(b, loc, sum, number);
    return arith::SelectOp::create(b, loc, hasPixels, value, constant(0));
  };
  if (failed(closeCell(finish)))
    return failure();
  lowering.closeSection();
  return success();
}

LogicalResult dlc::lower::lowerRoiPool(GroupLowering &lowering,
                                       graph::RoiPoolOp op) {
  return RoiPoolEmitter(lowering, op).emit();
}

//===----------------------------------------------------------------------===//
// RoiAlignOp
//===----------------------------------------------------------------------===//

namespace {
class RoiAlignEmitter : RegionEmitter {
public:
  RoiAlignEmitter(GroupLowering &lowering, graph::RoiAlignOp op)
      : RegionEmitter(lowering, op, op.getData(), op.getImages(),
                      op.getGroups()),
        align(op) {}

  LogicalResult emit();

private:
  /// The samples along one dimension (0: y, 1: x) of a region.
  struct Grid {
    Value begin, cell; ///< where the region begins and how large its cells are
    Value number;      ///< of samples in a cell
    Value count;       ///< the same as an index
  };
  /// A sample between two pixels.
  struct Tap {
    AffineExpr low, high;
    Value lowWeight, highWeight;
  };
  FailureOr<Grid> emitGrid(int dim);
  /// The samples of the cell at \p corner between which all are that lie in or
  /// near the image: a region that is endlessly large takes no endless time.
  std::pair<Value, Value> emitNearby(const Grid &grid, Value corner,
                                     int64_t extent);
  /// Opens the loop over the samples of \p cell and what is for those in or
  /// near the image.
  Tap openSamples(const Grid &grid, AffineExpr cell, int64_t extent);
  void closeSamples() {
    lowering.closeLoop();
    lowering.closeLoop();
  }
  LogicalResult emitSample(const Tap &y, const Tap &x);

  graph::RoiAlignOp align;
};
} // namespace

FailureOr<RoiAlignEmitter::Grid> RoiAlignEmitter::emitGrid(int dim) {
  auto corner = [&](int64_t i) {
    return emitter.emit(align.getBoxes(), {region, emitter.constant(i)});
  };
  FailureOr<Value> begin = corner(1 - dim), end = corner(3 - dim);
  if (failed(begin) || failed(end))
    return failure();
  Value size = scalar::maximum(b, loc, scalar::sub(b, loc, *end, *begin),
                               constant(align.getMinSize().convertToDouble()));
  Grid grid;
  grid.begin = *begin;
  grid.cell = scalar::div(b, loc, size, constant(double(cells[dim])));
  if (align.getSampling() > 0) {
    grid.number = constant(double(align.getSampling()));
    grid.count = constantIndex(align.getSampling());
    return grid;
  }
  grid.number = math::CeilOp::create(b, loc, grid.cell);
  // NaN makes none.
  AffineExpr count = emitter.emitBoundedIndex(loc, grid.number, INT32_MAX,
                                              graph::IndexMode::Clip);
  grid.count = emitter.emitIndex(loc, count);
  return grid;
}

std::pair<Value, Value>
RoiAlignEmitter::emitNearby(const Grid &grid, Value corner, int64_t extent) {
  Value density = scalar::div(b, loc, grid.number, grid.cell);
  auto indexAt = [&](double place, double margin) {
    Value distance = scalar::sub(b, loc, constant(place), corner);
    Value index = scalar::add(b, loc, scalar::mul(b, loc, distance, density),
                              constant(margin));
    AffineExpr bounded =
        emitter.emitBoundedIndex(loc, index, INT32_MAX, graph::IndexMode::Clip);
    return emitter.emitIndex(loc, bounded);
  };
  Value end =
      arith::MinSIOp::create(b, loc, indexAt(double(extent), 2), grid.count);
  return {indexAt(-1, -2), end};
}

RoiAlignEmitter::Tap RoiAlignEmitter::openSamples(const Grid &grid,
                                                  AffineExpr cell,
                                                  int64_t extent) {
  Value corner = scalar::add(b, loc, grid.begin,
                             scalar::mul(b, loc, toNumber(cell), grid.cell));
  auto [first, end] = emitNearby(grid, corner, extent);
  AffineExpr sample = lowering.openBoundedLoop(loc, end, INT32_MAX, first);
  Value step = scalar::mul(
      b, loc, scalar::add(b, loc, toNumber(sample), constant(0.5)), grid.cell);
  Value place =
      scalar::add(b, loc, corner, scalar::div(b, loc, step, grid.number));
  auto compare = [&](arith::CmpFPredicate predicate, double limit) -> Value {
    return arith::CmpFOp::create(b, loc, predicate, place, constant(limit));
  };
  Value isNear =
      arith::AndIOp::create(b, loc, compare(arith::CmpFPredicate::OGE, -1),
                            compare(arith::CmpFPredicate::OLE, double(extent)));
  lowering.openIf(loc, isNear);
  place = scalar::clip(b, loc, place, 0, double(extent - 1));
  Value floor = math::FloorOp::create(b, loc, place);
  Tap tap;
  tap.highWeight = scalar::sub(b, loc, place, floor);
  tap.lowWeight = scalar::sub(b, loc, constant(1), tap.highWeight);
  tap.low =
      emitter.emitBoundedIndex(loc, floor, extent, graph::IndexMode::Clip);
  tap.high =
      emitter.emitBoundedIndex(loc, scalar::add(b, loc, floor, constant(1)),
                               extent, graph::IndexMode::Clip);
  return tap;
}

LogicalResult RoiAlignEmitter::emitSample(const Tap &y, const Tap &x) {
  Value weights[] = {scalar::mul(b, loc, y.lowWeight, x.lowWeight),
                     scalar::mul(b, loc, y.lowWeight, x.highWeight),
                     scalar::mul(b, loc, y.highWeight, x.lowWeight),
                     scalar::mul(b, loc, y.highWeight, x.highWeight)};
  return combine([&](Value sum, AffineExpr channel) -> FailureOr<Value> {
    Value sample;
    for (auto [i, weight] : llvm::enumerate(weights)) {
      FailureOr<Value> pixel =
          read(channel, i < 2 ? y.low : y.high, i % 2 ? x.high : x.low);
      if (failed(pixel))
        return failure();
      Value part = scalar::mul(b, loc, weight, *pixel);
      sample = sample ? scalar::add(b, loc, sample, part) : part;
    }
    return scalar::add(b, loc, sum, sample);
  });
}

LogicalResult RoiAlignEmitter::emit() {
  if (failed(openTask()))
    return failure();
  FailureOr<Grid> rows = emitGrid(0), columns = emitGrid(1);
  if (failed(rows) || failed(columns))
    return failure();
  Value count = scalar::mul(b, loc, rows->number, columns->number);
  openCell(0);
  Tap y = openSamples(*rows, row, type.getDimSize(1));
  Tap x = openSamples(*columns, column, type.getDimSize(2));
  if (failed(emitSample(y, x)))
    return failure();
  closeSamples();
  closeSamples();
  if (failed(closeCell(
          [&](Value sum) { return scalar::div(b, loc, sum, count); })))
    return failure();
  lowering.closeSection();
  return success();
}

LogicalResult dlc::lower::lowerRoiAlign(GroupLowering &lowering,
                                        graph::RoiAlignOp op) {
  return RoiAlignEmitter(lowering, op).emit();
}
