// SPDX-License-Identifier: Apache-2.0
// What a launch costs: its instructions, and the memory that its data come
// from.
#ifndef DLC_COMPILER_LAUNCHCOST_H
#define DLC_COMPILER_LAUNCHCOST_H

#include "dialects/device/DeviceOps.h"

namespace dlc {

/// What data are read from.
enum class MemoryLevel { L1, L2, L3, Memory };
constexpr unsigned kNumMemoryLevels = 4;

/// "L1", "L2", "L3" or "memory".
llvm::StringRef getName(MemoryLevel level);

/// The level that holds \p bytes which are read again and again.
MemoryLevel getLevel(device::TargetAttr target, int64_t bytes);

/// Bytes that one core of \p target reads from \p level in a nanosecond.
double getBytesPerNs(device::TargetAttr target, MemoryLevel level);

/// Floating-point operations that one core of \p target does in a nanosecond,
/// at most.
double getFlopsPerNs(device::TargetAttr target);

/// What one launch costs on one thread of a target, in nanoseconds.
struct LaunchCost {
  int64_t weightBytes = 0, otherBytes = 0; ///< read and written
  MemoryLevel weightLevel = MemoryLevel::L1, otherLevel = MemoryLevel::L1;
  double flopNs = 0;    ///< the model's operations at the core's peak
  double memoryNs = 0;  ///< each byte once
  double computeNs = 0; ///< the instructions, all data in L1
  static constexpr double launchNs = 60;

  /// What no code could be faster than.
  double getRoofNs() const { return std::max(flopNs, memoryNs); }
  double getNs() const { return std::max(computeNs, memoryNs) + launchNs; }
};

/// Estimates \p launch from the \p work of its kernel's code for \p target
/// (see kernel-estimate-work). Weights were last read one run ago: everything
/// that a run touches, \p bytesOfRun, lies between; other data come from the
/// launches just before.
LaunchCost estimateCost(device::LaunchOp launch, device::TargetAttr target,
                        mlir::DictionaryAttr work, int64_t bytesOfRun);

/// Bytes that a run of \p program touches.
int64_t getBytesOfRun(device::ProgramOp program);

/// Sets `cost_ns` of each launch of \p module, whose kernels have code: the
/// geometric mean over the targets, for artifacts have one number for all.
void setCosts(mlir::ModuleOp module);

} // namespace dlc

#endif // DLC_COMPILER_LAUNCHCOST_H
