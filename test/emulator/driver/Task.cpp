// SPDX-License-Identifier: Apache-2.0
#include "driver/Task.h"

#include "driver/Capture.h"
#include "driver/Context.h"
#include "driver/Environment.h"
#include "driver/Module.h"
#include "driver/Stream.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>

namespace emulator::driver {

CUresult codeOf(FaultKind kind) {
  switch (kind) {
  case FaultKind::None:
    return CUDA_SUCCESS;
  case FaultKind::OutOfBounds:
    return CUDA_ERROR_ILLEGAL_ADDRESS;
  case FaultKind::Misaligned:
    return CUDA_ERROR_MISALIGNED_ADDRESS;
  case FaultKind::IllegalInstruction:
    return CUDA_ERROR_ILLEGAL_INSTRUCTION;
  case FaultKind::Assert:
    return CUDA_ERROR_ASSERT;
  case FaultKind::BadAddressSpace:
    return CUDA_ERROR_INVALID_ADDRESS_SPACE;
  case FaultKind::Uninitialised:
  case FaultKind::Race:
  case FaultKind::Barrier:
  case FaultKind::Trap:
  case FaultKind::StackOverflow:
    break;
  }
  return CUDA_ERROR_LAUNCH_FAILED;
}

/// Whether `bytes` from `address` on lie in one allocation, or in memory that
/// is the program's own.
static CUresult checkRange(uint64_t address, uint64_t bytes, const char *what,
                           const char *caller) {
  if (!bytes)
    return CUDA_SUCCESS;
  Driver &driver = *Driver::get();
  const Range range = driver.rangeOf(address);
  if (range.size && bytes <= range.base + range.size - address)
    return CUDA_SUCCESS;
  if (range.size)
    complain("out of bounds: %s: %s of %llu bytes at offset %llu of an "
             "allocation of %llu bytes",
             caller, what, static_cast<unsigned long long>(bytes),
             static_cast<unsigned long long>(address - range.base),
             static_cast<unsigned long long>(range.size));
  else if (!address || driver.memoryOf(address) ||
           driver.hostMemory.owns(address))
    complain("out of bounds: %s: %s of %llu bytes at 0x%llx, which is not "
             "allocated",
             caller, what, static_cast<unsigned long long>(bytes),
             static_cast<unsigned long long>(address));
  else
    return CUDA_SUCCESS;
  return CUDA_ERROR_INVALID_VALUE;
}

static uint64_t extent(size_t width, size_t height, size_t depth, size_t pitch,
                       size_t plane) {
  if (!width || !height || !depth)
    return 0;
  return (depth - 1) * plane + (height - 1) * pitch + width;
}

CUresult check(const CopyTask &task, const char *caller) {
  const CUresult from = checkRange(task.from,
                                   extent(task.width, task.height, task.depth,
                                          task.fromPitch, task.fromPlane),
                                   "a read", caller);
  return from ? from
              : checkRange(task.to,
                           extent(task.width, task.height, task.depth,
                                  task.toPitch, task.toPlane),
                           "a write", caller);
}

CUresult check(const SetTask &task, const char *caller) {
  if (task.to % task.elementSize ||
      (task.height > 1 && task.pitch % task.elementSize))
    return CUDA_ERROR_INVALID_VALUE;
  if (task.width && task.height && !Driver::get()->rangeOf(task.to).size) {
    complain("out of bounds: %s: 0x%llx is not allocated", caller,
             static_cast<unsigned long long>(task.to));
    return CUDA_ERROR_INVALID_VALUE;
  }
  return checkRange(
      task.to,
      extent(task.width * task.elementSize, task.height, 1, task.pitch, 0),
      "a write", caller);
}

/// Copies contents and, on devices, what is known of them.
static void copyRow(uint64_t to, uint64_t from, size_t bytes) {
  std::memmove(DeviceMemory::host(to), DeviceMemory::host(from), bytes);
  DeviceMemory *target = Driver::get()->memoryOf(to);
  if (!target)
    return;
  if (DeviceMemory *source = Driver::get()->memoryOf(from))
    std::memmove(target->shadow(to), source->shadow(from), bytes);
  else
    target->markInitialised(to, bytes);
}

static CUresult run(const CopyTask &task) {
  // What was there when the copy was asked for may be freed by now.
  if (check(task, "a copy that runs now"))
    return CUDA_ERROR_ILLEGAL_ADDRESS;
  for (size_t z = 0; z < task.depth; ++z)
    for (size_t y = 0; y < task.height; ++y)
      copyRow(task.to + z * task.toPlane + y * task.toPitch,
              task.from + z * task.fromPlane + y * task.fromPitch, task.width);
  return CUDA_SUCCESS;
}

template <typename Element>
static void fill(uint64_t to, unsigned value, size_t count) {
  auto *elements = static_cast<Element *>(DeviceMemory::host(to));
  std::fill(elements, elements + count, static_cast<Element>(value));
}

static CUresult run(const SetTask &task) {
  if (check(task, "a fill that runs now"))
    return CUDA_ERROR_ILLEGAL_ADDRESS;
  for (size_t y = 0; y < task.height; ++y) {
    const uint64_t row = task.to + y * task.pitch;
    if (task.elementSize == 1)
      fill<uint8_t>(row, task.value, task.width);
    else if (task.elementSize == 2)
      fill<uint16_t>(row, task.value, task.width);
    else
      fill<uint32_t>(row, task.value, task.width);
    if (DeviceMemory *memory = Driver::get()->memoryOf(row))
      memory->markInitialised(row, task.width * task.elementSize);
  }
  return CUDA_SUCCESS;
}

/// Appends \p line to the file \p path in one piece.
static void append(const char *path, const std::string &line) {
  static std::mutex mutex;
  std::lock_guard<std::mutex> lock(mutex);
  if (FILE *file = std::fopen(path, "a")) {
    std::fprintf(file, "%s\n", line.c_str());
    std::fclose(file);
  }
}

static CUresult run(const KernelTask &task, Context &context) {
  // A module that is unloaded waits for what runs: it is there.
  std::shared_ptr<Module> module = task.function->module.lock();
  if (!module)
    return CUDA_ERROR_INVALID_HANDLE;
  const Chip &chip = context.device.chip;
  LaunchConfig config;
  config.grid = task.grid;
  config.block = task.block;
  config.dynamicShared = task.shared;
  config.sm = static_cast<uint32_t>(chip.sm);
  config.multiprocessors = static_cast<uint32_t>(chip.multiprocessors);
  config.sharedPerBlock = static_cast<uint32_t>(chip.sharedPerBlockOptIn);
  config.isCooperative = task.cooperative;
  config.cluster = task.cluster;
  config.isClusterExplicit = task.isClusterExplicit;
  config.heapBytes = context.limits[CU_LIMIT_MALLOC_HEAP_SIZE];
  // The blocks of a cooperative launch wait for each other.
  config.sample = task.cooperative ? 0 : environment().sample;
  const char *file = std::getenv("DLC_EMULATOR_COUNTERS");
  Counters counters;
  const Fault fault =
      launch(*module->program, task.function->kernel, config,
             task.parameters.data(), file ? &counters : nullptr);
  if (file)
    append(file, counters.json(task.function->kernel.name, config.grid,
                               config.block));
  return codeOf(fault.kind);
}

static CUresult run(const FreeTask &task) {
  Driver &driver = *Driver::get();
  if (auto found = driver.allocations.find(task.address))
    release(driver, *found);
  return CUDA_SUCCESS;
}

static CUresult run(const ChildTask &task, Context &context) {
  std::vector<GraphNode *> order;
  task.graph->order(order);
  for (const GraphNode *node : order)
    if (const CUresult code =
            execute(node->task, node->context ? *node->context : context))
      return code;
  return CUDA_SUCCESS;
}

static CUresult run(const EventWaitTask &task) {
  std::shared_ptr<Recording> recording;
  {
    std::lock_guard<std::mutex> lock(task.event->mutex);
    recording = task.event->recording;
  }
  if (recording)
    recording->ticket.wait();
  return CUDA_SUCCESS;
}

CUresult execute(const Task &task, Context &context) {
  return std::visit(
      [&](const auto &kind) -> CUresult {
        using Kind = std::decay_t<decltype(kind)>;
        if constexpr (std::is_same_v<Kind, KernelTask> ||
                      std::is_same_v<Kind, ChildTask>)
          return run(kind, context);
        else if constexpr (std::is_same_v<Kind, HostTask>)
          return kind.function(kind.data), CUDA_SUCCESS;
        else if constexpr (std::is_same_v<Kind, LibraryTask>)
          return kind.work(kind.data.get());
        else if constexpr (std::is_same_v<Kind, EmptyTask>)
          return CUDA_SUCCESS;
        else if constexpr (std::is_same_v<Kind, EventRecordTask>)
          return kind.event->reach(), CUDA_SUCCESS;
        else
          return run(kind);
      },
      task);
}

} // namespace emulator::driver
