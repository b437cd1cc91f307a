// SPDX-License-Identifier: Apache-2.0
// Contexts: the state of one device's use, and which is current where.
#ifndef EMULATOR_DRIVER_CONTEXT_H
#define EMULATOR_DRIVER_CONTEXT_H

#include "driver/Device.h"
#include "driver/Queue.h"

#include <map>
#include <set>
#include <thread>

namespace emulator::driver {

class Context : public std::enable_shared_from_this<Context> {
public:
  Context(Device &device, unsigned flags, bool primary);

  Device &device;
  const bool isPrimary;
  const uint64_t id;
  std::atomic<unsigned> flags;
  std::atomic<bool> destroyed{false};
  std::atomic<size_t> limits[CU_LIMIT_MAX];
  std::atomic<int> cacheConfig{CU_FUNC_CACHE_PREFER_NONE};

  /// The error that broke the context, as a fault of a kernel does: every
  /// later call gives it.
  CUresult fault() const { return faultCode; }
  void breakWith(CUresult code);

  Stream &legacyStream() { return *legacy; }
  std::shared_ptr<Stream> legacyStreamShared() { return legacy; }
  /// The calling thread's own default stream.
  std::shared_ptr<Stream> threadStream();

  /// Appends work to a stream, with the order that the legacy default stream
  /// and the blocking streams keep among each other. It doesn't run if the
  /// context is broken by then, unless `always`; a code it gives breaks the
  /// context.
  Ticket enqueue(Stream &stream, std::function<CUresult()> work,
                 std::vector<Ticket> after = {}, bool always = false);

  /// Waits for a stream: for the legacy stream also for all that would come
  /// before its next operation.
  void synchronise(Stream &stream);
  /// Whether there is nothing left that `synchronise` would wait for.
  bool idle(Stream &stream);
  /// Waits for all streams.
  void synchroniseAll();

  void addStream(const std::shared_ptr<Stream> &stream);
  void removeStream(const std::shared_ptr<Stream> &stream);

  /// Frees all that was made in the context. Nothing may be asked of it later.
  void destroy();
  /// Makes a destroyed primary context usable again.
  void revive(unsigned newFlags);

  bool enablePeer(Context &peer);
  bool disablePeer(Context &peer);

private:
  void setLimits();
  std::vector<Ticket> before(Stream &stream);

  std::atomic<CUresult> faultCode{CUDA_SUCCESS};
  std::mutex mutex; ///< of what follows
  std::shared_ptr<Stream> legacy;
  std::set<std::shared_ptr<Stream>> streams; ///< but the legacy one
  std::map<std::thread::id, std::shared_ptr<Stream>> threadStreams;
  std::vector<Ticket> orphans; ///< ends of destroyed streams
  std::set<Context *> peers;
};

/// The calling thread's stack of contexts; the last is current.
std::vector<std::shared_ptr<Context>> &contextStack();
/// The current context, or null.
std::shared_ptr<Context> currentContext();

} // namespace emulator::driver

#endif
