// SPDX-License-Identifier: Apache-2.0
// How what nobody wrote goes through each instruction.
#ifndef EMULATOR_EXEC_EFFECTS_H
#define EMULATOR_EXEC_EFFECTS_H

#include "exec/Code.h"

namespace emulator {

/// The rule for an instruction. `first` and `count` are left to the caller.
Effects effectsOf(const ptx::Instruction &source);

/// Whether an operand in this field is an address or says how others are
/// moved.
bool isControl(const Effects &effects, int32_t Instruction::*field);

/// Finds loads and stores that copy a structure, member by member, and says of
/// each such load how far the structure reaches (Effects::begin and end).
/// `effects` are those of the function's instructions.
void findStructures(const ptx::Function &function,
                    std::vector<Effects *> &effects);

} // namespace emulator

#endif
