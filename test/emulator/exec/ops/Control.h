// SPDX-License-Identifier: Apache-2.0
#ifndef EMULATOR_EXEC_OPS_CONTROL_H
#define EMULATOR_EXEC_OPS_CONTROL_H

#include "exec/Warp.h"

namespace emulator {

/// The handler of an unconditional branch.
Handler jumpHandler();
/// Whether the instruction ends the thread: exit, or ret of a kernel.
bool isEnd(const Instruction &instruction, bool isKernel);
/// Adds the instructions that may run after the one at `at` of a function.
void appendSuccessors(const Code &code, uint32_t at,
                      std::vector<uint32_t> &into);
/// Copies a call's arguments into the callee's frame, its results back.
void passArguments(Warp &warp, Frame &callee, const Instruction &site,
                   Mask lanes);
void passResults(Warp &warp, Frame &callee, Mask lanes);

} // namespace emulator

#endif
