// SPDX-License-Identifier: Apache-2.0
// Start, version and devices.
#include "driver/Entry.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>

using namespace emulator::driver;

CUresult cuInit(unsigned flags) {
  return guarded([&] {
    if (flags)
      return CUDA_ERROR_INVALID_VALUE;
    return Driver::initialise().devices.empty() ? CUDA_ERROR_NO_DEVICE
                                                : CUDA_SUCCESS;
  });
}

CUresult cuDriverGetVersion(int *version) {
  if (!version)
    return CUDA_ERROR_INVALID_VALUE;
  *version = CUDA_VERSION;
  return CUDA_SUCCESS;
}

CUresult cuDeviceGetCount(int *count) {
  return withDriver([&](Driver &driver) {
    if (!count)
      return CUDA_ERROR_INVALID_VALUE;
    *count = static_cast<int>(driver.devices.size());
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceGet(CUdevice *device, int ordinal) {
  return withDriver([&](Driver &driver) {
    if (!device)
      return CUDA_ERROR_INVALID_VALUE;
    if (!driver.device(ordinal))
      return CUDA_ERROR_INVALID_DEVICE;
    *device = ordinal;
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceGetName(char *name, int length, CUdevice dev) {
  return withDevice(dev, [&](Driver &, Device &device) {
    if (!name || length <= 0)
      return CUDA_ERROR_INVALID_VALUE;
    std::snprintf(name, static_cast<size_t>(length), "Emulated %s",
                  device.chip.name);
    return CUDA_SUCCESS;
  });
}

/// Different for every device, and the same in every process.
static CUuuid uuidOf(const Device &device) {
  CUuuid uuid = {};
  std::memcpy(uuid.bytes, "dlc-emulated", 12);
  uuid.bytes[14] = static_cast<char>(device.chip.sm);
  uuid.bytes[15] = static_cast<char>(device.ordinal);
  return uuid;
}

CUresult cuDeviceGetUuid_v2(CUuuid *uuid, CUdevice dev) {
  return withDevice(dev, [&](Driver &, Device &device) {
    if (!uuid)
      return CUDA_ERROR_INVALID_VALUE;
    *uuid = uuidOf(device);
    return CUDA_SUCCESS;
  });
}
EMULATOR_ALIAS("cuDeviceGetUuid", cuDeviceGetUuid_v2);

CUresult cuDeviceGetLuid(char *luid, unsigned *nodeMask, CUdevice dev) {
  // Only Windows has them.
  return withDevice(
      dev, [](Driver &, Device &) { return CUDA_ERROR_NOT_SUPPORTED; });
}

CUresult cuDeviceTotalMem_v2(size_t *bytes, CUdevice dev) {
  return withDevice(dev, [&](Driver &, Device &device) {
    if (!bytes)
      return CUDA_ERROR_INVALID_VALUE;
    *bytes = device.memory.capacity();
    return CUDA_SUCCESS;
  });
}
EMULATOR_ALIAS("cuDeviceTotalMem", cuDeviceTotalMem_v2);

CUresult cuDeviceGetAttribute(int *value, CUdevice_attribute attribute,
                              CUdevice dev) {
  return withDevice(dev, [&](Driver &, Device &device) {
    if (!value ||
        !deviceAttribute(device.chip, device.ordinal, attribute, *value))
      return CUDA_ERROR_INVALID_VALUE;
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceComputeCapability(int *major, int *minor, CUdevice dev) {
  return withDevice(dev, [&](Driver &, Device &device) {
    if (!major || !minor)
      return CUDA_ERROR_INVALID_VALUE;
    *major = device.chip.sm / 10;
    *minor = device.chip.sm % 10;
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceGetProperties(CUdevprop *properties, CUdevice dev) {
  return withDevice(dev, [&](Driver &, Device &device) {
    if (!properties)
      return CUDA_ERROR_INVALID_VALUE;
    *properties = {};
    properties->maxThreadsPerBlock = maxThreadsPerBlock;
    properties->maxThreadsDim[0] = maxThreadsPerBlock;
    properties->maxThreadsDim[1] = maxThreadsPerBlock;
    properties->maxThreadsDim[2] = maxBlockZ;
    properties->maxGridSize[0] = maxGridX;
    properties->maxGridSize[1] = maxGridYZ;
    properties->maxGridSize[2] = maxGridYZ;
    properties->sharedMemPerBlock = sharedPerBlock;
    properties->totalConstantMemory = 64 << 10;
    properties->SIMDWidth = warpSize;
    properties->memPitch = 0x7fffffff;
    properties->regsPerBlock = registersPerMultiprocessor;
    properties->clockRate = device.chip.clockKHz;
    properties->textureAlign = 512;
    return CUDA_SUCCESS;
  });
}

static std::string pciBusId(int ordinal) {
  char text[16];
  std::snprintf(text, sizeof text, "0000:%02X:00.0", ordinal + 1);
  return text;
}

CUresult cuDeviceGetPCIBusId(char *text, int length, CUdevice dev) {
  return withDevice(dev, [&](Driver &, Device &device) {
    if (!text || length <= 0)
      return CUDA_ERROR_INVALID_VALUE;
    std::snprintf(text, static_cast<size_t>(length), "%s",
                  pciBusId(device.ordinal).c_str());
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceGetByPCIBusId(CUdevice *out, const char *text) {
  return withDriver([&](Driver &driver) {
    unsigned domain = 0, bus = 0, slot = 0, function = 0;
    if (!out || !text)
      return CUDA_ERROR_INVALID_VALUE;
    if (std::sscanf(text, "%x:%x:%x.%x", &domain, &bus, &slot, &function) < 3 &&
        (domain = 0, std::sscanf(text, "%x:%x.%x", &bus, &slot, &function) < 2))
      return CUDA_ERROR_INVALID_VALUE;
    if (domain || slot || function || !driver.device(static_cast<int>(bus) - 1))
      return CUDA_ERROR_INVALID_DEVICE;
    *out = static_cast<int>(bus) - 1;
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceGetExecAffinitySupport(int *supported, CUexecAffinityType type,
                                        CUdevice dev) {
  return withDevice(dev, [&](Driver &, Device &) {
    if (!supported)
      return CUDA_ERROR_INVALID_VALUE;
    *supported = 0;
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceCanAccessPeer(int *can, CUdevice dev, CUdevice peer) {
  return withDevice(dev, [&](Driver &driver, Device &device) {
    if (!driver.device(peer))
      return CUDA_ERROR_INVALID_DEVICE;
    if (!can)
      return CUDA_ERROR_INVALID_VALUE;
    *can = dev != peer;
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceGetP2PAttribute(int *value, CUdevice_P2PAttribute attribute,
                                 CUdevice from, CUdevice to) {
  return withDevice(from, [&](Driver &driver, Device &) {
    if (!driver.device(to))
      return CUDA_ERROR_INVALID_DEVICE;
    if (!value || from == to)
      return CUDA_ERROR_INVALID_VALUE;
    switch (attribute) {
    case CU_DEVICE_P2P_ATTRIBUTE_ACCESS_SUPPORTED:
    case CU_DEVICE_P2P_ATTRIBUTE_NATIVE_ATOMIC_SUPPORTED:
      *value = 1;
      return CUDA_SUCCESS;
    case CU_DEVICE_P2P_ATTRIBUTE_PERFORMANCE_RANK:
    case CU_DEVICE_P2P_ATTRIBUTE_CUDA_ARRAY_ACCESS_SUPPORTED:
      *value = 0;
      return CUDA_SUCCESS;
    default:
      return CUDA_ERROR_INVALID_VALUE;
    }
  });
}
