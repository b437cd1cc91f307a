// SPDX-License-Identifier: Apache-2.0
// The figures of the chips that can be emulated.
#ifndef EMULATOR_DRIVER_CHIPS_H
#define EMULATOR_DRIVER_CHIPS_H

#include <cstddef>
#include <cuda.h>

namespace emulator::driver {

/// One chip: what its data sheet and `cuDeviceGetAttribute` on it say.
struct Chip {
  int sm; ///< compute capability, 90 for 9.0
  const char *name;
  int multiprocessors;
  int clockKHz;
  int memoryClockKHz;
  int memoryBusBits;
  int l2Bytes;
  int threadsPerMultiprocessor;
  int blocksPerMultiprocessor;
  int sharedPerMultiprocessor; ///< bytes
  int sharedPerBlockOptIn;     ///< bytes
  int reservedSharedPerBlock;  ///< bytes
  int sharedGranularity;       ///< bytes that shared memory is rounded up to
  int singleToDoubleRatio;
  int copyEngines;
};

inline constexpr int warpSize = 32;
inline constexpr int maxThreadsPerBlock = 1024;
inline constexpr int maxBlockZ = 64;
inline constexpr int maxGridX = 0x7fffffff;
inline constexpr int maxGridYZ = 65535;
inline constexpr int sharedPerBlock = 48 << 10; ///< without opting in
inline constexpr int registersPerMultiprocessor = 64 << 10;

/// The chip of a compute capability, or null.
const Chip *findChip(int sm);

/// The value of a device attribute; false if there is no such attribute.
bool deviceAttribute(const Chip &chip, int ordinal,
                     CUdevice_attribute attribute, int &value);

/// Blocks of `threads` threads with `registers` registers each and `shared`
/// bytes that one multiprocessor holds at once; 0 if not even one.
int residentBlocks(const Chip &chip, int threads, int registers, size_t shared);

} // namespace emulator::driver

#endif
