// SPDX-License-Identifier: Apache-2.0
// The limits of the processor and its memory, measured.
#ifndef DLC_TOOLS_DLC_PEAKFLOPS_H
#define DLC_TOOLS_DLC_PEAKFLOPS_H

namespace dlc::tool {

/// The float32 GFLOP/s that one core reaches on fused multiply-adds in
/// registers, with the widest vectors it has; 0 where that is not known. Takes
/// a few milliseconds.
double measurePeakGflops();

/// The GB/s at which one core reads memory that no cache holds. Takes some 50
/// milliseconds.
double measureReadBandwidth();

} // namespace dlc::tool

#endif // DLC_TOOLS_DLC_PEAKFLOPS_H
