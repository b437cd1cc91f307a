// SPDX-License-Identifier: Apache-2.0
// plan-schedule: orders of calls, judged by the memory alive at once.
#include "dialects/device/DeviceOps.h"
#include "dialects/kernel/KernelOps.h"
#include "passes/plan/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace dlc;

namespace dlc::plan {
#define GEN_PASS_DEF_PLANSCHEDULE
#include "passes/plan/Passes.h.inc"
} // namespace dlc::plan

namespace {

using Order = SmallVector<unsigned>;

/// A result of a call. Views and joins are looked through: a part of a join
/// counts from when it is written, though the whole has its room by then. What
/// the function returns takes no arena and counts as empty.
struct Buffer {
  int64_t bytes;
  unsigned producer;
  unsigned numUsers; ///< calls, each once
};

/// A call, with the numbers of the buffers that it touches.
struct Call {
  kernel::CallOp op;
  llvm::SmallSetVector<unsigned, 4> reads;
  SmallVector<unsigned, 2> writes;
  /// (read, written) buffers that may share memory.
  SmallVector<std::pair<unsigned, unsigned>, 2> inplace;
};

/// The calls of a function, in the order given, and the buffers between them.
struct CallGraph {
  explicit CallGraph(func::FuncOp main);

  SmallVector<Call> calls;
  SmallVector<Buffer> buffers;
};

/// Memory over time while calls are taken one by one.
class Simulation {
public:
  explicit Simulation(const CallGraph &graph) : graph(graph) {
    for (const Buffer &buffer : graph.buffers)
      usersLeft.push_back(buffer.numUsers);
  }

  /// Live bytes during \p call and, second, after it.
  std::pair<int64_t, int64_t> preview(const Call &call) const;
  void take(const Call &call) {
    auto [during, after] = preview(call);
    peak = std::max(peak, during);
    live = after;
    for (unsigned buffer : call.reads)
      --usersLeft[buffer];
  }

  int64_t peak = 0;

private:
  const CallGraph &graph;
  SmallVector<unsigned> usersLeft; // by buffer
  int64_t live = 0;
};

} // namespace

/// Calls \p body with each tensor that \p tensor is a view or a join of.
static void forEachViewed(Value tensor, llvm::function_ref<void(Value)> body) {
  while (Operation *view = tensor.getDefiningOp()) {
    if (!isa<kernel::ViewOp, kernel::CountedOp>(view))
      break;
    tensor = view->getOperand(0);
  }
  auto join = tensor.getDefiningOp<kernel::JoinOp>();
  if (!join)
    return body(tensor);
  for (Value source : join.getSources())
    forEachViewed(source, body);
}

CallGraph::CallGraph(func::FuncOp main) {
  llvm::DenseSet<Value> returned;
  for (Value value : main.getBody().front().getTerminator()->getOperands())
    forEachViewed(value, [&](Value viewed) { returned.insert(viewed); });
  llvm::DenseMap<Value, unsigned> numbers;
  for (auto op : main.getBody().getOps<kernel::CallOp>()) {
    Call call{op, {}, {}, {}};
    for (Value input : op.getInputs())
      forEachViewed(input, [&](Value viewed) {
        if (auto it = numbers.find(viewed); it != numbers.end())
          if (call.reads.insert(it->second))
            ++buffers[it->second].numUsers;
      });
    for (Value output : op.getOutputs()) {
      int64_t bytes =
          device::getSizeInBytes(cast<RankedTensorType>(output.getType()))
              .value_or(0);
      numbers[output] = buffers.size();
      call.writes.push_back(buffers.size());
      buffers.push_back({returned.contains(output) ? 0 : bytes,
                         unsigned(calls.size()), /*numUsers=*/0});
    }
    for (Attribute attr : op.getInplaceAttr() ? op.getInplaceAttr().getValue()
                                              : ArrayRef<Attribute>()) {
      ArrayRef<int64_t> pair = cast<DenseI64ArrayAttr>(attr).asArrayRef();
      // Parts of a join differ in size from the output and don't count.
      forEachViewed(op.getInputs()[pair[0]], [&](Value viewed) {
        if (auto input = numbers.find(viewed); input != numbers.end())
          call.inplace.push_back({input->second, call.writes[pair[1]]});
      });
    }
    calls.push_back(std::move(call));
  }
}

std::pair<int64_t, int64_t> Simulation::preview(const Call &call) const {
  int64_t during = live, after = live;
  for (unsigned buffer : call.writes) {
    int64_t bytes = graph.buffers[buffer].bytes;
    during += bytes;
    if (graph.buffers[buffer].numUsers > 0)
      after += bytes;
  }
  for (unsigned buffer : call.reads)
    if (usersLeft[buffer] == 1)
      after -= graph.buffers[buffer].bytes;
  for (auto [input, output] : call.inplace)
    if (usersLeft[input] == 1 &&
        graph.buffers[input].bytes == graph.buffers[output].bytes)
      during -= graph.buffers[output].bytes;
  return {std::max(during, live), after};
}

static int64_t getPeak(const CallGraph &graph, const Order &order) {
  Simulation simulation(graph);
  for (unsigned call : order)
    simulation.take(graph.calls[call]);
  return simulation.peak;
}

/// Always takes the ready call after which fewest bytes are alive.
static Order scheduleGreedily(const CallGraph &graph) {
  SmallVector<unsigned> missing; // operands not yet computed, by call
  SmallVector<SmallVector<unsigned>> users(graph.buffers.size());
  llvm::SmallSetVector<unsigned, 16> ready;
  for (auto [i, call] : llvm::enumerate(graph.calls)) {
    missing.push_back(call.reads.size());
    for (unsigned buffer : call.reads)
      users[buffer].push_back(i);
    if (call.reads.empty())
      ready.insert(i);
  }
  Simulation simulation(graph);
  Order order;
  while (!ready.empty()) {
    // Of equally good calls, the one that the model has first.
    auto rank = [&](unsigned call) {
      auto [during, after] = simulation.preview(graph.calls[call]);
      return std::tuple(after, during, call);
    };
    unsigned best = *llvm::min_element(
        ready, [&](unsigned a, unsigned b) { return rank(a) < rank(b); });
    ready.remove(best);
    simulation.take(graph.calls[best]);
    order.push_back(best);
    for (unsigned buffer : graph.calls[best].writes)
      for (unsigned user : users[buffer])
        if (--missing[user] == 0)
          ready.insert(user);
  }
  return order;
}

/// Depth first from the calls that nothing uses. Of a call's operands, the one
/// comes first whose computation needs most memory beyond its result (Sethi and
/// Ullman, "The Generation of Optimal Code for Arithmetic Expressions", 1970;
/// optimal for trees).
static Order scheduleDepthFirst(const CallGraph &graph) {
  // Producers of the operands of each call, heaviest first.
  SmallVector<SmallVector<unsigned>> producers(graph.calls.size());
  SmallVector<int64_t> need(graph.calls.size(), 0), result(graph.calls.size());
  llvm::BitVector isSink(graph.calls.size(), true);
  for (auto [i, call] : llvm::enumerate(graph.calls)) {
    for (unsigned buffer : call.writes)
      result[i] += graph.buffers[buffer].bytes;
    llvm::SmallSetVector<unsigned, 4> unique;
    for (unsigned buffer : call.reads)
      unique.insert(graph.buffers[buffer].producer);
    producers[i] = llvm::to_vector(unique);
    llvm::sort(producers[i], [&](unsigned a, unsigned b) {
      return std::pair(result[a] - need[a], a) <
             std::pair(result[b] - need[b], b);
    });
    int64_t held = 0;
    for (unsigned producer : producers[i]) {
      isSink.reset(producer);
      need[i] = std::max(need[i], held + need[producer]);
      held += result[producer];
    }
    need[i] = std::max(need[i], held + result[i]);
  }

  Order order;
  llvm::BitVector isVisited(graph.calls.size());
  // Calls on the way from a sink, each with its next producer to visit.
  SmallVector<std::pair<unsigned, unsigned>> stack;
  for (unsigned sink : isSink.set_bits()) {
    stack.push_back({sink, 0});
    isVisited.set(sink);
    while (!stack.empty()) {
      auto &[call, next] = stack.back();
      if (next == producers[call].size()) {
        order.push_back(call);
        stack.pop_back();
        continue;
      }
      unsigned producer = producers[call][next++];
      if (!isVisited.test(producer)) {
        isVisited.set(producer);
        stack.push_back({producer, 0});
      }
    }
  }
  return order;
}

/// Adds \p op to \p placed, with the views, joins and constants in front of it
/// that nothing needed before.
static void place(Operation *op, llvm::SetVector<Operation *> &placed) {
  for (Value operand : op->getOperands())
    if (Operation *source = operand.getDefiningOp();
        source && !isa<kernel::CallOp>(source) && !placed.contains(source))
      place(source, placed);
  placed.insert(op);
}

/// Moves the calls of \p main into the order \p order, each with the views,
/// joins and constants that it is the first to need in front of it.
static void reorder(func::FuncOp main, const CallGraph &graph,
                    const Order &order) {
  Operation *terminator = main.getBody().front().getTerminator();
  llvm::SetVector<Operation *> placed;
  for (unsigned call : order)
    place(graph.calls[call].op, placed);
  // What the terminator needs, and what nothing needs.
  for (Operation &op : main.getBody().front().without_terminator())
    placed.insert(&op);
  for (Operation *op : placed)
    op->moveBefore(terminator);
}

namespace {
struct PlanSchedule : dlc::plan::impl::PlanScheduleBase<PlanSchedule> {
  void runOnOperation() override {
    func::FuncOp main = getOperation();
    if (main.isExternal())
      return;
    CallGraph graph(main);
    Order given = llvm::to_vector(llvm::seq<unsigned>(0, graph.calls.size()));
    Order best = given;
    int64_t bestPeak = getPeak(graph, given);
    peakBefore = bestPeak;
    for (const Order &order :
         {scheduleGreedily(graph), scheduleDepthFirst(graph)})
      if (int64_t peak = getPeak(graph, order); peak < bestPeak) {
        bestPeak = peak;
        best = order;
      }
    peakAfter = bestPeak;
    if (best == given)
      return markAllAnalysesPreserved();
    reorder(main, graph, best);
  }
};
} // namespace
