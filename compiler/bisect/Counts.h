// SPDX-License-Identifier: Apache-2.0
// Models whose shapes depend on values, at what they are for some inputs.
#ifndef DLC_COMPILER_BISECT_COUNTS_H
#define DLC_COMPILER_BISECT_COUNTS_H

#include "compiler/bisect/Values.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace dlc::bisect {

/// What \p main, of the graph stage, counts for \p inputs. Beyond the first
/// count that isn't what \p main is looked at for, these sizes.
std::vector<int64_t> findCounts(mlir::func::FuncOp main, const Values &inputs);

/// Makes parts of a fixed size of what \p main counts.
void fixCounts(mlir::func::FuncOp main);

} // namespace dlc::bisect

#endif // DLC_COMPILER_BISECT_COUNTS_H
