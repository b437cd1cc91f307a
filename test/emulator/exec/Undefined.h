// SPDX-License-Identifier: Apache-2.0
// Values that nobody wrote.
//
// Loading, moving and computing with them is no fault: padding is copied with
// its structure, and what is beyond an edge is loaded and not looked at. It
// becomes one where an address, the way that control takes or what reaches
// global memory depends on them; then the fault names the load.
//
// Behind a frame's registers lie their states, in the same layout: a bit that
// is set is undefined. All of them are clear until a load finds what nobody
// wrote. From then on the warp runs `runTracked`, which keeps the states beside
// the values, until none is set.
#ifndef EMULATOR_EXEC_UNDEFINED_H
#define EMULATOR_EXEC_UNDEFINED_H

#include "exec/Block.h"

namespace emulator {

struct Lanes;

/// Runs an instruction by the lanes of the running fragment; `lanes` are those
/// whose guard lets them.
Next runTracked(Warp &warp, const Instruction &i, Mask lanes);

/// Sets the states of a load's results where `where` says that nobody wrote
/// them. `width`: bytes of a register, `bytes` of an element in memory.
void noteLoaded(Warp &warp, const Instruction &i, Mask lanes,
                const Lanes &where, const uint64_t (&addresses)[warpSize],
                const int32_t *slots, unsigned width, unsigned bytes,
                bool isSigned);

/// The origin of what a load found, for noteUndefined.
uint16_t originOf(Warp &warp, const Instruction &i, const Lanes &where,
                  const uint64_t (&addresses)[warpSize], unsigned bytes);
/// Sets the states of some bytes of a register in one lane.
void noteUndefined(Warp &warp, int32_t slot, unsigned width, unsigned lane,
                   unsigned from, unsigned bytes, uint16_t origin);

/// After a store of one lane to `to`: what is undefined of it stays so in
/// memory. False after recording a fault. `states`: of the `bytes`; `origin`:
/// of them.
bool noteStored(Warp &warp, unsigned lane, const Lanes &where, unsigned offset,
                const uint8_t *states, unsigned bytes, uint16_t origin);

/// The same for a store of `count` registers of each lane.
bool noteStored(Warp &warp, const Instruction &i, Mask lanes,
                const Lanes &where, const int32_t *slots, unsigned width,
                unsigned bytes);

/// Where the states of a register and what they come from are; null for
/// constants.
const uint8_t *statesOf(const Warp &warp, int32_t slot);
uint16_t originAt(const Warp &warp, int32_t slot, unsigned lane);

} // namespace emulator

#endif
