// SPDX-License-Identifier: Apache-2.0
// What the lowering of kernels asks about a machine.
#ifndef DLC_PASSES_KERNEL_VECTORTARGET_H
#define DLC_PASSES_KERNEL_VECTORTARGET_H

#include <cstdint>
#include <string>

namespace dlc::device {
class TargetAttr;
}

namespace dlc::kernel {

/// Facts of `#device.target`, where they are explained; the values here are
/// its defaults.
struct VectorTarget {
  int64_t vectorBytes = 32;
  int64_t numRegisters = 16;
  bool hasMasks = false;
  int64_t l1Bytes = 32 << 10;
  int64_t l1Ways = 8;
  int64_t l2Bytes = 512 << 10;
  int64_t fmas = 2;
  int64_t fmaLatency = 4;
  int64_t loads = 2;
  int64_t stores = 1;
  /// Whether an instruction multiplies integers of 16 bits and adds
  /// neighbouring products (pmaddwd).
  bool addsPairs = true;
  /// As LLVM spells it: what schedules written beforehand are for.
  std::string cpu;

  /// Lanes of a vector of f32; other element types use as many.
  int64_t getWidth() const { return vectorBytes / 4; }
};

/// The facts of \p attr.
VectorTarget getVectorTarget(device::TargetAttr attr);

} // namespace dlc::kernel

#endif // DLC_PASSES_KERNEL_VECTORTARGET_H
