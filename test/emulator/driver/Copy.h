// SPDX-License-Identifier: Apache-2.0
// Copies as callers describe them.
#ifndef EMULATOR_DRIVER_COPY_H
#define EMULATOR_DRIVER_COPY_H

#include "driver/Task.h"

namespace emulator::driver {

/// The task of a copy. CUDA_ERROR_NOT_SUPPORTED if an array takes part.
CUresult makeCopyTask(const CUDA_MEMCPY3D &copy, CopyTask &task);

} // namespace emulator::driver

#endif
