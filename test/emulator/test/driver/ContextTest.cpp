// SPDX-License-Identifier: Apache-2.0
#include "Cuda.h"

#include <thread>

using namespace emulator::test;

namespace {

class ContextTest : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_OK(CU(cuInit)(0));
    ASSERT_OK(CU(cuCtxSetCurrent)(nullptr));
  }
};

CUcontext current() {
  CUcontext context = nullptr;
  EXPECT_OK(CU(cuCtxGetCurrent)(&context));
  return context;
}

TEST_F(ContextTest, NoneIsCurrentAtFirst) {
  EXPECT_EQ(nullptr, current());
  CUdeviceptr memory = 0;
  EXPECT_CODE(CUDA_ERROR_INVALID_CONTEXT, CU(cuMemAlloc)(&memory, 16));
  CUdevice device = 0;
  EXPECT_CODE(CUDA_ERROR_INVALID_CONTEXT, CU(cuCtxGetDevice)(&device));
  EXPECT_CODE(CUDA_ERROR_INVALID_CONTEXT, CU(cuCtxSynchronize)());
  EXPECT_CODE(CUDA_ERROR_INVALID_CONTEXT, CU(cuCtxPopCurrent)(nullptr));
}

TEST_F(ContextTest, OwnContextsAreAStack) {
  CUcontext first = nullptr, second = nullptr, popped = nullptr;
  ASSERT_OK(createContext(&first, CU_CTX_SCHED_BLOCKING_SYNC, 0));
  ASSERT_OK(createContext(&second, 0, 0));
  EXPECT_EQ(second, current());
  EXPECT_OK(CU(cuCtxPopCurrent)(&popped));
  EXPECT_EQ(second, popped);
  EXPECT_EQ(first, current());
  unsigned flags = 0, version = 0;
  EXPECT_OK(CU(cuCtxGetFlags)(&flags));
  EXPECT_EQ(unsigned(CU_CTX_SCHED_BLOCKING_SYNC),
            flags & unsigned(CU_CTX_SCHED_MASK));
  EXPECT_OK(CU(cuCtxGetApiVersion)(first, &version));
  EXPECT_GE(version, 3020u);
  EXPECT_OK(CU(cuCtxPushCurrent)(second));
  EXPECT_EQ(second, current());
  EXPECT_OK(CU(cuCtxDestroy)(second));
  EXPECT_EQ(first, current());
  EXPECT_OK(CU(cuCtxDestroy)(first));
  EXPECT_EQ(nullptr, current());
  if (emulated()) { // a driver may not look at what a handle points to
    EXPECT_CODE(CUDA_ERROR_INVALID_CONTEXT, CU(cuCtxSetCurrent)(first));
  }
}

TEST_F(ContextTest, ThreadsHaveTheirOwnStack) {
  CUcontext context = nullptr;
  ASSERT_OK(createContext(&context, 0, 0));
  std::thread([&] {
    EXPECT_EQ(nullptr, current());
    EXPECT_OK(CU(cuCtxSetCurrent)(context));
    EXPECT_EQ(context, current());
  }).join();
  EXPECT_OK(CU(cuCtxDestroy)(context));
}

TEST_F(ContextTest, ThePrimaryContextIsShared) {
  CUcontext first = nullptr, second = nullptr;
  unsigned flags = 0;
  int active = -1;
  EXPECT_OK(CU(cuDevicePrimaryCtxGetState)(0, &flags, &active));
  EXPECT_EQ(0, active);
  ASSERT_OK(CU(cuDevicePrimaryCtxRetain)(&first, 0));
  ASSERT_OK(CU(cuDevicePrimaryCtxRetain)(&second, 0));
  EXPECT_EQ(first, second);
  EXPECT_EQ(nullptr, current()) << "retaining makes nothing current";
  EXPECT_OK(CU(cuCtxSetCurrent)(first));
  CUdeviceptr memory = 0;
  EXPECT_OK(CU(cuMemAlloc)(&memory, 64));
  EXPECT_OK(CU(cuDevicePrimaryCtxRelease)(0));
  EXPECT_OK(CU(cuMemFree)(memory));
  EXPECT_OK(CU(cuDevicePrimaryCtxRelease)(0));
  EXPECT_OK(CU(cuDevicePrimaryCtxGetState)(0, &flags, &active));
  EXPECT_EQ(0, active);
  EXPECT_CODE(CUDA_ERROR_INVALID_CONTEXT, CU(cuDevicePrimaryCtxRelease)(0));
  EXPECT_CODE(CUDA_ERROR_CONTEXT_IS_DESTROYED, CU(cuMemAlloc)(&memory, 64));
}

TEST_F(ContextTest, AResetFreesAndARetainRevives) {
  CUcontext context = nullptr;
  ASSERT_OK(CU(cuDevicePrimaryCtxRetain)(&context, 0));
  EXPECT_OK(CU(cuCtxSetCurrent)(context));
  CUdeviceptr memory = 0;
  EXPECT_OK(CU(cuMemAlloc)(&memory, 64));
  EXPECT_OK(CU(cuDevicePrimaryCtxReset)(0));
  CUcontext again = nullptr;
  ASSERT_OK(CU(cuDevicePrimaryCtxRetain)(&again, 0));
  EXPECT_OK(CU(cuCtxSetCurrent)(again));
  EXPECT_CODE(CUDA_ERROR_INVALID_VALUE, CU(cuMemFree)(memory));
  EXPECT_OK(CU(cuMemAlloc)(&memory, 64));
  EXPECT_OK(CU(cuMemFree)(memory));
  EXPECT_OK(CU(cuDevicePrimaryCtxRelease)(0));
}

TEST_F(ContextTest, LimitsAreKept) {
  CUcontext context = nullptr;
  ASSERT_OK(createContext(&context, 0, 0));
  size_t value = 0;
  EXPECT_OK(CU(cuCtxGetLimit)(&value, CU_LIMIT_STACK_SIZE));
  EXPECT_EQ(1024u, value);
  EXPECT_OK(CU(cuCtxSetLimit)(CU_LIMIT_STACK_SIZE, 4096));
  EXPECT_OK(CU(cuCtxGetLimit)(&value, CU_LIMIT_STACK_SIZE));
  EXPECT_EQ(4096u, value);
  EXPECT_CODE(CUDA_ERROR_INVALID_VALUE,
              CU(cuCtxGetLimit)(&value, static_cast<CUlimit>(77)));
  int least = 1, greatest = 1;
  EXPECT_OK(CU(cuCtxGetStreamPriorityRange)(&least, &greatest));
  EXPECT_EQ(0, least);
  EXPECT_LT(greatest, 0);
  EXPECT_OK(CU(cuCtxDestroy)(context));
}

TEST_F(ContextTest, EachContextOwnsItsFunctions) {
  CUcontext first = nullptr, second = nullptr;
  ASSERT_OK(createContext(&first, 0, 0));
  LoadedModule module("basics");
  CUfunction function = module.function("addConstant");
  ASSERT_OK(createContext(&second, 0, 0));
  Buffer<int> data(std::vector<int>(32, 1));
  EXPECT_CODE(CUDA_ERROR_INVALID_HANDLE,
              launch(function, {1}, {32}, 0, data.address, 5));
  EXPECT_OK(CU(cuCtxPopCurrent)(nullptr));
  EXPECT_OK(launch(function, {1}, {32}, 0, data.address, 5));
  EXPECT_OK(CU(cuCtxSynchronize)());
  EXPECT_EQ(std::vector<int>(32, 6), data.read());
  EXPECT_OK(CU(cuCtxDestroy)(second));
}

} // namespace
