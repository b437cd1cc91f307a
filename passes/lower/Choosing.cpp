// SPDX-License-Identifier: Apache-2.0
// Lowers the choices that depend on an order. Each row is one task: what comes
// later depends on all that comes before.
#include "passes/lower/RowEmitter.h"

#include "dialects/graph/Inference.h"
#include "dialects/graph/Scalar.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::lower;
namespace scalar = dlc::graph::scalar;

using graph::getTensorType;
using Indices = GroupLowering::Indices;

/// Boxes that are compared with one box at a time, by one thread or by several.
static constexpr int64_t kBoxes = 64, kSharedBoxes = 256;
/// Boxes that are a word's bits, and parts of a word's boxes whose overlaps
/// different threads collect.
static constexpr int64_t kWord = 64, kParts = 8;
/// Memory that the overlaps of all boxes may take.
static constexpr int64_t kOverlapBytes = 64 << 20;

//===----------------------------------------------------------------------===//
// SuppressOp
//===----------------------------------------------------------------------===//

namespace {
/// Copies a row's boxes to scratch memory, a coordinate after the other, and
/// lets each box that is still alive end later ones. Where several threads
/// share that, all pairs are compared at once. What is left then is a matter of
/// bits: which of a word's boxes are alive is decided by one thread, and all
/// collect which later ones these end.
class SuppressEmitter : RowEmitter {
public:
  SuppressEmitter(GroupLowering &lowering, graph::SuppressOp op)
      : RowEmitter(lowering, op), suppress(op),
        type(getTensorType(op.getBoxes())), element(type.getElementType()),
        count(type.getDimSize(1)), words(llvm::divideCeil(count, kWord)) {}

  LogicalResult emit();

private:
  /// What is stored for each box: corners (x1, y1, x2, y2), area, whether it
  /// is alive, class.
  enum : int64_t { Area = 4, Alive, Class, NumFields };

  LogicalResult emitCopies(AffineExpr row);
  /// Fills all fields of \p room boxes with zeros.
  void emitZeros(int64_t room);
  /// Whether there may be any number of boxes: then their blocks are whole, the
  /// last one with some that are compared for nothing.
  bool isForManySizes() const { return lowering.decisions.isForManySizes(); }
  void emitComparisons(AffineExpr box, int64_t most);
  /// Lets one box after the other end later ones, \p most at a time.
  void emitOneByOne(int64_t most);

  /// Whether there is memory for the overlaps of all pairs.
  bool hasRoomForOverlaps() const {
    return !isForManySizes() &&
           type.getDimSize(0) * words * count * int64_t(sizeof(uint64_t)) <=
               kOverlapBytes;
  }
  void emitByWords();
  void emitOverlaps();
  void startWords();
  /// Decides on the boxes of word number \p word.
  void emitDecisions(AffineExpr word);
  /// Collects which boxes those of word number \p word that are alive end.
  void emitEnds(AffineExpr word);
  /// Fetches what the boxes of word \p word end of each other.
  void fetchOwnOverlaps(AffineExpr word);

  Value word(uint64_t value) {
    return arith::ConstantIntOp::create(b, loc, b.getI64Type(),
                                        static_cast<int64_t>(value));
  }
  /// \p index as a word.
  Value toWord(Value index) {
    return arith::IndexCastOp::create(b, loc, b.getI64Type(), index);
  }
  Value both(Value lhs, Value rhs) {
    return arith::AndIOp::create(b, loc, lhs, rhs);
  }
  Value either(Value lhs, Value rhs) {
    return arith::OrIOp::create(b, loc, lhs, rhs);
  }
  /// Whether bit number \p i of \p bits is set.
  Value isSet(Value bits, Value i) {
    Value shifted = arith::ShRUIOp::create(b, loc, bits, i);
    return compare(arith::CmpIPredicate::ne, both(shifted, word(1)), word(0));
  }
  Value select(Value condition, Value bits) {
    return arith::SelectOp::create(b, loc, condition, bits, word(0));
  }
  /// Whether boxes \p a and \p b of the row overlap too much.
  Value emitTest(AffineExpr a, AffineExpr b);

  Value load(int64_t field, AffineExpr box) {
    return emitter.loadPhysical(loc, fields, {emitter.constant(field), box});
  }
  void store(Value value, int64_t field, AffineExpr box) {
    emitter.storePhysical(loc, value, fields, {emitter.constant(field), box});
  }
  Value constant(double value) {
    return scalar::constant(b, loc, element, value);
  }
  Value isAlive(AffineExpr box) {
    return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::ONE,
                                 load(Alive, box), constant(0));
  }

  graph::SuppressOp suppress;
  RankedTensorType type;
  Type element;
  int64_t count;
  int64_t words;
  Value fields; ///< scratch, [NumFields, count]
  // Scratch of words, whose bits are boxes:
  Value overlaps; ///< [words, count], later boxes that a box would end
  Value kept;     ///< [words], those that are alive
  Value ended;    ///< [kParts, words], those that others have ended
  Value own;      ///< [kWord], overlaps of a word's boxes with each other
};
} // namespace

void SuppressEmitter::emitZeros(int64_t room) {
  AffineExpr box = lowering.openVectorLoop(loc, room);
  for (int64_t field = 0; field < NumFields; ++field)
    store(constant(0), field, box);
  lowering.closeLoop();
}

LogicalResult SuppressEmitter::emitCopies(AffineExpr row) {
  AffineExpr box = lowering.openVectorLoop(loc, count);
  for (int64_t i = 0; i < 4; ++i) {
    FailureOr<Value> corner =
        emitter.emit(suppress.getBoxes(), {row, box, emitter.constant(i)});
    if (failed(corner))
      return failure();
    store(*corner, i, box);
  }
  SmallVector<std::pair<Value, int64_t>> others{{suppress.getAreas(), Area},
                                                {suppress.getAlive(), Alive}};
  if (suppress.getClasses())
    others.push_back({suppress.getClasses(), Class});
  for (auto [tensor, field] : others) {
    FailureOr<Value> value = emitter.emit(tensor, {row, box});
    if (failed(value))
      return failure();
    store(scalar::cast(b, loc, *value, element), field, box);
  }
  lowering.closeLoop();
  return success();
}

Value SuppressEmitter::emitTest(AffineExpr a, AffineExpr c) {
  // A single instruction each: NaN need not be kept.
  auto choose = [&](arith::CmpFPredicate predicate, Value x, Value y) -> Value {
    Value isFirst = arith::CmpFOp::create(b, loc, predicate, x, y);
    return arith::SelectOp::create(b, loc, isFirst, x, y);
  };
  auto extent = [&](int64_t dim) {
    Value low = choose(arith::CmpFPredicate::OGT, load(dim, a), load(dim, c));
    Value high =
        choose(arith::CmpFPredicate::OLT, load(dim + 2, a), load(dim + 2, c));
    Value size = scalar::sub(b, loc, high, low);
    double border = suppress.getBorder().convertToDouble();
    if (border != 0)
      size = scalar::add(b, loc, size, constant(border));
    return choose(arith::CmpFPredicate::OGT, size, constant(0));
  };
  Value shared = scalar::mul(b, loc, extent(0), extent(1));
  Value whole = scalar::sub(
      b, loc, scalar::add(b, loc, load(Area, a), load(Area, c)), shared);
  Value overlap = scalar::div(b, loc, shared, whole);
  Value isMuch = arith::CmpFOp::create(
      b, loc,
      suppress.getInclusive() ? arith::CmpFPredicate::OGE
                              : arith::CmpFPredicate::OGT,
      overlap, constant(suppress.getThreshold().convertToDouble()));
  if (!suppress.getClasses())
    return isMuch;
  Value isSame = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ,
                                       load(Class, a), load(Class, c));
  return arith::AndIOp::create(b, loc, isMuch, isSame);
}

/// Ends what \p box ends, in blocks of \p most boxes, of which the last
/// overlaps the one before.
void SuppressEmitter::emitComparisons(AffineExpr box, int64_t most) {
  int64_t lanes = isForManySizes() ? most : std::min(count, most);
  int64_t blocks = llvm::divideCeil(count, lanes);
  Value self = emitter.emitIndex(loc, box);
  Value first = arith::DivUIOp::create(b, loc, self, constantIndex(lanes));
  AffineExpr block =
      lowering.openBoundedLoop(loc, constantIndex(blocks), blocks, first);
  AffineExpr begin = block * lanes;
  if (!isForManySizes()) {
    Value start =
        minimum(emitter.emitIndex(loc, begin), constantIndex(count - lanes));
    begin = emitter.addIndex(start, count - lanes + 1);
  }
  AffineExpr other = begin + lowering.openVectorLoop(loc, lanes);
  Value isLater =
      compare(arith::CmpIPredicate::sgt, emitter.emitIndex(loc, other), self);
  Value ends = arith::AndIOp::create(b, loc, isLater, emitTest(box, other));
  Value left =
      arith::SelectOp::create(b, loc, ends, constant(0), load(Alive, other));
  store(left, Alive, other);
  lowering.closeLoop();
  lowering.closeLoop();
}

void SuppressEmitter::emitOneByOne(int64_t most) {
  AffineExpr box = lowering.openLoop(loc, count).front();
  lowering.openIf(loc, isAlive(box));
  emitComparisons(box, most);
  lowering.closeLoop();
  lowering.closeLoop();
}

//===----------------------------------------------------------------------===//
// Word by word
//===----------------------------------------------------------------------===//

void SuppressEmitter::emitOverlaps() {
  AffineExpr at = lowering.openLoop(loc, words).front();
  AffineExpr box = lowering.openVectorLoop(loc, count);
  Value self = emitter.emitIndex(loc, box);
  // Neighbours are alike, mostly: whole warps have nothing to do here.
  Value hasLater =
      compare(arith::CmpIPredicate::sgt,
              emitter.emitIndex(loc, at * kWord + (kWord - 1)), self);
  Type i64 = b.getI64Type();
  auto choice = scf::IfOp::create(b, loc, i64, both(isAlive(box), hasLater),
                                  /*withElseRegion=*/true);
  {
    OpBuilder::InsertionGuard guard(b);
    ElementEmitter::Scope scope(emitter);
    b.setInsertionPointToStart(choice.thenBlock());
    FailureOr<Value> bits = lowering.emitReduce(
        loc, kernel::ReduceKind::Add, kWord, i64,
        [&](ArrayRef<AffineExpr> i) -> FailureOr<Value> {
          Value place = emitter.emitIndex(loc, at * kWord + i[0]);
          Value isLater = compare(arith::CmpIPredicate::sgt, place, self);
          AffineExpr other =
              emitter.addIndex(minimum(place, constantIndex(count - 1)), count);
          Value ends = both(isLater, emitTest(box, other));
          Value bit = toWord(emitter.emitIndex(loc, i[0]));
          return select(ends, arith::ShLIOp::create(b, loc, word(1), bit));
        });
    scf::YieldOp::create(b, loc, *bits);
    b.setInsertionPointToStart(choice.elseBlock());
    scf::YieldOp::create(b, loc, word(0));
  }
  emitter.storePhysical(loc, choice.getResult(0), overlaps, {at, box});
  lowering.closeLoop();
  lowering.closeLoop();
}

void SuppressEmitter::startWords() {
  AffineExpr at = lowering.openVectorLoop(loc, words);
  FailureOr<Value> bits = lowering.emitReduce(
      loc, kernel::ReduceKind::Add, kWord, b.getI64Type(),
      [&](ArrayRef<AffineExpr> i) -> FailureOr<Value> {
        Value place = emitter.emitIndex(loc, at * kWord + i[0]);
        Value isThere =
            compare(arith::CmpIPredicate::slt, place, constantIndex(count));
        AffineExpr box =
            emitter.addIndex(minimum(place, constantIndex(count - 1)), count);
        Value bit = toWord(emitter.emitIndex(loc, i[0]));
        return select(both(isThere, isAlive(box)),
                      arith::ShLIOp::create(b, loc, word(1), bit));
      });
  emitter.storePhysical(loc, *bits, kept, at);
  for (int64_t part = 0; part < kParts; ++part)
    emitter.storePhysical(loc, word(0), ended, {emitter.constant(part), at});
  lowering.closeLoop();
}

void SuppressEmitter::emitDecisions(AffineExpr at) {
  lowering.openVectorLoop(loc, 1);
  Value alive = emitter.loadPhysical(loc, kept, at);
  SmallVector<Value> ends;
  for (int64_t i = 0; i < kWord; ++i)
    ends.push_back(emitter.loadPhysical(loc, own, emitter.constant(i)));
  Value others = word(0);
  for (int64_t part = 0; part < kParts; ++part)
    others = either(
        others, emitter.loadPhysical(loc, ended, {emitter.constant(part), at}));
  auto remove = [&](Value bits) {
    Value left = arith::XOrIOp::create(b, loc, bits, word(~uint64_t(0)));
    alive = both(alive, left);
  };
  remove(others);
  for (auto [i, bits] : llvm::enumerate(ends)) {
    Value own = both(alive, word(uint64_t(1) << i));
    remove(select(compare(arith::CmpIPredicate::ne, own, word(0)), bits));
  }
  emitter.storePhysical(loc, alive, kept, at);
  lowering.closeLoop();
}

void SuppressEmitter::emitEnds(AffineExpr at) {
  int64_t size = kWord / kParts;
  AffineExpr lane = lowering.openVectorLoop(loc, kParts * words);
  AffineExpr part = lane % kParts, later = lane.floorDiv(kParts);
  Value first = toWord(emitter.emitIndex(loc, part * size));
  Value alive = arith::ShRUIOp::create(
      b, loc, emitter.loadPhysical(loc, kept, at), first);
  Value isAny = compare(arith::CmpIPredicate::ne,
                        both(alive, word((uint64_t(1) << size) - 1)), word(0));
  Value isLater =
      compare(arith::CmpIPredicate::sgt, emitter.emitIndex(loc, later),
              emitter.emitIndex(loc, at));
  lowering.openIf(loc, both(isAny, isLater));
  Value bits = emitter.loadPhysical(loc, ended, {part, later});
  SmallVector<Value> ends;
  for (int64_t i = 0; i < size; ++i)
    ends.push_back(emitter.loadPhysical(loc, overlaps,
                                        {later, at * kWord + part * size + i}));
  for (auto [i, more] : llvm::enumerate(ends))
    bits = either(bits, select(isSet(alive, word(i)), more));
  emitter.storePhysical(loc, bits, ended, {part, later});
  lowering.closeLoop();
  lowering.closeLoop();
}

void SuppressEmitter::fetchOwnOverlaps(AffineExpr at) {
  AffineExpr i = lowering.openVectorLoop(loc, kWord);
  Value place = emitter.emitIndex(loc, at * kWord + i);
  AffineExpr box =
      emitter.addIndex(minimum(place, constantIndex(count - 1)), count);
  emitter.storePhysical(loc, emitter.loadPhysical(loc, overlaps, {at, box}),
                        own, i);
  lowering.closeLoop();
}

void SuppressEmitter::emitByWords() {
  Type i64 = b.getI64Type();
  overlaps = makeScratch({words, count}, i64);
  kept = makeScratch(words, i64);
  ended = makeScratch({kParts, words}, i64);
  own = makeScratch(kWord, i64);
  emitOverlaps();
  startWords();
  AffineExpr at = lowering.openBoundedLoop(loc, constantIndex(words), words);
  fetchOwnOverlaps(at);
  emitDecisions(at);
  emitEnds(at);
  lowering.closeLoop();
  AffineExpr box = lowering.openVectorLoop(loc, count);
  Value bits = emitter.loadPhysical(loc, kept, box.floorDiv(kWord));
  Value isKept = isSet(bits, toWord(emitter.emitIndex(loc, box % kWord)));
  store(arith::SelectOp::create(b, loc, isKept, load(Alive, box), constant(0)),
        Alive, box);
  lowering.closeLoop();
}

LogicalResult SuppressEmitter::emit() {
  int64_t room = isForManySizes() ? llvm::alignTo(count, kSharedBoxes) : count;
  fields = makeScratch({NumFields, room}, element);
  Indices row = lowering.openTasks(loc, type.getDimSize(0));
  if (isForManySizes())
    emitZeros(room);
  if (failed(emitCopies(row[0])))
    return failure();
  if (count > 1 || isForManySizes())
    lowering.emitAlternatives(
        loc, [&] { emitOneByOne(kBoxes); },
        [&] {
          hasRoomForOverlaps() ? emitByWords() : emitOneByOne(kSharedBoxes);
        });
  if (failed(
          finishRow(row, count, [&](AffineExpr box) { return isAlive(box); })))
    return failure();
  lowering.closeSection();
  return success();
}

LogicalResult dlc::lower::lowerSuppress(GroupLowering &lowering,
                                        graph::SuppressOp op) {
  return SuppressEmitter(lowering, op).emit();
}

//===----------------------------------------------------------------------===//
// MatchOp
//===----------------------------------------------------------------------===//

namespace {
class MatchEmitter : RowEmitter {
public:
  MatchEmitter(GroupLowering &lowering, graph::MatchOp op)
      : RowEmitter(lowering, op), match(op), rows(op.getRows()),
        columns(op.getColumns()) {}

  LogicalResult emit();

private:
  /// Fills \p buffer of \p count elements with \p value.
  void fill(Value buffer, int64_t count, int64_t value);
  LogicalResult emitPairs(AffineExpr batch);

  graph::MatchOp match;
  int64_t rows, columns;
  Value partners; ///< scratch, the column of each row or -1
  Value isTaken;  ///< scratch, 1 for columns that have a row
};
} // namespace

void MatchEmitter::fill(Value buffer, int64_t count, int64_t value) {
  Value number = scalar::constant(b, loc, b.getI32Type(), double(value));
  AffineExpr position = lowering.openVectorLoop(loc, count);
  emitter.storePhysical(loc, number, buffer, position);
  lowering.closeLoop();
}

LogicalResult MatchEmitter::emitPairs(AffineExpr batch) {
  int64_t count = getTensorType(match.getOrder()).getDimSize(1);
  Value one = constantIndex(1), zero = constantIndex(0);
  auto loop = scf::ForOp::create(b, loc, zero, constantIndex(count), one, zero);
  OpBuilder::InsertionGuard guard(b);
  ElementEmitter::Scope scope(emitter);
  b.setInsertionPointToStart(loop.getBody());
  AffineExpr at = emitter.addIndex(loop.getInductionVar(), count);
  FailureOr<Value> pair = emitter.emit(match.getOrder(), {batch, at});
  FailureOr<Value> isAllowed = emitter.emit(match.getAllowed(), {batch, at});
  if (failed(pair) || failed(isAllowed))
    return failure();
  AffineExpr index = emitter.emitBoundedIndex(loc, *pair, rows * columns,
                                              graph::IndexMode::Clip);
  Value linear = emitter.emitIndex(loc, index), width = constantIndex(columns);
  Value column = arith::RemUIOp::create(b, loc, linear, width);
  AffineExpr rowAt =
      emitter.addIndex(arith::DivUIOp::create(b, loc, linear, width), rows);
  AffineExpr columnAt = emitter.addIndex(column, columns);
  auto number = [&](int64_t value) {
    return scalar::constant(b, loc, b.getI32Type(), double(value));
  };
  auto both = [&](Value lhs, Value rhs) -> Value {
    return arith::AndIOp::create(b, loc, lhs, rhs);
  };
  Value isRowFree =
      compare(arith::CmpIPredicate::slt,
              emitter.loadPhysical(loc, partners, rowAt), number(0));
  Value isColumnFree =
      compare(arith::CmpIPredicate::eq,
              emitter.loadPhysical(loc, isTaken, columnAt), number(0));
  Value matches = loop.getRegionIterArg(0);
  Value isWanted = compare(arith::CmpIPredicate::slt, matches,
                           constantIndex(match.getLimit()));
  Value fits = both(both(isRowFree, isColumnFree), both(*isAllowed, isWanted));
  lowering.openIf(loc, fits);
  emitter.storePhysical(loc, toInt(column), partners, rowAt);
  emitter.storePhysical(loc, number(1), isTaken, columnAt);
  lowering.closeLoop();
  Value step = arith::SelectOp::create(b, loc, fits, one, zero);
  scf::YieldOp::create(b, loc,
                       Value(arith::AddIOp::create(b, loc, matches, step)));
  return success();
}

LogicalResult MatchEmitter::emit() {
  partners = makeScratch(rows, b.getI32Type());
  isTaken = makeScratch(columns, b.getI32Type());
  int64_t batches = getTensorType(match.getOrder()).getDimSize(0);
  Indices task = lowering.openTasks(loc, batches);
  fill(partners, rows, -1);
  fill(isTaken, columns, 0);
  if (failed(emitPairs(task[0])) ||
      failed(finishRow(task, rows, [&](AffineExpr row) {
        return emitter.loadPhysical(loc, partners, row);
      })))
    return failure();
  lowering.closeSection();
  return success();
}

LogicalResult dlc::lower::lowerMatch(GroupLowering &lowering,
                                     graph::MatchOp op) {
  return MatchEmitter(lowering, op).emit();
}
