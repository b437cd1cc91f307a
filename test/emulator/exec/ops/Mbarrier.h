// SPDX-License-Identifier: Apache-2.0
// What copies and the barriers that count them need of each other.
#ifndef EMULATOR_EXEC_OPS_MBARRIER_H
#define EMULATOR_EXEC_OPS_MBARRIER_H

#include "exec/ops/Memory.h"

namespace emulator {

/// Decodes a barrier's address into `a` and its space into `e`.
void barrierAddress(Decoder &decoder, const Operand &operand);
/// Finds the barriers that lanes name; false after a fault.
bool barrierWords(Warp &warp, const Instruction &i, Mask lanes, AccessKind kind,
                  Lanes &where, uint64_t (&addresses)[warpSize]);
/// One arrival at the barrier at `at`, which has this address.
void arriveOnce(Warp &warp, uint8_t *at, uint64_t address);
/// Lands the bulk copies that a barrier counts, since a lane looks at it.
void landBulkCopies(Warp &warp, unsigned lane, uint32_t barrier);

/// The rest of `cp.async.bulk`.
void decodeBulkCopy(Decoder &decoder);

} // namespace emulator

#endif
