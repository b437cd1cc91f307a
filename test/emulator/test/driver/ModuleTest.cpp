// SPDX-License-Identifier: Apache-2.0
#include "Cuda.h"

#include <cstdio>
#include <cstring>
#include <fstream>

using namespace emulator::test;

namespace {

using ModuleTest = WithContext;

TEST_F(ModuleTest, FunctionsAndGlobals) {
  LoadedModule module("basics");
  CUfunction function = nullptr;
  EXPECT_OK(CU(cuModuleGetFunction)(&function, module.handle, "vectorAdd"));
  EXPECT_CODE(CUDA_ERROR_NOT_FOUND,
              CU(cuModuleGetFunction)(&function, module.handle, "noSuch"));
  CUdeviceptr address = 0;
  size_t bytes = 0;
  EXPECT_OK(
      CU(cuModuleGetGlobal)(&address, &bytes, module.handle, "coefficients"));
  EXPECT_EQ(16u, bytes);
  EXPECT_OK(CU(cuModuleGetGlobal)(&address, &bytes, module.handle, "launches"));
  int value = 0;
  EXPECT_OK(CU(cuMemcpyDtoH)(&value, address, sizeof value));
  EXPECT_EQ(7, value);
  EXPECT_CODE(CUDA_ERROR_NOT_FOUND,
              CU(cuModuleGetGlobal)(&address, &bytes, module.handle, "noSuch"));
}

TEST_F(ModuleTest, ConstantsReachKernels) {
  LoadedModule module("basics");
  CUdeviceptr address = 0;
  const float coefficients[4] = {1, 2, 3, 4};
  ASSERT_OK(
      CU(cuModuleGetGlobal)(&address, nullptr, module.handle, "coefficients"));
  EXPECT_OK(CU(cuMemcpyHtoD)(address, coefficients, sizeof coefficients));
  Buffer<float> x(std::vector<float>{0, 1, 2, -1}), y(4);
  EXPECT_OK(launch(module.function("polynomial"), {1}, {32}, 0, x.address,
                   y.address, 4));
  EXPECT_EQ((std::vector<float>{1, 10, 49, -2}), y.read());
  int launches = 0;
  ASSERT_OK(
      CU(cuModuleGetGlobal)(&address, nullptr, module.handle, "launches"));
  EXPECT_OK(CU(cuMemcpyDtoH)(&launches, address, sizeof launches));
  EXPECT_EQ(8, launches);
}

TEST_F(ModuleTest, ModulesHaveTheirOwnGlobals) {
  LoadedModule first("basics"), second("basics");
  CUdeviceptr a = 0, b = 0;
  EXPECT_OK(CU(cuModuleGetGlobal)(&a, nullptr, first.handle, "launches"));
  EXPECT_OK(CU(cuModuleGetGlobal)(&b, nullptr, second.handle, "launches"));
  EXPECT_NE(a, b);
}

/// A module with one kernel of \p count parameters of 8 bytes.
std::string textWithParameters(const char *version, int count) {
  std::string text = ".version " + std::string(version) +
                     "\n.target sm_75\n.address_size 64\n.visible .entry k(";
  for (int i = 0; i < count; ++i)
    text += (i ? ", .param .u64 p" : ".param .u64 p") + std::to_string(i);
  return text + ")\n{\n  ret;\n}\n";
}

TEST_F(ModuleTest, RefusesTooManyParameters) {
  auto load = [](const char *version, int count) {
    testing::internal::CaptureStderr();
    CUmodule module = nullptr;
    CUresult code = CU(cuModuleLoadData)(
        &module, textWithParameters(version, count).c_str());
    if (code == CUDA_SUCCESS)
      EXPECT_OK(CU(cuModuleUnload)(module));
    testing::internal::GetCapturedStderr();
    return code;
  };
  EXPECT_CODE(CUDA_SUCCESS, load("7.0", 544));
  EXPECT_CODE(CUDA_ERROR_INVALID_PTX, load("7.0", 545));
  EXPECT_CODE(CUDA_ERROR_INVALID_PTX, load("8.0", 545));
  EXPECT_CODE(CUDA_SUCCESS, load("8.1", 4095));
  EXPECT_CODE(CUDA_ERROR_INVALID_PTX, load("8.1", 4096));
}

TEST_F(ModuleTest, WrongTextFillsTheErrorLog) {
  const char text[] =
      ".version 7.0\n.target sm_75\n.address_size 64\n"
      ".visible .entry k()\n{\n  frobnicate.u32 %r1;\n  ret;\n}\n";
  char errors[512] = "", information[64] = "x";
  CUjit_option options[] = {
      CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES,
      CU_JIT_INFO_LOG_BUFFER, CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES};
  void *values[] = {errors, reinterpret_cast<void *>(sizeof errors),
                    information, reinterpret_cast<void *>(sizeof information)};
  CUmodule module = nullptr;
  testing::internal::CaptureStderr();
  EXPECT_CODE(CUDA_ERROR_INVALID_PTX,
              CU(cuModuleLoadDataEx)(&module, text, 4, options, values));
  const std::string told = testing::internal::GetCapturedStderr();
  EXPECT_NE(std::string::npos, std::string(errors).find("line 6")) << errors;
  EXPECT_GT(reinterpret_cast<uintptr_t>(values[1]), 0u);
  if (emulated()) {
    EXPECT_NE(std::string::npos, told.find("line 6")) << told;
  }
  EXPECT_CODE(CUDA_ERROR_INVALID_VALUE, CU(cuModuleLoadData)(&module, nullptr));
}

/// The tests' text for another version or chip.
std::string withHeader(const std::string &version, const std::string &target) {
  return ".version " + version + "\n.target " + target +
         "\n.address_size 64\n.visible .entry k()\n{\n  ret;\n}\n";
}

TEST_F(ModuleTest, TheChipMustFit) {
  CUmodule module = nullptr;
  EXPECT_OK(CU(cuModuleLoadData)(&module, withHeader("7.0", "sm_75").c_str()));
  EXPECT_OK(CU(cuModuleUnload)(module));
  testing::internal::CaptureStderr();
  EXPECT_NE(CUDA_SUCCESS,
            CU(cuModuleLoadData)(&module, withHeader("8.8", "sm_121").c_str()));
  EXPECT_CODE(
      CUDA_ERROR_UNSUPPORTED_PTX_VERSION,
      CU(cuModuleLoadData)(&module, withHeader("19.9", "sm_75").c_str()));
  testing::internal::GetCapturedStderr();
}

TEST_F(ModuleTest, MachineCodeIsRefused) {
  if (!emulated())
    GTEST_SKIP() << "a real device may like it";
  alignas(8) const char elf[64] = "\177ELF";
  CUmodule module = nullptr;
  testing::internal::CaptureStderr();
  EXPECT_CODE(CUDA_ERROR_NO_BINARY_FOR_GPU, CU(cuModuleLoadData)(&module, elf));
  EXPECT_NE(std::string::npos,
            testing::internal::GetCapturedStderr().find("only PTX"));
}

TEST_F(ModuleTest, FromAFile) {
  const std::string path = testing::TempDir() + "emulator-module.ptx";
  std::ofstream(path) << ptx("basics");
  CUmodule module = nullptr;
  ASSERT_OK(CU(cuModuleLoad)(&module, path.c_str()));
  EXPECT_OK(CU(cuModuleUnload)(module));
  std::remove(path.c_str());
  EXPECT_CODE(CUDA_ERROR_FILE_NOT_FOUND,
              CU(cuModuleLoad)(&module, path.c_str()));
}

TEST_F(ModuleTest, FatbinsWithText) {
  for (const char *mode : {"none", "speed", "size"}) {
    SCOPED_TRACE(mode);
    const std::string path = ptxFile(std::string("basics.") + mode + ".fatbin");
    CUmodule module = nullptr;
    ASSERT_OK(CU(cuModuleLoad)(&module, path.c_str()));
    CUfunction function = nullptr;
    EXPECT_OK(CU(cuModuleGetFunction)(&function, module, "addConstant"));
    Buffer<int> data(std::vector<int>(32, 1));
    EXPECT_OK(launch(function, {1}, {32}, 0, data.address, 1));
    EXPECT_EQ(std::vector<int>(32, 2), data.read());
    EXPECT_OK(CU(cuModuleUnload)(module));
  }
}

TEST_F(ModuleTest, AttributesOfFunctions) {
  LoadedModule module("faults");
  CUfunction bounded = module.function("boundedFill");
  int value = 0;
  const auto get = [&](CUfunction_attribute attribute) {
    EXPECT_OK(CU(cuFuncGetAttribute)(&value, attribute, bounded));
    return value;
  };
  EXPECT_EQ(64, get(CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK));
  EXPECT_EQ(0, get(CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES));
  EXPECT_GT(get(CU_FUNC_ATTRIBUTE_NUM_REGS), 0);
  EXPECT_EQ(capability(), get(CU_FUNC_ATTRIBUTE_BINARY_VERSION));
  // The architecture that the PTX is for.
  EXPECT_EQ(80, get(CU_FUNC_ATTRIBUTE_PTX_VERSION));
  CUfunction shared = module.function("raceReadWrite");
  EXPECT_OK(CU(cuFuncGetAttribute)(&value, CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES,
                                   shared));
  EXPECT_EQ(512, value);
  const char *name = nullptr;
  EXPECT_OK(CU(cuFuncGetName)(&name, shared));
  EXPECT_STREQ("raceReadWrite", name);
  size_t offset = 0, size = 0;
  CUfunction writer = module.function("writeBehind");
  EXPECT_OK(CU(cuFuncGetParamInfo)(writer, 1, &offset, &size));
  EXPECT_EQ(8u, offset);
  EXPECT_EQ(4u, size);
  EXPECT_CODE(CUDA_ERROR_INVALID_VALUE,
              CU(cuFuncGetParamInfo)(writer, 2, &offset, &size));
}

TEST_F(ModuleTest, Occupancy) {
  LoadedModule module("basics");
  CUfunction function = module.function("reverseBlocks");
  int blocks = 0, grid = 0, block = 0;
  EXPECT_OK(CU(cuOccupancyMaxActiveBlocksPerMultiprocessor)(&blocks, function,
                                                            1024, 0));
  EXPECT_EQ(capability() == 75                         ? 1
            : capability() == 86 || capability() == 89 ? 1
                                                       : 2,
            blocks);
  EXPECT_OK(CU(cuOccupancyMaxActiveBlocksPerMultiprocessor)(&blocks, function,
                                                            32, 40 << 10));
  if (capability() == 90) {
    EXPECT_EQ(5, blocks);
  }
  EXPECT_OK(CU(cuOccupancyMaxPotentialBlockSize)(&grid, &block, function,
                                                 nullptr, 0, 0));
  EXPECT_EQ(0, block % 32);
  EXPECT_GT(grid, 0);
  size_t bytes = 0;
  EXPECT_OK(
      CU(cuOccupancyAvailableDynamicSMemPerBlock)(&bytes, function, 4, 128));
  if (capability() == 90) {
    EXPECT_EQ(49152u, bytes);
  }
}

TEST_F(ModuleTest, LibrariesBelongToNoContext) {
  CUlibrary library = nullptr;
  CUkernel kernel = nullptr;
  ASSERT_OK(CU(cuLibraryLoadData)(&library, ptx("basics").c_str(), nullptr,
                                  nullptr, 0, nullptr, nullptr, 0));
  ASSERT_OK(CU(cuLibraryGetKernel)(&kernel, library, "addConstant"));
  CUfunction function = nullptr;
  ASSERT_OK(CU(cuKernelGetFunction)(&function, kernel));
  Buffer<int> data(std::vector<int>(32, 1));
  EXPECT_OK(launch(function, {1}, {32}, 0, data.address, 1));
  // A kernel is a function of whatever context is current.
  CUfunction cast = reinterpret_cast<CUfunction>(kernel);
  EXPECT_OK(launch(cast, {1}, {32}, 0, data.address, 1));
  EXPECT_EQ(std::vector<int>(32, 3), data.read());
  unsigned count = 0;
  EXPECT_OK(CU(cuLibraryGetKernelCount)(&count, library));
  EXPECT_EQ(12u, count);
  CUdeviceptr address = 0;
  size_t bytes = 0;
  EXPECT_OK(CU(cuLibraryGetGlobal)(&address, &bytes, library, "launches"));
  EXPECT_EQ(4u, bytes);
  EXPECT_OK(CU(cuLibraryUnload)(library));
}

TEST_F(ModuleTest, TheLinkerTakesPtx) {
  CUlinkState link = nullptr;
  ASSERT_OK(CU(cuLinkCreate)(0, nullptr, nullptr, &link));
  std::string broken = "no PTX at all";
  testing::internal::CaptureStderr();
  EXPECT_CODE(CUDA_ERROR_INVALID_PTX,
              CU(cuLinkAddData)(link, CU_JIT_INPUT_PTX, broken.data(),
                                broken.size() + 1, "broken", 0, nullptr,
                                nullptr));
  testing::internal::GetCapturedStderr();
  std::string text = ptx("basics");
  EXPECT_OK(CU(cuLinkAddData)(link, CU_JIT_INPUT_PTX, text.data(),
                              text.size() + 1, "basics", 0, nullptr, nullptr));
  void *image = nullptr;
  size_t bytes = 0;
  EXPECT_OK(CU(cuLinkComplete)(link, &image, &bytes));
  EXPECT_GT(bytes, 0u);
  CUmodule module = nullptr;
  EXPECT_OK(CU(cuModuleLoadData)(&module, image));
  CUfunction function = nullptr;
  EXPECT_OK(CU(cuModuleGetFunction)(&function, module, "saxpy"));
  EXPECT_OK(CU(cuLinkDestroy)(link));
  EXPECT_OK(CU(cuModuleUnload)(module));
}

} // namespace
