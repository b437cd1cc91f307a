// SPDX-License-Identifier: Apache-2.0
// The limits of the processor and its memory, measured.
#ifndef DLC_TOOLS_DLC_PEAKFLOPS_H
#define DLC_TOOLS_DLC_PEAKFLOPS_H

#include <cstddef>

namespace dlc::tool {

/// The float32 GFLOP/s that one core reaches on fused multiply-adds in
/// registers, with the widest vectors it has; 0 where that is not known. Takes
/// a few milliseconds.
double measurePeakGflops();

/// The GB/s at which one core reads \p bytes again and again, from whatever
/// cache holds them or from memory. Takes some 10 milliseconds, 50 where the
/// bytes are many.
double measureReadBandwidth(size_t bytes);

} // namespace dlc::tool

#endif // DLC_TOOLS_DLC_PEAKFLOPS_H
