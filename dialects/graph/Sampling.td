// SPDX-License-Identifier: Apache-2.0
// Reading images at computed places and pooling their regions.
#ifndef DLC_DIALECTS_GRAPH_SAMPLING_TD
#define DLC_DIALECTS_GRAPH_SAMPLING_TD

include "dialects/graph/GraphBase.td"

def Graph_SampleOp : Graph_InferredOp<"sample", [
    AllTypesMatch<["y", "x"]>,
    DeclareOpInterfaceMethods<Graph_FlopsOpInterface>]> {
  let summary = "an image between its pixels, at given places";
  let description = [{
    Shapes: data [N, C, H, W]; y and x [M, P...], in pixels; images [M]; result
    [M, C, P...]. With `channels_last` data [N, H, W, C], result [M, P..., C].

    result[m, c, p...] is interpolated linearly between the four pixels of
    channel c around (y[m, p...], x[m, p...]). It is of image images[m], which is
    clipped; without `images` M is N and it is of image m. Pixels beyond the
    image are 0 (zero) or the nearest ones in it (edge).

    C1. The shapes are as said.
    C2. data, y and x have one floating-point element type.

    ```mlir
    func.func @example(%x: tensor<2x3x8x9xf32>, %v: tensor<2x4x5xf32>, %u: tensor<2x4x5xf32>)
        -> tensor<2x3x4x5xf32> {
      %0 = graph.sample %x at %v, %u border zero : tensor<2x3x8x9xf32>, tensor<2x4x5xf32>
      return %0 : tensor<2x3x4x5xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$data, AnyRankedTensor:$y,
                       AnyRankedTensor:$x, Optional<AnyRankedTensor>:$images,
                       Graph_BorderAttr:$border, UnitAttr:$channels_last);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $data `at` $y `,` $x (`images` $images^)? `border` $border
    (`channels_last` $channels_last^)? attr-dict
    `:` type($data) `,` type($y) (`,` type($images)^)?
  }];
}

def Graph_RoiAlignOp : Graph_InferredOp<"roi_align"> {
  let summary = "the means of samples in the cells of regions";
  let description = [{
    Shapes: data [N, H, W, G C] with G = groups[0] groups[1]; images [R]; boxes
    [R, 4]; result [R, P, Q, C] with P = pooled[0], Q = pooled[1].

    Region r lies in image images[r] (clipped) between the corners boxes[r] = (x1, y1,
    x2, y2), in pixels, and is at least `min_size` wide and high. It is divided
    into P x Q cells; each is the mean of a grid of samples that are spread
    evenly over it: `sampling` in each direction or, where that is 0, as many
    as the cell has pixels in that direction, rounded up. Samples up to one pixel
    outside of the image are taken from its edge, those farther out are 0.

    Cell (p, q) of channel c reads channel (c groups[0] + p groups[0] / P)
    groups[1] + q groups[1] / Q of the data.

    C1. The shapes are as said.
    C2. data and boxes have one floating-point element type, images has whole
        numbers.
    C3. `sampling` and `min_size` are not negative.

    ```mlir
    func.func @example(%x: tensor<2x8x9x16xf32>, %i: tensor<5xi32>, %b: tensor<5x4xf32>)
        -> tensor<5x7x7x16xf32> {
      %0 = graph.roi_align %x images %i boxes %b pooled [7, 7] sampling 2 min_size 1.0 groups [1, 1]
        : tensor<2x8x9x16xf32>, tensor<5xi32>, tensor<5x4xf32>
      return %0 : tensor<5x7x7x16xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$data, AnyRankedTensor:$images,
                       AnyRankedTensor:$boxes, DenseI64ArrayAttr:$pooled,
                       I64Attr:$sampling, F64Attr:$min_size,
                       DenseI64ArrayAttr:$groups);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $data `images` $images `boxes` $boxes `pooled` $pooled `sampling` $sampling
    `min_size` $min_size `groups` $groups attr-dict
    `:` type($data) `,` type($images) `,` type($boxes)
  }];
}

def Graph_RoiPoolOp : Graph_InferredOp<"roi_pool"> {
  let summary = "the largest or the mean pixels in the cells of regions";
  let description = [{
    Shapes: data [N, H, W, G C] with G = groups[0] groups[1]; images [R]; rows
    [R, P, 2]; columns [R, Q, 2]; result [R, P, Q, C].

    Cell (p, q) of region r is the largest (max) or the mean (avg) element of image
    images[r] (clipped) in rows rows[r, p, 0] to rows[r, p, 1] and columns
    columns[r, q, 0] to columns[r, q, 1], ends excluded, as far as they exist; 0
    where there are none. NaN is no largest element.

    Channels are as for `graph.roi_align`.

    C1. The shapes are as said.
    C2. data has a floating-point element type, the others have whole numbers.
    C3. `kind` is max or avg.

    ```mlir
    func.func @example(%x: tensor<2x8x9x16xf32>, %i: tensor<5xi32>, %v: tensor<5x3x2xi32>)
        -> tensor<5x3x3x16xf32> {
      %0 = graph.roi_pool max %x images %i rows %v columns %v groups [1, 1]
        : tensor<2x8x9x16xf32>, tensor<5xi32>, tensor<5x3x2xi32>, tensor<5x3x2xi32>
      return %0 : tensor<5x3x3x16xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$data, AnyRankedTensor:$images,
                       AnyRankedTensor:$rows, AnyRankedTensor:$columns,
                       Graph_PoolKindAttr:$kind, DenseI64ArrayAttr:$groups);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $kind $data `images` $images `rows` $rows `columns` $columns `groups` $groups
    attr-dict `:` type($data) `,` type($images) `,` type($rows) `,` type($columns)
  }];
}

#endif // DLC_DIALECTS_GRAPH_SAMPLING_TD
