// SPDX-License-Identifier: Apache-2.0
// What the emulated driver gives to the stand-ins of NVIDIA's libraries,
// through cuGetExportTable as NVIDIA's driver does for its own.
#ifndef EMULATOR_DRIVER_PRIVATE_H
#define EMULATOR_DRIVER_PRIVATE_H

#include <cuda.h>

namespace emulator::driver {

struct PrivateTable {
  /// Runs `work(data)` in a stream, or adds it to the graph being captured; a
  /// code that it gives breaks the context. `destroy(data)` is called when it
  /// can't run again.
  CUresult (*submit)(CUstream stream, CUresult (*work)(void *), void *data,
                     void (*destroy)(void *));
  /// CUDA_SUCCESS if all bytes may be read and were written once; otherwise the
  /// code of the fault, which is told on stderr under the caller's name.
  CUresult (*read)(CUdeviceptr address, size_t bytes, const char *caller);
  /// Likewise for bytes that the caller writes next.
  CUresult (*write)(CUdeviceptr address, size_t bytes, const char *caller);
};

inline constexpr CUuuid privateTableId = {"dlc-emulator/01"};

} // namespace emulator::driver

#endif
