// SPDX-License-Identifier: Apache-2.0
// The CPUs that code can be generated for. Facts come from LLVM's description
// of the CPU; only what it doesn't know (caches) is a table here.
#include "codegen/cpu/Targets.h"
#include "codegen/cpu/Emit.h"

#include "dlc/abi.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"

using namespace mlir;
using namespace dlc;

static constexpr llvm::StringLiteral kTriple = "x86_64-unknown-linux-gnu";
static constexpr int64_t kL1Bytes = 32 << 10;

ArrayRef<StringRef> cpu::getDefaultTargets() {
  static const StringRef targets[] = {"x86-64-v3", "x86-64-v4"};
  return targets;
}

/// Whether \p subtarget has all of \p features.
static bool hasAll(const llvm::MCSubtargetInfo &subtarget,
                   ArrayRef<StringRef> features) {
  return llvm::all_of(features, [&](StringRef feature) {
    return subtarget.checkFeatures(("+" + feature).str());
  });
}

/// The bits of enum dlc_abi_cpu_feature that code for \p subtarget needs.
static uint64_t getDispatchBits(const llvm::MCSubtargetInfo &subtarget) {
  uint64_t bits = 0;
  struct Row {
    uint64_t bit;
    SmallVector<StringRef, 5> features;
  };
  const Row rows[] = {
      {DLC_CPU_X86_64_V2, {"sse4.2", "popcnt", "cx16"}},
      {DLC_CPU_X86_64_V3, {"avx2", "fma", "bmi2", "f16c"}},
      {DLC_CPU_X86_64_V4,
       {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}},
      {DLC_CPU_AVX512_VNNI, {"avx512vnni"}},
      {DLC_CPU_AVX512_BF16, {"avx512bf16"}},
      {DLC_CPU_AVX512_FP16, {"avx512fp16"}},
      {DLC_CPU_AVX512_VBMI, {"avx512vbmi"}},
      {DLC_CPU_AVX_VNNI, {"avxvnni"}},
  };
  for (const Row &row : rows)
    if (hasAll(subtarget, row.features))
      bits |= row.bit;
  return bits;
}

device::TargetAttr cpu::getTarget(MLIRContext *context, StringRef name,
                                  std::string &error) {
  initializeLLVM();
  StringRef cpuName = name;
  std::string features;
  if (name == "native") {
    cpuName = llvm::sys::getHostCPUName();
    for (auto &feature : llvm::sys::getHostCPUFeatures())
      if (feature.second)
        features += (features.empty() ? "+" : ",+") + feature.first().str();
  }
  llvm::Triple triple(kTriple);
  const llvm::Target *target =
      llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target)
    return {};
  std::unique_ptr<llvm::MCSubtargetInfo> generic(
      target->createMCSubtargetInfo(triple, "", ""));
  if (!generic->isCPUStringValid(cpuName)) {
    error = ("unknown CPU '" + name +
             "': give an x86-64 level (x86-64-v2, -v3, -v4), 'native' or a CPU "
             "name such as 'znver4'")
                .str();
    return {};
  }
  std::unique_ptr<llvm::MCSubtargetInfo> subtarget(
      target->createMCSubtargetInfo(triple, cpuName, features));
  uint64_t dispatch = getDispatchBits(*subtarget);
  bool hasAvx512 = dispatch & DLC_CPU_X86_64_V4;
  bool hasAvx2 = dispatch & DLC_CPU_X86_64_V3;
  return device::TargetAttr::get(
      context, StringAttr::get(context, name),
      StringAttr::get(context, kTriple), StringAttr::get(context, cpuName),
      StringAttr::get(context, features), dispatch,
      /*vector_bytes=*/
      hasAvx512 ? 64
      : hasAvx2 ? 32
                : 16,
      /*vector_registers=*/hasAvx512 ? 32 : 16, /*masks=*/hasAvx512, kL1Bytes,
      /*l2_bytes=*/hasAvx512 ? 1 << 20 : 512 << 10);
}
