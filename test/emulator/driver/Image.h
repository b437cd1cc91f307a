// SPDX-License-Identifier: Apache-2.0
// What a module is loaded from.
#ifndef EMULATOR_DRIVER_IMAGE_H
#define EMULATOR_DRIVER_IMAGE_H

#include "driver/Chips.h"

#include <string>

namespace emulator::driver {

/// The PTX text of an image: text itself, or what a fatbin holds for the chip.
/// Machine code alone gives CUDA_ERROR_NO_BINARY_FOR_GPU.
CUresult ptxOf(const void *image, const Chip &chip, std::string &text);

/// What the first lines of PTX say; 0 where they don't.
struct PtxHeader {
  int version = 0; ///< 90 for 9.0
  int sm = 0;      ///< 90 for sm_90a
  char suffix = 0; ///< 'a' of sm_90a, 'f' of sm_100f
};
PtxHeader headerOf(const std::string &text);

} // namespace emulator::driver

#endif
