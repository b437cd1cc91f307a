// SPDX-License-Identifier: Apache-2.0
// The kernel dialect: verifier and expansion of kernel.attend.
#include "dialects/kernel/KernelOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace dlc::kernel;

/// Checks the dimensions and results of one of the maps.
static LogicalResult verifyMap(AttendOp op, StringRef which, AffineMap map,
                               Value buffer) {
  auto type = cast<MemRefType>(buffer.getType());
  size_t numDims = op.getBatch().size() + 2;
  if (map.getNumDims() != numDims || map.getNumSymbols() != 0)
    return op.emitOpError("requires ")
           << which << " to have " << numDims
           << " dimensions and no symbols, but got " << map.getNumDims()
           << " and " << map.getNumSymbols();
  if (map.getNumResults() != unsigned(type.getRank()))
    return op.emitOpError("requires one result of ")
           << which << " for each dimension of " << type << ", but got "
           << map.getNumResults();
  return success();
}

/// Checks that \p region takes \p numIndices indices and a number, and yields
/// \p type (null: one of the number's type).
static LogicalResult verifyElement(AttendOp op, StringRef which, Region &region,
                                   size_t numIndices, Type type) {
  auto types = llvm::to_vector(region.getArgumentTypes());
  if (types.size() != numIndices + 1 || !isa<FloatType>(types.back()) ||
      !llvm::all_of(ArrayRef(types).drop_back(),
                    [](Type type) { return type.isIndex(); }))
    return op.emitOpError("requires ")
           << which << " on " << numIndices << " indices and a number, but got "
           << types;
  if (!type)
    type = types.back();
  Block &body = region.front();
  auto yield = body.empty() ? YieldOp() : dyn_cast<YieldOp>(body.back());
  if (!yield || yield.getValue().getType() != type)
    return op.emitOpError("requires ") << which << " that yields " << type;
  return success();
}

LogicalResult AttendOp::verify() {
  // C2
  auto isPositive = [](int64_t extent) { return extent > 0; };
  int64_t extents[] = {int64_t(getM()), int64_t(getN()), int64_t(getD()),
                       int64_t(getE())};
  if (!llvm::all_of(getBatch(), isPositive) ||
      !llvm::all_of(extents, isPositive))
    return emitOpError("requires positive extents");
  // C1
  if (failed(verifyMap(*this, "queries_map", getQueriesMap(), getQueries())) ||
      failed(verifyMap(*this, "keys_map", getKeysMap(), getKeys())) ||
      failed(verifyMap(*this, "values_map", getValuesMap(), getValues())) ||
      failed(verifyMap(*this, "out_map", getOutMap(), getOut())))
    return failure();
  // C3
  size_t numIndices = getBatch().size() + 2;
  Type element = cast<MemRefType>(getOut().getType()).getElementType();
  bool hasWeight = !getWeight().empty();
  if (failed(verifyElement(*this, "a score", getScore(), numIndices, Type())) ||
      (hasWeight && failed(verifyElement(*this, "a weight", getWeight(),
                                         numIndices, Type()))) ||
      failed(verifyElement(*this, "an epilogue", getEpilogue(), numIndices,
                           element)))
    return failure();
  // C4
  if (hasWeight && !isProportional(getWeight().front()))
    return emitOpError("requires a weight proportional to its last argument");
  return verifySections(*this, getTasks()); // C5
}

bool dlc::kernel::isProportional(Block &body) {
  llvm::SmallDenseSet<Value> found{body.getArguments().back()};
  auto isFound = [&](Value value) { return found.contains(value); };
  for (Operation &op : body.without_terminator()) {
    if (llvm::none_of(op.getOperands(), isFound))
      continue;
    if (isa<arith::MulFOp>(op)) {
      if (llvm::all_of(op.getOperands(), isFound))
        return false;
    } else if (auto select = dyn_cast<arith::SelectOp>(op)) {
      for (Value value : {select.getTrueValue(), select.getFalseValue()})
        if (!isFound(value) && !matchPattern(value, m_AnyZeroFloat()))
          return false;
    } else {
      return false;
    }
    found.insert(op.getResult(0));
  }
  return isFound(body.getTerminator()->getOperand(0));
}

void dlc::kernel::expandAttention(AttendOp op) {
  op->getBlock()->getOperations().splice(op->getIterator(),
                                         op.getTasks().front().getOperations());
  op.erase();
}
