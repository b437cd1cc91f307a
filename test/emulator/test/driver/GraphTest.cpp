// SPDX-License-Identifier: Apache-2.0
// Graphs: captured from streams, made node by node, changed and launched.
#include "Cuda.h"

#include <atomic>
#include <memory>

using namespace emulator::test;

namespace {

class GraphTest : public WithContext {
protected:
  void SetUp() override {
    WithContext::SetUp();
    module = std::make_unique<LoadedModule>("basics");
    add = module->function("addConstant");
    data = std::make_unique<Buffer<int>>(std::vector<int>(32, 0));
    ASSERT_OK(CU(cuStreamCreate)(&first, CU_STREAM_NON_BLOCKING));
    ASSERT_OK(CU(cuStreamCreate)(&second, CU_STREAM_NON_BLOCKING));
  }
  void TearDown() override {
    data.reset();
    module.reset();
    EXPECT_OK(CU(cuStreamDestroy)(first));
    EXPECT_OK(CU(cuStreamDestroy)(second));
    WithContext::TearDown();
  }

  void addIn(CUstream stream, int value) {
    EXPECT_OK(launchOn(stream, add, {1}, {32}, 0, data->address, value));
  }

  /// Instantiates, launches some times and waits.
  void run(CUgraph graph, int times) {
    CUgraphExec exec = nullptr;
    ASSERT_OK(CU(cuGraphInstantiate)(&exec, graph, 0));
    for (int i = 0; i < times; ++i)
      EXPECT_OK(CU(cuGraphLaunch)(exec, first));
    EXPECT_OK(CU(cuStreamSynchronize)(first));
    EXPECT_OK(CU(cuGraphExecDestroy)(exec));
  }

  CUDA_KERNEL_NODE_PARAMS kernelNode(void **parameters) {
    CUDA_KERNEL_NODE_PARAMS node = {};
    node.func = add;
    node.gridDimX = node.gridDimY = node.gridDimZ = 1;
    node.blockDimX = 32;
    node.blockDimY = node.blockDimZ = 1;
    node.kernelParams = parameters;
    return node;
  }

  size_t countNodes(CUgraph graph) {
    size_t count = 0;
    EXPECT_OK(CU(cuGraphGetNodes)(graph, nullptr, &count));
    return count;
  }

  std::unique_ptr<LoadedModule> module;
  std::unique_ptr<Buffer<int>> data;
  CUfunction add = nullptr;
  CUstream first = nullptr, second = nullptr;
};

TEST_F(GraphTest, CaptureRunsNothing) {
  CUgraph graph = nullptr;
  ASSERT_OK(CU(cuStreamBeginCapture)(first, CU_STREAM_CAPTURE_MODE_GLOBAL));
  CUstreamCaptureStatus status = CU_STREAM_CAPTURE_STATUS_NONE;
  EXPECT_OK(CU(cuStreamIsCapturing)(first, &status));
  EXPECT_EQ(CU_STREAM_CAPTURE_STATUS_ACTIVE, status);
  addIn(first, 1);
  EXPECT_OK(CU(cuMemsetD32Async)(data->address, 50, 16, first));
  addIn(first, 2);
  ASSERT_OK(CU(cuStreamEndCapture)(first, &graph));
  EXPECT_OK(CU(cuStreamIsCapturing)(first, &status));
  EXPECT_EQ(CU_STREAM_CAPTURE_STATUS_NONE, status);
  EXPECT_EQ(3u, countNodes(graph));
  EXPECT_EQ(std::vector<int>(32, 0), data->read());
  run(graph, 2);
  std::vector<int> expected(32, 6);
  std::fill(expected.begin(), expected.begin() + 16, 52);
  EXPECT_EQ(expected, data->read());
  EXPECT_OK(CU(cuGraphDestroy)(graph));
}

TEST_F(GraphTest, OtherStreamsTakePartByEvents) {
  CUevent forked = nullptr, joined = nullptr;
  ASSERT_OK(CU(cuEventCreate)(&forked, CU_EVENT_DISABLE_TIMING));
  ASSERT_OK(CU(cuEventCreate)(&joined, CU_EVENT_DISABLE_TIMING));
  Buffer<int> other(std::vector<int>(32, 0));
  CUgraph graph = nullptr;
  ASSERT_OK(
      CU(cuStreamBeginCapture)(first, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
  addIn(first, 1);
  EXPECT_OK(CU(cuEventRecord)(forked, first));
  EXPECT_OK(CU(cuStreamWaitEvent)(second, forked, 0));
  EXPECT_OK(CU(cuMemcpyDtoDAsync)(other.address, data->address, 128, second));
  EXPECT_OK(CU(cuEventRecord)(joined, second));
  EXPECT_OK(CU(cuStreamWaitEvent)(first, joined, 0));
  addIn(first, 10);
  ASSERT_OK(CU(cuStreamEndCapture)(first, &graph));
  EXPECT_EQ(3u, countNodes(graph));
  size_t edges = 0;
  EXPECT_OK(CU(cuGraphGetEdges)(graph, nullptr, nullptr, nullptr, &edges));
  EXPECT_GE(edges, 2u);
  run(graph, 1);
  EXPECT_EQ(std::vector<int>(32, 11), data->read());
  EXPECT_EQ(std::vector<int>(32, 1), other.read());
  EXPECT_OK(CU(cuGraphDestroy)(graph));
  EXPECT_OK(CU(cuEventDestroy)(forked));
  EXPECT_OK(CU(cuEventDestroy)(joined));
}

TEST_F(GraphTest, AForkMustBeJoined) {
  CUevent forked = nullptr;
  ASSERT_OK(CU(cuEventCreate)(&forked, CU_EVENT_DISABLE_TIMING));
  CUgraph graph = nullptr;
  ASSERT_OK(CU(cuStreamBeginCapture)(first, CU_STREAM_CAPTURE_MODE_GLOBAL));
  EXPECT_OK(CU(cuEventRecord)(forked, first));
  EXPECT_OK(CU(cuStreamWaitEvent)(second, forked, 0));
  addIn(second, 1);
  EXPECT_CODE(CUDA_ERROR_STREAM_CAPTURE_UNJOINED,
              CU(cuStreamEndCapture)(first, &graph));
  EXPECT_EQ(nullptr, graph);
  // Both streams are as before.
  addIn(second, 1);
  EXPECT_OK(CU(cuStreamSynchronize)(second));
  EXPECT_OK(CU(cuStreamSynchronize)(first));
  EXPECT_OK(CU(cuEventDestroy)(forked));
}

TEST_F(GraphTest, WhatACaptureForbids) {
  CUgraph graph = nullptr;
  EXPECT_CODE(CUDA_ERROR_ILLEGAL_STATE, CU(cuStreamEndCapture)(first, &graph));
  EXPECT_CODE(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED,
              CU(cuStreamBeginCapture)(nullptr, CU_STREAM_CAPTURE_MODE_GLOBAL));
  ASSERT_OK(CU(cuStreamBeginCapture)(first, CU_STREAM_CAPTURE_MODE_GLOBAL));
  EXPECT_CODE(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED,
              CU(cuStreamSynchronize)(first));
  CUstreamCaptureStatus status = CU_STREAM_CAPTURE_STATUS_NONE;
  EXPECT_OK(CU(cuStreamIsCapturing)(first, &status));
  EXPECT_EQ(CU_STREAM_CAPTURE_STATUS_INVALIDATED, status);
  EXPECT_CODE(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED,
              CU(cuStreamEndCapture)(first, &graph));
  // Allocating is forbidden too, but in the relaxed mode.
  ASSERT_OK(CU(cuStreamBeginCapture)(first, CU_STREAM_CAPTURE_MODE_GLOBAL));
  CUdeviceptr memory = 0;
  EXPECT_CODE(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED,
              CU(cuMemAlloc)(&memory, 64));
  EXPECT_CODE(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED,
              CU(cuStreamEndCapture)(first, &graph));
  ASSERT_OK(CU(cuStreamBeginCapture)(first, CU_STREAM_CAPTURE_MODE_RELAXED));
  EXPECT_OK(CU(cuMemAlloc)(&memory, 64));
  ASSERT_OK(CU(cuStreamEndCapture)(first, &graph));
  EXPECT_OK(CU(cuMemFree)(memory));
  EXPECT_EQ(0u, countNodes(graph));
  EXPECT_OK(CU(cuGraphDestroy)(graph));
}

TEST_F(GraphTest, TheStreamThatBeganEnds) {
  CUevent forked = nullptr;
  ASSERT_OK(CU(cuEventCreate)(&forked, CU_EVENT_DISABLE_TIMING));
  CUgraph graph = nullptr;
  ASSERT_OK(CU(cuStreamBeginCapture)(first, CU_STREAM_CAPTURE_MODE_GLOBAL));
  EXPECT_OK(CU(cuEventRecord)(forked, first));
  EXPECT_OK(CU(cuStreamWaitEvent)(second, forked, 0));
  EXPECT_CODE(CUDA_ERROR_STREAM_CAPTURE_UNMATCHED,
              CU(cuStreamEndCapture)(second, &graph));
  CU(cuStreamEndCapture)(first, &graph);
  if (graph)
    CU(cuGraphDestroy)(graph);
  EXPECT_OK(CU(cuEventDestroy)(forked));
}

TEST_F(GraphTest, NodeByNode) {
  CUgraph graph = nullptr;
  ASSERT_OK(CU(cuGraphCreate)(&graph, 0));
  CUgraphNode set = nullptr, kernel = nullptr, copy = nullptr, host = nullptr,
              empty = nullptr;
  CUDA_MEMSET_NODE_PARAMS fill = {};
  fill.dst = data->address;
  fill.value = 5;
  fill.elementSize = 4;
  fill.width = 32;
  fill.height = 1;
  ASSERT_OK(CU(cuGraphAddMemsetNode)(&set, graph, nullptr, 0, &fill, context));
  CUdeviceptr address = data->address;
  int value = 3;
  void *parameters[] = {&address, &value};
  CUDA_KERNEL_NODE_PARAMS launchParameters = kernelNode(parameters);
  ASSERT_OK(
      CU(cuGraphAddKernelNode)(&kernel, graph, &set, 1, &launchParameters));
  value = 0; // parameters were copied
  std::vector<int> out(32);
  CUDA_MEMCPY3D back = {};
  back.srcMemoryType = CU_MEMORYTYPE_DEVICE;
  back.srcDevice = data->address;
  back.dstMemoryType = CU_MEMORYTYPE_HOST;
  back.dstHost = out.data();
  back.WidthInBytes = 128;
  back.Height = back.Depth = 1;
  ASSERT_OK(CU(cuGraphAddMemcpyNode)(&copy, graph, &kernel, 1, &back, context));
  std::atomic<int> calls{0};
  CUDA_HOST_NODE_PARAMS call = {};
  call.fn = [](void *count) { ++*static_cast<std::atomic<int> *>(count); };
  call.userData = &calls;
  ASSERT_OK(CU(cuGraphAddEmptyNode)(&empty, graph, nullptr, 0));
  ASSERT_OK(CU(cuGraphAddHostNode)(&host, graph, &empty, 1, &call));
  EXPECT_OK(CU(cuGraphAddDependencies)(graph, &copy, &host, nullptr, 1));
  size_t count = 0;
  EXPECT_OK(CU(cuGraphNodeGetDependencies)(host, nullptr, nullptr, &count));
  EXPECT_EQ(2u, count);
  EXPECT_OK(CU(cuGraphNodeGetDependentNodes)(set, nullptr, nullptr, &count));
  EXPECT_EQ(1u, count);
  EXPECT_OK(CU(cuGraphGetRootNodes)(graph, nullptr, &count));
  EXPECT_EQ(2u, count);
  CUgraphNodeType type = CU_GRAPH_NODE_TYPE_EMPTY;
  EXPECT_OK(CU(cuGraphNodeGetType)(copy, &type));
  EXPECT_EQ(CU_GRAPH_NODE_TYPE_MEMCPY, type);
  run(graph, 3);
  EXPECT_EQ(std::vector<int>(32, 8), out);
  EXPECT_EQ(3, calls);
  EXPECT_OK(CU(cuGraphDestroy)(graph));
}

TEST_F(GraphTest, ParametersChange) {
  CUgraph graph = nullptr;
  ASSERT_OK(CU(cuGraphCreate)(&graph, 0));
  CUgraphNode node = nullptr;
  CUdeviceptr address = data->address;
  int value = 1;
  void *parameters[] = {&address, &value};
  CUDA_KERNEL_NODE_PARAMS launchParameters = kernelNode(parameters);
  ASSERT_OK(
      CU(cuGraphAddKernelNode)(&node, graph, nullptr, 0, &launchParameters));
  CUgraphExec exec = nullptr;
  ASSERT_OK(CU(cuGraphInstantiate)(&exec, graph, 0));
  EXPECT_OK(CU(cuGraphLaunch)(exec, first));
  // In the executable graph only.
  value = 10;
  EXPECT_OK(CU(cuGraphExecKernelNodeSetParams)(exec, node, &launchParameters));
  EXPECT_OK(CU(cuGraphLaunch)(exec, first));
  EXPECT_OK(CU(cuStreamSynchronize)(first));
  EXPECT_EQ(std::vector<int>(32, 11), data->read());
  // In the graph, and from there in the executable one.
  value = 100;
  EXPECT_OK(CU(cuGraphKernelNodeSetParams)(node, &launchParameters));
  EXPECT_OK(CU(cuGraphLaunch)(exec, first));
  CUgraphExecUpdateResultInfo info = {};
  EXPECT_OK(CU(cuGraphExecUpdate)(exec, graph, &info));
  EXPECT_EQ(CU_GRAPH_EXEC_UPDATE_SUCCESS, info.result);
  EXPECT_OK(CU(cuGraphLaunch)(exec, first));
  EXPECT_OK(CU(cuStreamSynchronize)(first));
  EXPECT_EQ(std::vector<int>(32, 121), data->read());
  // Another graph doesn't fit.
  CUgraphNode more = nullptr;
  EXPECT_OK(CU(cuGraphAddEmptyNode)(&more, graph, &node, 1));
  EXPECT_CODE(CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE,
              CU(cuGraphExecUpdate)(exec, graph, &info));
  EXPECT_NE(CU_GRAPH_EXEC_UPDATE_SUCCESS, info.result);
  CUDA_KERNEL_NODE_PARAMS found = {};
  EXPECT_OK(CU(cuGraphKernelNodeGetParams)(node, &found));
  EXPECT_EQ(100, *static_cast<int *>(found.kernelParams[1]));
  EXPECT_OK(CU(cuGraphExecDestroy)(exec));
  EXPECT_OK(CU(cuGraphDestroy)(graph));
}

TEST_F(GraphTest, CyclesCantRun) {
  CUgraph graph = nullptr;
  ASSERT_OK(CU(cuGraphCreate)(&graph, 0));
  CUgraphNode a = nullptr, b = nullptr;
  EXPECT_OK(CU(cuGraphAddEmptyNode)(&a, graph, nullptr, 0));
  EXPECT_OK(CU(cuGraphAddEmptyNode)(&b, graph, &a, 1));
  if (CU(cuGraphAddDependencies)(graph, &b, &a, nullptr, 1) == CUDA_SUCCESS) {
    CUgraphExec exec = nullptr;
    EXPECT_CODE(CUDA_ERROR_INVALID_VALUE,
                CU(cuGraphInstantiate)(&exec, graph, 0));
  }
  EXPECT_OK(CU(cuGraphDestroy)(graph));
}

TEST_F(GraphTest, GraphsInGraphs) {
  CUgraph inner = nullptr, outer = nullptr;
  ASSERT_OK(CU(cuStreamBeginCapture)(first, CU_STREAM_CAPTURE_MODE_GLOBAL));
  addIn(first, 1);
  addIn(first, 1);
  ASSERT_OK(CU(cuStreamEndCapture)(first, &inner));
  ASSERT_OK(CU(cuGraphCreate)(&outer, 0));
  CUgraphNode a = nullptr, b = nullptr;
  ASSERT_OK(CU(cuGraphAddChildGraphNode)(&a, outer, nullptr, 0, inner));
  ASSERT_OK(CU(cuGraphAddChildGraphNode)(&b, outer, &a, 1, inner));
  run(outer, 1);
  EXPECT_EQ(std::vector<int>(32, 4), data->read());
  CUgraph copy = nullptr;
  ASSERT_OK(CU(cuGraphClone)(&copy, outer));
  EXPECT_OK(CU(cuGraphDestroy)(outer));
  EXPECT_OK(CU(cuGraphDestroy)(inner));
  run(copy, 1);
  EXPECT_EQ(std::vector<int>(32, 8), data->read());
  EXPECT_OK(CU(cuGraphDestroy)(copy));
}

TEST_F(GraphTest, EventsInGraphs) {
  CUevent event = nullptr;
  ASSERT_OK(CU(cuEventCreate)(&event, 0));
  CUgraph graph = nullptr;
  ASSERT_OK(CU(cuGraphCreate)(&graph, 0));
  CUgraphNode fill = nullptr, record = nullptr;
  CUDA_MEMSET_NODE_PARAMS parameters = {};
  parameters.dst = data->address;
  parameters.value = 6;
  parameters.elementSize = 4;
  parameters.width = 32;
  parameters.height = 1;
  ASSERT_OK(
      CU(cuGraphAddMemsetNode)(&fill, graph, nullptr, 0, &parameters, context));
  ASSERT_OK(CU(cuGraphAddEventRecordNode)(&record, graph, &fill, 1, event));
  CUgraphExec exec = nullptr;
  ASSERT_OK(CU(cuGraphInstantiate)(&exec, graph, 0));
  EXPECT_OK(CU(cuGraphLaunch)(exec, first));
  // Another stream waits for what the graph recorded.
  EXPECT_OK(CU(cuStreamWaitEvent)(second, event, 0));
  addIn(second, 1);
  EXPECT_OK(CU(cuStreamSynchronize)(second));
  EXPECT_OK(CU(cuEventSynchronize)(event));
  EXPECT_EQ(std::vector<int>(32, 7), data->read());
  EXPECT_OK(CU(cuGraphExecDestroy)(exec));
  EXPECT_OK(CU(cuGraphDestroy)(graph));
  EXPECT_OK(CU(cuEventDestroy)(event));
}

} // namespace
