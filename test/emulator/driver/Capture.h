// SPDX-License-Identifier: Apache-2.0
// Graphs, and streams whose operations become one.
#ifndef EMULATOR_DRIVER_CAPTURE_H
#define EMULATOR_DRIVER_CAPTURE_H

#include "driver/Task.h"

#include <map>
#include <thread>
#include <vector>

namespace emulator::driver {

struct GraphNode {
  Graph *graph = nullptr;
  Context *context = nullptr;
  Task task;
  bool enabled = true;
  std::vector<GraphNode *> after;        ///< those that come before it
  std::vector<void *> parameterPointers; ///< what a caller was given last
};

class Graph : public std::enable_shared_from_this<Graph> {
public:
  Graph() = default;
  ~Graph();
  Graph(const Graph &) = delete;
  Graph &operator=(const Graph &) = delete;

  /// Adds a node behind others of this graph and gives it a handle.
  std::shared_ptr<GraphNode> add(Context *context, Task task,
                                 const std::vector<GraphNode *> &after);
  bool holds(const GraphNode *node) const;
  void remove(GraphNode *node);

  /// A copy of the graph and of the graphs in it. `copies` gets the copy of
  /// each node.
  std::shared_ptr<Graph>
  clone(std::map<GraphNode *, GraphNode *> *copies) const;

  /// The nodes in an order in which they may run; empty and false if there is
  /// a cycle. Where there is a choice the environment says which is taken: the
  /// one that was added first, or last, or any. Dependencies that are missing
  /// are then seen.
  bool order(std::vector<GraphNode *> &result) const;

  std::vector<std::shared_ptr<GraphNode>> nodes;
  std::map<GraphNode *, GraphNode *> copies; ///< of a clone: by the original
  bool isChild = false; ///< owned by a node of another graph
};

/// A graph made ready: a copy that later changes of the graph don't reach.
class GraphExec {
public:
  std::shared_ptr<Graph> graph; ///< the copy
  std::map<GraphNode *, GraphNode *>
      copies; ///< node of the original: of the copy
  std::vector<GraphNode *> order;
  uint64_t flags = 0;
  std::mutex mutex; ///< updates and launches
};

/// A graph in the making: shared by the streams that take part in it.
struct Capture {
  std::mutex mutex;
  std::shared_ptr<Graph> graph;
  Stream *origin = nullptr;
  CUstreamCaptureMode mode = CU_STREAM_CAPTURE_MODE_GLOBAL;
  std::thread::id thread;
  uint64_t id = 0;
  bool invalid = false;
  std::atomic<bool> ended{false};
  /// The last nodes of each stream that takes part.
  std::map<std::shared_ptr<Stream>, std::vector<GraphNode *>> ends;
};

/// CUDA_SUCCESS if a call that could wait for a stream, or that allocates, is
/// allowed now; otherwise the code, and the captures it touches are invalid.
CUresult allowedWhileCapturing();

/// The mode of the calling thread, as cuThreadExchangeStreamCaptureMode sets
/// it.
CUstreamCaptureMode &threadCaptureMode();

} // namespace emulator::driver

#endif
