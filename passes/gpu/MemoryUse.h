// SPDX-License-Identifier: Apache-2.0
// Which buffers a piece of a kernel reads and writes.
#ifndef DLC_PASSES_GPU_MEMORYUSE_H
#define DLC_PASSES_GPU_MEMORYUSE_H

#include "dialects/kernel/KernelOps.h"
#include "llvm/ADT/SmallPtrSet.h"

namespace dlc::kernel {

/// Buffers, each as the kernel's argument or scratch memory that it is part of.
/// An output that may be computed in place of an input counts as that input.
using BufferSet = llvm::SmallPtrSet<void *, 8>;

/// What is read and written.
struct MemoryUse {
  BufferSet reads, writes;

  /// Whether one of them writes what the other reads or writes.
  bool conflictsWith(const MemoryUse &other) const;
  void clear() {
    reads.clear();
    writes.clear();
  }
  bool empty() const { return reads.empty() && writes.empty(); }
};

/// Adds the buffers that the buffer \p memref may be part of to \p buffers.
void addBuffers(mlir::Value memref, BufferSet &buffers);

/// What \p op and the operations inside it use.
MemoryUse getMemoryUse(mlir::Operation *op);

/// The attribute of a `kernel.func` that says at multiples of how many bytes
/// each of its arguments begins. Without it each begins at any element.
inline constexpr llvm::StringLiteral kAlignmentsAttr = "kernel.alignments";

/// The bytes that the buffer \p memref begins at a multiple of: as far as the
/// kernel's arguments let it.
int64_t getAlignment(mlir::Value memref);

/// The same where each argument begins at a multiple of kBufferAlignment.
int64_t getSliceAlignment(mlir::Value memref);

/// What allocateShared and the runtime give the memory that begins somewhere,
/// in bytes.
inline constexpr int64_t kBufferAlignment = 16;

/// Whether \p op needs nothing but registers.
bool isPureOperation(mlir::Operation &op);

} // namespace dlc::kernel

#endif // DLC_PASSES_GPU_MEMORYUSE_H
