// SPDX-License-Identifier: Apache-2.0
// The processor's peak, measured.
#ifndef DLC_TOOLS_DLC_PEAKFLOPS_H
#define DLC_TOOLS_DLC_PEAKFLOPS_H

namespace dlc::tool {

/// The float32 GFLOP/s that one core reaches on fused multiply-adds in
/// registers, with the widest vectors it has; 0 where that is not known. Takes
/// a few milliseconds.
double measurePeakGflops();

} // namespace dlc::tool

#endif // DLC_TOOLS_DLC_PEAKFLOPS_H
