// SPDX-License-Identifier: Apache-2.0
// The CPUs that code can be generated for: instruction sets from LLVM's
// description of the CPU, all else from the table in Targets.def.
#include "codegen/cpu/Targets.h"
#include "codegen/cpu/Emit.h"

#include "dlc/abi.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"

#include <unistd.h>

using namespace mlir;
using namespace dlc;

static constexpr llvm::StringLiteral kX86Triple = "x86_64-unknown-linux-gnu";
static constexpr llvm::StringLiteral kArmTriple = "aarch64-unknown-linux-gnu";
static constexpr llvm::StringLiteral kNoSve = "-sve,-sve2,-sme";
/// What the command line calls LLVM's "generic" CPU of AArch64.
static constexpr llvm::StringLiteral kArmBaseline = "armv8-a";

ArrayRef<StringRef> cpu::getDefaultTargets() {
  static const StringRef targets[] = {"x86-64-v3", "x86-64-v4"};
  return targets;
}

//===----------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------===//

namespace {
struct CpuFacts {
  StringRef name;
  int64_t vectorBytes, vectorRegisters;
  bool masks;
  int64_t fmas, fmaLatency, loads, stores;
  int64_t l1KiB, l1Ways, l2KiB, l3KiB, mhz, memoryMbps, l2Rate, l3Rate;
};
} // namespace

static const CpuFacts *findFacts(StringRef name) {
  static const CpuFacts rows[] = {
#define CPU(...) {__VA_ARGS__},
#include "codegen/cpu/Targets.def"
  };
  static const std::pair<StringRef, StringRef> aliases[] = {
#define ALIAS(name, row) {name, row},
#include "codegen/cpu/Targets.def"
  };
  for (auto [alias, row] : aliases)
    if (alias == name)
      name = row;
  const CpuFacts *found = llvm::find_if(
      rows, [&](const CpuFacts &row) { return row.name == name; });
  return found == std::end(rows) ? nullptr : found;
}

//===----------------------------------------------------------------------===//
// Features
//===----------------------------------------------------------------------===//

/// Bits of enum dlc_abi_cpu_feature and the features of LLVM's that stand for
/// them: all must be there. Those that no row has are part of a level or never
/// used by kernels.
static constexpr struct {
  uint64_t bit;
  llvm::StringLiteral features;
} kX86Features[] =
    {
        {DLC_CPU_X86_64_V2, "+sse4.2,+popcnt,+cx16"},
        {DLC_CPU_X86_64_V3, "+avx2,+fma,+bmi2,+f16c"},
        {DLC_CPU_X86_64_V4, "+avx512f,+avx512bw,+avx512cd,+avx512dq,+avx512vl"},
        {DLC_CPU_AVX512_VNNI, "+avx512vnni"},
        {DLC_CPU_AVX512_BF16, "+avx512bf16"},
        {DLC_CPU_AVX512_FP16, "+avx512fp16"},
        {DLC_CPU_AVX512_VBMI, "+avx512vbmi"},
        {DLC_CPU_AVX_VNNI, "+avxvnni"},
        {DLC_CPU_GFNI, "+gfni"},
        {DLC_CPU_AVX512_VBMI2, "+avx512vbmi2"},
        {DLC_CPU_AVX512_BITALG, "+avx512bitalg"},
        {DLC_CPU_AVX512_VPOPCNTDQ, "+avx512vpopcntdq"},
},
  kArmFeatures[] = {
      {DLC_CPU_AARCH64_LSE, "+lse"},
      {DLC_CPU_AARCH64_RDM, "+rdm"},
      {DLC_CPU_AARCH64_FP16, "+fullfp16"},
      {DLC_CPU_AARCH64_DOTPROD, "+dotprod"},
      {DLC_CPU_AARCH64_FHM, "+fp16fml"},
      {DLC_CPU_AARCH64_FCMA, "+complxnum"},
      {DLC_CPU_AARCH64_JSCVT, "+jsconv"},
      {DLC_CPU_AARCH64_FLAGM, "+flagm"},
      {DLC_CPU_AARCH64_FLAGM2, "+altnzcv"},
      {DLC_CPU_AARCH64_FRINT, "+fptoint"},
      {DLC_CPU_AARCH64_SHA3, "+sha3"},
      {DLC_CPU_AARCH64_I8MM, "+i8mm"},
      {DLC_CPU_AARCH64_BF16, "+bf16"},
};

/// The bits of enum dlc_abi_cpu_feature that code for \p subtarget needs.
static uint64_t getDispatchBits(const llvm::MCSubtargetInfo &subtarget,
                                bool isX86) {
  uint64_t bits = 0;
  auto add = [&](const auto &rows) {
    for (const auto &row : rows)
      if (subtarget.checkFeatures(row.features))
        bits |= row.bit;
  };
  if (isX86)
    add(kX86Features);
  else
    add(kArmFeatures);
  return bits;
}

//===----------------------------------------------------------------------===//
// Targets
//===----------------------------------------------------------------------===//

/// The row for a CPU that the table doesn't have, by its features.
static StringRef getCommonRow(bool isX86, uint64_t dispatch) {
  if (!isX86)
    return kArmBaseline;
  return dispatch & DLC_CPU_X86_64_V4   ? "x86-64-v4"
         : dispatch & DLC_CPU_X86_64_V3 ? "x86-64-v3"
                                        : "x86-64-v2";
}

/// Replaces sizes of caches by those that the host reports. The last one is
/// shared by a number of cores that it doesn't report.
static void readHostCaches(CpuFacts &facts) {
  auto read = [](int name, int64_t &value, int64_t unit) {
    if (long reported = sysconf(name); reported > 0 && reported % unit == 0)
      value = reported / unit;
  };
  read(_SC_LEVEL1_DCACHE_SIZE, facts.l1KiB, 1024);
  read(_SC_LEVEL1_DCACHE_ASSOC, facts.l1Ways, 1);
  read(_SC_LEVEL2_CACHE_SIZE, facts.l2KiB, 1024);
}

static std::unique_ptr<llvm::MCSubtargetInfo>
makeSubtarget(StringRef tripleName, StringRef cpuName, StringRef features) {
  llvm::Triple triple(tripleName);
  std::string error;
  const llvm::Target *target =
      llvm::TargetRegistry::lookupTarget(triple, error);
  return std::unique_ptr<llvm::MCSubtargetInfo>(
      target ? target->createMCSubtargetInfo(triple, cpuName, features)
             : nullptr);
}

/// How the host differs from \p cpuName, which it is, as LLVM writes features:
/// a virtual machine may hide some.
static std::string getHostFeatures(StringRef triple, StringRef cpuName) {
  auto subtarget = makeSubtarget(triple, cpuName, "");
  SmallVector<std::string> features;
  for (auto &feature : llvm::sys::getHostCPUFeatures()) {
    std::string name = feature.first().str();
    if (feature.second != subtarget->checkFeatures("+" + name))
      features.push_back((feature.second ? "+" : "-") + name);
  }
  llvm::sort(features);
  return llvm::join(features, ",");
}

/// Whether LLVM has a CPU called \p name for \p triple.
static bool isKnown(StringRef triple, StringRef name) {
  auto generic = makeSubtarget(triple, "", "");
  return generic && generic->isCPUStringValid(name);
}

/// The triple of \p cpuName, or "" where it is no CPU.
static StringRef findTriple(StringRef name, StringRef cpuName) {
  if (name == "native")
    return llvm::Triple(llvm::sys::getProcessTriple()).isAArch64() ? kArmTriple
                                                                   : kX86Triple;
  if (name == kArmBaseline)
    return kArmTriple;
  for (StringRef triple : {kX86Triple, kArmTriple})
    if (isKnown(triple, cpuName))
      return triple;
  return "";
}

device::TargetAttr cpu::getTarget(MLIRContext *context, StringRef name,
                                  std::string &error) {
  initializeLLVM();
  bool isNative = name == "native";
  StringRef cpuName = isNative               ? llvm::sys::getHostCPUName()
                      : name == kArmBaseline ? StringRef("generic")
                                             : name;
  StringRef triple = findTriple(name, cpuName);
  if (triple.empty()) {
    error = ("unknown CPU '" + name +
             "': give an x86-64 level (x86-64-v2, -v3, -v4), 'armv8-a', "
             "'native' or a CPU name such as 'znver4' or 'neoverse-n1'")
                .str();
    return {};
  }
  bool isX86 = triple == kX86Triple;
  std::string features = isNative ? getHostFeatures(triple, cpuName) : "";
  // Vectors have one size: code for NEON must not use SVE.
  if (!isX86)
    features += (features.empty() ? "" : ",") + kNoSve.str();
  auto subtarget = makeSubtarget(triple, cpuName, features);
  uint64_t dispatch = getDispatchBits(*subtarget, isX86);
  const CpuFacts *row = findFacts(cpuName);
  bool hidesFeatures =
      isX86 && row && row->vectorBytes == 64 && !(dispatch & DLC_CPU_X86_64_V4);
  CpuFacts facts =
      row && !hidesFeatures ? *row : *findFacts(getCommonRow(isX86, dispatch));
  if (isNative)
    readHostCaches(facts);
  return device::TargetAttr::get(
      context, StringAttr::get(context, name), StringAttr::get(context, triple),
      StringAttr::get(context, cpuName), StringAttr::get(context, features),
      dispatch, facts.vectorBytes, facts.vectorRegisters, facts.masks,
      facts.l1KiB << 10, facts.l2KiB << 10, facts.l1Ways, facts.l3KiB << 10,
      facts.fmas, facts.fmaLatency, facts.loads, facts.stores, facts.mhz,
      facts.memoryMbps, facts.l2Rate, facts.l3Rate);
}
