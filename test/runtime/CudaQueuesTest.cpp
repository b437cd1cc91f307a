// SPDX-License-Identifier: Apache-2.0
// Steps on several queues of a CUDA device.
#include "test/runtime/CudaQueuesModel.h"
#include "test/runtime/CudaSession.h"

#include <cstring>

using namespace dlc::test;

static bool isEnvironment(const char *name, const char *value) {
  const char *text = std::getenv(name);
  return text && std::strcmp(text, value) == 0;
}

TEST(Cuda, RunsQueuesBesideEachOther) {
  CudaQueuesModel model;
  Session session(model.model), other(model.model);
  ASSERT_WORKS(session);
  ASSERT_WORKS(other);
  expectRuns(session, 5);
  expectRuns(other, 3);
  expectRuns(session, 2);
}

TEST(Cuda, QueuesMayBeSwitchedOff) {
  Context context;
  CudaQueuesModel model;
  model.cuda.num_waits = 0;
  size_t used[2] = {};
  for (bool isOff : {false, true}) {
    if (isOff)
      setenv("DLC_CUDA_QUEUES", "0", 1);
    size_t before = context.getFreeBytes();
    Session session(model.model);
    unsetenv("DLC_CUDA_QUEUES");
    ASSERT_WORKS(session);
    used[isOff] = before - context.getFreeBytes();
    if (isOff)
      expectRuns(session, 4);
  }
  // The scratch memory of two queues.
  if (isEmulated())
    EXPECT_GE(used[false], used[true] + 2 * kBytes);
}

TEST(Cuda, RunsQueuesInOrderOnCpus) {
  CudaQueuesModel model;
  Session session(model.model, makeOptions());
  ASSERT_WORKS(session);
  expectRuns(session, 2);
}

// The emulated device runs what may run later last: the test sees what isn't
// waited for.
TEST(Cuda, QueuesWaitForEachOther) {
  if (!isEmulated() || !isEnvironment("DLC_EMULATOR_ASYNC", "1") ||
      isEnvironment("DLC_CUDA_GRAPHS", "0"))
    return;
  CudaQueuesModel model;
  model.cuda.num_waits = 2;
  model.cuda.waits = model.waits + 1;
  Session session(model.model);
  ASSERT_WORKS(session);
  int numCorrect = 0;
  for (int i = 0; i < 4; ++i) {
    TestTensors tensors(i + 1);
    ASSERT_EQ(tensors.run(session), DLC_OK) << dlc_last_error();
    numCorrect += tensors.isCorrect();
  }
  EXPECT_LT(numCorrect, 4);
}

TEST(Cuda, TablesWithoutWaitsEndBeforeThem) {
  CudaTestModel model;
  model.cuda.struct_size = offsetof(dlc_abi_cuda, num_waits);
  const dlc_abi_cuda_wait none = {1000, 999};
  model.cuda.num_waits = 1;
  model.cuda.waits = &none;
  Session session(model.model);
  ASSERT_WORKS(session);
  expectRuns(session, 3);
}

TEST(Cuda, QueuesHaveScratchMemoryOfTheirOwn) {
  Context context;
  CudaQueuesModel model;
  CudaTestModel single;
  size_t used[2] = {};
  for (bool isSingle : {false, true}) {
    size_t before = context.getFreeBytes();
    Session session(isSingle ? single.model : model.model);
    ASSERT_WORKS(session);
    used[isSingle] = before - context.getFreeBytes();
  }
  // Two more places in the arena, two more queues whose launches have some.
  if (isEmulated())
    EXPECT_GE(used[0], used[1] + 2 * kBytes + 2 * kBytes);
}

TEST(Cuda, ProfilesQueuesStepByStep) {
  CudaQueuesModel model;
  std::vector<dlc_profile_event> events(8);
  dlc_session_options options = onCuda();
  options.profile = events.data();
  options.profile_capacity = events.size();
  Session session(model.model, options);
  ASSERT_WORKS(session);
  expectRuns(session, 2);
  for (uint64_t i = 1; i < 6; ++i) {
    EXPECT_EQ(events[i].step, i);
    EXPECT_GE(events[i].begin_ns, events[i - 1].end_ns);
  }
}

TEST(Cuda, RunsQueuesAtAllSizes) {
  using namespace dynamic_model;
  CudaDynamicModel model;
  // The sums go beside y.
  dlc_abi_step steps[] = {kSteps[0], kSteps[1], kSteps[2]};
  steps[2].queue = 1;
  const dlc_abi_cuda_wait wait = {2, 0};
  model.cuda.num_waits = 1;
  model.cuda.waits = &wait;
  model.model.steps = steps;
  Session session(model.model);
  ASSERT_WORKS(session);
  // The specialised model has one queue.
  for (int64_t rows : {8, 8, 8, 4, 4, 4, 8, 64, 64, 64, 2}) {
    DynamicTensors tensors(rows, rows == 4 ? 3 : 5);
    ASSERT_EQ(tensors.run(session), DLC_OK) << dlc_last_error();
    ASSERT_TRUE(tensors.isCorrect()) << rows;
  }
}
