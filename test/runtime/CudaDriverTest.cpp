// SPDX-License-Identifier: Apache-2.0
// What sessions on CUDA devices ask of the driver, and what becomes of them
// where any of it fails.
#include "test/runtime/CudaCountingModel.h"
#include "test/runtime/CudaQueuesModel.h"
#include "test/runtime/CudaSession.h"

#include <cstdlib>

using namespace dlc::test;

namespace {
/// Stands between the runtime and the driver while alive: counts calls, and
/// lets one fail that does not free anything.
class Interposed {
public:
  Interposed() : table(const_cast<cuda::Driver &>(driver())) {
    saved = table;
#define DLC_TEST_WRAP(NAME, PARAMETERS)                                        \
  table.NAME = Wrapper<&cuda::Driver::NAME>::call;                             \
  Wrapper<&cuda::Driver::NAME>::mayFail = mayFail(#NAME);                      \
  Wrapper<&cuda::Driver::NAME>::numCalls = 0;
    DLC_CUDA_FUNCTIONS(DLC_TEST_WRAP)
#undef DLC_TEST_WRAP
    countdown = 0;
  }
  ~Interposed() { table = saved; }
  Interposed(const Interposed &) = delete;
  Interposed &operator=(const Interposed &) = delete;

  /// Lets the call number \p number from now on fail; 0: none.
  static void failAt(int number, cuda::Result code) {
    countdown = number;
    failure = code;
  }
  /// Whether there were fewer calls than that.
  static bool hasNotFailed() { return countdown > 0; }

  template <auto Member>
  static int countCalls() {
    return Wrapper<Member>::numCalls;
  }

private:
  static bool mayFail(const std::string &name) {
    // Without its context nothing is freed either.
    for (const char *word : {"Free", "Destroy", "Unload", "Release", "CtxPush",
                             "CtxPop", "EndCapture", "GetError"})
      if (name.find(word) != name.npos)
        return false;
    return true;
  }

  template <auto Member>
  struct Wrapper;
  template <typename... Args, cuda::Result (*cuda::Driver::*Member)(Args...)>
  struct Wrapper<Member> {
    static cuda::Result call(Args... args) {
      ++numCalls;
      if (mayFail && countdown > 0 && --countdown == 0)
        return failure;
      return (saved.*Member)(args...);
    }
    static inline bool mayFail;
    static inline int numCalls;
  };

  cuda::Driver &table;
  static inline cuda::Driver saved;
  static inline int countdown;
  static inline cuda::Result failure;
};
} // namespace

TEST(Cuda, RunsGraphsOfWhatDoesNotChange) {
  const char *wanted = std::getenv("DLC_CUDA_GRAPHS");
  bool hasGraphs = !wanted || std::string(wanted) != "0";
  Context context;
  Interposed calls;
  auto countGraphs = [] {
    return Interposed::countCalls<&cuda::Driver::cuGraphLaunch>();
  };
  auto countLaunches = [] {
    return Interposed::countCalls<&cuda::Driver::cuLaunchKernel>();
  };
  CudaTestModel model;
  Session session(model.model);
  ASSERT_WORKS(session);
  expectRuns(session, 1);
  EXPECT_EQ(countGraphs(), 0);
  EXPECT_EQ(countLaunches(), 3);
  // Other host tensors are no change.
  expectRuns(session, 4);
  EXPECT_EQ(countGraphs(), hasGraphs ? 4 : 0);
  EXPECT_EQ(countLaunches(), hasGraphs ? 6 : 15);
  // A device tensor is one.
  TestTensors tensors;
  DeviceTensor a(tensors.inputs[0], kBytes);
  int before = countGraphs();
  ASSERT_EQ(tensors.bind(session), DLC_OK);
  ASSERT_EQ(dlc_session_bind_input(session, 0, &a.tensor), DLC_OK);
  for (int run = 0; run < 3; ++run) {
    EXPECT_EQ(dlc_session_run(session, nullptr), DLC_OK) << dlc_last_error();
    EXPECT_TRUE(tensors.isCorrect());
  }
  EXPECT_EQ(countGraphs() - before, hasGraphs ? 2 : 0);
}

TEST(Cuda, QueuesAreStreams) {
  Context context;
  Interposed calls;
  CudaQueuesModel model;
  Session session(model.model);
  ASSERT_WORKS(session);
  EXPECT_EQ(Interposed::countCalls<&cuda::Driver::cuStreamCreate>(), 3);
  // One for each queue, and for each step that others wait for.
  EXPECT_EQ(Interposed::countCalls<&cuda::Driver::cuEventCreate>(), 6);
  auto countWaits = [] {
    return Interposed::countCalls<&cuda::Driver::cuStreamWaitEvent>();
  };
  // Two begin, three waits, two end: in the first run, and for the graph.
  expectRuns(session, 1);
  EXPECT_EQ(countWaits(), 7);
  expectRuns(session, 3);
  const char *wanted = std::getenv("DLC_CUDA_GRAPHS");
  bool hasGraphs = !wanted || std::string(wanted) != "0";
  EXPECT_EQ(countWaits(), hasGraphs ? 14 : 28);
  EXPECT_EQ(Interposed::countCalls<&cuda::Driver::cuStreamCreate>(), 3);
}

TEST(Cuda, ChangesOfSizesEndGraphs) {
  Context context;
  Interposed calls;
  CudaDynamicModel model;
  Session session(model.model);
  ASSERT_WORKS(session);
  for (int64_t rows : {8, 8, 4, 8, 4, 8, 8, 8}) {
    DynamicTensors tensors(rows, 5);
    ASSERT_EQ(tensors.run(session), DLC_OK) << dlc_last_error();
    ASSERT_TRUE(tensors.isCorrect());
  }
  const char *wanted = std::getenv("DLC_CUDA_GRAPHS");
  bool hasGraphs = !wanted || std::string(wanted) != "0";
  EXPECT_EQ(Interposed::countCalls<&cuda::Driver::cuGraphLaunch>(),
            hasGraphs ? 3 : 0);
}

/// Makes a session of \p model and runs it, with all that there is, while the
/// call number \p number fails. \returns whether that was reached.
template <typename Tensors>
static bool runWithFailure(const dlc_abi_model &model, bool withProfile,
                           int number, cuda::Result code,
                           const std::vector<Tensors *> &tensors) {
  std::vector<dlc_profile_event> events(8);
  dlc_session_options options = onCuda();
  if (withProfile) {
    options.profile = events.data();
    options.profile_capacity = events.size();
  }
  Interposed::failAt(number, code);
  dlc_session *session = nullptr;
  dlc_status status = dlc_session_create(&model, &options, &session);
  for (size_t i = 0; status == DLC_OK && i < tensors.size(); ++i) {
    status = tensors[i]->run(session);
    EXPECT_TRUE(status != DLC_OK || tensors[i]->isCorrect()) << number;
  }
  bool isOver = Interposed::hasNotFailed();
  Interposed::failAt(0, code);
  std::string message = status == DLC_OK ? "" : dlc_last_error();
  if (status != DLC_OK)
    EXPECT_EQ(message.find("cuda:0: "), 0u) << number << ": " << message;
  // A failure of that kind is over with the call.
  if (session) {
    dlc_status after = tensors.back()->run(session);
    EXPECT_TRUE(after != DLC_OK || tensors.back()->isCorrect()) << number;
  }
  dlc_session_destroy(session);
  return !isOver;
}

TEST(Cuda, SurvivesAnyFailedCall) {
  Context context;
  Interposed calls;
  size_t before = context.getFreeBytes();
  CudaTestModel fixed;
  CudaDynamicModel dynamic;
  CudaCountingModel counting;
  CudaQueuesModel queues;
  for (cuda::Result code : {cuda::kOutOfMemory, 999}) {
    int number = 0;
    while ([&] {
      TestTensors a, b, c;
      return runWithFailure<TestTensors>(fixed.model, false, ++number, code,
                                         {&a, &b, &c});
    }())
      EXPECT_EQ(context.getFreeBytes(), before) << number;
    EXPECT_GT(number, 30);
    number = 0;
    while ([&] {
      TestTensors a, b, c;
      return runWithFailure<TestTensors>(queues.model, false, ++number, code,
                                         {&a, &b, &c});
    }())
      EXPECT_EQ(context.getFreeBytes(), before) << number;
    EXPECT_GT(number, 60);
    number = 0;
    while ([&] {
      TestTensors a, b;
      return runWithFailure<TestTensors>(fixed.model, true, ++number, code,
                                         {&a, &b});
    }())
      EXPECT_EQ(context.getFreeBytes(), before) << number;
    number = 0;
    while ([&] {
      DynamicTensors a(2, 3), b(8, 200), c(8, 200), d(4, 5);
      return runWithFailure<DynamicTensors>(dynamic.model, false, ++number,
                                            code, {&a, &b, &c, &d});
    }())
      EXPECT_EQ(context.getFreeBytes(), before) << number;
    number = 0;
    while ([&] {
      OwnedCountingTensors a(20, 3), b(20, 1);
      return runWithFailure<OwnedCountingTensors>(counting.model, false,
                                                  ++number, code, {&a, &b});
    }())
      EXPECT_EQ(context.getFreeBytes(), before) << number;
  }
}

TEST(Cuda, SurvivesFailedAllocationsOfTheCallers) {
  struct Count {
    int left;
    int numAllocated;
  };
  dlc_allocator allocator = {};
  allocator.struct_size = sizeof allocator;
  allocator.allocate = [](void *context, size_t bytes, size_t alignment) {
    Count &count = *static_cast<Count *>(context);
    if (count.left-- == 0)
      return static_cast<void *>(nullptr);
    ++count.numAllocated;
    return std::aligned_alloc(alignment,
                              (bytes + alignment - 1) / alignment * alignment);
  };
  allocator.release = [](void *context, void *memory, size_t) {
    --static_cast<Count *>(context)->numAllocated;
    std::free(memory);
  };
  dlc_session_options options = onCuda();
  options.allocator = &allocator;
  CudaDynamicModel model;
  for (int number = 0; number < 3; ++number) {
    Count count = {number, 0};
    allocator.context = &count;
    {
      Session session(model.model, options);
      EXPECT_EQ(session.status, number < 2 ? DLC_ERROR_OUT_OF_MEMORY : DLC_OK);
      DynamicTensors tensors(8, 3);
      if (session.session)
        EXPECT_EQ(tensors.run(session), DLC_OK) << dlc_last_error();
    }
    EXPECT_EQ(count.numAllocated, 0);
  }
}
