// SPDX-License-Identifier: Apache-2.0
// Where weights lie in their image.
#ifndef DLC_PASSES_PLAN_WEIGHTSPLACEMENT_H
#define DLC_PASSES_PLAN_WEIGHTSPLACEMENT_H

#include "dialects/device/DeviceOps.h"
#include <map>

namespace dlc::plan {

/// Lays out an image of weights one after the other; equal bytes lie there
/// once.
class WeightsPlacement {
public:
  /// Every offset becomes a multiple of \p alignment; as in plan-weights, 64
  /// unless something else is wanted.
  explicit WeightsPlacement(int64_t alignment = 64) : alignment(alignment) {}

  /// Gives \p weights the offset of equal ones, or the next free one. Fails,
  /// with an error, where there are no bytes or too many.
  mlir::LogicalResult place(device::WeightsOp weights);
  /// Takes over \p weights, which have an offset in the image; fails likewise.
  mlir::LogicalResult adopt(device::WeightsOp weights);

  /// The bytes of the image so far.
  int64_t getSize() const { return size; }
  /// How many weights lie where equal ones were before.
  int64_t getNumShared() const { return numShared; }

private:
  using Key = std::pair<size_t, uint64_t>; // size and hash of the bytes
  /// What was placed and has \p bytes; null where there is none.
  device::WeightsOp findEqual(const Key &key, llvm::ArrayRef<char> bytes);
  mlir::LogicalResult add(device::WeightsOp weights, const Key &key);

  std::multimap<Key, device::WeightsOp> placed;
  int64_t alignment, size = 0, numShared = 0;
};

} // namespace dlc::plan

#endif // DLC_PASSES_PLAN_WEIGHTSPLACEMENT_H
