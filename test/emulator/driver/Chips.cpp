// SPDX-License-Identifier: Apache-2.0
#include "driver/Chips.h"

#include <algorithm>

namespace emulator::driver {

static constexpr Chip chips[] = {
    // clang-format off
    {75, "Tesla T4", 40, 1590000, 5001000, 256, 4 << 20,
     1024, 16, 64 << 10, 64 << 10, 0, 256, 32, 3},
    {80, "A100-SXM4-80GB", 108, 1410000, 1593000, 5120, 40 << 20,
     2048, 32, 164 << 10, 163 << 10, 1024, 128, 2, 3},
    {86, "GeForce RTX 3090", 82, 1695000, 9751000, 384, 6 << 20,
     1536, 16, 100 << 10, 99 << 10, 1024, 128, 64, 2},
    {89, "GeForce RTX 4090", 128, 2520000, 10501000, 384, 72 << 20,
     1536, 24, 100 << 10, 99 << 10, 1024, 128, 64, 2},
    {90, "H100 80GB HBM3", 132, 1980000, 2619000, 5120, 50 << 20,
     2048, 32, 228 << 10, 227 << 10, 1024, 128, 2, 3},
    {100, "B200", 148, 1965000, 3996000, 8192, 126 << 20,
     2048, 32, 228 << 10, 227 << 10, 1024, 128, 2, 4},
    // clang-format on
};

const Chip *findChip(int sm) {
  for (const Chip &chip : chips)
    if (chip.sm == sm)
      return &chip;
  return nullptr;
}

namespace {
struct AttributeValue {
  CUdevice_attribute attribute;
  int value;
};
} // namespace

/// What all chips have in common. Attributes that cuda.h knows and that are
/// not here are 0: textures, which the emulator has none of, and features that
/// are not emulated.
static constexpr AttributeValue commonAttributes[] = {
    {CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK, maxThreadsPerBlock},
    {CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X, maxThreadsPerBlock},
    {CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Y, maxThreadsPerBlock},
    {CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z, maxBlockZ},
    {CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X, maxGridX},
    {CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y, maxGridYZ},
    {CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z, maxGridYZ},
    {CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK, sharedPerBlock},
    {CU_DEVICE_ATTRIBUTE_TOTAL_CONSTANT_MEMORY, 64 << 10},
    {CU_DEVICE_ATTRIBUTE_WARP_SIZE, warpSize},
    {CU_DEVICE_ATTRIBUTE_MAX_PITCH, 0x7fffffff},
    {CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_BLOCK, registersPerMultiprocessor},
    {CU_DEVICE_ATTRIBUTE_TEXTURE_ALIGNMENT, 512},
    {CU_DEVICE_ATTRIBUTE_TEXTURE_PITCH_ALIGNMENT, 32},
    {CU_DEVICE_ATTRIBUTE_SURFACE_ALIGNMENT, 512},
    {CU_DEVICE_ATTRIBUTE_GPU_OVERLAP, 1},
    {CU_DEVICE_ATTRIBUTE_CAN_MAP_HOST_MEMORY, 1},
    {CU_DEVICE_ATTRIBUTE_COMPUTE_MODE, CU_COMPUTEMODE_DEFAULT},
    {CU_DEVICE_ATTRIBUTE_CONCURRENT_KERNELS, 1},
    {CU_DEVICE_ATTRIBUTE_UNIFIED_ADDRESSING, 1},
    {CU_DEVICE_ATTRIBUTE_STREAM_PRIORITIES_SUPPORTED, 1},
    {CU_DEVICE_ATTRIBUTE_GLOBAL_L1_CACHE_SUPPORTED, 1},
    {CU_DEVICE_ATTRIBUTE_LOCAL_L1_CACHE_SUPPORTED, 1},
    {CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_MULTIPROCESSOR,
     registersPerMultiprocessor},
    {CU_DEVICE_ATTRIBUTE_MANAGED_MEMORY, 1},
    {CU_DEVICE_ATTRIBUTE_CONCURRENT_MANAGED_ACCESS, 1},
    {CU_DEVICE_ATTRIBUTE_COMPUTE_PREEMPTION_SUPPORTED, 1},
    {CU_DEVICE_ATTRIBUTE_COOPERATIVE_LAUNCH, 1},
    {CU_DEVICE_ATTRIBUTE_HOST_REGISTER_SUPPORTED, 1},
    {CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED, 1},
    {CU_DEVICE_ATTRIBUTE_HOST_NUMA_ID, -1},
    {CU_DEVICE_ATTRIBUTE_NUMA_ID, -1},
};

static bool chipAttribute(const Chip &chip, int ordinal,
                          CUdevice_attribute attribute, int &value) {
  switch (attribute) {
  case CU_DEVICE_ATTRIBUTE_CLOCK_RATE:
    value = chip.clockKHz;
    return true;
  case CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT:
    value = chip.multiprocessors;
    return true;
  case CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE:
    value = chip.memoryClockKHz;
    return true;
  case CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH:
    value = chip.memoryBusBits;
    return true;
  case CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE:
    value = chip.l2Bytes;
    return true;
  case CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR:
    value = chip.threadsPerMultiprocessor;
    return true;
  case CU_DEVICE_ATTRIBUTE_ASYNC_ENGINE_COUNT:
    value = chip.copyEngines;
    return true;
  case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR:
    value = chip.sm / 10;
    return true;
  case CU_DEVICE_ATTRIBUTE_CLUSTER_LAUNCH:
    value = chip.sm >= 90;
    return true;
  case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR:
    value = chip.sm % 10;
    return true;
  case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR:
    value = chip.sharedPerMultiprocessor;
    return true;
  case CU_DEVICE_ATTRIBUTE_SINGLE_TO_DOUBLE_PRECISION_PERF_RATIO:
    value = chip.singleToDoubleRatio;
    return true;
  case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN:
    value = chip.sharedPerBlockOptIn;
    return true;
  case CU_DEVICE_ATTRIBUTE_MAX_BLOCKS_PER_MULTIPROCESSOR:
    value = chip.blocksPerMultiprocessor;
    return true;
  case CU_DEVICE_ATTRIBUTE_RESERVED_SHARED_MEMORY_PER_BLOCK:
    value = chip.reservedSharedPerBlock;
    return true;
  case CU_DEVICE_ATTRIBUTE_PCI_BUS_ID:
    value = ordinal + 1;
    return true;
  case CU_DEVICE_ATTRIBUTE_MULTI_GPU_BOARD_GROUP_ID:
    value = ordinal;
    return true;
  default:
    return false;
  }
}

bool deviceAttribute(const Chip &chip, int ordinal,
                     CUdevice_attribute attribute, int &value) {
  if (attribute < CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK ||
      attribute >= CU_DEVICE_ATTRIBUTE_MAX)
    return false;
  if (chipAttribute(chip, ordinal, attribute, value))
    return true;
  value = 0;
  for (const AttributeValue &common : commonAttributes)
    if (common.attribute == attribute)
      value = common.value;
  return true;
}

int residentBlocks(const Chip &chip, int threads, int registers,
                   size_t shared) {
  constexpr int partitions = 4, registerUnit = 256;
  const auto roundUp = [](size_t value, size_t unit) {
    return (value + unit - 1) / unit * unit;
  };
  if (threads <= 0 || threads > maxThreadsPerBlock)
    return 0;
  const int warps = (threads + warpSize - 1) / warpSize;
  int blocks = std::min(chip.blocksPerMultiprocessor,
                        chip.threadsPerMultiprocessor / warpSize / warps);
  if (registers > 0) {
    const int ofWarp = static_cast<int>(
        roundUp(static_cast<size_t>(registers) * warpSize, registerUnit));
    const int warpsThatFit =
        registersPerMultiprocessor / partitions / ofWarp * partitions;
    // Whole warps are dealt to the partitions of a multiprocessor.
    blocks = std::min(blocks, warpsThatFit / warps);
  }
  const size_t ofBlock =
      roundUp(shared + static_cast<size_t>(chip.reservedSharedPerBlock),
              static_cast<size_t>(chip.sharedGranularity));
  if (shared > static_cast<size_t>(chip.sharedPerBlockOptIn))
    return 0;
  if (ofBlock)
    blocks = std::min(
        blocks,
        static_cast<int>(static_cast<size_t>(chip.sharedPerMultiprocessor) /
                         ofBlock));
  return blocks;
}

} // namespace emulator::driver
