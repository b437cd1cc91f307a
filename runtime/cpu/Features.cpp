// SPDX-License-Identifier: Apache-2.0
// Detection of CPU features with cpuid and xgetbv. No compiler builtin is used:
// __builtin_cpu_supports needs data of libgcc, which artifacts don't link.
#include "runtime/cpu/Features.h"

#include "runtime/core/Status.h"

#include <atomic>
#include <stdlib.h>
#include <string.h>

using namespace dlc::runtime;

#if defined(__x86_64__)

namespace {
struct CpuId {
  uint32_t eax, ebx, ecx, edx;
};
} // namespace

static CpuId cpuid(uint32_t leaf, uint32_t subleaf) {
  CpuId id;
  __asm__("cpuid"
          : "=a"(id.eax), "=b"(id.ebx), "=c"(id.ecx), "=d"(id.edx)
          : "a"(leaf), "c"(subleaf));
  return id;
}

/// The register states that the operating system saves (XCR0).
static uint64_t savedStates() {
  uint32_t low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return uint64_t(high) << 32 | low;
}

static constexpr uint32_t bits() { return 0; }
template <typename... Rest>
static constexpr uint32_t bits(unsigned first, Rest... rest) {
  return 1u << first | bits(rest...);
}

static bool hasAll(uint32_t value, uint32_t mask) {
  return (value & mask) == mask;
}

static uint64_t detect() {
  uint32_t maxLeaf = cpuid(0, 0).eax;
  CpuId basic = cpuid(1, 0);
  CpuId extended = {};
  if (cpuid(0x80000000, 0).eax >= 0x80000001)
    extended = cpuid(0x80000001, 0);

  // SSE3, SSSE3, CX16, SSE4.1, SSE4.2, POPCNT; LAHF.
  if (!hasAll(basic.ecx, bits(0, 9, 13, 19, 20, 23)) ||
      !hasAll(extended.ecx, bits(0)))
    return 0;
  uint64_t features = DLC_CPU_X86_64_V2;

  // FMA, MOVBE, OSXSAVE, AVX, F16C; LZCNT.
  if (maxLeaf < 7 || !hasAll(basic.ecx, bits(12, 22, 27, 28, 29)) ||
      !hasAll(extended.ecx, bits(5)))
    return features;
  uint64_t saved = savedStates();
  CpuId more = cpuid(7, 0);
  // BMI1, AVX2, BMI2; the system saves xmm and ymm.
  if (!hasAll(more.ebx, bits(3, 5, 8)) || (saved & 0x6) != 0x6)
    return features;
  features |= DLC_CPU_X86_64_V3;
  CpuId late = {};
  if (more.eax >= 1)
    late = cpuid(7, 1);
  if (hasAll(late.eax, bits(4)))
    features |= DLC_CPU_AVX_VNNI;

  // AVX-512 F, DQ, CD, BW, VL; the system saves masks and zmm too.
  if (!hasAll(more.ebx, bits(16, 17, 28, 30, 31)) || (saved & 0xe6) != 0xe6)
    return features;
  features |= DLC_CPU_X86_64_V4;
  if (hasAll(more.ecx, bits(1)))
    features |= DLC_CPU_AVX512_VBMI;
  if (hasAll(more.ecx, bits(11)))
    features |= DLC_CPU_AVX512_VNNI;
  if (hasAll(more.edx, bits(23)))
    features |= DLC_CPU_AVX512_FP16;
  if (hasAll(late.eax, bits(5)))
    features |= DLC_CPU_AVX512_BF16;
  return features;
}

#else

static uint64_t detect() { return 0; }

#endif

/// Set beside the features in the cache once they are known.
static constexpr uint64_t kDetected = uint64_t(1) << 63;

uint64_t dlc::runtime::cpuFeatures() {
  static std::atomic<uint64_t> cache{0};
  uint64_t features = cache.load(std::memory_order_relaxed);
  if (!features) {
    features = detect() | kDetected;
    cache.store(features, std::memory_order_relaxed);
  }
  return features & ~kDetected;
}

/// The features of the level of x86-64 called \p name, or false.
static bool featuresOfLevel(const char *name, uint64_t &features) {
  static constexpr const char *kLevels[] = {"x86-64", "x86-64-v2", "x86-64-v3",
                                            "x86-64-v4"};
  features = 0;
  for (unsigned level = 0; level < 4; ++level) {
    if (level > 0)
      features |= uint64_t(1) << (level - 1);
    if (strcmp(name, kLevels[level]) == 0)
      return true;
  }
  return false;
}

dlc_status dlc::runtime::chooseTarget(const dlc_abi_model &model,
                                      uint64_t features, const char *wanted,
                                      uint32_t &index) {
  bool known = false;
  for (uint32_t i = model.num_targets; i-- > 0;) {
    if (wanted && strcmp(model.targets[i].name, wanted) != 0)
      continue;
    known = true;
    if ((model.targets[i].features & ~features) != 0)
      continue;
    index = i;
    return DLC_OK;
  }
  if (wanted && !known)
    return fail(DLC_ERROR_NOT_FOUND, "model '%s' has no target '%s'",
                model.name, wanted);
  const char *least = model.num_targets ? model.targets[0].name : "none";
  return fail(DLC_ERROR_CPU,
              "model '%s' needs a CPU with %s, which this one is not; compile "
              "it with a lower --cpu",
              model.name, wanted ? wanted : least);
}

dlc_status dlc::runtime::chooseTargetForCpu(const dlc_abi_model &model,
                                            const char *wanted,
                                            uint32_t &index) {
  uint64_t features = cpuFeatures();
  if (wanted)
    return chooseTarget(model, features, wanted, index);
  const char *environment = getenv("DLC_CPU");
  if (!environment || !*environment)
    return chooseTarget(model, features, nullptr, index);
  uint64_t visible;
  if (featuresOfLevel(environment, visible))
    return chooseTarget(model, features & visible, nullptr, index);
  return chooseTarget(model, features, environment, index);
}
