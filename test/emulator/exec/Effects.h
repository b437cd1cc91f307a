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

/// Whether a load takes half of 8 bytes whose other half is loaded nearby: so
/// are structures copied without optimisation (then no state space is named).
bool loadsHalf(const ptx::Function &function, uint32_t index);

} // namespace emulator

#endif
