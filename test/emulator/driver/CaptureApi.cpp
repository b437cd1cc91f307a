// SPDX-License-Identifier: Apache-2.0
// Streams whose operations become a graph.
#include "driver/Entry.h"

#include <algorithm>
#include <unordered_set>

namespace emulator::driver {

static uint64_t nextCaptureId() {
  static std::atomic<uint64_t> last{0};
  return ++last;
}

static CUresult begin(Stream &stream, std::shared_ptr<Graph> graph,
                      std::vector<GraphNode *> ends, CUstreamCaptureMode mode) {
  if (mode != CU_STREAM_CAPTURE_MODE_GLOBAL &&
      mode != CU_STREAM_CAPTURE_MODE_THREAD_LOCAL &&
      mode != CU_STREAM_CAPTURE_MODE_RELAXED)
    return CUDA_ERROR_INVALID_VALUE;
  if (stream.isLegacy)
    return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  std::lock_guard<std::mutex> lock(stream.captureMutex);
  if (stream.capture)
    return CUDA_ERROR_ILLEGAL_STATE;
  auto capture = std::make_shared<Capture>();
  capture->graph = std::move(graph);
  capture->origin = &stream;
  capture->mode = mode;
  capture->thread = std::this_thread::get_id();
  capture->id = nextCaptureId();
  capture->ends[stream.shared_from_this()] = std::move(ends);
  stream.capture = std::move(capture);
  return CUDA_SUCCESS;
}

/// Whether everything that other streams added comes before the origin's end.
static bool joined(const Capture &capture) {
  std::unordered_set<const GraphNode *> before;
  std::vector<const GraphNode *> open;
  for (const auto &entry : capture.ends)
    if (entry.first.get() == capture.origin)
      open.assign(entry.second.begin(), entry.second.end());
  while (!open.empty()) {
    const GraphNode *node = open.back();
    open.pop_back();
    if (before.insert(node).second)
      open.insert(open.end(), node->after.begin(), node->after.end());
  }
  return std::all_of(
      capture.ends.begin(), capture.ends.end(), [&](const auto &entry) {
        return std::all_of(entry.second.begin(), entry.second.end(),
                           [&](GraphNode *node) { return before.count(node); });
      });
}

static CUresult end(Driver &driver, Stream &stream, CUgraph *out) {
  std::shared_ptr<Capture> capture;
  {
    std::lock_guard<std::mutex> lock(stream.captureMutex);
    capture = stream.capture;
  }
  if (!capture)
    return CUDA_ERROR_ILLEGAL_STATE;
  if (capture->origin != &stream)
    return CUDA_ERROR_STREAM_CAPTURE_UNMATCHED;
  if (capture->mode != CU_STREAM_CAPTURE_MODE_RELAXED &&
      capture->thread != std::this_thread::get_id())
    return CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD;
  CUresult code = CUDA_SUCCESS;
  std::vector<std::shared_ptr<Stream>> streams;
  {
    std::lock_guard<std::mutex> lock(capture->mutex);
    if (capture->invalid)
      code = CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
    else if (!joined(*capture))
      code = CUDA_ERROR_STREAM_CAPTURE_UNJOINED;
    capture->invalid = true; // for who still holds it
    capture->ended = true;
    for (const auto &entry : capture->ends)
      streams.push_back(entry.first);
    capture->ends.clear();
  }
  for (const auto &part : streams) {
    std::lock_guard<std::mutex> lock(part->captureMutex);
    part->capture = nullptr;
  }
  if (!code) {
    const CUgraph handle = handleOf<CUgraph>(*capture->graph);
    *out =
        driver.graphs.find(handle) ? handle : driver.graphs.add(capture->graph);
  }
  return code;
}

/// What cuStreamGetCaptureInfo's versions tell.
struct CaptureInfo {
  CUstreamCaptureStatus status = CU_STREAM_CAPTURE_STATUS_NONE;
  uint64_t id = 0;
  CUgraph graph = nullptr;
  const CUgraphNode *nodes = nullptr;
  size_t count = 0;
};

static CaptureInfo captureInfo(Stream &stream) {
  CaptureInfo info;
  std::lock_guard<std::mutex> lock(stream.captureMutex);
  Capture *capture = stream.capture.get();
  if (!capture)
    return info;
  std::lock_guard<std::mutex> captureLock(capture->mutex);
  info.status = capture->invalid ? CU_STREAM_CAPTURE_STATUS_INVALIDATED
                                 : CU_STREAM_CAPTURE_STATUS_ACTIVE;
  if (capture->invalid)
    return info;
  info.id = capture->id;
  info.graph = handleOf<CUgraph>(*capture->graph);
  const auto &ends = capture->ends[stream.shared_from_this()];
  // A node's handle is its address.
  info.nodes = reinterpret_cast<const CUgraphNode *>(ends.data());
  info.count = ends.size();
  return info;
}

static CUresult setDependencies(Driver &driver, Stream &stream,
                                const CUgraphNode *nodes, size_t count,
                                unsigned flags) {
  std::lock_guard<std::mutex> lock(stream.captureMutex);
  Capture *capture = stream.capture.get();
  if (!capture)
    return CUDA_ERROR_ILLEGAL_STATE;
  if ((count && !nodes) || flags > CU_STREAM_SET_CAPTURE_DEPENDENCIES)
    return CUDA_ERROR_INVALID_VALUE;
  std::lock_guard<std::mutex> captureLock(capture->mutex);
  std::vector<GraphNode *> &ends = capture->ends[stream.shared_from_this()];
  std::vector<GraphNode *> wanted;
  if (flags == CU_STREAM_ADD_CAPTURE_DEPENDENCIES)
    wanted = ends;
  for (size_t i = 0; i < count; ++i) {
    std::shared_ptr<GraphNode> node = driver.nodes.find(nodes[i]);
    if (!node || node->graph != capture->graph.get())
      return CUDA_ERROR_INVALID_VALUE;
    wanted.push_back(node.get());
  }
  ends = std::move(wanted);
  return CUDA_SUCCESS;
}

} // namespace emulator::driver

using namespace emulator::driver;

CUresult cuStreamBeginCapture_v2(CUstream handle, CUstreamCaptureMode mode) {
  return withStream(handle, [&](Driver &, Stream &stream) {
    return begin(stream, std::make_shared<Graph>(), {}, mode);
  });
}

extern "C" CUresult
    emulatorBeginCapture(CUstream) __asm__("cuStreamBeginCapture");
CUresult emulatorBeginCapture(CUstream stream) {
  return cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_GLOBAL);
}

CUresult cuStreamBeginCaptureToGraph(CUstream handle, CUgraph graphHandle,
                                     const CUgraphNode *dependencies,
                                     const CUgraphEdgeData *, size_t count,
                                     CUstreamCaptureMode mode) {
  return withStream(handle, [&](Driver &driver, Stream &stream) {
    std::shared_ptr<Graph> graph = driver.graphs.find(graphHandle);
    if (!graph)
      return CUDA_ERROR_INVALID_HANDLE;
    std::vector<GraphNode *> ends;
    for (size_t i = 0; i < count; ++i) {
      std::shared_ptr<GraphNode> node = driver.nodes.find(dependencies[i]);
      if (!node || node->graph != graph.get())
        return CUDA_ERROR_INVALID_VALUE;
      ends.push_back(node.get());
    }
    return begin(stream, std::move(graph), std::move(ends), mode);
  });
}

CUresult cuStreamEndCapture(CUstream handle, CUgraph *graph) {
  return withStream(handle, [&](Driver &driver, Stream &stream) {
    if (!graph)
      return CUDA_ERROR_INVALID_VALUE;
    *graph = nullptr;
    return end(driver, stream, graph);
  });
}

CUresult cuStreamIsCapturing(CUstream handle, CUstreamCaptureStatus *status) {
  return withStream(handle, [&](Driver &, Stream &stream) {
    if (!status)
      return CUDA_ERROR_INVALID_VALUE;
    *status = captureInfo(stream).status;
    return CUDA_SUCCESS;
  });
}

CUresult cuStreamGetCaptureInfo_v3(CUstream handle,
                                   CUstreamCaptureStatus *status,
                                   cuuint64_t *id, CUgraph *graph,
                                   const CUgraphNode **nodes,
                                   const CUgraphEdgeData **edges,
                                   size_t *count) {
  return withStream(handle, [&](Driver &, Stream &stream) {
    if (!status)
      return CUDA_ERROR_INVALID_VALUE;
    const CaptureInfo info = captureInfo(stream);
    *status = info.status;
    give(id, info.id);
    give(graph, info.graph);
    give(nodes, info.nodes);
    if (edges)
      *edges = nullptr; // all are plain
    give(count, info.count);
    return CUDA_SUCCESS;
  });
}

extern "C" CUresult cuStreamGetCaptureInfo_v2(CUstream stream,
                                              CUstreamCaptureStatus *status,
                                              cuuint64_t *id, CUgraph *graph,
                                              const CUgraphNode **nodes,
                                              size_t *count) {
  return cuStreamGetCaptureInfo_v3(stream, status, id, graph, nodes, nullptr,
                                   count);
}

extern "C" CUresult
emulatorGetCaptureInfo(CUstream, CUstreamCaptureStatus *,
                       cuuint64_t *) __asm__("cuStreamGetCaptureInfo");
CUresult emulatorGetCaptureInfo(CUstream stream, CUstreamCaptureStatus *status,
                                cuuint64_t *id) {
  return cuStreamGetCaptureInfo_v3(stream, status, id, nullptr, nullptr,
                                   nullptr, nullptr);
}

CUresult cuStreamUpdateCaptureDependencies_v2(CUstream handle,
                                              CUgraphNode *nodes,
                                              const CUgraphEdgeData *,
                                              size_t count, unsigned flags) {
  return withStream(handle, [&](Driver &driver, Stream &stream) {
    return setDependencies(driver, stream, nodes, count, flags);
  });
}

extern "C" CUresult emulatorUpdateDependencies(
    CUstream, CUgraphNode *, size_t,
    unsigned) __asm__("cuStreamUpdateCaptureDependencies");
CUresult emulatorUpdateDependencies(CUstream stream, CUgraphNode *nodes,
                                    size_t count, unsigned flags) {
  return cuStreamUpdateCaptureDependencies_v2(stream, nodes, nullptr, count,
                                              flags);
}

CUresult cuThreadExchangeStreamCaptureMode(CUstreamCaptureMode *mode) {
  return withDriver([&](Driver &) {
    if (!mode)
      return CUDA_ERROR_INVALID_VALUE;
    std::swap(*mode, threadCaptureMode());
    return CUDA_SUCCESS;
  });
}
