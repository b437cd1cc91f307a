// SPDX-License-Identifier: Apache-2.0
// Lowers pooling: by itself and in the tiles of a convolution.
#include "passes/lower/PooledConvolution.h"

#include "dialects/graph/ConvolutionKind.h"
#include "dialects/graph/Scalar.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include <cmath>

using namespace mlir;
using namespace dlc;
using namespace dlc::lower;
namespace scalar = dlc::graph::scalar;

using Indices = GroupLowering::Indices;

/// Output pixels that are computed together where windows are small.
static constexpr int64_t kPixels = 4;

namespace {
/// Emits one element of a pooling.
class PoolEmitter {
public:
  PoolEmitter(GroupLowering &lowering, graph::PoolOp op)
      : lowering(lowering), op(op), b(lowering.builder), loc(op.getLoc()),
        input(cast<RankedTensorType>(op.getInput().getType())) {}

  FailureOr<Value> emit(ArrayRef<AffineExpr> at);

private:
  /// The subscript of tap \p tap along a spatial dimension, moved into the
  /// input, and whether it was there already (null: always).
  AffineExpr getSource(size_t dim, AffineExpr out, AffineExpr tap,
                       Value &isInside);
  /// Whether windows reach beyond the input along \p dim.
  bool isPadded(size_t dim) const;
  Value emitCount(ArrayRef<AffineExpr> at);
  Value constantIndex(int64_t value) {
    return arith::ConstantIndexOp::create(b, loc, value);
  }

  GroupLowering &lowering;
  graph::PoolOp op;
  OpBuilder &b;
  Location loc;
  RankedTensorType input;
};
} // namespace

bool PoolEmitter::isPadded(size_t dim) const {
  graph::PoolOp pool = op;
  int64_t out = cast<RankedTensorType>(pool.getType()).getDimSize(2 + dim);
  int64_t reach = (out - 1) * pool.getStrides()[dim] + pool.getKernel()[dim];
  bool isWhole = pool.getKernel()[dim] == input.getDimSize(2 + dim);
  return pool.getPadLow()[dim] > 0 ||
         (lowering.decisions.isRagged() && !isWhole) ||
         reach - pool.getPadLow()[dim] > input.getDimSize(2 + dim);
}

/// The least finite value of \p type.
static double getLowest(Type type) {
  if (auto number = dyn_cast<FloatType>(type))
    return -llvm::APFloat::getLargest(number.getFloatSemantics())
                .convertToDouble();
  if (type.isUnsignedInteger())
    return 0;
  return -std::ldexp(1.0, int(type.getIntOrFloatBitWidth()) - 1);
}

AffineExpr PoolEmitter::getSource(size_t dim, AffineExpr out, AffineExpr tap,
                                  Value &isInside) {
  AffineExpr position = out * op.getStrides()[dim] + tap;
  if (!isPadded(dim))
    return position;
  int64_t extent = input.getDimSize(2 + dim);
  Value index =
      arith::SubIOp::create(b, loc, lowering.emitter.emitIndex(loc, position),
                            constantIndex(op.getPadLow()[dim]));
  Value clamped = arith::MinSIOp::create(
      b, loc, arith::MaxSIOp::create(b, loc, index, constantIndex(0)),
      constantIndex(extent - 1));
  // A clamped maximum needs no mask: the border is in the window anyway,
  // unless the whole window is outside.
  if (op.getKind() != graph::PoolKind::Max || graph::mayHaveEmptyWindows(op)) {
    Value isSame =
        arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, clamped, index);
    isInside =
        isInside ? arith::AndIOp::create(b, loc, isInside, isSame) : isSame;
  }
  return lowering.emitter.addIndex(clamped, extent);
}

/// The number of elements that a mean divides by.
Value PoolEmitter::emitCount(ArrayRef<AffineExpr> at) {
  Type type = input.getElementType();
  int64_t window = 1;
  bool isConstant = true;
  for (size_t dim = 0; dim < op.getKernel().size(); ++dim) {
    window *= op.getKernel()[dim];
    isConstant &= !isPadded(dim);
  }
  if (isConstant)
    return scalar::constant(b, loc, type, double(window));
  Value count;
  for (size_t dim = 0; dim < op.getKernel().size(); ++dim) {
    int64_t low = op.getCountIncludePad() ? op.getPadLow()[dim] : 0;
    int64_t high = op.getCountIncludePad() ? op.getPadHigh()[dim] : 0;
    int64_t extent = input.getDimSize(2 + dim);
    Value start = arith::SubIOp::create(
        b, loc,
        lowering.emitter.emitIndex(loc, at[2 + dim] * op.getStrides()[dim]),
        constantIndex(op.getPadLow()[dim]));
    Value end = arith::AddIOp::create(b, loc, start,
                                      constantIndex(op.getKernel()[dim]));
    start = arith::MaxSIOp::create(b, loc, start, constantIndex(-low));
    end = arith::MinSIOp::create(b, loc, end, constantIndex(extent + high));
    Value size = arith::MaxSIOp::create(
        b, loc, arith::SubIOp::create(b, loc, end, start), constantIndex(1));
    count = count ? arith::MulIOp::create(b, loc, count, size) : size;
  }
  Value integer = arith::IndexCastOp::create(b, loc, b.getI64Type(), count);
  return scalar::cast(b, loc, integer, type);
}

FailureOr<Value> PoolEmitter::emit(ArrayRef<AffineExpr> at) {
  Type type = input.getElementType();
  bool isMax = op.getKind() == graph::PoolKind::Max;
  bool isNorm = op.getKind() == graph::PoolKind::Lp;
  int64_t p = op.getP();
  FailureOr<Value> result = lowering.emitReduce(
      loc, isMax ? kernel::ReduceKind::Greatest : kernel::ReduceKind::Add,
      op.getKernel(), type, [&](ArrayRef<AffineExpr> tap) -> FailureOr<Value> {
        Value isInside;
        Indices from{at[0], at[1]};
        for (size_t dim = 0; dim < tap.size(); ++dim)
          from.push_back(getSource(dim, at[2 + dim], tap[dim], isInside));
        FailureOr<Value> x = lowering.emitter.emit(op.getInput(), from);
        if (failed(x))
          return failure();
        Value element = *x;
        if (isNorm) {
          Value base = scalar::abs(b, loc, element);
          element = base;
          for (int64_t i = 1; i < p; ++i)
            element = scalar::mul(b, loc, element, base);
        }
        if (isInside)
          element = arith::SelectOp::create(
              b, loc, isInside, element,
              scalar::constant(b, loc, type, isMax ? getLowest(type) : 0));
        return element;
      });
  if (failed(result))
    return failure();
  if (op.getKind() == graph::PoolKind::Avg)
    return scalar::div(b, loc, *result, emitCount(at));
  if (!isNorm || p == 1)
    return result;
  if (p == 2)
    return Value(math::SqrtOp::create(b, loc, *result));
  return scalar::power(b, loc, *result,
                       scalar::constant(b, loc, type, 1.0 / double(p)));
}

LogicalResult dlc::lower::lowerPool(GroupLowering &lowering, graph::PoolOp op) {
  PoolEmitter emitter(lowering, op);
  GroupLowering::WalkOptions options;
  int64_t window = 1;
  for (int64_t extent : op.getKernel())
    window *= extent;
  int64_t width = cast<RankedTensorType>(op.getType()).getShape().back();
  options.unroll =
      window <= 9 ? lowering.decisions.decide(std::min(kPixels, width)) : 1;
  return lowering.walk(
      op.getLoc(), lowering.getRootType(),
      [&](ArrayRef<AffineExpr> at) -> LogicalResult {
        FailureOr<Value> element = emitter.emit(at);
        if (failed(element))
          return failure();
        lowering.emitter.setElement(op.getResult(), *element);
        return lowering.finish(op.getLoc(), at);
      },
      options);
}

LogicalResult dlc::lower::finishPooled(GroupLowering &lowering,
                                       ArrayRef<AffineExpr> from,
                                       ArrayRef<AffineExpr> at) {
  graph::PoolOp op = lowering.getPool();
  ElementEmitter::Scope scope(lowering.emitter);
  FailureOr<Value> element = PoolEmitter(lowering, op).emit(from);
  if (failed(element))
    return failure();
  lowering.emitter.setElement(op.getResult(), *element);
  return lowering.finish(op.getLoc(), at);
}
