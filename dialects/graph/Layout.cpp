// SPDX-License-Identifier: Apache-2.0
// Which tensors are one run of the bytes of others.
#include "dialects/graph/Layout.h"

using namespace mlir;
using namespace dlc::graph;

/// Whether all of the first \p count extents of \p type are 1.
static bool areUnits(RankedTensorType type, int64_t count) {
  return llvm::all_of(type.getShape().take_front(count),
                      [](int64_t extent) { return extent == 1; });
}

/// Channels that are next to each other in a block of \p type.
static int64_t getBlock(RankedTensorType type) {
  BlockedLayoutAttr layout = getLayout(type);
  return layout ? layout.getBlock() : 1;
}

bool dlc::graph::isHaloChange(Operation *op) {
  auto relayout = dyn_cast<RelayoutOp>(op);
  if (!relayout)
    return false;
  auto from = getLayout(relayout.getInput().getType());
  auto to = getLayout(relayout.getType());
  return from && to && from.getBlock() == to.getBlock();
}

bool dlc::graph::isContiguousJoin(ConcatOp op) {
  auto type = cast<RankedTensorType>(op.getType());
  int64_t axis = op.getAxis();
  BlockedLayoutAttr layout = getLayout(type);
  // Spatial dimensions have a halo around them and channels behind them.
  if (!type.hasStaticShape() || !areUnits(type, axis) || (layout && axis > 1))
    return false;
  for (auto [i, input] : llvm::enumerate(op.getInputs())) {
    auto part = cast<RankedTensorType>(input.getType());
    if (part.getEncoding() != type.getEncoding())
      return false;
    bool isLast = i + 1 == op.getInputs().size();
    if (axis == 1 && !isLast && part.getDimSize(1) % getBlock(type) != 0)
      return false;
  }
  return true;
}

std::optional<int64_t> dlc::graph::getPartOffset(SliceOp op) {
  auto input = cast<RankedTensorType>(op.getInput().getType()),
       result = cast<RankedTensorType>(op.getType());
  if (!input.hasStaticShape() || input.getEncoding() != result.getEncoding() ||
      llvm::any_of(op.getSteps(), [](int64_t step) { return step != 1; }))
    return std::nullopt;
  // The last dimension that is cut; those before it have one index each.
  int64_t cut = input.getRank() - 1;
  while (cut >= 0 && input.getDimSize(cut) == result.getDimSize(cut))
    --cut;
  BlockedLayoutAttr layout = getLayout(input);
  if (!areUnits(result, std::max<int64_t>(cut, 0)) || (layout && cut > 1))
    return std::nullopt;
  int64_t block = getBlock(input);
  bool cutsBlocks =
      block > 1 &&
      (op.getStarts()[1] % block != 0 ||
       (result.getDimSize(1) % block != 0 &&
        op.getStarts()[1] + result.getDimSize(1) != input.getDimSize(1)));
  if (cutsBlocks)
    return std::nullopt;
  int64_t offset = 0, stride = 1;
  ArrayRef<int64_t> physical = getPhysicalType(input).getShape();
  for (int64_t dim = physical.size() - 1; dim >= 0; --dim) {
    int64_t start = dim <= cut ? op.getStarts()[dim] : 0;
    offset += (dim == 1 ? start / block : start) * stride;
    stride *= physical[dim];
  }
  return offset;
}
