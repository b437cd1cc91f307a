// SPDX-License-Identifier: Apache-2.0
#include "Cuda.h"

#include <algorithm>
#include <cstdint>
#include <numeric>

using namespace emulator::test;

namespace {

using MemoryTest = WithContext;

std::vector<int> counting(size_t count) {
  std::vector<int> values(count);
  std::iota(values.begin(), values.end(), 1);
  return values;
}

TEST_F(MemoryTest, AllocationsAreAlignedAndCounted) {
  size_t before = 0, after = 0, total = 0;
  EXPECT_OK(CU(cuMemGetInfo)(&before, &total));
  EXPECT_LE(before, total);
  CUdeviceptr memory = 0;
  ASSERT_OK(CU(cuMemAlloc)(&memory, 64 << 20));
  EXPECT_EQ(0u, memory % 256);
  EXPECT_OK(CU(cuMemGetInfo)(&after, &total));
  EXPECT_GE(before - after, size_t(64) << 20);
  CUdeviceptr base = 0;
  size_t bytes = 0;
  EXPECT_OK(CU(cuMemGetAddressRange)(&base, &bytes, memory + 100));
  EXPECT_EQ(memory, base);
  EXPECT_EQ(size_t(64) << 20, bytes);
  EXPECT_OK(CU(cuMemFree)(memory));
  EXPECT_OK(CU(cuMemGetInfo)(&after, &total));
  EXPECT_EQ(before, after);
}

TEST_F(MemoryTest, WrongArgumentsAreTold) {
  CUdeviceptr memory = 0;
  EXPECT_CODE(CUDA_ERROR_INVALID_VALUE, CU(cuMemAlloc)(&memory, 0));
  EXPECT_CODE(CUDA_ERROR_OUT_OF_MEMORY,
              CU(cuMemAlloc)(&memory, size_t(1) << 46));
  EXPECT_OK(CU(cuMemFree)(0));
  Buffer<int> data(8);
  EXPECT_CODE(CUDA_ERROR_INVALID_VALUE, CU(cuMemFree)(data.address + 4));
}

TEST_F(MemoryTest, CopiesOutsideAnAllocationAreRefused) {
  std::vector<int> host = counting(1024);
  CUdeviceptr memory = 0;
  ASSERT_OK(CU(cuMemAlloc)(&memory, 1024));
  testing::internal::CaptureStderr();
  const CUresult code = CU(cuMemcpyHtoD)(memory, host.data(), 4 << 20);
  const std::string told = testing::internal::GetCapturedStderr();
  EXPECT_CODE(CUDA_ERROR_INVALID_VALUE, code);
  if (emulated()) {
    EXPECT_EQ("dlc-emulator: out of bounds: cuMemcpyHtoD: a write of 4194304 "
              "bytes at offset 0 of an allocation of 1024 bytes\n",
              told);
    EXPECT_CODE(CUDA_ERROR_INVALID_VALUE, CU(cuMemsetD8)(memory + 1020, 0, 8));
  }
  EXPECT_OK(CU(cuMemFree)(memory));
  EXPECT_CODE(CUDA_ERROR_INVALID_VALUE,
              CU(cuMemcpyDtoH)(host.data(), memory, 4));
  EXPECT_CODE(CUDA_ERROR_INVALID_VALUE, CU(cuMemFree)(memory));
}

TEST_F(MemoryTest, CopiesInAllDirections) {
  const std::vector<int> values = counting(1000);
  Buffer<int> first(values), second(values.size());
  EXPECT_OK(CU(cuMemcpyDtoD)(second.address, first.address, first.bytes()));
  EXPECT_EQ(values, second.read());
  std::vector<int> host(values.size());
  EXPECT_OK(CU(cuMemcpy)(reinterpret_cast<CUdeviceptr>(host.data()),
                         second.address, second.bytes()));
  EXPECT_EQ(values, host);
  std::reverse(host.begin(), host.end());
  EXPECT_OK(CU(cuMemcpy)(first.address,
                         reinterpret_cast<CUdeviceptr>(host.data()),
                         first.bytes()));
  EXPECT_EQ(host, first.read());
  // Part of it.
  EXPECT_OK(CU(cuMemcpyDtoD)(first.address + 40, second.address, 20));
  std::copy(values.begin(), values.begin() + 5, host.begin() + 10);
  EXPECT_EQ(host, first.read());
}

TEST_F(MemoryTest, FillsOfAllSizes) {
  Buffer<uint8_t> data(16);
  EXPECT_OK(CU(cuMemsetD8)(data.address, 1, 16));
  EXPECT_OK(CU(cuMemsetD16)(data.address + 2, 0x0302, 2));
  EXPECT_OK(CU(cuMemsetD32)(data.address + 8, 0x07060504, 2));
  EXPECT_EQ(
      (std::vector<uint8_t>{1, 1, 2, 3, 2, 3, 1, 1, 4, 5, 6, 7, 4, 5, 6, 7}),
      data.read());
  EXPECT_CODE(CUDA_ERROR_INVALID_VALUE,
              CU(cuMemsetD32)(data.address + 1, 0, 1));
}

TEST_F(MemoryTest, PitchedRows) {
  CUdeviceptr memory = 0;
  size_t pitch = 0;
  ASSERT_OK(CU(cuMemAllocPitch)(&memory, &pitch, 100, 3, 4));
  EXPECT_GE(pitch, 100u);
  EXPECT_EQ(0u, pitch % 32);
  const std::vector<int> values = counting(3 * 25);
  CUDA_MEMCPY2D copy = {};
  copy.srcMemoryType = CU_MEMORYTYPE_HOST;
  copy.srcHost = values.data();
  copy.srcPitch = 100;
  copy.dstMemoryType = CU_MEMORYTYPE_DEVICE;
  copy.dstDevice = memory;
  copy.dstPitch = pitch;
  copy.WidthInBytes = 100;
  copy.Height = 3;
  EXPECT_OK(CU(cuMemcpy2D)(&copy));
  EXPECT_OK(CU(cuMemsetD2D32)(memory + 4, pitch, 9, 2, 2));
  // Columns 1 and 2 of all rows.
  std::vector<int> part(6);
  copy = {};
  copy.srcMemoryType = CU_MEMORYTYPE_DEVICE;
  copy.srcDevice = memory;
  copy.srcPitch = pitch;
  copy.srcXInBytes = 4;
  copy.dstMemoryType = CU_MEMORYTYPE_HOST;
  copy.dstHost = part.data();
  copy.WidthInBytes = 8;
  copy.Height = 3;
  EXPECT_OK(CU(cuMemcpy2D)(&copy));
  EXPECT_EQ((std::vector<int>{9, 9, 9, 9, 52, 53}), part);
  EXPECT_OK(CU(cuMemFree)(memory));
}

TEST_F(MemoryTest, PlanesOfRows) {
  const std::vector<int> values = counting(2 * 3 * 4);
  Buffer<int> from(values);
  std::vector<int> part(2 * 2 * 2);
  CUDA_MEMCPY3D copy = {};
  copy.srcMemoryType = CU_MEMORYTYPE_DEVICE;
  copy.srcDevice = from.address;
  copy.srcPitch = 16;
  copy.srcHeight = 3;
  copy.srcXInBytes = 8;
  copy.srcY = 1;
  copy.dstMemoryType = CU_MEMORYTYPE_HOST;
  copy.dstHost = part.data();
  copy.dstPitch = 8;
  copy.dstHeight = 2;
  copy.WidthInBytes = 8;
  copy.Height = 2;
  copy.Depth = 2;
  EXPECT_OK(CU(cuMemcpy3D)(&copy));
  EXPECT_EQ((std::vector<int>{7, 8, 11, 12, 19, 20, 23, 24}), part);
}

TEST_F(MemoryTest, PinnedMemoryIsSeenByKernels) {
  int *host = nullptr;
  ASSERT_OK(CU(cuMemHostAlloc)(reinterpret_cast<void **>(&host),
                               64 * sizeof(int), CU_MEMHOSTALLOC_DEVICEMAP));
  std::iota(host, host + 64, 0);
  CUdeviceptr address = 0;
  ASSERT_OK(CU(cuMemHostGetDevicePointer)(&address, host, 0));
  LoadedModule module("basics");
  EXPECT_OK(launch(module.function("addConstant"), {2}, {32}, 0, address, 100));
  EXPECT_OK(CU(cuCtxSynchronize)());
  for (int i = 0; i < 64; ++i)
    EXPECT_EQ(i + 100, host[i]);
  unsigned flags = 0;
  EXPECT_OK(CU(cuMemHostGetFlags)(&flags, host));
  EXPECT_TRUE(flags & CU_MEMHOSTALLOC_DEVICEMAP);
  EXPECT_OK(CU(cuMemFreeHost)(host));
}

TEST_F(MemoryTest, ManagedMemoryIsSeenByBoth) {
  CUdeviceptr memory = 0;
  ASSERT_OK(
      CU(cuMemAllocManaged)(&memory, 32 * sizeof(int), CU_MEM_ATTACH_GLOBAL));
  int *host = reinterpret_cast<int *>(memory);
  std::fill(host, host + 32, 4);
  LoadedModule module("basics");
  EXPECT_OK(launch(module.function("addConstant"), {1}, {32}, 0, memory, 3));
  EXPECT_OK(CU(cuCtxSynchronize)());
  EXPECT_EQ(std::vector<int>(32, 7), std::vector<int>(host, host + 32));
  EXPECT_OK(CU(cuMemFree)(memory));
}

TEST_F(MemoryTest, RegisteredMemory) {
  std::vector<char> storage(3 << 12);
  char *page = reinterpret_cast<char *>(
      (reinterpret_cast<uintptr_t>(storage.data()) + 4095) / 4096 * 4096);
  ASSERT_OK(CU(cuMemHostRegister)(page, 8192, 0));
  EXPECT_CODE(CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED,
              CU(cuMemHostRegister)(page, 8192, 0));
  unsigned type = 0;
  EXPECT_OK(CU(cuPointerGetAttribute)(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE,
                                      reinterpret_cast<CUdeviceptr>(page)));
  EXPECT_EQ(unsigned(CU_MEMORYTYPE_HOST), type);
  EXPECT_OK(CU(cuMemHostUnregister)(page));
  EXPECT_CODE(CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED,
              CU(cuMemHostUnregister)(page));
}

TEST_F(MemoryTest, PointersAreKnown) {
  Buffer<int> data(100);
  unsigned type = 0, managed = 1;
  int ordinal = -1;
  CUdeviceptr base = 0;
  size_t size = 0;
  CUcontext owner = nullptr;
  CUpointer_attribute attributes[] = {CU_POINTER_ATTRIBUTE_MEMORY_TYPE,
                                      CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL,
                                      CU_POINTER_ATTRIBUTE_RANGE_START_ADDR,
                                      CU_POINTER_ATTRIBUTE_RANGE_SIZE,
                                      CU_POINTER_ATTRIBUTE_IS_MANAGED,
                                      CU_POINTER_ATTRIBUTE_CONTEXT};
  void *values[] = {&type, &ordinal, &base, &size, &managed, &owner};
  EXPECT_OK(
      CU(cuPointerGetAttributes)(6, attributes, values, data.address + 8));
  EXPECT_EQ(unsigned(CU_MEMORYTYPE_DEVICE), type);
  EXPECT_EQ(0, ordinal);
  EXPECT_EQ(data.address, base);
  EXPECT_EQ(400u, size);
  EXPECT_EQ(0u, managed);
  EXPECT_EQ(context, owner);
  int local = 0;
  EXPECT_CODE(CUDA_ERROR_INVALID_VALUE,
              CU(cuPointerGetAttribute)(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE,
                                        reinterpret_cast<CUdeviceptr>(&local)));
  EXPECT_OK(CU(cuPointerGetAttributes)(1, attributes, values,
                                       reinterpret_cast<CUdeviceptr>(&local)));
  EXPECT_EQ(0u, type);
}

TEST_F(MemoryTest, StreamOrderedMemory) {
  CUstream stream = nullptr;
  ASSERT_OK(CU(cuStreamCreate)(&stream, CU_STREAM_NON_BLOCKING));
  CUdeviceptr memory = 0;
  ASSERT_OK(CU(cuMemAllocAsync)(&memory, 32 * sizeof(int), stream));
  EXPECT_OK(CU(cuMemsetD32Async)(memory, 5, 32, stream));
  LoadedModule module("basics");
  EXPECT_OK(launchOn(stream, module.function("addConstant"), {1}, {32}, 0,
                     memory, 1));
  std::vector<int> values(32);
  EXPECT_OK(CU(cuMemcpyDtoHAsync)(values.data(), memory, 128, stream));
  EXPECT_OK(CU(cuMemFreeAsync)(memory, stream));
  EXPECT_OK(CU(cuStreamSynchronize)(stream));
  EXPECT_EQ(std::vector<int>(32, 6), values);
  CUmemoryPool pool = nullptr;
  ASSERT_OK(CU(cuDeviceGetDefaultMemPool)(&pool, 0));
  cuuint64_t used = 1, high = 0, threshold = 1 << 20;
  EXPECT_OK(
      CU(cuMemPoolGetAttribute)(pool, CU_MEMPOOL_ATTR_USED_MEM_CURRENT, &used));
  EXPECT_EQ(0u, used);
  EXPECT_OK(
      CU(cuMemPoolGetAttribute)(pool, CU_MEMPOOL_ATTR_USED_MEM_HIGH, &high));
  EXPECT_GE(high, 128u);
  EXPECT_OK(CU(cuMemPoolSetAttribute)(pool, CU_MEMPOOL_ATTR_RELEASE_THRESHOLD,
                                      &threshold));
  threshold = 0;
  EXPECT_OK(CU(cuMemPoolGetAttribute)(pool, CU_MEMPOOL_ATTR_RELEASE_THRESHOLD,
                                      &threshold));
  EXPECT_EQ(1u << 20, threshold);
  EXPECT_OK(CU(cuStreamDestroy)(stream));
}

TEST_F(MemoryTest, PoolsOfOnesOwn) {
  CUmemPoolProps properties = {};
  properties.allocType = CU_MEM_ALLOCATION_TYPE_PINNED;
  properties.location.type = CU_MEM_LOCATION_TYPE_DEVICE;
  CUmemoryPool pool = nullptr, current = nullptr;
  ASSERT_OK(CU(cuMemPoolCreate)(&pool, &properties));
  CUdeviceptr memory = 0;
  EXPECT_OK(CU(cuMemAllocFromPoolAsync)(&memory, 1000, pool, nullptr));
  EXPECT_OK(CU(cuMemFreeAsync)(memory, nullptr));
  EXPECT_OK(CU(cuDeviceSetMemPool)(0, pool));
  EXPECT_OK(CU(cuDeviceGetMemPool)(&current, 0));
  EXPECT_EQ(pool, current);
  EXPECT_OK(CU(cuCtxSynchronize)());
  EXPECT_OK(CU(cuMemPoolDestroy)(pool));
  CUmemoryPool standard = nullptr;
  EXPECT_OK(CU(cuDeviceGetDefaultMemPool)(&standard, 0));
  EXPECT_OK(CU(cuDeviceGetMemPool)(&current, 0));
  EXPECT_EQ(standard, current);
}

TEST_F(MemoryTest, PeersReachEachOther) {
  if (deviceCount() < 2)
    GTEST_SKIP() << "one device only";
  int can = 0;
  EXPECT_OK(CU(cuDeviceCanAccessPeer)(&can, 0, 1));
  ASSERT_EQ(1, can);
  EXPECT_OK(CU(cuDeviceCanAccessPeer)(&can, 0, 0));
  EXPECT_EQ(0, can);
  CUcontext other = nullptr;
  ASSERT_OK(createContext(&other, 0, 1));
  CUdeviceptr there = 0;
  ASSERT_OK(CU(cuMemAlloc)(&there, 32 * sizeof(int)));
  EXPECT_OK(CU(cuMemsetD32)(there, 11, 32));
  EXPECT_OK(CU(cuCtxSynchronize)());
  EXPECT_OK(CU(cuCtxPopCurrent)(nullptr));
  Buffer<int> here(32);
  EXPECT_OK(
      CU(cuMemcpyPeer)(here.address, context, there, other, here.bytes()));
  EXPECT_OK(CU(cuCtxSynchronize)());
  EXPECT_EQ(std::vector<int>(32, 11), here.read());
  EXPECT_OK(CU(cuCtxEnablePeerAccess)(other, 0));
  EXPECT_CODE(CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED,
              CU(cuCtxEnablePeerAccess)(other, 0));
  LoadedModule module("basics");
  EXPECT_OK(launch(module.function("addConstant"), {1}, {32}, 0, there, 1));
  EXPECT_OK(CU(cuMemcpyDtoD)(here.address, there, here.bytes()));
  EXPECT_EQ(std::vector<int>(32, 12), here.read());
  EXPECT_OK(CU(cuCtxDisablePeerAccess)(other));
  EXPECT_CODE(CUDA_ERROR_PEER_ACCESS_NOT_ENABLED,
              CU(cuCtxDisablePeerAccess)(other));
  EXPECT_OK(CU(cuCtxDestroy)(other));
}

TEST_F(MemoryTest, KernelsDontReachAPeerThatIsNotEnabled) {
  if (!emulated() || deviceCount() < 2)
    GTEST_SKIP() << "would break the process, or needs two devices";
  CUcontext other = nullptr;
  ASSERT_OK(createContext(&other, 0, 1));
  CUdeviceptr there = 0;
  ASSERT_OK(CU(cuMemAlloc)(&there, 32 * sizeof(int)));
  EXPECT_OK(CU(cuMemsetD32)(there, 11, 32));
  EXPECT_OK(CU(cuCtxPopCurrent)(nullptr));
  LoadedModule module("basics");
  testing::internal::CaptureStderr();
  EXPECT_OK(launch(module.function("addConstant"), {1}, {32}, 0, there, 1));
  EXPECT_CODE(CUDA_ERROR_ILLEGAL_ADDRESS, CU(cuCtxSynchronize)());
  EXPECT_NE(std::string::npos,
            testing::internal::GetCapturedStderr().find("out of bounds"));
  EXPECT_OK(CU(cuCtxDestroy)(other));
}

} // namespace
