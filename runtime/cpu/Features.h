// SPDX-License-Identifier: Apache-2.0
// What the CPU can do, and which target of a model fits it.
#ifndef DLC_RUNTIME_CPU_FEATURES_H
#define DLC_RUNTIME_CPU_FEATURES_H

#include "dlc/abi.h"
#include "dlc/model.h"

namespace dlc::runtime {

/// Bits of enum dlc_abi_cpu_feature that the CPU has and the operating system
/// supports.
uint64_t cpuFeatures();

/// Sets \p index to the last target of \p model that \p features allow.
/// \p wanted, unless null, is the name of the target to take instead. Fails
/// where no target fits.
dlc_status chooseTarget(const dlc_abi_model &model, uint64_t features,
                        const char *wanted, uint32_t &index);

/// As chooseTarget, for this CPU. The environment variable DLC_CPU stands in
/// for \p wanted where that is null: it names a target, or a level of x86-64
/// beyond which the CPU's features are hidden.
dlc_status chooseTargetForCpu(const dlc_abi_model &model, const char *wanted,
                              uint32_t &index);

} // namespace dlc::runtime

#endif // DLC_RUNTIME_CPU_FEATURES_H
