// SPDX-License-Identifier: Apache-2.0
// Launches of kernels.
#include "driver/Entry.h"
#include "driver/Launch.h"
#include "driver/Module.h"

#include <algorithm>
#include <cstring>

namespace emulator::driver {

static CUresult checkShape(const Function &function,
                           const LaunchRequest &request, const Chip &chip) {
  const char *name = function.kernel.name.c_str();
  const Dim3 &grid = request.grid, &block = request.block;
  const auto bad = [&](const char *what) {
    complain("launch: kernel %s, grid (%u,%u,%u), block (%u,%u,%u): %s", name,
             grid.x, grid.y, grid.z, block.x, block.y, block.z, what);
    return CUDA_ERROR_INVALID_VALUE;
  };
  if (!grid.count() || !block.count())
    return bad("an extent is 0");
  if (grid.x > unsigned(maxGridX) || grid.y > unsigned(maxGridYZ) ||
      grid.z > unsigned(maxGridYZ))
    return bad("at most 2147483647, 65535 and 65535 blocks");
  if (block.x > unsigned(maxThreadsPerBlock) ||
      block.y > unsigned(maxThreadsPerBlock) || block.z > unsigned(maxBlockZ))
    return bad("at most 1024, 1024 and 64 threads");
  if (block.count() > unsigned(maxThreadsPerBlock))
    return bad("more than 1024 threads in a block");
  const Kernel &kernel = function.kernel;
  const uint32_t *required = kernel.requiredThreads;
  if (required[0] && (required[0] != block.x || required[1] != block.y ||
                      required[2] != block.z))
    return bad("not the block that .reqntid asks for");
  if (kernel.maxThreads && block.count() > kernel.maxThreads)
    return bad("more threads than .maxntid allows");
  if (request.shared > unsigned(function.maxDynamicShared)) {
    complain("launch: kernel %s: %u bytes of dynamic shared memory, and %d are "
             "allowed (CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES)",
             name, request.shared, function.maxDynamicShared.load());
    return CUDA_ERROR_INVALID_VALUE;
  }
  if (block.count() > unsigned(function.maxThreads()) ||
      !residentBlocks(chip, static_cast<int>(block.count()), 0,
                      kernel.staticShared + request.shared)) {
    bad("a multiprocessor has too few registers, or too little shared memory");
    return CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES;
  }
  return CUDA_SUCCESS;
}

/// What a launch's cluster is: that of the kernel, or of the launch.
static CUresult findCluster(const Function &function,
                            const LaunchRequest &request, const Chip &chip,
                            KernelTask &task) {
  const uint32_t *required = function.kernel.clusterShape;
  const char *name = function.kernel.name.c_str();
  const Dim3 &asked = request.cluster;
  task.isClusterExplicit = required[0] || asked.x;
  task.cluster = asked.x ? asked : Dim3();
  if (required[0])
    task.cluster = {required[0], std::max(1u, required[1]),
                    std::max(1u, required[2])};
  const Dim3 &shape = task.cluster, &grid = request.grid;
  if (required[0] && asked.x &&
      (asked.x != shape.x || asked.y != shape.y || asked.z != shape.z)) {
    complain("launch: kernel %s: not the cluster that .reqnctapercluster asks "
             "for",
             name);
    return CUDA_ERROR_INVALID_CLUSTER_SIZE;
  }
  if (shape.count() == 1)
    return CUDA_SUCCESS;
  if (!shape.count() || shape.count() > function.mostClusterBlocks(chip.sm)) {
    complain("launch: kernel %s: a cluster of (%u,%u,%u) blocks; chips from 90 "
             "on have such of 8, of 16 if the kernel allows it",
             name, shape.x, shape.y, shape.z);
    return CUDA_ERROR_INVALID_CLUSTER_SIZE;
  }
  if (grid.x % shape.x || grid.y % shape.y || grid.z % shape.z) {
    complain("launch: kernel %s: the grid is no multiple of the cluster", name);
    return CUDA_ERROR_INVALID_VALUE;
  }
  return CUDA_SUCCESS;
}

static CUresult checkCooperative(const Function &function,
                                 const LaunchRequest &request,
                                 const Chip &chip) {
  const int blocks =
      residentBlocks(chip, static_cast<int>(request.block.count()),
                     static_cast<int>(function.kernel.registers),
                     function.kernel.staticShared + request.shared);
  const uint64_t most = static_cast<uint64_t>(blocks) *
                        static_cast<uint64_t>(chip.multiprocessors);
  if (request.grid.count() <= most)
    return CUDA_SUCCESS;
  complain(
      "launch: kernel %s: a cooperative launch of %llu blocks, and %llu fit",
      function.kernel.name.c_str(),
      static_cast<unsigned long long>(request.grid.count()),
      static_cast<unsigned long long>(most));
  return CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE;
}

/// Reads the CU_LAUNCH_PARAM_ form: a buffer that is laid out as the kernel's.
static CUresult copyBuffer(void **extra, std::vector<char> &parameters) {
  const void *buffer = nullptr;
  size_t bytes = 0;
  for (; *extra != CU_LAUNCH_PARAM_END; extra += 2) {
    if (*extra == CU_LAUNCH_PARAM_BUFFER_POINTER)
      buffer = extra[1];
    else if (*extra == CU_LAUNCH_PARAM_BUFFER_SIZE)
      bytes = *static_cast<size_t *>(extra[1]);
    else
      return CUDA_ERROR_INVALID_VALUE;
  }
  if (!buffer || bytes < parameters.size())
    return CUDA_ERROR_INVALID_VALUE;
  if (bytes > parameters.size()) // as an H200's driver says
    return CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES;
  std::memcpy(parameters.data(), buffer, parameters.size());
  return CUDA_SUCCESS;
}

static CUresult copyParameters(const Kernel &kernel,
                               const LaunchRequest &request,
                               std::vector<char> &parameters) {
  parameters.assign(kernel.parameterBytes, 0);
  if (request.parameters && request.extra)
    return CUDA_ERROR_INVALID_VALUE;
  if (kernel.parameters.empty())
    return CUDA_SUCCESS;
  if (request.extra)
    return copyBuffer(request.extra, parameters);
  if (!request.parameters)
    return CUDA_ERROR_INVALID_VALUE;
  for (size_t i = 0; i < kernel.parameters.size(); ++i) {
    if (!request.parameters[i])
      return CUDA_ERROR_INVALID_VALUE;
    std::memcpy(parameters.data() + kernel.parameters[i].offset,
                request.parameters[i], kernel.parameters[i].size);
  }
  return CUDA_SUCCESS;
}

CUresult makeKernelTask(Context &context, const LaunchRequest &request,
                        KernelTask &task) {
  if (const CUresult code =
          findFunction(context, request.function, task.function))
    return code;
  const Chip &chip = context.device.chip;
  if (const CUresult code = checkShape(*task.function, request, chip))
    return code;
  if (request.cooperative)
    if (const CUresult code = checkCooperative(*task.function, request, chip))
      return code;
  if (const CUresult code = findCluster(*task.function, request, chip, task))
    return code;
  task.grid = request.grid;
  task.block = request.block;
  task.shared = request.shared;
  task.cooperative = request.cooperative;
  return copyParameters(task.function->kernel, request, task.parameters);
}

static CUresult launch(CUstream handle, const LaunchRequest &request) {
  return withStream(handle, [&](Driver &, Stream &stream) {
    KernelTask task;
    const CUresult code = makeKernelTask(stream.context, request, task);
    return code ? code : stream.submit(std::move(task));
  });
}

/// What a launch's attributes ask for. Hints are taken as read.
static CUresult readAttributes(const CUlaunchConfig &config,
                               LaunchRequest &request) {
  for (unsigned i = 0; i < config.numAttrs; ++i) {
    const CUlaunchAttributeValue &value = config.attrs[i].value;
    switch (config.attrs[i].id) {
    case CU_LAUNCH_ATTRIBUTE_COOPERATIVE:
      request.cooperative = value.cooperative != 0;
      break;
    case CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION:
      request.cluster = {value.clusterDim.x, value.clusterDim.y,
                         value.clusterDim.z};
      break;
    case CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_EVENT:
    case CU_LAUNCH_ATTRIBUTE_LAUNCH_COMPLETION_EVENT:
    case CU_LAUNCH_ATTRIBUTE_DEVICE_UPDATABLE_KERNEL_NODE:
      return CUDA_ERROR_NOT_SUPPORTED;
    default:
      break;
    }
  }
  return CUDA_SUCCESS;
}

} // namespace emulator::driver

using namespace emulator;
using namespace emulator::driver;

CUresult cuLaunchKernel(CUfunction function, unsigned gridX, unsigned gridY,
                        unsigned gridZ, unsigned blockX, unsigned blockY,
                        unsigned blockZ, unsigned shared, CUstream stream,
                        void **parameters, void **extra) {
  return driver::launch(stream, {function,
                                 {gridX, gridY, gridZ},
                                 {blockX, blockY, blockZ},
                                 shared,
                                 parameters,
                                 extra,
                                 false,
                                 {0, 0, 0}});
}

CUresult cuLaunchKernelEx(const CUlaunchConfig *config, CUfunction function,
                          void **parameters, void **extra) {
  return guarded([&] {
    if (!config || (config->numAttrs && !config->attrs))
      return CUDA_ERROR_INVALID_VALUE;
    LaunchRequest request = {
        function,
        {config->gridDimX, config->gridDimY, config->gridDimZ},
        {config->blockDimX, config->blockDimY, config->blockDimZ},
        config->sharedMemBytes,
        parameters,
        extra,
        false,
        {0, 0, 0}};
    if (const CUresult code = readAttributes(*config, request))
      return code;
    return driver::launch(config->hStream, request);
  });
}

CUresult cuLaunchCooperativeKernel(CUfunction function, unsigned gridX,
                                   unsigned gridY, unsigned gridZ,
                                   unsigned blockX, unsigned blockY,
                                   unsigned blockZ, unsigned shared,
                                   CUstream stream, void **parameters) {
  return driver::launch(stream, {function,
                                 {gridX, gridY, gridZ},
                                 {blockX, blockY, blockZ},
                                 shared,
                                 parameters,
                                 nullptr,
                                 true,
                                 {0, 0, 0}});
}
