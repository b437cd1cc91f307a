// SPDX-License-Identifier: Apache-2.0
// The kinds of graph nodes.
#include "driver/Copy.h"
#include "driver/GraphNodes.h"
#include "driver/Launch.h"

namespace emulator::driver {

CUresult makeTask(const CUDA_KERNEL_NODE_PARAMS &parameters, Context *&context,
                  KernelTask &task) {
  std::shared_ptr<Context> owner =
      parameters.ctx ? Driver::get()->contexts.find(parameters.ctx)
                     : currentContext();
  if (const CUresult state = stateOf(owner.get()))
    return state;
  context = owner.get();
  LaunchRequest request;
  request.function = parameters.func
                         ? parameters.func
                         : reinterpret_cast<CUfunction>(parameters.kern);
  request.grid = {parameters.gridDimX, parameters.gridDimY,
                  parameters.gridDimZ};
  request.block = {parameters.blockDimX, parameters.blockDimY,
                   parameters.blockDimZ};
  request.shared = parameters.sharedMemBytes;
  request.parameters = parameters.kernelParams;
  request.extra = parameters.extra;
  return makeKernelTask(*owner, request, task);
}

CUresult makeTask(const CUDA_MEMSET_NODE_PARAMS &parameters, SetTask &task) {
  if (parameters.elementSize != 1 && parameters.elementSize != 2 &&
      parameters.elementSize != 4)
    return CUDA_ERROR_INVALID_VALUE;
  task = {parameters.dst,         parameters.pitch, parameters.value,
          parameters.elementSize, parameters.width, parameters.height};
  return check(task, "a memset node");
}

CUresult makeTask(const CUDA_HOST_NODE_PARAMS &parameters, HostTask &task) {
  task = {parameters.fn, parameters.userData};
  return parameters.fn ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

static CUresult makeTask(const CUDA_MEMCPY3D &parameters, CopyTask &task) {
  const CUresult code = makeCopyTask(parameters, task);
  return code ? code : check(task, "a memcpy node");
}

static void setSide(uint64_t address, CUmemorytype &type, CUdeviceptr &device) {
  type = Driver::get()->memoryOf(address) ? CU_MEMORYTYPE_DEVICE
                                          : CU_MEMORYTYPE_HOST;
  device = address;
}

static CUDA_MEMCPY3D describe(const CopyTask &task) {
  CUDA_MEMCPY3D copy = {};
  setSide(task.from, copy.srcMemoryType, copy.srcDevice);
  setSide(task.to, copy.dstMemoryType, copy.dstDevice);
  copy.srcHost = DeviceMemory::host(task.from);
  copy.dstHost = DeviceMemory::host(task.to);
  copy.srcPitch = task.fromPitch;
  copy.dstPitch = task.toPitch;
  copy.srcHeight = task.fromPitch ? task.fromPlane / task.fromPitch : 0;
  copy.dstHeight = task.toPitch ? task.toPlane / task.toPitch : 0;
  copy.WidthInBytes = task.width;
  copy.Height = task.height;
  copy.Depth = task.depth;
  return copy;
}

/// The parameters point into the node, which keeps them.
static CUDA_KERNEL_NODE_PARAMS describe(GraphNode &node, KernelTask &task) {
  CUDA_KERNEL_NODE_PARAMS result = {};
  result.func = handleOf<CUfunction>(*task.function);
  result.gridDimX = task.grid.x;
  result.gridDimY = task.grid.y;
  result.gridDimZ = task.grid.z;
  result.blockDimX = task.block.x;
  result.blockDimY = task.block.y;
  result.blockDimZ = task.block.z;
  result.sharedMemBytes = task.shared;
  node.parameterPointers.clear();
  for (const Parameter &parameter : task.function->kernel.parameters)
    node.parameterPointers.push_back(task.parameters.data() + parameter.offset);
  result.kernelParams = node.parameterPointers.data();
  result.ctx = node.context ? handleOf<CUcontext>(*node.context) : nullptr;
  return result;
}

CUDA_KERNEL_NODE_PARAMS widen(const CUDA_KERNEL_NODE_PARAMS_v1 &old) {
  return {old.func,         old.gridDimX,  old.gridDimY,  old.gridDimZ,
          old.blockDimX,    old.blockDimY, old.blockDimZ, old.sharedMemBytes,
          old.kernelParams, old.extra,     nullptr,       nullptr};
}

static CUresult addEventNode(CUgraphNode *out, CUgraph graph,
                             const CUgraphNode *after, size_t count,
                             CUevent handle, bool record) {
  return withDriver([&](Driver &driver) {
    std::shared_ptr<Event> event = driver.events.find(handle);
    if (!event)
      return CUDA_ERROR_INVALID_HANDLE;
    return addNode(driver, out, graph, after, count, event->context,
                   record ? Task(EventRecordTask{event})
                          : Task(EventWaitTask{event}));
  });
}

/// The context of a handle that may be null: the current one.
static Context *contextOf(Driver &driver, CUcontext handle) {
  return handle ? driver.contexts.find(handle).get() : currentContext().get();
}

/// Adds the node that \p parameters, which may be null, describe.
template <class T, class Parameters>
static CUresult addTask(Driver &driver, CUgraphNode *out, CUgraph graph,
                        const CUgraphNode *after, size_t count,
                        const Parameters *parameters, Context *context) {
  T task;
  if (!parameters)
    return CUDA_ERROR_INVALID_VALUE;
  const CUresult code = makeTask(*parameters, task);
  return code ? code : addNode(driver, out, graph, after, count, context, task);
}

/// Makes the node \p handle what \p parameters, which may be null, describe.
template <class T, class Parameters>
static CUresult setTask(CUgraphNode handle, const Parameters *parameters) {
  return withTask<T>(handle, [&](GraphNode &, T &task) {
    return parameters ? makeTask(*parameters, task) : CUDA_ERROR_INVALID_VALUE;
  });
}

} // namespace emulator::driver

using namespace emulator;
using namespace emulator::driver;

CUresult cuGraphAddKernelNode_v2(CUgraphNode *out, CUgraph graph,
                                 const CUgraphNode *after, size_t count,
                                 const CUDA_KERNEL_NODE_PARAMS *parameters) {
  return withDriver([&](Driver &driver) {
    if (!parameters)
      return CUDA_ERROR_INVALID_VALUE;
    KernelTask task;
    Context *context = nullptr;
    const CUresult code = makeTask(*parameters, context, task);
    return code ? code
                : addNode(driver, out, graph, after, count, context,
                          std::move(task));
  });
}

CUresult cuGraphKernelNodeGetParams_v2(CUgraphNode handle,
                                       CUDA_KERNEL_NODE_PARAMS *parameters) {
  return withTask<KernelTask>(handle, [&](GraphNode &node, KernelTask &task) {
    if (!parameters)
      return CUDA_ERROR_INVALID_VALUE;
    *parameters = describe(node, task);
    return CUDA_SUCCESS;
  });
}

CUresult
cuGraphKernelNodeSetParams_v2(CUgraphNode handle,
                              const CUDA_KERNEL_NODE_PARAMS *parameters) {
  return withTask<KernelTask>(handle, [&](GraphNode &node, KernelTask &task) {
    KernelTask changed;
    if (!parameters)
      return CUDA_ERROR_INVALID_VALUE;
    if (const CUresult code = makeTask(*parameters, node.context, changed))
      return code;
    task = std::move(changed);
    return CUDA_SUCCESS;
  });
}

extern "C" CUresult emulatorAddKernelNode(
    CUgraphNode *, CUgraph, const CUgraphNode *, size_t,
    const CUDA_KERNEL_NODE_PARAMS_v1 *) __asm__("cuGraphAddKernelNode");
CUresult emulatorAddKernelNode(CUgraphNode *out, CUgraph graph,
                               const CUgraphNode *after, size_t count,
                               const CUDA_KERNEL_NODE_PARAMS_v1 *parameters) {
  if (!parameters)
    return CUDA_ERROR_INVALID_VALUE;
  const CUDA_KERNEL_NODE_PARAMS wide = widen(*parameters);
  return cuGraphAddKernelNode_v2(out, graph, after, count, &wide);
}

extern "C" CUresult emulatorKernelNodeGetParams(
    CUgraphNode,
    CUDA_KERNEL_NODE_PARAMS_v1 *) __asm__("cuGraphKernelNodeGetParams");
CUresult emulatorKernelNodeGetParams(CUgraphNode node,
                                     CUDA_KERNEL_NODE_PARAMS_v1 *parameters) {
  CUDA_KERNEL_NODE_PARAMS wide = {};
  const CUresult code = cuGraphKernelNodeGetParams_v2(node, &wide);
  if (!code && parameters)
    *parameters = {wide.func,      wide.gridDimX,       wide.gridDimY,
                   wide.gridDimZ,  wide.blockDimX,      wide.blockDimY,
                   wide.blockDimZ, wide.sharedMemBytes, wide.kernelParams,
                   wide.extra};
  return code;
}

extern "C" CUresult emulatorKernelNodeSetParams(
    CUgraphNode,
    const CUDA_KERNEL_NODE_PARAMS_v1 *) __asm__("cuGraphKernelNodeSetParams");
CUresult
emulatorKernelNodeSetParams(CUgraphNode node,
                            const CUDA_KERNEL_NODE_PARAMS_v1 *parameters) {
  if (!parameters)
    return CUDA_ERROR_INVALID_VALUE;
  const CUDA_KERNEL_NODE_PARAMS wide = widen(*parameters);
  return cuGraphKernelNodeSetParams_v2(node, &wide);
}

CUresult cuGraphKernelNodeGetAttribute(CUgraphNode handle,
                                       CUkernelNodeAttrID id,
                                       CUkernelNodeAttrValue *value) {
  return withTask<KernelTask>(handle, [&](GraphNode &, KernelTask &task) {
    if (!value)
      return CUDA_ERROR_INVALID_VALUE;
    *value = {};
    if (id == CU_LAUNCH_ATTRIBUTE_COOPERATIVE)
      value->cooperative = task.cooperative;
    return CUDA_SUCCESS;
  });
}

CUresult cuGraphKernelNodeSetAttribute(CUgraphNode handle,
                                       CUkernelNodeAttrID id,
                                       const CUkernelNodeAttrValue *value) {
  return withTask<KernelTask>(handle, [&](GraphNode &, KernelTask &task) {
    if (!value)
      return CUDA_ERROR_INVALID_VALUE;
    if (id == CU_LAUNCH_ATTRIBUTE_COOPERATIVE)
      task.cooperative = value->cooperative != 0;
    return CUDA_SUCCESS;
  });
}

CUresult cuGraphAddMemcpyNode(CUgraphNode *out, CUgraph graph,
                              const CUgraphNode *after, size_t count,
                              const CUDA_MEMCPY3D *parameters,
                              CUcontext context) {
  return withDriver([&](Driver &driver) {
    return addTask<CopyTask>(driver, out, graph, after, count, parameters,
                             contextOf(driver, context));
  });
}

CUresult cuGraphMemcpyNodeGetParams(CUgraphNode handle,
                                    CUDA_MEMCPY3D *parameters) {
  return withTask<CopyTask>(handle, [&](GraphNode &, CopyTask &task) {
    if (!parameters)
      return CUDA_ERROR_INVALID_VALUE;
    *parameters = describe(task);
    return CUDA_SUCCESS;
  });
}

CUresult cuGraphMemcpyNodeSetParams(CUgraphNode handle,
                                    const CUDA_MEMCPY3D *parameters) {
  return setTask<CopyTask>(handle, parameters);
}

CUresult cuGraphAddMemsetNode(CUgraphNode *out, CUgraph graph,
                              const CUgraphNode *after, size_t count,
                              const CUDA_MEMSET_NODE_PARAMS *parameters,
                              CUcontext context) {
  return withDriver([&](Driver &driver) {
    return addTask<SetTask>(driver, out, graph, after, count, parameters,
                            contextOf(driver, context));
  });
}

CUresult cuGraphMemsetNodeGetParams(CUgraphNode handle,
                                    CUDA_MEMSET_NODE_PARAMS *parameters) {
  return withTask<SetTask>(handle, [&](GraphNode &, SetTask &task) {
    if (!parameters)
      return CUDA_ERROR_INVALID_VALUE;
    *parameters = {task.to,          task.pitch, task.value,
                   task.elementSize, task.width, task.height};
    return CUDA_SUCCESS;
  });
}

CUresult cuGraphMemsetNodeSetParams(CUgraphNode handle,
                                    const CUDA_MEMSET_NODE_PARAMS *parameters) {
  return setTask<SetTask>(handle, parameters);
}

CUresult cuGraphAddHostNode(CUgraphNode *out, CUgraph graph,
                            const CUgraphNode *after, size_t count,
                            const CUDA_HOST_NODE_PARAMS *parameters) {
  return withDriver([&](Driver &driver) {
    return addTask<HostTask>(driver, out, graph, after, count, parameters,
                             nullptr);
  });
}

CUresult cuGraphHostNodeGetParams(CUgraphNode handle,
                                  CUDA_HOST_NODE_PARAMS *parameters) {
  return withTask<HostTask>(handle, [&](GraphNode &, HostTask &task) {
    if (!parameters)
      return CUDA_ERROR_INVALID_VALUE;
    *parameters = {task.function, task.data};
    return CUDA_SUCCESS;
  });
}

CUresult cuGraphHostNodeSetParams(CUgraphNode handle,
                                  const CUDA_HOST_NODE_PARAMS *parameters) {
  return setTask<HostTask>(handle, parameters);
}

CUresult cuGraphAddEventRecordNode(CUgraphNode *out, CUgraph graph,
                                   const CUgraphNode *after, size_t count,
                                   CUevent event) {
  return addEventNode(out, graph, after, count, event, true);
}

CUresult cuGraphAddEventWaitNode(CUgraphNode *out, CUgraph graph,
                                 const CUgraphNode *after, size_t count,
                                 CUevent event) {
  return addEventNode(out, graph, after, count, event, false);
}

CUresult cuGraphEventRecordNodeGetEvent(CUgraphNode handle, CUevent *event) {
  return withTask<EventRecordTask>(
      handle, [&](GraphNode &, EventRecordTask &task) {
        give(event, handleOf<CUevent>(*task.event));
        return CUDA_SUCCESS;
      });
}

CUresult cuGraphEventWaitNodeGetEvent(CUgraphNode handle, CUevent *event) {
  return withTask<EventWaitTask>(handle, [&](GraphNode &, EventWaitTask &task) {
    give(event, handleOf<CUevent>(*task.event));
    return CUDA_SUCCESS;
  });
}

CUresult cuGraphAddNode_v2(CUgraphNode *out, CUgraph graph,
                           const CUgraphNode *after, const CUgraphEdgeData *,
                           size_t count, CUgraphNodeParams *parameters) {
  if (!parameters)
    return CUDA_ERROR_INVALID_VALUE;
  switch (parameters->type) {
  case CU_GRAPH_NODE_TYPE_KERNEL: {
    const CUDA_KERNEL_NODE_PARAMS_v3 &kernel = parameters->kernel;
    const CUDA_KERNEL_NODE_PARAMS same = {
        kernel.func,      kernel.gridDimX,       kernel.gridDimY,
        kernel.gridDimZ,  kernel.blockDimX,      kernel.blockDimY,
        kernel.blockDimZ, kernel.sharedMemBytes, kernel.kernelParams,
        kernel.extra,     kernel.kern,           kernel.ctx};
    return cuGraphAddKernelNode_v2(out, graph, after, count, &same);
  }
  case CU_GRAPH_NODE_TYPE_MEMCPY:
    return cuGraphAddMemcpyNode(out, graph, after, count,
                                &parameters->memcpy.copyParams,
                                parameters->memcpy.copyCtx);
  case CU_GRAPH_NODE_TYPE_MEMSET: {
    const CUDA_MEMSET_NODE_PARAMS_v2 &set = parameters->memset;
    const CUDA_MEMSET_NODE_PARAMS same = {
        set.dst, set.pitch, set.value, set.elementSize, set.width, set.height};
    return cuGraphAddMemsetNode(out, graph, after, count, &same, set.ctx);
  }
  case CU_GRAPH_NODE_TYPE_HOST: {
    const CUDA_HOST_NODE_PARAMS same = {parameters->host.fn,
                                        parameters->host.userData};
    return cuGraphAddHostNode(out, graph, after, count, &same);
  }
  case CU_GRAPH_NODE_TYPE_GRAPH:
    return cuGraphAddChildGraphNode(out, graph, after, count,
                                    parameters->graph.graph);
  case CU_GRAPH_NODE_TYPE_EMPTY:
    return cuGraphAddEmptyNode(out, graph, after, count);
  case CU_GRAPH_NODE_TYPE_EVENT_RECORD:
    return cuGraphAddEventRecordNode(out, graph, after, count,
                                     parameters->eventRecord.event);
  case CU_GRAPH_NODE_TYPE_WAIT_EVENT:
    return cuGraphAddEventWaitNode(out, graph, after, count,
                                   parameters->eventWait.event);
  default:
    return CUDA_ERROR_NOT_SUPPORTED;
  }
}

extern "C" CUresult
emulatorAddNode(CUgraphNode *, CUgraph, const CUgraphNode *, size_t,
                CUgraphNodeParams *) __asm__("cuGraphAddNode");
CUresult emulatorAddNode(CUgraphNode *out, CUgraph graph,
                         const CUgraphNode *after, size_t count,
                         CUgraphNodeParams *parameters) {
  return cuGraphAddNode_v2(out, graph, after, nullptr, count, parameters);
}
