// SPDX-License-Identifier: Apache-2.0
// The reference interpreter of the graph dialect: computes a function operator
// by operator with plain loops. It knows the operators' definitions and nothing
// of how kernels compute them, so that both can be compared.
#ifndef DLC_COMPILER_INTERPRET_INTERPRETER_H
#define DLC_COMPILER_INTERPRET_INTERPRETER_H

#include "dialects/graph/Constants.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include <memory>

namespace dlc::interpret {

/// A tensor's value; shared, for reshapes and groups pass it on.
using ValuePtr = std::shared_ptr<const graph::ConstantData>;

/// What to do with each value when it has been computed.
using OnValue = llvm::function_ref<void(mlir::Value, const ValuePtr &)>;

/// Computes \p function of \p inputs, one for each argument and of its shape,
/// at any point of the graph stage: groups and layouts are looked through.
/// Floats are computed in double precision and rounded to the tensor's type
/// after each operator. \p onValue may be null.
/// \returns what the function returns; fails, with a diagnostic, at an operator
/// that isn't known here or whose type has no fixed shape.
mlir::FailureOr<llvm::SmallVector<ValuePtr>>
interpret(mlir::func::FuncOp function, llvm::ArrayRef<ValuePtr> inputs,
          OnValue onValue = nullptr);

} // namespace dlc::interpret

#endif // DLC_COMPILER_INTERPRET_INTERPRETER_H
