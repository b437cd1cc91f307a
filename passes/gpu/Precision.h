// SPDX-License-Identifier: Apache-2.0
// How exactly contractions of f32 are computed.
#ifndef DLC_PASSES_GPU_PRECISION_H
#define DLC_PASSES_GPU_PRECISION_H

#include "llvm/ADT/StringSwitch.h"
#include <optional>

namespace dlc::kernel {

/// What factors of f32 are rounded to.
enum class Precision { Float32, Tf32, Float16, BFloat16 };

/// The precision of the name \p name, as `--precision`; nothing for others.
inline std::optional<Precision> parsePrecision(llvm::StringRef name) {
  return llvm::StringSwitch<std::optional<Precision>>(name)
      .Case("float32", Precision::Float32)
      .Case("tf32", Precision::Tf32)
      .Case("float16", Precision::Float16)
      .Case("bfloat16", Precision::BFloat16)
      .Default(std::nullopt);
}

} // namespace dlc::kernel

#endif // DLC_PASSES_GPU_PRECISION_H
