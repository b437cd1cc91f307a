// SPDX-License-Identifier: Apache-2.0
// Finds out what a model counts, by interpreting it.
#include "compiler/bisect/Counts.h"

#include "dialects/graph/GraphOps.h"
#include "mlir/IR/Builders.h"

using namespace mlir;

namespace dlc::bisect {

std::vector<int64_t> findCounts(func::FuncOp main, const Values &inputs) {
  std::vector<int64_t> sizes;
  llvm::DenseMap<Value, uint64_t> numbers;
  main.walk([&](graph::CountedOp op) {
    numbers[op.getPacked()] = op.getCount();
    sizes.resize(std::max<size_t>(sizes.size(), op.getCount() + 1));
    sizes[op.getCount()] = cast<RankedTensorType>(op.getType()).getDimSize(0);
  });
  // It ends at the first count that is another one.
  ScopedDiagnosticHandler handler(main.getContext(),
                                  [](Diagnostic &) { return success(); });
  auto note = [&](Value value, const ValuePtr &data) {
    auto number = numbers.find(value);
    if (number == numbers.end())
      return;
    sizes[number->second] = data->load(0).i;
  };
  (void)interpret::interpret(main, inputs, note);
  return sizes;
}

void fixCounts(func::FuncOp main) {
  main.walk([](graph::CountedOp op) {
    OpBuilder builder(op);
    int64_t start = op.getStart();
    int64_t step = 1, size = cast<ShapedType>(op.getType()).getDimSize(0);
    int64_t end = start + size;
    auto slice = graph::SliceOp::create(
        builder, op.getLoc(), op.getType(), op.getPacked(),
        builder.getDenseI64ArrayAttr(start), builder.getDenseI64ArrayAttr(end),
        builder.getDenseI64ArrayAttr(step));
    op.replaceAllUsesWith(slice.getResult());
    op.erase();
  });
}

} // namespace dlc::bisect
