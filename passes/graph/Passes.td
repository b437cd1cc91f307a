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

def GraphFoldConstants : Pass<"graph-fold-constants", "::mlir::ModuleOp"> {
  let summary = "compute operators whose operands are constants";
  let description = [{
    Elementwise operators, movements, reductions, concatenations, paddings and
    gathers of constants become constants; the bytes of constants that lose
    their last use are freed. `graph.iota` and `graph.broadcast` cost less to
    compute than to load: they go only where their users are folded, too. An
    operator whose result is larger than its operands by more than `max-growth`
    stays.

    Before:
    ```mlir
    %w = graph.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
    %0 = graph.transpose %w [1, 0] : tensor<2x2xf32>
    ```
    After:
    ```mlir
    %0 = graph.constant dense<[[1.0, 3.0], [2.0, 4.0]]> : tensor<2x2xf32>
    ```
  }];
  let options = [
    Option<"maxGrowth", "max-growth", "uint64_t", /*default=*/"65536",
           "Bytes by which a result may be larger than its operands">
  ];
  let dependentDialects = ["::dlc::graph::GraphDialect"];
  let statistics = [
    Statistic<"numFolded", "folded", "Operators that became constants">
  ];
}

def GraphSimplify : Pass<"graph-simplify", "::mlir::ModuleOp"> {
  let summary = "rewrites that always win";
  let description = [{
    - Arithmetic with constants of channels goes into the filter and bias of
      the layer before it, whose only use it is.
    - A `graph.dot` with a constant matrix becomes `graph.dense`; padding with
      zeros becomes that of the convolution after it. Channels of a convolution
      of 8-bit integers become a multiple of four, which are read at once.
      Layers along a line are those of a plane with one row.
    - Neutral operands go; powers, quotients, maxima and clips become shorter
      operators; log(softmax) becomes `graph.log_softmax`; activations go
      behind the maximum of a pooling.
    - Transposes and broadcasts that only move extents of 1 become reshapes,
      which are free; nested broadcasts and concatenations become one. A
      function of one concatenation becomes that of its inputs.

    Constants are not computed here: `graph-fold-constants` follows.

    Before:
    ```mlir
    %b = graph.broadcast %c dims [1] : tensor<4xf32> to tensor<1x4x8x8xf32>
    %0 = graph.conv %x, %w ... : tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>
    %1 = graph.add %0, %b : tensor<1x4x8x8xf32>
    ```
    After:
    ```mlir
    %0 = graph.conv %x, %w, %c ... : tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>, tensor<4xf32>
    ```
  }];
  let dependentDialects = ["::dlc::graph::GraphDialect"];
  let statistics = [
    Statistic<"numFolded", "folded", "Operators that went into weights">
  ];
}

def GraphSplitDeconv : Pass<"graph-split-deconv", "::mlir::func::FuncOp"> {
  let summary = "turn transposed convolutions into convolutions";
  let description = [{
    In a transposed convolution of stride s, results whose positions have the
    same remainder by s use the same taps of the filter, and each of these every
    s-th of them: they are a convolution of the input. One convolution with s
    times as many channels for each spatial dimension computes all remainders;
    then they are interleaved. Filters whose extents aren't multiples of the
    stride get taps of zero.

    Layers whose filter isn't constant stay, and so do those with both a stride
    and a dilation.

    Before:
    ```mlir
    %0 = graph.deconv %x, %w strides [2, 2] pads [1, 1] [1, 1] dilations [1, 1] output_padding [0, 0] groups 1
      : tensor<1x3x4x4xf32>, tensor<3x5x4x4xf32>
    ```
    After, with `%v` the taps of `%w` in another order:
    ```mlir
    %1 = graph.conv %x, %v strides [1, 1] pads [1, 1] [1, 1] dilations [1, 1] groups 1
      : tensor<1x3x4x4xf32>, tensor<20x3x2x2xf32>
    %2 = graph.reshape %1 : tensor<1x20x5x5xf32> to tensor<1x2x2x5x5x5xf32>
    %3 = graph.transpose %2 [0, 3, 4, 1, 5, 2] : tensor<1x2x2x5x5x5xf32>
    %4 = graph.reshape %3 : tensor<1x5x5x2x5x2xf32> to tensor<1x5x10x10xf32>
    %0 = graph.slice %4 starts [0, 0, 1, 1] limits [1, 5, 9, 9] steps [1, 1, 1, 1] : tensor<1x5x10x10xf32>
    ```
  }];
  let dependentDialects = ["::dlc::graph::GraphDialect"];
  let statistics = [
    Statistic<"numSplit", "split", "Transposed convolutions that became others">
  ];
}

def GraphPropagateStrides
    : Pass<"graph-propagate-strides", "::mlir::func::FuncOp"> {
  let summary = "leave out positions that strided 1 x 1 convolutions skip";
  let description = [{
    Where all that read a tensor are 1 x 1 convolutions of one stride, its
    producer computes only the positions that they read: a convolution or
    pooling by a larger stride of its own, an elementwise operator by reading
    slices of its operands, whose producers come next. ResNet's first version
    halves its planes in this way: of the last convolutions of each stage a
    quarter is left.

    A tensor that has another use, or a producer that can't skip, stays.

    Before:
    ```mlir
    %0 = graph.conv %x, %w strides [1, 1] pads [1, 1] [1, 1] dilations [1, 1] groups 1 : tensor<1x8x6x6xf32>, tensor<8x8x3x3xf32>
    %1 = graph.relu %0 : tensor<1x8x6x6xf32>
    %2 = graph.conv %1, %v strides [2, 2] pads [0, 0] [0, 0] dilations [1, 1] groups 1 : tensor<1x8x6x6xf32>, tensor<4x8x1x1xf32>
    ```
    After:
    ```mlir
    %0 = graph.conv %x, %w strides [2, 2] pads [1, 1] [1, 1] dilations [1, 1] groups 1 : tensor<1x8x6x6xf32>, tensor<8x8x3x3xf32>
    %1 = graph.relu %0 : tensor<1x8x3x3xf32>
    %2 = graph.conv %1, %v strides [1, 1] pads [0, 0] [0, 0] dilations [1, 1] groups 1 : tensor<1x8x3x3xf32>, tensor<4x8x1x1xf32>
    ```
  }];
  let dependentDialects = ["::dlc::graph::GraphDialect"];
  let statistics = [Statistic<"numShrunk", "shrunk", "Operators that compute less">];
}

def GraphChooseWinograd
    : Pass<"graph-choose-winograd", "::mlir::func::FuncOp"> {
  let summary = "decide which convolutions use Winograd's minimal filtering";
  let description = [{
    Marks each 3 x 3 convolution of stride 1 with constant weights that is
    faster in tiles of 2 x 2 or 4 x 4 results: these need 4 or 2.25 products
    for each result instead of 9, but read 16/9 or 4 times the weights, and
    transform input and result. Convolutions of 5 x 5 with few weights use
    tiles of 2 x 2: 9 products instead of 25, and 36/25 of the weights. An
    estimate decides; its constants are those of two typical cores, not of the
    target's, since one copy of the weights serves all targets. The larger tile,
    and that of 5 x 5, round somewhat more than a sum of products, the smaller
    one less.

    Precondition: no layouts are assigned yet, for a tile reads a wider halo.

    Before:
    ```mlir
    %0 = graph.conv %x, %w strides [1, 1] pads [1, 1] [1, 1] dilations [1, 1] groups 1 : tensor<1x64x56x56xf32>, tensor<64x64x3x3xf32>
    ```
    After:
    ```mlir
    %0 = graph.conv %x, %w strides [1, 1] pads [1, 1] [1, 1] dilations [1, 1] groups 1 winograd 4 : tensor<1x64x56x56xf32>, tensor<64x64x3x3xf32>
    ```
  }];
  let options = [
    Option<"enable", "enable", "bool", /*default=*/"true",
           "Use Winograd's filtering at all">
  ];
  let dependentDialects = ["::dlc::graph::GraphDialect"];
  let statistics = [
    Statistic<"numSmall", "small", "Convolutions in tiles of 2 x 2">,
    Statistic<"numLarge", "large", "Convolutions in tiles of 4 x 4">
  ];
}

def GraphFuseAttention : Pass<"graph-fuse-attention", "::mlir::func::FuncOp"> {
  let summary = "make attention one operator";
  let description = [{
    Two products with a softmax along the rows between them become
    `graph.attention`, together with what scales and masks the scores: the
    tensor of scores disappears. A factor of the queries or keys becomes one of
    the scores, and transposes bring queries, keys and values into the order of
    the operator; they cost nothing, for its kernel reads in place.

    It leaves scores alone that anything else uses, and products over several
    dimensions; in a model for many sizes, attention of few heads, unless it is
    for GPUs.

    Before:
    ```mlir
    %0 = graph.dot %q, %k batch [0] [0] contract [2] [2] : tensor<2x5x8xf32>, tensor<2x7x8xf32>
    %1 = graph.softmax %0 axis 2 : tensor<2x5x7xf32>
    %2 = graph.dot %1, %v batch [0] [0] contract [2] [1] : tensor<2x5x7xf32>, tensor<2x7x4xf32>
    ```
    After:
    ```mlir
    %2 = graph.attention %q, %k, %v (%s)
      : tensor<2x5x8xf32>, tensor<2x7x8xf32>, tensor<2x7x4xf32> -> tensor<2x5x4xf32> {
      %3 = graph.softmax %s axis 2 : tensor<2x5x7xf32>
      graph.yield %3 : tensor<2x5x7xf32>
    }
    ```
  }];
  let options = [
    Option<"forGpus", "for-gpus", "bool", /*default=*/"false",
           "There is code for GPUs">
  ];
  let dependentDialects = ["::dlc::graph::GraphDialect"];
  let statistics = [Statistic<"numFused", "fused", "Attentions found">];
}

def GraphAssignLayouts : Pass<"graph-assign-layouts", "::mlir::func::FuncOp"> {
  let summary = "give convolutions and what surrounds them blocked layouts";
  let description = [{
    Convolutions of two or three spatial dimensions, poolings of planes, and the
    elementwise operators, poolings of volumes, concatenations, slices and
    resizes between them compute in blocks of 16 channels (`#graph.blocked`);
    `graph.relayout` converts at the borders. Up to four groups of a convolution
    may share a block: its filter then has zeros for each other's channels, so
    that infinity in one makes NaN of the others' sums. A tensor that a padded
    convolution reads is stored with a halo of zeros as wide as the padding, so
    that no kernel treats borders in a special way; so are tensors that are
    joined to it or parts of it. The first convolution, with few channels, reads
    the plain layout, or one block of 8-bit integers.

    Before:
    ```mlir
    %0 = graph.conv %x, %w strides [1, 1] pads [1, 1] [1, 1] ... : tensor<1x32x8x8xf32>, tensor<16x32x3x3xf32>
    ```
    After:
    ```mlir
    %0 = graph.relayout %x : tensor<1x32x8x8xf32> to tensor<1x32x8x8xf32, #graph.blocked<16, halo_low = [1, 1], halo_high = [1, 1]>>
    %1 = graph.conv %0, %w ... layout <16, halo_low = [0, 0], halo_high = [0, 0]>
    %2 = graph.relayout %1 : tensor<1x16x8x8xf32, #graph.blocked<16, halo_low = [0, 0], halo_high = [0, 0]>> to tensor<1x16x8x8xf32>
    ```
  }];
  let dependentDialects = ["::dlc::graph::GraphDialect"];
  let statistics = [
    Statistic<"numBlocked", "blocked", "Operators that compute in blocks">,
    Statistic<"numRelayouts", "relayouts", "Layout conversions inserted">
  ];
}

def GraphWidenFloats : Pass<"graph-widen-floats", "::mlir::func::FuncOp"> {
  let summary = "compute structured operators on f16 and bf16 as f32";
  let description = [{
    Contractions, poolings, sums, norms, recurrences and resizes of 16-bit
    floats become ones of f32 between casts: sums lose no digits, and CPUs have
    no faster instructions. Operators that only move or compare elements stay,
    and elementwise ones, which their kernels compute as f32 anyway.

    Before:
    ```mlir
    %0 = graph.softmax %x axis 1 : tensor<2x8xf16>
    ```
    After:
    ```mlir
    %0 = graph.cast %x : tensor<2x8xf16> to tensor<2x8xf32>
    %1 = graph.softmax %0 axis 1 : tensor<2x8xf32>
    %2 = graph.cast %1 : tensor<2x8xf32> to tensor<2x8xf16>
    ```
  }];
  let dependentDialects = ["::dlc::graph::GraphDialect"];
  let statistics = [Statistic<"numWidened", "widened", "Operators widened">];
}

def GraphFormGroups : Pass<"graph-form-groups", "::mlir::func::FuncOp"> {
  let summary = "decide which operators become one kernel";
  let description = [{
    Puts every operator but constants and reshapes into a `graph.group`. A
    group has at most one structured operator; elementwise operators and
    movements join the group that uses them or whose result they use, unless
    something would be computed twice that isn't cheap.

    A convolution joins the pooling of separate windows that alone reads it,
    and applies it to its own tiles.

    A concatenation whose result is the bytes of its inputs one after the other
    stays outside where the inputs can be computed right in it; so does a slice
    that is one run of the bytes of a stored tensor. Neither needs a kernel. One
    of more tensors than a kernel can have arguments joins parts of them first.

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
  let options = [
    Option<"fuse", "fuse", "bool", /*default=*/"true",
           "Let several operators share a group">
  ];
  let dependentDialects = ["::dlc::graph::GraphDialect"];
  let statistics = [Statistic<"numGroups", "groups", "Groups formed">];
}

def GraphSplitRnn : Pass<"graph-split-rnn", "::mlir::ModuleOp"> {
  let summary = "take the input's part out of recurrent layers";
  let description = [{
    What a recurrent layer computes from its input needs no state: it becomes
    one `graph.dense` over all steps, which several threads share and which
    reads its weights once. What is left is a `graph.recurrence`. Two layers of
    one input in opposite directions, whose outputs are joined, become one: the
    directions then run at the same time. No `graph.rnn` remains.

    Biases that are added to both parts go into the dense layer.

    Before:
    ```mlir
    %0, %1 = graph.rnn rnn_tanh input %x, %wi, %wh, %bi, %bh state %h ...
    ```
    After:
    ```mlir
    %b = graph.add %bi, %bh : tensor<4xf32>
    %a = graph.dense %x, %wi, %b : tensor<5x2x3xf32>, tensor<4x3xf32>, tensor<4xf32>
    %0 = graph.recurrence rnn_tanh reverse [false] input %a, %wh state %h ...
    %2 = graph.slice %0 starts [4, 0, 0] ... // the last step
    %1 = graph.reshape %2 : tensor<1x2x4xf32> to tensor<2x4xf32>
    ```
  }];
  let dependentDialects = ["::dlc::graph::GraphDialect"];
  let statistics = [
    Statistic<"numSplit", "split", "Layers that were split">,
    Statistic<"numJoined", "joined", "Pairs of directions that became one layer">
  ];
}

#endif // DLC_PASSES_GRAPH_PASSES_TD
