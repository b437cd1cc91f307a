// SPDX-License-Identifier: Apache-2.0
// The CPUs that code can be generated for.
#ifndef DLC_CODEGEN_CPU_TARGETS_H
#define DLC_CODEGEN_CPU_TARGETS_H

#include "dialects/device/DeviceOps.h"

namespace dlc::cpu {

/// Describes the CPU that the command line calls \p name: an x86-64 level
/// (x86-64-v3), "native", or a CPU as LLVM names it (znver4). Sets \p error
/// and returns null where there is no such CPU or no support for it.
device::TargetAttr getTarget(mlir::MLIRContext *context, llvm::StringRef name,
                             std::string &error);

/// The names that `--cpu` stands for when it isn't given.
llvm::ArrayRef<llvm::StringRef> getDefaultTargets();

} // namespace dlc::cpu

#endif // DLC_CODEGEN_CPU_TARGETS_H
