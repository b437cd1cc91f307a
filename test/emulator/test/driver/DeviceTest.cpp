// SPDX-License-Identifier: Apache-2.0
#include "Cuda.h"

#include <set>

using namespace emulator::test;

namespace {

/// The first test: nothing works before cuInit.
TEST(AInit, NothingWorksBefore) {
  int count = 0;
  EXPECT_EQ(CUDA_ERROR_NOT_INITIALIZED, CU(cuDeviceGetCount)(&count));
  CUdeviceptr memory = 0;
  EXPECT_EQ(CUDA_ERROR_NOT_INITIALIZED, CU(cuMemAlloc)(&memory, 4));
  EXPECT_EQ(CUDA_ERROR_INVALID_VALUE, CU(cuInit)(1));
  ASSERT_EQ(CUDA_SUCCESS, CU(cuInit)(0));
  EXPECT_OK(CU(cuInit)(0));
  EXPECT_OK(CU(cuDeviceGetCount)(&count));
  EXPECT_GE(count, 1);
}

class DeviceTest : public testing::Test {
protected:
  void SetUp() override { ASSERT_OK(CU(cuInit)(0)); }
};

int attribute(CUdevice_attribute which, CUdevice device = 0) {
  int value = -1;
  EXPECT_OK(CU(cuDeviceGetAttribute)(&value, which, device));
  return value;
}

TEST_F(DeviceTest, Errors) {
  const char *text = nullptr;
  EXPECT_OK(CU(cuGetErrorName)(CUDA_ERROR_ILLEGAL_ADDRESS, &text));
  EXPECT_STREQ("CUDA_ERROR_ILLEGAL_ADDRESS", text);
  EXPECT_OK(CU(cuGetErrorString)(CUDA_ERROR_ILLEGAL_ADDRESS, &text));
  EXPECT_STREQ("an illegal memory access was encountered", text);
  EXPECT_CODE(CUDA_ERROR_INVALID_VALUE,
              CU(cuGetErrorName)(static_cast<CUresult>(12345), &text));
  EXPECT_EQ(nullptr, text);
}

TEST_F(DeviceTest, VersionIsNewEnough) {
  int version = 0;
  EXPECT_OK(CU(cuDriverGetVersion)(&version));
  EXPECT_GE(version, 12000);
}

TEST_F(DeviceTest, OrdinalsAreChecked) {
  CUdevice device = 0;
  EXPECT_CODE(CUDA_ERROR_INVALID_DEVICE, CU(cuDeviceGet)(&device, -1));
  EXPECT_CODE(CUDA_ERROR_INVALID_DEVICE,
              CU(cuDeviceGet)(&device, deviceCount()));
  size_t bytes = 0;
  EXPECT_CODE(CUDA_ERROR_INVALID_DEVICE, CU(cuDeviceTotalMem)(&bytes, 99));
}

TEST_F(DeviceTest, NamesAreCutToTheBuffer) {
  char name[8] = "xxxxxxx";
  EXPECT_OK(CU(cuDeviceGetName)(name, 5, 0));
  EXPECT_EQ(4u, std::string(name).size());
}

TEST_F(DeviceTest, Figures) {
  EXPECT_EQ(32, attribute(CU_DEVICE_ATTRIBUTE_WARP_SIZE));
  EXPECT_EQ(1024, attribute(CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK));
  EXPECT_EQ(64, attribute(CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z));
  EXPECT_EQ(48 << 10,
            attribute(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK));
  EXPECT_EQ(1, attribute(CU_DEVICE_ATTRIBUTE_UNIFIED_ADDRESSING));
  EXPECT_GE(attribute(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT), 16);
  if (capability() == 90) {
    EXPECT_EQ(132, attribute(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT));
    EXPECT_EQ(232448,
              attribute(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN));
    EXPECT_EQ(
        233472,
        attribute(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR));
    EXPECT_EQ(1024,
              attribute(CU_DEVICE_ATTRIBUTE_RESERVED_SHARED_MEMORY_PER_BLOCK));
    EXPECT_EQ(2048,
              attribute(CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR));
    EXPECT_EQ(32, attribute(CU_DEVICE_ATTRIBUTE_MAX_BLOCKS_PER_MULTIPROCESSOR));
    EXPECT_EQ(65536, attribute(CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_BLOCK));
    EXPECT_EQ(
        2,
        attribute(CU_DEVICE_ATTRIBUTE_SINGLE_TO_DOUBLE_PRECISION_PERF_RATIO));
  }
  int value = 0;
  EXPECT_CODE(
      CUDA_ERROR_INVALID_VALUE,
      CU(cuDeviceGetAttribute)(&value, static_cast<CUdevice_attribute>(0), 0));
  EXPECT_CODE(CUDA_ERROR_INVALID_VALUE,
              CU(cuDeviceGetAttribute)(
                  &value, static_cast<CUdevice_attribute>(9999), 0));
}

TEST_F(DeviceTest, EachDeviceIsItself) {
  std::set<std::string> uuids;
  for (int i = 0; i < deviceCount(); ++i) {
    CUuuid uuid = {};
    EXPECT_OK(CU(cuDeviceGetUuid)(&uuid, i));
    uuids.insert(std::string(uuid.bytes, sizeof uuid.bytes));
    char bus[32] = "";
    CUdevice found = -1;
    EXPECT_OK(CU(cuDeviceGetPCIBusId)(bus, sizeof bus, i));
    EXPECT_OK(CU(cuDeviceGetByPCIBusId)(&found, bus));
    EXPECT_EQ(i, found);
  }
  EXPECT_EQ(size_t(deviceCount()), uuids.size());
}

TEST_F(DeviceTest, MemoryIsAsTold) {
  size_t total = 0;
  EXPECT_OK(CU(cuDeviceTotalMem)(&total, 0));
  EXPECT_GE(total, size_t(1) << 30);
  if (emulated()) {
    EXPECT_EQ(size_t(8) << 30, total);
  }
}

TEST_F(DeviceTest, FunctionsByNameAndVersion) {
  void *function = nullptr;
  CUdriverProcAddressQueryResult found;
  const auto get = CU(cuGetProcAddress);
  EXPECT_OK(get("cuMemAlloc", &function, 12000, 0, &found));
  EXPECT_EQ(CU_GET_PROC_ADDRESS_SUCCESS, found);
  EXPECT_EQ(driverSymbol("cuMemAlloc_v2"), function);
  EXPECT_OK(get("cuGraphInstantiate", &function, 12000, 0, &found));
  if (emulated()) // a driver's table needn't have what it exports
    EXPECT_EQ(driverSymbol("cuGraphInstantiateWithFlags"), function);
  EXPECT_OK(get("cuGraphInstantiate", &function, 11080, 0, &found));
  EXPECT_EQ(driverSymbol("cuGraphInstantiate_v2"), function);
  EXPECT_OK(get("cuStreamSynchronize", &function, 12000,
                CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM, &found));
  EXPECT_EQ(driverSymbol("cuStreamSynchronize_ptsz"), function);
  EXPECT_OK(get("cuStreamSynchronize", &function, 12000, 0, &found));
  EXPECT_EQ(driverSymbol("cuStreamSynchronize"), function);
  EXPECT_OK(get("cuMemcpyHtoD", &function, 12000,
                CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM, &found));
  EXPECT_EQ(driverSymbol("cuMemcpyHtoD_v2_ptds"), function);
  // That there is no such function is no error.
  EXPECT_OK(get("cuNoSuch", &function, 12000, 0, &found));
  EXPECT_EQ(CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND, found);
  EXPECT_EQ(nullptr, function);
  EXPECT_OK(get("cuLibraryLoadData", &function, 11000, 0, &found));
  EXPECT_EQ(CU_GET_PROC_ADDRESS_VERSION_NOT_SUFFICIENT, found);
  EXPECT_OK(get("cuNoSuch", &function, 12000, 0, nullptr));
  if (emulated()) // a driver may crash
    EXPECT_CODE(CUDA_ERROR_INVALID_VALUE,
                get(nullptr, &function, 12000, 0, &found));
}

TEST_F(DeviceTest, WhatIsNotEmulatedSaysSo) {
  if (!emulated())
    GTEST_SKIP() << "a real device has it";
  EXPECT_CODE(CUDA_ERROR_NOT_SUPPORTED, CU(cuMemAddressFree)(0, 0));
  EXPECT_CODE(CUDA_ERROR_NOT_SUPPORTED, CU(cuTexObjectDestroy)(0));
}

} // namespace
