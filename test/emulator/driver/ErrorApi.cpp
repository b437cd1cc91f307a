// SPDX-License-Identifier: Apache-2.0
// Errors by name and in words, as the driver says them.
#include "driver/Entry.h"

namespace emulator::driver {

namespace {
struct ErrorText {
  CUresult code;
  const char *name, *text;
};
} // namespace

#define EMULATOR_ERROR(NAME, TEXT) {NAME, #NAME, TEXT}
static constexpr ErrorText errorTexts[] = {
    EMULATOR_ERROR(CUDA_SUCCESS, "no error"),
    EMULATOR_ERROR(CUDA_ERROR_INVALID_VALUE, "invalid argument"),
    EMULATOR_ERROR(CUDA_ERROR_OUT_OF_MEMORY, "out of memory"),
    EMULATOR_ERROR(CUDA_ERROR_NOT_INITIALIZED, "initialization error"),
    EMULATOR_ERROR(CUDA_ERROR_DEINITIALIZED, "driver shutting down"),
    EMULATOR_ERROR(CUDA_ERROR_PROFILER_DISABLED,
                   "profiler disabled while using external profiling tool"),
    EMULATOR_ERROR(CUDA_ERROR_PROFILER_NOT_INITIALIZED,
                   "profiler not initialized: call cudaProfilerInitialize()"),
    EMULATOR_ERROR(CUDA_ERROR_PROFILER_ALREADY_STARTED,
                   "profiler already started"),
    EMULATOR_ERROR(CUDA_ERROR_PROFILER_ALREADY_STOPPED,
                   "profiler already stopped"),
    EMULATOR_ERROR(CUDA_ERROR_STUB_LIBRARY, "CUDA driver is a stub library"),
    EMULATOR_ERROR(CUDA_ERROR_CALL_REQUIRES_NEWER_DRIVER,
                   "requested function requires a newer driver"),
    EMULATOR_ERROR(CUDA_ERROR_DEVICE_UNAVAILABLE,
                   "CUDA-capable device(s) is/are busy or unavailable"),
    EMULATOR_ERROR(CUDA_ERROR_NO_DEVICE, "no CUDA-capable device is detected"),
    EMULATOR_ERROR(CUDA_ERROR_INVALID_DEVICE, "invalid device ordinal"),
    EMULATOR_ERROR(CUDA_ERROR_DEVICE_NOT_LICENSED,
                   "device doesn't have valid Grid license"),
    EMULATOR_ERROR(CUDA_ERROR_INVALID_IMAGE, "device kernel image is invalid"),
    EMULATOR_ERROR(CUDA_ERROR_INVALID_CONTEXT, "invalid device context"),
    EMULATOR_ERROR(CUDA_ERROR_CONTEXT_ALREADY_CURRENT,
                   "context already current"),
    EMULATOR_ERROR(CUDA_ERROR_MAP_FAILED, "mapping of buffer object failed"),
    EMULATOR_ERROR(CUDA_ERROR_UNMAP_FAILED,
                   "unmapping of buffer object failed"),
    EMULATOR_ERROR(CUDA_ERROR_ARRAY_IS_MAPPED, "array is mapped"),
    EMULATOR_ERROR(CUDA_ERROR_ALREADY_MAPPED, "resource already mapped"),
    EMULATOR_ERROR(CUDA_ERROR_NO_BINARY_FOR_GPU,
                   "no kernel image is available for execution on the device"),
    EMULATOR_ERROR(CUDA_ERROR_ALREADY_ACQUIRED, "resource already acquired"),
    EMULATOR_ERROR(CUDA_ERROR_NOT_MAPPED, "resource not mapped"),
    EMULATOR_ERROR(CUDA_ERROR_NOT_MAPPED_AS_ARRAY,
                   "resource not mapped as array"),
    EMULATOR_ERROR(CUDA_ERROR_NOT_MAPPED_AS_POINTER,
                   "resource not mapped as pointer"),
    EMULATOR_ERROR(CUDA_ERROR_ECC_UNCORRECTABLE,
                   "uncorrectable ECC error encountered"),
    EMULATOR_ERROR(CUDA_ERROR_UNSUPPORTED_LIMIT,
                   "limit is not supported on this architecture"),
    EMULATOR_ERROR(
        CUDA_ERROR_CONTEXT_ALREADY_IN_USE,
        "exclusive-thread device already in use by a different thread"),
    EMULATOR_ERROR(CUDA_ERROR_PEER_ACCESS_UNSUPPORTED,
                   "peer access is not supported between these two devices"),
    EMULATOR_ERROR(CUDA_ERROR_INVALID_PTX, "a PTX JIT compilation failed"),
    EMULATOR_ERROR(CUDA_ERROR_INVALID_GRAPHICS_CONTEXT,
                   "invalid OpenGL or DirectX context"),
    EMULATOR_ERROR(CUDA_ERROR_NVLINK_UNCORRECTABLE,
                   "uncorrectable NVLink error detected during the execution"),
    EMULATOR_ERROR(CUDA_ERROR_JIT_COMPILER_NOT_FOUND,
                   "PTX JIT compiler library not found"),
    EMULATOR_ERROR(
        CUDA_ERROR_UNSUPPORTED_PTX_VERSION,
        "the provided PTX was compiled with an unsupported toolchain."),
    EMULATOR_ERROR(CUDA_ERROR_JIT_COMPILATION_DISABLED,
                   "PTX JIT compilation was disabled"),
    EMULATOR_ERROR(CUDA_ERROR_UNSUPPORTED_EXEC_AFFINITY,
                   "the provided execution affinity is not supported"),
    EMULATOR_ERROR(
        CUDA_ERROR_UNSUPPORTED_DEVSIDE_SYNC,
        "the provided PTX contains unsupported call to cudaDeviceSynchronize"),
    EMULATOR_ERROR(CUDA_ERROR_INVALID_SOURCE, "device kernel image is invalid"),
    EMULATOR_ERROR(CUDA_ERROR_FILE_NOT_FOUND, "file not found"),
    EMULATOR_ERROR(CUDA_ERROR_SHARED_OBJECT_SYMBOL_NOT_FOUND,
                   "shared object symbol not found"),
    EMULATOR_ERROR(CUDA_ERROR_SHARED_OBJECT_INIT_FAILED,
                   "shared object initialization failed"),
    EMULATOR_ERROR(CUDA_ERROR_OPERATING_SYSTEM,
                   "OS call failed or operation not supported on this OS"),
    EMULATOR_ERROR(CUDA_ERROR_INVALID_HANDLE, "invalid resource handle"),
    EMULATOR_ERROR(CUDA_ERROR_ILLEGAL_STATE,
                   "the operation cannot be performed in the present state"),
    EMULATOR_ERROR(CUDA_ERROR_LOSSY_QUERY,
                   "attempted introspection would be semantically lossy"),
    EMULATOR_ERROR(CUDA_ERROR_NOT_FOUND, "named symbol not found"),
    EMULATOR_ERROR(CUDA_ERROR_NOT_READY, "device not ready"),
    EMULATOR_ERROR(CUDA_ERROR_ILLEGAL_ADDRESS,
                   "an illegal memory access was encountered"),
    EMULATOR_ERROR(CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES,
                   "too many resources requested for launch"),
    EMULATOR_ERROR(CUDA_ERROR_LAUNCH_TIMEOUT,
                   "the launch timed out and was terminated"),
    EMULATOR_ERROR(CUDA_ERROR_LAUNCH_INCOMPATIBLE_TEXTURING,
                   "launch uses incompatible texturing mode"),
    EMULATOR_ERROR(CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED,
                   "peer access is already enabled"),
    EMULATOR_ERROR(CUDA_ERROR_PEER_ACCESS_NOT_ENABLED,
                   "peer access has not been enabled"),
    EMULATOR_ERROR(CUDA_ERROR_PRIMARY_CONTEXT_ACTIVE,
                   "cannot set while device is active in this process"),
    EMULATOR_ERROR(CUDA_ERROR_CONTEXT_IS_DESTROYED, "context is destroyed"),
    EMULATOR_ERROR(CUDA_ERROR_ASSERT, "device-side assert triggered"),
    EMULATOR_ERROR(CUDA_ERROR_TOO_MANY_PEERS,
                   "peer mapping resources exhausted"),
    EMULATOR_ERROR(
        CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED,
        "part or all of the requested memory range is already mapped"),
    EMULATOR_ERROR(CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED,
                   "pointer does not correspond to a registered memory region"),
    EMULATOR_ERROR(CUDA_ERROR_HARDWARE_STACK_ERROR, "hardware stack error"),
    EMULATOR_ERROR(CUDA_ERROR_ILLEGAL_INSTRUCTION,
                   "an illegal instruction was encountered"),
    EMULATOR_ERROR(CUDA_ERROR_MISALIGNED_ADDRESS, "misaligned address"),
    EMULATOR_ERROR(CUDA_ERROR_INVALID_ADDRESS_SPACE,
                   "operation not supported on global/shared address space"),
    EMULATOR_ERROR(CUDA_ERROR_INVALID_PC, "invalid program counter"),
    EMULATOR_ERROR(CUDA_ERROR_LAUNCH_FAILED, "unspecified launch failure"),
    EMULATOR_ERROR(CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE,
                   "too many blocks in cooperative launch"),
    EMULATOR_ERROR(CUDA_ERROR_TENSOR_MEMORY_LEAK,
                   "tensor memory not completely freed"),
    EMULATOR_ERROR(CUDA_ERROR_NOT_PERMITTED, "operation not permitted"),
    EMULATOR_ERROR(CUDA_ERROR_NOT_SUPPORTED, "operation not supported"),
    EMULATOR_ERROR(CUDA_ERROR_SYSTEM_NOT_READY, "system not yet initialized"),
    EMULATOR_ERROR(
        CUDA_ERROR_SYSTEM_DRIVER_MISMATCH,
        "system has unsupported display driver / cuda driver combination"),
    EMULATOR_ERROR(CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE,
                   "forward compatibility was attempted on non supported HW"),
    EMULATOR_ERROR(CUDA_ERROR_MPS_CONNECTION_FAILED,
                   "MPS client failed to connect to the MPS control daemon or "
                   "the MPS server"),
    EMULATOR_ERROR(CUDA_ERROR_MPS_RPC_FAILURE,
                   "the remote procedural call between the MPS server and the "
                   "MPS client failed"),
    EMULATOR_ERROR(CUDA_ERROR_MPS_SERVER_NOT_READY,
                   "MPS server is not ready to accept new MPS client requests"),
    EMULATOR_ERROR(CUDA_ERROR_MPS_MAX_CLIENTS_REACHED,
                   "the hardware resources required to create MPS client have "
                   "been exhausted"),
    EMULATOR_ERROR(CUDA_ERROR_MPS_MAX_CONNECTIONS_REACHED,
                   "the hardware resources required to support device "
                   "connections have been exhausted"),
    EMULATOR_ERROR(CUDA_ERROR_MPS_CLIENT_TERMINATED,
                   "the MPS client has been terminated by the server"),
    EMULATOR_ERROR(
        CUDA_ERROR_CDP_NOT_SUPPORTED,
        "the current device does not support CUDA dynamic parallelism"),
    EMULATOR_ERROR(CUDA_ERROR_CDP_VERSION_MISMATCH,
                   "unsupported interaction between different versions of CUDA "
                   "dynamic parallelism"),
    EMULATOR_ERROR(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED,
                   "operation not permitted when stream is capturing"),
    EMULATOR_ERROR(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED,
                   "operation failed due to a previous error during capture"),
    EMULATOR_ERROR(
        CUDA_ERROR_STREAM_CAPTURE_MERGE,
        "operation would result in a merge of separate capture sequences"),
    EMULATOR_ERROR(CUDA_ERROR_STREAM_CAPTURE_UNMATCHED,
                   "capture was not ended in the same stream as it began"),
    EMULATOR_ERROR(CUDA_ERROR_STREAM_CAPTURE_UNJOINED,
                   "capturing stream has unjoined work"),
    EMULATOR_ERROR(CUDA_ERROR_STREAM_CAPTURE_ISOLATION,
                   "dependency created on uncaptured work in another stream"),
    EMULATOR_ERROR(CUDA_ERROR_STREAM_CAPTURE_IMPLICIT,
                   "operation would make the legacy stream depend on a "
                   "capturing blocking stream"),
    EMULATOR_ERROR(CUDA_ERROR_CAPTURED_EVENT,
                   "operation not permitted on an event last recorded in a "
                   "capturing stream"),
    EMULATOR_ERROR(CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD,
                   "attempt to terminate a thread-local capture sequence from "
                   "another thread"),
    EMULATOR_ERROR(CUDA_ERROR_TIMEOUT, "wait operation timed out"),
    EMULATOR_ERROR(
        CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE,
        "the graph update was not performed because it included changes which "
        "violated constraints specific to instantiated graph update"),
    EMULATOR_ERROR(
        CUDA_ERROR_EXTERNAL_DEVICE,
        "an async error has occurred in external entity outside of CUDA"),
    EMULATOR_ERROR(
        CUDA_ERROR_INVALID_CLUSTER_SIZE,
        "a kernel launch error has occurred due to cluster misconfiguration"),
    EMULATOR_ERROR(CUDA_ERROR_FUNCTION_NOT_LOADED,
                   "the function handle is not loaded when calling an API that "
                   "requires a loaded function"),
    EMULATOR_ERROR(CUDA_ERROR_INVALID_RESOURCE_TYPE,
                   "one or more resources passed in are not valid resource "
                   "types for the operation"),
    EMULATOR_ERROR(CUDA_ERROR_INVALID_RESOURCE_CONFIGURATION,
                   "one or more resources are insufficient or non-applicable "
                   "for the operation"),
    EMULATOR_ERROR(CUDA_ERROR_UNKNOWN, "unknown error"),
};
#undef EMULATOR_ERROR

static CUresult giveText(CUresult code, const char **out,
                         const char *ErrorText::*member) {
  if (!out)
    return CUDA_ERROR_INVALID_VALUE;
  *out = nullptr;
  for (const ErrorText &entry : errorTexts)
    if (entry.code == code)
      *out = entry.*member;
  return *out ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

} // namespace emulator::driver

using namespace emulator::driver;

CUresult cuGetErrorName(CUresult error, const char **text) {
  return giveText(error, text, &ErrorText::name);
}

CUresult cuGetErrorString(CUresult error, const char **text) {
  return giveText(error, text, &ErrorText::text);
}
