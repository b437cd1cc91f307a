// SPDX-License-Identifier: Apache-2.0
// The CUDA driver: its functions as far as they are used here, found when the
// first session on a device is made. The declarations are those of CUDA 12.0's
// cuda.h, which is not needed to build.
#ifndef DLC_RUNTIME_CUDA_DRIVER_H
#define DLC_RUNTIME_CUDA_DRIVER_H

#include "dlc/model.h"

#include <stddef.h>
#include <stdint.h>

namespace dlc::runtime::cuda {

/// The version of CUDA whose functions are asked for.
inline constexpr int kCudaVersion = 12000;

using Result = int;
inline constexpr Result kSuccess = 0;
inline constexpr Result kOutOfMemory = 2;
inline constexpr Result kNoDevice = 100;
inline constexpr Result kNoBinaryForGpu = 209;
inline constexpr Result kUnsupportedPtxVersion = 222;
inline constexpr Result kNotFound = 500;

using DevicePointer = uint64_t;
using Context = struct ContextTag *;
using Module = struct ModuleTag *;
using Function = struct FunctionTag *;
using Stream = struct StreamTag *;
using Event = struct EventTag *;
using Graph = struct GraphTag *;
using GraphExec = struct GraphExecTag *;

/// CUgraphExecUpdateResultInfo.
struct GraphUpdateInfo {
  int result;
  void *errorNode, *errorFromNode;
};

inline constexpr int kComputeCapabilityMajor = 75;
inline constexpr int kComputeCapabilityMinor = 76;
inline constexpr int kMaxDynamicSharedBytes = 8; ///< attribute of functions
inline constexpr int kJitErrorLog = 5, kJitErrorLogBytes = 6;
inline constexpr unsigned kHostPortable = 1;
inline constexpr unsigned kStreamNonBlocking = 1;
inline constexpr unsigned kEventDisableTiming = 2;
inline constexpr int kCaptureThreadLocal = 1;

// Name and parameters of each function. clang-format off
#define DLC_CUDA_FUNCTIONS(FUNCTION)                                           \
  FUNCTION(cuInit, (unsigned flags))                                           \
  FUNCTION(cuDriverGetVersion, (int *version))                                 \
  FUNCTION(cuGetErrorName, (Result code, const char **text))                   \
  FUNCTION(cuGetErrorString, (Result code, const char **text))                 \
  FUNCTION(cuDeviceGetCount, (int *count))                                     \
  FUNCTION(cuDeviceGet, (int *device, int ordinal))                            \
  FUNCTION(cuDeviceGetAttribute, (int *value, int attribute, int device))      \
  FUNCTION(cuDevicePrimaryCtxRetain, (Context * context, int device))          \
  FUNCTION(cuDevicePrimaryCtxRelease, (int device))                            \
  FUNCTION(cuCtxPushCurrent, (Context context))                                \
  FUNCTION(cuCtxPopCurrent, (Context * context))                               \
  FUNCTION(cuMemAlloc, (DevicePointer * address, size_t bytes))                \
  FUNCTION(cuMemFree, (DevicePointer address))                                 \
  FUNCTION(cuMemHostAlloc, (void **memory, size_t bytes, unsigned flags))      \
  FUNCTION(cuMemFreeHost, (void *memory))                                      \
  FUNCTION(cuMemGetInfo, (size_t *free, size_t *total))                        \
  FUNCTION(cuMemcpyAsync, (DevicePointer to, DevicePointer from, size_t bytes, \
                           Stream stream))                                     \
  FUNCTION(cuMemcpyHtoD, (DevicePointer to, const void *from, size_t bytes))   \
  FUNCTION(cuMemcpyHtoDAsync,                                                  \
           (DevicePointer to, const void *from, size_t bytes, Stream stream))  \
  FUNCTION(cuMemcpyDtoH, (void *to, DevicePointer from, size_t bytes))         \
  FUNCTION(cuMemcpyDtoHAsync,                                                  \
           (void *to, DevicePointer from, size_t bytes, Stream stream))        \
  FUNCTION(cuMemsetD8Async, (DevicePointer to, unsigned char value,            \
                             size_t bytes, Stream stream))                     \
  FUNCTION(cuModuleLoadDataEx,                                                 \
           (Module * module, const void *image, unsigned numOptions,           \
            int *options, void **values))                                      \
  FUNCTION(cuModuleUnload, (Module module))                                    \
  FUNCTION(cuModuleGetFunction,                                                \
           (Function * function, Module module, const char *name))             \
  FUNCTION(cuFuncSetAttribute, (Function function, int attribute, int value))  \
  FUNCTION(cuStreamCreate, (Stream * stream, unsigned flags))                  \
  FUNCTION(cuStreamDestroy, (Stream stream))                                   \
  FUNCTION(cuStreamSynchronize, (Stream stream))                               \
  FUNCTION(cuStreamWaitEvent, (Stream stream, Event event, unsigned flags))    \
  FUNCTION(cuStreamBeginCapture, (Stream stream, int mode))                    \
  FUNCTION(cuStreamEndCapture, (Stream stream, Graph * graph))                 \
  FUNCTION(cuGraphDestroy, (Graph graph))                                      \
  FUNCTION(cuGraphInstantiateWithFlags,                                        \
           (GraphExec * exec, Graph graph, unsigned long long flags))          \
  FUNCTION(cuGraphExecUpdate,                                                  \
           (GraphExec exec, Graph graph, GraphUpdateInfo * info))              \
  FUNCTION(cuGraphExecDestroy, (GraphExec exec))                               \
  FUNCTION(cuGraphLaunch, (GraphExec exec, Stream stream))                     \
  FUNCTION(cuLaunchKernel, (Function function, unsigned gridX, unsigned gridY, \
                            unsigned gridZ, unsigned blockX, unsigned blockY,  \
                            unsigned blockZ, unsigned sharedBytes,             \
                            Stream stream, void **parameters, void **extra))   \
  FUNCTION(cuEventCreate, (Event * event, unsigned flags))                     \
  FUNCTION(cuEventDestroy, (Event event))                                      \
  FUNCTION(cuEventRecord, (Event event, Stream stream))                        \
  FUNCTION(cuEventElapsedTime, (float *milliseconds, Event begin, Event end))
// clang-format on

struct Driver {
#define DLC_CUDA_MEMBER(NAME, PARAMETERS) Result(*NAME) PARAMETERS;
  DLC_CUDA_FUNCTIONS(DLC_CUDA_MEMBER)
#undef DLC_CUDA_MEMBER
};

/// Gives the driver of this machine, which is loaded once and never unloaded.
/// Fails, for a session on cuda:\p id, where there is none or it is too old.
/// May be called from any thread.
dlc_status getDriver(int32_t id, const Driver *&driver);

/// "CUDA_ERROR_ILLEGAL_ADDRESS (an illegal memory access was encountered)".
struct ResultText {
  ResultText(const Driver &driver, Result code);
  char text[160];
};

/// Makes a context current in this thread while alive.
class ContextScope {
public:
  ContextScope(const Driver &driver, Context context)
      : driver(driver), pushed(driver.cuCtxPushCurrent(context)) {}
  ~ContextScope() {
    Context popped;
    if (pushed == kSuccess)
      driver.cuCtxPopCurrent(&popped);
  }
  ContextScope(const ContextScope &) = delete;
  ContextScope &operator=(const ContextScope &) = delete;

  Result result() const { return pushed; }

private:
  const Driver &driver;
  Result pushed;
};

} // namespace dlc::runtime::cuda

#endif // DLC_RUNTIME_CUDA_DRIVER_H
