// SPDX-License-Identifier: Apache-2.0
// Decoded functions: what the interpreter runs.
//
// A register of a warp is an array of 32 lanes of its width (2, 4, 8 or 16
// bytes); a predicate is a 32-bit mask. An operand is the byte offset of such a
// slot: even in the frame's registers, odd (less one) in the program's
// constants.
#ifndef EMULATOR_EXEC_CODE_H
#define EMULATOR_EXEC_CODE_H

#include "ptx/Module.h"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace emulator {

class Warp;
struct Instruction;

/// A bit per lane.
using Mask = uint32_t;
constexpr Mask allLanes = ~0u;
constexpr unsigned warpSize = 32;

/// What the interpreter does after an instruction.
enum class Next : uint8_t {
  Continue,
  Reschedule, ///< the warp's fragments changed
  Block,      ///< run this instruction again when Warp::blockState allows it
  Retry,      ///< run this instruction again
  Wait,       ///< as Block, but the instruction is done: go on after it
  Exit,       ///< the lanes of the fragment have ended
  Fault
};

using Handler = Next (*)(Warp &, const Instruction &, Mask);

/// The counter that an instruction adds to.
enum class Class : uint8_t {
  Integer,
  Floating,
  Half,
  Double,
  Special,
  Convert,
  Move,
  Control,
  Memory,
  Matrix,
  Other,
  Count
};

/// Data of an instruction that has more than the common fields.
struct Extra {
  virtual ~Extra() = default;
};

struct Instruction {
  Handler run = nullptr;
  int32_t d = 0, a = 0, b = 0, c = 0, e = 0; ///< slots
  int32_t guard = -1;                        ///< slot of the guard, or -1
  Mask guardFlip = 0;                        ///< all ones for `@!p`
  uint32_t line = 0;
  Class kind = Class::Other;
  uint8_t size = 0;    ///< bytes of an element, of memory instructions
  uint8_t count = 1;   ///< elements of a vector, of memory instructions
  uint8_t flags = 0;   ///< as the family says
  uint32_t target = 0; ///< of branches and calls
  int64_t imm = 0;     ///< an address offset, or as the family says
  const Extra *extra = nullptr;
};
static_assert(sizeof(Instruction) == 64, "a cache line");

/// A special register that frames hold in a slot.
struct SpecialSlot {
  enum class Kind : uint8_t {
    TidX,
    TidY,
    TidZ,
    NtidX,
    NtidY,
    NtidZ,
    CtaidX,
    CtaidY,
    CtaidZ,
    NctaidX,
    NctaidY,
    NctaidZ,
    ClusterIdX, ///< in the grid of clusters
    ClusterIdY,
    ClusterIdZ,
    NclusterIdX,
    NclusterIdY,
    NclusterIdZ,
    ClusterCtaidX, ///< in the cluster
    ClusterCtaidY,
    ClusterCtaidZ,
    ClusterNctaidX,
    ClusterNctaidY,
    ClusterNctaidZ,
    ClusterRank,
    ClusterSize,
    LaneId,
    WarpId,
    NwarpId,
    SmId,
    NsmId,
    GridId,
    LanemaskEq,
    LanemaskLe,
    LanemaskLt,
    LanemaskGe,
    LanemaskGt,
    DynamicShared,
    TotalShared,
    LocalBase,
    ParameterBase,
    WorkspaceHigh,
    WorkspaceLow ///< %envreg1, %envreg2: the grid's, for its barrier
  };
  Kind kind;
  int32_t slot;
  bool isWide; ///< 64 bits
};

/// Where a formal parameter or result of a function lies.
struct Formal {
  uint32_t offset = 0, size = 0; ///< in the frame's local memory
  int32_t slot = -1;             ///< or a register's slot
  uint8_t width = 0;
};

/// How what is undefined goes from an instruction's operands to its results.
enum class Passing : uint8_t {
  Computed,   ///< any of it makes the lane's results undefined
  Copied,     ///< the instruction, run on the states, gives those of results
  Exchanged,  ///< the same, but some operands say between which lanes
  Moved,      ///< likewise within the lane
  Logic,      ///< of bits, by a truth table
  Predicates, ///< of predicates, likewise
  Selected,   ///< by a predicate
  Difference, ///< computed, but what comes from one place cancels out
  Gathered,   ///< all lanes' results depend on all lanes' operands
  Product,    ///< of matrices
  Loaded,
  Stored,
  Called,
  Used ///< it must not happen
};

/// A register that an instruction reads or writes.
struct Place {
  enum class Role : uint8_t { Value, Control, Result };
  int32_t slot = 0;
  uint8_t width = 0; ///< 0: a predicate
  Role role = Role::Value;
};

/// What an instruction does with states; see Undefined.h.
struct Effects {
  uint32_t first = 0; ///< of its places
  uint8_t count = 0;
  Passing passing = Passing::Computed;
  uint8_t control = 0; ///< a bit for each of a, b, c, e that is no value
  uint8_t table = 0;   ///< of and, or, xor, not: as lop3 has it
  /// Of loads that copy members of a structure: where what is copied of it
  /// lies, from the load's address.
  int16_t begin = 0, end = 0;
};

struct Code {
  std::string name;
  const ptx::Function *source = nullptr;
  std::vector<Instruction> instructions;
  std::vector<std::unique_ptr<Extra>> extras;
  std::vector<SpecialSlot> specials;
  std::vector<Formal> parameters, returns;
  uint32_t registerBytes = 0; ///< of a warp's frame
  /// Where slots of predicates and of 2, 4, 8 and 16 bytes begin in a frame.
  std::array<uint32_t, 5> slotsBegin = {};
  uint32_t localBytes = 0; ///< of a thread's frame
  uint32_t registerEstimate = 0;
  std::vector<Effects> effects; ///< of each instruction
  std::vector<Place> places;
  int32_t zeroSlot = 0; ///< a constant of 16 bytes
  const uint8_t *constants = nullptr;
  uint32_t index = 0; ///< in its program; function "addresses" come from it

  // Of kernels: what the blocks need.
  struct SharedRegion {
    uint32_t offset = 0, size = 0;
    std::string name;
    bool isZero = false; ///< when a block begins; others hold nothing
  };
  std::vector<SharedRegion> shared; ///< static variables that it can reach
  uint32_t dynamicSharedBase = 0;
  uint32_t staticShared = 0;
  uint32_t sharedGranule = 4; ///< smallest access to shared memory: 1, 2 or 4
  bool hasFences = false;     ///< it may order accesses by fences and flags
  const std::vector<std::unique_ptr<Code>> *program = nullptr;
};

} // namespace emulator

#endif
