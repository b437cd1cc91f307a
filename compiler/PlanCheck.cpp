// SPDX-License-Identifier: Apache-2.0
// Adds up what a plan needs.
#include "compiler/PlanCheck.h"

#include "compiler/import/MemoryCheck.h"
#include "dialects/device/DeviceOps.h"

using namespace mlir;

namespace dlc {

/// The first name in \p loc: the model's own name of a tensor or operator.
static std::string getName(Location loc) {
  std::string name;
  loc->walk([&](Location part) {
    auto named = dyn_cast<NameLoc>(part);
    if (!named)
      return WalkResult::advance();
    name = named.getName().str();
    return WalkResult::interrupt();
  });
  return name;
}

bool checkPlan(ModuleOp module, int64_t limit, const std::string &file,
               DiagnosticList &diagnostics) {
  auto program = *module.getOps<device::ProgramOp>().begin();
  uint64_t total = program.getArenaBytes().value_or(0) +
                   program.getWeightsBytes().value_or(0);
  if (total <= static_cast<uint64_t>(limit))
    return true;
  int64_t largestBytes = 0;
  std::string largest;
  for (Operation &op : program.getBody().front()) {
    if (!isa<device::SlotOp, device::WeightsOp>(op))
      continue;
    auto type = cast<MemRefType>(op.getResult(0).getType());
    int64_t bytes = device::getSizeInBytes(type).value_or(0);
    if (bytes > largestBytes) {
      largestBytes = bytes;
      largest = getName(op.getLoc());
    }
  }
  return diagnostics.add(DiagnosticCode::MemoryLimit, {file, "", "", -1},
                         "arena and weights need " + getSizeText(total) +
                             ", more than the memory limit of " +
                             getSizeText(limit) + "; the largest tensor is '" +
                             largest + "' (" + getSizeText(largestBytes) +
                             "); raise --memory-limit or make the inputs "
                             "smaller");
}

} // namespace dlc
