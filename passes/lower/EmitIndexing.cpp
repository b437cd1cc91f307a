// SPDX-License-Identifier: Apache-2.0
// Elements of operators that choose where to read: gathers, padding, resizing,
// sampling.
#include "passes/lower/ElementEmitter.h"

#include "dialects/graph/Scalar.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::lower;
namespace scalar = dlc::graph::scalar;

Value ElementEmitter::toIndex(Location loc, Value element) {
  Type i64 = builder.getI64Type();
  Value integer = scalar::cast(builder, loc, element, i64);
  return arith::IndexCastOp::create(builder, loc, builder.getIndexType(),
                                    integer);
}

/// The type in which an index from 0 to \p extent, given as a \p type, is
/// exact.
static Type getExactType(Type type, int64_t extent) {
  MLIRContext *context = type.getContext();
  if (isa<FloatType>(type))
    return type.isF64() || extent > (int64_t(1) << 24)
               ? Type(Float64Type::get(context))
               : Float32Type::get(context);
  bool isNarrow = type.getIntOrFloatBitWidth() <= 32 &&
                  extent <= std::numeric_limits<int32_t>::max();
  return IntegerType::get(context, isNarrow ? 32 : 64);
}

AffineExpr ElementEmitter::emitBoundedIndex(Location loc, Value element,
                                            int64_t extent,
                                            graph::IndexMode mode) {
  Type type = getExactType(element.getType(), extent);
  element = scalar::cast(builder, loc, element, type);
  if (mode == graph::IndexMode::Wrap) {
    if (isa<FloatType>(type))
      element = math::TruncOp::create(builder, loc, element);
    Value limit = scalar::constant(builder, loc, type, double(extent));
    element = scalar::mod(builder, loc, element, limit);
  }
  // Floats before they become integers, which a huge one or NaN doesn't fit;
  // wrapped ones too, for the remainder of infinity is NaN.
  if (mode == graph::IndexMode::Clip || isa<FloatType>(type)) {
    Value zero = scalar::constant(builder, loc, type, 0);
    Value last = scalar::constant(builder, loc, type, double(extent - 1));
    Value isInside = scalar::compare(builder, loc, arith::CmpFPredicate::OGT,
                                     arith::CmpIPredicate::sgt, element, zero);
    element = arith::SelectOp::create(builder, loc, isInside, element, zero);
    Value isMore = scalar::compare(builder, loc, arith::CmpFPredicate::OGT,
                                   arith::CmpIPredicate::sgt, element, last);
    element = arith::SelectOp::create(builder, loc, isMore, last, element);
  }
  return addIndex(toIndex(loc, element), extent);
}

FailureOr<Value> ElementEmitter::emitGather(graph::GatherOp op,
                                            ArrayRef<AffineExpr> indices) {
  int64_t axis = op.getAxis();
  auto data = cast<RankedTensorType>(op.getData().getType());
  int64_t rank = cast<RankedTensorType>(op.getIndices().getType()).getRank();
  FailureOr<Value> element = emit(op.getIndices(), indices.slice(axis, rank));
  if (failed(element))
    return failure();
  Indices at(indices.take_front(axis));
  at.push_back(emitBoundedIndex(op.getLoc(), *element, data.getDimSize(axis),
                                op.getMode()));
  llvm::append_range(at, indices.drop_front(axis + rank));
  return emit(op.getData(), at);
}

FailureOr<Value> ElementEmitter::emitGatherNd(graph::GatherNdOp op,
                                              ArrayRef<AffineExpr> indices) {
  auto data = cast<RankedTensorType>(op.getData().getType());
  auto type = cast<RankedTensorType>(op.getIndices().getType());
  int64_t numRows = type.getDimSize(0), rank = type.getRank() - 1;
  Indices at;
  for (int64_t row = 0; row < numRows; ++row) {
    Indices from{constant(row)};
    llvm::append_range(from, indices.take_front(rank));
    FailureOr<Value> element = emit(op.getIndices(), from);
    if (failed(element))
      return failure();
    at.push_back(emitBoundedIndex(op.getLoc(), *element, data.getDimSize(row),
                                  graph::IndexMode::Clip));
  }
  llvm::append_range(at, indices.drop_front(rank));
  return emit(op.getData(), at);
}

FailureOr<Value> ElementEmitter::emitTakeAlong(graph::TakeAlongOp op,
                                               ArrayRef<AffineExpr> indices) {
  FailureOr<Value> element = emit(op.getIndices(), indices);
  if (failed(element))
    return failure();
  auto data = cast<RankedTensorType>(op.getData().getType());
  Indices at(indices);
  at[op.getAxis()] = emitBoundedIndex(
      op.getLoc(), *element, data.getDimSize(op.getAxis()), op.getMode());
  return emit(op.getData(), at);
}

FailureOr<Value> ElementEmitter::emitPad(graph::PadOp op,
                                         ArrayRef<AffineExpr> indices) {
  Location loc = op.getLoc();
  auto type = cast<RankedTensorType>(op.getInput().getType());
  Value isInside;
  Indices at;
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  for (auto [i, extent] : llvm::enumerate(type.getShape())) {
    int64_t low = op.getLow()[i], high = op.getHigh()[i];
    if (low == 0 && high == 0) {
      at.push_back(indices[i]);
      continue;
    }
    Value last = arith::ConstantIndexOp::create(builder, loc, extent - 1);
    Value position = arith::SubIOp::create(
        builder, loc, emitIndex(loc, indices[i]),
        arith::ConstantIndexOp::create(builder, loc, low));
    if (op.getMode() == graph::PadMode::Reflect) {
      // |x| mirrors at the low end, last - |last - x| at the high end.
      auto mirror = [&](Value x) -> Value {
        Value negated = arith::SubIOp::create(builder, loc, zero, x);
        return arith::MaxSIOp::create(builder, loc, x, negated);
      };
      Value fromEnd =
          arith::SubIOp::create(builder, loc, last, mirror(position));
      position = arith::SubIOp::create(builder, loc, last, mirror(fromEnd));
    }
    Value clamped = arith::MinSIOp::create(
        builder, loc, arith::MaxSIOp::create(builder, loc, position, zero),
        last);
    if (op.getMode() == graph::PadMode::Constant) {
      Value isValid = arith::CmpIOp::create(
          builder, loc, arith::CmpIPredicate::eq, clamped, position);
      isInside = isInside
                     ? arith::AndIOp::create(builder, loc, isInside, isValid)
                     : isValid;
    }
    at.push_back(addIndex(clamped, extent));
  }
  FailureOr<Value> element = emit(op.getInput(), at);
  if (failed(element) || !isInside)
    return element;
  Value fill = scalar::constant(builder, loc,
                                scalar::getScalarType(type.getElementType()),
                                op.getValue().convertToDouble());
  return Value(arith::SelectOp::create(builder, loc, isInside, *element, fill));
}

FailureOr<Value> ElementEmitter::emitResize(graph::ResizeOp op,
                                            ArrayRef<AffineExpr> indices) {
  Location loc = op.getLoc();
  auto type = cast<RankedTensorType>(op.getInput().getType());
  Type f32 = builder.getF32Type();
  struct Tap {
    AffineExpr low, high;
    Value weight; // of `high`
  };
  Tap taps[2];
  for (int i = 0; i < 2; ++i) {
    int64_t in = type.getDimSize(2 + i), out = op.getSize()[i];
    Value index = arith::IndexCastOp::create(builder, loc, builder.getI64Type(),
                                             emitIndex(loc, indices[2 + i]));
    Value position = arith::SIToFPOp::create(builder, loc, f32, index);
    double scale = double(in) / double(out), shift = 0;
    if (op.getCoordinates() == graph::Coordinates::AlignCorners)
      scale = out > 1 ? double(in - 1) / double(out - 1) : 0;
    else if (op.getCoordinates() == graph::Coordinates::HalfPixel)
      shift = 0.5 * scale - 0.5;
    Value source =
        scalar::add(builder, loc,
                    scalar::mul(builder, loc, position,
                                scalar::constant(builder, loc, f32, scale)),
                    scalar::constant(builder, loc, f32, shift));
    source = scalar::clip(builder, loc, source, 0, double(in - 1));
    if (op.getMode() == graph::ResizeMode::Nearest) {
      if (op.getCoordinates() != graph::Coordinates::Asymmetric)
        source = math::RoundOp::create(builder, loc, source);
      taps[i].low = emitBoundedIndex(loc, source, in, graph::IndexMode::Clip);
      continue;
    }
    Value floor = math::FloorOp::create(builder, loc, source);
    taps[i].weight =
        scalar::cast(builder, loc, scalar::sub(builder, loc, source, floor),
                     type.getElementType());
    taps[i].low = emitBoundedIndex(loc, floor, in, graph::IndexMode::Clip);
    Value next = scalar::add(builder, loc, floor,
                             scalar::constant(builder, loc, f32, 1));
    taps[i].high = emitBoundedIndex(loc, next, in, graph::IndexMode::Clip);
  }
  auto read = [&](AffineExpr y, AffineExpr x) {
    return emit(op.getInput(), {indices[0], indices[1], y, x});
  };
  if (op.getMode() == graph::ResizeMode::Nearest)
    return read(taps[0].low, taps[1].low);

  // a + weight (b - a), first along x, then along y.
  auto mix = [&](Value a, Value b, Value weight) {
    Value change = scalar::sub(builder, loc, b, a);
    return scalar::add(builder, loc, a,
                       scalar::mul(builder, loc, weight, change));
  };
  SmallVector<Value, 2> rows;
  for (AffineExpr y : {taps[0].low, taps[0].high}) {
    FailureOr<Value> left = read(y, taps[1].low);
    FailureOr<Value> right = read(y, taps[1].high);
    if (failed(left) || failed(right))
      return failure();
    rows.push_back(mix(*left, *right, taps[1].weight));
  }
  return mix(rows[0], rows[1], taps[0].weight);
}

namespace {
/// The two pixels around a place along one dimension.
struct SampleTaps {
  AffineExpr index[2];
  Value weight[2];
  /// Whether the pixel exists; null: always.
  Value isInside[2];
};
} // namespace

/// The taps around \p place in a dimension of \p extent pixels.
static SampleTaps emitTaps(ElementEmitter &emitter, Location loc, Value place,
                           int64_t extent, graph::Border border) {
  OpBuilder &b = emitter.builder;
  Type type = place.getType();
  if (border == graph::Border::Edge)
    place = scalar::clip(b, loc, place, 0, double(extent - 1));
  Value floor = math::FloorOp::create(b, loc, place);
  SampleTaps taps;
  taps.weight[1] = scalar::sub(b, loc, place, floor);
  taps.weight[0] =
      scalar::sub(b, loc, scalar::constant(b, loc, type, 1), taps.weight[1]);
  for (int i = 0; i < 2; ++i) {
    Value at =
        i == 0 ? floor
               : scalar::add(b, loc, floor, scalar::constant(b, loc, type, 1));
    taps.index[i] =
        emitter.emitBoundedIndex(loc, at, extent, graph::IndexMode::Clip);
    if (border == graph::Border::Edge)
      continue;
    auto compare = [&](arith::CmpFPredicate predicate, double limit) -> Value {
      return arith::CmpFOp::create(b, loc, predicate, at,
                                   scalar::constant(b, loc, type, limit));
    };
    taps.isInside[i] = arith::AndIOp::create(
        b, loc, compare(arith::CmpFPredicate::OGE, 0),
        compare(arith::CmpFPredicate::OLE, double(extent - 1)));
  }
  return taps;
}

FailureOr<Value> ElementEmitter::emitSample(graph::SampleOp op,
                                            ArrayRef<AffineExpr> indices) {
  Location loc = op.getLoc();
  auto type = cast<RankedTensorType>(op.getData().getType());
  bool isLast = op.getChannelsLast();
  int64_t rows = isLast ? 1 : 2; // where the data's dimension is
  AffineExpr channel = isLast ? indices.back() : indices[1];
  Indices at(indices);
  at.erase(isLast ? at.end() - 1 : at.begin() + 1);
  FailureOr<Value> y = emit(op.getY(), at), x = emit(op.getX(), at);
  if (failed(y) || failed(x))
    return failure();
  AffineExpr image = indices[0];
  if (op.getImages()) {
    FailureOr<Value> number = emit(op.getImages(), indices[0]);
    if (failed(number))
      return failure();
    image = emitBoundedIndex(loc, *number, type.getDimSize(0),
                             graph::IndexMode::Clip);
  }
  SampleTaps taps[] = {
      emitTaps(*this, loc, *y, type.getDimSize(rows), op.getBorder()),
      emitTaps(*this, loc, *x, type.getDimSize(rows + 1), op.getBorder())};
  Value zero = scalar::constant(builder, loc, type.getElementType(), 0), sum;
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 2; ++j) {
      Indices pixelAt{image, taps[0].index[i], taps[1].index[j]};
      pixelAt.insert(isLast ? pixelAt.end() : pixelAt.begin() + 1, channel);
      FailureOr<Value> pixel = emit(op.getData(), pixelAt);
      if (failed(pixel))
        return failure();
      if (Value isRow = taps[0].isInside[i]) {
        Value isInside =
            arith::AndIOp::create(builder, loc, isRow, taps[1].isInside[j]);
        pixel = Value(
            arith::SelectOp::create(builder, loc, isInside, *pixel, zero));
      }
      Value weight =
          scalar::mul(builder, loc, taps[0].weight[i], taps[1].weight[j]);
      Value part = scalar::mul(builder, loc, *pixel, weight);
      sum = sum ? scalar::add(builder, loc, sum, part) : part;
    }
  return sum;
}
