// SPDX-License-Identifier: Apache-2.0
// Running sums of rows that several threads share.
#include "passes/lower/RunningSums.h"

#include "dialects/graph/Scalar.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::lower;
namespace scalar = dlc::graph::scalar;

/// Elements that one thread adds up.
static constexpr int64_t kPiece = 16;
/// How often rows of any length are cut: then each thread adds up what is left.
static constexpr size_t kManySizesLevels = 2;

RunningSums::RunningSums(GroupLowering &lowering, Location loc, Type type,
                         int64_t length, ArrayRef<int64_t> rows)
    : lowering(lowering), emitter(lowering.emitter), b(lowering.builder),
      loc(loc), type(type), rows(rows) {
  levels.push_back({length, Value()});
  bool isForManySizes = lowering.decisions.isForManySizes();
  while (isForManySizes ? levels.size() <= kManySizesLevels
                        : levels.back().length > kPiece) {
    SmallVector<int64_t> shape{getNumPieces(levels.back().length)};
    llvm::append_range(shape, rows);
    levels.push_back(
        {shape.front(),
         kernel::ScratchOp::create(b, loc, MemRefType::get(shape, type))});
  }
}

Value RunningSums::constantIndex(int64_t value) {
  return arith::ConstantIndexOp::create(b, loc, value);
}

int64_t RunningSums::getNumPieces(int64_t length) const {
  return llvm::divideCeil(length, kPiece);
}

AffineExpr RunningSums::openPieces(int64_t length, Indices &at) {
  int64_t pieces = getNumPieces(length);
  if (rows.empty())
    return lowering.openVectorLoop(loc, pieces);
  SmallVector<int64_t> extents{pieces};
  llvm::append_range(extents, ArrayRef(rows).drop_back());
  // No iteration needs another one.
  at = lowering.openLoop(loc, extents, /*unroll=*/2);
  AffineExpr piece = at.front();
  at.erase(at.begin());
  at.push_back(lowering.openVectorLoop(loc, rows.back()));
  return piece;
}

void RunningSums::closePieces() {
  lowering.closeLoop();
  if (!rows.empty())
    lowering.closeLoop();
}

std::pair<AffineExpr, Value>
RunningSums::emitPosition(int64_t length, AffineExpr piece, AffineExpr i) {
  AffineExpr position = piece * kPiece + i;
  if (!lowering.decisions.isForManySizes() && length % kPiece == 0)
    return {position, Value()};
  Value index = emitter.emitIndex(loc, position);
  Value isThere = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt,
                                        index, constantIndex(length));
  Value clamped =
      arith::MinSIOp::create(b, loc, index, constantIndex(length - 1));
  return {emitter.addIndex(clamped, length), isThere};
}

Value RunningSums::mask(Value isThere, Value element) {
  if (!isThere)
    return element;
  return arith::SelectOp::create(b, loc, isThere, element,
                                 scalar::constant(b, loc, type, 0));
}

LogicalResult RunningSums::emitSums(const Level &from, const Level &to,
                                    Read read) {
  Indices at;
  AffineExpr piece = openPieces(from.length, at);
  auto sum = lowering.emitReduce(
      loc, kernel::ReduceKind::Add, kPiece, type,
      [&](ArrayRef<AffineExpr> i) -> FailureOr<Value> {
        auto [position, isThere] = emitPosition(from.length, piece, i[0]);
        if (from.sums) {
          Indices place{position};
          llvm::append_range(place, at);
          return mask(isThere, emitter.loadPhysical(loc, from.sums, place));
        }
        FailureOr<Value> element = read(position, at);
        if (failed(element))
          return failure();
        return mask(isThere, *element);
      });
  if (failed(sum))
    return failure();
  Indices place{piece};
  llvm::append_range(place, at);
  emitter.storePhysical(loc, *sum, to.sums, place);
  closePieces();
  return success();
}

Value RunningSums::addSums(const Level &level, Value begin, Value index,
                           Value count, ArrayRef<AffineExpr> at, Value sum) {
  auto loop = scf::ForOp::create(b, loc, constantIndex(0), count,
                                 constantIndex(1), sum);
  OpBuilder::InsertionGuard guard(b);
  ElementEmitter::Scope scope(emitter);
  b.setInsertionPointToStart(loop.getBody());
  Value position = arith::AddIOp::create(b, loc, begin, loop.getInductionVar());
  Value isBefore =
      arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, position, index);
  // What isn't before is read all the same, so that no load waits.
  Indices place{emitter.addIndex(
      arith::MinSIOp::create(b, loc, position, index), level.length)};
  llvm::append_range(place, at);
  Value more = mask(isBefore, emitter.loadPhysical(loc, level.sums, place));
  scf::YieldOp::create(b, loc,
                       scalar::add(b, loc, loop.getRegionIterArg(0), more));
  return loop.getResult(0);
}

Value RunningSums::emitBefore(AffineExpr piece, ArrayRef<AffineExpr> at) {
  Value sum = scalar::constant(b, loc, type, 0);
  Value index = emitter.emitIndex(loc, piece), size = constantIndex(kPiece);
  bool isForManySizes = lowering.decisions.isForManySizes();
  for (const Level &level : ArrayRef(levels).drop_front()) {
    bool isLast = &level == &levels.back();
    if (isLast && isForManySizes)
      return addSums(level, constantIndex(0), index, index, at, sum);
    Value higher = arith::DivUIOp::create(b, loc, index, size);
    Value begin = isLast ? constantIndex(0)
                         : Value(arith::MulIOp::create(b, loc, higher, size));
    int64_t count = isForManySizes ? kPiece : std::min(kPiece, level.length);
    sum = addSums(level, begin, index, constantIndex(count), at, sum);
    index = higher;
  }
  return sum;
}

LogicalResult RunningSums::emit(Read read, Write write) {
  for (size_t i = 1; i < levels.size(); ++i)
    if (failed(emitSums(levels[i - 1], levels[i], read)))
      return failure();
  Indices at;
  int64_t length = levels.front().length;
  AffineExpr piece = openPieces(length, at);
  Value sum = emitBefore(piece, at);
  // All loads come before the stores, which they'd have to wait for.
  SmallVector<std::pair<AffineExpr, Value>> elements;
  for (int64_t i = 0; i < kPiece; ++i) {
    auto [position, isThere] = emitPosition(length, piece, emitter.constant(i));
    FailureOr<Value> element = read(position, at);
    if (failed(element))
      return failure();
    elements.push_back({position, mask(isThere, *element)});
  }
  for (auto [position, element] : elements) {
    sum = scalar::add(b, loc, sum, element);
    if (failed(write(position, at, element, sum)))
      return failure();
  }
  closePieces();
  return success();
}
