// SPDX-License-Identifier: Apache-2.0
// What the functions for graphs share.
#ifndef EMULATOR_DRIVER_GRAPHNODES_H
#define EMULATOR_DRIVER_GRAPHNODES_H

#include "driver/Entry.h"
#include "driver/Module.h"

namespace emulator::driver {

/// Adds a node behind `count` others and gives its handle.
CUresult addNode(Driver &driver, CUgraphNode *out, CUgraph graph,
                 const CUgraphNode *after, size_t count, Context *context,
                 Task task);

/// The tasks of nodes as cuda.h describes them.
CUresult makeTask(const CUDA_KERNEL_NODE_PARAMS &parameters, Context *&context,
                  KernelTask &task);
CUresult makeTask(const CUDA_MEMSET_NODE_PARAMS &parameters, SetTask &task);
CUresult makeTask(const CUDA_HOST_NODE_PARAMS &parameters, HostTask &task);

/// The first version's parameters as the second's.
CUDA_KERNEL_NODE_PARAMS widen(const CUDA_KERNEL_NODE_PARAMS_v1 &old);

/// Runs `body(driver, node)`.
template <typename Body>
CUresult withNode(CUgraphNode handle, Body body) {
  return withDriver([&](Driver &driver) {
    std::shared_ptr<GraphNode> node = driver.nodes.find(handle);
    return node ? body(driver, *node) : CUDA_ERROR_INVALID_VALUE;
  });
}

/// Runs `body(node, task)` for a node of one kind.
template <typename Kind, typename Body>
CUresult withTask(CUgraphNode handle, Body body) {
  return withNode(handle, [&](Driver &, GraphNode &node) {
    Kind *task = std::get_if<Kind>(&node.task);
    return task ? body(node, *task) : CUDA_ERROR_INVALID_VALUE;
  });
}

} // namespace emulator::driver

#endif
