// SPDX-License-Identifier: Apache-2.0
// Passes that compute the graph.
#ifndef DLC_COMPILER_INTERPRET_PASSES_TD
#define DLC_COMPILER_INTERPRET_PASSES_TD

include "mlir/Pass/PassBase.td"

def GraphCheckValues : Pass<"graph-check-values", "::mlir::func::FuncOp"> {
  let summary = "compare what a function computes with what it should";
  let description = [{
    Interprets the function with the values in its attribute
    `graph.input_values`, one for each argument, and fails where a result isn't
    the one in `graph.result_values`. Floats may differ by 1e-5 + 1e-4 times the
    largest magnitude, everything else not at all. Behind another pass it shows
    that this keeps the function's values; `dlc verify --bisect` writes such
    tests. A function without the attributes is left alone.

    ```mlir
    func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> attributes {
        graph.input_values = [dense<[1.0, -2.0]> : tensor<2xf32>],
        graph.result_values = [dense<[1.0, 0.0]> : tensor<2xf32>]} {
      %0 = graph.relu %x : tensor<2xf32>
      return %0 : tensor<2xf32>
    }
    ```
  }];
}

#endif // DLC_COMPILER_INTERPRET_PASSES_TD
