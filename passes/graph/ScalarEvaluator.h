// SPDX-License-Identifier: Apache-2.0
// Runs the scalar body of an elementwise operator over arrays, in the compiler.
#ifndef DLC_PASSES_GRAPH_SCALAREVALUATOR_H
#define DLC_PASSES_GRAPH_SCALAREVALUATOR_H

#include "dialects/graph/Constants.h"

namespace dlc::graph {

/// A function of scalars, compiled once from operations of arith and math and
/// run over many elements. Each operation rounds to its element type, so that
/// the results of f32 arithmetic are those that the target computes; functions
/// such as exp are computed in double and rounded once.
class ScalarEvaluator {
public:
  /// Emits the function: gets one scalar for each argument, returns the result.
  using BuildFn =
      llvm::function_ref<mlir::Value(mlir::OpBuilder &, mlir::ValueRange)>;

  /// Compiles what \p build emits for scalars of \p argumentTypes.
  /// \returns nothing if it uses an operation or type that isn't known here.
  static std::optional<ScalarEvaluator>
  get(mlir::MLIRContext *context, llvm::ArrayRef<mlir::Type> argumentTypes,
      BuildFn build);

  /// Computes \p count elements from one array for each argument.
  void run(llvm::ArrayRef<const Scalar *> arguments, int64_t count,
           Scalar *result) const;

private:
  using Function = Scalar (*)(Scalar, Scalar, Scalar);

  /// One operation: registers hold an argument, a constant or a result each.
  struct Instruction {
    Function function;
    ElementFormat format;
    llvm::SmallVector<unsigned, 3> operands;
    unsigned result;
  };

  ScalarEvaluator() = default;
  mlir::LogicalResult compile(mlir::Operation &op,
                              llvm::DenseMap<mlir::Value, unsigned> &registers);
  void runChunk(llvm::ArrayRef<const Scalar *> arguments, int64_t count,
                Scalar *result, llvm::MutableArrayRef<Scalar> memory) const;

  unsigned numArguments = 0;
  unsigned numRegisters = 0;
  unsigned resultRegister = 0;
  llvm::SmallVector<std::pair<unsigned, Scalar>> constants;
  std::vector<Instruction> instructions;
};

} // namespace dlc::graph

#endif // DLC_PASSES_GRAPH_SCALAREVALUATOR_H
