// SPDX-License-Identifier: Apache-2.0
// The emulated devices and everything that was made on them.
#ifndef EMULATOR_DRIVER_DEVICE_H
#define EMULATOR_DRIVER_DEVICE_H

#include "driver/Allocations.h"
#include "driver/Chips.h"
#include "driver/Handles.h"
#include "exec/DeviceMemory.h"

#include <atomic>
#include <cuda.h>
#include <memory>
#include <mutex>
#include <vector>

namespace emulator::driver {

class Context;
class Device;
class Driver;
class Function;
class Graph;
class GraphExec;
class Library;
class LibraryKernel;
class LinkState;
class Module;
class Stream;
struct Event;
struct GraphNode;

/// A stream-ordered pool. Its figures are kept, its memory comes straight from
/// the device.
class Pool {
public:
  explicit Pool(Device &device) : device(device) {}

  Device &device;
  std::atomic<uint32_t> accessors{0}; ///< a bit for each other device
  std::atomic<uint64_t> releaseThreshold{0}, used{0}, usedHigh{0};
  std::atomic<int> reuse[3] = {{1}, {1}, {1}}; ///< the three REUSE attributes
};

class Device {
public:
  Device(int ordinal, const Chip &chip, size_t bytes);

  const int ordinal;
  const Chip &chip;
  DeviceMemory memory;
  /// A bit for each other device that may use this one's memory.
  std::atomic<uint32_t> accessors{0};

  std::mutex mutex; ///< of what follows
  std::shared_ptr<Context> primary;
  int primaryUses = 0;
  unsigned primaryFlags = 0;
  std::shared_ptr<Pool> defaultPool, currentPool;
};

/// Lets kernels of the devices of a set (a bit each) use memory that lies
/// elsewhere.
void shareMemory(Driver &driver, Range range, uint32_t devices);

/// What was still there when its context went, or the process.
struct Leaks {
  uint64_t allocations = 0, bytes = 0, modules = 0, streams = 0, events = 0;
};

/// All state of the emulated driver, made by cuInit. It is never destroyed:
/// the threads of streams may still use it when the process ends.
class Driver {
public:
  /// The driver, or null before cuInit.
  static Driver *get();
  static Driver &initialise();

  Device *device(CUdevice ordinal);
  /// The device memory that an address belongs to, or null.
  DeviceMemory *memoryOf(uint64_t address);
  /// The allocation, variable of a module, or pinned or registered memory that
  /// holds an address; size 0 if none does.
  Range rangeOf(uint64_t address);

  std::vector<std::unique_ptr<Device>> devices;
  DeviceMemory hostMemory; ///< pinned memory: one for all devices
  Allocations allocations;

  Handles<CUcontext, Context> contexts;
  Handles<CUstream, Stream> streams;
  Handles<CUevent, Event> events;
  Handles<CUmodule, Module> modules;
  Handles<CUfunction, Function> functions;
  Handles<CUlibrary, Library> libraries;
  Handles<CUkernel, LibraryKernel> kernels;
  Handles<CUmemoryPool, Pool> pools;
  Handles<CUlinkState, LinkState> links;
  Handles<CUgraph, Graph> graphs;
  Handles<CUgraphNode, GraphNode> nodes;
  Handles<CUgraphExec, GraphExec> execs;

  std::mutex leaksMutex;
  Leaks leaks; ///< of contexts that are gone

  /// One line for each kind of object that nobody freed.
  void reportLeaks();

private:
  Driver();
};

} // namespace emulator::driver

#endif
