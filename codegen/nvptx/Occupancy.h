// SPDX-License-Identifier: Apache-2.0
// How many blocks of a kernel a multiprocessor holds.
#ifndef DLC_CODEGEN_NVPTX_OCCUPANCY_H
#define DLC_CODEGEN_NVPTX_OCCUPANCY_H

#include "codegen/nvptx/Targets.h"
#include "llvm/ADT/StringMap.h"

namespace dlc::nvptx {

/// What ptxas needs for a kernel.
struct KernelUsage {
  int64_t registers = 0;   ///< of a thread
  int64_t spillBytes = 0;  ///< that a thread stores and loads for want of them
  int64_t sharedBytes = 0; ///< of a block, beside what the launch asks for
};

/// Reads what `ptxas -v` says, by the names of the kernels.
llvm::StringMap<KernelUsage> parseUsages(llvm::StringRef log);

/// Blocks of \p threads threads with \p dynamicShared bytes that
/// \p multiprocessor holds at once; 0 where it can't hold one.
int64_t getResidentBlocks(const Multiprocessor &multiprocessor, int64_t threads,
                          int64_t dynamicShared, const KernelUsage &usage);

} // namespace dlc::nvptx

#endif // DLC_CODEGEN_NVPTX_OCCUPANCY_H
