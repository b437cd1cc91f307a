// SPDX-License-Identifier: Apache-2.0
// Graphs made node by node.
#include "driver/GraphNodes.h"

#include <algorithm>
#include <fstream>

using namespace emulator::driver;

namespace emulator::driver {

static bool findNodes(Driver &driver, const Graph &graph,
                      const CUgraphNode *handles, size_t count,
                      std::vector<GraphNode *> &found) {
  if (count && !handles)
    return false;
  for (size_t i = 0; i < count; ++i) {
    std::shared_ptr<GraphNode> node = driver.nodes.find(handles[i]);
    if (!node || node->graph != &graph ||
        std::find(found.begin(), found.end(), node.get()) != found.end())
      return false;
    found.push_back(node.get());
  }
  return true;
}

CUresult addNode(Driver &driver, CUgraphNode *out, CUgraph graphHandle,
                 const CUgraphNode *after, size_t count, Context *context,
                 Task task) {
  std::shared_ptr<Graph> graph = driver.graphs.find(graphHandle);
  if (!graph)
    return CUDA_ERROR_INVALID_HANDLE;
  std::vector<GraphNode *> nodes;
  if (!out || !findNodes(driver, *graph, after, count, nodes))
    return CUDA_ERROR_INVALID_VALUE;
  *out = handleOf<CUgraphNode>(*graph->add(context, std::move(task), nodes));
  return CUDA_SUCCESS;
}

/// Gives a list the way graph functions do: to learn how long it is, or up to
/// `*count` entries, with null behind the last.
static CUresult giveList(const std::vector<GraphNode *> &nodes,
                         CUgraphNode *out, size_t *count) {
  if (!count)
    return CUDA_ERROR_INVALID_VALUE;
  if (out)
    for (size_t i = 0; i < *count; ++i)
      out[i] = i < nodes.size() ? handleOf<CUgraphNode>(*nodes[i]) : nullptr;
  if (!out || *count > nodes.size())
    *count = nodes.size();
  return CUDA_SUCCESS;
}

template <typename Body>
static CUresult withGraph(CUgraph handle, Body body) {
  return withDriver([&](Driver &driver) {
    std::shared_ptr<Graph> graph = driver.graphs.find(handle);
    return graph ? body(driver, *graph) : CUDA_ERROR_INVALID_HANDLE;
  });
}

static CUgraphNodeType typeOf(const Task &task) {
  return std::visit(
      [](const auto &kind) {
        using Kind = std::decay_t<decltype(kind)>;
        if constexpr (std::is_same_v<Kind, KernelTask> ||
                      std::is_same_v<Kind, LibraryTask>)
          return CU_GRAPH_NODE_TYPE_KERNEL;
        else if constexpr (std::is_same_v<Kind, CopyTask>)
          return CU_GRAPH_NODE_TYPE_MEMCPY;
        else if constexpr (std::is_same_v<Kind, SetTask>)
          return CU_GRAPH_NODE_TYPE_MEMSET;
        else if constexpr (std::is_same_v<Kind, HostTask>)
          return CU_GRAPH_NODE_TYPE_HOST;
        else if constexpr (std::is_same_v<Kind, ChildTask>)
          return CU_GRAPH_NODE_TYPE_GRAPH;
        else if constexpr (std::is_same_v<Kind, EventRecordTask>)
          return CU_GRAPH_NODE_TYPE_EVENT_RECORD;
        else if constexpr (std::is_same_v<Kind, EventWaitTask>)
          return CU_GRAPH_NODE_TYPE_WAIT_EVENT;
        else
          return CU_GRAPH_NODE_TYPE_EMPTY;
      },
      task);
}

static CUresult changeEdges(Driver &driver, CUgraph handle,
                            const CUgraphNode *from, const CUgraphNode *to,
                            size_t count, bool add) {
  std::shared_ptr<Graph> graph = driver.graphs.find(handle);
  if (!graph)
    return CUDA_ERROR_INVALID_HANDLE;
  if (count && (!from || !to))
    return CUDA_ERROR_INVALID_VALUE;
  for (size_t i = 0; i < count; ++i) {
    std::shared_ptr<GraphNode> before = driver.nodes.find(from[i]);
    std::shared_ptr<GraphNode> node = driver.nodes.find(to[i]);
    if (!before || !node || before->graph != graph.get() ||
        node->graph != graph.get() || before == node)
      return CUDA_ERROR_INVALID_VALUE;
    auto found =
        std::find(node->after.begin(), node->after.end(), before.get());
    if ((found == node->after.end()) != add)
      return CUDA_ERROR_INVALID_VALUE;
    if (add)
      node->after.push_back(before.get());
    else
      node->after.erase(found);
  }
  return CUDA_SUCCESS;
}

static CUresult giveEdges(const Graph &graph, CUgraphNode *from,
                          CUgraphNode *to, CUgraphEdgeData *data,
                          size_t *count) {
  if (!count || !from != !to)
    return CUDA_ERROR_INVALID_VALUE;
  size_t edges = 0;
  for (const auto &node : graph.nodes)
    for (GraphNode *before : node->after) {
      if (from && edges < *count) {
        from[edges] = handleOf<CUgraphNode>(*before);
        to[edges] = handleOf<CUgraphNode>(*node);
        if (data)
          data[edges] = {};
      }
      ++edges;
    }
  if (!from || *count > edges)
    *count = edges;
  return CUDA_SUCCESS;
}

static std::vector<GraphNode *> dependents(const GraphNode &node) {
  std::vector<GraphNode *> result;
  for (const auto &other : node.graph->nodes)
    if (std::find(other->after.begin(), other->after.end(), &node) !=
        other->after.end())
      result.push_back(other.get());
  return result;
}

} // namespace emulator::driver

CUresult cuGraphCreate(CUgraph *out, unsigned flags) {
  return withDriver([&](Driver &driver) {
    if (!out || flags)
      return CUDA_ERROR_INVALID_VALUE;
    *out = driver.graphs.add(std::make_shared<Graph>());
    return CUDA_SUCCESS;
  });
}

CUresult cuGraphDestroy(CUgraph handle) {
  return withDriver([&](Driver &driver) {
    std::shared_ptr<Graph> graph = driver.graphs.find(handle);
    if (!graph || graph->isChild)
      return CUDA_ERROR_INVALID_VALUE;
    driver.graphs.remove(handle);
    return CUDA_SUCCESS;
  });
}

CUresult cuGraphClone(CUgraph *out, CUgraph handle) {
  return withGraph(handle, [&](Driver &driver, Graph &graph) {
    if (!out)
      return CUDA_ERROR_INVALID_VALUE;
    std::map<GraphNode *, GraphNode *> copies;
    std::shared_ptr<Graph> copy = graph.clone(&copies);
    copy->copies = std::move(copies);
    *out = driver.graphs.add(std::move(copy));
    return CUDA_SUCCESS;
  });
}

CUresult cuGraphNodeFindInClone(CUgraphNode *out, CUgraphNode original,
                                CUgraph handle) {
  return withGraph(handle, [&](Driver &driver, Graph &graph) {
    std::shared_ptr<GraphNode> node = driver.nodes.find(original);
    auto found = graph.copies.find(node.get());
    if (!out || !node || found == graph.copies.end())
      return CUDA_ERROR_INVALID_VALUE;
    *out = handleOf<CUgraphNode>(*found->second);
    return CUDA_SUCCESS;
  });
}

CUresult cuGraphAddEmptyNode(CUgraphNode *out, CUgraph graph,
                             const CUgraphNode *after, size_t count) {
  return withDriver([&](Driver &driver) {
    return addNode(driver, out, graph, after, count, nullptr, EmptyTask{});
  });
}

CUresult cuGraphAddChildGraphNode(CUgraphNode *out, CUgraph graph,
                                  const CUgraphNode *after, size_t count,
                                  CUgraph child) {
  return withGraph(child, [&](Driver &driver, Graph &original) {
    std::shared_ptr<Graph> copy = original.clone(nullptr);
    copy->isChild = true;
    const CUresult code =
        addNode(driver, out, graph, after, count, nullptr, ChildTask{copy});
    if (!code)
      driver.graphs.add(copy);
    return code;
  });
}

CUresult cuGraphChildGraphNodeGetGraph(CUgraphNode handle, CUgraph *out) {
  return withTask<ChildTask>(handle, [&](GraphNode &, ChildTask &task) {
    if (!out)
      return CUDA_ERROR_INVALID_VALUE;
    *out = handleOf<CUgraph>(*task.graph);
    return CUDA_SUCCESS;
  });
}

CUresult cuGraphDestroyNode(CUgraphNode handle) {
  return withNode(handle, [](Driver &, GraphNode &node) {
    node.graph->remove(&node);
    return CUDA_SUCCESS;
  });
}

CUresult cuGraphNodeGetType(CUgraphNode handle, CUgraphNodeType *type) {
  return withNode(handle, [&](Driver &, GraphNode &node) {
    if (!type)
      return CUDA_ERROR_INVALID_VALUE;
    *type = typeOf(node.task);
    return CUDA_SUCCESS;
  });
}

CUresult cuGraphGetNodes(CUgraph handle, CUgraphNode *nodes, size_t *count) {
  return withGraph(handle, [&](Driver &, Graph &graph) {
    std::vector<GraphNode *> all;
    for (const auto &node : graph.nodes)
      all.push_back(node.get());
    return giveList(all, nodes, count);
  });
}

CUresult cuGraphGetRootNodes(CUgraph handle, CUgraphNode *nodes,
                             size_t *count) {
  return withGraph(handle, [&](Driver &, Graph &graph) {
    std::vector<GraphNode *> roots;
    for (const auto &node : graph.nodes)
      if (node->after.empty())
        roots.push_back(node.get());
    return giveList(roots, nodes, count);
  });
}

CUresult cuGraphGetEdges_v2(CUgraph handle, CUgraphNode *from, CUgraphNode *to,
                            CUgraphEdgeData *data, size_t *count) {
  return withGraph(handle, [&](Driver &, Graph &graph) {
    return giveEdges(graph, from, to, data, count);
  });
}

CUresult cuGraphNodeGetDependencies_v2(CUgraphNode handle, CUgraphNode *nodes,
                                       CUgraphEdgeData *data, size_t *count) {
  return withNode(handle, [&](Driver &, GraphNode &node) {
    if (data && count)
      std::fill(data, data + std::min(*count, node.after.size()),
                CUgraphEdgeData{});
    return giveList(node.after, nodes, count);
  });
}

CUresult cuGraphNodeGetDependentNodes_v2(CUgraphNode handle, CUgraphNode *nodes,
                                         CUgraphEdgeData *data, size_t *count) {
  return withNode(handle, [&](Driver &, GraphNode &node) {
    const std::vector<GraphNode *> found = dependents(node);
    if (data && count)
      std::fill(data, data + std::min(*count, found.size()), CUgraphEdgeData{});
    return giveList(found, nodes, count);
  });
}

CUresult cuGraphAddDependencies_v2(CUgraph graph, const CUgraphNode *from,
                                   const CUgraphNode *to,
                                   const CUgraphEdgeData *, size_t count) {
  return withDriver([&](Driver &driver) {
    return changeEdges(driver, graph, from, to, count, true);
  });
}

CUresult cuGraphRemoveDependencies_v2(CUgraph graph, const CUgraphNode *from,
                                      const CUgraphNode *to,
                                      const CUgraphEdgeData *, size_t count) {
  return withDriver([&](Driver &driver) {
    return changeEdges(driver, graph, from, to, count, false);
  });
}

// The first versions of these have no edge data, and their names are macros of
// cuda.h.
#define EMULATOR_FIRST_VERSION(NAME, PARAMETERS, CALL)                         \
  extern "C" CUresult emulator_##NAME PARAMETERS __asm__(#NAME);               \
  CUresult emulator_##NAME PARAMETERS { return CALL; }

EMULATOR_FIRST_VERSION(cuGraphGetEdges,
                       (CUgraph graph, CUgraphNode *from, CUgraphNode *to,
                        size_t *count),
                       cuGraphGetEdges_v2(graph, from, to, nullptr, count))
EMULATOR_FIRST_VERSION(cuGraphNodeGetDependencies,
                       (CUgraphNode node, CUgraphNode *nodes, size_t *count),
                       cuGraphNodeGetDependencies_v2(node, nodes, nullptr,
                                                     count))
EMULATOR_FIRST_VERSION(cuGraphNodeGetDependentNodes,
                       (CUgraphNode node, CUgraphNode *nodes, size_t *count),
                       cuGraphNodeGetDependentNodes_v2(node, nodes, nullptr,
                                                       count))
EMULATOR_FIRST_VERSION(cuGraphAddDependencies,
                       (CUgraph graph, const CUgraphNode *from,
                        const CUgraphNode *to, size_t count),
                       cuGraphAddDependencies_v2(graph, from, to, nullptr,
                                                 count))
EMULATOR_FIRST_VERSION(cuGraphRemoveDependencies,
                       (CUgraph graph, const CUgraphNode *from,
                        const CUgraphNode *to, size_t count),
                       cuGraphRemoveDependencies_v2(graph, from, to, nullptr,
                                                    count))

CUresult cuGraphDebugDotPrint(CUgraph handle, const char *path, unsigned) {
  return withGraph(handle, [&](Driver &, Graph &graph) {
    std::ofstream file(path ? path : "");
    if (!file)
      return CUDA_ERROR_OPERATING_SYSTEM;
    file << "digraph dot {\n";
    for (const auto &node : graph.nodes) {
      const auto *kernel = std::get_if<KernelTask>(&node->task);
      file << "\"" << node.get() << "\" [label=\""
           << (kernel ? kernel->function->kernel.name
                      : "type " + std::to_string(typeOf(node->task)))
           << "\"]\n";
      for (const GraphNode *before : node->after)
        file << "\"" << before << "\" -> \"" << node.get() << "\"\n";
    }
    file << "}\n";
    return CUDA_SUCCESS;
  });
}
