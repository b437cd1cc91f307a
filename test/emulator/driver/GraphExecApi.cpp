// SPDX-License-Identifier: Apache-2.0
// Graphs made ready, changed and launched.
#include "driver/Copy.h"
#include "driver/Environment.h"
#include "driver/GraphNodes.h"

#include <algorithm>
#include <set>

namespace emulator::driver {

static CUresult instantiate(CUgraphExec *out, CUgraph handle, uint64_t flags) {
  return withContext([&](Driver &driver, Context &) {
    std::shared_ptr<Graph> graph = driver.graphs.find(handle);
    if (!graph)
      return CUDA_ERROR_INVALID_HANDLE;
    constexpr uint64_t known = CUDA_GRAPH_INSTANTIATE_FLAG_AUTO_FREE_ON_LAUNCH |
                               CUDA_GRAPH_INSTANTIATE_FLAG_UPLOAD |
                               CUDA_GRAPH_INSTANTIATE_FLAG_USE_NODE_PRIORITY;
    if (!out || (flags & ~(known | CUDA_GRAPH_INSTANTIATE_FLAG_DEVICE_LAUNCH)))
      return CUDA_ERROR_INVALID_VALUE;
    if (flags & CUDA_GRAPH_INSTANTIATE_FLAG_DEVICE_LAUNCH)
      return CUDA_ERROR_NOT_SUPPORTED;
    auto exec = std::make_shared<GraphExec>();
    exec->flags = flags;
    exec->graph = graph->clone(&exec->copies);
    if (!exec->graph->order(exec->order))
      return CUDA_ERROR_INVALID_VALUE;
    *out = driver.execs.add(std::move(exec));
    return CUDA_SUCCESS;
  });
}

template <typename Body>
static CUresult withExec(CUgraphExec handle, Body body) {
  return withDriver([&](Driver &driver) {
    std::shared_ptr<GraphExec> exec = driver.execs.find(handle);
    if (!exec)
      return CUDA_ERROR_INVALID_HANDLE;
    std::lock_guard<std::mutex> lock(exec->mutex);
    return body(driver, *exec);
  });
}

/// Runs `body(node, task)` with the copy of a node in an executable graph.
template <typename Kind, typename Body>
static CUresult withExecTask(CUgraphExec execHandle, CUgraphNode handle,
                             Body body) {
  return withExec(execHandle, [&](Driver &driver, GraphExec &exec) {
    std::shared_ptr<GraphNode> node = driver.nodes.find(handle);
    auto found = exec.copies.find(node.get());
    if (!node || found == exec.copies.end())
      return CUDA_ERROR_INVALID_VALUE;
    Kind *task = std::get_if<Kind>(&found->second->task);
    return task ? body(*found->second, *task) : CUDA_ERROR_INVALID_VALUE;
  });
}

namespace {
/// A node as it is when its graph is launched.
struct Step {
  Task task;
  Context *context;
};
} // namespace

static CUresult runSteps(const std::vector<Step> &steps, Context &context) {
  for (const Step &step : steps)
    if (const CUresult code =
            execute(step.task, step.context ? *step.context : context))
      return code;
  return CUDA_SUCCESS;
}

/// Later changes of the executable graph don't reach this launch.
static CUresult launchGraph(GraphExec &exec, Stream &stream) {
  if (stream.capturing()) // a child graph in the captured one
    return stream.submit(ChildTask{exec.graph->clone(nullptr)});
  std::vector<Step> steps;
  std::set<std::shared_ptr<Event>> recorded;
  for (GraphNode *node : exec.order) {
    if (!node->enabled)
      continue;
    steps.push_back({node->task, node->context});
    if (auto *record = std::get_if<EventRecordTask>(&node->task))
      recorded.insert(record->event);
  }
  // Who asks an event from now on waits for the whole graph.
  std::vector<std::unique_lock<std::mutex>> locks;
  for (const std::shared_ptr<Event> &event : recorded) {
    locks.emplace_back(event->mutex);
    event->recording = std::make_shared<Recording>();
    event->capture = nullptr;
  }
  Context &context = stream.context;
  const Ticket ticket =
      context.enqueue(stream, [steps = std::move(steps), &context] {
        return runSteps(steps, context);
      });
  for (const std::shared_ptr<Event> &event : recorded)
    event->recording->ticket = ticket;
  return CUDA_SUCCESS;
}

static size_t positionOf(const Graph &graph, const GraphNode *node) {
  return static_cast<size_t>(
      std::find_if(graph.nodes.begin(), graph.nodes.end(),
                   [&](const auto &mine) { return mine.get() == node; }) -
      graph.nodes.begin());
}

/// Whether a graph differs from an executable one in the tasks' figures only;
/// otherwise says how, and at which node.
static CUgraphExecUpdateResult
compare(const GraphExec &exec, const Graph &graph, const GraphNode *&error) {
  error = nullptr;
  const auto &mine = exec.graph->nodes, &other = graph.nodes;
  if (mine.size() != other.size())
    return CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED;
  for (size_t i = 0; i < mine.size(); ++i) {
    error = other[i].get();
    if (mine[i]->task.index() != other[i]->task.index())
      return CU_GRAPH_EXEC_UPDATE_ERROR_NODE_TYPE_CHANGED;
    if (mine[i]->after.size() != other[i]->after.size())
      return CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED;
    for (size_t k = 0; k < mine[i]->after.size(); ++k)
      if (positionOf(*exec.graph, mine[i]->after[k]) !=
          positionOf(graph, other[i]->after[k]))
        return CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED;
    if (mine[i]->context != other[i]->context)
      return CU_GRAPH_EXEC_UPDATE_ERROR_NOT_SUPPORTED;
  }
  error = nullptr;
  return CU_GRAPH_EXEC_UPDATE_SUCCESS;
}

static CUresult update(GraphExec &exec, const Graph &graph,
                       CUgraphExecUpdateResult &result,
                       const GraphNode *&error) {
  result = compare(exec, graph, error);
  if (result != CU_GRAPH_EXEC_UPDATE_SUCCESS)
    return CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    Task task = graph.nodes[i]->task;
    if (auto *child = std::get_if<ChildTask>(&task))
      child->graph = child->graph->clone(nullptr);
    exec.graph->nodes[i]->task = std::move(task);
  }
  return CUDA_SUCCESS;
}

} // namespace emulator::driver

using namespace emulator::driver;

CUresult cuGraphInstantiateWithFlags(CUgraphExec *exec, CUgraph graph,
                                     unsigned long long flags) {
  return instantiate(exec, graph, flags);
}

extern "C" CUresult cuGraphInstantiate_v2(CUgraphExec *exec, CUgraph graph,
                                          CUgraphNode *errorNode, char *log,
                                          size_t logBytes) {
  give(errorNode, CUgraphNode(nullptr));
  if (log && logBytes)
    *log = 0;
  return instantiate(exec, graph, 0);
}
EMULATOR_ALIAS("cuGraphInstantiate", cuGraphInstantiate_v2);

CUresult
cuGraphInstantiateWithParams(CUgraphExec *exec, CUgraph graph,
                             CUDA_GRAPH_INSTANTIATE_PARAMS *parameters) {
  if (!parameters)
    return CUDA_ERROR_INVALID_VALUE;
  const CUresult code = instantiate(exec, graph, parameters->flags);
  parameters->hErrNode_out = nullptr;
  parameters->result_out =
      code ? CUDA_GRAPH_INSTANTIATE_ERROR : CUDA_GRAPH_INSTANTIATE_SUCCESS;
  return code;
}

CUresult cuGraphExecDestroy(CUgraphExec handle) {
  return withDriver([&](Driver &driver) {
    return driver.execs.remove(handle) ? CUDA_SUCCESS
                                       : CUDA_ERROR_INVALID_VALUE;
  });
}

CUresult cuGraphExecGetFlags(CUgraphExec handle, cuuint64_t *flags) {
  return withExec(handle, [&](Driver &, GraphExec &exec) {
    if (!flags)
      return CUDA_ERROR_INVALID_VALUE;
    *flags = exec.flags;
    return CUDA_SUCCESS;
  });
}

CUresult cuGraphUpload(CUgraphExec handle, CUstream streamHandle) {
  return withStream(streamHandle, [&](Driver &driver, Stream &) {
    return driver.execs.find(handle) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
  });
}

CUresult cuGraphLaunch(CUgraphExec handle, CUstream streamHandle) {
  return withStream(streamHandle, [&](Driver &driver, Stream &stream) {
    std::shared_ptr<GraphExec> exec = driver.execs.find(handle);
    if (!exec)
      return CUDA_ERROR_INVALID_HANDLE;
    std::lock_guard<std::mutex> lock(exec->mutex);
    return launchGraph(*exec, stream);
  });
}

CUresult
cuGraphExecKernelNodeSetParams_v2(CUgraphExec exec, CUgraphNode node,
                                  const CUDA_KERNEL_NODE_PARAMS *parameters) {
  return withExecTask<KernelTask>(
      exec, node, [&](GraphNode &copy, KernelTask &task) {
        if (!parameters)
          return CUDA_ERROR_INVALID_VALUE;
        KernelTask changed;
        if (const CUresult code = makeTask(*parameters, copy.context, changed))
          return code;
        task = std::move(changed);
        return CUDA_SUCCESS;
      });
}

extern "C" CUresult
emulatorExecKernelSetParams(CUgraphExec, CUgraphNode,
                            const CUDA_KERNEL_NODE_PARAMS_v1
                                *) __asm__("cuGraphExecKernelNodeSetParams");
CUresult
emulatorExecKernelSetParams(CUgraphExec exec, CUgraphNode node,
                            const CUDA_KERNEL_NODE_PARAMS_v1 *parameters) {
  if (!parameters)
    return CUDA_ERROR_INVALID_VALUE;
  const CUDA_KERNEL_NODE_PARAMS wide = widen(*parameters);
  return cuGraphExecKernelNodeSetParams_v2(exec, node, &wide);
}

CUresult cuGraphExecMemcpyNodeSetParams(CUgraphExec exec, CUgraphNode node,
                                        const CUDA_MEMCPY3D *parameters,
                                        CUcontext) {
  return withExecTask<CopyTask>(exec, node, [&](GraphNode &, CopyTask &task) {
    return parameters ? makeCopyTask(*parameters, task)
                      : CUDA_ERROR_INVALID_VALUE;
  });
}

CUresult
cuGraphExecMemsetNodeSetParams(CUgraphExec exec, CUgraphNode node,
                               const CUDA_MEMSET_NODE_PARAMS *parameters,
                               CUcontext) {
  return withExecTask<SetTask>(exec, node, [&](GraphNode &, SetTask &task) {
    return parameters ? makeTask(*parameters, task) : CUDA_ERROR_INVALID_VALUE;
  });
}

CUresult cuGraphExecHostNodeSetParams(CUgraphExec exec, CUgraphNode node,
                                      const CUDA_HOST_NODE_PARAMS *parameters) {
  return withExecTask<HostTask>(exec, node, [&](GraphNode &, HostTask &task) {
    return parameters ? makeTask(*parameters, task) : CUDA_ERROR_INVALID_VALUE;
  });
}

CUresult cuGraphNodeSetEnabled(CUgraphExec execHandle, CUgraphNode handle,
                               unsigned enabled) {
  return withExec(execHandle, [&](Driver &driver, GraphExec &exec) {
    auto found = exec.copies.find(driver.nodes.find(handle).get());
    if (found == exec.copies.end())
      return CUDA_ERROR_INVALID_VALUE;
    found->second->enabled = enabled != 0;
    return CUDA_SUCCESS;
  });
}

CUresult cuGraphNodeGetEnabled(CUgraphExec execHandle, CUgraphNode handle,
                               unsigned *enabled) {
  return withExec(execHandle, [&](Driver &driver, GraphExec &exec) {
    auto found = exec.copies.find(driver.nodes.find(handle).get());
    if (!enabled || found == exec.copies.end())
      return CUDA_ERROR_INVALID_VALUE;
    *enabled = found->second->enabled;
    return CUDA_SUCCESS;
  });
}

CUresult cuGraphExecUpdate_v2(CUgraphExec execHandle, CUgraph graphHandle,
                              CUgraphExecUpdateResultInfo *info) {
  return withExec(execHandle, [&](Driver &driver, GraphExec &exec) {
    std::shared_ptr<Graph> graph = driver.graphs.find(graphHandle);
    if (!graph)
      return CUDA_ERROR_INVALID_HANDLE;
    CUgraphExecUpdateResult result;
    const GraphNode *error;
    const CUresult code = update(exec, *graph, result, error);
    if (info)
      *info = {result,
               reinterpret_cast<CUgraphNode>(const_cast<GraphNode *>(error)),
               nullptr};
    return code;
  });
}

extern "C" CUresult
emulatorExecUpdate(CUgraphExec, CUgraph, CUgraphNode *,
                   CUgraphExecUpdateResult *) __asm__("cuGraphExecUpdate");
CUresult emulatorExecUpdate(CUgraphExec exec, CUgraph graph, CUgraphNode *error,
                            CUgraphExecUpdateResult *result) {
  CUgraphExecUpdateResultInfo info = {};
  const CUresult code = cuGraphExecUpdate_v2(exec, graph, &info);
  give(error, info.errorNode);
  give(result, info.result);
  return code;
}
