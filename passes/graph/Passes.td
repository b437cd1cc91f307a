// SPDX-License-Identifier: Apache-2.0
// Passes over models.
#ifndef DLC_PASSES_GRAPH_PASSES_TD
#define DLC_PASSES_GRAPH_PASSES_TD

include "mlir/Pass/PassBase.td"

def GraphFoldBatchNorm : Pass<"graph-fold-batch-norm", "::mlir::ModuleOp"> {
  let summary = "turn batch normalisations into weights or multiply-adds";
  let description = [{
    A batch normalisation with given statistics is a factor and a summand for
    each channel. Where its parameters are constants and its input is the only
    use of a convolution, transposed convolution or dense layer with constant
    weights, they go into those weights. Elsewhere it becomes a `graph.mul` and
    a `graph.add`. No `graph.batch_norm` remains.

    Before:
    ```mlir
    %0 = graph.conv %x, %w ... : tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>
    %1 = graph.batch_norm %0, %gamma, %beta, %mean, %variance axis 1 ...
    ```
    After, with `%w1 = %w * gamma / sqrt(variance + epsilon)`:
    ```mlir
    %1 = graph.conv %x, %w1, %b1 ... : tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>, tensor<4xf32>
    ```
  }];
  let dependentDialects = ["::dlc::graph::GraphDialect"];
  let statistics = [
    Statistic<"numFolded", "folded", "Batch normalisations that went into weights">,
    Statistic<"numDecomposed", "decomposed",
              "Batch normalisations that became arithmetic">
  ];
}

#endif // DLC_PASSES_GRAPH_PASSES_TD
