// SPDX-License-Identifier: Apache-2.0
// What the environment says, and what is told when a process ends: each in a
// process of its own, `emulator-driver-tests FOLDER CHILD`.
#include "Cuda.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace emulator::test;

namespace {

struct Outcome {
  int status;
  std::string text; ///< of stdout and stderr
};

/// Runs this program for one test, with a changed environment.
Outcome runChild(const std::string &environment, const std::string &name) {
  char self[4096] = "";
  EXPECT_GT(readlink("/proc/self/exe", self, sizeof self - 1), 0);
  const std::string command =
      "env " + environment + " '" + self + "' . " + name + " 2>&1";
  Outcome outcome = {-1, ""};
  FILE *pipe = popen(command.c_str(), "r");
  char buffer[512];
  while (pipe && std::fgets(buffer, sizeof buffer, pipe))
    outcome.text += buffer;
  if (pipe)
    outcome.status = pclose(pipe);
  return outcome;
}

class ProcessTest : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_OK(CU(cuInit)(0));
    if (!emulated())
      GTEST_SKIP() << "the environment is the emulator's";
  }
};

void leaves() {
  ASSERT_OK(CU(cuInit)(0));
  CUcontext context = nullptr;
  ASSERT_OK(createContext(&context, 0, 0));
  CUdeviceptr memory = 0;
  EXPECT_OK(CU(cuMemAlloc)(&memory, 1000));
  EXPECT_OK(CU(cuMemAlloc)(&memory, 24));
  CUstream stream = nullptr;
  EXPECT_OK(CU(cuStreamCreate)(&stream, 0));
  EXPECT_OK(CU(cuStreamCreate)(&stream, 0));
  EXPECT_OK(CU(cuStreamDestroy)(stream));
  CUevent event = nullptr;
  EXPECT_OK(CU(cuEventCreate)(&event, 0));
  EXPECT_OK(CU(cuCtxDestroy)(context));
  EXPECT_OK(createContext(&context, 0, 0));
  EXPECT_OK(CU(cuMemAlloc)(&memory, 100));
}

void leavesNothing() {
  ASSERT_OK(CU(cuInit)(0));
  CUcontext context = nullptr;
  ASSERT_OK(createContext(&context, 0, 0));
  CUdeviceptr memory = 0;
  EXPECT_OK(CU(cuMemAlloc)(&memory, 1000));
  EXPECT_OK(CU(cuMemFree)(memory));
  EXPECT_OK(CU(cuCtxDestroy)(context));
}

TEST_F(ProcessTest, LeaksAreTold) {
  const Outcome leaky = runChild("DLC_EMULATOR_LEAKS=1", "leaves");
  EXPECT_EQ(0, leaky.status);
  EXPECT_EQ("dlc-emulator: leak: 3 allocation(s) of 1124 bytes\n"
            "dlc-emulator: leak: 1 stream(s)\n"
            "dlc-emulator: leak: 1 event(s)\n",
            leaky.text);
  const Outcome clean = runChild("DLC_EMULATOR_LEAKS=1", "leavesNothing");
  EXPECT_EQ(0, clean.status) << clean.text;
  EXPECT_EQ(std::string::npos, clean.text.find("leak")) << clean.text;
  EXPECT_EQ(std::string::npos,
            runChild("DLC_EMULATOR_LEAKS=0", "leaves").text.find("leak"));
}

void isSmall() {
  ASSERT_OK(CU(cuInit)(0));
  EXPECT_EQ(3, deviceCount());
  EXPECT_EQ(75, capability());
  int count = 0;
  EXPECT_OK(CU(cuDeviceGetAttribute)(
      &count, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, 2));
  EXPECT_EQ(40, count);
  size_t bytes = 0;
  EXPECT_OK(CU(cuDeviceTotalMem)(&bytes, 0));
  EXPECT_EQ(size_t(1) << 20, bytes);
  CUcontext context = nullptr;
  ASSERT_OK(createContext(&context, 0, 0));
  CUdeviceptr memory = 0;
  EXPECT_CODE(CUDA_ERROR_OUT_OF_MEMORY, CU(cuMemAlloc)(&memory, (1 << 20) + 1));
  EXPECT_OK(CU(cuMemAlloc)(&memory, 1 << 20));
  EXPECT_OK(CU(cuCtxDestroy)(context));
}

void hasNoDevice() { EXPECT_CODE(CUDA_ERROR_NO_DEVICE, CU(cuInit)(0)); }

TEST_F(ProcessTest, TheEnvironmentChoosesTheMachine) {
  const Outcome small = runChild(
      "DLC_EMULATOR_DEVICES=3 DLC_EMULATOR_SM=75 DLC_EMULATOR_MEMORY=1048576",
      "isSmall");
  EXPECT_EQ(0, small.status) << small.text;
  const Outcome none = runChild("DLC_EMULATOR_DEVICES=0", "hasNoDevice");
  EXPECT_EQ(0, none.status) << none.text;
  const Outcome wrong = runChild("DLC_EMULATOR_SM=70", "hasNoDevice");
  EXPECT_EQ(2, WEXITSTATUS(wrong.status));
  EXPECT_NE(
      std::string::npos,
      wrong.text.find("dlc-emulator: DLC_EMULATOR_SM=70: no such chip: there "
                      "are 75, 80, 86, 89, 90 and 100\n"))
      << wrong.text;
}

/// Reads a result without waiting for it.
void forgetsToWait() {
  ASSERT_OK(CU(cuInit)(0));
  CUcontext context = nullptr;
  ASSERT_OK(createContext(&context, 0, 0));
  int *host = nullptr;
  ASSERT_OK(CU(cuMemAllocHost)(reinterpret_cast<void **>(&host), 4));
  *host = -1;
  CUdeviceptr memory = 0;
  ASSERT_OK(CU(cuMemAlloc)(&memory, 4));
  EXPECT_OK(CU(cuMemsetD32)(memory, 7, 1));
  EXPECT_OK(CU(cuMemcpyDtoHAsync)(host, memory, 4, nullptr));
  std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(-1, *static_cast<volatile int *>(host));
  // It does come in the end, as a host that polls expects.
  for (int i = 0; i < 1000 && *static_cast<volatile int *>(host) != 7; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(7, *static_cast<volatile int *>(host));
  EXPECT_OK(CU(cuCtxDestroy)(context));
}

TEST_F(ProcessTest, LazyStreamsShowWhoForgetsToWait) {
  const Outcome outcome = runChild("DLC_EMULATOR_ASYNC=1", "forgetsToWait");
  EXPECT_EQ(0, outcome.status) << outcome.text;
}

/// Runs a graph of eight nodes, the last of which waits for the one before it.
void runsNodes() {
  static std::vector<int> order;
  static int numbers[8] = {0, 1, 2, 3, 4, 5, 6, 7};
  ASSERT_OK(CU(cuInit)(0));
  CUcontext context = nullptr;
  ASSERT_OK(createContext(&context, 0, 0));
  CUgraph graph = nullptr;
  ASSERT_OK(CU(cuGraphCreate)(&graph, 0));
  CUgraphNode nodes[8] = {};
  for (int i = 0; i < 8; ++i) {
    CUDA_HOST_NODE_PARAMS node = {};
    node.fn = [](void *data) { order.push_back(*static_cast<int *>(data)); };
    node.userData = &numbers[i];
    ASSERT_OK(
        CU(cuGraphAddHostNode)(&nodes[i], graph, &nodes[6], i == 7, &node));
  }
  CUgraphExec exec = nullptr;
  ASSERT_OK(CU(cuGraphInstantiateWithFlags)(&exec, graph, 0));
  EXPECT_OK(CU(cuGraphLaunch)(exec, nullptr));
  EXPECT_OK(CU(cuCtxSynchronize)());
  EXPECT_EQ(8u, order.size());
  EXPECT_LT(std::find(order.begin(), order.end(), 6),
            std::find(order.begin(), order.end(), 7));
  for (int number : order)
    std::printf("%d ", number);
  std::printf(".\n");
  EXPECT_OK(CU(cuGraphExecDestroy)(exec));
  EXPECT_OK(CU(cuGraphDestroy)(graph));
  EXPECT_OK(CU(cuCtxDestroy)(context));
}

TEST_F(ProcessTest, TheEnvironmentOrdersTheNodesOfGraphs) {
  auto run = [](const char *environment) {
    const Outcome outcome = runChild(environment, "runsNodes");
    EXPECT_EQ(0, outcome.status) << outcome.text;
    const size_t end = outcome.text.find(" .\n");
    return end < 15 || end == std::string::npos
               ? outcome.text
               : outcome.text.substr(end - 15, 15);
  };
  EXPECT_EQ("0 1 2 3 4 5 6 7", run("DLC_EMULATOR_ORDER=0"));
  EXPECT_EQ("6 7 5 4 3 2 1 0", run("DLC_EMULATOR_ASYNC=1"));
  const std::string first = run("DLC_EMULATOR_ORDER=1");
  EXPECT_EQ(first, run("DLC_EMULATOR_ORDER=1"));
  EXPECT_NE(first, run("DLC_EMULATOR_ORDER=2"));
}

/// Runs a grid of 10 x 70 blocks; each adds 1 to its own number.
void launchesSome() {
  static constexpr char text[] = R"(.version 8.0
.target sm_80
.address_size 64
.visible .entry count(.param .u64 to) {
  .reg .b32 %r<5>;
  .reg .b64 %d<4>;
  ld.param.u64 %d1, [to];
  mov.u32 %r1, %ctaid.x;
  mov.u32 %r2, %ctaid.y;
  mad.lo.u32 %r3, %r2, 10, %r1;
  mad.wide.u32 %d2, %r3, 4, %d1;
  ld.global.u32 %r4, [%d2];
  add.u32 %r4, %r4, 1;
  st.global.u32 [%d2], %r4;
  ret;
})";
  ASSERT_OK(CU(cuInit)(0));
  CUcontext context = nullptr;
  ASSERT_OK(createContext(&context, 0, 0));
  CUmodule module = nullptr;
  ASSERT_OK(CU(cuModuleLoadData)(&module, text));
  CUfunction function = nullptr;
  ASSERT_OK(CU(cuModuleGetFunction)(&function, module, "count"));
  CUdeviceptr memory = 0;
  ASSERT_OK(CU(cuMemAlloc)(&memory, 2800));
  // Where blocks are left out, what they would have written is no fault to
  // read.
  if (std::string(std::getenv("DLC_EMULATOR_SAMPLE")) == "0")
    EXPECT_OK(CU(cuMemsetD32)(memory, 0, 700));
  EXPECT_OK(launch(function, {10, 70}, {1}, 0, memory));
  unsigned found[700] = {};
  EXPECT_OK(CU(cuMemcpyDtoH)(found, memory, sizeof found));
  std::printf("ran");
  for (unsigned i = 0; i < 700; ++i) {
    EXPECT_LE(found[i], 1u) << i;
    if (found[i])
      std::printf(" %u", i);
  }
  std::printf("\n");
  EXPECT_OK(CU(cuCtxDestroy)(context));
}

TEST_F(ProcessTest, SomeBlocksOfALaunch) {
  const std::string counters = testing::TempDir() + "emulator-sample.json";
  std::remove(counters.c_str());
  // A block has nine instructions.
  const Outcome some =
      runChild("DLC_EMULATOR_SAMPLE=800 DLC_EMULATOR_COUNTERS=" + counters,
               "launchesSome");
  EXPECT_EQ(0, some.status) << some.text;
  std::istringstream words(some.text);
  std::string word;
  std::vector<unsigned> ran;
  for (words >> word; words >> word;)
    ran.push_back(static_cast<unsigned>(std::stoul(word)));
  ASSERT_EQ(96u, ran.size()) << some.text;
  for (unsigned i = 1; i < ran.size(); ++i)
    EXPECT_LT(ran[i] - ran[i - 1], 3 * 700 / 96) << some.text;
  unsigned ofColumn[10] = {};
  for (unsigned number : ran)
    ++ofColumn[number % 10];
  for (unsigned count : ofColumn)
    EXPECT_NEAR(9.6, count, 3) << some.text;
  std::ifstream file(counters);
  std::string line;
  ASSERT_TRUE(std::getline(file, line));
  EXPECT_NE(std::string::npos, line.find("\"grid\": [10, 70, 1]")) << line;
  EXPECT_NE(std::string::npos, line.find("\"instructions\": 864,")) << line;
  EXPECT_NE(std::string::npos, line.find("\"blocks\": 96,")) << line;
  EXPECT_NE(std::string::npos, line.find("\"largestBlock\": 9}")) << line;
  for (const char *enough : {"6300", "1000000", "0"}) {
    const Outcome all =
        runChild(std::string("DLC_EMULATOR_SAMPLE=") + enough, "launchesSome");
    EXPECT_EQ(0, all.status) << all.text;
    EXPECT_EQ(700, std::count(all.text.begin(), all.text.end(), ' '))
        << all.text;
  }
}

} // namespace

int emulator::test::runChildProcess(const std::string &name) {
  const struct {
    const char *name;
    void (*run)();
  } children[] = {{"leaves", leaves},
                  {"leavesNothing", leavesNothing},
                  {"isSmall", isSmall},
                  {"hasNoDevice", hasNoDevice},
                  {"forgetsToWait", forgetsToWait},
                  {"runsNodes", runsNodes},
                  {"launchesSome", launchesSome}};
  for (const auto &child : children)
    if (name == child.name) {
      child.run();
      return testing::UnitTest::GetInstance()->ad_hoc_test_result().Failed();
    }
  std::fprintf(stderr, "no child is called %s\n", name.c_str());
  return 2;
}
