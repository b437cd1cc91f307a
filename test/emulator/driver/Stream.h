// SPDX-License-Identifier: Apache-2.0
// Streams and events.
#ifndef EMULATOR_DRIVER_STREAM_H
#define EMULATOR_DRIVER_STREAM_H

#include "driver/Capture.h"
#include "driver/Context.h"
#include "driver/Task.h"

#include <memory>

namespace emulator::driver {

class Stream : public std::enable_shared_from_this<Stream> {
public:
  Stream(Context &context, unsigned flags, int priority, bool isLegacy = false);
  ~Stream();

  Context &context;
  const unsigned flags;
  const int priority;
  const bool isLegacy;
  const uint64_t id;
  const std::shared_ptr<Queue> queue;

  std::mutex captureMutex;
  std::shared_ptr<Capture> capture; ///< null: not capturing

  /// Whether it keeps order with the legacy default stream.
  bool blocking() const {
    return !isLegacy && !(flags & CU_STREAM_NON_BLOCKING);
  }

  bool capturing() {
    std::lock_guard<std::mutex> lock(captureMutex);
    return capture != nullptr;
  }

  /// Runs a task in order, or appends it to the graph being captured.
  CUresult submit(Task task);
};

/// One recording of an event: another one replaces it.
struct Recording {
  Ticket ticket;
  Queue::Ticks time = 0; ///< when it was reached; written before that is told
};

struct Event {
  Context *context = nullptr;
  unsigned flags = 0;

  std::mutex mutex;                     ///< of what follows
  std::shared_ptr<Recording> recording; ///< null: never recorded
  std::shared_ptr<Capture> capture;     ///< recorded while capturing
  std::vector<GraphNode *> captured;    ///< the nodes it stands for

  /// Records in a stream, or notes where a captured stream is.
  static CUresult record(const std::shared_ptr<Event> &event, Stream &stream);
  /// Lets what comes next in the stream wait for the last recording.
  static CUresult wait(const std::shared_ptr<Event> &event, Stream &stream);
  /// Says that the recording is reached now.
  void reach();
};

/// While one lives, the null stream of calls in this thread is the thread's
/// own default stream: the `_ptsz` and `_ptds` functions.
class PerThreadScope {
public:
  PerThreadScope() : before(active()) { active() = true; }
  ~PerThreadScope() { active() = before; }
  PerThreadScope(const PerThreadScope &) = delete;
  PerThreadScope &operator=(const PerThreadScope &) = delete;
  static bool &active();

private:
  const bool before;
};

/// The stream of a handle as functions take it (null, CU_STREAM_LEGACY and
/// CU_STREAM_PER_THREAD are streams of `current`); null if there is none.
std::shared_ptr<Stream> findStream(Context &current, CUstream handle);

} // namespace emulator::driver

#endif
