// SPDX-License-Identifier: Apache-2.0
// Primary and own contexts, and the stack of them that each thread has.
#include "driver/Entry.h"

#include <algorithm>

using namespace emulator::driver;

static constexpr unsigned contextFlags =
    CU_CTX_FLAGS_MASK & ~static_cast<unsigned>(CU_CTX_COREDUMP_ENABLE |
                                               CU_CTX_USER_COREDUMP_ENABLE);

static bool validFlags(unsigned flags) {
  const unsigned schedule = flags & CU_CTX_SCHED_MASK;
  return !(flags & ~contextFlags) && !(schedule & (schedule - 1));
}

static CUresult create(CUcontext *out, unsigned flags, CUdevice dev) {
  return withDevice(dev, [&](Driver &driver, Device &device) {
    if (!out || !validFlags(flags))
      return CUDA_ERROR_INVALID_VALUE;
    auto context = std::make_shared<Context>(device, flags, false);
    *out = driver.contexts.add(context);
    contextStack().push_back(context);
    return CUDA_SUCCESS;
  });
}

extern "C" CUresult cuCtxCreate_v2(CUcontext *out, unsigned flags,
                                   CUdevice device) {
  return create(out, flags, device);
}
EMULATOR_ALIAS("cuCtxCreate", cuCtxCreate_v2);

extern "C" CUresult cuCtxCreate_v3(CUcontext *out,
                                   CUexecAffinityParam *affinity, int count,
                                   unsigned flags, CUdevice device) {
  return count ? CUDA_ERROR_UNSUPPORTED_EXEC_AFFINITY
               : create(out, flags, device);
}

CUresult cuCtxCreate_v4(CUcontext *out, CUctxCreateParams *parameters,
                        unsigned flags, CUdevice device) {
  if (parameters && parameters->numExecAffinityParams)
    return CUDA_ERROR_UNSUPPORTED_EXEC_AFFINITY;
  if (parameters && parameters->cigParams)
    return CUDA_ERROR_NOT_SUPPORTED;
  return create(out, flags, device);
}

CUresult cuCtxDestroy_v2(CUcontext handle) {
  return withDriver([&](Driver &driver) {
    std::shared_ptr<Context> context = driver.contexts.find(handle);
    if (!context || context->isPrimary)
      return CUDA_ERROR_INVALID_CONTEXT;
    driver.contexts.remove(handle);
    context->destroy();
    auto &stack = contextStack();
    if (!stack.empty() && stack.back() == context)
      stack.pop_back();
    return CUDA_SUCCESS;
  });
}
EMULATOR_ALIAS("cuCtxDestroy", cuCtxDestroy_v2);

CUresult cuCtxPushCurrent_v2(CUcontext handle) {
  return withDriver([&](Driver &driver) {
    std::shared_ptr<Context> context = driver.contexts.find(handle);
    if (!context)
      return CUDA_ERROR_INVALID_CONTEXT;
    contextStack().push_back(context);
    return CUDA_SUCCESS;
  });
}
EMULATOR_ALIAS("cuCtxPushCurrent", cuCtxPushCurrent_v2);

CUresult cuCtxPopCurrent_v2(CUcontext *out) {
  return withDriver([&](Driver &) {
    auto &stack = contextStack();
    if (stack.empty())
      return CUDA_ERROR_INVALID_CONTEXT;
    if (out)
      *out = handleOf<CUcontext>(*stack.back());
    stack.pop_back();
    return CUDA_SUCCESS;
  });
}
EMULATOR_ALIAS("cuCtxPopCurrent", cuCtxPopCurrent_v2);

CUresult cuCtxSetCurrent(CUcontext handle) {
  return withDriver([&](Driver &driver) {
    auto &stack = contextStack();
    std::shared_ptr<Context> context;
    if (handle && !(context = driver.contexts.find(handle)))
      return CUDA_ERROR_INVALID_CONTEXT;
    if (!stack.empty())
      stack.pop_back();
    if (context)
      stack.push_back(context);
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxGetCurrent(CUcontext *out) {
  return withDriver([&](Driver &) {
    if (!out)
      return CUDA_ERROR_INVALID_VALUE;
    std::shared_ptr<Context> context = currentContext();
    *out = context ? handleOf<CUcontext>(*context) : nullptr;
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxGetDevice(CUdevice *out) {
  return withDriver([&](Driver &) {
    std::shared_ptr<Context> context = currentContext();
    if (!context)
      return CUDA_ERROR_INVALID_CONTEXT;
    if (!out)
      return CUDA_ERROR_INVALID_VALUE;
    *out = context->device.ordinal;
    return CUDA_SUCCESS;
  });
}

/// Runs `body(context)` for a handle, or for the current context if it is null.
template <typename Body>
static CUresult withContextOf(CUcontext handle, Body body) {
  return withDriver([&](Driver &driver) {
    std::shared_ptr<Context> context =
        handle ? driver.contexts.find(handle) : currentContext();
    const CUresult state = stateOf(context.get());
    return state ? state : body(*context);
  });
}

CUresult cuCtxGetDevice_v2(CUdevice *out, CUcontext handle) {
  return withContextOf(handle, [&](Context &context) {
    if (!out)
      return CUDA_ERROR_INVALID_VALUE;
    *out = context.device.ordinal;
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxGetId(CUcontext handle, unsigned long long *id) {
  return withContextOf(handle, [&](Context &context) {
    if (!id)
      return CUDA_ERROR_INVALID_VALUE;
    *id = context.id;
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxGetApiVersion(CUcontext handle, unsigned *version) {
  return withContextOf(handle, [&](Context &) {
    if (!version)
      return CUDA_ERROR_INVALID_VALUE;
    *version = 3020;
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxGetFlags(unsigned *flags) {
  return withContext([&](Driver &, Context &context) {
    if (!flags)
      return CUDA_ERROR_INVALID_VALUE;
    *flags = context.flags;
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxSetFlags(unsigned flags) {
  return withContext([&](Driver &, Context &context) {
    if (!validFlags(flags))
      return CUDA_ERROR_INVALID_VALUE;
    context.flags = flags;
    return CUDA_SUCCESS;
  });
}

static CUresult synchronise(Context &context) {
  if (const CUresult code = allowedWhileCapturing())
    return code;
  context.synchroniseAll();
  return context.fault();
}

CUresult cuCtxSynchronize(void) {
  return withContext(
      [](Driver &, Context &context) { return synchronise(context); });
}

CUresult cuCtxSynchronize_v2(CUcontext handle) {
  return withContextOf(handle, synchronise);
}

CUresult cuCtxGetLimit(size_t *value, CUlimit limit) {
  return withContext([&](Driver &, Context &context) {
    if (!value)
      return CUDA_ERROR_INVALID_VALUE;
    if (limit < 0 || limit >= CU_LIMIT_SHMEM_SIZE)
      return CUDA_ERROR_INVALID_VALUE;
    *value = context.limits[limit];
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxSetLimit(CUlimit limit, size_t value) {
  return withContext([&](Driver &, Context &context) {
    if (limit < 0 || limit >= CU_LIMIT_SHMEM_SIZE)
      return CUDA_ERROR_INVALID_VALUE;
    constexpr size_t largestStack = 512 << 10;
    if (limit == CU_LIMIT_STACK_SIZE && value > largestStack)
      return CUDA_ERROR_INVALID_VALUE;
    context.limits[limit] = value;
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxGetCacheConfig(CUfunc_cache *config) {
  return withContext([&](Driver &, Context &context) {
    if (!config)
      return CUDA_ERROR_INVALID_VALUE;
    *config = static_cast<CUfunc_cache>(context.cacheConfig.load());
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxSetCacheConfig(CUfunc_cache config) {
  return withContext([&](Driver &, Context &context) {
    context.cacheConfig = config;
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxGetSharedMemConfig(CUsharedconfig *config) {
  return withContext([&](Driver &, Context &) {
    if (!config)
      return CUDA_ERROR_INVALID_VALUE;
    *config = CU_SHARED_MEM_CONFIG_FOUR_BYTE_BANK_SIZE;
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxSetSharedMemConfig(CUsharedconfig config) {
  // Only Kepler had a choice.
  return withContext([](Driver &, Context &) { return CUDA_SUCCESS; });
}

CUresult cuCtxResetPersistingL2Cache(void) {
  return withContext([](Driver &, Context &) { return CUDA_SUCCESS; });
}

CUresult cuCtxGetStreamPriorityRange(int *least, int *greatest) {
  return withContext([&](Driver &, Context &) {
    give(least, 0);
    give(greatest, -5);
    return CUDA_SUCCESS;
  });
}

CUresult cuDevicePrimaryCtxRetain(CUcontext *out, CUdevice dev) {
  return withDevice(dev, [&](Driver &driver, Device &device) {
    if (!out)
      return CUDA_ERROR_INVALID_VALUE;
    std::lock_guard<std::mutex> lock(device.mutex);
    if (!device.primary) {
      device.primary =
          std::make_shared<Context>(device, device.primaryFlags, true);
      driver.contexts.add(device.primary);
    } else if (device.primary->destroyed) {
      device.primary->revive(device.primaryFlags);
    }
    ++device.primaryUses;
    *out = handleOf<CUcontext>(*device.primary);
    return CUDA_SUCCESS;
  });
}

/// Destroys what is in the primary context. Its handle stays: who retains it
/// again finds it as new.
static void destroyPrimary(Device &device) {
  std::shared_ptr<Context> context;
  {
    std::lock_guard<std::mutex> lock(device.mutex);
    device.primaryUses = 0;
    context = device.primary;
  }
  if (context && !context->destroyed)
    context->destroy();
}

CUresult cuDevicePrimaryCtxRelease_v2(CUdevice dev) {
  return withDevice(dev, [&](Driver &, Device &device) {
    {
      std::lock_guard<std::mutex> lock(device.mutex);
      if (!device.primaryUses)
        return CUDA_ERROR_INVALID_CONTEXT;
      if (--device.primaryUses)
        return CUDA_SUCCESS;
    }
    destroyPrimary(device);
    return CUDA_SUCCESS;
  });
}
EMULATOR_ALIAS("cuDevicePrimaryCtxRelease", cuDevicePrimaryCtxRelease_v2);

CUresult cuDevicePrimaryCtxReset_v2(CUdevice dev) {
  return withDevice(dev, [&](Driver &, Device &device) {
    destroyPrimary(device);
    return CUDA_SUCCESS;
  });
}
EMULATOR_ALIAS("cuDevicePrimaryCtxReset", cuDevicePrimaryCtxReset_v2);

CUresult cuDevicePrimaryCtxSetFlags_v2(CUdevice dev, unsigned flags) {
  return withDevice(dev, [&](Driver &, Device &device) {
    if (!validFlags(flags))
      return CUDA_ERROR_INVALID_VALUE;
    std::lock_guard<std::mutex> lock(device.mutex);
    device.primaryFlags = flags;
    if (device.primary)
      device.primary->flags = flags;
    return CUDA_SUCCESS;
  });
}
EMULATOR_ALIAS("cuDevicePrimaryCtxSetFlags", cuDevicePrimaryCtxSetFlags_v2);

CUresult cuDevicePrimaryCtxGetState(CUdevice dev, unsigned *flags,
                                    int *active) {
  return withDevice(dev, [&](Driver &, Device &device) {
    std::lock_guard<std::mutex> lock(device.mutex);
    give(flags, device.primaryFlags);
    give(active, device.primary && !device.primary->destroyed);
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxEnablePeerAccess(CUcontext handle, unsigned flags) {
  return withContext([&](Driver &driver, Context &context) {
    std::shared_ptr<Context> peer = driver.contexts.find(handle);
    if (!peer)
      return CUDA_ERROR_INVALID_CONTEXT;
    if (flags)
      return CUDA_ERROR_INVALID_VALUE;
    if (&peer->device == &context.device)
      return CUDA_ERROR_INVALID_DEVICE;
    return context.enablePeer(*peer) ? CUDA_SUCCESS
                                     : CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED;
  });
}

CUresult cuCtxDisablePeerAccess(CUcontext handle) {
  return withContext([&](Driver &driver, Context &context) {
    std::shared_ptr<Context> peer = driver.contexts.find(handle);
    if (!peer)
      return CUDA_ERROR_INVALID_CONTEXT;
    return context.disablePeer(*peer) ? CUDA_SUCCESS
                                      : CUDA_ERROR_PEER_ACCESS_NOT_ENABLED;
  });
}
