// SPDX-License-Identifier: Apache-2.0
// Sessions on CUDA devices, emulated or real ones: what they compute, from and
// to which memory, and how they share a device.
#include "test/runtime/CudaSession.h"

#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <thread>
#include <unistd.h>

using namespace dlc::test;

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

TEST(Cuda, ComputesWhatTheCpuDoes) {
  CudaTestModel model;
  Session session(model.model);
  ASSERT_WORKS(session);
  expectRuns(session, 5);
}

TEST(Cuda, ReadsTheSameTensorsAnewInEachRun) {
  CudaTestModel model;
  Session session(model.model);
  ASSERT_WORKS(session);
  TestTensors tensors;
  ASSERT_EQ(tensors.bind(session), DLC_OK) << dlc_last_error();
  for (int i = 0; i < 5; ++i) {
    tensors.a[i] = float(i + 3);
    tensors.clearOutputs();
    ASSERT_EQ(dlc_session_run(session, nullptr), DLC_OK) << dlc_last_error();
    ASSERT_TRUE(tensors.isCorrect()) << i;
  }
}

TEST(Cuda, TellsWhereItRuns) {
  CudaTestModel model;
  Session session(model.model);
  ASSERT_WORKS(session);
  dlc_session_info info = session.info();
  EXPECT_EQ(info.device.device_type, kDLCUDA);
  EXPECT_EQ(info.device.device_id, 0);
  EXPECT_EQ(std::string(info.target).substr(0, 3), "sm_");
  EXPECT_EQ(info.num_threads, 1u);
  EXPECT_EQ(info.arena_bytes, kBytes);
  dlc_model_info facts = {};
  facts.struct_size = sizeof facts;
  ASSERT_EQ(dlc_model_get_info(&model.model, &facts), DLC_OK);
  EXPECT_TRUE(facts.has_cuda);
  ASSERT_EQ(dlc_model_get_info(testModel(), &facts), DLC_OK);
  EXPECT_FALSE(facts.has_cuda);
  // The same model still runs on the CPU, which options without a device mean.
  dlc_session_options options = onCuda();
  options.struct_size = offsetof(dlc_session_options, device);
  Session onCpu(model.model, options);
  ASSERT_WORKS(onCpu);
  EXPECT_EQ(onCpu.info().device.device_type, kDLCPU);
  expectRuns(onCpu);
}

/// Runs \p model, as makeCudaOnlyModel() makes it.
static void expectPhases(const dlc_abi_model &model) {
  using namespace cuda_only_model;
  Session session(model), other(model);
  ASSERT_WORKS(session);
  ASSERT_WORKS(other);
  std::vector<uint32_t> x(kCells), y(kPhases * kCells), want(y.size());
  DLTensor input = TestTensors().inputs[0], output = input;
  input.dtype = output.dtype = {kDLUInt, 32, 1};
  input.data = x.data();
  input.shape = const_cast<int64_t *>(kInputShape);
  input.ndim = 1;
  output.data = y.data();
  output.shape = const_cast<int64_t *>(kOutputShape);
  for (uint32_t run = 1; run <= 4; ++run) {
    for (int64_t i = 0; i < kCells; ++i)
      x[i] = uint32_t(i * i + run);
    const uint32_t *last = x.data();
    for (int64_t p = 0; p < kPhases; ++p, last = &want[(p - 1) * kCells])
      for (int64_t i = 0; i < kCells; ++i)
        want[p * kCells + i] = last[i] + last[(i + 1) % kCells] + run;
    ASSERT_EQ(dlc_session_run_tensors(session, &input, 1, &output, 1, nullptr),
              DLC_OK)
        << dlc_last_error();
    ASSERT_EQ(y, want) << run;
  }
  // Each session has its own.
  ASSERT_EQ(dlc_session_run_tensors(other, &input, 1, &output, 1, nullptr),
            DLC_OK);
  EXPECT_NE(y, want);
}

TEST(Cuda, RunsPhasesInOrderAndKeepsState) {
  expectPhases(makeCudaOnlyModel());
}

TEST(Cuda, HasPhasesOfItsOwn) {
  using namespace cuda_only_model;
  dlc_abi_model model = makeCudaOnlyModel();
  // What the model says of the second kernel, a CPU's code.
  const int64_t phases[] = {1, 1, 1}, own[] = {0, kPhases, 0};
  dlc_abi_cuda cuda = kCuda;
  cuda.kernel_phases = own;
  model.kernel_phases = phases;
  model.cuda = &cuda;
  expectPhases(model);
  model.kernel_phases = nullptr;
  expectPhases(model);
}

TEST(Cuda, GetsASeedInEachRun) {
  dlc_abi_model model = makeSeedModel();
  Session session(model);
  ASSERT_WORKS(session);
  int64_t y = 0, shape[] = {1};
  DLTensor output = TestTensors().inputs[0];
  output.dtype = {kDLInt, 64, 1};
  output.data = &y;
  output.shape = shape;
  output.ndim = 1;
  ASSERT_EQ(dlc_session_seed(session, 5), DLC_OK);
  int64_t last = 5;
  for (int run = 0; run < 4; ++run) {
    ASSERT_EQ(dlc_session_run_tensors(session, nullptr, 0, &output, 1, nullptr),
              DLC_OK)
        << dlc_last_error();
    EXPECT_EQ(y, last);
    last = int64_t(uint64_t(last) * UINT64_C(6364136223846793005) +
                   UINT64_C(1442695040888963407));
  }
}

TEST(Cuda, TestsItself) {
  CudaTestModel model;
  dlc_session_options options = onCuda();
  dlc_test_result results[2] = {};
  EXPECT_EQ(dlc_model_self_test(&model.model, &options, results, 2), DLC_OK)
      << dlc_last_error();
  EXPECT_TRUE(results[0].tested);
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

TEST(Cuda, TakesTensorsOnTheDevice) {
  CudaTestModel model;
  Context context;
  Session session(model.model);
  ASSERT_WORKS(session);
  TestTensors tensors;
  DeviceTensor a(tensors.inputs[0], kBytes), y(tensors.outputs[0], kBytes);
  ASSERT_EQ(tensors.bind(session), DLC_OK);
  ASSERT_EQ(dlc_session_bind_input(session, 0, &a.tensor), DLC_OK)
      << dlc_last_error();
  ASSERT_EQ(dlc_session_bind_output(session, 0, &y.tensor), DLC_OK);
  for (int run = 0; run < 3; ++run) {
    tensors.clearOutputs();
    tensors.b[run] = float(run);
    ASSERT_EQ(dlc_session_run(session, nullptr), DLC_OK) << dlc_last_error();
    EXPECT_EQ(tensors.y[7], -1.0f);
    y.read(tensors.y.data());
    ASSERT_TRUE(tensors.isCorrect());
  }
  // One device tensor follows another, then one of the host's.
  TestTensors others(4);
  DeviceTensor newA(others.inputs[0], kBytes);
  tensors.a = others.a;
  for (const DLTensor &tensor : {newA.tensor, tensors.inputs[0]})
    for (int run = 0; run < 3; ++run) {
      ASSERT_EQ(dlc_session_bind_input(session, 0, &tensor), DLC_OK);
      ASSERT_EQ(dlc_session_run(session, nullptr), DLC_OK) << dlc_last_error();
      y.read(tensors.y.data());
      ASSERT_TRUE(tensors.isCorrect()) << run;
    }
}

TEST(Cuda, RefusesTensorsElsewhere) {
  CudaTestModel model;
  Session session(model.model);
  ASSERT_WORKS(session);
  TestTensors tensors;
  for (int32_t id : {-1, 16}) {
    tensors.inputs[0].device = {kDLCUDA, id};
    EXPECT_EQ(dlc_session_bind_input(session, 0, &tensors.inputs[0]),
              DLC_ERROR_TENSOR);
    EXPECT_EQ(dlc_last_error(), "input 'a' is on cuda:" + std::to_string(id) +
                                    ", which is not there");
  }
  tensors.inputs[0].device = {DLDeviceType(7), 0};
  EXPECT_EQ(dlc_session_bind_input(session, 0, &tensors.inputs[0]),
            DLC_ERROR_TENSOR);
  EXPECT_STREQ(dlc_last_error(),
               "input 'a' is neither in host memory nor on a CUDA device");
  tensors.inputs[0].device = {kDLCUDA, 0};
  tensors.inputs[0].data = reinterpret_cast<void *>(1032);
  EXPECT_EQ(dlc_session_bind_input(session, 0, &tensors.inputs[0]),
            DLC_ERROR_TENSOR);
  EXPECT_STREQ(dlc_last_error(),
               "input 'a' must begin at a multiple of 16 bytes on its device");
}

TEST(Cuda, RunsInTheCallersArena) {
  CudaTestModel model;
  Context context;
  TestTensors tensors;
  DeviceTensor arena(tensors.inputs[0], kBytes);
  DeviceTensor scratch(tensors.inputs[0], kBytes);
  dlc_session_options options = onCuda();
  options.arena = reinterpret_cast<void *>(arena.address);
  options.arena_bytes = kBytes;
  options.scratch = reinterpret_cast<void *>(scratch.address);
  options.scratch_bytes = kBytes;
  {
    Session session(model.model, options);
    ASSERT_WORKS(session);
    EXPECT_EQ(session.info().arena, options.arena);
    expectRuns(session, 3);
  }
  options.arena_bytes = kBytes - 1;
  expectFails(model.model, DLC_ERROR_INVALID_ARGUMENT,
              "the arena has 12287 bytes, the model needs 12288", options);
}

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

TEST(Cuda, RunsAtAllSizes) {
  CudaDynamicModel model;
  Session session(model.model);
  ASSERT_WORKS(session);
  for (int64_t rows : {8, 2, 64, 4, 62, 8, 8, 2})
    for (int64_t columns : {3, 1, 200, 200, 200}) {
      DynamicTensors tensors(rows, columns);
      ASSERT_EQ(tensors.run(session), DLC_OK) << dlc_last_error();
      ASSERT_TRUE(tensors.isCorrect()) << rows << " " << columns;
    }
}

TEST(Cuda, SeesSizesWhoseTensorsAreAsLarge) {
  // Without what has other sizes: input t and output sums.
  CudaDynamicModel model;
  model.model.num_inputs = model.model.num_steps = 2;
  model.model.num_outputs = 1;
  model.model.num_refs = 7;
  Session session(model.model);
  ASSERT_WORKS(session);
  for (int64_t rows : {8, 8, 8, 4, 4, 4, 12}) {
    DynamicTensors tensors(rows, 24 / rows);
    ASSERT_EQ(dlc_session_run_tensors(session, tensors.inputs, 2,
                                      tensors.outputs, 1, nullptr),
              DLC_OK)
        << dlc_last_error();
    for (size_t i = 0; i < tensors.y.size(); ++i)
      ASSERT_EQ(tensors.y[i], tensors.a[i] * 2 + tensors.b[i]) << rows;
  }
}

TEST(Cuda, RunsSpecialisedModels) {
  CudaDynamicModel model;
  model.model.num_specializations = 1;
  model.model.specializations = model.specials;
  Session session(model.model);
  ASSERT_WORKS(session);
  for (int64_t rows : {8, 4, 4, 4, 8, 4}) {
    DynamicTensors tensors(rows, 3);
    ASSERT_EQ(tensors.run(session), DLC_OK) << dlc_last_error();
    EXPECT_EQ(session.info().running == &model.special, rows == 4);
    for (float &y : tensors.y)
      y -= rows == 4;
    EXPECT_TRUE(tensors.isCorrect()) << rows;
  }
  model.special.cuda = nullptr;
  CudaDynamicModel other;
  other.special.cuda = nullptr;
  other.model.num_specializations = 1;
  other.model.specializations = other.specials;
  expectFails(other.model, DLC_ERROR_ARTIFACT,
              "a specialised model of model 'dynamic' has no code for CUDA");
}

TEST(Cuda, RefusesGridsThatAreTooLarge) {
  CudaTestModel model;
  model.kernels[1].blocks = uint64_t(1) << 31;
  Session session(model.model);
  ASSERT_WORKS(session);
  TestTensors tensors;
  for (int run = 0; run < 2; ++run) {
    EXPECT_EQ(tensors.run(session), DLC_ERROR_TENSOR);
    EXPECT_STREQ(dlc_last_error(),
                 "cuda:0: kernel 'add' of model 'test' would need 2147483648 "
                 "blocks, CUDA launches 2147483647 at most");
  }
}

//===----------------------------------------------------------------------===//
// Several sessions
//===----------------------------------------------------------------------===//

TEST(Cuda, SessionsShareWeights) {
  if (!isEmulated())
    return;
  std::vector<char> weights(8 << 20);
  CudaTestModel model;
  std::memcpy(weights.data(), model.model.weights, model.model.weights_bytes);
  model.model.weights = weights.data();
  model.model.weights_bytes = weights.size();
  Context context;
  size_t before = context.getFreeBytes();
  {
    Session first(model.model);
    ASSERT_WORKS(first);
    size_t withOne = context.getFreeBytes();
    EXPECT_GE(before - withOne, weights.size());
    Session second(model.model);
    ASSERT_WORKS(second);
    EXPECT_LT(withOne - context.getFreeBytes(), weights.size() / 2);
    expectRuns(first, 2);
    expectRuns(second, 3);
  }
  EXPECT_EQ(context.getFreeBytes(), before);
}

TEST(Cuda, RunsSessionsAtOnce) {
  CudaTestModel model;
  int numDevices = 0;
  driver().cuDeviceGetCount(&numDevices);
  std::vector<std::thread> threads;
  for (int id = 0; id < 4; ++id)
    threads.emplace_back([&, id] {
      for (int i = 0; i < 3; ++i) {
        Session session(model.model, onCuda(id % numDevices));
        ASSERT_WORKS(session);
        EXPECT_EQ(session.info().device.device_id, id % numDevices);
        for (int run = 0; run < 5; ++run) {
          TestTensors tensors(id + run);
          ASSERT_EQ(tensors.run(session), DLC_OK) << dlc_last_error();
          ASSERT_TRUE(tensors.isCorrect()) << id;
        }
      }
    });
  for (std::thread &thread : threads)
    thread.join();
}

TEST(Cuda, LeavesTheCallersContextCurrent) {
  CudaTestModel model;
  Context context;
  Session session(model.model);
  ASSERT_WORKS(session);
  expectRuns(session, 3);
  cuda::Context current = nullptr, none = nullptr;
  EXPECT_EQ(driver().cuCtxPopCurrent(&current), 0);
  EXPECT_NE(current, nullptr);
  // The stack has no other.
  EXPECT_NE(driver().cuCtxPopCurrent(&none), 0);
  EXPECT_EQ(driver().cuCtxPushCurrent(current), 0);
}

//===----------------------------------------------------------------------===//
// Profiles
//===----------------------------------------------------------------------===//

TEST(Cuda, WritesProfiles) {
  CudaTestModel model;
  std::vector<dlc_profile_event> events(3);
  dlc_session_options options = onCuda();
  options.profile = events.data();
  options.profile_capacity = events.size();
  Session session(model.model, options);
  ASSERT_WORKS(session);
  expectRuns(session, 2);
  EXPECT_EQ(session.info().profile_events, 3u);
  uint64_t last = events[0].begin_ns;
  for (uint64_t i = 0; i < 3; ++i) {
    EXPECT_EQ(events[i].step, i);
    EXPECT_EQ(events[i].begin_ns, last);
    last = events[i].end_ns;
    EXPECT_GE(last, events[i].begin_ns);
  }
  EXPECT_GT(last, events[0].begin_ns);
  std::string path =
      testing::TempDir() + "dlc-cuda-" + std::to_string(getpid()) + ".json";
  ASSERT_EQ(dlc_session_write_trace(session, path.c_str()), DLC_OK);
  std::ifstream file(path);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  std::remove(path.c_str());
  EXPECT_NE(text.find("{\"target\":\"sm_"), std::string::npos) << text;
  EXPECT_NE(text.find("\"name\":\"multiply\""), std::string::npos);
  EXPECT_EQ(text.find("threads"), std::string::npos);
}
