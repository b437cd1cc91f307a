// SPDX-License-Identifier: Apache-2.0
// The model's own names, which locations carry through all stages.
#ifndef DLC_COMPILER_NODENAME_H
#define DLC_COMPILER_NODENAME_H

#include "mlir/IR/Location.h"
#include <string>

namespace dlc {

/// The first name of a tensor or operator of the model in \p loc, or "".
std::string getNodeName(mlir::Location loc);

} // namespace dlc

#endif // DLC_COMPILER_NODENAME_H
