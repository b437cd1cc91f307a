// SPDX-License-Identifier: Apache-2.0
// Lowers what finds out how many elements there are.
#include "passes/lower/RowEmitter.h"
#include "passes/lower/RunningSums.h"

#include "dialects/graph/Inference.h"
#include "dialects/graph/Scalar.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::lower;
namespace scalar = dlc::graph::scalar;

using graph::getTensorType;

namespace {
/// Writes the places of what is true one after the other to scratch memory.
class CompactEmitter : RowEmitter {
public:
  CompactEmitter(GroupLowering &lowering, graph::CompactOp op)
      : RowEmitter(lowering, op), compact(op),
        count(getTensorType(op.getInput()).getDimSize(0)) {}

  LogicalResult emit();

private:
  LogicalResult emitFlags();
  /// One after the other. A place that isn't needed is overwritten by the next
  /// one: no branch depends on an element.
  void emitPlaces();
  /// By threads that share them: an element's place is a running sum.
  LogicalResult emitSharedPlaces();

  /// What is stored of each element: whether it is true; of each element of the
  /// result, what it is to be: first how many are true.
  enum : int64_t { Flag, Place, NumFields };

  Value load(int64_t field, AffineExpr position) {
    return emitter.loadPhysical(loc, fields,
                                {emitter.constant(field), position});
  }
  void store(Value value, int64_t field, AffineExpr position) {
    emitter.storePhysical(loc, value, fields,
                          {emitter.constant(field), position});
  }

  graph::CompactOp compact;
  int64_t count;
  Value fields; ///< scratch, [NumFields, count + 2]
};
} // namespace

LogicalResult CompactEmitter::emitFlags() {
  AffineExpr position = lowering.openVectorLoop(loc, count);
  FailureOr<Value> element = emitter.emit(compact.getInput(), position);
  if (failed(element))
    return failure();
  store(arith::ExtUIOp::create(b, loc, b.getI32Type(), *element), Flag,
        position);
  lowering.closeLoop();
  return success();
}

void CompactEmitter::emitPlaces() {
  Value one = constantIndex(1), all = toInt(constantIndex(count));
  auto loop = scf::ForOp::create(b, loc, constantIndex(0), constantIndex(count),
                                 one, constantIndex(0));
  {
    OpBuilder::InsertionGuard guard(b);
    ElementEmitter::Scope scope(emitter);
    b.setInsertionPointToStart(loop.getBody());
    Value found = loop.getRegionIterArg(0);
    AffineExpr from = emitter.addIndex(loop.getInductionVar(), count);
    AffineExpr to = emitter.addIndex(found, count) + 1;
    Value flag = load(Flag, from);
    Value isTrue = compare(arith::CmpIPredicate::ne, flag,
                           scalar::constant(b, loc, b.getI32Type(), 0));
    Value place = arith::SelectOp::create(b, loc, isTrue,
                                          toInt(loop.getInductionVar()), all);
    store(place, Place, to);
    Value step = arith::IndexCastOp::create(b, loc, b.getIndexType(), flag);
    scf::YieldOp::create(b, loc,
                         Value(arith::AddIOp::create(b, loc, found, step)));
  }
  store(toInt(loop.getResult(0)), Place, emitter.constant(0));
}

LogicalResult CompactEmitter::emitSharedPlaces() {
  Type i32 = b.getI32Type();
  auto is = [&](Value value, int64_t number) {
    return compare(arith::CmpIPredicate::eq, value,
                   scalar::constant(b, loc, i32, double(number)));
  };
  return RunningSums(lowering, loc, i32, count)
      .emit(
          [&](AffineExpr position, ArrayRef<AffineExpr>) -> FailureOr<Value> {
            return load(Flag, position);
          },
          [&](AffineExpr position, ArrayRef<AffineExpr>, Value flag,
              Value found) {
            Value at = toInt(emitter.emitIndex(loc, position));
            lowering.openIf(loc, is(flag, 1));
            Value to =
                arith::IndexCastOp::create(b, loc, b.getIndexType(), found);
            store(at, Place, emitter.addIndex(to, count + 1));
            lowering.closeLoop();
            Value last = toInt(constantIndex(count - 1));
            lowering.openIf(loc, compare(arith::CmpIPredicate::eq, at, last));
            store(found, Place, emitter.constant(0));
            lowering.closeLoop();
            return success();
          });
}

LogicalResult CompactEmitter::emit() {
  int64_t size = count + 2;
  fields = makeScratch({NumFields, size}, b.getI32Type());
  lowering.openTasks(loc, {});
  if (failed(emitFlags()))
    return failure();
  AffineExpr position = lowering.openVectorLoop(loc, size);
  store(toInt(constantIndex(count)), Place, position);
  lowering.closeLoop();
  LogicalResult result = success();
  lowering.emitAlternatives(
      loc, [&] { emitPlaces(); }, [&] { result = emitSharedPlaces(); });
  if (failed(result) ||
      failed(finishRow({}, size, [&](AffineExpr position) -> Value {
        return arith::ExtSIOp::create(b, loc, b.getI64Type(),
                                      load(Place, position));
      })))
    return failure();
  lowering.closeSection();
  return success();
}

LogicalResult dlc::lower::lowerCompact(GroupLowering &lowering,
                                       graph::CompactOp op) {
  return CompactEmitter(lowering, op).emit();
}
