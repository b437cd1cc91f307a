// SPDX-License-Identifier: Apache-2.0
// Copies and fills.
#include "driver/Copy.h"
#include "driver/Entry.h"
#include "driver/Environment.h"

namespace emulator::driver {

/// Memory that the device reaches only through a staging buffer: the driver
/// has copied from it, or to it, when an asynchronous copy returns.
static bool pageable(Driver &driver, uint64_t address) {
  return !driver.rangeOf(address).size;
}

enum class Wait {
  Never,   ///< asynchronous copies
  ForHost, ///< the others: only where host memory takes part
};

static CUresult copy(CUstream handle, const CopyTask &task, Wait wait,
                     const char *caller) {
  return withStream(handle, [&](Driver &driver, Stream &stream) {
    if (!task.width || !task.height || !task.depth)
      return CUDA_SUCCESS;
    if (const CUresult code = check(task, caller))
      return code;
    const bool capturing = stream.capturing();
    if (const CUresult code = stream.submit(task))
      return code;
    const bool hostTakesPart =
        !driver.memoryOf(task.from) || !driver.memoryOf(task.to);
    if (capturing || !(wait == Wait::ForHost ? hostTakesPart
                                             : pageable(driver, task.from) ||
                                                   pageable(driver, task.to)))
      return CUDA_SUCCESS;
    stream.context.synchronise(stream);
    return stream.context.fault();
  });
}

static CopyTask line(uint64_t to, uint64_t from, size_t bytes) {
  CopyTask task;
  task.from = from;
  task.to = to;
  task.width = bytes;
  return task;
}

static uint64_t addressOf(const void *pointer) {
  return reinterpret_cast<uint64_t>(pointer);
}

/// The address of one side of a copy; false if it is an array, which there are
/// none of.
static bool sideAddress(CUmemorytype type, const void *host, CUdeviceptr device,
                        uint64_t &address) {
  switch (type) {
  case CU_MEMORYTYPE_HOST:
    address = addressOf(host);
    return true;
  case CU_MEMORYTYPE_DEVICE:
  case CU_MEMORYTYPE_UNIFIED:
    address = device;
    return true;
  case CU_MEMORYTYPE_ARRAY:
    break;
  }
  return false;
}

template <typename Parameters>
static CUresult makeTask3D(const Parameters &copy, CopyTask &task) {
  if (!sideAddress(copy.srcMemoryType, copy.srcHost, copy.srcDevice,
                   task.from) ||
      !sideAddress(copy.dstMemoryType, copy.dstHost, copy.dstDevice, task.to))
    return CUDA_ERROR_NOT_SUPPORTED;
  task.width = copy.WidthInBytes;
  task.height = copy.Height;
  task.depth = copy.Depth;
  task.fromPitch = copy.srcPitch ? copy.srcPitch : task.width;
  task.toPitch = copy.dstPitch ? copy.dstPitch : task.width;
  task.fromPlane =
      task.fromPitch * (copy.srcHeight ? copy.srcHeight : copy.Height);
  task.toPlane = task.toPitch * (copy.dstHeight ? copy.dstHeight : copy.Height);
  if ((task.height > 1 || task.depth > 1) &&
      (task.fromPitch < task.width || task.toPitch < task.width))
    return CUDA_ERROR_INVALID_VALUE;
  task.from += copy.srcZ * task.fromPlane + copy.srcY * task.fromPitch +
               copy.srcXInBytes;
  task.to +=
      copy.dstZ * task.toPlane + copy.dstY * task.toPitch + copy.dstXInBytes;
  return CUDA_SUCCESS;
}

CUresult makeCopyTask(const CUDA_MEMCPY3D &copy, CopyTask &task) {
  return makeTask3D(copy, task);
}

static CUDA_MEMCPY3D in3D(const CUDA_MEMCPY2D &copy) {
  CUDA_MEMCPY3D result = {};
  result.srcXInBytes = copy.srcXInBytes;
  result.srcY = copy.srcY;
  result.srcMemoryType = copy.srcMemoryType;
  result.srcHost = copy.srcHost;
  result.srcDevice = copy.srcDevice;
  result.srcPitch = copy.srcPitch;
  result.dstXInBytes = copy.dstXInBytes;
  result.dstY = copy.dstY;
  result.dstMemoryType = copy.dstMemoryType;
  result.dstHost = copy.dstHost;
  result.dstDevice = copy.dstDevice;
  result.dstPitch = copy.dstPitch;
  result.WidthInBytes = copy.WidthInBytes;
  result.Height = copy.Height;
  result.Depth = 1;
  return result;
}

template <typename Parameters>
static CUresult copy3D(CUstream stream, const Parameters *parameters, Wait wait,
                       const char *caller) {
  if (!parameters)
    return CUDA_ERROR_INVALID_VALUE;
  CopyTask task;
  const CUresult code = makeTask3D(*parameters, task);
  return code ? code : copy(stream, task, wait, caller);
}

static CUresult copy2D(CUstream stream, const CUDA_MEMCPY2D *parameters,
                       Wait wait, const char *caller) {
  if (!parameters)
    return CUDA_ERROR_INVALID_VALUE;
  const CUDA_MEMCPY3D copy = in3D(*parameters);
  return copy3D(stream, &copy, wait, caller);
}

static CUresult fill(CUstream handle, const SetTask &task, const char *caller) {
  return withStream(handle, [&](Driver &, Stream &stream) {
    if (!task.width || !task.height)
      return CUDA_SUCCESS;
    const CUresult code = check(task, caller);
    return code ? code : stream.submit(task);
  });
}

/// Fills of the legacy stream don't wait either, but on a device they are done
/// long before a stream that doesn't wait for them begins.
static CUresult fillNow(const SetTask &task, const char *caller) {
  const CUresult code = fill(nullptr, task, caller);
  if (code || environment().lazy)
    return code;
  return withStream(nullptr, [&](Driver &, Stream &stream) {
    stream.context.synchronise(stream);
    return CUDA_SUCCESS;
  });
}

} // namespace emulator::driver

using namespace emulator::driver;

CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t bytes,
                              CUstream stream) {
  return copy(stream, line(to, addressOf(from), bytes), Wait::Never,
              "cuMemcpyHtoDAsync");
}
EMULATOR_ALIAS("cuMemcpyHtoDAsync", cuMemcpyHtoDAsync_v2);

CUresult cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, size_t bytes,
                              CUstream stream) {
  return copy(stream, line(addressOf(to), from, bytes), Wait::Never,
              "cuMemcpyDtoHAsync");
}
EMULATOR_ALIAS("cuMemcpyDtoHAsync", cuMemcpyDtoHAsync_v2);

CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes,
                              CUstream stream) {
  return copy(stream, line(to, from, bytes), Wait::Never, "cuMemcpyDtoDAsync");
}
EMULATOR_ALIAS("cuMemcpyDtoDAsync", cuMemcpyDtoDAsync_v2);

CUresult cuMemcpyAsync(CUdeviceptr to, CUdeviceptr from, size_t bytes,
                       CUstream stream) {
  return copy(stream, line(to, from, bytes), Wait::Never, "cuMemcpyAsync");
}

CUresult cuMemcpyPeerAsync(CUdeviceptr to, CUcontext, CUdeviceptr from,
                           CUcontext, size_t bytes, CUstream stream) {
  return copy(stream, line(to, from, bytes), Wait::Never, "cuMemcpyPeerAsync");
}

CUresult cuMemcpyHtoD_v2(CUdeviceptr to, const void *from, size_t bytes) {
  return copy(nullptr, line(to, addressOf(from), bytes), Wait::ForHost,
              "cuMemcpyHtoD");
}
EMULATOR_ALIAS("cuMemcpyHtoD", cuMemcpyHtoD_v2);

CUresult cuMemcpyDtoH_v2(void *to, CUdeviceptr from, size_t bytes) {
  return copy(nullptr, line(addressOf(to), from, bytes), Wait::ForHost,
              "cuMemcpyDtoH");
}
EMULATOR_ALIAS("cuMemcpyDtoH", cuMemcpyDtoH_v2);

CUresult cuMemcpyDtoD_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes) {
  return copy(nullptr, line(to, from, bytes), Wait::ForHost, "cuMemcpyDtoD");
}
EMULATOR_ALIAS("cuMemcpyDtoD", cuMemcpyDtoD_v2);

CUresult cuMemcpy(CUdeviceptr to, CUdeviceptr from, size_t bytes) {
  return copy(nullptr, line(to, from, bytes), Wait::ForHost, "cuMemcpy");
}

CUresult cuMemcpyPeer(CUdeviceptr to, CUcontext, CUdeviceptr from, CUcontext,
                      size_t bytes) {
  return copy(nullptr, line(to, from, bytes), Wait::ForHost, "cuMemcpyPeer");
}

CUresult cuMemcpy2DAsync_v2(const CUDA_MEMCPY2D *parameters, CUstream stream) {
  return copy2D(stream, parameters, Wait::Never, "cuMemcpy2DAsync");
}
EMULATOR_ALIAS("cuMemcpy2DAsync", cuMemcpy2DAsync_v2);

CUresult cuMemcpy2D_v2(const CUDA_MEMCPY2D *parameters) {
  return copy2D(nullptr, parameters, Wait::ForHost, "cuMemcpy2D");
}
EMULATOR_ALIAS("cuMemcpy2D", cuMemcpy2D_v2);
EMULATOR_ALIAS("cuMemcpy2DUnaligned", cuMemcpy2D_v2);
EMULATOR_ALIAS("cuMemcpy2DUnaligned_v2", cuMemcpy2D_v2);

CUresult cuMemcpy3DAsync_v2(const CUDA_MEMCPY3D *parameters, CUstream stream) {
  return copy3D(stream, parameters, Wait::Never, "cuMemcpy3DAsync");
}
EMULATOR_ALIAS("cuMemcpy3DAsync", cuMemcpy3DAsync_v2);

CUresult cuMemcpy3D_v2(const CUDA_MEMCPY3D *parameters) {
  return copy3D(nullptr, parameters, Wait::ForHost, "cuMemcpy3D");
}
EMULATOR_ALIAS("cuMemcpy3D", cuMemcpy3D_v2);

CUresult cuMemcpy3DPeerAsync(const CUDA_MEMCPY3D_PEER *parameters,
                             CUstream stream) {
  return copy3D(stream, parameters, Wait::Never, "cuMemcpy3DPeerAsync");
}

CUresult cuMemcpy3DPeer(const CUDA_MEMCPY3D_PEER *parameters) {
  return copy3D(nullptr, parameters, Wait::ForHost, "cuMemcpy3DPeer");
}

CUresult cuMemsetD8Async(CUdeviceptr to, unsigned char value, size_t count,
                         CUstream stream) {
  return fill(stream, {to, 0, value, 1, count, 1}, "cuMemsetD8Async");
}

CUresult cuMemsetD16Async(CUdeviceptr to, unsigned short value, size_t count,
                          CUstream stream) {
  return fill(stream, {to, 0, value, 2, count, 1}, "cuMemsetD16Async");
}

CUresult cuMemsetD32Async(CUdeviceptr to, unsigned value, size_t count,
                          CUstream stream) {
  return fill(stream, {to, 0, value, 4, count, 1}, "cuMemsetD32Async");
}

CUresult cuMemsetD2D8Async(CUdeviceptr to, size_t pitch, unsigned char value,
                           size_t width, size_t height, CUstream stream) {
  return fill(stream, {to, pitch, value, 1, width, height},
              "cuMemsetD2D8Async");
}

CUresult cuMemsetD2D16Async(CUdeviceptr to, size_t pitch, unsigned short value,
                            size_t width, size_t height, CUstream stream) {
  return fill(stream, {to, pitch, value, 2, width, height},
              "cuMemsetD2D16Async");
}

CUresult cuMemsetD2D32Async(CUdeviceptr to, size_t pitch, unsigned value,
                            size_t width, size_t height, CUstream stream) {
  return fill(stream, {to, pitch, value, 4, width, height},
              "cuMemsetD2D32Async");
}

CUresult cuMemsetD8_v2(CUdeviceptr to, unsigned char value, size_t count) {
  return fillNow({to, 0, value, 1, count, 1}, "cuMemsetD8");
}
EMULATOR_ALIAS("cuMemsetD8", cuMemsetD8_v2);

CUresult cuMemsetD16_v2(CUdeviceptr to, unsigned short value, size_t count) {
  return fillNow({to, 0, value, 2, count, 1}, "cuMemsetD16");
}
EMULATOR_ALIAS("cuMemsetD16", cuMemsetD16_v2);

CUresult cuMemsetD32_v2(CUdeviceptr to, unsigned value, size_t count) {
  return fillNow({to, 0, value, 4, count, 1}, "cuMemsetD32");
}
EMULATOR_ALIAS("cuMemsetD32", cuMemsetD32_v2);

CUresult cuMemsetD2D8_v2(CUdeviceptr to, size_t pitch, unsigned char value,
                         size_t width, size_t height) {
  return fillNow({to, pitch, value, 1, width, height}, "cuMemsetD2D8");
}
EMULATOR_ALIAS("cuMemsetD2D8", cuMemsetD2D8_v2);

CUresult cuMemsetD2D16_v2(CUdeviceptr to, size_t pitch, unsigned short value,
                          size_t width, size_t height) {
  return fillNow({to, pitch, value, 2, width, height}, "cuMemsetD2D16");
}
EMULATOR_ALIAS("cuMemsetD2D16", cuMemsetD2D16_v2);

CUresult cuMemsetD2D32_v2(CUdeviceptr to, size_t pitch, unsigned value,
                          size_t width, size_t height) {
  return fillNow({to, pitch, value, 4, width, height}, "cuMemsetD2D32");
}
EMULATOR_ALIAS("cuMemsetD2D32", cuMemsetD2D32_v2);
