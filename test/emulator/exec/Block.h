// SPDX-License-Identifier: Apache-2.0
// A block (CTA): its warps, shared memory and barriers, and the launch it
// belongs to.
#ifndef EMULATOR_EXEC_BLOCK_H
#define EMULATOR_EXEC_BLOCK_H

#include "exec/SharedMemory.h"

#include <atomic>
#include <mutex>

namespace emulator {

/// What all blocks of a launch share.
struct LaunchState {
  Program &program;
  const Kernel &kernel;
  const LaunchConfig &config;
  DeviceMemory &memory;
  uint64_t parameters = 0; ///< device address
  uint64_t workspace = 0;  ///< of a cooperative grid
  uint64_t gridId = 0;
  std::shared_ptr<const std::vector<Range>>
      ranges; ///< allocations at the start
  std::atomic<bool> stop{false};
  std::mutex mutex; ///< of what follows
  Fault fault;
  Counters counters;
  std::vector<uint64_t> heap; ///< allocations of malloc
  uint64_t heapUsed = 0;

  LaunchState(Program &program, const Kernel &kernel,
              const LaunchConfig &config)
      : program(program), kernel(kernel), config(config),
        memory(program.memory) {}
};

/// How many wavefronts or sectors an access takes, and the fewest it could.
struct AccessPattern {
  unsigned count = 0, fewest = 0;
};

/// A cp.async.bulk into shared memory that hasn't landed.
struct BulkCopy {
  uint32_t barrier = 0, shared = 0; ///< offsets in shared memory
  uint64_t global = 0;
  uint32_t bytes = 0;
};

class Cluster;

class Block {
public:
  enum class Status : uint8_t {
    Done,
    Yield,
    Waiting, ///< for other blocks of its cluster
    Fault
  };

  explicit Block(LaunchState &launch);
  /// Begins the block with this index in the grid.
  void start(Dim3 index);
  /// Runs until the end, a fault, or for about `budget` instructions.
  Status run(int64_t budget);

  /// Lanes of a warp arrive at a barrier. `expected`: threads, 0 for all of
  /// the block; with `isArrive` they don't wait. `reduction`: 0 none, 1 popc,
  /// 2 and, 3 or of `value`.
  Next arrive(Warp &warp, const Instruction &at, unsigned id, uint32_t expected,
              bool isArrive, bool isAligned, unsigned reduction, int32_t slot,
              Mask value);
  /// Lanes have ended: barriers may be complete now.
  void threadsEnded(Warp &warp, unsigned count);

  /// Lets go on who waits at the cluster's barrier: all have come.
  void leaveClusterBarrier();
  /// Records that others never come there.
  Status failAtClusterBarrier();

  LaunchState &launch;
  Cluster *cluster = nullptr; ///< of several blocks
  unsigned rank = 0;          ///< in it
  Dim3 index;
  unsigned threads = 0;
  unsigned aliveThreads = 0, endedThreads = 0;
  SharedMemory shared;
  std::vector<BulkCopy> bulkCopies;
  Counters counters;
  uint64_t instructionsByClass[size_t(Class::Count)] = {};
  uint64_t clock = 0;  ///< instructions that the block executed
  uint64_t linear = 0; ///< index in the grid

  /// Shared memory was read that nobody has written. It becomes a fault at the
  /// next barrier or other fault, unless a race on it is found before.
  void suspect(Warp &warp, unsigned lane, const Instruction &at,
               std::string text);
  struct Suspicion {
    Warp *warp = nullptr;
    unsigned lane = 0;
    const Instruction *at = nullptr;
    std::string text;
  };
  Suspicion suspicion;
  /// True after recording a suspicion as the fault.
  bool confirm();

  /// The allocation of the launch that holds `address`, or size 0.
  Range findRange(uint64_t address) const;
  /// Where control that isn't at a barrier goes on to.
  enum class Route : uint8_t {
    ToBarrier, ///< it can get there
    PastIt,    ///< to what comes after the barrier, without it
    ToEnd      ///< nowhere but to the end of the thread
  };
  Route routeOf(const Code &code, uint32_t from, uint32_t barrier);
  /// Completes barriers whose last threads have arrived or ended.
  void completeDue();
  bool isCompletionDue = false;

  /// The last access of an instruction, by its address modulo the count.
  struct KnownPattern {
    const Instruction *at = nullptr;
    Mask lanes = 0;
    uint32_t phase = 0;
    alignas(64) uint32_t offsets[warpSize] = {};
    AccessPattern pattern;
    bool hasCells = false;
    CellList cells; ///< of accesses to shared memory
  };
  static constexpr size_t patternCount = 128;
  KnownPattern patterns[patternCount];

private:
  struct Barrier {
    uint32_t expected = 0; ///< 0: all threads
    uint32_t arrived = 0;
    uint32_t count = 0; ///< of bar.red.popc
    bool all = true, any = false;
    bool isUsed = false;
    uint32_t joined[32] = {};
  };
  bool isComplete(const Barrier &barrier) const;
  void complete(unsigned id);
  bool isAtClusterBarrier() const;
  /// All warps wait: releases a barrier whose threads have ended, or records
  /// the fault and returns false.
  bool stuck();

  std::vector<std::unique_ptr<Warp>> warps;
  std::map<std::pair<const Instruction *, const Instruction *>, Route>
      routes;           ///< what routeOf has found
  Barrier barriers[17]; ///< the last one is that of a cluster of one block
  uint32_t endedSeen[32] =
      {}; ///< up to when ended warps are ordered before a barrier
};

} // namespace emulator

#endif
