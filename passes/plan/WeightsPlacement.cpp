// SPDX-License-Identifier: Apache-2.0
// Finds equal weights by a hash, then by their bytes.
#include "passes/plan/WeightsPlacement.h"

#include "llvm/Support/CheckedArithmetic.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using namespace dlc::device;
using namespace dlc::plan;

/// The bytes of \p weights, which may lie in \p storage; fails with an error.
static FailureOr<ArrayRef<char>> readBytes(WeightsOp weights,
                                           SmallVectorImpl<char> &storage) {
  FailureOr<ArrayRef<char>> bytes = getBytes(weights.getValue(), storage);
  if (failed(bytes))
    return weights.emitOpError("has no data");
  return bytes;
}

static std::pair<size_t, uint64_t> getKey(ArrayRef<char> bytes) {
  return {bytes.size(),
          llvm::xxh3_64bits(llvm::ArrayRef<uint8_t>(
              reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size()))};
}

WeightsOp WeightsPlacement::findEqual(const Key &key, ArrayRef<char> bytes) {
  for (auto [it, end] = placed.equal_range(key); it != end; ++it) {
    SmallVector<char, 0> storage;
    if (*getBytes(it->second.getValue(), storage) == bytes)
      return it->second;
  }
  return {};
}

/// Notes where \p weights end.
LogicalResult WeightsPlacement::add(WeightsOp weights, const Key &key) {
  std::optional<int64_t> end =
      llvm::checkedAdd<int64_t>(*weights.getOffset(), key.first);
  if (!end)
    return weights.emitOpError("makes the weights larger than 2^63 bytes");
  size = std::max(size, *end);
  placed.emplace(key, weights);
  return success();
}

LogicalResult WeightsPlacement::adopt(WeightsOp weights) {
  SmallVector<char, 0> storage;
  FailureOr<ArrayRef<char>> bytes = readBytes(weights, storage);
  return failed(bytes) ? failure() : add(weights, getKey(*bytes));
}

LogicalResult WeightsPlacement::place(WeightsOp weights) {
  SmallVector<char, 0> storage;
  FailureOr<ArrayRef<char>> bytes = readBytes(weights, storage);
  if (failed(bytes))
    return failure();
  Key key = getKey(*bytes);
  if (WeightsOp equal = findEqual(key, *bytes)) {
    weights.setOffset(equal.getOffset());
    ++numShared;
    return success();
  }
  weights.setOffset(llvm::alignTo(size, alignment));
  return add(weights, key);
}
