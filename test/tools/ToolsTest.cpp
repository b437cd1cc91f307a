// SPDX-License-Identifier: Apache-2.0
// Tests of the parts of `dlc` that run without an artifact: how values are
// compared, and how ELF files are checked before they are loaded.
#include "tools/dlc/Elf.h"
#include "tools/dlc/Values.h"

#include "gtest/gtest.h"
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <unistd.h>

using namespace dlc;
using namespace dlc::tool;

namespace {

constexpr npz::DType float32 = {npz::kFloat, 32};

Comparison compareFloats(std::vector<float> got, std::vector<float> want,
                         Tolerance tolerance = {}) {
  return compare(float32, reinterpret_cast<char *>(got.data()),
                 reinterpret_cast<char *>(want.data()), got.size(), tolerance);
}

TEST(Compare, IsRelativeToTheLargestValue) {
  EXPECT_TRUE(compareFloats({100, 0.009f}, {100, 0}).passed);
  Comparison result = compareFloats({100, 0.02f, 0}, {100, 0, 0});
  EXPECT_FALSE(result.passed);
  EXPECT_EQ(result.worst, 1u);
  EXPECT_NEAR(result.maxError, 0.02, 1e-6);
  EXPECT_NEAR(result.limit, 0.01001, 1e-9);
}

TEST(Compare, HasAnAbsoluteLimit) {
  EXPECT_TRUE(compareFloats({1e-5f / 2}, {0}).passed);
  EXPECT_FALSE(compareFloats({1e-5f / 2}, {0}, {0, 1e-6}).passed);
}

TEST(Compare, WantsTheSameInfinitiesAndNaNs) {
  float infinity = std::numeric_limits<float>::infinity();
  EXPECT_TRUE(compareFloats({NAN, infinity, 1}, {NAN, infinity, 1}).passed);
  EXPECT_FALSE(compareFloats({NAN}, {1}).passed);
  EXPECT_FALSE(compareFloats({1}, {NAN}).passed);
  EXPECT_FALSE(compareFloats({infinity}, {-infinity}).passed);
  EXPECT_FALSE(compareFloats({infinity, 5}, {infinity, 1}).passed)
      << "an infinity must not widen the limit";
}

TEST(Compare, WantsEqualIntegers) {
  int32_t got = 1000000, want = 1000001;
  EXPECT_FALSE(compare({npz::kInt, 32}, reinterpret_cast<char *>(&got),
                       reinterpret_cast<char *>(&want), 1, {})
                   .passed);
  EXPECT_TRUE(compare({npz::kInt, 32}, reinterpret_cast<char *>(&want),
                      reinterpret_cast<char *>(&want), 1, {})
                  .passed);
}

TEST(Compare, EmptyTensorsAgree) { EXPECT_TRUE(compareFloats({}, {}).passed); }

TEST(Values, RoundTripInEveryType) {
  const npz::DType dtypes[] = {
      {npz::kBool, 8},    {npz::kInt, 8},      {npz::kInt, 16},
      {npz::kInt, 32},    {npz::kInt, 64},     {npz::kUInt, 8},
      {npz::kUInt, 16},   {npz::kUInt, 32},    {npz::kUInt, 64},
      {npz::kFloat, 16},  {npz::kFloat, 32},   {npz::kFloat, 64},
      {npz::kBFloat, 16}, {npz::kComplex, 64}, {npz::kComplex, 128}};
  for (npz::DType dtype : dtypes) {
    char element[16];
    storeValue(dtype, element, 0.9);
    double value = loadValue(dtype, element);
    if (dtype.code == npz::kBool || dtype.code == npz::kInt ||
        dtype.code == npz::kUInt)
      EXPECT_EQ(value, 1) << npz::dtypeName(dtype);
    else
      EXPECT_NEAR(value, 0.9, 0.004) << npz::dtypeName(dtype);
  }
}

/// A file of some bytes that is removed with the object.
class CutFile {
public:
  explicit CutFile(const std::string &bytes)
      : path(testing::TempDir() + "elf-test-" + std::to_string(getpid())) {
    std::ofstream(path, std::ios::binary) << bytes;
  }
  ~CutFile() { unlink(path.c_str()); }
  const std::string path;
};

std::string artifactBytes() {
  std::ifstream stream(DLC_TEST_ARTIFACT, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

TEST(Elf, ReadsMetadata) {
  ElfFile elf;
  std::string error;
  ASSERT_TRUE(elf.open(DLC_TEST_ARTIFACT, error)) << error;
  EXPECT_TRUE(elf.isForThisMachine(error)) << error;
  ASSERT_TRUE(elf.metadata());
  EXPECT_EQ(elf.metadata()->front(), '{');
  EXPECT_FALSE(elf.section(".missing"));
}

TEST(Elf, RefusesCutFiles) {
  std::string whole = artifactBytes();
  ASSERT_FALSE(whole.empty());
  for (size_t length = 0; length < whole.size();
       length += length < 1024 ? 1 : 97) {
    CutFile file(whole.substr(0, length));
    ElfFile elf;
    std::string error;
    EXPECT_FALSE(elf.open(file.path, error)) << length;
    EXPECT_FALSE(error.empty());
  }
}

TEST(Elf, SurvivesDamagedHeaders) {
  std::string whole = artifactBytes();
  size_t sections = 0;
  std::memcpy(&sections, &whole[40], sizeof(sections)); // e_shoff
  auto damageFrom = [&](size_t begin, size_t end) {
    for (size_t at = begin; at < end; ++at)
      for (unsigned char value : {0x00, 0x7f, 0xff}) {
        std::string damaged = whole;
        damaged[at] = static_cast<char>(value);
        CutFile file(damaged);
        ElfFile elf;
        std::string error;
        if (elf.open(file.path, error))
          elf.metadata();
      }
  };
  damageFrom(0, 256);
  damageFrom(sections, std::min(sections + 512, whole.size()));
}

TEST(Elf, NamesTheOtherMachine) {
  std::string bytes = artifactBytes();
  bytes[18] = static_cast<char>(0xf3); // EM_RISCV
  bytes[19] = 0;
  CutFile file(bytes);
  ElfFile elf;
  std::string error;
  ASSERT_TRUE(elf.open(file.path, error)) << error;
  EXPECT_FALSE(elf.isForThisMachine(error));
  EXPECT_NE(error.find("RISC-V"), std::string::npos) << error;
}

} // namespace
