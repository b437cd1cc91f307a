// SPDX-License-Identifier: Apache-2.0
// Adds up what a plan needs.
#include "compiler/PlanCheck.h"

#include "compiler/NodeName.h"
#include "compiler/import/MemoryCheck.h"
#include "dialects/device/DeviceOps.h"

using namespace mlir;

namespace dlc {

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
      largest = getNodeName(op.getLoc());
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
