// SPDX-License-Identifier: Apache-2.0
// Launches: what is checked before a kernel runs.
#ifndef EMULATOR_DRIVER_LAUNCH_H
#define EMULATOR_DRIVER_LAUNCH_H

#include "driver/Task.h"

namespace emulator::driver {

/// A launch as a caller describes it.
struct LaunchRequest {
  CUfunction function = nullptr;
  Dim3 grid, block;
  unsigned shared = 0;
  void **parameters = nullptr; ///< one address a parameter
  void **extra = nullptr;      ///< or CU_LAUNCH_PARAM_ codes and values
  bool cooperative = false;
  Dim3 cluster = {0, 0, 0}; ///< as an attribute says; 0: it doesn't
};

/// The task of a launch in a context, its parameters copied. A shape that the
/// device can't run is told on stderr and gives the code that the driver gives.
CUresult makeKernelTask(Context &context, const LaunchRequest &request,
                        KernelTask &task);

} // namespace emulator::driver

#endif
