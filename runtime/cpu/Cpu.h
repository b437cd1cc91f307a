// SPDX-License-Identifier: Apache-2.0
// The few instructions that C++ has no word for.
#ifndef DLC_RUNTIME_CPU_CPU_H
#define DLC_RUNTIME_CPU_CPU_H

#include <stdint.h>

namespace dlc::runtime {

/// Tells the core that this thread spins.
inline void pauseCpu() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/// A counter of constant rate; cheap to read.
inline uint64_t readTicks() {
#if defined(__aarch64__)
  uint64_t ticks;
  __asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
  return ticks;
#else
  return __builtin_readcyclecounter();
#endif
}

/// About 100 us in ticks. The rate of x86's counter is 2 to 4 GHz.
inline uint64_t ticksToSpin() {
#if defined(__aarch64__)
  uint64_t rate;
  __asm__ volatile("mrs %0, cntfrq_el0" : "=r"(rate));
  return rate / 10000;
#else
  return 300000;
#endif
}

/// While alive, floating-point arithmetic of this thread rounds to nearest,
/// keeps subnormal numbers and traps nothing, whatever the program has set: a
/// model's values don't depend on the thread that runs it.
class DefaultFloatingPoint {
public:
#if defined(__x86_64__)
  DefaultFloatingPoint() : saved(__builtin_ia32_stmxcsr()) {
    if ((saved & ~kFlags) != kDefault)
      __builtin_ia32_ldmxcsr(kDefault);
  }
  ~DefaultFloatingPoint() {
    if ((saved & ~kFlags) != kDefault)
      __builtin_ia32_ldmxcsr(saved);
  }

private:
  static constexpr uint32_t kFlags = 0x3f, kDefault = 0x1f80;
  uint32_t saved;
#elif defined(__aarch64__)
  DefaultFloatingPoint() {
    __asm__ volatile("mrs %0, fpcr" : "=r"(saved));
    if (saved)
      __asm__ volatile("msr fpcr, %0" : : "r"(uint64_t(0)));
  }
  ~DefaultFloatingPoint() {
    if (saved)
      __asm__ volatile("msr fpcr, %0" : : "r"(saved));
  }

private:
  uint64_t saved;
#else
  DefaultFloatingPoint() {}
#endif
  DefaultFloatingPoint(const DefaultFloatingPoint &) = delete;
  DefaultFloatingPoint &operator=(const DefaultFloatingPoint &) = delete;
};

} // namespace dlc::runtime

#endif // DLC_RUNTIME_CPU_CPU_H
