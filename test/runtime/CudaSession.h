// SPDX-License-Identifier: Apache-2.0
// Sessions on CUDA devices, with the models of CudaModel.h, and memory there.
#ifndef DLC_TEST_RUNTIME_CUDASESSION_H
#define DLC_TEST_RUNTIME_CUDASESSION_H

#include "runtime/cuda/Driver.h"
#include "test/runtime/CudaModel.h"

#include <cstdlib>
#include <gtest/gtest.h>
#include <memory>

namespace dlc::test {

namespace cuda = dlc::runtime::cuda;

inline dlc_session_options onCuda(int32_t id = 0) {
  dlc_session_options options = makeOptions();
  options.device = {kDLCUDA, id};
  return options;
}

/// A session for the length of a test.
struct Session {
  explicit Session(const dlc_abi_model &model,
                   const dlc_session_options &options = onCuda()) {
    status = dlc_session_create(&model, &options, &session);
  }
  ~Session() { dlc_session_destroy(session); }
  Session(const Session &) = delete;
  Session &operator=(const Session &) = delete;
  operator dlc_session *() const { return session; }

  dlc_session_info info() const {
    dlc_session_info info = {};
    info.struct_size = sizeof info;
    EXPECT_EQ(dlc_session_get_info(session, &info), DLC_OK);
    return info;
  }

  dlc_session *session = nullptr;
  dlc_status status;
};

#define ASSERT_WORKS(SESSION)                                                  \
  ASSERT_EQ((SESSION).status, DLC_OK) << dlc_last_error()

inline const cuda::Driver &driver() {
  const cuda::Driver *driver = nullptr;
  EXPECT_EQ(cuda::getDriver(0, driver), DLC_OK) << dlc_last_error();
  return *driver;
}

/// Whether the tests run on the emulated driver, as they do by ctest.
inline bool isEmulated() { return std::getenv("DLC_EMULATOR_LEAKS"); }

/// The primary context of a device, current for the length of a test.
class Context {
public:
  explicit Context(int device = 0) : device(device) {
    EXPECT_EQ(driver().cuDevicePrimaryCtxRetain(&context, device), 0);
    scope = std::make_unique<cuda::ContextScope>(driver(), context);
  }
  ~Context() {
    scope.reset();
    driver().cuDevicePrimaryCtxRelease(device);
  }
  /// Of the emulator, to the byte; 0 on a real device, which others use too.
  size_t getFreeBytes() const {
    if (!isEmulated())
      return 0;
    size_t free = 0, total = 0;
    EXPECT_EQ(driver().cuMemGetInfo(&free, &total), 0);
    return free;
  }

private:
  int device;
  cuda::Context context = nullptr;
  std::unique_ptr<cuda::ContextScope> scope;
};

/// Device memory with the bytes of a host tensor.
class DeviceTensor {
public:
  /// On \p device, whose context is current now.
  DeviceTensor(const DLTensor &host, size_t bytes, int32_t device = 0)
      : bytes(bytes), tensor(host) {
    EXPECT_EQ(driver().cuMemAlloc(&address, bytes), 0);
    EXPECT_EQ(driver().cuMemcpyHtoD(address, host.data, bytes), 0);
    // The offset counts there too.
    tensor.data = reinterpret_cast<void *>(address - 8);
    tensor.byte_offset = 8;
    tensor.device = {kDLCUDA, device};
  }
  ~DeviceTensor() { driver().cuMemFree(address); }
  DeviceTensor(const DeviceTensor &) = delete;
  DeviceTensor &operator=(const DeviceTensor &) = delete;

  void read(void *to) const {
    EXPECT_EQ(driver().cuMemcpyDtoH(to, address, bytes), 0);
  }

  cuda::DevicePointer address = 0;
  const size_t bytes;
  DLTensor tensor;
};

inline constexpr size_t kBytes = TestTensors::kElements * sizeof(float);

inline void expectFails(const dlc_abi_model &model, dlc_status status,
                        const std::string &message,
                        const dlc_session_options &options = onCuda()) {
  Session session(model, options);
  EXPECT_EQ(session.status, status);
  EXPECT_EQ(dlc_last_error(), message);
}

inline void expectRuns(dlc_session *session, int count = 1) {
  for (int i = 0; i < count; ++i) {
    TestTensors tensors(i + 1);
    ASSERT_EQ(tensors.run(session), DLC_OK) << dlc_last_error();
    ASSERT_TRUE(tensors.isCorrect()) << i;
  }
}

} // namespace dlc::test

#endif // DLC_TEST_RUNTIME_CUDASESSION_H
