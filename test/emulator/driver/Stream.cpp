// SPDX-License-Identifier: Apache-2.0
#include "driver/Stream.h"

#include <cstdarg>
#include <cstdio>

namespace emulator::driver {

static uint64_t nextStreamId() {
  static std::atomic<uint64_t> last{0};
  return ++last;
}

Stream::Stream(Context &context, unsigned flags, int priority, bool isLegacy)
    : context(context), flags(flags), priority(priority), isLegacy(isLegacy),
      id(nextStreamId()), queue(std::make_shared<Queue>()) {}

Stream::~Stream() { queue->close(); }

bool &PerThreadScope::active() {
  static thread_local bool value = false;
  return value;
}

std::shared_ptr<Stream> findStream(Context &current, CUstream handle) {
  if (!handle)
    handle = PerThreadScope::active() ? CU_STREAM_PER_THREAD : CU_STREAM_LEGACY;
  if (handle == CU_STREAM_LEGACY)
    return current.legacyStreamShared();
  if (handle == CU_STREAM_PER_THREAD)
    return current.threadStream();
  return Driver::get()->streams.find(handle);
}

/// The legacy stream waits for all others: it can't while one is captured.
static CUresult legacyAllowed(Context &context) {
  CUresult result = CUDA_SUCCESS;
  for (const auto &stream :
       Driver::get()->streams.all([&](const Stream &other) {
         return &other.context == &context && other.blocking();
       })) {
    std::lock_guard<std::mutex> lock(stream->captureMutex);
    if (!stream->capture ||
        stream->capture->mode == CU_STREAM_CAPTURE_MODE_RELAXED)
      continue;
    std::lock_guard<std::mutex> captureLock(stream->capture->mutex);
    stream->capture->invalid = true;
    result = CUDA_ERROR_STREAM_CAPTURE_IMPLICIT;
  }
  return result;
}

CUresult Stream::submit(Task task) {
  {
    std::lock_guard<std::mutex> lock(captureMutex);
    if (capture) {
      std::lock_guard<std::mutex> captureLock(capture->mutex);
      if (capture->invalid)
        return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
      if (std::holds_alternative<FreeTask>(task)) {
        capture->invalid = true;
        return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
      }
      std::vector<GraphNode *> &ends = capture->ends[shared_from_this()];
      auto node = capture->graph->add(&context, std::move(task), ends);
      ends = {node.get()};
      return CUDA_SUCCESS;
    }
  }
  if (isLegacy)
    if (const CUresult code = legacyAllowed(context))
      return code;
  context.enqueue(*this, [self = shared_from_this(), task = std::move(task)] {
    return execute(task, self->context);
  });
  return CUDA_SUCCESS;
}

CUresult allowedWhileCapturing() {
  // Set by cuThreadExchangeStreamCaptureMode.
  const CUstreamCaptureMode mode = threadCaptureMode();
  if (mode == CU_STREAM_CAPTURE_MODE_RELAXED)
    return CUDA_SUCCESS;
  CUresult result = CUDA_SUCCESS;
  const auto any = [](const Stream &) { return true; };
  for (const auto &stream : Driver::get()->streams.all(any)) {
    std::lock_guard<std::mutex> lock(stream->captureMutex);
    Capture *capture = stream->capture.get();
    if (!capture || capture->mode == CU_STREAM_CAPTURE_MODE_RELAXED)
      continue;
    const bool own = capture->thread == std::this_thread::get_id();
    if (!own && (mode == CU_STREAM_CAPTURE_MODE_THREAD_LOCAL ||
                 capture->mode == CU_STREAM_CAPTURE_MODE_THREAD_LOCAL))
      continue;
    std::lock_guard<std::mutex> captureLock(capture->mutex);
    capture->invalid = true;
    result = CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  }
  return result;
}

CUstreamCaptureMode &threadCaptureMode() {
  static thread_local CUstreamCaptureMode mode = CU_STREAM_CAPTURE_MODE_GLOBAL;
  return mode;
}

void complain(const char *format, ...) {
  char text[512];
  std::va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  // One write, so that lines of several threads don't mix.
  std::fprintf(stderr, "dlc-emulator: %s\n", text);
}

} // namespace emulator::driver
