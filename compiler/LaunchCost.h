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

/// Bytes that come from, or go to, a level.
struct MemoryRead {
  MemoryLevel level;
  int64_t bytes;
};

/// What one launch costs on one thread of a target, in nanoseconds.
struct LaunchCost {
  /// Each byte once; weights once a phase.
  llvm::SmallVector<MemoryRead, 3> reads;
  double flopNs = 0;    ///< the model's operations at the core's peak
  double memoryNs = 0;  ///< of the reads
  double computeNs = 0; ///< the instructions, all data in L1
  static constexpr double launchNs = 60;
  /// How much of the shorter of the two the longer one doesn't hide.
  static constexpr double exposed = 0.3;

  /// What no code could be faster than.
  double getRoofNs() const { return std::max(flopNs, memoryNs); }
  double getNs() const {
    return std::max(computeNs, memoryNs) +
           exposed * std::min(computeNs, memoryNs) + launchNs;
  }
};

/// Estimates \p launch of \p code for \p target from its `work` (see
/// kernel-estimate-work). Weights were last read one run ago: everything that a
/// run touches, \p bytesOfRun, lies between; other data come from the launches
/// just before.
LaunchCost estimateCost(device::LaunchOp launch, device::TargetAttr target,
                        device::VariantAttr code, int64_t bytesOfRun);

/// Bytes that a run of \p program touches.
int64_t getBytesOfRun(device::ProgramOp program);

/// Sets `cost_ns` of each launch of \p module, whose kernels have code: the
/// geometric mean over the targets, for artifacts have one number for all.
void setCosts(mlir::ModuleOp module);

} // namespace dlc

#endif // DLC_COMPILER_LAUNCHCOST_H
