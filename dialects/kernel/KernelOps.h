// SPDX-License-Identifier: Apache-2.0
// The kernel dialect: C++ declarations of its operations.
#ifndef DLC_DIALECTS_KERNEL_KERNELOPS_H
#define DLC_DIALECTS_KERNEL_KERNELOPS_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/kernel/KernelDialect.h.inc"
#include "dialects/kernel/KernelEnums.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/kernel/KernelAttrs.h.inc"
#define GET_OP_CLASSES
#include "dialects/kernel/KernelOps.h.inc"

namespace dlc::kernel {
/// Checks that \p body of \p parent holds sections, and that nothing else in it
/// touches memory.
mlir::LogicalResult verifySections(mlir::Operation *parent, mlir::Region &body);
/// Whether what \p body, of a kernel.attend, yields is proportional to its last
/// argument.
bool isProportional(mlir::Block &body);
/// Puts the tasks of \p op in its place.
void expandAttention(AttendOp op);
} // namespace dlc::kernel

#endif // DLC_DIALECTS_KERNEL_KERNELOPS_H
