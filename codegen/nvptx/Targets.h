// SPDX-License-Identifier: Apache-2.0
// The GPUs that code can be generated for.
#ifndef DLC_CODEGEN_NVPTX_TARGETS_H
#define DLC_CODEGEN_NVPTX_TARGETS_H

#include "dialects/device/DeviceOps.h"
#include <optional>

namespace dlc::nvptx {

/// The lowest compute capability that code is generated for where `--sm` isn't
/// given.
inline constexpr int64_t kDefaultSm = 80;

/// Describes the chips of compute capability \p sm. Sets \p error and returns
/// null where that isn't known.
device::GpuAttr getGpu(mlir::MLIRContext *context, int64_t sm,
                       std::string &error);

/// What a multiprocessor holds at once, at most.
struct Multiprocessor {
  int64_t sharedBytes, blocks, threads;
};

/// The multiprocessor of the chips of compute capability \p sm; nothing where
/// that isn't known.
std::optional<Multiprocessor> getMultiprocessor(int64_t sm);

} // namespace dlc::nvptx

#endif // DLC_CODEGEN_NVPTX_TARGETS_H
