// SPDX-License-Identifier: Apache-2.0
// Why a kernel can't be as fast as FMA units and memory would allow.
#ifndef DLC_COMPILER_REASONS_H
#define DLC_COMPILER_REASONS_H

#include "compiler/LaunchCost.h"

namespace dlc {

/// What separates the estimate \p cost from its roof, the largest part first:
/// every part of a tenth of the time or more, in words. Taken from what
/// kernel-estimate-work counted in \p code. Empty where nothing does.
std::vector<std::string> explainCost(const LaunchCost &cost,
                                     device::LaunchOp launch,
                                     device::TargetAttr target,
                                     device::VariantAttr code);

} // namespace dlc

#endif // DLC_COMPILER_REASONS_H
