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

def GraphAssignLayouts : Pass<"graph-assign-layouts", "::mlir::func::FuncOp"> {
  let summary = "give convolutions and what surrounds them blocked layouts";
  let description = [{
    Two-dimensional convolutions and poolings, and the elementwise operators,
    concatenations and resizes between them, compute in blocks of 16 channels
    (`#graph.blocked`); `graph.relayout` converts at the borders. A tensor that
    a padded convolution reads is stored with a halo of zeros as wide as the
    padding, so that no kernel treats borders in a special way. The first
    convolution, with few channels, reads the plain layout.

    Before:
    ```mlir
    %0 = graph.conv %x, %w strides [1, 1] pads [1, 1] [1, 1] ... : tensor<1x32x8x8xf32>, tensor<16x32x3x3xf32>
    ```
    After:
    ```mlir
    %0 = graph.relayout %x : tensor<1x32x8x8xf32> to tensor<1x32x8x8xf32, #graph.blocked<16, halo_low = [1, 1], halo_high = [1, 1]>>
    %1 = graph.conv %0, %w ...
    %2 = graph.relayout %1 : tensor<1x16x8x8xf32, #graph.blocked<16, halo_low = [0, 0], halo_high = [0, 0]>> to tensor<1x16x8x8xf32>
    ```
  }];
  let dependentDialects = ["::dlc::graph::GraphDialect"];
  let statistics = [
    Statistic<"numBlocked", "blocked", "Operators that compute in blocks">,
    Statistic<"numRelayouts", "relayouts", "Layout conversions inserted">
  ];
}

def GraphFormGroups : Pass<"graph-form-groups", "::mlir::func::FuncOp"> {
  let summary = "decide which operators become one kernel";
  let description = [{
    Puts every operator but constants and reshapes into a `graph.group`. A
    group has at most one structured operator; elementwise operators and
    movements join the group that uses them or whose result they use, unless
    something would be computed twice that isn't cheap.

    Before:
    ```mlir
    %0 = graph.dense %x, %w : tensor<2x8xf32>, tensor<4x8xf32>
    %1 = graph.relu %0 : tensor<2x4xf32>
    ```
    After:
    ```mlir
    %1 = graph.group (%a = %x : tensor<2x8xf32>, %b = %w : tensor<4x8xf32>) -> tensor<2x4xf32> {
      %2 = graph.dense %a, %b : tensor<2x8xf32>, tensor<4x8xf32>
      %3 = graph.relu %2 : tensor<2x4xf32>
      graph.yield %3 : tensor<2x4xf32>
    }
    ```
  }];
  let dependentDialects = ["::dlc::graph::GraphDialect"];
  let statistics = [Statistic<"numGroups", "groups", "Groups formed">];
}

#endif // DLC_PASSES_GRAPH_PASSES_TD
