// SPDX-License-Identifier: Apache-2.0
// Running a kernel, what can go wrong in it and what is counted.
#ifndef EMULATOR_EXEC_LAUNCH_H
#define EMULATOR_EXEC_LAUNCH_H

#include "exec/Program.h"

#include <cstdint>
#include <string>

namespace emulator {

struct Dim3 {
  uint32_t x = 1, y = 1, z = 1;
  uint64_t count() const { return uint64_t(x) * y * z; }
};

enum class FaultKind : uint8_t {
  None,
  OutOfBounds,   ///< CUDA_ERROR_ILLEGAL_ADDRESS
  Misaligned,    ///< CUDA_ERROR_MISALIGNED_ADDRESS
  Uninitialised, ///< CUDA_ERROR_LAUNCH_FAILED, as the next two
  Race,
  Barrier,
  IllegalInstruction, ///< CUDA_ERROR_ILLEGAL_INSTRUCTION
  Trap,               ///< CUDA_ERROR_LAUNCH_FAILED
  Assert,             ///< CUDA_ERROR_ASSERT
  StackOverflow,      ///< CUDA_ERROR_LAUNCH_FAILED
  BadAddressSpace     ///< CUDA_ERROR_INVALID_ADDRESS_SPACE
};

/// "out of bounds", as the fault's line names it.
const char *kindName(FaultKind kind);

/// How a launch ended; kind None: well.
struct Fault {
  FaultKind kind = FaultKind::None;
  std::string kernel;
  Dim3 block, thread; ///< indices
  unsigned line = 0;  ///< of the PTX text
  std::string text;
  explicit operator bool() const { return kind != FaultKind::None; }
  /// `dlc-emulator: KIND: kernel NAME, block (x,y,z), thread (x,y,z), PTX line
  /// N: what`, without a newline.
  std::string message() const;
};

/// What a launch did, in warp instructions, bytes and events.
struct Counters {
  // Warp instructions by class.
  uint64_t integer = 0, floating = 0, half = 0, dbl = 0, special = 0;
  uint64_t convert = 0, move = 0, control = 0, memory = 0, matrix = 0,
           other = 0;
  uint64_t threadInstructions = 0; ///< active lanes summed over all of them
  uint64_t globalLoadBytes = 0, globalStoreBytes = 0; ///< asked for by lanes
  uint64_t globalLoadSectors = 0, globalStoreSectors = 0; ///< of 32 bytes
  uint64_t asyncLoadSectors = 0;    ///< those of cp.async among them
  uint64_t atomics = 0;             ///< lanes
  uint64_t sharedWavefronts = 0;    ///< of shared memory accesses
  uint64_t sharedBankConflicts = 0; ///< wavefronts beyond the fewest possible
  uint64_t barriers = 0;    ///< times that a warp passed a block barrier
  uint64_t matrixFlops = 0; ///< 2mnk of every mma and wmma
  uint64_t blocks = 0, warps = 0;
  uint64_t largestBlock = 0; ///< instructions of the block with the most

  uint64_t instructions() const {
    return integer + floating + half + dbl + special + convert + move +
           control + memory + matrix + other;
  }
  void add(const Counters &other);
  /// A JSON object of all counts and the launch's kernel name and shape.
  std::string json(const std::string &kernel, Dim3 grid, Dim3 block) const;
};

struct LaunchConfig {
  Dim3 grid, block;
  Dim3 cluster; ///< blocks that run together; the grid is a multiple of it
  bool isClusterExplicit = false; ///< the launch says so
  uint32_t dynamicShared = 0;
  uint32_t sm = 90;                 ///< compute capability
  uint32_t multiprocessors = 132;   ///< of the device
  uint32_t sharedPerBlock = 232448; ///< most bytes a block can have (opt-in)
  bool isCooperative = false;       ///< the grid may synchronise
  unsigned threads = 0; ///< host threads; 0: DLC_EMULATOR_THREADS, or the cores
  uint64_t heapBytes = 8u << 20; ///< of malloc in kernels
  /// Warp instructions after which no more blocks are started, if not 0: some
  /// of all parts of the grid have run then, and counts are of those.
  uint64_t sample = 0;
};

/// Runs a kernel over its grid to its end or first fault. `parameters` holds
/// kernel.parameterBytes bytes laid out as kernel.parameters says. The launch's
/// shape is taken as checked (block of 1 to 1024 threads, shared memory within
/// the device's). Counts are added to `counters` if given.
/// Prints the fault's line to stderr.
Fault launch(Program &program, const Kernel &kernel, const LaunchConfig &config,
             const void *parameters, Counters *counters = nullptr);

} // namespace emulator

#endif
