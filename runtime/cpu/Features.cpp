// SPDX-License-Identifier: Apache-2.0
// Detection of CPU features: with cpuid and xgetbv on x86-64, by the kernel's
// word on AArch64. No compiler builtin is used: __builtin_cpu_supports needs
// data of libgcc, which artifacts don't link.
#include "runtime/cpu/Features.h"

#include "runtime/core/Sizes.h"
#include "runtime/core/Status.h"

#include <atomic>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

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
  if (hasAll(more.ecx, bits(8)))
    features |= DLC_CPU_GFNI;

  // AVX-512 F, DQ, CD, BW, VL; the system saves masks and zmm too.
  if (!hasAll(more.ebx, bits(16, 17, 28, 30, 31)) || (saved & 0xe6) != 0xe6)
    return features;
  features |= DLC_CPU_X86_64_V4;
  if (hasAll(more.ecx, bits(1)))
    features |= DLC_CPU_AVX512_VBMI;
  if (hasAll(more.ecx, bits(6)))
    features |= DLC_CPU_AVX512_VBMI2;
  if (hasAll(more.ecx, bits(11)))
    features |= DLC_CPU_AVX512_VNNI;
  if (hasAll(more.ecx, bits(12)))
    features |= DLC_CPU_AVX512_BITALG;
  if (hasAll(more.ecx, bits(14)))
    features |= DLC_CPU_AVX512_VPOPCNTDQ;
  if (hasAll(more.edx, bits(23)))
    features |= DLC_CPU_AVX512_FP16;
  if (hasAll(late.eax, bits(5)))
    features |= DLC_CPU_AVX512_BF16;
  return features;
}

#elif defined(__aarch64__)

static uint64_t detect() {
  struct Row {
    uint64_t feature;
    int which;
    unsigned long bits;
  };
  static const Row rows[] = {
      {DLC_CPU_AARCH64_LSE, AT_HWCAP, HWCAP_ATOMICS},
      {DLC_CPU_AARCH64_RDM, AT_HWCAP, HWCAP_ASIMDRDM},
      {DLC_CPU_AARCH64_FP16, AT_HWCAP, HWCAP_FPHP | HWCAP_ASIMDHP},
      {DLC_CPU_AARCH64_DOTPROD, AT_HWCAP, HWCAP_ASIMDDP},
      {DLC_CPU_AARCH64_FHM, AT_HWCAP, HWCAP_ASIMDFHM},
      {DLC_CPU_AARCH64_FCMA, AT_HWCAP, HWCAP_FCMA},
      {DLC_CPU_AARCH64_JSCVT, AT_HWCAP, HWCAP_JSCVT},
      {DLC_CPU_AARCH64_FLAGM, AT_HWCAP, HWCAP_FLAGM},
      {DLC_CPU_AARCH64_FLAGM2, AT_HWCAP2, HWCAP2_FLAGM2},
      {DLC_CPU_AARCH64_FRINT, AT_HWCAP2, HWCAP2_FRINT},
      {DLC_CPU_AARCH64_SHA3, AT_HWCAP, HWCAP_SHA3},
      {DLC_CPU_AARCH64_I8MM, AT_HWCAP2, HWCAP2_I8MM},
      {DLC_CPU_AARCH64_BF16, AT_HWCAP2, HWCAP2_BF16},
  };
  uint64_t features = 0;
  for (const Row &row : rows)
    if ((getauxval(row.which) & row.bits) == row.bits)
      features |= row.feature;
  return features;
}

#else

static uint64_t detect() { return 0; }

#endif

/// The name of a bit of enum dlc_abi_cpu_feature.
static const char *nameOfFeature(unsigned bit) {
  static constexpr const char *kNames[] = {
      "x86-64-v2",   "x86-64-v3",    "x86-64-v4",     "AVX512-VNNI",
      "AVX512-BF16", "AVX512-FP16",  "AVX512-VBMI",   "AVX-VNNI",
      "GFNI",        "AVX512-VBMI2", "AVX512-BITALG", "AVX512-VPOPCNTDQ",
      nullptr,       nullptr,        nullptr,         nullptr,
      "LSE",         "RDM",          "FP16",          "DOTPROD",
      "FHM",         "FCMA",         "JSCVT",         "FLAGM",
      "FLAGM2",      "FRINT",        "SHA3",          "I8MM",
      "BF16"};
  const char *name = bit < sizeof kNames / sizeof *kNames ? kNames[bit] : "";
  return name && *name ? name : "a newer extension";
}

/// Writes the names of \p features, as far as \p size bytes reach.
static void listFeatures(uint64_t features, char *text, size_t size) {
  size_t length = 0;
  *text = 0;
  for (unsigned bit = 0; bit < 64 && length < size; ++bit)
    if (features >> bit & 1)
      length += size_t(snprintf(text + length, size - length, "%s%s",
                                length ? ", " : "", nameOfFeature(bit)));
}

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

/// The features of the level called \p name, or false: a level of x86-64, or
/// AArch64 without any extension.
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
  features = 0;
  return strcmp(name, "armv8-a") == 0;
}

dlc_status dlc::runtime::chooseTarget(const dlc_abi_model &model,
                                      uint64_t features, const char *wanted,
                                      uint32_t &index) {
  if (model.num_targets == 0 && getCuda(model))
    return fail(DLC_ERROR_CPU,
                "model '%s' was compiled for CUDA devices only; run it on "
                "cuda:0, or compile it with --target cpu,cuda",
                model.name);
  bool known = false;
  uint64_t missing = 0;
  for (uint32_t i = model.num_targets; i-- > 0;) {
    if (wanted && strcmp(model.targets[i].name, wanted) != 0)
      continue;
    known = true;
    missing = model.targets[i].features & ~features;
    if (missing)
      continue;
    index = i;
    return DLC_OK;
  }
  if (wanted && !known)
    return fail(DLC_ERROR_NOT_FOUND, "model '%s' has no target '%s'",
                model.name, wanted);
  char list[256];
  listFeatures(missing, list, sizeof list);
  return fail(DLC_ERROR_CPU,
              "model '%s' needs %s, which this CPU lacks; compile it with a "
              "lower --cpu",
              model.name, list);
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
