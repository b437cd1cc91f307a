// SPDX-License-Identifier: Apache-2.0
// A warp: its fragments (lanes that are at one instruction), their frames, and
// the loop that runs them.
#ifndef EMULATOR_EXEC_WARP_H
#define EMULATOR_EXEC_WARP_H

#include "exec/Code.h"
#include "exec/Launch.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace emulator {

class Block;

/// One activation of a function by lanes of a warp.
struct Frame {
  const Code *code = nullptr;
  std::unique_ptr<uint8_t[]> storage;
  uint8_t *registers = nullptr; ///< 64-byte aligned
  Frame *parent = nullptr;
  uint32_t returnPc = 0;
  const Instruction *site = nullptr; ///< the call
  uint32_t localBase = 0, localEnd = 0;
  std::vector<uint32_t> tops; ///< of the lanes, once one has called alloca
  uint32_t depth = 0;
  uint32_t users = 0;     ///< fragments in it, and frames that it called
  bool hasStates = false; ///< some may be set
  /// Of registers, by half their slots and lane: 1 + the number in
  /// Warp::origins of the load that their undefined bits come from, and
  /// whether something was computed of them.
  std::vector<uint16_t> origins;
};

struct Fragment {
  enum class State : uint8_t {
    Ready,
    WarpSync, ///< before an instruction that waits for other lanes of the warp
    Aligned,  ///< before a barrier that the whole warp must reach
    Cluster,  ///< before it goes on after a barrier of the cluster
    Barrier   ///< arrived at a barrier of the block
  };
  Frame *frame = nullptr;
  uint32_t pc = 0;
  Mask mask = 0;
  State state = State::Ready;
  uint8_t barrier = 0;
  uint8_t reduction = 0; ///< of bar.red: see Block::Barrier
  int32_t reductionSlot = 0;
  /// Of WarpSync: the lanes named. Of Aligned: those that must come round a
  /// loop.
  Mask waitsFor = 0;
  bool isPureSync = false; ///< of WarpSync: bar.warp.sync
  uint32_t penalty = 0;    ///< turns that it used up while others waited
};

/// Which elements of a load nobody wrote, and of which lanes.
struct Unwritten {
  Mask lanes = 0;   ///< any element
  Mask padding = 0; ///< lanes where they are a structure's padding
  Mask elements[8]; ///< undefined without lanes
};

/// A load that found what nobody wrote, with the last address of each lane.
struct Origin {
  const Instruction *load = nullptr;
  Mask lanes = 0, shared = 0, local = 0, padding = 0;
  unsigned bytes = 0;
  uint64_t addresses[32] = {}; ///< of shared memory: offsets
};

/// An asynchronous copy of one lane that hasn't landed.
struct PendingCopy {
  uint32_t shared = 0;
  uint64_t global = 0;
  uint32_t group = 0; ///< of its lane
  uint8_t size = 0, sourceSize = 0, lane = 0;
  const Instruction *at = nullptr;
};

class Warp {
public:
  enum class Status : uint8_t { Ready, Blocked, Done, Fault };

  Warp(Block &block, unsigned index);
  ~Warp();
  Warp(const Warp &) = delete;
  Warp &operator=(const Warp &) = delete;

  /// Begins the kernel anew (a warp object is used for block after block).
  void start(const Code &kernel, Mask lanes);
  /// Runs at most about `budget` instructions.
  Status run(int64_t budget);

  // What handlers use.
  template <class T>
  T *dst(int32_t slot) const {
    return reinterpret_cast<T *>(base[0] + slot);
  }
  template <class T>
  const T *src(int32_t slot) const {
    return reinterpret_cast<const T *>(base[slot & 1] + (slot & ~1));
  }
  Mask &predicate(int32_t slot) const {
    return *reinterpret_cast<Mask *>(base[0] + slot);
  }
  Mask predicateValue(int32_t slot) const { return *src<Mask>(slot); }
  void setPredicate(int32_t slot, Mask mask, Mask value) const {
    Mask &p = predicate(slot);
    p = (p & ~mask) | (value & mask);
  }

  /// Records a fault of the first lane in `lanes`; returns Next::Fault.
  Next fault(FaultKind kind, Mask lanes, const Instruction &at,
             std::string text);
  /// Splits the fragment: `lanes` go on at `target`.
  Next branch(Mask lanes, uint32_t target);
  /// Ends lanes.
  Next exitLanes(Mask lanes);
  Next call(const Code &callee, Mask lanes, const Instruction &site);
  Next returnLanes(Mask lanes);
  /// Leaves only `lanes` in the running fragment; the rest goes on after it.
  void narrow(Mask lanes);
  /// Blocks the fragment before the current instruction.
  Next waitForLanes(Mask named, bool isPure);
  /// Orders the accesses of `lanes` to shared memory.
  void orderLanes(Mask lanes);
  /// After a change of what the warp has seen.
  void updateCutoff();
  /// Whether the lanes named and not ended are all in the running fragment.
  bool hasAll(Mask named) const { return !(named & alive & ~active); }
  /// Says that the lanes poll memory, so that others get their turn.
  void polled() { ++polls; }
  uint8_t *local(unsigned lane) {
    return localMemory.data() + size_t(lane) * localCapacity;
  }
  uint8_t *shadowOfLocal(unsigned lane) {
    return localShadow.data() + size_t(lane) * localCapacity;
  }
  /// Lets blocked fragments look again at what they wait for.
  void wake();
  /// Before an aligned barrier: Continue if all lanes that run are here.
  Next aligned(const Instruction &at);
  /// Where a fragment that waits is, for messages.
  static const Instruction &instructionOf(const Fragment &fragment);
  unsigned firstThread() const { return index * warpSize; }

  uint8_t *base[2] = {nullptr, nullptr}; ///< registers, constants
  uint32_t pc = 0;                       ///< of the next instruction
  Mask active = 0;
  Frame *frame = nullptr;
  Mask alive = 0;
  Block &block;
  const unsigned index;
  std::vector<Fragment> fragments; ///< those not running
  Fragment::State blockState = Fragment::State::Ready;
  Fragment pending; ///< with Next::Block and Wait: what the fragment waits for
  Range lastRange;  ///< the allocation that was accessed last
  bool isPolling = false; ///< its last run ended because it polls memory
  uint32_t threads = 0;   ///< in its block

  // Order of accesses to shared memory: see SharedMemory.
  uint32_t seen[32] = {};
  uint32_t laneSync[32] = {}; ///< with all other lanes
  /// With each other lane, once some have met without the rest.
  std::vector<std::array<uint32_t, warpSize>> pairSync;
  uint32_t cutoff = 0;
  /// Up to when what a lane did comes before what another does now.
  uint32_t orderedAt(unsigned lane, unsigned other) const {
    return pairSync.empty() ? laneSync[lane]
                            : std::max(laneSync[lane], pairSync[lane][other]);
  }

  bool isTracking = false; ///< states of registers: see Undefined.h
  std::vector<Origin> origins;
  uint32_t clusterPhase[32] = {};  ///< in which lanes have arrived
  std::vector<PendingCopy> copies; ///< cp.async in flight, in order
  uint32_t laneGroup[32] = {};     ///< groups that each lane has committed

  /// The end of a lane's local memory.
  uint32_t localTop(unsigned lane) const {
    return frame->tops.empty() ? frame->localEnd : frame->tops[lane];
  }
  /// Local memory of one lane that lives as long as the frame, or until it is
  /// restored to what localTop() was; noRoom if there is none.
  static constexpr uint32_t localLimit = 512 << 10; ///< bytes of a thread
  static constexpr uint32_t noRoom = ~0u;
  uint32_t allocateLocal(unsigned lane, uint64_t bytes, uint64_t align);
  bool restoreLocal(unsigned lane, uint64_t top);

private:
  bool schedule();
  Status settle(Next next, const Instruction &at, Mask lanes);
  void leave();
  void enter(size_t which);
  Frame *newFrame(const Code &code, Frame *parent);
  void release(Frame *frame);
  void adopt(Frame *to, Frame *from, Mask lanes);
  void fillSpecials(Frame &frame);
  bool growLocal(uint32_t bytes);
  bool hasStates();
  void endOthers();
  bool endsAtOnce(const Fragment &fragment) const;
  enum class Course : uint8_t { Coming, ComingBack, Leaving, Passed };
  Course courseOf(const Fragment &fragment) const;

  uint32_t mergePc = ~0u;
  uint32_t polls = 0;
  int64_t turn = 0;
  uint32_t penalty = 0;
  uint32_t trackedCount = 0;
  std::vector<std::unique_ptr<Frame>> frames, freeFrames;
  std::vector<uint8_t> localMemory, localShadow;
  uint32_t localCapacity = 0;
};

/// Runs f over lanes and keeps what inactive lanes hold. Inactive lanes are
/// computed as well: f must be defined for any operand.
template <class T, class F>
inline void eachLane(Mask mask, T *d, F f) {
  if (mask == allLanes) {
#pragma clang loop vectorize(assume_safety)
    for (unsigned l = 0; l < warpSize; ++l)
      d[l] = f(l);
    return;
  }
  alignas(64) T result[warpSize];
#pragma clang loop vectorize(assume_safety)
  for (unsigned l = 0; l < warpSize; ++l)
    result[l] = f(l);
  for (unsigned l = 0; l < warpSize; ++l)
    d[l] = (mask >> l) & 1 ? result[l] : d[l];
}

/// Runs f over the lanes of a mask, in order.
template <class F>
inline void activeLanes(Mask mask, F f) {
  for (; mask; mask &= mask - 1)
    f(unsigned(__builtin_ctz(mask)));
}

/// A mask of the lanes for which f is true.
template <class F>
inline Mask lanesWhere(F f) {
  alignas(64) uint32_t bits[warpSize];
  for (unsigned l = 0; l < warpSize; ++l)
    bits[l] = uint32_t(f(l)) << l;
  uint32_t result = 0;
  for (unsigned l = 0; l < warpSize; ++l)
    result |= bits[l];
  return result;
}

} // namespace emulator

#endif
