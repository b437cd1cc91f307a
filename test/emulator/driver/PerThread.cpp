// SPDX-License-Identifier: Apache-2.0
// The functions whose null stream is the calling thread's own: what cuda.h
// names with CUDA_API_PER_THREAD_DEFAULT_STREAM.
#include "driver/Entry.h"

using namespace emulator::driver;

#define EMULATOR_PER_THREAD(NAME, SUFFIX, PARAMETERS, ARGUMENTS)               \
  extern "C" CUresult NAME##SUFFIX PARAMETERS {                                \
    PerThreadScope scope;                                                      \
    return NAME ARGUMENTS;                                                     \
  }

EMULATOR_PER_THREAD(cuEventRecordWithFlags, _ptsz,
                    (CUevent handle, CUstream streamHandle, unsigned flags),
                    (handle, streamHandle, flags))
EMULATOR_PER_THREAD(cuEventRecord, _ptsz, (CUevent event, CUstream stream),
                    (event, stream))
EMULATOR_PER_THREAD(cuGraphInstantiateWithParams, _ptsz,
                    (CUgraphExec * exec, CUgraph graph,
                     CUDA_GRAPH_INSTANTIATE_PARAMS *parameters),
                    (exec, graph, parameters))
EMULATOR_PER_THREAD(cuGraphLaunch, _ptsz,
                    (CUgraphExec handle, CUstream streamHandle),
                    (handle, streamHandle))
EMULATOR_PER_THREAD(cuGraphUpload, _ptsz,
                    (CUgraphExec handle, CUstream streamHandle),
                    (handle, streamHandle))
EMULATOR_PER_THREAD(cuLaunchCooperativeKernel, _ptsz,
                    (CUfunction function, unsigned gridX, unsigned gridY,
                     unsigned gridZ, unsigned blockX, unsigned blockY,
                     unsigned blockZ, unsigned shared, CUstream stream,
                     void **parameters),
                    (function, gridX, gridY, gridZ, blockX, blockY, blockZ,
                     shared, stream, parameters))
EMULATOR_PER_THREAD(cuLaunchHostFunc, _ptsz,
                    (CUstream handle, CUhostFn function, void *data),
                    (handle, function, data))
EMULATOR_PER_THREAD(cuLaunchKernelEx, _ptsz,
                    (const CUlaunchConfig *config, CUfunction function,
                     void **parameters, void **extra),
                    (config, function, parameters, extra))
EMULATOR_PER_THREAD(cuLaunchKernel, _ptsz,
                    (CUfunction function, unsigned gridX, unsigned gridY,
                     unsigned gridZ, unsigned blockX, unsigned blockY,
                     unsigned blockZ, unsigned shared, CUstream stream,
                     void **parameters, void **extra),
                    (function, gridX, gridY, gridZ, blockX, blockY, blockZ,
                     shared, stream, parameters, extra))
EMULATOR_PER_THREAD(cuMemAllocAsync, _ptsz,
                    (CUdeviceptr * out, size_t bytes, CUstream handle),
                    (out, bytes, handle))
EMULATOR_PER_THREAD(cuMemAllocFromPoolAsync, _ptsz,
                    (CUdeviceptr * out, size_t bytes, CUmemoryPool poolHandle,
                     CUstream handle),
                    (out, bytes, poolHandle, handle))
EMULATOR_PER_THREAD(cuMemFreeAsync, _ptsz,
                    (CUdeviceptr address, CUstream handle), (address, handle))
extern "C" CUresult
emulatorBase_cuMemPrefetchAsync(CUdeviceptr address, size_t bytes, CUdevice a2,
                                CUstream stream) __asm__("cuMemPrefetchAsync");
extern "C" CUresult emulatorPerThread_cuMemPrefetchAsync(
    CUdeviceptr address, size_t bytes, CUdevice a2,
    CUstream stream) __asm__("cuMemPrefetchAsync_ptsz");
CUresult emulatorPerThread_cuMemPrefetchAsync(CUdeviceptr address, size_t bytes,
                                              CUdevice a2, CUstream stream) {
  PerThreadScope scope;
  return emulatorBase_cuMemPrefetchAsync(address, bytes, a2, stream);
}
EMULATOR_PER_THREAD(cuMemPrefetchAsync_v2, _ptsz,
                    (CUdeviceptr address, size_t bytes, CUmemLocation a2,
                     unsigned flags, CUstream handle),
                    (address, bytes, a2, flags, handle))
EMULATOR_PER_THREAD(cuMemcpy2DAsync_v2, _ptsz,
                    (const CUDA_MEMCPY2D *parameters, CUstream stream),
                    (parameters, stream))
EMULATOR_PER_THREAD(cuMemcpy2D_v2, _ptds, (const CUDA_MEMCPY2D *parameters),
                    (parameters))
EMULATOR_PER_THREAD(cuMemcpy3DAsync_v2, _ptsz,
                    (const CUDA_MEMCPY3D *parameters, CUstream stream),
                    (parameters, stream))
EMULATOR_PER_THREAD(cuMemcpy3DPeerAsync, _ptsz,
                    (const CUDA_MEMCPY3D_PEER *parameters, CUstream stream),
                    (parameters, stream))
EMULATOR_PER_THREAD(cuMemcpy3DPeer, _ptds,
                    (const CUDA_MEMCPY3D_PEER *parameters), (parameters))
EMULATOR_PER_THREAD(cuMemcpy3D_v2, _ptds, (const CUDA_MEMCPY3D *parameters),
                    (parameters))
EMULATOR_PER_THREAD(cuMemcpyAsync, _ptsz,
                    (CUdeviceptr to, CUdeviceptr from, size_t bytes,
                     CUstream stream),
                    (to, from, bytes, stream))
EMULATOR_PER_THREAD(cuMemcpyDtoDAsync_v2, _ptsz,
                    (CUdeviceptr to, CUdeviceptr from, size_t bytes,
                     CUstream stream),
                    (to, from, bytes, stream))
EMULATOR_PER_THREAD(cuMemcpyDtoD_v2, _ptds,
                    (CUdeviceptr to, CUdeviceptr from, size_t bytes),
                    (to, from, bytes))
EMULATOR_PER_THREAD(cuMemcpyDtoHAsync_v2, _ptsz,
                    (void *to, CUdeviceptr from, size_t bytes, CUstream stream),
                    (to, from, bytes, stream))
EMULATOR_PER_THREAD(cuMemcpyDtoH_v2, _ptds,
                    (void *to, CUdeviceptr from, size_t bytes),
                    (to, from, bytes))
EMULATOR_PER_THREAD(cuMemcpyHtoDAsync_v2, _ptsz,
                    (CUdeviceptr to, const void *from, size_t bytes,
                     CUstream stream),
                    (to, from, bytes, stream))
EMULATOR_PER_THREAD(cuMemcpyHtoD_v2, _ptds,
                    (CUdeviceptr to, const void *from, size_t bytes),
                    (to, from, bytes))
EMULATOR_PER_THREAD(cuMemcpyPeerAsync, _ptsz,
                    (CUdeviceptr to, CUcontext a1, CUdeviceptr from,
                     CUcontext a3, size_t bytes, CUstream stream),
                    (to, a1, from, a3, bytes, stream))
EMULATOR_PER_THREAD(cuMemcpyPeer, _ptds,
                    (CUdeviceptr to, CUcontext a1, CUdeviceptr from,
                     CUcontext a3, size_t bytes),
                    (to, a1, from, a3, bytes))
EMULATOR_PER_THREAD(cuMemcpy, _ptds,
                    (CUdeviceptr to, CUdeviceptr from, size_t bytes),
                    (to, from, bytes))
EMULATOR_PER_THREAD(cuMemsetD16Async, _ptsz,
                    (CUdeviceptr to, unsigned short value, size_t count,
                     CUstream stream),
                    (to, value, count, stream))
EMULATOR_PER_THREAD(cuMemsetD16_v2, _ptds,
                    (CUdeviceptr to, unsigned short value, size_t count),
                    (to, value, count))
EMULATOR_PER_THREAD(cuMemsetD2D16Async, _ptsz,
                    (CUdeviceptr to, size_t pitch, unsigned short value,
                     size_t width, size_t height, CUstream stream),
                    (to, pitch, value, width, height, stream))
EMULATOR_PER_THREAD(cuMemsetD2D16_v2, _ptds,
                    (CUdeviceptr to, size_t pitch, unsigned short value,
                     size_t width, size_t height),
                    (to, pitch, value, width, height))
EMULATOR_PER_THREAD(cuMemsetD2D32Async, _ptsz,
                    (CUdeviceptr to, size_t pitch, unsigned value, size_t width,
                     size_t height, CUstream stream),
                    (to, pitch, value, width, height, stream))
EMULATOR_PER_THREAD(cuMemsetD2D32_v2, _ptds,
                    (CUdeviceptr to, size_t pitch, unsigned value, size_t width,
                     size_t height),
                    (to, pitch, value, width, height))
EMULATOR_PER_THREAD(cuMemsetD2D8Async, _ptsz,
                    (CUdeviceptr to, size_t pitch, unsigned char value,
                     size_t width, size_t height, CUstream stream),
                    (to, pitch, value, width, height, stream))
EMULATOR_PER_THREAD(cuMemsetD2D8_v2, _ptds,
                    (CUdeviceptr to, size_t pitch, unsigned char value,
                     size_t width, size_t height),
                    (to, pitch, value, width, height))
EMULATOR_PER_THREAD(cuMemsetD32Async, _ptsz,
                    (CUdeviceptr to, unsigned value, size_t count,
                     CUstream stream),
                    (to, value, count, stream))
EMULATOR_PER_THREAD(cuMemsetD32_v2, _ptds,
                    (CUdeviceptr to, unsigned value, size_t count),
                    (to, value, count))
EMULATOR_PER_THREAD(cuMemsetD8Async, _ptsz,
                    (CUdeviceptr to, unsigned char value, size_t count,
                     CUstream stream),
                    (to, value, count, stream))
EMULATOR_PER_THREAD(cuMemsetD8_v2, _ptds,
                    (CUdeviceptr to, unsigned char value, size_t count),
                    (to, value, count))
EMULATOR_PER_THREAD(cuStreamAddCallback, _ptsz,
                    (CUstream handle, CUstreamCallback callback, void *data,
                     unsigned flags),
                    (handle, callback, data, flags))
EMULATOR_PER_THREAD(cuStreamAttachMemAsync, _ptsz,
                    (CUstream handle, CUdeviceptr address, size_t length,
                     unsigned flags),
                    (handle, address, length, flags))
EMULATOR_PER_THREAD(cuStreamBeginCaptureToGraph, _ptsz,
                    (CUstream handle, CUgraph graphHandle,
                     const CUgraphNode *dependencies, const CUgraphEdgeData *a3,
                     size_t count, CUstreamCaptureMode mode),
                    (handle, graphHandle, dependencies, a3, count, mode))
extern "C" CUresult emulatorBase_cuStreamBeginCapture(CUstream stream) __asm__(
    "cuStreamBeginCapture");
extern "C" CUresult emulatorPerThread_cuStreamBeginCapture(
    CUstream stream) __asm__("cuStreamBeginCapture_ptsz");
CUresult emulatorPerThread_cuStreamBeginCapture(CUstream stream) {
  PerThreadScope scope;
  return emulatorBase_cuStreamBeginCapture(stream);
}
EMULATOR_PER_THREAD(cuStreamBeginCapture_v2, _ptsz,
                    (CUstream handle, CUstreamCaptureMode mode), (handle, mode))
EMULATOR_PER_THREAD(cuStreamCopyAttributes, _ptsz, (CUstream to, CUstream from),
                    (to, from))
EMULATOR_PER_THREAD(cuStreamEndCapture, _ptsz,
                    (CUstream handle, CUgraph *graph), (handle, graph))
EMULATOR_PER_THREAD(cuStreamGetAttribute, _ptsz,
                    (CUstream handle, CUstreamAttrID attribute,
                     CUstreamAttrValue *value),
                    (handle, attribute, value))
extern "C" CUresult emulatorBase_cuStreamGetCaptureInfo(
    CUstream stream, CUstreamCaptureStatus *status,
    cuuint64_t *id) __asm__("cuStreamGetCaptureInfo");
extern "C" CUresult emulatorPerThread_cuStreamGetCaptureInfo(
    CUstream stream, CUstreamCaptureStatus *status,
    cuuint64_t *id) __asm__("cuStreamGetCaptureInfo_ptsz");
CUresult emulatorPerThread_cuStreamGetCaptureInfo(CUstream stream,
                                                  CUstreamCaptureStatus *status,
                                                  cuuint64_t *id) {
  PerThreadScope scope;
  return emulatorBase_cuStreamGetCaptureInfo(stream, status, id);
}
extern "C" CUresult cuStreamGetCaptureInfo_v2(CUstream stream,
                                              CUstreamCaptureStatus *status,
                                              cuuint64_t *id, CUgraph *graph,
                                              const CUgraphNode **nodes,
                                              size_t *count);
EMULATOR_PER_THREAD(cuStreamGetCaptureInfo_v2, _ptsz,
                    (CUstream stream, CUstreamCaptureStatus *status,
                     cuuint64_t *id, CUgraph *graph, const CUgraphNode **nodes,
                     size_t *count),
                    (stream, status, id, graph, nodes, count))
EMULATOR_PER_THREAD(cuStreamGetCaptureInfo_v3, _ptsz,
                    (CUstream handle, CUstreamCaptureStatus *status,
                     cuuint64_t *id, CUgraph *graph, const CUgraphNode **nodes,
                     const CUgraphEdgeData **edges, size_t *count),
                    (handle, status, id, graph, nodes, edges, count))
EMULATOR_PER_THREAD(cuStreamGetCtx, _ptsz,
                    (CUstream handle, CUcontext *context), (handle, context))
EMULATOR_PER_THREAD(cuStreamGetCtx_v2, _ptsz,
                    (CUstream handle, CUcontext *context, CUgreenCtx *green),
                    (handle, context, green))
EMULATOR_PER_THREAD(cuStreamGetDevice, _ptsz,
                    (CUstream handle, CUdevice *device), (handle, device))
EMULATOR_PER_THREAD(cuStreamGetFlags, _ptsz, (CUstream handle, unsigned *flags),
                    (handle, flags))
EMULATOR_PER_THREAD(cuStreamGetId, _ptsz,
                    (CUstream handle, unsigned long long *id), (handle, id))
EMULATOR_PER_THREAD(cuStreamGetPriority, _ptsz,
                    (CUstream handle, int *priority), (handle, priority))
EMULATOR_PER_THREAD(cuStreamIsCapturing, _ptsz,
                    (CUstream handle, CUstreamCaptureStatus *status),
                    (handle, status))
EMULATOR_PER_THREAD(cuStreamQuery, _ptsz, (CUstream handle), (handle))
EMULATOR_PER_THREAD(cuStreamSetAttribute, _ptsz,
                    (CUstream handle, CUstreamAttrID a1,
                     const CUstreamAttrValue *value),
                    (handle, a1, value))
EMULATOR_PER_THREAD(cuStreamSynchronize, _ptsz, (CUstream handle), (handle))
extern "C" CUresult emulatorBase_cuStreamUpdateCaptureDependencies(
    CUstream stream, CUgraphNode *nodes, size_t count,
    unsigned flags) __asm__("cuStreamUpdateCaptureDependencies");
extern "C" CUresult emulatorPerThread_cuStreamUpdateCaptureDependencies(
    CUstream stream, CUgraphNode *nodes, size_t count,
    unsigned flags) __asm__("cuStreamUpdateCaptureDependencies_ptsz");
CUresult emulatorPerThread_cuStreamUpdateCaptureDependencies(CUstream stream,
                                                             CUgraphNode *nodes,
                                                             size_t count,
                                                             unsigned flags) {
  PerThreadScope scope;
  return emulatorBase_cuStreamUpdateCaptureDependencies(stream, nodes, count,
                                                        flags);
}
EMULATOR_PER_THREAD(cuStreamUpdateCaptureDependencies_v2, _ptsz,
                    (CUstream handle, CUgraphNode *nodes,
                     const CUgraphEdgeData *a2, size_t count, unsigned flags),
                    (handle, nodes, a2, count, flags))
EMULATOR_PER_THREAD(cuStreamWaitEvent, _ptsz,
                    (CUstream handle, CUevent eventHandle, unsigned flags),
                    (handle, eventHandle, flags))
EMULATOR_ALIAS("cuMemcpy2DUnaligned_v2_ptds", cuMemcpy2D_v2_ptds);
