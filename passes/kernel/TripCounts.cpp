// SPDX-License-Identifier: Apache-2.0
// How often loops run, in functions whose bounds depend on few arguments.
#include "passes/kernel/TripCounts.h"
#include "passes/kernel/TypicalExtents.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace dlc::kernel;

int64_t TripCounts::enter(scf::ForOp loop) {
  std::optional<int64_t> lower = evaluate(loop.getLowerBound()),
                         upper = evaluate(loop.getUpperBound()),
                         step = evaluate(loop.getStep());
  Value index = loop.getInductionVar();
  if (!lower || !upper || !step || *step <= 0) {
    values[index] = lower;
    return 1;
  }
  int64_t trips =
      *upper > *lower ? llvm::divideCeil(*upper - *lower, *step) : 0;
  values[index] = *lower + trips / 2 * *step;
  return trips;
}

std::optional<int64_t> TripCounts::evaluate(Value value) {
  if (auto it = values.find(value); it != values.end())
    return it->second;
  Operation *op = value.getDefiningOp();
  if (!op || op->getNumResults() != 1 || isa<VectorType>(value.getType()))
    return std::nullopt;
  // Loops are entered once, so that a value is the same for good.
  std::optional<int64_t> result = evaluateOp(op);
  values[value] = result;
  return result;
}

std::optional<int64_t> TripCounts::evaluateOp(Operation *op) {
  // A size that is known when the kernel runs.
  if (auto typical = op->getAttrOfType<IntegerAttr>(kTypicalAttr))
    return typical.getInt();
  APInt constant;
  if (matchPattern(op, m_ConstantInt(&constant)))
    return constant.getSExtValue();
  if (isa<arith::IndexCastOp, arith::IndexCastUIOp, arith::ExtUIOp,
          arith::ExtSIOp, arith::TruncIOp>(op))
    return evaluate(op->getOperand(0));
  if (auto select = dyn_cast<arith::SelectOp>(op)) {
    std::optional<int64_t> condition = evaluate(select.getCondition());
    if (!condition)
      return std::nullopt;
    return evaluate(*condition ? select.getTrueValue()
                               : select.getFalseValue());
  }
  if (op->getNumOperands() != 2)
    return std::nullopt;
  std::optional<int64_t> left = evaluate(op->getOperand(0)),
                         right = evaluate(op->getOperand(1));
  if (!left || !right)
    return std::nullopt;
  using Result = std::optional<int64_t>;
  int64_t a = *left, b = *right;
  return TypeSwitch<Operation *, Result>(op)
      .Case([&](arith::AddIOp) { return a + b; })
      .Case([&](arith::SubIOp) { return a - b; })
      .Case([&](arith::MulIOp) { return a * b; })
      .Case([&](arith::AndIOp) { return a & b; })
      .Case([&](arith::OrIOp) { return a | b; })
      .Case<arith::MinSIOp, arith::MinUIOp>(
          [&](Operation *) { return std::min(a, b); })
      .Case<arith::MaxSIOp, arith::MaxUIOp>(
          [&](Operation *) { return std::max(a, b); })
      .Case([&](arith::CmpIOp compare) {
        return arith::applyCmpPredicate(compare.getPredicate(),
                                        APInt(64, a, /*isSigned=*/true),
                                        APInt(64, b, /*isSigned=*/true));
      })
      .Case<arith::DivUIOp, arith::DivSIOp>(
          [&](Operation *) { return b ? Result(a / b) : Result(); })
      .Case<arith::RemUIOp, arith::RemSIOp>(
          [&](Operation *) { return b ? Result(a % b) : Result(); })
      .Case([&](arith::CeilDivUIOp) {
        return b > 0 && a >= 0 ? Result(llvm::divideCeil(a, b)) : Result();
      })
      .Default([](Operation *) { return Result(); });
}
