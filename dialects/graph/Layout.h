// SPDX-License-Identifier: Apache-2.0
// From a tensor's layout to the buffer that holds it.
#ifndef DLC_DIALECTS_GRAPH_LAYOUT_H
#define DLC_DIALECTS_GRAPH_LAYOUT_H

#include "dialects/graph/GraphOps.h"

namespace dlc::graph {

/// The layout of \p type, or null where it is plain row-major.
inline BlockedLayoutAttr getLayout(mlir::Type type) {
  return mlir::dyn_cast_or_null<BlockedLayoutAttr>(
      mlir::cast<mlir::RankedTensorType>(type).getEncoding());
}

/// \p type without a layout.
mlir::RankedTensorType getPlainType(mlir::Type type);

/// The tensor without encoding that has the bytes of \p type: blocks and halo
/// become extents, i1 becomes i8, unsigned integers signless ones, and a scalar
/// has one element.
mlir::RankedTensorType getPhysicalType(mlir::Type type);

/// Whether \p op is a conversion that changes at most the halo of its operand.
bool isHaloChange(mlir::Operation *op);

/// Whether the result's bytes are those of the inputs one after the other.
bool isContiguousJoin(ConcatOp op);

/// The element of the input's buffer at which the result starts, where its
/// bytes are one run of the input's; else nothing.
std::optional<int64_t> getPartOffset(SliceOp op);

} // namespace dlc::graph

#endif // DLC_DIALECTS_GRAPH_LAYOUT_H
