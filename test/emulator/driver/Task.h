// SPDX-License-Identifier: Apache-2.0
// What streams and graphs carry out.
#ifndef EMULATOR_DRIVER_TASK_H
#define EMULATOR_DRIVER_TASK_H

#include "driver/Device.h"
#include "exec/Launch.h"

#include <functional>
#include <variant>

namespace emulator::driver {

struct Recording;

/// A kernel with its parameters, checked.
struct KernelTask {
  std::shared_ptr<Function> function;
  Dim3 grid, block;
  unsigned shared = 0; ///< dynamic, bytes
  bool cooperative = false;
  Dim3 cluster; ///< blocks that run together
  bool isClusterExplicit = false;
  std::vector<char> parameters;
};

/// A copy of `depth` planes of `height` rows of `width` bytes.
struct CopyTask {
  uint64_t from = 0, to = 0; ///< addresses; device memory is in host memory
  size_t width = 0, height = 1, depth = 1;
  size_t fromPitch = 0, toPitch = 0; ///< bytes from row to row
  size_t fromPlane = 0, toPlane = 0; ///< bytes from plane to plane
};

/// Fills `height` rows of `width` elements of 1, 2 or 4 bytes.
struct SetTask {
  uint64_t to = 0;
  size_t pitch = 0; ///< bytes from row to row
  unsigned value = 0, elementSize = 1;
  size_t width = 0, height = 1;
};

struct HostTask {
  CUhostFn function = nullptr;
  void *data = nullptr;
};

/// Frees memory of a pool.
struct FreeTask {
  uint64_t address = 0;
};

struct EventRecordTask {
  std::shared_ptr<Event> event;
};
struct EventWaitTask {
  std::shared_ptr<Event> event;
};
/// A graph in a graph.
struct ChildTask {
  std::shared_ptr<Graph> graph;
};
struct EmptyTask {};
/// Work of a stand-in of one of NVIDIA's libraries: to programs it is a kernel.
struct LibraryTask {
  CUresult (*work)(void *) = nullptr;
  std::shared_ptr<void> data;
};

using Task =
    std::variant<EmptyTask, KernelTask, CopyTask, SetTask, HostTask, FreeTask,
                 ChildTask, EventRecordTask, EventWaitTask, LibraryTask>;

/// Does what a task says now, in this thread.
CUresult execute(const Task &task, Context &context);

/// Whether a copy or fill stays within allocations. Says on stderr what is
/// wrong, with the name of the called function.
CUresult check(const CopyTask &task, const char *caller);
CUresult check(const SetTask &task, const char *caller);

/// One line on stderr about a call that is wrong.
[[gnu::format(printf, 1, 2)]] void complain(const char *format, ...);

} // namespace emulator::driver

#endif
