// SPDX-License-Identifier: Apache-2.0
// Device, managed and host memory, and what is known of an address.
#include "driver/Entry.h"
#include "driver/Environment.h"
#include "driver/Module.h"

#include <algorithm>
#include <cstring>

namespace emulator::driver {

void release(Driver &driver, const Allocation &allocation) {
  // Only one of several that free the same memory finds it.
  if (!driver.allocations.remove(allocation.base))
    return;
  if (allocation.kind == MemoryKind::Pinned) {
    for (const auto &device : driver.devices)
      device->memory.unshare(allocation.base);
    driver.hostMemory.free(allocation.base);
  } else if (allocation.kind != MemoryKind::Registered) {
    allocation.device->memory.free(allocation.base);
    for (const auto &device : driver.devices)
      if (device.get() != allocation.device)
        device->memory.unshare(allocation.base);
    if (allocation.pool)
      allocation.pool->used -= allocation.size;
  }
}

static constexpr uint32_t allDevices = ~0u;

/// Memory of the context's device.
static CUresult allocate(Driver &driver, Context &context, size_t bytes,
                         MemoryKind kind, unsigned flags, CUdeviceptr *out) {
  if (!out || !bytes)
    return CUDA_ERROR_INVALID_VALUE;
  if (const CUresult code = allowedWhileCapturing())
    return code;
  Device &device = context.device;
  const uint64_t base = device.memory.allocate(bytes);
  if (!base)
    return CUDA_ERROR_OUT_OF_MEMORY;
  // The host writes managed memory without the driver's knowledge, and blocks
  // that are left out write nothing.
  if (kind == MemoryKind::Managed || environment().sample)
    device.memory.markInitialised(base, bytes);
  driver.allocations.add(
      {base, bytes, kind, &context, &device, flags, 0, nullptr});
  shareMemory(driver, {base, bytes},
              kind == MemoryKind::Managed ? allDevices
                                          : device.accessors.load());
  *out = base;
  return CUDA_SUCCESS;
}

static CUresult allocateHost(Driver &driver, Context &context, size_t bytes,
                             unsigned flags, void **out) {
  constexpr unsigned known = CU_MEMHOSTALLOC_PORTABLE |
                             CU_MEMHOSTALLOC_DEVICEMAP |
                             CU_MEMHOSTALLOC_WRITECOMBINED;
  if (!out || !bytes || (flags & ~known))
    return CUDA_ERROR_INVALID_VALUE;
  if (const CUresult code = allowedWhileCapturing())
    return code;
  constexpr uint64_t page = 4096;
  const uint64_t base = driver.hostMemory.allocate(bytes, page);
  if (!base)
    return CUDA_ERROR_OUT_OF_MEMORY;
  driver.hostMemory.markInitialised(base, bytes);
  driver.allocations.add({base, bytes, MemoryKind::Pinned, &context,
                          &context.device, flags, 0, nullptr});
  shareMemory(driver, {base, bytes}, allDevices);
  *out = DeviceMemory::host(base);
  return CUDA_SUCCESS;
}

static uint64_t addressOf(const void *pointer) {
  return reinterpret_cast<uint64_t>(pointer);
}

} // namespace emulator::driver

using namespace emulator;
using namespace emulator::driver;

CUresult cuMemGetInfo_v2(size_t *free, size_t *total) {
  return withContext([&](Driver &, Context &context) {
    const DeviceMemory &memory = context.device.memory;
    give(free, memory.capacity() - memory.used());
    give(total, memory.capacity());
    return CUDA_SUCCESS;
  });
}
EMULATOR_ALIAS("cuMemGetInfo", cuMemGetInfo_v2);

CUresult cuMemAlloc_v2(CUdeviceptr *out, size_t bytes) {
  return withContext([&](Driver &driver, Context &context) {
    return allocate(driver, context, bytes, MemoryKind::Device, 0, out);
  });
}
EMULATOR_ALIAS("cuMemAlloc", cuMemAlloc_v2);

CUresult cuMemAllocPitch_v2(CUdeviceptr *out, size_t *pitch, size_t width,
                            size_t height, unsigned elementBytes) {
  return withContext([&](Driver &driver, Context &context) {
    constexpr size_t unit = 512;
    if (!pitch || !width || !height ||
        (elementBytes != 4 && elementBytes != 8 && elementBytes != 16))
      return CUDA_ERROR_INVALID_VALUE;
    *pitch = (width + unit - 1) / unit * unit;
    return allocate(driver, context, *pitch * height, MemoryKind::Device, 0,
                    out);
  });
}
EMULATOR_ALIAS("cuMemAllocPitch", cuMemAllocPitch_v2);

CUresult cuMemAllocManaged(CUdeviceptr *out, size_t bytes, unsigned flags) {
  return withContext([&](Driver &driver, Context &context) {
    if (flags != CU_MEM_ATTACH_GLOBAL && flags != CU_MEM_ATTACH_HOST)
      return CUDA_ERROR_INVALID_VALUE;
    return allocate(driver, context, bytes, MemoryKind::Managed, flags, out);
  });
}

CUresult cuMemFree_v2(CUdeviceptr address) {
  return withContext([&](Driver &driver, Context &) {
    if (!address)
      return CUDA_SUCCESS;
    if (const CUresult code = allowedWhileCapturing())
      return code;
    auto found = driver.allocations.find(address);
    if (!found || found->base != address || found->onHost()) {
      complain("cuMemFree: 0x%llx is not the start of an allocation", address);
      return CUDA_ERROR_INVALID_VALUE;
    }
    // The driver waits for what may still use the memory.
    if (found->context) {
      found->context->synchroniseAll();
      if (const CUresult fault = found->context->fault())
        return fault;
    }
    release(driver, *found);
    return CUDA_SUCCESS;
  });
}
EMULATOR_ALIAS("cuMemFree", cuMemFree_v2);

CUresult cuMemGetAddressRange_v2(CUdeviceptr *base, size_t *bytes,
                                 CUdeviceptr address) {
  return withContext([&](Driver &driver, Context &) {
    const Range range = driver.rangeOf(address);
    if (!range.size)
      return CUDA_ERROR_NOT_FOUND;
    give(base, range.base);
    give(bytes, range.size);
    return CUDA_SUCCESS;
  });
}
EMULATOR_ALIAS("cuMemGetAddressRange", cuMemGetAddressRange_v2);

CUresult cuMemHostAlloc(void **out, size_t bytes, unsigned flags) {
  return withContext([&](Driver &driver, Context &context) {
    return allocateHost(driver, context, bytes, flags, out);
  });
}

CUresult cuMemAllocHost_v2(void **out, size_t bytes) {
  return cuMemHostAlloc(out, bytes, 0);
}
EMULATOR_ALIAS("cuMemAllocHost", cuMemAllocHost_v2);

CUresult cuMemFreeHost(void *pointer) {
  return withContext([&](Driver &driver, Context &) {
    auto found = driver.allocations.find(addressOf(pointer));
    if (!found || found->base != addressOf(pointer) ||
        found->kind != MemoryKind::Pinned)
      return CUDA_ERROR_INVALID_VALUE;
    found->context->synchroniseAll();
    release(driver, *found);
    return CUDA_SUCCESS;
  });
}

CUresult cuMemHostRegister_v2(void *pointer, size_t bytes, unsigned flags) {
  return withContext([&](Driver &driver, Context &context) {
    constexpr unsigned known = CU_MEMHOSTREGISTER_PORTABLE |
                               CU_MEMHOSTREGISTER_DEVICEMAP |
                               CU_MEMHOSTREGISTER_READ_ONLY;
    if (!pointer || !bytes || (flags & ~known))
      return CUDA_ERROR_INVALID_VALUE;
    const uint64_t base = addressOf(pointer);
    if (driver.rangeOf(base).size || driver.rangeOf(base + bytes - 1).size)
      return CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED;
    driver.allocations.add({base, bytes, MemoryKind::Registered, &context,
                            &context.device, flags, 0, nullptr});
    return CUDA_SUCCESS;
  });
}
EMULATOR_ALIAS("cuMemHostRegister", cuMemHostRegister_v2);

CUresult cuMemHostUnregister(void *pointer) {
  return withContext([&](Driver &driver, Context &) {
    auto found = driver.allocations.find(addressOf(pointer));
    if (!found || found->base != addressOf(pointer) ||
        found->kind != MemoryKind::Registered)
      return CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED;
    found->context->synchroniseAll();
    release(driver, *found);
    return CUDA_SUCCESS;
  });
}

CUresult cuMemHostGetDevicePointer_v2(CUdeviceptr *out, void *pointer,
                                      unsigned flags) {
  return withContext([&](Driver &driver, Context &) {
    auto found = driver.allocations.find(addressOf(pointer));
    if (!out || flags || !found || !found->onHost())
      return CUDA_ERROR_INVALID_VALUE;
    // Memory that was not made by the driver has no shadow: kernels can't have
    // it.
    if (found->kind == MemoryKind::Registered)
      return CUDA_ERROR_NOT_SUPPORTED;
    *out = addressOf(pointer);
    return CUDA_SUCCESS;
  });
}
EMULATOR_ALIAS("cuMemHostGetDevicePointer", cuMemHostGetDevicePointer_v2);

CUresult cuMemHostGetFlags(unsigned *flags, void *pointer) {
  return withContext([&](Driver &driver, Context &) {
    auto found = driver.allocations.find(addressOf(pointer));
    if (!flags || !found || found->kind != MemoryKind::Pinned)
      return CUDA_ERROR_INVALID_VALUE;
    *flags = found->flags | CU_MEMHOSTALLOC_DEVICEMAP;
    return CUDA_SUCCESS;
  });
}

CUresult cuMemAdvise_v2(CUdeviceptr address, size_t bytes, CUmem_advise,
                        CUmemLocation) {
  return withContext([&](Driver &driver, Context &) {
    auto found = driver.allocations.find(address);
    return found && found->kind == MemoryKind::Managed &&
                   bytes <= found->end() - address
               ? CUDA_SUCCESS
               : CUDA_ERROR_INVALID_VALUE;
  });
}

extern "C" CUresult emulatorMemAdvise(CUdeviceptr address, size_t bytes,
                                      CUmem_advise advice,
                                      CUdevice) __asm__("cuMemAdvise");
CUresult emulatorMemAdvise(CUdeviceptr address, size_t bytes,
                           CUmem_advise advice, CUdevice) {
  return cuMemAdvise_v2(address, bytes, advice, {});
}

CUresult cuMemPrefetchAsync_v2(CUdeviceptr address, size_t bytes, CUmemLocation,
                               unsigned flags, CUstream handle) {
  return withStream(handle, [&](Driver &, Stream &) {
    return flags ? CUDA_ERROR_INVALID_VALUE
                 : cuMemAdvise_v2(address, bytes,
                                  CU_MEM_ADVISE_SET_PREFERRED_LOCATION, {});
  });
}

extern "C" CUresult
emulatorMemPrefetchAsync(CUdeviceptr address, size_t bytes, CUdevice,
                         CUstream stream) __asm__("cuMemPrefetchAsync");
CUresult emulatorMemPrefetchAsync(CUdeviceptr address, size_t bytes, CUdevice,
                                  CUstream stream) {
  return cuMemPrefetchAsync_v2(address, bytes, {}, 0, stream);
}

namespace emulator::driver {

/// Writes an attribute's value where the caller wants it.
template <typename Value>
static CUresult put(void *to, Value value) {
  *static_cast<Value *>(to) = value;
  return CUDA_SUCCESS;
}

static CUresult pointerAttribute(void *data, CUpointer_attribute attribute,
                                 uint64_t address, const Allocation &memory) {
  switch (attribute) {
  case CU_POINTER_ATTRIBUTE_CONTEXT:
    return memory.context ? put(data, handleOf<CUcontext>(*memory.context))
                          : CUDA_ERROR_INVALID_VALUE;
  case CU_POINTER_ATTRIBUTE_MEMORY_TYPE:
    return put<unsigned>(data, memory.onHost() ? CU_MEMORYTYPE_HOST
                                               : CU_MEMORYTYPE_DEVICE);
  case CU_POINTER_ATTRIBUTE_DEVICE_POINTER:
    if (memory.kind == MemoryKind::Registered)
      return CUDA_ERROR_INVALID_VALUE;
    return put<CUdeviceptr>(data, address);
  case CU_POINTER_ATTRIBUTE_HOST_POINTER:
    if (!memory.onHost() && memory.kind != MemoryKind::Managed)
      return CUDA_ERROR_INVALID_VALUE;
    return put(data, DeviceMemory::host(address));
  case CU_POINTER_ATTRIBUTE_SYNC_MEMOPS:
    return put<unsigned>(data, 0);
  case CU_POINTER_ATTRIBUTE_BUFFER_ID:
    return put<unsigned long long>(data, memory.id);
  case CU_POINTER_ATTRIBUTE_IS_MANAGED:
    return put<unsigned>(data, memory.kind == MemoryKind::Managed);
  case CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL:
    return put<int>(data, memory.device->ordinal);
  case CU_POINTER_ATTRIBUTE_RANGE_START_ADDR:
  case CU_POINTER_ATTRIBUTE_MAPPING_BASE_ADDR:
    return put<CUdeviceptr>(data, memory.base);
  case CU_POINTER_ATTRIBUTE_RANGE_SIZE:
  case CU_POINTER_ATTRIBUTE_MAPPING_SIZE:
    return put<size_t>(data, memory.size);
  case CU_POINTER_ATTRIBUTE_MAPPED:
    return put<unsigned>(data, memory.kind != MemoryKind::Registered);
  case CU_POINTER_ATTRIBUTE_ACCESS_FLAGS:
    return put<unsigned>(data, CU_POINTER_ATTRIBUTE_ACCESS_FLAG_READWRITE);
  case CU_POINTER_ATTRIBUTE_MEMPOOL_HANDLE:
    return put(data,
               memory.pool ? handleOf<CUmemoryPool>(*memory.pool) : nullptr);
  case CU_POINTER_ATTRIBUTE_IS_LEGACY_CUDA_IPC_CAPABLE:
  case CU_POINTER_ATTRIBUTE_IS_GPU_DIRECT_RDMA_CAPABLE:
    return put<unsigned>(data, 0);
  case CU_POINTER_ATTRIBUTE_ALLOWED_HANDLE_TYPES:
    return put<unsigned long long>(data, 0);
  default:
    return CUDA_ERROR_NOT_SUPPORTED;
  }
}

/// An allocation's record; for a variable of a module one made up.
static std::optional<Allocation> describe(Driver &driver, uint64_t address) {
  if (auto found = driver.allocations.find(address))
    return found;
  for (const auto &device : driver.devices)
    if (const Range range = device->memory.find(address); range.size)
      return Allocation{range.base,
                        range.size,
                        MemoryKind::Device,
                        device->primary.get(),
                        device.get(),
                        0,
                        0,
                        nullptr};
  return std::nullopt;
}

} // namespace emulator::driver

CUresult cuPointerGetAttribute(void *data, CUpointer_attribute attribute,
                               CUdeviceptr address) {
  return withContext([&](Driver &driver, Context &) {
    auto memory = describe(driver, address);
    if (!data || !memory)
      return CUDA_ERROR_INVALID_VALUE;
    return pointerAttribute(data, attribute, address, *memory);
  });
}

/// The bytes of an attribute's value, which cuPointerGetAttributes sets to 0
/// for an address that the driver knows nothing of.
static size_t attributeBytes(CUpointer_attribute attribute) {
  switch (attribute) {
  case CU_POINTER_ATTRIBUTE_MEMORY_TYPE:
  case CU_POINTER_ATTRIBUTE_SYNC_MEMOPS:
  case CU_POINTER_ATTRIBUTE_IS_MANAGED:
  case CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL:
  case CU_POINTER_ATTRIBUTE_MAPPED:
  case CU_POINTER_ATTRIBUTE_ACCESS_FLAGS:
  case CU_POINTER_ATTRIBUTE_IS_LEGACY_CUDA_IPC_CAPABLE:
  case CU_POINTER_ATTRIBUTE_IS_GPU_DIRECT_RDMA_CAPABLE:
    return 4;
  default:
    return 8;
  }
}

CUresult cuPointerGetAttributes(unsigned count, CUpointer_attribute *attributes,
                                void **data, CUdeviceptr address) {
  return withContext([&](Driver &driver, Context &) {
    if (!attributes || !data)
      return CUDA_ERROR_INVALID_VALUE;
    auto memory = describe(driver, address);
    for (unsigned i = 0; i < count; ++i) {
      if (memory && pointerAttribute(data[i], attributes[i], address,
                                     *memory) == CUDA_SUCCESS)
        continue;
      std::memset(data[i], 0, attributeBytes(attributes[i]));
      // Host memory that the driver knows nothing of is on no device.
      if (attributes[i] == CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL)
        put<int>(data[i], -2);
    }
    return CUDA_SUCCESS;
  });
}

CUresult cuPointerSetAttribute(const void *value, CUpointer_attribute attribute,
                               CUdeviceptr address) {
  return withContext([&](Driver &driver, Context &) {
    return value && attribute == CU_POINTER_ATTRIBUTE_SYNC_MEMOPS &&
                   driver.allocations.find(address)
               ? CUDA_SUCCESS
               : CUDA_ERROR_INVALID_VALUE;
  });
}
