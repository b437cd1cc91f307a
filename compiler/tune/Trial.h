// SPDX-License-Identifier: Apache-2.0
// Measures variants of one kernel side by side.
#ifndef DLC_COMPILER_TUNE_TRIAL_H
#define DLC_COMPILER_TUNE_TRIAL_H

#include "compiler/Compile.h"
#include "dialects/device/DeviceOps.h"
#include "dialects/kernel/KernelOps.h"

namespace dlc {

/// What a trial needs to know of the model that the kernel is from.
struct TrialSetting {
  device::TargetAttr target;
  /// Which of the kernel's inputs are weights there.
  llvm::SmallVector<bool> isWeights;
  /// The bytes of all its weights: as many pass between two launches.
  int64_t weightsBytes = 0;
};

/// Compiles \p variants of one kernel, which differ in their schedules, into an
/// artifact and runs them in turn for about \p seconds. Returns for each how
/// often it is as fast as the first one, the median over all rounds; nothing
/// where that fails. The variants are of a context that reports to nobody.
std::vector<double> measureVariants(llvm::ArrayRef<kernel::FuncOp> variants,
                                    const TrialSetting &setting,
                                    const CompileOptions &options,
                                    double seconds);

} // namespace dlc

#endif // DLC_COMPILER_TUNE_TRIAL_H
