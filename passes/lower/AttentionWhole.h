// SPDX-License-Identifier: Apache-2.0
// What an attention computes, without the loops that do.
#ifndef DLC_PASSES_LOWER_ATTENTIONWHOLE_H
#define DLC_PASSES_LOWER_ATTENTIONWHOLE_H

#include "passes/lower/GroupLowering.h"

namespace dlc::lower {

/// Whether the weights of \p op are something else than its softmax's result.
bool hasWeightTail(graph::AttentionOp op);
/// The indices of an element in a tensor of type \p type that differs from that
/// of \p indices and \p extents in how batch dimensions are split.
GroupLowering::Indices splitBatch(llvm::ArrayRef<mlir::AffineExpr> indices,
                                  llvm::ArrayRef<int64_t> extents,
                                  mlir::RankedTensorType type);
/// Emits \p op as a whole, without tasks yet; null where its weights depend on
/// the softmax in a way that can't be said so, or code is for many sizes.
mlir::FailureOr<kernel::AttendOp> emitAttend(GroupLowering &lowering,
                                             graph::AttentionOp op);

} // namespace dlc::lower

#endif // DLC_PASSES_LOWER_ATTENTIONWHOLE_H
