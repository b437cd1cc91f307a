// SPDX-License-Identifier: Apache-2.0
// What a launch costs: its instructions, and the memory that its data come
// from.
#include "compiler/LaunchCost.h"

#include <cmath>

using namespace mlir;

namespace dlc {

StringRef getName(MemoryLevel level) {
  static constexpr StringLiteral names[kNumMemoryLevels] = {"L1", "L2", "L3",
                                                            "memory"};
  return names[static_cast<unsigned>(level)];
}

MemoryLevel getLevel(device::TargetAttr target, int64_t bytes) {
  if (bytes <= target.getL1Bytes())
    return MemoryLevel::L1;
  if (bytes <= target.getL2Bytes())
    return MemoryLevel::L2;
  return bytes <= target.getL3Bytes() ? MemoryLevel::L3 : MemoryLevel::Memory;
}

double getBytesPerNs(device::TargetAttr target, MemoryLevel level) {
  double gigahertz = double(target.getMhz()) / 1000;
  switch (level) {
  case MemoryLevel::L1:
    return double(target.getLoads() * target.getVectorBytes()) * gigahertz;
  case MemoryLevel::L2:
    return double(target.getL2Rate()) * gigahertz;
  case MemoryLevel::L3:
    return double(target.getL3Rate()) * gigahertz;
  case MemoryLevel::Memory:
    break;
  }
  return double(target.getMemoryMbps()) / 1000;
}

double getFlopsPerNs(device::TargetAttr target) {
  return 2 * double(target.getFmas() * target.getLanes(32) * target.getMhz()) /
         1000;
}

int64_t getBytesOfRun(device::ProgramOp program) {
  int64_t bytes = program.getArenaBytes().value_or(0) +
                  program.getWeightsBytes().value_or(0);
  for (Value argument : program.getBody().getArguments())
    bytes += device::getBufferBytes(argument);
  return bytes;
}

LaunchCost estimateCost(device::LaunchOp launch, device::TargetAttr target,
                        device::VariantAttr code, int64_t bytesOfRun) {
  LaunchCost cost;
  DictionaryAttr work = code.getWork();
  // A table of which few rows are looked up is touched in part.
  auto touched =
      work ? work.getAs<DenseI64ArrayAttr>("touched") : DenseI64ArrayAttr();
  int64_t weights = 0, others = 0;
  for (auto [i, buffer] : llvm::enumerate(launch->getOperands())) {
    Value root = device::getRoot(buffer);
    bool isWeight = bool(root.getDefiningOp<device::WeightsOp>());
    (isWeight ? weights : others) +=
        touched ? touched[i] : device::getBufferBytes(buffer);
  }
  auto read = [&](MemoryLevel level, int64_t bytes) {
    if (bytes == 0)
      return;
    cost.reads.push_back({level, bytes});
    cost.memoryNs += double(bytes) / getBytesPerNs(target, level);
  };
  read(getLevel(target, bytesOfRun), weights);
  // Later phases find the weights where they fit.
  read(getLevel(target, weights), (code.getPhases() - 1) * weights);
  read(getLevel(target, weights + others), others);
  cost.flopNs = double(launch.getFlops()) / getFlopsPerNs(target);
  if (auto cycles = work ? work.getAs<IntegerAttr>("cycles") : IntegerAttr())
    cost.computeNs = double(cycles.getInt()) * 1000 / double(target.getMhz());
  return cost;
}

void setCosts(ModuleOp module) {
  auto targets = module->getAttrOfType<ArrayAttr>("device.targets");
  for (auto program : module.getOps<device::ProgramOp>()) {
    int64_t bytesOfRun = getBytesOfRun(program);
    for (auto launch : program.getBody().getOps<device::LaunchOp>()) {
      auto kernel = module.lookupSymbol<device::KernelOp>(launch.getCallee());
      double logarithms = 0;
      for (auto [variant, target] :
           llvm::zip(kernel.getVariants().getAsRange<device::VariantAttr>(),
                     targets.getAsRange<device::TargetAttr>()))
        logarithms +=
            std::log(estimateCost(launch, target, variant, bytesOfRun).getNs());
      if (!targets.empty())
        launch.setCostNs(
            std::llround(std::exp(logarithms / double(targets.size()))));
    }
  }
}

} // namespace dlc
