// SPDX-License-Identifier: Apache-2.0
// Stream-ordered memory and its pools.
#include "driver/Entry.h"

#include <algorithm>

namespace emulator::driver {

template <typename Body>
static CUresult withPool(CUmemoryPool handle, Body body) {
  return withDriver([&](Driver &driver) {
    std::shared_ptr<Pool> pool = driver.pools.find(handle);
    return pool ? body(driver, pool) : CUDA_ERROR_INVALID_VALUE;
  });
}

/// The memory is there at once; only that it goes is put in order.
static CUresult allocate(Driver &driver, Stream &stream,
                         const std::shared_ptr<Pool> &pool, size_t bytes,
                         CUdeviceptr *out) {
  if (!out || !bytes)
    return CUDA_ERROR_INVALID_VALUE;
  if (stream.capturing())
    return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  uint64_t base = pool->device.memory.allocate(bytes);
  if (!base) {
    // What the stream frees before this point can be had again.
    stream.context.synchronise(stream);
    base = pool->device.memory.allocate(bytes);
  }
  if (!base)
    return CUDA_ERROR_OUT_OF_MEMORY;
  driver.allocations.add(
      {base, bytes, MemoryKind::Pooled, nullptr, &pool->device, 0, 0, pool});
  shareMemory(driver, {base, bytes}, pool->accessors);
  const uint64_t used = pool->used += bytes;
  uint64_t high = pool->usedHigh;
  while (high < used && !pool->usedHigh.compare_exchange_weak(high, used))
    ;
  *out = base;
  return CUDA_SUCCESS;
}

/// An attribute that is a number of the pool; null for the switches.
static std::atomic<uint64_t> *figure(Pool &pool,
                                     CUmemPool_attribute attribute) {
  switch (attribute) {
  case CU_MEMPOOL_ATTR_RELEASE_THRESHOLD:
    return &pool.releaseThreshold;
  case CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT:
  case CU_MEMPOOL_ATTR_USED_MEM_CURRENT:
    return &pool.used;
  case CU_MEMPOOL_ATTR_RESERVED_MEM_HIGH:
  case CU_MEMPOOL_ATTR_USED_MEM_HIGH:
    return &pool.usedHigh;
  default:
    return nullptr;
  }
}

static std::atomic<int> *reuseSwitch(Pool &pool,
                                     CUmemPool_attribute attribute) {
  const int index = attribute - CU_MEMPOOL_ATTR_REUSE_FOLLOW_EVENT_DEPENDENCIES;
  return index >= 0 && index < 3 ? &pool.reuse[index] : nullptr;
}

static CUresult givePool(Device &device, CUmemoryPool *out,
                         std::shared_ptr<Pool> Device::*which) {
  if (!out)
    return CUDA_ERROR_INVALID_VALUE;
  std::lock_guard<std::mutex> lock(device.mutex);
  *out = handleOf<CUmemoryPool>(*(device.*which));
  return CUDA_SUCCESS;
}

} // namespace emulator::driver

using namespace emulator::driver;

CUresult cuMemAllocAsync(CUdeviceptr *out, size_t bytes, CUstream handle) {
  return withStream(handle, [&](Driver &driver, Stream &stream) {
    Device &device = stream.context.device;
    std::shared_ptr<Pool> pool;
    {
      std::lock_guard<std::mutex> lock(device.mutex);
      pool = device.currentPool;
    }
    return allocate(driver, stream, pool, bytes, out);
  });
}

CUresult cuMemAllocFromPoolAsync(CUdeviceptr *out, size_t bytes,
                                 CUmemoryPool poolHandle, CUstream handle) {
  return withStream(handle, [&](Driver &driver, Stream &stream) {
    std::shared_ptr<Pool> pool = driver.pools.find(poolHandle);
    return pool ? allocate(driver, stream, pool, bytes, out)
                : CUDA_ERROR_INVALID_VALUE;
  });
}

CUresult cuMemFreeAsync(CUdeviceptr address, CUstream handle) {
  return withStream(handle, [&](Driver &driver, Stream &stream) {
    if (!address)
      return CUDA_SUCCESS;
    auto found = driver.allocations.find(address);
    if (!found || found->base != address || found->onHost())
      return CUDA_ERROR_INVALID_VALUE;
    return stream.submit(FreeTask{address});
  });
}

CUresult cuDeviceGetDefaultMemPool(CUmemoryPool *out, CUdevice dev) {
  return withDevice(dev, [&](Driver &, Device &device) {
    return givePool(device, out, &Device::defaultPool);
  });
}

CUresult cuDeviceGetMemPool(CUmemoryPool *out, CUdevice dev) {
  return withDevice(dev, [&](Driver &, Device &device) {
    return givePool(device, out, &Device::currentPool);
  });
}

CUresult cuDeviceSetMemPool(CUdevice dev, CUmemoryPool handle) {
  return withDevice(dev, [&](Driver &driver, Device &device) {
    std::shared_ptr<Pool> pool = driver.pools.find(handle);
    if (!pool || &pool->device != &device)
      return CUDA_ERROR_INVALID_VALUE;
    std::lock_guard<std::mutex> lock(device.mutex);
    device.currentPool = std::move(pool);
    return CUDA_SUCCESS;
  });
}

CUresult cuMemPoolCreate(CUmemoryPool *out, const CUmemPoolProps *properties) {
  return withDriver([&](Driver &driver) {
    if (!out || !properties ||
        properties->allocType != CU_MEM_ALLOCATION_TYPE_PINNED)
      return CUDA_ERROR_INVALID_VALUE;
    if (properties->handleTypes != CU_MEM_HANDLE_TYPE_NONE ||
        properties->location.type != CU_MEM_LOCATION_TYPE_DEVICE)
      return CUDA_ERROR_NOT_SUPPORTED;
    Device *device = driver.device(properties->location.id);
    if (!device)
      return CUDA_ERROR_INVALID_DEVICE;
    *out = driver.pools.add(std::make_shared<Pool>(*device));
    return CUDA_SUCCESS;
  });
}

CUresult cuMemPoolDestroy(CUmemoryPool handle) {
  return withPool(handle,
                  [&](Driver &driver, const std::shared_ptr<Pool> &pool) {
                    std::lock_guard<std::mutex> lock(pool->device.mutex);
                    if (pool == pool->device.defaultPool)
                      return CUDA_ERROR_INVALID_VALUE;
                    if (pool == pool->device.currentPool)
                      pool->device.currentPool = pool->device.defaultPool;
                    driver.pools.remove(handle);
                    return CUDA_SUCCESS;
                  });
}

CUresult cuMemPoolTrimTo(CUmemoryPool handle, size_t bytes) {
  // Nothing is kept that could be given back.
  return withPool(handle, [](Driver &, auto &) { return CUDA_SUCCESS; });
}

CUresult cuMemPoolGetAttribute(CUmemoryPool handle,
                               CUmemPool_attribute attribute, void *value) {
  return withPool(handle, [&](Driver &, const std::shared_ptr<Pool> &pool) {
    if (!value)
      return CUDA_ERROR_INVALID_VALUE;
    if (std::atomic<uint64_t> *number = figure(*pool, attribute))
      *static_cast<cuuint64_t *>(value) = *number;
    else if (std::atomic<int> *flag = reuseSwitch(*pool, attribute))
      *static_cast<int *>(value) = *flag;
    else
      return CUDA_ERROR_INVALID_VALUE;
    return CUDA_SUCCESS;
  });
}

CUresult cuMemPoolSetAttribute(CUmemoryPool handle,
                               CUmemPool_attribute attribute, void *value) {
  return withPool(handle, [&](Driver &, const std::shared_ptr<Pool> &pool) {
    if (!value)
      return CUDA_ERROR_INVALID_VALUE;
    if (std::atomic<int> *flag = reuseSwitch(*pool, attribute)) {
      *flag = *static_cast<int *>(value) != 0;
      return CUDA_SUCCESS;
    }
    const cuuint64_t number = *static_cast<cuuint64_t *>(value);
    if (attribute == CU_MEMPOOL_ATTR_RELEASE_THRESHOLD)
      pool->releaseThreshold = number;
    else if (figure(*pool, attribute) == &pool->usedHigh && !number)
      pool->usedHigh = pool->used.load(); // the high-water marks can be reset
    else
      return CUDA_ERROR_INVALID_VALUE;
    return CUDA_SUCCESS;
  });
}

CUresult cuMemPoolSetAccess(CUmemoryPool handle, const CUmemAccessDesc *entries,
                            size_t count) {
  return withPool(handle, [&](Driver &driver,
                              const std::shared_ptr<Pool> &pool) {
    for (size_t i = 0; i < count; ++i) {
      const CUmemLocation &place = entries[i].location;
      if (place.type != CU_MEM_LOCATION_TYPE_DEVICE || !driver.device(place.id))
        return CUDA_ERROR_INVALID_DEVICE;
      if (entries[i].flags == CU_MEM_ACCESS_FLAGS_PROT_NONE)
        pool->accessors &= ~(1u << place.id);
      else
        pool->accessors |= 1u << place.id;
    }
    for (const Allocation &allocation : driver.allocations.all())
      if (allocation.pool == pool)
        shareMemory(driver, {allocation.base, allocation.size},
                    pool->accessors);
    return CUDA_SUCCESS;
  });
}

CUresult cuMemPoolGetAccess(CUmemAccess_flags *flags, CUmemoryPool handle,
                            CUmemLocation *place) {
  return withPool(
      handle, [&](Driver &driver, const std::shared_ptr<Pool> &pool) {
        if (!flags || !place || place->type != CU_MEM_LOCATION_TYPE_DEVICE ||
            !driver.device(place->id))
          return CUDA_ERROR_INVALID_VALUE;
        const bool may = place->id == pool->device.ordinal ||
                         (pool->accessors >> place->id & 1);
        *flags = may ? CU_MEM_ACCESS_FLAGS_PROT_READWRITE
                     : CU_MEM_ACCESS_FLAGS_PROT_NONE;
        return CUDA_SUCCESS;
      });
}
