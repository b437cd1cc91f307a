// SPDX-License-Identifier: Apache-2.0
// Schedules of a contraction that are worth measuring.
#ifndef DLC_PASSES_KERNEL_CONTRACTCANDIDATES_H
#define DLC_PASSES_KERNEL_CONTRACTCANDIDATES_H

#include "dialects/device/DeviceOps.h"
#include "dialects/kernel/KernelOps.h"
#include <vector>

namespace dlc::kernel {

/// The cost model's best register tiles for \p op on \p target, but for the one
/// that it would choose, and for that one other blocks of depth, columns and
/// rows. Several may become the same loops.
std::vector<ScheduleAttr> listSchedules(ContractOp op,
                                        device::TargetAttr target);

} // namespace dlc::kernel

#endif // DLC_PASSES_KERNEL_CONTRACTCANDIDATES_H
