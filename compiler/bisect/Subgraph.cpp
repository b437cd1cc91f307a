// SPDX-License-Identifier: Apache-2.0
// Cuts functions of the graph stage.
#include "compiler/bisect/Subgraph.h"

#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace dlc::bisect {

func::FuncOp Subgraph::getMain() {
  return *module->getOps<func::FuncOp>().begin();
}

/// What \p op needs of \p depth levels in front of it, in reverse.
static llvm::SetVector<Operation *> collect(Operation *root, unsigned depth) {
  llvm::SetVector<Operation *> members;
  SmallVector<Operation *> level{root};
  for (unsigned i = 0; i <= depth && !level.empty(); ++i) {
    SmallVector<Operation *> next;
    for (Operation *op : level)
      if (members.insert(op))
        for (Value operand : op->getOperands())
          if (Operation *producer = operand.getDefiningOp())
            next.push_back(producer);
    level = next;
  }
  // Constants are no level.
  for (Operation *op : llvm::to_vector(members))
    for (Value operand : op->getOperands())
      if (auto constant = operand.getDefiningOp<graph::ConstantOp>())
        members.insert(constant);
  return members;
}

Subgraph extract(Operation *root, unsigned depth, const ValueMap &values) {
  llvm::SetVector<Operation *> members = collect(root, depth);
  SmallVector<Operation *> ordered;
  for (Operation &op : *root->getBlock())
    if (members.contains(&op))
      ordered.push_back(&op);

  Subgraph result;
  llvm::SetVector<Value> inputs;
  for (Operation *op : ordered)
    for (Value operand : op->getOperands())
      if (!members.contains(operand.getDefiningOp()))
        inputs.insert(operand);
  OpBuilder builder(root->getContext());
  result.module = ModuleOp::create(builder, root->getLoc());
  builder.setInsertionPointToStart(result.module->getBody());
  auto type = builder.getFunctionType(TypeRange(inputs.getArrayRef()),
                                      root->getResultTypes());
  auto main = func::FuncOp::create(builder, root->getLoc(), "main", type);
  Block *body = main.addEntryBlock();
  builder.setInsertionPointToStart(body);
  IRMapping mapping;
  for (auto [i, pair] :
       llvm::enumerate(llvm::zip(inputs, body->getArguments()))) {
    auto [input, argument] = pair;
    mapping.map(input, argument);
    main.setArgAttr(i, "graph.name", builder.getStringAttr("x" + Twine(i)));
    result.inputs.push_back(values.at(input));
  }
  for (Operation *op : ordered)
    builder.clone(*op, mapping);
  SmallVector<Value> returned;
  for (auto [i, value] : llvm::enumerate(root->getResults())) {
    returned.push_back(mapping.lookup(value));
    main.setResultAttr(i, "graph.name", builder.getStringAttr("y" + Twine(i)));
    result.results.push_back(values.at(value));
  }
  func::ReturnOp::create(builder, root->getLoc(), returned);
  return result;
}

unsigned getDepth(Operation *root) {
  llvm::DenseMap<Operation *, unsigned> depths;
  for (Operation &op : *root->getBlock()) {
    unsigned depth = 0;
    for (Value operand : op.getOperands())
      if (Operation *producer = operand.getDefiningOp())
        depth = std::max(depth, depths.lookup(producer) + 1);
    depths[&op] = depth;
    if (&op == root)
      return depth;
  }
  return 0;
}

void attachValues(Subgraph &subgraph) {
  MLIRContext *context = subgraph.module->getContext();
  auto toAttributes = [&](const Values &values) {
    return ArrayAttr::get(
        context, llvm::map_to_vector(values, [](const ValuePtr &value) {
          return Attribute(toAttribute(*value));
        }));
  };
  func::FuncOp main = subgraph.getMain();
  main->setAttr("graph.input_values", toAttributes(subgraph.inputs));
  main->setAttr("graph.result_values", toAttributes(subgraph.results));
}

unsigned countOps(ModuleOp module) {
  unsigned count = 0;
  module.walk([&](Operation *op) {
    count += isa<graph::GraphDialect>(op->getDialect()) &&
             !isa<graph::ConstantOp, graph::GroupOp, graph::YieldOp>(op);
  });
  return count;
}

} // namespace dlc::bisect
