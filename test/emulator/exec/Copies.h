// SPDX-License-Identifier: Apache-2.0
// Which loads only copy a value or replace a part of it.
//
// Copying what was never written is no fault: without optimisation a structure
// is copied with its padding and with members that nobody has set yet. It
// becomes one where the copy is used, or leaves the thread's local memory
// without anything that was written. A
// field of some bits is written by loading its word, clearing the bits and
// storing the word to the same place, which may be the first time. A lane may
// hand nothing to a shuffle whose others read another lane.
#ifndef EMULATOR_EXEC_COPIES_H
#define EMULATOR_EXEC_COPIES_H

#include "exec/Code.h"

namespace emulator {

class Copies {
public:
  /// Finds the loads of a function whose values are only moved to stores; adds
  /// the sources of those stores to `code`.
  Copies(const ptx::Function &function, Code &code);

  /// Instruction::copy of an instruction of the body.
  uint32_t markOf(size_t instruction) const { return marks[instruction]; }
  /// The elements of a loaded vector that nobody looks at, a bit each.
  uint8_t sparesOf(size_t instruction) const { return spares[instruction]; }

private:
  /// A place where a register is read.
  struct Use {
    enum class Kind : uint8_t {
      Moved,    ///< to register `to`
      Merged,   ///< with other bits, in register `to`
      Cleared,  ///< the same, and some of the bits are replaced
      Stored,   ///< by instruction `to`, as its element `element`
      Shuffled, ///< to lanes that may not look at it
      Other
    };
    Kind kind = Kind::Other;
    uint32_t to = 0, element = 0;
  };
  struct Register {
    std::vector<Use> uses;
    unsigned definitions = 0;
  };
  /// Where a loaded value goes.
  struct Flow {
    bool isOnlyStored = true; ///< or shuffled: nobody looks at it
    bool isShuffled = false;
    bool isMerged = false, isCleared = false;
    std::vector<Use> stores;
    std::vector<uint32_t> elements; ///< of the load, that each of them stores
  };

  void note(const ptx::Instruction &instruction, uint32_t index);
  void noteOthers(const ptx::Operand &operand);
  void follow(uint32_t reg, uint32_t element, Flow &flow) const;
  bool isSamePlace(const ptx::Instruction &load, const Use &store) const;
  bool isReplaced(uint32_t load) const;
  bool isHalf(uint32_t load) const;
  /// The register that a load's address is built from, and what is added; false
  /// if it is none.
  bool placeOf(uint32_t load, uint32_t &base, int64_t &offset) const;
  void mark(uint32_t load);

  const ptx::Function &function;
  Code &code;
  std::vector<Register> registers;
  std::vector<uint32_t> marks;
  std::vector<uint8_t> spares;
  uint32_t loads = 0;
};

} // namespace emulator

#endif
