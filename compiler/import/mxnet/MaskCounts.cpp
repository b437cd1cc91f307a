// SPDX-License-Identifier: Apache-2.0
// Numbers what a model counts; equal masks have one count.
#include "compiler/import/mxnet/MaskCounts.h"

#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;

namespace dlc::mxnet {

/// Whether \p a and \p b are the same function of the same values; a few
/// operators deep.
static bool areEqual(Value a, Value b, unsigned depth = 0) {
  static constexpr unsigned maxEqualDepth = 16;
  if (a == b)
    return true;
  Operation *x = a.getDefiningOp(), *y = b.getDefiningOp();
  if (!x || !y || depth == maxEqualDepth || x->getName() != y->getName() ||
      !isMemoryEffectFree(x) ||
      cast<OpResult>(a).getResultNumber() !=
          cast<OpResult>(b).getResultNumber() ||
      x->getNumOperands() != y->getNumOperands() ||
      x->getResultTypes() != y->getResultTypes() ||
      x->getAttrDictionary() != y->getAttrDictionary() ||
      x->getNumRegions() != 0)
    return false;
  return llvm::all_of(
      llvm::zip(x->getOperands(), y->getOperands()), [&](auto pair) {
        return areEqual(std::get<0>(pair), std::get<1>(pair), depth + 1);
      });
}

/// The size to look at a model for that counts up to \p most: odd, so that it
/// is hardly an extent of something else, too, and not so large that multiples
/// of it are no extents any more.
static int64_t getTypicalCount(int64_t most) {
  return std::clamp<int64_t>(most / 2, 8, int64_t(1) << 20) | 1;
}

Count MaskCounts::get(OpBuilder &builder, Location loc, Value mask) {
  for (auto &[known, count] : counts)
    if (areEqual(known, mask))
      return count;
  Count count;
  count.number = int64_t(counts.size());
  int64_t size =
      counts.size() < sizes.size()
          ? sizes[counts.size()]
          : getTypicalCount(
                cast<RankedTensorType>(mask.getType()).getDimSize(0));
  count.packed = graph::CompactOp::create(builder, loc, mask);
  count.places = graph::CountedOp::create(
      builder, loc, RankedTensorType::get({size}, builder.getI64Type()),
      count.packed, /*start=*/1, count.number);
  counts.push_back({mask, count});
  return count;
}

} // namespace dlc::mxnet
