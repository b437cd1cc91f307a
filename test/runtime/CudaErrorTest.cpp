// SPDX-License-Identifier: Apache-2.0
// Models, machines and devices on which no session can run. What a machine may
// lack is tested by the suites whose names begin with CudaWith: each wants an
// environment of its own (see CMakeLists.txt).
#include "test/runtime/CudaSession.h"

#include <cstdlib>

using namespace dlc::test;

//===----------------------------------------------------------------------===//
// Models that don't fit
//===----------------------------------------------------------------------===//

TEST(Cuda, NeedsCode) {
  expectFails(*testModel(), DLC_ERROR_DEVICE,
              "model 'test' has no code for cuda:0: compile it with --target "
              "cuda");
  dlc_session_options options = makeOptions();
  options.device = {DLDeviceType(9), 0};
  expectFails(*testModel(), DLC_ERROR_UNSUPPORTED,
              "there are no sessions on devices of kind 9", options);
}

TEST(Cuda, CodeForItAloneDoesNotRunOnTheCpu) {
  dlc_abi_model model = makeCudaOnlyModel();
  dlc_model_info info = {};
  info.struct_size = sizeof info;
  EXPECT_EQ(dlc_model_get_info(&model, &info), DLC_OK);
  EXPECT_EQ(info.target, nullptr);
  expectFails(model, DLC_ERROR_CPU,
              "model 'cuda-only' was compiled for CUDA devices only; run it on "
              "cuda:0, or compile it with --target cpu,cuda",
              makeOptions());
}

TEST(Cuda, SaysWhyCodeCannotBeLoaded) {
  CudaTestModel model;
  Context context;
  size_t before = context.getFreeBytes();
  std::string text = kPtx;
  text.replace(text.find("mul.f32"), 7, "foo.f32");
  model.images[0].data = model.images[1].data = text.c_str();
  Session session(model.model);
  EXPECT_EQ(session.status, DLC_ERROR_DEVICE);
  std::string message = dlc_last_error();
  EXPECT_EQ(message.find("cuda:0: the driver cannot load the code of model "
                         "'test' for sm_80: CUDA_ERROR_INVALID_PTX ("),
            0u)
      << message;
  EXPECT_NE(message.find("line "), std::string::npos) << message;
  EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  EXPECT_EQ(context.getFreeBytes(), before);
}

TEST(Cuda, SaysWhenTheDriverIsTooOldForCode) {
  CudaTestModel model;
  std::string text = kPtx;
  text.replace(text.find("7.0"), 3, "99.0");
  model.images[0].data = text.c_str();
  Session session(model.model);
  EXPECT_EQ(session.status, DLC_ERROR_DEVICE);
  EXPECT_NE(std::string(dlc_last_error())
                .find("for sm_80: CUDA_ERROR_UNSUPPORTED_PTX_VERSION ("),
            std::string::npos)
      << dlc_last_error();
  // Text that it can read is taken instead.
  model.cuda.num_images = 2;
  model.images[1].sm = 75;
  Session other(model.model);
  ASSERT_WORKS(other);
  expectRuns(other, 2);
}

TEST(Cuda, SaysWhichKernelIsMissing) {
  CudaTestModel model;
  model.kernels[1].name = "added";
  expectFails(model.model, DLC_ERROR_DEVICE,
              "cuda:0: model 'test' has no kernel 'added': "
              "CUDA_ERROR_NOT_FOUND (named symbol not found)");
}

TEST(Cuda, RefusesTooMuchSharedMemory) {
  CudaTestModel model;
  model.kernels[2].shared_bytes = 1 << 20;
  expectFails(model.model, DLC_ERROR_DEVICE,
              "cuda:0: kernel 'sum' of model 'test' needs 1048576 bytes of "
              "shared memory, which the device does not have");
}

TEST(Cuda, ChoosesAnImageThatTheDeviceCanRun) {
  // The emulator refuses all machine code; that for other chips and the text
  // for newer ones is never tried.
  static const char code[] = "\177ELF\2\1\1";
  std::vector<dlc_abi_cuda_image> others = {
      {DLC_CUDA_CUBIN, 20, code, sizeof code},
      {DLC_CUDA_PTX, 999, "nonsense", 9}};
  if (isEmulated())
    others.push_back({DLC_CUDA_CUBIN, 90, code, sizeof code});
  for (const dlc_abi_cuda_image &other : others) {
    CudaTestModel model;
    model.images[0] = other;
    model.cuda.num_images = 2;
    Session session(model.model);
    ASSERT_WORKS(session);
    expectRuns(session, 2);
  }
}

TEST(Cuda, RefusesTablesThatAreCutShort) {
  CudaTestModel model;
  model.cuda.struct_size = 8;
  expectFails(model.model, DLC_ERROR_ARTIFACT,
              "the model's tables for CUDA are cut short");
}

//===----------------------------------------------------------------------===//
// Failures
//===----------------------------------------------------------------------===//

// What a failed device has can't be freed: it is lost with the last session.
TEST(CudaFault, IsOutlived) {
  CudaTestModel good, bad;
  bad.kernels[2] = {"fault", 1, 0, 1, 0};
  const std::string message =
      "cuda:0: the run of model 'test' failed: CUDA_ERROR_ILLEGAL_ADDRESS (an "
      "illegal memory access was encountered)";
  {
    Session session(bad.model);
    ASSERT_WORKS(session);
    TestTensors tensors;
    for (int run = 0; run < 3; ++run) {
      EXPECT_EQ(tensors.run(session), DLC_ERROR_DEVICE);
      EXPECT_EQ(dlc_last_error(), message);
    }
    // Nothing runs on the device any more; all runs on the CPU.
    Session other(good.model);
    EXPECT_EQ(other.status, DLC_ERROR_DEVICE);
    EXPECT_NE(std::string(dlc_last_error()).find("CUDA_ERROR_ILLEGAL_ADDRESS"),
              std::string::npos)
        << dlc_last_error();
    Session onCpu(bad.model, makeOptions());
    ASSERT_WORKS(onCpu);
    expectRuns(onCpu);
  }
  // With the last session the device begins anew.
  Session session(good.model);
  ASSERT_WORKS(session);
  expectRuns(session, 2);
}

namespace {
/// The environment that a suite wants, or its tests are skipped.
class CudaWith : public testing::Test {
protected:
  void want(const char *name, const char *value) {
    const char *got = std::getenv(name);
    if (std::string(got ? got : "") != value)
      GTEST_SKIP() << "wants " << name << "=" << value;
  }
  CudaTestModel model;
};
class CudaWithoutDriver : public CudaWith {
  void SetUp() override { want("DLC_TEST_WITH", "no-driver"); }
};
class CudaWithOldDriver : public CudaWith {
  void SetUp() override { want("DLC_TEST_WITH", "old-driver"); }
};
class CudaWithoutDevice : public CudaWith {
  void SetUp() override { want("DLC_EMULATOR_DEVICES", "0"); }
};
class CudaWithTwoDevices : public CudaWith {
  void SetUp() override { want("DLC_EMULATOR_DEVICES", "2"); }
};
class CudaWithOldChip : public CudaWith {
  void SetUp() override { want("DLC_EMULATOR_SM", "75"); }
};
class CudaWithLittleMemory : public CudaWith {
  void SetUp() override { want("DLC_EMULATOR_MEMORY", "1048576"); }

protected:
  /// Another session has room afterwards.
  void TearDown() override {
    CudaTestModel small;
    Session session(small.model);
    ASSERT_WORKS(session);
    expectRuns(session, 2);
  }
};
} // namespace

TEST_F(CudaWithoutDriver, SaysSo) {
  expectFails(model.model, DLC_ERROR_DEVICE,
              "cuda:0: there is no CUDA driver: libcuda.so.1: cannot open "
              "shared object file: No such file or directory");
  Session session(model.model, makeOptions());
  ASSERT_WORKS(session);
  expectRuns(session);
}

TEST_F(CudaWithOldDriver, SaysSo) {
  expectFails(model.model, DLC_ERROR_DEVICE,
              "cuda:0: the CUDA driver is too old: it is for CUDA 11.4, and "
              "12.0 or newer is needed");
}

TEST_F(CudaWithoutDevice, SaysSo) {
  for (int i = 0; i < 2; ++i)
    expectFails(model.model, DLC_ERROR_DEVICE,
                "cuda:0: there is no CUDA device");
}

TEST_F(CudaWithTwoDevices, RefusesOthers) {
  for (int32_t id : {2, -1})
    expectFails(model.model, DLC_ERROR_DEVICE,
                "cuda:" + std::to_string(id) +
                    ": there is no such device: the last one is cuda:1",
                onCuda(id));
}

TEST_F(CudaWithTwoDevices, RunsOnBothAtOnce) {
  Context context(1);
  Session first(model.model, onCuda(0));
  ASSERT_WORKS(first);
  size_t before = context.getFreeBytes();
  Session second(model.model, onCuda(1));
  EXPECT_LE(context.getFreeBytes() + kBytes, before);
  ASSERT_WORKS(second);
  for (int i = 0; i < 3; ++i) {
    expectRuns(first);
    expectRuns(second);
  }
}

TEST_F(CudaWithTwoDevices, TakesTensorsOfTheOther) {
  Context context(1);
  std::vector<dlc_profile_event> events(8);
  dlc_session_options options = onCuda(0);
  for (bool isProfiled : {false, true}) {
    options.profile = isProfiled ? events.data() : nullptr;
    options.profile_capacity = isProfiled ? events.size() : 0;
    Session session(model.model, options);
    ASSERT_WORKS(session);
    TestTensors first(1), second(2);
    DeviceTensor y(first.outputs[0], kBytes, 1);
    for (TestTensors *tensors : {&first, &second}) {
      // Another tensor there each time: the graph stays.
      DeviceTensor a(tensors->inputs[0], kBytes, 1);
      ASSERT_EQ(tensors->bind(session), DLC_OK);
      ASSERT_EQ(dlc_session_bind_input(session, 0, &a.tensor), DLC_OK)
          << dlc_last_error();
      ASSERT_EQ(dlc_session_bind_output(session, 0, &y.tensor), DLC_OK);
      for (int run = 0; run < 3; ++run) {
        tensors->clearOutputs();
        EXPECT_EQ(driver().cuMemcpyHtoD(y.address, tensors->y.data(), kBytes),
                  0);
        ASSERT_EQ(dlc_session_run(session, nullptr), DLC_OK)
            << dlc_last_error();
        y.read(tensors->y.data());
        ASSERT_TRUE(tensors->isCorrect()) << run;
      }
    }
    DLTensor got = {};
    ASSERT_EQ(dlc_session_output(session, 0, &got), DLC_OK);
    EXPECT_EQ(got.device.device_id, 1);
    EXPECT_EQ(reinterpret_cast<cuda::DevicePointer>(got.data), y.address);
    // In host memory again.
    expectRuns(session, 3);
  }
}

TEST_F(CudaWithOldChip, NeedsCodeForIt) {
  expectFails(model.model, DLC_ERROR_DEVICE,
              "cuda:0: model 'test' has no code for this device's sm_75, but "
              "for sm_80: compile it with a lower --sm");
}

TEST_F(CudaWithLittleMemory, RefusesLargeArenas) {
  model.model.arena_bytes = 2 << 20;
  Session session(model.model);
  EXPECT_EQ(session.status, DLC_ERROR_OUT_OF_MEMORY);
  std::string message = dlc_last_error();
  EXPECT_EQ(message.find("cuda:0: cannot allocate 2097152 bytes for the arena "
                         "of model 'test', which needs 2109568 in all: "),
            0u)
      << message;
  EXPECT_NE(message.find(" of 1048576 are free"), std::string::npos) << message;
}

TEST_F(CudaWithLittleMemory, RefusesLargeWeights) {
  std::vector<char> weights(2 << 20);
  model.model.weights = weights.data();
  model.model.weights_bytes = weights.size();
  Session session(model.model);
  EXPECT_EQ(session.status, DLC_ERROR_OUT_OF_MEMORY);
  EXPECT_NE(std::string(dlc_last_error()).find("2097152 bytes for the weights"),
            std::string::npos)
      << dlc_last_error();
}

TEST_F(CudaWithLittleMemory, FailsCleanlyWhereverItEnds) {
  Context context;
  // What there is after the code was loaded once.
  size_t before = context.getFreeBytes();
  int numFailed = 0, numDone = 0;
  for (size_t left = 0; left < 160000; left += 3000) {
    cuda::DevicePointer ballast = 0;
    ASSERT_EQ(driver().cuMemAlloc(&ballast, before - left), 0);
    {
      dlc_session *session = nullptr;
      dlc_session_options options = onCuda();
      dlc_status status = dlc_session_create(&model.model, &options, &session);
      TestTensors tensors;
      if (status == DLC_OK)
        status = tensors.run(session);
      if (status == DLC_OK) {
        EXPECT_TRUE(tensors.isCorrect());
        ++numDone;
      } else {
        EXPECT_EQ(status, DLC_ERROR_OUT_OF_MEMORY) << dlc_last_error();
        ++numFailed;
      }
      dlc_session_destroy(session);
    }
    ASSERT_EQ(driver().cuMemFree(ballast), 0);
    EXPECT_EQ(context.getFreeBytes(), before) << left;
  }
  EXPECT_GT(numFailed, 5);
  EXPECT_GT(numDone, 5);
}

TEST_F(CudaWithLittleMemory, RefusesLargeState) {
  model.model.state_bytes = 2 << 20;
  Session session(model.model);
  EXPECT_EQ(session.status, DLC_ERROR_OUT_OF_MEMORY);
  EXPECT_NE(std::string(dlc_last_error()).find("2097152 bytes for the state"),
            std::string::npos)
      << dlc_last_error();
}

TEST_F(CudaWithLittleMemory, RefusesLargeTensorsAndGoesOn) {
  // Of 64 x 2000 numbers a tensor has 512 kB; the arena has two.
  CudaDynamicModel dynamic;
  Session session(dynamic.model);
  ASSERT_WORKS(session);
  for (int64_t columns : {2000, 800, 3}) {
    DynamicTensors tensors(64, columns);
    dlc_status status = tensors.run(session);
    if (columns == 3) {
      ASSERT_EQ(status, DLC_OK) << dlc_last_error();
      EXPECT_TRUE(tensors.isCorrect());
      continue;
    }
    EXPECT_EQ(status, DLC_ERROR_OUT_OF_MEMORY);
    std::string message = dlc_last_error();
    EXPECT_NE(
        message.find(columns == 2000
                         ? "bytes for the scratch memory at N = 64, C = 2000 of"
                         : "bytes for the inputs and outputs of"),
        std::string::npos)
        << message;
  }
}
