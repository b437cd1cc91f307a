// SPDX-License-Identifier: Apache-2.0
// What the environment says about the machine to emulate.
#ifndef EMULATOR_DRIVER_ENVIRONMENT_H
#define EMULATOR_DRIVER_ENVIRONMENT_H

#include <cstddef>

namespace emulator::driver {

struct Environment {
  int devices;    ///< DLC_EMULATOR_DEVICES, default 1
  int sm;         ///< DLC_EMULATOR_SM, default 90
  size_t memory;  ///< DLC_EMULATOR_MEMORY, bytes a device, default 8 GiB
  bool lazy;      ///< DLC_EMULATOR_ASYNC=1: nothing runs before it must
  bool leaks;     ///< DLC_EMULATOR_LEAKS=1: tell at exit what was not freed
  unsigned order; ///< DLC_EMULATOR_ORDER, of nodes of graphs, default 0: none
  size_t sample;  ///< DLC_EMULATOR_SAMPLE, instructions, default 0: no end
};

/// Read once. A value that is no number, or out of range, ends the process
/// with one line on stderr: a test must not pass on another machine than it
/// asked for.
const Environment &environment();

} // namespace emulator::driver

#endif
