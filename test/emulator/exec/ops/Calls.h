// SPDX-License-Identifier: Apache-2.0
// Calls of functions, and the functions that the driver provides.
#ifndef EMULATOR_EXEC_OPS_CALLS_H
#define EMULATOR_EXEC_OPS_CALLS_H

#include "exec/Decoder.h"
#include "exec/Warp.h"

namespace emulator {

/// An argument or result at a call.
struct Argument {
  bool isMemory = false;
  uint32_t offset = 0, size = 0; ///< in the caller's local memory
  int32_t slot = 0;              ///< else a register's or constant's
  uint8_t width = 4;
};

/// A function of the driver: arguments and result are those of the call.
using Builtin = Next (*)(Warp &, const Instruction &, Mask,
                         const struct CallSite &);

struct CallSite : Extra {
  std::vector<Argument> arguments, results;
  int64_t callee = -1; ///< index in the program; -1: by register
  Builtin builtin = nullptr;
};

/// The driver's function of this name, or null.
Builtin builtinNamed(std::string_view name);
/// One argument's value for one lane.
uint64_t argumentValue(Warp &warp, const Argument &argument, unsigned lane);
void setResult(Warp &warp, const Argument &result, unsigned lane,
               uint64_t value);

void decodeCall(Decoder &decoder);
/// At a ret: results in registers are used there.
void useReturnRegisters(Decoder &decoder);

} // namespace emulator

#endif
