// SPDX-License-Identifier: Apache-2.0
#include "codegen/cpu/Targets.h"

#include "dlc/abi.h"
#include "mlir/IR/MLIRContext.h"
#include <gtest/gtest.h>
#include <unistd.h>

using namespace mlir;
using namespace dlc;

namespace {

class Targets : public testing::Test {
protected:
  Targets() { context.loadDialect<device::DeviceDialect>(); }

  device::TargetAttr get(StringRef name) {
    std::string error;
    device::TargetAttr target = cpu::getTarget(&context, name, error);
    EXPECT_TRUE(target) << error;
    return target;
  }

  MLIRContext context{MLIRContext::Threading::DISABLED};
};

TEST_F(Targets, Levels) {
  device::TargetAttr v3 = get("x86-64-v3"), v4 = get("x86-64-v4");
  EXPECT_EQ(v3.getVectorBytes(), 32);
  EXPECT_EQ(v3.getVectorRegisters(), 16);
  EXPECT_FALSE(v3.getMasks());
  EXPECT_EQ(v3.getDispatch(), DLC_CPU_X86_64_V2 | DLC_CPU_X86_64_V3);
  EXPECT_EQ(v4.getVectorBytes(), 64);
  EXPECT_EQ(v4.getVectorRegisters(), 32);
  EXPECT_TRUE(v4.getMasks());
  EXPECT_EQ(v4.getDispatch(),
            DLC_CPU_X86_64_V2 | DLC_CPU_X86_64_V3 | DLC_CPU_X86_64_V4);
}

TEST_F(Targets, UnitsOf512Bits) {
  // Zen 4 and Ice Lake's client cores do one such multiply-add a cycle.
  for (StringRef name : {"znver4", "icelake-client", "tigerlake"})
    EXPECT_EQ(get(name).getFmas(), 1) << name.str();
  for (StringRef name : {"znver5", "skylake-avx512", "cascadelake",
                         "icelake-server", "sapphirerapids"})
    EXPECT_EQ(get(name).getFmas(), 2) << name.str();
}

TEST_F(Targets, EachRowIsTheCpuItNames) {
#define CPU(name, bytes, registers, ...)                                       \
  {                                                                            \
    device::TargetAttr target = get(name);                                     \
    EXPECT_EQ(target.getVectorBytes(), bytes) << name;                         \
    EXPECT_EQ(target.getVectorRegisters(), registers) << name;                 \
    bool isWide = target.getDispatch() & DLC_CPU_X86_64_V4;                    \
    EXPECT_EQ(isWide, bytes == 64) << name;                                    \
  }
#include "codegen/cpu/Targets.def"
#define ALIAS(name, row)                                                       \
  EXPECT_EQ(get(name).getL2Bytes(), get(row).getL2Bytes()) << name;
#include "codegen/cpu/Targets.def"
}

TEST_F(Targets, CpusWithoutARowTakeThatOfTheirLevel) {
  EXPECT_EQ(get("alderlake").getL2Bytes(), get("x86-64-v3").getL2Bytes());
  EXPECT_EQ(get("nehalem").getVectorBytes(), 16);
  EXPECT_EQ(get("apple-m1").getFmas(), get("armv8-a").getFmas());
}

TEST_F(Targets, Aarch64HasNeonOnly) {
  for (StringRef name :
       {"armv8-a", "cortex-a72", "neoverse-n1", "neoverse-v1", "neoverse-v2"}) {
    device::TargetAttr target = get(name);
    EXPECT_EQ(target.getTriple().getValue(), "aarch64-unknown-linux-gnu");
    EXPECT_EQ(target.getVectorBytes(), 16);
    EXPECT_EQ(target.getVectorRegisters(), 32);
    EXPECT_TRUE(target.getFeatures().getValue().contains("-sve"));
  }
  EXPECT_EQ(get("armv8-a").getDispatch(), 0u);
  EXPECT_EQ(get("cortex-a72").getDispatch(), 0u);
  EXPECT_EQ(get("neoverse-n1").getDispatch(),
            DLC_CPU_AARCH64_LSE | DLC_CPU_AARCH64_RDM | DLC_CPU_AARCH64_FP16 |
                DLC_CPU_AARCH64_DOTPROD);
  EXPECT_TRUE(get("neoverse-v1").getDispatch() & DLC_CPU_AARCH64_BF16);
}

TEST_F(Targets, NativeReadsTheHost) {
  device::TargetAttr target = get("native");
  EXPECT_NE(target.getCpu().getValue(), "native");
  if (long l1 = sysconf(_SC_LEVEL1_DCACHE_SIZE); l1 > 0)
    EXPECT_EQ(target.getL1Bytes(), l1);
  if (long l2 = sysconf(_SC_LEVEL2_CACHE_SIZE); l2 > 0)
    EXPECT_EQ(target.getL2Bytes(), l2);
#if defined(__x86_64__)
  EXPECT_EQ((target.getDispatch() & DLC_CPU_X86_64_V3) != 0,
            bool(__builtin_cpu_supports("x86-64-v3")));
  EXPECT_EQ((target.getDispatch() & DLC_CPU_X86_64_V4) != 0,
            bool(__builtin_cpu_supports("x86-64-v4")));
#endif
}

TEST_F(Targets, UnknownNames) {
  for (StringRef name : {"x86-64-v9", "", "armv9", "Neoverse-N1"}) {
    std::string error;
    EXPECT_FALSE(cpu::getTarget(&context, name, error)) << name.str();
    EXPECT_NE(error.find("unknown CPU '" + name.str() + "'"), std::string::npos)
        << error;
  }
}

} // namespace
