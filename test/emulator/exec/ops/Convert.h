// SPDX-License-Identifier: Apache-2.0
#ifndef EMULATOR_EXEC_OPS_CONVERT_H
#define EMULATOR_EXEC_OPS_CONVERT_H

#include "exec/ops/Elementwise.h"
#include "exec/ops/Half.h"

namespace emulator {

/// Decodes cvt.pack, cvt to and from pairs, tf32 and 8-bit floats; false if it
/// is none of them.
bool decodePackedConversion(Decoder &decoder);

} // namespace emulator

#endif
