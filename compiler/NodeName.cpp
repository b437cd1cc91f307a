// SPDX-License-Identifier: Apache-2.0
// The model's own names, which locations carry through all stages.
#include "compiler/NodeName.h"

#include "mlir/IR/Visitors.h"

using namespace mlir;

namespace dlc {

std::string getNodeName(Location loc) {
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

} // namespace dlc
