// SPDX-License-Identifier: Apache-2.0
// Streams and events.
#include "driver/Entry.h"

#include <algorithm>
#include <chrono>

using namespace emulator::driver;

namespace emulator::driver {

static Queue::Ticks now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

void Event::reach() {
  std::lock_guard<std::mutex> lock(mutex);
  if (recording)
    recording->time = now();
}

CUresult Event::record(const std::shared_ptr<Event> &event, Stream &stream) {
  // The locks in the order in which `wait` takes them.
  std::unique_lock<std::mutex> captureLock(stream.captureMutex);
  std::lock_guard<std::mutex> eventLock(event->mutex);
  if (Capture *capture = stream.capture.get()) {
    std::lock_guard<std::mutex> lock(capture->mutex);
    if (capture->invalid)
      return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
    event->capture = stream.capture;
    event->captured = capture->ends[stream.shared_from_this()];
    return CUDA_SUCCESS;
  }
  captureLock.unlock();
  auto recording = std::make_shared<Recording>();
  event->capture = nullptr;
  event->recording = recording;
  recording->ticket = stream.context.enqueue(
      stream,
      [recording] {
        recording->time = now();
        return CUDA_SUCCESS;
      },
      {}, true);
  return CUDA_SUCCESS;
}

/// A capturing stream waits for what the event stands for in its graph; a
/// stream that captures nothing joins the capture of a captured event.
static CUresult waitWhileCapturing(Stream &stream, Event &event) {
  std::shared_ptr<Capture> capture = event.capture;
  if (!capture || (stream.capture && stream.capture != capture)) {
    std::lock_guard<std::mutex> lock(stream.capture->mutex);
    stream.capture->invalid = true;
    return capture ? CUDA_ERROR_STREAM_CAPTURE_MERGE
                   : CUDA_ERROR_STREAM_CAPTURE_ISOLATION;
  }
  std::lock_guard<std::mutex> lock(capture->mutex);
  if (capture->invalid)
    return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
  if (stream.isLegacy) {
    capture->invalid = true;
    return CUDA_ERROR_STREAM_CAPTURE_IMPLICIT;
  }
  stream.capture = capture;
  std::vector<GraphNode *> &ends = capture->ends[stream.shared_from_this()];
  for (GraphNode *node : event.captured)
    if (std::find(ends.begin(), ends.end(), node) == ends.end())
      ends.push_back(node);
  return CUDA_SUCCESS;
}

CUresult Event::wait(const std::shared_ptr<Event> &event, Stream &stream) {
  std::lock_guard<std::mutex> captureLock(stream.captureMutex);
  std::lock_guard<std::mutex> lock(event->mutex);
  if (stream.capture || (event->capture && !event->capture->ended))
    return waitWhileCapturing(stream, *event);
  std::vector<Ticket> after;
  if (event->recording)
    after.push_back(event->recording->ticket);
  stream.context.enqueue(stream, [] { return CUDA_SUCCESS; }, std::move(after));
  return CUDA_SUCCESS;
}

/// A call that is not allowed on a stream that is being captured, and spoils
/// the capture.
static CUresult notWhileCapturing(Stream &stream) {
  std::lock_guard<std::mutex> lock(stream.captureMutex);
  if (!stream.capture)
    return CUDA_SUCCESS;
  std::lock_guard<std::mutex> captureLock(stream.capture->mutex);
  stream.capture->invalid = true;
  return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
}

/// Runs `body(event)` for an event of a working context.
template <typename Body>
static CUresult withEvent(CUevent handle, Body body) {
  return withContext([&](Driver &driver, Context &) {
    std::shared_ptr<Event> event = driver.events.find(handle);
    if (!event)
      return CUDA_ERROR_INVALID_HANDLE;
    const CUresult state = stateOf(event->context);
    return state ? state : body(event);
  });
}

/// The last recording; null if there is none. Not of a captured event.
static CUresult recordingOf(Event &event,
                            std::shared_ptr<Recording> &recording) {
  std::lock_guard<std::mutex> lock(event.mutex);
  if (event.capture)
    return CUDA_ERROR_CAPTURED_EVENT;
  recording = event.recording;
  return CUDA_SUCCESS;
}

} // namespace emulator::driver

CUresult cuStreamCreateWithPriority(CUstream *out, unsigned flags,
                                    int priority) {
  return withContext([&](Driver &driver, Context &context) {
    if (!out || (flags & ~static_cast<unsigned>(CU_STREAM_NON_BLOCKING)))
      return CUDA_ERROR_INVALID_VALUE;
    auto stream =
        std::make_shared<Stream>(context, flags, std::clamp(priority, -5, 0));
    context.addStream(stream);
    *out = driver.streams.add(stream);
    return CUDA_SUCCESS;
  });
}

CUresult cuStreamCreate(CUstream *out, unsigned flags) {
  return cuStreamCreateWithPriority(out, flags, 0);
}

CUresult cuStreamDestroy_v2(CUstream handle) {
  return withDriver([&](Driver &driver) {
    std::shared_ptr<Stream> stream = driver.streams.remove(handle);
    if (!stream)
      return CUDA_ERROR_INVALID_HANDLE;
    {
      std::lock_guard<std::mutex> lock(stream->captureMutex);
      if (stream->capture) {
        std::lock_guard<std::mutex> captureLock(stream->capture->mutex);
        stream->capture->invalid = true;
        stream->capture->ends.erase(stream);
      }
    }
    stream->context.removeStream(stream);
    return stream->context.fault();
  });
}
EMULATOR_ALIAS("cuStreamDestroy", cuStreamDestroy_v2);

CUresult cuStreamSynchronize(CUstream handle) {
  return withStream(handle, [](Driver &, Stream &stream) {
    if (const CUresult code = notWhileCapturing(stream))
      return code;
    stream.context.synchronise(stream);
    return stream.context.fault();
  });
}

CUresult cuStreamQuery(CUstream handle) {
  return withStream(handle, [](Driver &, Stream &stream) {
    if (const CUresult code = notWhileCapturing(stream))
      return code;
    if (!stream.context.idle(stream))
      return CUDA_ERROR_NOT_READY;
    return stream.context.fault();
  });
}

CUresult cuStreamGetPriority(CUstream handle, int *priority) {
  return withStream(handle, [&](Driver &, Stream &stream) {
    if (!priority)
      return CUDA_ERROR_INVALID_VALUE;
    *priority = stream.priority;
    return CUDA_SUCCESS;
  });
}

CUresult cuStreamGetFlags(CUstream handle, unsigned *flags) {
  return withStream(handle, [&](Driver &, Stream &stream) {
    if (!flags)
      return CUDA_ERROR_INVALID_VALUE;
    *flags = stream.flags;
    return CUDA_SUCCESS;
  });
}

CUresult cuStreamGetId(CUstream handle, unsigned long long *id) {
  return withStream(handle, [&](Driver &, Stream &stream) {
    if (!id)
      return CUDA_ERROR_INVALID_VALUE;
    *id = stream.id;
    return CUDA_SUCCESS;
  });
}

CUresult cuStreamGetCtx(CUstream handle, CUcontext *context) {
  return withStream(handle, [&](Driver &, Stream &stream) {
    if (!context)
      return CUDA_ERROR_INVALID_VALUE;
    *context = handleOf<CUcontext>(stream.context);
    return CUDA_SUCCESS;
  });
}

CUresult cuStreamGetCtx_v2(CUstream handle, CUcontext *context,
                           CUgreenCtx *green) {
  give(green, CUgreenCtx(nullptr));
  return cuStreamGetCtx(handle, context);
}

CUresult cuStreamGetDevice(CUstream handle, CUdevice *device) {
  return withStream(handle, [&](Driver &, Stream &stream) {
    if (!device)
      return CUDA_ERROR_INVALID_VALUE;
    *device = stream.context.device.ordinal;
    return CUDA_SUCCESS;
  });
}

CUresult cuStreamWaitEvent(CUstream handle, CUevent eventHandle,
                           unsigned flags) {
  return withStream(handle, [&](Driver &driver, Stream &stream) {
    std::shared_ptr<Event> event = driver.events.find(eventHandle);
    if (!event)
      return CUDA_ERROR_INVALID_HANDLE;
    if (flags & ~static_cast<unsigned>(CU_EVENT_WAIT_EXTERNAL))
      return CUDA_ERROR_INVALID_VALUE;
    return (flags & CU_EVENT_WAIT_EXTERNAL) && stream.capturing()
               ? stream.submit(EventWaitTask{event})
               : Event::wait(event, stream);
  });
}

CUresult cuLaunchHostFunc(CUstream handle, CUhostFn function, void *data) {
  return withStream(handle, [&](Driver &, Stream &stream) {
    return function ? stream.submit(HostTask{function, data})
                    : CUDA_ERROR_INVALID_VALUE;
  });
}

CUresult cuStreamAddCallback(CUstream handle, CUstreamCallback callback,
                             void *data, unsigned flags) {
  return withStream(handle, [&](Driver &, Stream &stream) {
    if (!callback || flags)
      return CUDA_ERROR_INVALID_VALUE;
    if (const CUresult code = notWhileCapturing(stream))
      return code;
    // Unlike a host function it is told of an error.
    stream.context.enqueue(
        stream,
        [=, &stream] {
          callback(handle, stream.context.fault(), data);
          return CUDA_SUCCESS;
        },
        {}, true);
    return CUDA_SUCCESS;
  });
}

CUresult cuStreamAttachMemAsync(CUstream handle, CUdeviceptr address,
                                size_t length, unsigned flags) {
  return withStream(handle, [&](Driver &driver, Stream &) {
    auto found = driver.allocations.find(address);
    return found && found->kind == MemoryKind::Managed
               ? CUDA_SUCCESS
               : CUDA_ERROR_INVALID_VALUE;
  });
}

CUresult cuEventCreate(CUevent *out, unsigned flags) {
  return withContext([&](Driver &driver, Context &context) {
    constexpr unsigned known = CU_EVENT_BLOCKING_SYNC |
                               CU_EVENT_DISABLE_TIMING | CU_EVENT_INTERPROCESS;
    if (!out || (flags & ~known))
      return CUDA_ERROR_INVALID_VALUE;
    if (flags & CU_EVENT_INTERPROCESS)
      return CUDA_ERROR_NOT_SUPPORTED;
    auto event = std::make_shared<Event>();
    event->context = &context;
    event->flags = flags;
    *out = driver.events.add(event);
    return CUDA_SUCCESS;
  });
}

CUresult cuEventDestroy_v2(CUevent handle) {
  return withDriver([&](Driver &driver) {
    return driver.events.remove(handle) ? CUDA_SUCCESS
                                        : CUDA_ERROR_INVALID_HANDLE;
  });
}
EMULATOR_ALIAS("cuEventDestroy", cuEventDestroy_v2);

CUresult cuEventRecordWithFlags(CUevent handle, CUstream streamHandle,
                                unsigned flags) {
  return withStream(streamHandle, [&](Driver &driver, Stream &stream) {
    std::shared_ptr<Event> event = driver.events.find(handle);
    if (!event || event->context != &stream.context)
      return CUDA_ERROR_INVALID_HANDLE;
    if (flags & ~static_cast<unsigned>(CU_EVENT_RECORD_EXTERNAL))
      return CUDA_ERROR_INVALID_VALUE;
    return (flags & CU_EVENT_RECORD_EXTERNAL) && stream.capturing()
               ? stream.submit(EventRecordTask{event})
               : Event::record(event, stream);
  });
}

CUresult cuEventRecord(CUevent event, CUstream stream) {
  return cuEventRecordWithFlags(event, stream, CU_EVENT_RECORD_DEFAULT);
}

CUresult cuEventQuery(CUevent handle) {
  return withEvent(handle, [](const std::shared_ptr<Event> &event) {
    std::shared_ptr<Recording> recording;
    if (const CUresult code = recordingOf(*event, recording))
      return code;
    if (const CUresult code = allowedWhileCapturing())
      return code;
    return !recording || recording->ticket.reached() ? event->context->fault()
                                                     : CUDA_ERROR_NOT_READY;
  });
}

CUresult cuEventSynchronize(CUevent handle) {
  return withEvent(handle, [](const std::shared_ptr<Event> &event) {
    std::shared_ptr<Recording> recording;
    if (const CUresult code = recordingOf(*event, recording))
      return code;
    if (const CUresult code = allowedWhileCapturing())
      return code;
    if (recording)
      recording->ticket.wait();
    return event->context->fault();
  });
}

CUresult cuEventElapsedTime_v2(float *milliseconds, CUevent start,
                               CUevent end) {
  return withEvent(start, [&](const std::shared_ptr<Event> &from) {
    std::shared_ptr<Event> to = Driver::get()->events.find(end);
    if (!to || ((from->flags | to->flags) & CU_EVENT_DISABLE_TIMING))
      return CUDA_ERROR_INVALID_HANDLE;
    if (!milliseconds)
      return CUDA_ERROR_INVALID_VALUE;
    std::shared_ptr<Recording> first, second;
    if (const CUresult code = recordingOf(*from, first))
      return code;
    if (const CUresult code = recordingOf(*to, second))
      return code;
    if (!first || !second)
      return CUDA_ERROR_INVALID_HANDLE;
    if (!first->ticket.reached() || !second->ticket.reached())
      return CUDA_ERROR_NOT_READY;
    *milliseconds = static_cast<float>(second->time - first->time) / 1e6f;
    return CUDA_SUCCESS;
  });
}
EMULATOR_ALIAS("cuEventElapsedTime", cuEventElapsedTime_v2);

CUresult cuStreamCopyAttributes(CUstream to, CUstream from) {
  // There are only hints.
  return withStream(to, [&](Driver &, Stream &stream) {
    return findStream(stream.context, from) ? CUDA_SUCCESS
                                            : CUDA_ERROR_INVALID_HANDLE;
  });
}

CUresult cuStreamGetAttribute(CUstream handle, CUstreamAttrID attribute,
                              CUstreamAttrValue *value) {
  return withStream(handle, [&](Driver &, Stream &stream) {
    if (!value)
      return CUDA_ERROR_INVALID_VALUE;
    *value = {};
    if (attribute == CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY)
      value->syncPolicy = CU_SYNC_POLICY_AUTO;
    else if (attribute == CU_LAUNCH_ATTRIBUTE_PRIORITY)
      value->priority = stream.priority;
    return CUDA_SUCCESS;
  });
}

CUresult cuStreamSetAttribute(CUstream handle, CUstreamAttrID,
                              const CUstreamAttrValue *value) {
  return withStream(handle, [&](Driver &, Stream &) {
    return value ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
  });
}
