// SPDX-License-Identifier: Apache-2.0
// How many blocks a multiprocessor holds.
#include "driver/Entry.h"
#include "driver/Module.h"

#include <algorithm>
#include <functional>

namespace emulator::driver {

/// Runs `body(function, chip)`.
template <typename Body>
static CUresult withFunction(CUfunction handle, Body body) {
  return withContext([&](Driver &, Context &context) {
    std::shared_ptr<Function> function;
    const CUresult code = findFunction(context, handle, function);
    return code ? code : body(*function, context.device.chip);
  });
}

static int blocksOf(const Function &function, const Chip &chip, int threads,
                    size_t dynamicShared) {
  return residentBlocks(chip, threads,
                        static_cast<int>(function.kernel.registers),
                        function.kernel.staticShared + dynamicShared);
}

/// The block size with most threads on a multiprocessor; of those that have
/// as many the largest.
static int bestBlock(const Function &function, const Chip &chip, int limit,
                     const std::function<size_t(int)> &shared, int &blocks) {
  const int most =
      std::min(limit > 0 ? limit : maxThreadsPerBlock, function.maxThreads());
  int best = 0, bestThreads = 0;
  const auto consider = [&](int threads) {
    const int count = blocksOf(function, chip, threads, shared(threads));
    if (count * threads > bestThreads) {
      bestThreads = count * threads;
      best = threads;
      blocks = count;
    }
  };
  consider(most);
  for (int threads = (most - 1) / warpSize * warpSize; threads > 0;
       threads -= warpSize)
    consider(threads);
  return best;
}

/// How many clusters of so many blocks a device holds; 0 if it has none such.
static int clustersOf(const Function &function, const Chip &chip,
                      const CUlaunchConfig &config, uint64_t blocks) {
  if (!blocks || blocks > function.mostClusterBlocks(chip.sm))
    return 0;
  const uint64_t threads =
      uint64_t(config.blockDimX) * config.blockDimY * config.blockDimZ;
  if (!threads || threads > uint64_t(maxThreadsPerBlock))
    return 0;
  const int held = blocksOf(function, chip, static_cast<int>(threads),
                            config.sharedMemBytes);
  return static_cast<int>(uint64_t(held) * uint64_t(chip.multiprocessors) /
                          blocks);
}

/// Blocks of the cluster that a launch's attributes or the kernel ask for.
static uint64_t clusterBlocks(const Function &function,
                              const CUlaunchConfig &config) {
  const uint32_t *required = function.kernel.clusterShape;
  uint64_t blocks = 1;
  if (required[0])
    blocks = uint64_t(required[0]) * std::max(1u, required[1]) *
             std::max(1u, required[2]);
  for (unsigned i = 0; i < config.numAttrs; ++i)
    if (config.attrs[i].id == CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION) {
      const auto &shape = config.attrs[i].value.clusterDim;
      blocks = uint64_t(shape.x) * shape.y * shape.z;
    }
  return blocks;
}

} // namespace emulator::driver

using namespace emulator::driver;

CUresult cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *blocks,
                                                              CUfunction handle,
                                                              int threads,
                                                              size_t shared,
                                                              unsigned flags) {
  return withFunction(handle, [&](const Function &function, const Chip &chip) {
    if (!blocks || threads <= 0 ||
        (flags & ~static_cast<unsigned>(CU_OCCUPANCY_DISABLE_CACHING_OVERRIDE)))
      return CUDA_ERROR_INVALID_VALUE;
    *blocks = blocksOf(function, chip, threads, shared);
    return CUDA_SUCCESS;
  });
}

CUresult cuOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks,
                                                     CUfunction function,
                                                     int threads,
                                                     size_t shared) {
  return cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(
      blocks, function, threads, shared, CU_OCCUPANCY_DEFAULT);
}

CUresult cuOccupancyMaxPotentialBlockSizeWithFlags(int *grid, int *block,
                                                   CUfunction handle,
                                                   CUoccupancyB2DSize sharedOf,
                                                   size_t shared, int limit,
                                                   unsigned flags) {
  return withFunction(handle, [&](const Function &function, const Chip &chip) {
    if (!grid || !block)
      return CUDA_ERROR_INVALID_VALUE;
    int blocks = 0;
    *block = bestBlock(
        function, chip, limit,
        [&](int threads) { return sharedOf ? sharedOf(threads) : shared; },
        blocks);
    *grid = blocks * chip.multiprocessors;
    return CUDA_SUCCESS;
  });
}

CUresult cuOccupancyMaxPotentialBlockSize(int *grid, int *block,
                                          CUfunction function,
                                          CUoccupancyB2DSize sharedOf,
                                          size_t shared, int limit) {
  return cuOccupancyMaxPotentialBlockSizeWithFlags(
      grid, block, function, sharedOf, shared, limit, CU_OCCUPANCY_DEFAULT);
}

CUresult cuOccupancyAvailableDynamicSMemPerBlock(size_t *bytes,
                                                 CUfunction handle, int blocks,
                                                 int threads) {
  return withFunction(handle, [&](const Function &function, const Chip &chip) {
    if (!bytes || blocks <= 0 || threads <= 0)
      return CUDA_ERROR_INVALID_VALUE;
    if (blocksOf(function, chip, threads, 0) < blocks)
      return CUDA_ERROR_INVALID_VALUE;
    const size_t unit = static_cast<size_t>(chip.sharedGranularity);
    const size_t share = static_cast<size_t>(chip.sharedPerMultiprocessor) /
                         static_cast<size_t>(blocks) / unit * unit;
    const size_t taken = static_cast<size_t>(chip.reservedSharedPerBlock) +
                         function.kernel.staticShared;
    // As much as the function may have, which is less than the chip offers
    // unless the function's attribute says otherwise.
    const auto most = static_cast<size_t>(function.maxDynamicShared.load());
    *bytes = share < taken ? 0 : std::min(most, share - taken);
    return CUDA_SUCCESS;
  });
}

CUresult cuOccupancyMaxActiveClusters(int *clusters, CUfunction handle,
                                      const CUlaunchConfig *config) {
  return withFunction(handle, [&](const Function &function, const Chip &chip) {
    if (!clusters || !config || (config->numAttrs && !config->attrs))
      return CUDA_ERROR_INVALID_VALUE;
    const uint64_t blocks = clusterBlocks(function, *config);
    if (!blocks || blocks > function.mostClusterBlocks(chip.sm))
      return CUDA_ERROR_INVALID_CLUSTER_SIZE;
    *clusters = clustersOf(function, chip, *config, blocks);
    return CUDA_SUCCESS;
  });
}

CUresult cuOccupancyMaxPotentialClusterSize(int *blocks, CUfunction handle,
                                            const CUlaunchConfig *config) {
  return withFunction(handle, [&](const Function &function, const Chip &chip) {
    if (!blocks || !config)
      return CUDA_ERROR_INVALID_VALUE;
    int most = static_cast<int>(function.mostClusterBlocks(chip.sm));
    while (most > 1 && !clustersOf(function, chip, *config, uint64_t(most)))
      --most;
    *blocks = most;
    return CUDA_SUCCESS;
  });
}
