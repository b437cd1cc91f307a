// SPDX-License-Identifier: Apache-2.0
// From addresses of lanes to checked host pointers, for all instructions that
// access memory.
#ifndef EMULATOR_EXEC_OPS_MEMORY_H
#define EMULATOR_EXEC_OPS_MEMORY_H

#include "exec/Block.h"
#include "exec/Decoder.h"

namespace emulator {

using ptx::Space;

/// Flags of memory instructions.
enum MemoryFlag : uint8_t {
  narrowBase = 1,   ///< the base is a 32-bit register
  strongAccess = 2, ///< volatile, relaxed, acquire, release
  acquires = 4,
  releases = 8,
  narrowSource = 16, ///< the same as narrowBase, of a second address
  hasNoPadding = 32  ///< of vectors: of floating-point numbers
};

enum class AccessKind : uint8_t { Load, Store, Atomic };

struct Lanes {
  alignas(64) uint8_t *at[warpSize];
  Mask shared = 0; ///< lanes whose address is in shared memory
  alignas(64) uint32_t offset[warpSize]; ///< of those
  const CellList *cells = nullptr;       ///< of shared memory, if known
  uint32_t low = 0;                      ///< the lowest of the offsets
  bool isContiguous = false;             ///< full warp, ascending without gaps
  bool tracks = false; ///< the caller lets what nobody wrote be loaded
  Unwritten unwritten; ///< of such a load
};

/// The slots of a vector operand.
struct VectorSlots : Extra {
  int32_t slot[8] = {};
};

/// Addresses of lanes: `slot` holds 32 or 64-bit bases.
void addressesOf(Warp &warp, int32_t slot, bool isNarrow, int64_t offset,
                 uint64_t (&addresses)[warpSize]);

/// Checks an access of `bytes` per lane (bounds, alignment, and of loads that
/// they were written) and finds the host addresses. Stores to shared memory are
/// noted by the caller (Lanes::shared), which knows the values. `element`:
/// bytes that are uninitialised only together, at most 8 of them in an access.
/// False after a fault.
bool resolve(Warp &warp, const Instruction &at, Mask lanes, Space space,
             const uint64_t (&addresses)[warpSize], unsigned bytes,
             unsigned element, AccessKind kind, Lanes &result);

/// Marks what lanes stored outside of shared memory as written.
void markStored(Warp &warp, Mask lanes, const Lanes &where, unsigned bytes);

/// Copies from a generic address of one lane; false if it isn't allocated.
bool readGeneric(Warp &warp, unsigned lane, uint64_t address, void *to,
                 size_t bytes);

/// Takes `.volatile`, `.relaxed.gpu` and such.
void takeSemantics(Decoder &decoder);
/// Takes cache operators, eviction hints, prefetch sizes; true if there was a
/// `.L2::cache_hint`, which adds an operand.
bool takeCacheHints(Decoder &decoder);
/// Takes a state space; None if there is none (generic).
Space takeSpace(Decoder &decoder);
/// Notes how small accesses to shared memory are.
void noteSharedAccess(Decoder &decoder, Space space, unsigned bytes);

} // namespace emulator

#endif
