// SPDX-License-Identifier: Apache-2.0
#include "driver/Capture.h"

#include "driver/Environment.h"

#include <algorithm>
#include <random>

namespace emulator::driver {

Graph::~Graph() {
  for (const auto &node : nodes)
    Driver::get()->nodes.remove(handleOf<CUgraphNode>(*node));
}

std::shared_ptr<GraphNode> Graph::add(Context *context, Task task,
                                      const std::vector<GraphNode *> &after) {
  auto node = std::make_shared<GraphNode>();
  node->graph = this;
  node->context = context;
  node->task = std::move(task);
  node->after = after;
  nodes.push_back(node);
  Driver::get()->nodes.add(node);
  return node;
}

bool Graph::holds(const GraphNode *node) const {
  return std::any_of(nodes.begin(), nodes.end(),
                     [&](const auto &mine) { return mine.get() == node; });
}

void Graph::remove(GraphNode *node) {
  for (const auto &other : nodes) {
    auto &after = other->after;
    after.erase(std::remove(after.begin(), after.end(), node), after.end());
  }
  Driver::get()->nodes.remove(handleOf<CUgraphNode>(*node));
  nodes.erase(std::find_if(nodes.begin(), nodes.end(), [&](const auto &mine) {
    return mine.get() == node;
  }));
}

std::shared_ptr<Graph>
Graph::clone(std::map<GraphNode *, GraphNode *> *copies) const {
  auto copy = std::make_shared<Graph>();
  std::map<GraphNode *, GraphNode *> mine;
  for (const auto &node : nodes) {
    Task task = node->task;
    if (auto *child = std::get_if<ChildTask>(&task))
      child->graph = child->graph->clone(copies);
    auto made = copy->add(node->context, std::move(task), {});
    made->enabled = node->enabled;
    mine[node.get()] = made.get();
  }
  for (const auto &node : nodes)
    for (GraphNode *before : node->after)
      mine[node.get()]->after.push_back(mine[before]);
  if (copies)
    copies->insert(mine.begin(), mine.end());
  return copy;
}

bool Graph::order(std::vector<GraphNode *> &result) const {
  const bool latestFirst = environment().lazy;
  const unsigned seed = environment().order;
  std::minstd_rand random(seed);
  std::map<GraphNode *, size_t> missing;
  std::map<GraphNode *, std::vector<GraphNode *>> next;
  std::vector<GraphNode *> ready;
  for (const auto &node : nodes) {
    missing[node.get()] = node->after.size();
    for (GraphNode *before : node->after)
      next[before].push_back(node.get());
    if (node->after.empty())
      ready.push_back(node.get());
  }
  result.clear();
  while (!ready.empty()) {
    auto taken = latestFirst ? std::prev(ready.end()) : ready.begin();
    if (seed)
      taken = ready.begin() + static_cast<ptrdiff_t>(random() % ready.size());
    GraphNode *node = *taken;
    ready.erase(taken);
    result.push_back(node);
    for (GraphNode *after : next[node])
      if (!--missing[after])
        ready.push_back(after);
  }
  if (result.size() == nodes.size())
    return true;
  result.clear();
  return false;
}

} // namespace emulator::driver
